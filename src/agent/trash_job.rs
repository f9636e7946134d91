//! What is gone from the disk goes to Box's trash: a file if it is as we know it, a
//! folder as a whole if all that is in it is ours and as we know it.

use crate::agent::context::{Context, Mirror};
use crate::agent::folder_job::{finish, root_of};
use crate::agent::job::Ended;
use crate::agent::missing::{Found, Lost};
use crate::agent::root_job;
use crate::agent::trash::{Bin, Fate, Item};
use crate::agent::weigh_job::{Doomed, Row};
use crate::model::deed::ItemId;
use crate::model::ids::{Etag, FolderId, FolderKey};
use crate::model::item::{Obstacle, Occupant};
use crate::model::name::RemoteName;
use crate::model::path::{LocalName, RelPath};
use crate::model::reason::Parked;
use crate::model::trouble::Trouble;
use crate::plan::absence::Mark;
use crate::plan::action::{Edit, Report};
use crate::plan::facts::{SyncedFile, SyncedFolder};
use crate::plan::guard::Halt;
use crate::plan::settle::{self, Effect};
use crate::plan::verdict::Verdict;
use crate::store::Store;
use crate::store::error::Error as StoreError;
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;

/// What a job has done so far, and why it does not go on, if it does not.
#[derive(Default)]
struct Done {
    reports: Vec<(RelPath, Report)>,
    /// The first file that somebody else has changed.
    changed: Option<Obstacle>,
    /// Something on Box is not ours.
    foreign: bool,
    stop: Option<Fate>,
}

/// Puts what an entry had on Box into the trash.
pub(crate) async fn run(
    context: &Context,
    store: &Store,
    mirror: &Mirror,
    doomed: &Doomed,
) -> Result<Ended, StoreError> {
    let before = context.client.answers();
    if let Err(halt) = mirror.open_root() {
        return Ok(Ended::Effect(Effect::Halt(halt)));
    }
    let reader = context.readers.get()?;
    let top = reader.root(&mirror.name, &mirror.target_key())?;
    let root = top.ok_or(StoreError::Closed)?.key;
    let rows = reader.some(doomed.dir, std::slice::from_ref(&doomed.name))?;
    drop(reader);
    let lost = Lost {
        context,
        mirror,
        root,
        path: doomed.path.clone(),
        is_dir: doomed.is_dir(),
    };
    let is_as_weighed = match &doomed.row {
        Row::File(file) => rows
            .files
            .get(&doomed.name)
            .is_some_and(|row| row.id == file.id),
        Row::Folder(folder) => rows
            .folders
            .get(&doomed.name)
            .is_some_and(|row| row.key == folder.key),
    };
    let is_noted = rows.absent.contains_key(&doomed.name);
    let found = lost.look().await?;
    if !found.is_gone() || !is_as_weighed || !is_noted {
        // The next pass says how it stands.
        return Ok(Ended::Effect(Effect::Vanished));
    }
    let root_id = root_of(context, mirror)?;
    if let Err(why) = root_job::check_once(context, mirror, &root_id).await {
        return Ok(root_job::ended(why, context.client.answers() != before));
    }
    let bin = Bin {
        lost: &lost,
        context,
        store,
        mirror,
        root,
    };
    let mut done = Done::default();
    match &doomed.row {
        Row::File(file) => {
            let place = (doomed.dir, &doomed.parent, &doomed.path);
            trash_file(&bin, place, &doomed.name, file, &mut done).await?;
        }
        Row::Folder(folder) => trash_tree(&bin, doomed, folder, &mut done).await?,
    }
    let ended = settle(&bin, doomed, done, before).await?;
    Ok(match ended {
        Ended::Trashed(reports, effect, _) => {
            Ended::Trashed(reports, effect, found == Found::Succeeded)
        }
        other => other,
    })
}

type Place<'a> = (FolderKey, &'a FolderId, &'a RelPath);

