//! One part of a session's file.

use serde_json::json;

use super::show_part;
use crate::api::{Ctx, Outcome};
use crate::spool::Blob;
use crate::wire::{ApiError, ContentRange, Received, Reply, TakenPart};
use crate::world::{Part, Session};

/// Part ids are eight upper-case hexadecimal digits.
const ID_LENGTH: usize = 8;

/// `put_files_upload_sessions_id`: parts are immutable, so what is there stays.
pub(crate) fn put_files_upload_sessions_id(ctx: &mut Ctx<'_>) -> Outcome {
    let taken = take_part(ctx)?;
    let session = ctx.session()?;
    let (size, part_size) = (session.size, session.part_size);
    let range = ctx.call.content_range()?;
    need_range(range, size, part_size)?;
    let occupied = ctx.session()?.parts.contains_key(&range.first);
    let rules = &ctx.state.settings.chunked;
    if occupied {
        let status = rules.overlap_status;
        return Err(ApiError::known(status, "range_overlaps_existing_part"));
    }
    if !taken.honest {
        return Err(wrong_digest(rules.digest_status));
    }
    if !taken.by_sha1 {
        ctx.remark("a part's digest is SHA-256, which only Box's own uploader sends");
    }
    let part = new_part(ctx, taken.blob)?;
    let reply = json!({ "part": show_part(range.first, &part) });
    ctx.state.sessions.parts_stored += 1;
    ctx.state.sessions.part_bytes += part.blob.size;
    let now = ctx.now;
    let added = ctx.session()?.add(range.first, part, now);
    added.map_err(|error| {
        let message = format!("the emulator could not read a part back: {error}");
        ApiError::new(500, "internal_server_error", &message)
    })?;
    Ok(Reply::json(200, reply))
}

fn take_part(ctx: &mut Ctx<'_>) -> Result<TakenPart, ApiError> {
    match std::mem::replace(&mut ctx.body, Received::Nothing) {
        Received::Part(part) => Ok(part),
        _ => Err(ApiError::missing("entity-body")),
    }
}

/// Every part starts at a multiple of the part size and is as long as that;
/// only the last may be shorter, and must end where the file does.
fn need_range(range: ContentRange, size: u64, part_size: u64) -> Result<(), ApiError> {
    let end = range.first.saturating_add(part_size).min(size);
    let sound = range.total == size
        && range.first < size
        && range.first.is_multiple_of(part_size)
        && range.last == end - 1;
    if sound {
        return Ok(());
    }
    let message = format!(
        "bytes {}-{}/{} is not a part of a file of {size} bytes in parts of {part_size}",
        range.first, range.last, range.total
    );
    Err(ApiError::new(416, "range_not_satisfiable", &message))
}

/// Box documents a failed precondition and no code of its own; a direct upload
/// has `bad_digest`.
fn wrong_digest(status: u16) -> ApiError {
    let code = match status {
        400 => "bad_digest",
        _ => "precondition_failed",
    };
    let message = "The specified digest did not match what we received";
    ApiError::new(status, code, message)
}

fn new_part(ctx: &mut Ctx<'_>, blob: Blob) -> Result<Part, ApiError> {
    loop {
        let id = ctx.state.ids.upper(ID_LENGTH);
        let used = |session: &Session| session.parts.values().any(|part| part.id == id);
        if !used(ctx.session()?) {
            return Ok(Part { id, blob });
        }
    }
}
