//! Copies: a file in one of its versions, a folder with all in it.

use std::collections::HashMap;

use super::checks::ConflictShape;
use super::input::Fields;
use super::{Ctx, Outcome};
use crate::wire::{ApiError, Reply};
use crate::world::{Body, FileBody, FolderBody, ItemId, Kind, Revision, Times};

/// `post_files_id_copy`
pub(crate) fn post_files_id_copy(ctx: &mut Ctx<'_>) -> Outcome {
    let fields = ctx.take_fields();
    let fields = Fields(&fields);
    ctx.remark_others(&fields, &["name", "parent", "version"]);
    let id = ctx.target(Kind::File)?;
    let (parent, name) = destination(ctx, id, &fields, ConflictShape::Object)?;
    let revisions = ctx.item(id)?.file().map_or(&[][..], |file| &file.revisions);
    let revision = match fields.text("version")? {
        None => revisions.last(),
        Some(version) => revisions
            .iter()
            .find(|revision| revision.id.to_string() == version),
    };
    let revision = revision.ok_or_else(|| ApiError::known(404, "not_found"))?;
    let revision = revision.clone();
    ctx.need_space(parent, revision.blob.size, 0)?;
    let copy = twin(ctx, id, parent, &name, Some(&revision));
    Ok(Reply::json(201, ctx.show(copy)))
}

/// `post_folders_id_copy`
pub(crate) fn post_folders_id_copy(ctx: &mut Ctx<'_>) -> Outcome {
    let fields = ctx.take_fields();
    let fields = Fields(&fields);
    ctx.remark_others(&fields, &["name", "parent"]);
    let id = ctx.target(Kind::Folder)?;
    if ctx.item(id)?.parent.is_none() {
        return Err(ApiError::known(500, "internal_server_error"));
    }
    let (parent, name) = destination(ctx, id, &fields, ConflictShape::Array)?;
    let world = &ctx.state.world;
    if world.lineage(parent).any(|(above, _)| above == id) {
        return Err(ApiError::known(400, "cyclical_folder_structure"));
    }
    let members = world.subtree(id);
    let sizes = members.iter().filter_map(|member| world.get(*member));
    ctx.need_space(parent, sizes.map(crate::world::Item::stored).sum(), 0)?;
    let mut copies = HashMap::from([(id, twin(ctx, id, parent, &name, None))]);
    // A folder comes before what is in it.
    for member in members.into_iter().skip(1) {
        let item = ctx.item(member)?;
        let (above, name) = (item.parent.unwrap_or_default(), item.name.clone());
        if let Some(above) = copies.get(&above).copied() {
            let current = item.current().cloned();
            let copy = twin(ctx, member, above, &name, current.as_ref());
            copies.insert(member, copy);
        }
    }
    let copy = copies.get(&id).copied().unwrap_or(id);
    Ok(Reply::json(201, ctx.show(copy)))
}

/// Where to and under which name, once both are known to be allowed.
fn destination(
    ctx: &Ctx<'_>,
    id: ItemId,
    fields: &Fields<'_>,
    shape: ConflictShape,
) -> Result<(ItemId, String), ApiError> {
    let parent = fields
        .parent()?
        .ok_or_else(|| ApiError::missing("parent"))?;
    ctx.need(id, |rights| rights.download)?;
    let parent = ctx.active(parent, Kind::Folder)?;
    ctx.need(parent, |rights| rights.upload)?;
    let name = fields.text("name")?.unwrap_or(&ctx.item(id)?.name);
    ctx.need_name(name)?;
    ctx.need_free(parent, name, None, shape)?;
    Ok((parent, name.to_owned()))
}

/// One copied item: the content and its dates are the old ones, the rest is
/// new. Locks, links and past versions stay behind.
fn twin(
    ctx: &mut Ctx<'_>,
    id: ItemId,
    parent: ItemId,
    name: &str,
    revision: Option<&Revision>,
) -> ItemId {
    let (user, now) = (ctx.user, ctx.now);
    let world = &mut ctx.state.world;
    let old = world.get(id).map(|item| {
        let link = item.url().map(|url| Body::WebLink(url.to_owned()));
        (item.times, item.description.clone(), link)
    });
    let (times, description, link) = old.unwrap_or((Times::all(now), String::new(), None));
    let body = match (revision, link) {
        (Some(revision), _) => Body::File(FileBody {
            revisions: vec![world.revision(revision.blob.clone(), name, user, now)],
            lock: None,
        }),
        (None, Some(link)) => link,
        (None, None) => Body::Folder(FolderBody::default()),
    };
    let times = Times {
        created: now,
        modified: now,
        ..times
    };
    let copy = world.add(parent, name, user, times, body);
    ctx.describe(copy, &description);
    copy
}