async fn trash_file(
    bin: &Bin<'_>,
    (dir, parent, path): Place<'_>,
    name: &LocalName,
    file: &SyncedFile,
    done: &mut Done,
) -> Result<(), StoreError> {
    let item = Item {
        id: ItemId::File(file.id.clone()),
        etag: file.etag.as_ref(),
        path: path.clone(),
        parent: parent.clone(),
        files: None,
        name: file.name.clone(),
        recursive: false,
    };
    let forget = Mark::ForgetFile(dir, name.clone());
    match bin.put(&item, forget).await? {
        Fate::Trashed => {
            let report = Report::Trashed(item.id, 1);
            done.reports.push((path.clone(), report));
        }
        Fate::Gone => {}
        Fate::Changed(found) => {
            let obstacle = match found {
                Some(found) => Obstacle::file(&found),
                None => Obstacle::gone(&file.id),
            };
            done.changed.get_or_insert(obstacle);
        }
        stop @ (Fate::Trashless | Fate::Back | Fate::Trouble(_)) => done.stop = Some(stop),
    }
    Ok(())
}

/// A whole directory: in one call, if nothing but ours is in its folder.
async fn trash_tree(
    bin: &Bin<'_>,
    doomed: &Doomed,
    folder: &SyncedFolder,
    done: &mut Done,
) -> Result<(), StoreError> {
    let found = match bin.context.client.find_folder(&folder.id).await {
        Ok(found) => Some(found.item),
        // The deed, if an earlier try was not heard, is settled by the call itself.
        Err(Trouble::Gone(_)) => None,
        Err(trouble) => {
            done.stop = Some(Fate::Trouble(trouble));
            return Ok(());
        }
    };
    let is_gone = found.is_none();
    let name = match &found {
        Some(found) => found.name.clone(),
        None => RemoteName::from_box(doomed.name.to_string()),
    };
    let etag = found.and_then(|found| found.etag);
    let is_ours = match is_ours(bin, folder).await? {
        Ok(is_ours) => is_ours,
        // One in it that has just gone says nothing about the others.
        Err(Trouble::Gone(_)) => is_gone,
        Err(trouble) => {
            done.stop = Some(Fate::Trouble(trouble));
            return Ok(());
        }
    };
    if !is_ours {
        return piecemeal(bin, doomed, folder, done).await;
    }
    let files = bin.context.readers.get()?.files_below(folder.key)?;
    let item = Item {
        files: Some(files),
        ..folder_item(doomed, folder, name, etag.as_ref(), true)
    };
    let forget = Mark::ForgetFolder(doomed.dir, doomed.name.clone());
    match bin.put(&item, forget).await? {
        Fate::Trashed => {
            let report = Report::Trashed(item.id, files);
            done.reports.push((doomed.path.clone(), report));
        }
        Fate::Gone => {}
        stop => done.stop = Some(stop),
    }
    Ok(())
}

fn folder_item<'a>(
    doomed: &Doomed,
    folder: &SyncedFolder,
    name: RemoteName,
    etag: Option<&'a Etag>,
    recursive: bool,
) -> Item<'a> {
    Item {
        id: ItemId::Folder(folder.id.clone()),
        etag,
        path: doomed.path.clone(),
        parent: doomed.parent.clone(),
        name,
        files: None,
        recursive,
    }
}

/// Whether a folder and all folders in it hold nothing but what we mapped, at the
/// versions that we know.
async fn is_ours(
    bin: &Bin<'_>,
    folder: &SyncedFolder,
) -> Result<Result<bool, Trouble>, StoreError> {
    let mut stack = vec![(folder.id.clone(), folder.key)];
    while let Some((id, key)) = stack.pop() {
        let listed = match bin.context.client.list_folder(&id).await {
            Ok(listed) => listed,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let mapped = bin.context.readers.get()?.children(key)?;
        let folders: BTreeMap<_, _> = mapped
            .folders
            .values()
            .map(|row| (row.id.clone(), row.key))
            .collect();
        let files: BTreeMap<_, _> = mapped
            .files
            .values()
            .map(|row| (row.id.clone(), row))
            .collect();
        for occupant in listed {
            let is_known = match occupant {
                Occupant::File(file) => files.get(&file.id).is_some_and(|row| {
                    let same_version = row.version == file.version;
                    same_version && row.etag == file.etag && file.sha1 == Some(row.sha1)
                }),
                Occupant::Folder(inner) => match folders.get(&inner.id) {
                    Some(key) => {
                        stack.push((inner.id, *key));
                        true
                    }
                    None => false,
                },
                Occupant::Other { .. } => false,
            };
            if !is_known {
                return Ok(Ok(false));
            }
        }
    }
    Ok(Ok(true))
}

/// File by file; folders that are empty then go as well, and the others stay.
fn piecemeal<'a>(
    bin: &'a Bin<'a>,
    doomed: &'a Doomed,
    folder: &'a SyncedFolder,
    done: &'a mut Done,
) -> BoxFuture<'a, Result<(), StoreError>> {
    Box::pin(async move {
        let mapped = bin.context.readers.get()?.children(folder.key)?;
        for (name, file) in &mapped.files {
            let path = doomed.path.join(name);
            trash_file(bin, (folder.key, &folder.id, &path), name, file, done).await?;
            if done.stop.is_some() {
                return Ok(());
            }
        }
        for (name, inner) in &mapped.folders {
            let below = Doomed {
                dir: folder.key,
                parent: folder.id.clone(),
                name: name.clone(),
                path: doomed.path.join(name),
                row: Row::Folder(inner.clone()),
                ..doomed.clone()
            };
            piecemeal(bin, &below, inner, done).await?;
            if done.stop.is_some() {
                return Ok(());
            }
        }
        emptied(bin, doomed, folder, done).await
    })
}

