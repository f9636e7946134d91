//! A vocabulary of tiny values for the tables and the simulation.
//!
//! A content is a small number; its digest and size follow from it. Contents 1 and 2
//! have one size, 3 and 4 the next, so that a size alone does not tell two apart.

mod absence;
mod brake;
mod chunked;
mod conflict;
mod directory;
mod guard;
mod hot;
mod lag;
mod moves;
mod owners;
mod parole;
mod pause;
mod queue;
mod restless;
mod settle;
mod simulation;
mod transfer;

use crate::model::digest::Sha1Digest;
use crate::model::identity::Identity;
use crate::model::ids::{Etag, FileId, FolderKey, VersionId};
use crate::model::item::RemoteFile;
use crate::model::name::RemoteName;
use crate::model::path::LocalName;
use crate::model::stamp::{Nanos, Stamp};
use crate::model::trouble::Said;
use crate::plan::absence::{Absent, Mark};
use crate::plan::action::Edit;
use crate::plan::clearance::Clearance;
use crate::plan::facts::{Hashed, Mapped, SyncedFolder};
use crate::plan::policy::{OnDelete, OnForeign, OnInvalidName, Policy, Quiet};
use std::time::Duration;

/// The directory that everything is about.
const DIR: FolderKey = FolderKey(1);
const SECOND: i64 = 1_000_000_000;

fn name(text: &str) -> LocalName {
    LocalName::new(text.as_bytes()).unwrap()
}

fn digest(content: u8) -> Sha1Digest {
    Sha1Digest::new([content; 20])
}

fn size(content: u8) -> u64 {
    u64::from(content).div_ceil(2)
}

/// The stamp of a file that got this content at this time.
/// A directory of this inode number.
fn identity(inode: u64) -> Identity {
    let (device, born) = (1, Some(Nanos(1)));
    Identity {
        device,
        inode,
        born,
    }
}

fn stamp(content: u8, at: i64) -> Stamp {
    Stamp {
        size: size(content),
        mtime: Nanos(at),
        ctime: Nanos(at),
        inode: 7,
        created: None,
    }
}

fn hashed(content: u8, stamp: Stamp, at: i64) -> Hashed {
    Hashed {
        sha1: digest(content),
        stamp,
        at: Nanos(at),
    }
}

/// A complete description of a file on Box.
fn remote(id: &str, version: &str, etag: &str, content: u8, name: &str) -> RemoteFile {
    RemoteFile {
        id: FileId::new(id),
        version: Some(VersionId::new(version)),
        etag: Some(Etag::new(etag)),
        sha1: Some(digest(content)),
        size: Some(size(content)),
        name: RemoteName::from_box(name),
    }
}

fn said(status: u16) -> Said {
    Said {
        status,
        ..Said::default()
    }
}

fn policy(on_existing: OnForeign, on_remote_change: OnForeign) -> Policy {
    Policy {
        on_existing,
        on_remote_change,
        on_invalid_name: OnInvalidName::Park,
        min_version_interval: Duration::ZERO,
        on_delete: OnDelete::Keep,
        quiet: Quiet::NONE,
        min_age: std::time::Duration::ZERO,
        no_room: None,
        distrust: false,
    }
}

/// What the store makes of an edit, box IDs unique and all.
fn apply(mapped: &mut Mapped, edit: Edit) {
    match edit {
        Edit::PutFile(_, name, row) => {
            mapped.files.retain(|_, other| other.id != row.id);
            mapped.parked.remove(&name);
            mapped.intents.remove(&name);
            mapped.decisions.remove(&name);
            mapped.folders.remove(&name);
            mapped.files.insert(name, row);
        }
        Edit::Refresh {
            name,
            stamp,
            hashed_at,
            provisional,
            ..
        } => {
            if let Some(row) = mapped.files.get_mut(&name) {
                row.stamp = stamp;
                row.hashed_at = hashed_at;
                row.provisional = provisional;
            }
        }
        Edit::PutFolder { name, folder, .. } => {
            let folder = SyncedFolder {
                key: FolderKey(100),
                id: folder.id,
                name: folder.box_name,
                inventoried: folder.inventoried,
                identity: folder.identity,
            };
            mapped.parked.remove(&name);
            mapped.decisions.remove(&name);
            mapped.files.remove(&name);
            mapped.folders.insert(name, folder);
        }
        Edit::Inventoried(_)
        | Edit::Recompare(_)
        | Edit::Retry(..)
        | Edit::RetryBelow(_)
        | Edit::Identify(..)
        | Edit::UnparkBelow(_)
        | Edit::Moving(_)
        | Edit::NotMoving(_)
        | Edit::Moved(_) => {}
        Edit::Park(_, name, item) => drop(mapped.parked.insert(name, item)),
        Edit::Unpark(_, name) => drop(mapped.parked.remove(&name)),
        Edit::OpenSession(..) | Edit::EndSession(..) => {}
        Edit::EndIntent(_, name) => drop(mapped.intents.remove(&name)),
        Edit::Intend(_, name, intent) => drop(mapped.intents.insert(name, intent)),
        Edit::Decide(_, name, decision) => drop(mapped.decisions.insert(name, decision)),
        Edit::Undecide(_, name) => drop(mapped.decisions.remove(&name)),
        Edit::Mark(mark) => apply_mark(mapped, mark),
    }
}

fn apply_mark(mapped: &mut Mapped, mark: Mark) {
    match mark {
        Mark::Absent(_, name, since) => {
            let clearance = Clearance::None;
            mapped.absent.insert(name, Absent { since, clearance });
        }
        Mark::Present(_, name) => drop(mapped.absent.remove(&name)),
        other => panic!("planning does not mark: {other:?}"),
    }
}
