//! How far a session is, and which parts it has.

use serde_json::{Value, json};

use super::{show, show_part};
use crate::api::{Ctx, Outcome};
use crate::wire::{ApiError, Reply};

const MAX_LIMIT: u64 = 1000;
const MAX_OFFSET: u64 = 10_000;

/// `get_files_upload_sessions_id`
pub(crate) fn get_files_upload_sessions_id(ctx: &mut Ctx<'_>) -> Outcome {
    let id = ctx.call.hole(0);
    let session = ctx.session()?;
    session.tally.status += 1;
    Ok(Reply::json(200, show(id, session)))
}

/// `get_files_upload_sessions_id_parts`: in the order of their offsets; the
/// query's offset counts entries, not bytes.
pub(crate) fn get_files_upload_sessions_id_parts(ctx: &mut Ctx<'_>) -> Outcome {
    let limit = ctx.call.number("limit")?.unwrap_or(MAX_LIMIT);
    let offset = ctx.call.number("offset")?.unwrap_or(0);
    let session = ctx.session()?;
    if offset > MAX_OFFSET {
        let message = format!("Offset must be at most {MAX_OFFSET}");
        return Err(ApiError::parameter("offset", &message));
    }
    session.tally.listings += 1;
    let limit = limit.min(MAX_LIMIT);
    let page = session
        .parts
        .iter()
        .skip(usize::try_from(offset).unwrap_or(usize::MAX))
        .take(usize::try_from(limit).unwrap_or(usize::MAX));
    let entries: Vec<Value> = page.map(|(at, part)| show_part(*at, part)).collect();
    Ok(Reply::json(
        200,
        json!({
            "entries": entries,
            "total_count": session.parts.len(),
            "limit": limit,
            "offset": offset,
            "order": [{"by": "type", "direction": "ASC"}],
        }),
    ))
}