/// A folder out of which all of ours has gone.
async fn emptied(
    bin: &Bin<'_>,
    doomed: &Doomed,
    folder: &SyncedFolder,
    done: &mut Done,
) -> Result<(), StoreError> {
    let client = &bin.context.client;
    let left = match client.list_folder(&folder.id).await {
        Ok(left) => left,
        Err(Trouble::Gone(_)) => Vec::new(),
        Err(trouble) => {
            done.stop = Some(Fate::Trouble(trouble));
            return Ok(());
        }
    };
    if !left.is_empty() {
        let is_used = bin.context.readers.get()?.is_used(folder.key)?;
        if !is_used {
            // Nothing of it is ours any more.
            done.foreign = true;
            let kept = Report::FolderKept(folder.id.clone());
            done.reports.push((doomed.path.clone(), kept));
            let forget = Mark::ForgetFolder(doomed.dir, doomed.name.clone());
            bin.store.writer().apply(vec![Edit::Mark(forget)]).await?;
        }
        return Ok(());
    }
    let name = RemoteName::from_box(doomed.name.to_string());
    let (name, etag) = match client.find_folder(&folder.id).await {
        Ok(found) => (found.item.name, found.item.etag),
        Err(_) => (name, None),
    };
    let item = folder_item(doomed, folder, name, etag.as_ref(), false);
    let forget = Mark::ForgetFolder(doomed.dir, doomed.name.clone());
    match bin.put(&item, forget).await? {
        Fate::Trashed => {
            let report = Report::Trashed(item.id, 0);
            done.reports.push((doomed.path.clone(), report));
        }
        Fate::Gone => {}
        stop => done.stop = Some(stop),
    }
    Ok(())
}

/// What the entry's row and the queue are told.
async fn settle(
    bin: &Bin<'_>,
    doomed: &Doomed,
    done: Done,
    before: u64,
) -> Result<Ended, StoreError> {
    let client = &bin.context.client;
    let Done {
        reports,
        changed,
        stop,
        ..
    } = done;
    let settled = match (stop, changed) {
        (Some(Fate::Trashless), _) => {
            let halt = Halt::Trashless(bin.mirror.name.clone());
            return Ok(Ended::Trashed(reports, Effect::Halt(halt), false));
        }
        (Some(Fate::Trouble(trouble)), _) => {
            let verdict = Verdict::of(trouble);
            let answered = !verdict.is_silence() || client.answers() != before;
            settle::verdict(doomed.dir, &doomed.name, verdict, None, answered)
        }
        // The next pass says how it stands.
        (Some(Fate::Back), _) => return Ok(Ended::Trashed(reports, Effect::Vanished, false)),
        (_, Some(obstacle)) => {
            let why = Parked::ChangedOnBox(obstacle);
            settle::parked(doomed.dir, &doomed.name, why, None)
        }
        _ => return Ok(Ended::Trashed(reports, Effect::Vanished, false)),
    };
    match finish(bin.store, settled).await? {
        Ended::Effect(effect) | Ended::Young(effect) => Ok(Ended::Trashed(reports, effect, false)),
        other => Ok(other),
    }
}
