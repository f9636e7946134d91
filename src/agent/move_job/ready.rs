//! What a leg depends on, looked at right before Box is asked.

use crate::agent::context::Context;
use crate::agent::move_job::is_mapped;
use crate::agent::survey::Dir;
use crate::agent::tracker::{Looked, Tracker};
use crate::model::identity::Sameness;
use crate::model::name::RemoteName;
use crate::model::path::LocalName;
use crate::plan::facts::{SyncedFile, SyncedFolder};
use crate::plan::moves::{Item, Origin, Spot};
use crate::store::error::Error as StoreError;
use crate::store::reader::Reader;

/// Where a leg leads to, looked at a moment ago.
pub(super) struct Ready {
    pub(super) origin: Origin,
    pub(super) to: Spot,
    /// Where it comes from for whoever is told; nowhere while it only makes room.
    pub(super) told_from: Option<Spot>,
    /// The directory that it goes to.
    pub(super) dir: Dir,
    pub(super) name: LocalName,
    /// A file's row.
    pub(super) file: Option<SyncedFile>,
    /// What a folder is called on Box.
    pub(super) known_as: Option<RemoteName>,
}

/// The directory that an item is still recorded in, with a file's row.
pub(super) fn still(
    reader: &Reader,
    origin: &Origin,
) -> Result<Option<(SyncedFolder, Option<SyncedFile>)>, StoreError> {
    let name = std::slice::from_ref(&origin.name);
    let mapped = reader.some(origin.dir, name)?;
    let Some(folder) = reader.folder(origin.dir)? else {
        return Ok(None);
    };
    Ok(match &origin.item {
        Item::File(id) => {
            let row = mapped.files.get(&origin.name).filter(|row| row.id == *id);
            row.map(|row| (folder, Some(row.clone())))
        }
        Item::Folder(key, _) => {
            let row = mapped.folders.get(&origin.name);
            row.filter(|row| row.key == *key).map(|_| (folder, None))
        }
    })
}

/// Everything that a leg depends on, looked at again.
pub(super) fn ready(
    context: &Context,
    reader: &Reader,
    tracker: &Tracker<'_>,
    origin: Origin,
    to: Spot,
) -> Result<Option<Ready>, StoreError> {
    let is_it = |looked: &Looked| {
        matches!(looked, Looked::Object(found)
            if found.identity.compare(&origin.identity) != Sameness::Other)
    };
    let (here, there) = (tracker.look(&origin.at, None), tracker.look(&to, None));
    if is_it(&here) || !is_it(&there) {
        return Ok(None);
    }
    let Some((_, file)) = still(reader, &origin)? else {
        return Ok(None);
    };
    let known_as = match &origin.item {
        Item::File(_) => None,
        Item::Folder(key, _) => {
            let known_as = reader.folder(*key)?.and_then(|folder| folder.name);
            let own = context.mirrors[to.0].policy.name_of(&origin.name).ok();
            known_as.or(own)
        }
    };
    let Some((above, name)) = to.1.split() else {
        return Ok(None);
    };
    let mirror = &context.mirrors[to.0];
    let Some(mut folder) = reader.root(&mirror.name, &mirror.target_key())? else {
        return Ok(None);
    };
    for component in above.components() {
        match reader.child_folder(folder.key, &component)? {
            Some(child) => folder = child,
            None => return Ok(None),
        }
    }
    // The directory on the disk must be the one that the mapping means.
    if let (false, Some(known), Looked::Object(found)) = (
        above.is_root(),
        folder.identity,
        tracker.look(&(to.0, above.clone()), None),
    ) && known.compare(&found.identity) == Sameness::Other
    {
        return Ok(None);
    }
    let mapped = reader.some(folder.key, std::slice::from_ref(&name))?;
    let is_taken = is_mapped(&mapped, &name) && (folder.key, &name) != (origin.dir, &origin.name);
    if is_taken {
        return Ok(None);
    }
    Ok(Some(Ready {
        origin,
        to,
        told_from: None,
        dir: Dir {
            path: above,
            folder,
        },
        name,
        file,
        known_as,
    }))
}
