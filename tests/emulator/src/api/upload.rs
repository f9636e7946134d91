//! Direct uploads: a new file, or a new version of one.

use serde_json::{Map, json};

use super::checks::ConflictShape;
use super::input::Fields;
use super::{Ctx, Outcome};
use crate::spool::Blob;
use crate::wire::{ApiError, Received, Reply, Upload};
use crate::world::{Body, FileBody, ItemId, Kind, Times};

/// `description` is what Box's own uploader sends besides the documented ones.
const KNOWN: [&str; 5] = [
    "name",
    "parent",
    "content_created_at",
    "content_modified_at",
    "description",
];

/// `post_files_content`
pub(crate) fn post_files_content(ctx: &mut Ctx<'_>) -> Outcome {
    let upload = take_upload(ctx)?;
    let attributes = upload
        .attributes
        .ok_or_else(|| ApiError::missing("attributes"))?;
    let fields = Fields(&attributes);
    ctx.remark_others(&fields, &KNOWN);
    let name = fields.need_text("name")?;
    let parent = fields
        .parent()?
        .ok_or_else(|| ApiError::missing("parent"))?;
    let created = fields.date("content_created_at")?.unwrap_or(ctx.now);
    let modified = fields.date("content_modified_at")?.unwrap_or(ctx.now);
    let description = fields.text("description")?.unwrap_or_default();
    ctx.need_upload_url(None)?;
    let parent = ctx.active(parent, Kind::Folder)?;
    ctx.need(parent, |rights| rights.upload)?;
    ctx.need_name(name)?;
    ctx.need_free(parent, name, None, ConflictShape::Object)?;
    ctx.need_space(parent, upload.blob.size, 0)?;
    let times = Times {
        content_created: created,
        content_modified: modified,
        ..Times::all(ctx.now)
    };
    let id = ctx
        .state
        .new_file(parent, name, ctx.user, times, upload.blob);
    ctx.describe(id, description);
    Ok(Reply::json(201, entries(ctx, id)))
}

/// `post_files_id_content`: the attributes may be left out or empty; a name in
/// them renames.
pub(crate) fn post_files_id_content(ctx: &mut Ctx<'_>) -> Outcome {
    let id = ctx.target(Kind::File)?;
    let upload = take_upload(ctx)?;
    let attributes = upload.attributes.unwrap_or_default();
    let change = read_version(ctx, id, &attributes)?;
    ctx.need_upload_url(Some(id))?;
    ctx.need_etag(id)?;
    ctx.need(id, |rights| rights.edit)?;
    ctx.need_unlocked(id)?;
    let item = ctx.item(id)?;
    let (folder, freed) = (item.parent.unwrap_or_default(), item.stored());
    if let Some(name) = &change.name {
        ctx.need_name(name)?;
        ctx.need_free(folder, name, Some(id), ConflictShape::Object)?;
    }
    ctx.need_space(folder, upload.blob.size, freed)?;
    store_version(ctx, id, change, upload.blob);
    let status = ctx.state.settings.version_upload_status;
    Ok(Reply::json(status, entries(ctx, id)))
}

/// What the attributes of a new version ask for.
pub(super) struct VersionChange {
    pub(super) name: Option<String>,
    /// Only a chunked upload can move on the way.
    pub(super) folder: Option<ItemId>,
    pub(super) created: Option<i64>,
    pub(super) modified: i64,
    pub(super) description: Option<String>,
}

fn read_version(
    ctx: &mut Ctx<'_>,
    id: ItemId,
    attributes: &Map<String, serde_json::Value>,
) -> Result<VersionChange, ApiError> {
    let fields = Fields(attributes);
    ctx.remark_others(&fields, &KNOWN);
    // rclone sends the parent along; it does not move the file.
    if let Some(parent) = fields.parent()? {
        let here = ctx.item(id)?.parent;
        if ctx.visible(parent, Kind::Folder).ok() != here {
            ctx.remark("'parent' of a version upload is not the file's folder and is ignored");
        }
    }
    Ok(VersionChange {
        name: fields.text("name")?.map(str::to_owned),
        folder: None,
        created: fields.date("content_created_at")?,
        // Left out, the time of the upload is taken, not the old date.
        modified: fields.date("content_modified_at")?.unwrap_or(ctx.now),
        description: fields.text("description")?.map(str::to_owned),
    })
}

/// Stores a version that has been judged.
pub(super) fn store_version(ctx: &mut Ctx<'_>, id: ItemId, change: VersionChange, blob: Blob) {
    let (user, now) = (ctx.user, ctx.now);
    ctx.state.new_version(id, user, now, blob);
    // Only now, so that the version before keeps the name it had.
    if change.name.is_some() || change.folder.is_some() {
        ctx.place(id, change.folder, change.name.as_deref());
    }
    if let Some(description) = &change.description {
        ctx.describe(id, description);
    }
    if let Some(item) = ctx.state.world.get_mut(id) {
        item.times.content_modified = change.modified;
        item.times.content_created = change.created.unwrap_or(item.times.content_created);
    }
}

fn take_upload(ctx: &mut Ctx<'_>) -> Result<Upload, ApiError> {
    match std::mem::replace(&mut ctx.body, Received::Nothing) {
        Received::Upload(upload) => Ok(upload),
        _ => Err(ApiError::missing("attributes")),
    }
}

/// The body of a successful upload.
pub(super) fn entries(ctx: &mut Ctx<'_>, id: ItemId) -> serde_json::Value {
    json!({"total_count": 1, "entries": [ctx.show(id)]})
}

impl crate::shared::State {
    /// Adds a file.
    pub(crate) fn new_file(
        &mut self,
        folder: ItemId,
        name: &str,
        by: usize,
        times: Times,
        blob: Blob,
    ) -> ItemId {
        let revision = self.world.revision(blob, name, by, times.created);
        let body = Body::File(FileBody {
            revisions: vec![revision],
            lock: None,
        });
        self.world.add(folder, name, by, times, body)
    }

    /// Adds a version.
    pub(crate) fn new_version(&mut self, file: ItemId, by: usize, now: i64, blob: Blob) {
        let name = self.world.get(file).map(|item| item.name.clone());
        let revision = self
            .world
            .revision(blob, &name.unwrap_or_default(), by, now);
        self.world.push_revision(file, revision);
        if let Some(item) = self.world.get_mut(file) {
            item.touch(by, now);
        }
    }
}
