//! The check before an upload, and the upload URLs that it hands out.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::checks::ConflictShape;
use super::input::Fields;
use super::{Ctx, Outcome};
use crate::wire::{ApiError, Reply};
use crate::world::{ItemId, Kind, UserId};

/// What the guide and Box's own uploader send.
const KNOWN: [&str; 6] = [
    "name",
    "parent",
    "size",
    "description",
    "content_created_at",
    "content_modified_at",
];

/// The upload URLs handed out and not used up.
#[derive(Default)]
pub(crate) struct UploadUrls {
    open: HashMap<String, (UserId, Option<ItemId>)>,
}

/// `options_files_content`
pub(crate) fn options_files_content(ctx: &mut Ctx<'_>) -> Outcome {
    let fields = ctx.take_fields();
    let fields = Fields(&fields);
    ctx.remark_others(&fields, &KNOWN);
    let (name, parent) = (fields.text("name")?, fields.parent()?);
    let size = fields.size("size")?;
    let Some(parent) = parent else {
        ctx.remark("a preflight without 'parent' checks nothing");
        return hand_out(ctx, None);
    };
    let parent = ctx.active(parent, Kind::Folder)?;
    ctx.need(parent, |rights| rights.upload)?;
    if let Some(name) = name {
        ctx.need_name(name)?;
        ctx.need_free(parent, name, None, ConflictShape::Object)?;
    }
    ctx.need_space(parent, size.unwrap_or(0), 0)?;
    hand_out(ctx, None)
}

/// `options_files_id_content`: in Box's guides and SDKs, not in its
/// specification.
pub(crate) fn options_files_id_content(ctx: &mut Ctx<'_>) -> Outcome {
    let fields = ctx.take_fields();
    let fields = Fields(&fields);
    ctx.remark_others(&fields, &KNOWN);
    let id = ctx.target(Kind::File)?;
    let (name, size) = (fields.text("name")?, fields.size("size")?);
    fields.parent()?;
    ctx.need_etag(id)?;
    ctx.need(id, |rights| rights.edit)?;
    ctx.need_unlocked(id)?;
    let item = ctx.item(id)?;
    let (parent, freed) = (item.parent.unwrap_or_default(), item.stored());
    if let Some(name) = name {
        ctx.need_name(name)?;
        ctx.need_free(parent, name, Some(id), ConflictShape::Object)?;
    }
    ctx.need_space(parent, size.unwrap_or(0), freed)?;
    hand_out(ctx, Some(id))
}

/// The URL's query must be kept when posting to it.
fn hand_out(ctx: &mut Ctx<'_>, file: Option<ItemId>) -> Outcome {
    let session = ctx.state.ids.upper(32);
    let base = upload_base(ctx);
    let path = file.map_or_else(
        || "files/content".to_owned(),
        |id| format!("files/{id}/content"),
    );
    let url = format!("{base}/{path}?upload_session_id={session}");
    ctx.state.upload_urls.open.insert(session, (ctx.user, file));
    let mut body = json!({"upload_url": url, "upload_token": null});
    if let (Some(_), Value::Object(fields)) = (file, &mut body) {
        fields.insert("download_url".to_owned(), Value::Null);
    }
    Ok(Reply::json(200, body))
}

/// Where uploads go, as the client that asked can reach it.
pub(super) fn upload_base(ctx: &Ctx<'_>) -> String {
    if let Some(base) = &ctx.state.settings.upload_base {
        return base.trim_end_matches('/').to_owned();
    }
    match ctx.call.header("host") {
        Some("api.box.com" | "upload.box.com") => "https://upload.box.com/api/2.0".to_owned(),
        Some(host) => format!("http://{host}/api/2.0"),
        None => format!("http://127.0.0.1:{}/api/2.0", ctx.state.settings.port),
    }
}

impl Ctx<'_> {
    /// Checks the `upload_session_id` of a direct upload, when there is one.
    pub(super) fn need_upload_url(&mut self, file: Option<ItemId>) -> Result<(), ApiError> {
        let Some(session) = self.call.param("upload_session_id") else {
            return Ok(());
        };
        let known = self.state.upload_urls.open.get(session) == Some(&(self.user, file));
        if !known {
            let message = format!("Invalid value '{session}': not an upload URL for this upload");
            return Err(ApiError::parameter("upload_session_id", &message));
        }
        if self.state.settings.one_use_upload_urls {
            self.state.upload_urls.open.remove(session);
        }
        Ok(())
    }
}
