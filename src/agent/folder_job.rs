//! A directory's folder on Box: made, or adopted and listed.

use crate::agent::context::{Context, Mirror};
use crate::agent::job::Ended;
use crate::agent::root_job;
use crate::agent::survey::Dir;
use crate::model::item::{Obstacle, Occupant, RemoteFolder};
use crate::model::reason::Parked;
use crate::model::trouble::Trouble;
use crate::plan::action::{Edit, FolderWork, NewFolder, Report};
use crate::plan::facts::{Inventory, SyncedFolder};
use crate::plan::history::Happening;
use crate::plan::policy::OnInvalidName;
use crate::plan::settle::{self, Settled};
use crate::plan::verdict::Verdict;
use crate::store::Store;
use crate::store::error::Error as StoreError;

/// Sees that the directory `work` in `dir` has its folder, and what is in it.
pub(crate) async fn run(
    context: &Context,
    store: &Store,
    mirror: &Mirror,
    dir: &Dir,
    work: &FolderWork,
) -> Result<Ended, StoreError> {
    match made_before(context, dir, work)? {
        Some(folder) => Ok(Ended::FolderReady {
            folder,
            inventory: None,
            report: None,
        }),
        None => provide(context, store, mirror, dir, work).await,
    }
}

async fn provide(
    context: &Context,
    store: &Store,
    mirror: &Mirror,
    dir: &Dir,
    work: &FolderWork,
) -> Result<Ended, StoreError> {
    let before = context.client.answers();
    let root = root_of(context, mirror)?;
    if let Err(why) = root_job::check_once(context, mirror, &root).await {
        return Ok(root_job::ended(why, context.client.answers() != before));
    }
    let found = match &work.known {
        Some(folder) => Ok((folder.clone(), false)),
        None => make(context, dir, work).await,
    };
    let listed = match found {
        // Nothing can be in it yet.
        Ok((folder, true)) => Ok((folder, None, Some(true))),
        Ok((folder, false)) => {
            let items = context.client.list_folder(&folder.id).await;
            let news = (!work.is_mapped).then_some(false);
            items.map(|items| (folder, Some(Inventory::new(items)), news))
        }
        Err(trouble) => Err(trouble),
    };
    let (folder, inventory, news) = match listed {
        Ok(listed) => listed,
        Err(trouble) => {
            if is_by_ours(context, &trouble)?
                && let Some(apart) = apart(mirror, work)
            {
                return Box::pin(run(context, store, mirror, dir, &apart)).await;
            }
            return failed(context, store, mirror, dir, work, trouble, before).await;
        }
    };
    if let Some(other) = other_owner(context, dir, work, &folder)? {
        if let Some(apart) = apart(mirror, work) {
            return Box::pin(run(context, store, mirror, dir, &apart)).await;
        }
        let settled = settle::parked(dir.folder.key, &work.name, Parked::CaseTwin(other), None);
        return finish(store, settled).await;
    }
    let told = |is_new| match is_new {
        true => Report::FolderCreated(folder.id.clone(), Some(folder.name.clone())),
        false => Report::FolderAdopted(folder.id.clone(), Some(folder.name.clone())),
    };
    let report = news.map(told);
    let mut edits = vec![put(dir, work, &folder, inventory.is_none())];
    let happening = report.as_ref().and_then(Happening::of);
    let path = dir.path.join(&work.name);
    edits.extend(happening.and_then(|happening| context.note(&mirror.name, &path, happening)));
    store.writer().apply(edits).await?;
    let reader = context.readers.get()?;
    let row = reader
        .child_folder(dir.folder.key, &work.name)?
        .ok_or(StoreError::Closed)?;
    Ok(Ended::FolderReady {
        folder: row,
        inventory,
        report,
    })
}

/// The folder that a former job has made for this very directory, which was found once more
/// meanwhile.
fn made_before(
    context: &Context,
    dir: &Dir,
    work: &FolderWork,
) -> Result<Option<SyncedFolder>, StoreError> {
    if work.is_mapped || work.identity.is_none() {
        return Ok(None);
    }
    let reader = context.readers.get()?;
    let row = reader.child_folder(dir.folder.key, &work.name)?;
    Ok(row.filter(|row| row.inventoried && row.identity == work.identity))
}

