//! The versions that a file had before.

use serde_json::{Map, Value, json};

use super::shapes::Lens;
use super::{Ctx, Outcome};
use crate::wire::{ApiError, Reply};
use crate::world::Kind;

const DEFAULT_LIMIT: u64 = 100;
const MAX_LIMIT: u64 = 1000;
const MAX_OFFSET: u64 = 10_000;

/// `get_files_id_versions`: past versions only, newest first.
pub(crate) fn get_files_id_versions(ctx: &mut Ctx<'_>) -> Outcome {
    let id = ctx.target(Kind::File)?;
    let limit = ctx
        .call
        .number("limit")?
        .unwrap_or(DEFAULT_LIMIT)
        .min(MAX_LIMIT);
    let offset = ctx.call.number("offset")?.unwrap_or(0);
    if offset > MAX_OFFSET {
        let message = format!("Offset must be at most {MAX_OFFSET}");
        return Err(ApiError::parameter("offset", &message));
    }
    let fields = ctx.call.fields();
    let lens = Lens::new(ctx);
    let revisions = ctx.item(id)?.file().map_or(&[][..], |file| &file.revisions);
    let past = revisions.len().saturating_sub(1);
    let entries: Vec<Value> = revisions
        .iter()
        .take(past)
        .enumerate()
        .rev()
        .skip(usize::try_from(offset).unwrap_or(usize::MAX))
        .take(usize::try_from(limit).unwrap_or(usize::MAX))
        .map(|(index, revision)| only(lens.version(revision, index + 1), fields.as_deref()))
        .collect();
    Ok(Reply::json(
        200,
        json!({"total_count": past, "entries": entries, "limit": limit, "offset": offset}),
    ))
}

/// Without `fields`, everything but the number; with it, only what was asked.
fn only(version: Value, fields: Option<&[&str]>) -> Value {
    let Value::Object(all) = version else {
        return version;
    };
    let wanted = |name: &str| match fields {
        None => name != "version_number",
        Some(fields) => matches!(name, "type" | "id") || fields.contains(&name),
    };
    let kept: Map<String, Value> = all.into_iter().filter(|(name, _)| wanted(name)).collect();
    Value::Object(kept)
}
