//! The trash: look, take back, throw away for good.

use super::checks::{ConflictShape, not_found};
use super::input::Fields;
use super::{Ctx, Outcome};
use crate::wire::{ApiError, Reply};
use crate::world::{ItemId, Kind};

/// `get_files_id_trash`
pub(crate) fn get_files_id_trash(ctx: &mut Ctx<'_>) -> Outcome {
    show(ctx, Kind::File)
}

/// `get_folders_id_trash`
pub(crate) fn get_folders_id_trash(ctx: &mut Ctx<'_>) -> Outcome {
    show(ctx, Kind::Folder)
}

/// `delete_files_id_trash`
pub(crate) fn delete_files_id_trash(ctx: &mut Ctx<'_>) -> Outcome {
    purge(ctx, Kind::File)
}

/// `delete_folders_id_trash`
pub(crate) fn delete_folders_id_trash(ctx: &mut Ctx<'_>) -> Outcome {
    purge(ctx, Kind::Folder)
}

/// `post_files_id`
pub(crate) fn post_files_id(ctx: &mut Ctx<'_>) -> Outcome {
    restore(ctx, Kind::File, ConflictShape::Object)
}

/// `post_folders_id`
pub(crate) fn post_folders_id(ctx: &mut Ctx<'_>) -> Outcome {
    restore(ctx, Kind::Folder, ConflictShape::Array)
}

fn show(ctx: &mut Ctx<'_>, kind: Kind) -> Outcome {
    let id = trashed(ctx, kind, "not_trashed")?;
    Ok(Reply::json(200, ctx.show(id)))
}

fn purge(ctx: &mut Ctx<'_>, kind: Kind) -> Outcome {
    let id = trashed(ctx, kind, "not_trashed")?;
    ctx.need(id, |rights| rights.edit)?;
    ctx.state.world.purge(id);
    Ok(Reply::empty(204))
}

/// The body's parent counts only when the old one is gone.
fn restore(ctx: &mut Ctx<'_>, kind: Kind, shape: ConflictShape) -> Outcome {
    let fields = ctx.take_fields();
    let fields = Fields(&fields);
    ctx.remark_others(&fields, &["name", "parent"]);
    let id = trashed(ctx, kind, "not_trashed")?;
    ctx.need(id, |rights| rights.edit)?;
    let item = ctx.item(id)?;
    let name = fields.text("name")?.unwrap_or(&item.name).to_owned();
    let world = &ctx.state.world;
    let old = item
        .parent
        .filter(|parent| world.get(*parent).is_some() && !world.is_trashed(*parent));
    let parent = match (old, fields.parent()?) {
        (Some(old), _) => old,
        (None, Some(new)) => {
            let new = ctx.active(new, Kind::Folder)?;
            ctx.need(new, |rights| rights.upload)?;
            new
        }
        (None, None) => return Err(ApiError::known(404, "trashed")),
    };
    ctx.need_name(&name)?;
    ctx.need_free(parent, &name, Some(id), shape)?;
    ctx.state.world.place(id, parent, &name);
    ctx.state.world.restore(id, ctx.user, ctx.now);
    Ok(Reply::json(201, ctx.show(id)))
}

/// An item that itself was put into the trash.
fn trashed(ctx: &Ctx<'_>, kind: Kind, otherwise: &str) -> Result<ItemId, ApiError> {
    let text = ctx.call.hole(0);
    if super::input::parse_id(text).is_none() {
        return Err(ApiError::known(405, "method_not_allowed"));
    }
    let id = ctx.visible(text, kind)?;
    if ctx.item(id)?.trashed_at.is_some() {
        Ok(id)
    } else if ctx.state.world.is_trashed(id) {
        Err(not_found(text, kind))
    } else {
        Err(ApiError::known(404, otherwise))
    }
}
