//! Moves that an earlier run was about to ask for.

use crate::agent::context::{Context, Mirror};
use crate::agent::job::Ended;
use crate::agent::root_job;
use crate::model::path::LocalName;
use crate::model::trouble::Trouble;
use crate::plan::action::{Edit, Moved, Moving};
use crate::plan::moves::Item;
use crate::remote::changes::FolderChange;
use crate::store::Store;
use crate::store::error::Error as StoreError;

/// Asks Box what became of moves that an earlier run was about to ask for, before
/// anything is looked at.
pub(crate) async fn take_up(
    context: &Context,
    store: &Store,
    mirror: &Mirror,
    left: &[Moving],
) -> Result<Ended, StoreError> {
    let before = context.client.answers();
    if let Err(trouble) = take_up_all(context, store, left).await? {
        let answered = context.client.answers() != before;
        return Ok(root_job::ended(trouble.into(), answered));
    }
    let root = context.readers.get()?;
    let root = root.root(&mirror.name, &mirror.target_key())?;
    Ok(Ended::FolderReady {
        folder: root.ok_or(StoreError::Closed)?,
        inventory: None,
        report: None,
    })
}

/// Asks Box what became of each, and tells the mapping.
pub(crate) async fn take_up_all(
    context: &Context,
    store: &Store,
    left: &[Moving],
) -> Result<Result<(), Trouble>, StoreError> {
    for moving in left {
        let edit = match whereabouts(context, moving).await {
            Ok(edit) => edit,
            Err(Trouble::Gone(_)) => Edit::NotMoving(moving.item.clone()),
            Err(trouble) => return Ok(Err(trouble)),
        };
        store.writer().apply(vec![edit]).await?;
    }
    Ok(Ok(()))
}

/// What the mapping is to be told of it.
pub(super) async fn whereabouts(context: &Context, moving: &Moving) -> Result<Edit, Trouble> {
    let not = Edit::NotMoving(moving.item.clone());
    let client = &context.client;
    let (from, target) = {
        let Ok(reader) = context.readers.get() else {
            return Ok(not);
        };
        let from = match &moving.item {
            Item::File(id) => reader.owner(id),
            Item::Folder(_, id) => reader.folder_owner(id),
        };
        let from = from.ok().flatten();
        let from = from.and_then(|(dir, name)| Some((dir, LocalName::new(&name)?)));
        (from, reader.folder(moving.dir).ok().flatten())
    };
    let (Some(from), Some(target)) = (from, target) else {
        return Ok(not);
    };
    let (mut name, mut etag, parent) = match &moving.item {
        Item::File(id) => {
            let found = client.find_file(id).await?;
            (found.item.name, found.item.etag, found.parent)
        }
        Item::Folder(_, id) => {
            let found = client.find_folder(id).await?;
            (found.item.name, found.item.etag, found.parent)
        }
    };
    let is_there = parent.as_ref() == Some(&target.id);
    let is_called_so = name == moving.remote_name;
    let has_moved = from.0 != moving.dir;
    match (&moving.item, is_there, is_called_so) {
        (_, true, true) => {}
        // Half of two calls: the other half.
        (Item::Folder(_, id), true, false) if has_moved && from.1 != moving.name => {
            let rename = FolderChange::Rename(&moving.remote_name);
            let folder = client.change_folder(id, rename, None).await?;
            (name, etag) = (folder.name, folder.etag);
        }
        (Item::Folder(_, id), false, true) if has_moved && from.1 != moving.name => {
            let to = FolderChange::Move(&target.id);
            let folder = client.change_folder(id, to, None).await?;
            (name, etag) = (folder.name, folder.etag);
        }
        _ => return Ok(not),
    }
    Ok(Edit::Moved(Box::new(Moved {
        item: moving.item.clone(),
        from,
        dir: moving.dir,
        name: moving.name.clone(),
        remote_name: name,
        etag,
    })))
}
