//! The versions that a file had before.

use serde_json::{Map, Value, json};

use super::checks::ConflictShape;
use super::input::Fields;
use super::shapes::Lens;
use super::{Ctx, Outcome};
use crate::wire::{ApiError, Reply};
use crate::world::{Body, ItemId, Kind, Revision};

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

/// `get_files_id_versions_id`
pub(crate) fn get_files_id_versions_id(ctx: &mut Ctx<'_>) -> Outcome {
    let (id, at) = past_or_current(ctx)?;
    show(ctx, 200, id, at)
}

/// `delete_files_id_versions_id`: a past version goes into a trash of its own,
/// from which it is still listed. What becomes of the current one is not
/// documented.
pub(crate) fn delete_files_id_versions_id(ctx: &mut Ctx<'_>) -> Outcome {
    let (id, at) = past_or_current(ctx)?;
    ctx.need_etag(id)?;
    ctx.need(id, |rights| rights.edit)?;
    ctx.need_unlocked(id)?;
    let last = revisions(ctx, id)?.len() - 1;
    if at == last {
        let message = "The current version cannot be deleted";
        return Err(ApiError::parameter("file_version_id", message));
    }
    let by = (ctx.now, ctx.user);
    change(ctx, id, at, |revision| revision.trashed = Some(by));
    Ok(Reply::empty(204))
}

/// `put_files_id_versions_id`: takes a deleted version back.
pub(crate) fn put_files_id_versions_id(ctx: &mut Ctx<'_>) -> Outcome {
    let fields = ctx.take_fields();
    let fields = Fields(&fields);
    let (id, at) = past_or_current(ctx)?;
    ctx.need(id, |rights| rights.edit)?;
    if fields.value("trashed_at") != Some(&Value::Null) {
        let message = "'trashed_at' must be null";
        return Err(ApiError::parameter("trashed_at", message));
    }
    change(ctx, id, at, |revision| revision.trashed = None);
    show(ctx, 200, id, at)
}

/// `post_files_id_versions_current`: a copy of an old version, with the name
/// that it had, becomes the newest.
pub(crate) fn post_files_id_versions_current(ctx: &mut Ctx<'_>) -> Outcome {
    let fields = ctx.take_fields();
    let fields = Fields(&fields);
    ctx.remark_others(&fields, &["type", "id"]);
    let id = ctx.target(Kind::File)?;
    let at = find(ctx, id, fields.need_text("id")?)?;
    ctx.need(id, |rights| rights.edit)?;
    ctx.need_unlocked(id)?;
    let old = revisions(ctx, id)?.get(at).cloned();
    let old = old.ok_or_else(|| ApiError::known(404, "not_found"))?;
    if old.trashed.is_some() {
        return Err(ApiError::known(404, "trashed"));
    }
    let (folder, size) = (ctx.item(id)?.parent.unwrap_or_default(), old.blob.size);
    ctx.need_free(folder, &old.name, Some(id), ConflictShape::Object)?;
    ctx.need_space(folder, size, ctx.item(id)?.stored())?;
    let (user, now) = (ctx.user, ctx.now);
    ctx.state.new_version(id, user, now, old.blob);
    ctx.state.world.rename(id, &old.name);
    let newest = revisions(ctx, id)?.len() - 1;
    show(ctx, 201, id, newest)
}

/// The file in the path and the version's position in it.
fn past_or_current(ctx: &Ctx<'_>) -> Result<(ItemId, usize), ApiError> {
    let id = ctx.target(Kind::File)?;
    Ok((id, find(ctx, id, ctx.call.hole(1))?))
}

fn find(ctx: &Ctx<'_>, id: ItemId, version: &str) -> Result<usize, ApiError> {
    let all = revisions(ctx, id)?;
    let at = all.iter().position(|one| one.id.to_string() == version);
    at.ok_or_else(|| ApiError::known(404, "not_found"))
}

fn revisions<'a>(ctx: &'a Ctx<'_>, id: ItemId) -> Result<&'a [Revision], ApiError> {
    Ok(ctx.item(id)?.file().map_or(&[][..], |file| &file.revisions))
}

fn change(ctx: &mut Ctx<'_>, id: ItemId, at: usize, set: impl FnOnce(&mut Revision)) {
    if let Some(Body::File(file)) = ctx.state.world.get_mut(id).map(|item| &mut item.body)
        && let Some(revision) = file.revisions.get_mut(at)
    {
        set(revision);
    }
}

/// All of a version, its number included, unless `fields` says otherwise.
fn show(ctx: &Ctx<'_>, status: u16, id: ItemId, at: usize) -> Outcome {
    let revision = revisions(ctx, id)?.get(at);
    let revision = revision.ok_or_else(|| ApiError::known(404, "not_found"))?;
    let whole = Lens::new(ctx).version(revision, at + 1);
    let fields = ctx.call.fields();
    let shown = match fields.as_deref() {
        None => whole,
        fields => only(whole, fields),
    };
    Ok(Reply::json(status, shown))
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
