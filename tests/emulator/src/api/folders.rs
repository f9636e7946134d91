//! Folders: create, read, rename, move, delete.

use serde_json::Value;

use super::checks::ConflictShape;
use super::input::Fields;
use super::shapes::Lens;
use super::share::Sharing;
use super::{Ctx, Outcome};
use crate::wire::{ApiError, Reply};
use crate::world::{Body, FolderBody, ItemId, Kind, Times};

/// Fields of a folder that Box lets change and the emulator keeps.
const KEPT: [&str; 4] = ["name", "description", "shared_link", "tags"];
/// Fields that Box documents but the emulator has nothing to do for.
const BEYOND: [&str; 5] = [
    "can_non_owners_invite",
    "can_non_owners_view_collaborators",
    "collections",
    "folder_upload_email",
    "is_collaboration_restricted_to_enterprise",
];

/// `post_folders`
pub(crate) fn post_folders(ctx: &mut Ctx<'_>) -> Outcome {
    let fields = ctx.take_fields();
    let fields = Fields(&fields);
    let name = fields.need_text("name")?;
    let parent = fields
        .parent()?
        .ok_or_else(|| ApiError::missing("parent"))?;
    ctx.remark_others(
        &fields,
        &["name", "parent", "sync_state", "folder_upload_email"],
    );
    let parent = ctx.active(parent, Kind::Folder)?;
    ctx.need(parent, |rights| rights.upload)?;
    ctx.need_name(name)?;
    ctx.need_free(parent, name, None, ConflictShape::Array)?;
    let times = Times::all(ctx.now);
    let body = Body::Folder(FolderBody::default());
    let id = ctx.state.world.add(parent, name, ctx.user, times, body);
    Ok(Reply::json(201, ctx.show(id)))
}

/// `get_folders_id`
pub(crate) fn get_folders_id(ctx: &mut Ctx<'_>) -> Outcome {
    let id = ctx.target(Kind::Folder)?;
    if ctx.unchanged(id)? {
        return Ok(Reply::empty(304));
    }
    let page = Lens::new(ctx).item_collection(id, ctx.call)?;
    let mut shown = ctx.show(id);
    if let Some(place) = shown.get_mut("item_collection") {
        *place = page;
    }
    Ok(Reply::json(200, shown))
}

/// `put_folders_id`: one action at a time, so a new parent comes alone.
pub(crate) fn put_folders_id(ctx: &mut Ctx<'_>) -> Outcome {
    let fields = ctx.take_fields();
    let fields = Fields(&fields);
    let id = ctx.target(Kind::Folder)?;
    refuse_beyond(&fields, &BEYOND)?;
    ctx.remark_others(&fields, &[&KEPT[..], &["parent", "sync_state"]].concat());
    let parent = fields.parent()?;
    // Box always moves the newest item, whatever If-Match says.
    if parent.is_none() {
        ctx.need_etag(id)?;
    }
    ctx.need(id, |rights| rights.edit)?;
    if ctx.item(id)?.parent.is_none() {
        return Err(ApiError::known(
            403,
            "access_denied_insufficient_permissions",
        ));
    }
    let changes = KEPT.iter().any(|name| fields.value(name).is_some());
    if parent.is_some() && changes && !ctx.state.settings.folder_move_with_name {
        return Err(ApiError::known(403, "operation_limit_exceeded"));
    }
    let change = FolderChange::read(ctx, id, &fields, parent)?;
    change.apply(ctx, id);
    Ok(Reply::json(200, ctx.show(id)))
}

/// `delete_folders_id`
pub(crate) fn delete_folders_id(ctx: &mut Ctx<'_>) -> Outcome {
    let recursive = ctx.call.flag("recursive")?;
    let id = ctx.target(Kind::Folder)?;
    ctx.need_etag(id)?;
    ctx.need(id, |rights| rights.edit)?;
    let item = ctx.item(id)?;
    if item.parent.is_none() {
        return Err(ApiError::known(
            403,
            "access_denied_insufficient_permissions",
        ));
    }
    let empty = item
        .folder()
        .is_none_or(|folder| folder.children.is_empty());
    if !empty && !recursive {
        return Err(ApiError::known(400, "folder_not_empty"));
    }
    if ctx.state.settings.deletes_for_good {
        ctx.state.world.purge(id);
    } else {
        ctx.state.world.trash(id, ctx.user, ctx.now);
    }
    Ok(Reply::empty(204))
}

/// What a `PUT` asks for, already judged.
struct FolderChange {
    name: Option<String>,
    parent: Option<ItemId>,
    description: Option<String>,
    sharing: Sharing,
}

impl FolderChange {
    fn read(
        ctx: &Ctx<'_>,
        id: ItemId,
        fields: &Fields<'_>,
        parent: Option<&str>,
    ) -> Result<FolderChange, ApiError> {
        let parent = match parent {
            Some(parent) => Some(new_parent(ctx, id, parent)?),
            None => None,
        };
        let name = fields.text("name")?;
        if let Some(name) = name {
            ctx.need_name(name)?;
        }
        let item = ctx.item(id)?;
        if let Some(place) = parent.or(item.parent) {
            let name = name.unwrap_or(&item.name);
            ctx.need_free(place, name, Some(id), ConflictShape::Array)?;
        }
        Ok(FolderChange {
            name: name.map(str::to_owned),
            parent,
            description: fields.description()?.map(str::to_owned),
            sharing: Sharing::read(fields)?,
        })
    }

    fn apply(self, ctx: &mut Ctx<'_>, id: ItemId) {
        ctx.place(id, self.parent, self.name.as_deref());
        if let Some(description) = &self.description {
            ctx.describe(id, description);
        }
        self.sharing.apply(ctx, id);
        ctx.touch(id);
    }
}

/// A folder cannot go below itself.
fn new_parent(ctx: &Ctx<'_>, id: ItemId, parent: &str) -> Result<ItemId, ApiError> {
    let parent = ctx.active(parent, Kind::Folder)?;
    ctx.need(parent, |rights| rights.edit)?;
    if ctx
        .state
        .world
        .lineage(parent)
        .any(|(above, _)| above == id)
    {
        return Err(ApiError::known(400, "cyclical_folder_structure"));
    }
    Ok(parent)
}

/// Refuses fields that Box knows and the emulator does not, rather than
/// pretending to have stored them.
pub(super) fn refuse_beyond(fields: &Fields<'_>, beyond: &[&str]) -> Result<(), ApiError> {
    let found = beyond.iter().find(|name| {
        fields
            .value(name)
            .is_some_and(|value| *value != Value::Null)
    });
    match found {
        Some(name) => Err(ApiError::unknown_operation(&format!(
            "the body field '{name}'"
        ))),
        None => Ok(()),
    }
}

impl Ctx<'_> {
    /// Records a change by the request's account.
    pub(super) fn touch(&mut self, id: ItemId) {
        let (user, now) = (self.user, self.now);
        if let Some(item) = self.state.world.get_mut(id) {
            item.touch(user, now);
        }
    }

    /// Gives an item a new folder or a new name, or both.
    pub(super) fn place(&mut self, id: ItemId, parent: Option<ItemId>, name: Option<&str>) {
        let Some(item) = self.state.world.get(id) else {
            return;
        };
        let name = name.unwrap_or(&item.name).to_owned();
        if let Some(parent) = parent.or(item.parent) {
            self.state.world.place(id, parent, &name);
        }
    }

    /// Sets the description.
    pub(super) fn describe(&mut self, id: ItemId, text: &str) {
        if let Some(item) = self.state.world.get_mut(id) {
            text.clone_into(&mut item.description);
        }
    }
}
