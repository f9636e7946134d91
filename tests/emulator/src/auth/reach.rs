//! Whether a token is good for a call: its scopes, and the item that it may
//! be restricted to.

use super::scope::{self, Deed};
use super::tokens::Visitor;
use crate::api::not_found;
use crate::shared::State;
use crate::wire::{ApiError, Call, Host, Method, Operation, Received};
use crate::world::Kind;

/// Refuses what the token's scopes do not allow or its restriction excludes.
pub(crate) fn check(
    state: &State,
    operation: &Operation,
    call: &Call,
    body: &Received,
    visitor: &Visitor,
) -> Result<(), ApiError> {
    if matches!(operation.host, Host::Token | Host::Download) {
        return Ok(());
    }
    let deed = deed(operation, body);
    if !scope::allow(&visitor.bounds.scopes, deed) {
        return Err(insufficient(403));
    }
    let of_a_session = operation.path.starts_with("files/upload_sessions/");
    if visitor.bounds.within.is_none() || deed == Deed::Ask || of_a_session {
        return Ok(());
    }
    let targets = targets(operation, call, body);
    for (kind, id) in &targets {
        if !reached(state, visitor, *kind, id) {
            return Err(outside(state, *kind, id));
        }
    }
    // What names no item cannot be inside.
    if targets.is_empty() {
        return Err(insufficient(403));
    }
    Ok(())
}

/// Box's refusal of a token that is good, but not for this.
pub(crate) fn insufficient(status: u16) -> ApiError {
    let challenge = "Bearer realm=\"Service\", error=\"insufficient_scope\", error_description=\"The request requires higher privileges than provided by the access token.\"";
    ApiError::known(status, "insufficient_scope").header("www-authenticate", challenge)
}

/// Box does not document how it refuses what lies outside of a restriction.
fn outside(state: &State, kind: Kind, id: &str) -> ApiError {
    match state.settings.restricted_answer {
        404 => not_found(id, kind),
        status => insufficient(status),
    }
}

/// A malformed id is left to the operation.
fn reached(state: &State, visitor: &Visitor, kind: Kind, text: &str) -> bool {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    let id = state.find(visitor.user, kind, text);
    let within = visitor.bounds.within;
    id.is_some_and(|id| state.world.reaches(visitor.user, within, id))
}

fn deed(operation: &Operation, body: &Received) -> Deed {
    if operation.path.contains("upload_sessions") {
        return Deed::Upload;
    }
    match operation.id {
        "get_users_me" => Deed::Ask,
        "get_folders_id" | "get_folders_id_items" | "get_folders_trash_items" => Deed::LookFolder,
        "get_files_id_content" => Deed::Download,
        "post_folders"
        | "options_files_content"
        | "options_files_id_content"
        | "post_files_content"
        | "post_files_id_content" => Deed::Upload,
        "put_files_id" | "put_folders_id" if renames(body) => Deed::Rename,
        "delete_files_id" | "delete_folders_id" => Deed::Delete,
        _ if operation.method == Method::Get => Deed::LookFile,
        _ => Deed::Change,
    }
}

fn renames(body: &Received) -> bool {
    let fields = body.fields();
    fields.is_some_and(|fields| fields.keys().all(|name| name == "name"))
}

/// The items that a call names, in its path and in its body.
pub(crate) fn targets<'a>(
    operation: &Operation,
    call: &'a Call,
    body: &'a Received,
) -> Vec<(Kind, &'a str)> {
    let mut all = Vec::new();
    if operation.path.starts_with("folders/:") {
        all.push((Kind::Folder, call.hole(0)));
    }
    let of_a_file = operation.path.starts_with("files/:");
    if of_a_file {
        all.push((Kind::File, call.hole(0)));
    }
    // The parent in a version's attributes moves nothing.
    let ignored = of_a_file && operation.path.ends_with("/content");
    if let Some(fields) = body.fields().filter(|_| !ignored) {
        let parent = fields.get("parent").and_then(|parent| parent.get("id"));
        let named = [parent, fields.get("folder_id")].into_iter().flatten();
        all.extend(named.filter_map(|id| Some((Kind::Folder, id.as_str()?))));
    }
    all
}
