//! Files: read, rename, move, lock, delete.

use serde_json::Value;

use super::checks::ConflictShape;
use super::folders::refuse_beyond;
use super::input::Fields;
use super::share::Sharing;
use super::{Ctx, Outcome};
use crate::wire::{ApiError, Reply};
use crate::world::{Body, ItemId, Kind, Lock};

/// `content_modified_at` is not in the specification, but works.
const KNOWN: [&str; 7] = [
    "name",
    "description",
    "parent",
    "lock",
    "shared_link",
    "tags",
    "content_modified_at",
];
/// Fields that Box documents but the emulator has nothing to do for.
const BEYOND: [&str; 3] = ["collections", "disposition_at", "permissions"];
/// `get_files_id`
pub(crate) fn get_files_id(ctx: &mut Ctx<'_>) -> Outcome {
    let id = ctx.target(Kind::File)?;
    if ctx.unchanged(id)? {
        return Ok(Reply::empty(304));
    }
    Ok(Reply::json(200, ctx.show(id)))
}

/// `put_files_id`: everything is checked before anything changes.
pub(crate) fn put_files_id(ctx: &mut Ctx<'_>) -> Outcome {
    let fields = ctx.take_fields();
    let fields = Fields(&fields);
    let id = ctx.target(Kind::File)?;
    refuse_beyond(&fields, &BEYOND)?;
    ctx.remark_others(&fields, &KNOWN);
    let parent = fields.parent()?;
    // Box always moves the newest item, whatever If-Match says.
    if parent.is_none() {
        ctx.need_etag(id)?;
    }
    ctx.need(id, |rights| rights.edit)?;
    ctx.need_unlocked(id)?;
    let change = Change::read(ctx, id, &fields, parent)?;
    change.apply(ctx, id);
    Ok(Reply::json(200, ctx.show(id)))
}

/// `delete_files_id`: into the trash.
pub(crate) fn delete_files_id(ctx: &mut Ctx<'_>) -> Outcome {
    let id = ctx.target(Kind::File)?;
    ctx.need_etag(id)?;
    ctx.need(id, |rights| rights.edit)?;
    ctx.need_unlocked(id)?;
    if ctx.state.settings.deletes_for_good {
        ctx.state.world.purge(id);
    } else {
        ctx.state.world.trash(id, ctx.user, ctx.now);
    }
    Ok(Reply::empty(204))
}

/// What a `PUT` asks for, already judged.
struct Change {
    name: Option<String>,
    parent: Option<ItemId>,
    description: Option<String>,
    sharing: Sharing,
    content_modified: Option<i64>,
    lock: Option<Option<Lock>>,
}

impl Change {
    fn read(
        ctx: &mut Ctx<'_>,
        id: ItemId,
        fields: &Fields<'_>,
        parent: Option<&str>,
    ) -> Result<Change, ApiError> {
        let parent = match parent {
            Some(parent) => {
                let parent = ctx.active(parent, Kind::Folder)?;
                ctx.need(parent, |rights| rights.upload)?;
                Some(parent)
            }
            None => None,
        };
        let name = fields.text("name")?;
        if let Some(name) = name {
            ctx.need_name(name)?;
        }
        let item = ctx.item(id)?;
        let (final_name, place) = (
            name.unwrap_or(&item.name).to_owned(),
            parent.or(item.parent),
        );
        if let Some(place) = place {
            ctx.need_free(place, &final_name, Some(id), ConflictShape::Object)?;
        }
        Ok(Change {
            name: name.map(str::to_owned),
            parent,
            description: fields.description()?.map(str::to_owned),
            sharing: Sharing::read(fields)?,
            content_modified: fields.date("content_modified_at")?,
            lock: read_lock(ctx, fields)?,
        })
    }

    fn apply(self, ctx: &mut Ctx<'_>, id: ItemId) {
        ctx.place(id, self.parent, self.name.as_deref());
        if let Some(description) = &self.description {
            ctx.describe(id, description);
        }
        self.sharing.apply(ctx, id);
        if let Some(item) = ctx.state.world.get_mut(id) {
            if let Some(at) = self.content_modified {
                item.times.content_modified = at;
            }
            if let (Some(lock), Body::File(file)) = (self.lock, &mut item.body) {
                file.lock = lock;
            }
        }
        ctx.touch(id);
    }
}

/// `Some(None)` takes the lock away.
fn read_lock(ctx: &mut Ctx<'_>, fields: &Fields<'_>) -> Result<Option<Option<Lock>>, ApiError> {
    let lock = match fields.value("lock") {
        None => return Ok(None),
        Some(Value::Null) => return Ok(Some(None)),
        Some(Value::Object(lock)) => Fields(lock),
        Some(_) => {
            return Err(ApiError::parameter(
                "lock",
                "'lock' must be an object or null",
            ));
        }
    };
    // Box's specification requires `type` and describes `access`; both occur.
    let kind = lock.text("access")?.or(lock.text("type")?);
    if kind != Some("lock") {
        return Err(ApiError::parameter(
            "lock.access",
            "'lock.access' must be 'lock'",
        ));
    }
    ctx.state.next_lock += 1;
    Ok(Some(Some(Lock {
        id: ctx.state.next_lock,
        by: ctx.user,
        at: ctx.now,
        expires: lock.date("expires_at")?,
        no_download: lock.value("is_download_prevented") == Some(&Value::Bool(true)),
    })))
}
