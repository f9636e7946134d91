//! Moves that an earlier run was about to ask for.

use crate::agent::context::{Context, Mirror};
use crate::agent::job::Ended;
use crate::agent::move_job::asking::etag_of;
use crate::agent::move_job::{ASIDE, is_untouched};
use crate::agent::root_job;
use crate::model::ids::{Etag, FolderId};
use crate::model::item::RemoteFolder;
use crate::model::name::RemoteName;
use crate::model::path::LocalName;
use crate::model::trouble::Trouble;
use crate::plan::action::{Edit, Moved, Moving};
use crate::plan::facts::SyncedFile;
use crate::plan::moves::Item;
use crate::remote::changes::FolderChange;
use crate::remote::client::BoxClient;
use crate::store::Store;
use crate::store::error::Error as StoreError;
use crate::store::reader::Reader;

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
        let note = match &edit {
            Edit::Moved(moved) if !moved.remote_name.as_str().starts_with(ASIDE) => {
                context.note_move(moved)
            }
            _ => None,
        };
        store
            .writer()
            .apply([edit].into_iter().chain(note).collect())
            .await?;
    }
    Ok(Ok(()))
}

/// What the mapping is to be told of it.
pub(super) async fn whereabouts(context: &Context, moving: &Moving) -> Result<Edit, Trouble> {
    let not = Edit::NotMoving(moving.item.clone());
    let client = &context.client;
    let (from, row, target, before) = {
        let Ok(reader) = context.readers.get() else {
            return Ok(not);
        };
        let from = match &moving.item {
            Item::File(id) => reader.owner(id),
            Item::Folder(_, id) => reader.folder_owner(id),
        };
        let from = from.ok().flatten();
        let from = from.and_then(|(dir, name)| Some((dir, LocalName::new(&name)?)));
        let row = from.as_ref().and_then(|(dir, name)| {
            let rows = reader.some(*dir, std::slice::from_ref(name));
            rows.ok()?.files.remove(name)
        });
        let before = before(&reader, &moving.item).ok().flatten();
        (from, row, reader.folder(moving.dir).ok().flatten(), before)
    };
    let (Some(from), Some(target)) = (from, target) else {
        return Ok(not);
    };
    let (mut name, mut etag, parent) = find(client, &moving.item, row.as_ref()).await?;
    let is_there = parent.as_ref() == Some(&target.id);
    let is_called_so = name == moving.remote_name;
    let has_moved = from.0 != moving.dir;
    let halves = before
        .as_ref()
        .filter(|_| has_moved && from.1 != moving.name);
    match (&moving.item, is_there, is_called_so, halves) {
        (_, true, true, _) => {}
        // Half of two calls: the other half.
        (Item::Folder(_, id), is_there, is_called_so, Some((above, known_as)))
            if is_there != is_called_so =>
        {
            let (rename, to) = (FolderChange::Rename, FolderChange::Move);
            let (second, back) = match is_there {
                true => (rename(&moving.remote_name), to(above)),
                false => (to(&target.id), rename(known_as)),
            };
            let Some(folder) = other_half(client, id, second, back).await? else {
                return Ok(not);
            };
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

/// What an item is called on Box, the etag that the mapping is to have, and the folder
/// that it is in.
async fn find(
    client: &BoxClient,
    item: &Item,
    row: Option<&SyncedFile>,
) -> Result<(RemoteName, Option<Etag>, Option<FolderId>), Trouble> {
    Ok(match item {
        Item::File(id) => {
            let found = client.find_file(id).await?;
            let etag = row.and_then(|row| etag_of(&found.item, row));
            (found.item.name, etag, found.parent)
        }
        Item::Folder(_, id) => {
            let found = client.find_folder(id).await?;
            (found.item.name, found.item.etag, found.parent)
        }
    })
}

/// The folder that a folder was in, and its name there, as the mapping has it.
fn before(reader: &Reader, item: &Item) -> Result<Option<(FolderId, RemoteName)>, StoreError> {
    let Item::Folder(key, _) = item else {
        return Ok(None);
    };
    let Some((dir, name, folder)) = reader.folder_row(*key)? else {
        return Ok(None);
    };
    let known_as = folder.name.or_else(|| RemoteName::for_local(&name).ok());
    let above = reader.folder_id(dir)?;
    Ok(known_as.map(|known_as| (above, known_as)))
}

/// The second of two calls. `None`: Box refuses it, and has taken back the first, unless
/// that has become impossible, too: whoever moves it next finds it wherever it is.
async fn other_half(
    client: &BoxClient,
    id: &FolderId,
    change: FolderChange<'_>,
    back: FolderChange<'_>,
) -> Result<Option<RemoteFolder>, Trouble> {
    match client.change_folder(id, change, None).await {
        Ok(folder) => return Ok(Some(folder)),
        Err(trouble) if is_untouched(&trouble) => {}
        Err(trouble) => return Err(trouble),
    }
    match client.change_folder(id, back, None).await {
        Err(trouble) if !is_untouched(&trouble) => Err(trouble),
        _ => Ok(None),
    }
}
