//! When a whole mirror stands still.

use super::{hashed, identity, name, remote, stamp};
use crate::model::ids::{FolderId, FolderKey};
use crate::model::stamp::Nanos;
use crate::plan::action::synced;
use crate::plan::facts::{DirFacts, LocalEntry, LocalKind, Mapped, SyncedFolder};
use crate::plan::guard::{Halt, check_root};

/// `local` entries on the disk, `files` and `folders` in the mapping.
fn check(local: u8, files: u8, folders: u8, complete: bool, expected: Result<(), Halt>) {
    let names = |count: u8| (0..count).map(|number| name(&format!("n{number}")));
    let entry = |name| LocalEntry {
        name,
        kind: LocalKind::Directory(identity(1)),
    };
    let row = synced(&remote("1", "1", "1", 1, "a"), &hashed(1, stamp(1, 1), 1));
    let folder = SyncedFolder {
        key: FolderKey(2),
        id: FolderId::new("2"),
        name: None,
        inventoried: true,
        identity: None,
    };
    let facts = DirFacts {
        local: names(local).map(entry).collect(),
        complete,
        mapped: Mapped {
            files: names(files).map(|name| (name, row.clone())).collect(),
            folders: names(folders).map(|name| (name, folder.clone())).collect(),
            ..Mapped::default()
        },
        inventory: None,
        restless: std::collections::BTreeSet::new(),
        now: Nanos(0),
        steady: Nanos(0),
    };
    assert_eq!(check_root(&facts), expected);
}

#[test]
fn an_emptied_root_stops_the_mirror() {
    check(0, 0, 0, true, Ok(()));
    check(1, 9, 9, true, Ok(()));
    check(0, 2, 1, true, Err(Halt::RootEmptied(3)));
    check(0, 0, 1, true, Err(Halt::RootEmptied(1)));
    // Only a few entries were looked at, and they are not there.
    check(0, 2, 1, false, Ok(()));
}
