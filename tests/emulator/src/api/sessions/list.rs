//! How far a session is, and which parts it has.

use serde_json::{Value, json};

use super::{show, show_part};
use crate::api::{Ctx, Outcome};
use crate::wire::{ApiError, Reply};

const MAX_LIMIT: u64 = 1000;
const MAX_OFFSET: u64 = 10_000;

/// `get_files_upload_sessions_id`: as long as a commit would be put off, the
/// last part is not processed, which is what the 202 means.
pub(crate) fn get_files_upload_sessions_id(ctx: &mut Ctx<'_>) -> Outcome {
    let id = ctx.call.hole(0);
    let (slow, now) = (ctx.state.settings.chunked.slow_commit, ctx.now);
    let session = ctx.session()?;
    session.tally.status += 1;
    let mut object = show(id, session);
    let total = session.total_parts();
    if session.processed() == total && slow.lasts(now.saturating_sub(session.last_part_at)) {
        object["num_parts_processed"] = json!(total.saturating_sub(1));
    }
    Ok(Reply::json(200, object))
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