fn put(dir: &Dir, work: &FolderWork, folder: &RemoteFolder, inventoried: bool) -> Edit {
    Edit::PutFolder {
        parent: dir.folder.key,
        name: work.name.clone(),
        folder: NewFolder {
            id: folder.id.clone(),
            etag: folder.etag.clone(),
            box_name: Some(folder.name.clone()).filter(|name| !name.as_str().is_empty()),
            inventoried,
            identity: work.identity,
        },
    }
}

/// The mirror's root folder, which has been found before any of its directories.
pub(crate) fn root_of(
    context: &Context,
    mirror: &Mirror,
) -> Result<crate::model::ids::FolderId, StoreError> {
    let reader = context.readers.get()?;
    let root = reader.root(&mirror.name, &mirror.target_key())?;
    root.map(|root| root.id).ok_or(StoreError::Closed)
}

/// Makes the folder; with whether it is new. A name that is taken by a folder is that folder: nothing is lost
/// by using it, and a lost answer to an earlier try looks just like this.
async fn make(
    context: &Context,
    dir: &Dir,
    work: &FolderWork,
) -> Result<(RemoteFolder, bool), Trouble> {
    match context
        .client
        .create_folder(&work.remote_name, &dir.folder.id)
        .await
    {
        Ok(folder) => Ok((folder, true)),
        Err(Trouble::NameTaken(_, Some(Occupant::Folder(folder)))) => Ok((folder, false)),
        Err(trouble) => Err(trouble),
    }
}

/// Whether a file of ours has the name.
fn is_by_ours(context: &Context, trouble: &Trouble) -> Result<bool, StoreError> {
    let Trouble::NameTaken(_, Some(Occupant::File(file))) = trouble else {
        return Ok(false);
    };
    Ok(context.readers.get()?.owner(&file.id)?.is_some())
}

/// The same work under a name that nothing else gets, another entry of ours having this one;
/// `None` where that is not wanted, or was done before.
fn apart(mirror: &Mirror, work: &FolderWork) -> Option<FolderWork> {
    let may = mirror.policy.on_invalid_name == OnInvalidName::Encode && !work.is_mapped;
    (may && !work.remote_name.is_apart()).then(|| FolderWork {
        remote_name: work.remote_name.apart(&work.name),
        known: None,
        ..work.clone()
    })
}

/// Another directory that the mapping has for this folder: a twin but for case.
fn other_owner(
    context: &Context,
    dir: &Dir,
    work: &FolderWork,
    folder: &RemoteFolder,
) -> Result<Option<String>, StoreError> {
    let owner = context.readers.get()?.folder_owner(&folder.id)?;
    let other = owner.filter(|(parent, name)| {
        (*parent, name.as_slice()) != (dir.folder.key, work.name.as_bytes())
    });
    Ok(other.map(|(_, name)| String::from_utf8_lossy(&name).into_owned()))
}

async fn failed(
    context: &Context,
    store: &Store,
    mirror: &Mirror,
    dir: &Dir,
    work: &FolderWork,
    trouble: Trouble,
    before: u64,
) -> Result<Ended, StoreError> {
    let key = dir.folder.key;
    let park = |why| settle::parked(key, &work.name, why, None);
    let settled = match trouble {
        Trouble::NameTaken(_, Some(other)) => park(Parked::NameTaken(Obstacle::of(&other))),
        Trouble::Gone(_) => {
            let root = root_of(context, mirror)?;
            // The folder above is gone; is the whole mirror?
            *mirror.seen.lock().await = false;
            if let Err(why) = root_job::check_once(context, mirror, &root).await {
                return Ok(root_job::ended(why, context.client.answers() != before));
            }
            park(Parked::FolderGone(dir.folder.id.to_string()))
        }
        other => {
            let verdict = Verdict::of(other);
            let answered = !verdict.is_silence() || context.is_heard(before).await;
            settle::verdict(key, &work.name, verdict, None, answered)
        }
    };
    finish(store, settled).await
}

/// Stores what was settled, before anybody hears of it.
pub(crate) async fn finish(store: &Store, mut settled: Settled) -> Result<Ended, StoreError> {
    for edit in &mut settled.edits {
        if let Edit::Park(_, _, item) = edit {
            item.tried_at = crate::clock::nanos();
        }
    }
    let is_young = settled.edits.iter().any(|edit| edit.young().is_some());
    store.writer().apply(settled.edits).await?;
    Ok(match is_young {
        true => Ended::Young(settled.effect),
        false => Ended::Effect(settled.effect),
    })
}
