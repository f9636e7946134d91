//! Every operation that the emulator knows, one line each. Literal paths come
//! before open ones: the first fit decides.

use super::{copy, download, files, folders, items, preflight, sessions};
use super::{trash, trash_items, upload, users, versions};
use crate::auth;
use crate::wire::BodyKind::{Any, Form, Json, Multipart, None as NoBody, Part};
use crate::wire::Host::{Api, Download, Token, Upload};
use crate::wire::Method::{Delete, Get, Options, Post, Put};
use crate::wire::{BodyKind, Host, Method, Operation};

use super::Handler;

const FIELDS: &[&str] = &["fields"];
const PAGE: &[&str] = &["fields", "limit", "offset"];
const FOLDER: &[&str] = &["fields", "sort", "direction", "offset", "limit"];
const ITEMS: &[&str] = &[
    "fields",
    "usemarker",
    "marker",
    "offset",
    "limit",
    "sort",
    "direction",
];
const CONTENT: &[&str] = &["version", "access_token"];
const AUTHORIZE: &[&str] = &[
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "scope",
];
const UPLOAD: &[&str] = &["fields", "upload_session_id"];

const fn row(
    id: &'static str,
    host: Host,
    method: Method,
    path: &'static str,
    body: BodyKind,
    query: &'static [&'static str],
    handler: Handler,
) -> Operation {
    Operation {
        id,
        host,
        method,
        path,
        body,
        query,
        handler,
    }
}

/// The operations.
#[rustfmt::skip]
pub(crate) static TABLE: &[Operation] = &[
    row("post_oauth2_token", Token, Post, "token", Form, &[], auth::post_oauth2_token),
    row("post_oauth2_revoke", Token, Post, "revoke", Form, &[], auth::post_oauth2_revoke),
    row("get_authorize", Token, Get, "authorize", NoBody, AUTHORIZE, auth::get_authorize),
    row("post_authorize", Token, Post, "authorize", Form, &[], auth::post_authorize),
    row("get_users_me", Api, Get, "users/me", NoBody, FIELDS, users::get_users_me),

    row("post_folders", Api, Post, "folders", Json, FIELDS, folders::post_folders),
    row("get_folders_id", Api, Get, "folders/:id", NoBody, FOLDER, folders::get_folders_id),
    row("put_folders_id", Api, Put, "folders/:id", Json, FIELDS, folders::put_folders_id),
    row("delete_folders_id", Api, Delete, "folders/:id", NoBody, &["recursive"], folders::delete_folders_id),
    row("post_folders_id", Api, Post, "folders/:id", Json, FIELDS, trash::post_folders_id),
    row("post_folders_id_copy", Api, Post, "folders/:id/copy", Json, FIELDS, copy::post_folders_id_copy),
    row("get_folders_trash_items", Api, Get, "folders/trash/items", NoBody, ITEMS, trash_items::get_folders_trash_items),
    row("get_folders_id_items", Api, Get, "folders/:id/items", NoBody, ITEMS, items::get_folders_id_items),
    row("get_folders_id_trash", Api, Get, "folders/:id/trash", NoBody, FIELDS, trash::get_folders_id_trash),
    row("delete_folders_id_trash", Api, Delete, "folders/:id/trash", NoBody, &[], trash::delete_folders_id_trash),

    row("options_files_content", Api, Options, "files/content", Json, &["unreachable_hosts"], preflight::options_files_content),
    row("options_files_id_content", Api, Options, "files/:id/content", Json, &["unreachable_hosts"], preflight::options_files_id_content),
    row("post_files_content", Upload, Post, "files/content", Multipart, UPLOAD, upload::post_files_content),
    row("post_files_upload_sessions", Upload, Post, "files/upload_sessions", Json, &[], sessions::post_files_upload_sessions),
    row("post_files_id_upload_sessions", Upload, Post, "files/:id/upload_sessions", Json, &[], sessions::post_files_id_upload_sessions),
    row("get_files_upload_sessions_id", Upload, Get, "files/upload_sessions/:id", NoBody, &[], sessions::get_files_upload_sessions_id),
    row("put_files_upload_sessions_id", Upload, Put, "files/upload_sessions/:id", Part, &[], sessions::put_files_upload_sessions_id),
    row("delete_files_upload_sessions_id", Upload, Delete, "files/upload_sessions/:id", NoBody, &[], sessions::delete_files_upload_sessions_id),
    row("get_files_upload_sessions_id_parts", Upload, Get, "files/upload_sessions/:id/parts", NoBody, &["offset", "limit"], sessions::get_files_upload_sessions_id_parts),
    row("post_files_upload_sessions_id_commit", Upload, Post, "files/upload_sessions/:id/commit", Json, &[], sessions::post_files_upload_sessions_id_commit),
    row("post_files_upload_sessions_id_log", Upload, Post, "files/upload_sessions/:id/log", Any, &[], sessions::post_files_upload_sessions_id_log),

    row("get_files_id", Api, Get, "files/:id", NoBody, FIELDS, files::get_files_id),
    row("put_files_id", Api, Put, "files/:id", Json, FIELDS, files::put_files_id),
    row("delete_files_id", Api, Delete, "files/:id", NoBody, &[], files::delete_files_id),
    row("post_files_id", Api, Post, "files/:id", Json, FIELDS, trash::post_files_id),
    row("get_files_id_trash", Api, Get, "files/:id/trash", NoBody, FIELDS, trash::get_files_id_trash),
    row("delete_files_id_trash", Api, Delete, "files/:id/trash", NoBody, &[], trash::delete_files_id_trash),
    row("get_files_id_versions", Api, Get, "files/:id/versions", NoBody, PAGE, versions::get_files_id_versions),
    row("post_files_id_versions_current", Api, Post, "files/:id/versions/current", Json, FIELDS, versions::post_files_id_versions_current),
    row("get_files_id_versions_id", Api, Get, "files/:id/versions/:version", NoBody, FIELDS, versions::get_files_id_versions_id),
    row("put_files_id_versions_id", Api, Put, "files/:id/versions/:version", Json, &[], versions::put_files_id_versions_id),
    row("delete_files_id_versions_id", Api, Delete, "files/:id/versions/:version", NoBody, &[], versions::delete_files_id_versions_id),
    row("post_files_id_copy", Api, Post, "files/:id/copy", Json, FIELDS, copy::post_files_id_copy),
    row("get_files_id_content", Api, Get, "files/:id/content", NoBody, CONTENT, download::get_files_id_content),
    row("post_files_id_content", Upload, Post, "files/:id/content", Multipart, UPLOAD, upload::post_files_id_content),
    row("dl_boxcloud_content", Download, Get, "content/:key", NoBody, &[], download::dl_boxcloud_content),
];
