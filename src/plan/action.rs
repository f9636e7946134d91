//! What there is to do: work for Box, edits of the mapping, and what is reported.

use crate::model::deed::ItemId;
use crate::model::identity::Identity;
use crate::model::ids::{Etag, FolderId, FolderKey};
use crate::model::item::{RemoteFile, RemoteFolder};
use crate::model::name::RemoteName;
use crate::model::path::{LocalName, RelPath};
use crate::model::reason::{DOUBTED, Exclusion, Failed, Parked};
use crate::model::stamp::{Nanos, Stamp, Tolerated};
use crate::plan::absence::Mark;
use crate::plan::conflict::Decision;
use crate::plan::facts::{
    Hashed, Intent, Mapped, OpenSession, ParkedItem, SyncedFile, SyncedFolder,
};
use crate::plan::moves::{Item, MoveWork};
use std::collections::BTreeSet;
use std::time::Duration;

/// What planning makes of one directory.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct DirPlan {
    /// What needs Box; each names another entry of the directory.
    pub(crate) actions: Vec<Action>,
    /// What only the mapping must be told.
    pub(crate) edits: Vec<Edit>,
    /// What is settled without any action, by name.
    pub(crate) reports: Vec<(LocalName, Report)>,
    /// Files that are as they were; not listed one by one.
    pub(crate) unchanged: u64,
    /// Directories to look into next.
    pub(crate) descend: Vec<(LocalName, SyncedFolder)>,
    /// Directories whose folder was another directory's.
    pub(crate) replaced: Vec<(LocalName, SyncedFolder, Identity)>,
    /// Entries that were parked because a name that differs in case only belongs to what
    /// is not there any more: that may be the same thing, renamed.
    pub(crate) respelled: Vec<Action>,
    /// Entries that are looked at once more when everything else has been: what has their
    /// name on Box may turn up elsewhere.
    pub(crate) put_off: Vec<LocalName>,
    /// Files that are too young, each with how long it will be so: they are told, and
    /// looked at again then.
    pub(crate) young: Vec<(LocalName, Duration)>,
    /// Files written to so recently that they are looked at again later.
    pub(crate) unsettled: Vec<LocalName>,
    /// Mapped entries that were not found, where they would go to the trash.
    pub(crate) missing: Vec<LocalName>,
}

impl DirPlan {
    /// Files that are not at rest: those that are looked at later, and those that are
    /// taken as they are, because they never rest.
    pub(crate) fn not_at_rest(&self) -> BTreeSet<LocalName> {
        let files = self.actions.iter().filter_map(|action| match action {
            Action::File(work) => Some(work),
            Action::Folder(_) | Action::Move(_) => None,
        });
        let restless = files.filter(|work| work.restless);
        let restless = restless.map(|work| &work.name);
        restless.chain(&self.unsettled).cloned().collect()
    }

    /// Whether an entry that was looked at is not dealt with yet.
    pub(crate) fn goes_on(&self, name: &LocalName) -> bool {
        let failed = self.reports.iter();
        let mut failed = failed.filter(|(_, report)| matches!(report, Report::Failed(_)));
        self.actions.iter().any(|action| action.name() == name)
            || self.unsettled.contains(name)
            || self.put_off.contains(name)
            || failed.any(|(other, _)| other == name)
    }
}

/// Work that needs Box.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// See that a directory has its folder, and what is in it.
    Folder(FolderWork),
    /// See that a file's content is on Box.
    File(FileWork),
    /// See that what has moved on the disk moves on Box.
    Move(MoveWork),
}

impl Action {
    /// The entry that it is about.
    pub(crate) fn name(&self) -> &LocalName {
        match self {
            Self::Folder(work) => &work.name,
            Self::File(work) => &work.name,
            Self::Move(work) => &work.name,
        }
    }
}

/// A directory without a compared folder on Box.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FolderWork {
    /// Its local name.
    pub(crate) name: LocalName,
    /// The name that its folder has or gets.
    pub(crate) remote_name: RemoteName,
    /// Which directory it is.
    pub(crate) identity: Option<Identity>,
    /// The folder, where it is known to exist: it is then only listed.
    pub(crate) known: Option<RemoteFolder>,
    /// The mapping has it; only what is in it was never compared.
    pub(crate) is_mapped: bool,
}

/// A file whose content may not be on Box.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FileWork {
    /// Its local name.
    pub(crate) name: LocalName,
    /// The name that it gets on Box.
    pub(crate) remote_name: RemoteName,
    /// Its stamp when it was scanned.
    pub(crate) stamp: Stamp,
    /// Its digest, where planning needed it.
    pub(crate) hashed: Option<Hashed>,
    /// What Box held when we last agreed.
    pub(crate) synced: Option<Box<SyncedFile>>,
    /// The file that Box's listing shows under this name, where we never saw it.
    pub(crate) existing: Option<Box<RemoteFile>>,
    /// A request of an earlier try whose outcome is not known.
    pub(crate) intent: Option<Intent>,
    /// What a person decided about a conflict.
    pub(crate) decision: Option<Box<Decision>>,
    /// The local file when the conflict was told.
    pub(crate) shown: Option<Stamp>,
    /// Read Box's copy before anything is sent.
    pub(crate) doubtful: bool,
    /// How Box's listing showed it, if it did.
    pub(crate) listing: Listing,
    /// What was known of Box's copy is lost: other content there is left alone.
    pub(crate) distrust: bool,
    /// It never rests: what it holds when it is opened is sent, though it grows on.
    pub(crate) restless: bool,
    /// How many tries in a row it has spoilt by changing.
    pub(crate) changes: u8,
}

/// How a mapped file stands in Box's listing of its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listing {
    /// Nobody looked, or as the mapping has it.
    AsKnown,
    /// In another state, or not at all.
    Other,
}

/// So many tries are spoilt before a file is taken for one that never rests.
const MOST_CHANGES: u8 = 3;

impl FileWork {
    /// What it may do while it is sent.
    pub(crate) fn tolerated(&self) -> Tolerated {
        match self.restless || self.changes >= MOST_CHANGES {
            true => Tolerated::Growth,
            false => Tolerated::Nothing,
        }
    }

    /// Takes in what the mapping says of the file now. To be done before every try:
    /// while the work waited, another one for the same file may have been recorded, or
    /// may have left an intent behind.
    pub(crate) fn recall(&mut self, mapped: &Mapped) {
        let name = &self.name;
        self.synced = mapped.files.get(name).cloned().map(Box::new);
        self.intent = mapped.intents.get(name).copied();
        self.decision = mapped.decisions.get(name).cloned().map(Box::new);
        let parked = mapped.parked.get(name);
        self.shown = parked.and_then(|parked| parked.stamp);
        self.doubtful = self.listing == Listing::Other || self.intent.is_some() || parked.is_some();
        self.distrust |= parked.is_some_and(|parked| parked.code == DOUBTED);
    }
}

/// The folder of a directory that had none, or another one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NewFolder {
    /// The folder.
    pub(crate) id: FolderId,
    /// Its etag, for later changes of the folder itself.
    pub(crate) etag: Option<Etag>,
    /// Its name on Box, where it was told.
    pub(crate) box_name: Option<RemoteName>,
    /// Whether nothing in it is unknown.
    pub(crate) inventoried: bool,
    /// Which directory it is.
    pub(crate) identity: Option<Identity>,
}

/// Where an item is to go.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Moving {
    /// The item.
    pub(crate) item: Item,
    /// The directory that it goes to.
    pub(crate) dir: FolderKey,
    /// Its local name there.
    pub(crate) name: LocalName,
    /// Its name there on Box.
    pub(crate) remote_name: RemoteName,
}

/// Where an item has gone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Moved {
    /// The item.
    pub(crate) item: Item,
    /// Where it was.
    pub(crate) from: (FolderKey, LocalName),
    /// The directory that it is in.
    pub(crate) dir: FolderKey,
    /// Its local name there.
    pub(crate) name: LocalName,
    /// Its name there on Box.
    pub(crate) remote_name: RemoteName,
    /// Its etag.
    pub(crate) etag: Option<Etag>,
}

/// A change of the mapping.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Edit {
    /// A file agrees with Box. Ends its intent, its being parked and what was decided.
    PutFile(FolderKey, LocalName, SyncedFile),
    /// A file has a new stamp and the old content.
    Refresh {
        /// Its directory.
        dir: FolderKey,
        /// Its name.
        name: LocalName,
        /// Its stamp.
        stamp: Stamp,
        /// When it was read.
        hashed_at: Nanos,
        /// Whether to read it once more.
        provisional: bool,
    },
    /// A directory has a folder.
    PutFolder {
        /// Its parent.
        parent: FolderKey,
        /// Its name.
        name: LocalName,
        /// The folder.
        folder: NewFolder,
    },
    /// The directory of this folder is this one now.
    Identify(FolderKey, Identity),
    /// A move is about to be asked for.
    Moving(Box<Moving>),
    /// What became of a move does not matter any more.
    NotMoving(Item),
    /// An item is somewhere else now. Ends its move.
    Moved(Box<Moved>),
    /// A folder's listing has been planned from.
    Inventoried(FolderKey),
    /// A folder is to be listed and compared once more.
    Recompare(FolderId),
    /// An item waits.
    Park(FolderKey, LocalName, ParkedItem),
    /// An item waits no longer.
    Unpark(FolderKey, LocalName),
    /// Nothing in this directory or below it waits any longer: it is not there.
    UnparkBelow(FolderKey),
    /// An item that waits is tried at the next look, whatever it waits for, unless that is
    /// nothing that another try can change.
    Retry(FolderKey, LocalName),
    /// The same of all in this directory and below it.
    RetryBelow(FolderKey),
    /// A mutating request is about to be sent.
    Intend(FolderKey, LocalName, Intent),
    /// A person has decided about a conflict.
    Decide(FolderKey, LocalName, Decision),
    /// What was decided does not fit any more.
    Undecide(FolderKey, LocalName),
    /// An upload session was opened.
    OpenSession(FolderKey, LocalName, Box<OpenSession>),
    /// The upload session of this ID is of no more use; another one of the file may be.
    EndSession(FolderKey, LocalName, String),
    /// What became of a request in doubt does not matter any more.
    EndIntent(FolderKey, LocalName),
    /// Something about what is gone, or about what was done with it.
    Mark(Mark),
}

impl Edit {
    /// The file whose digest is to be checked once more, if this records one.
    pub(crate) fn young(&self) -> Option<&LocalName> {
        match self {
            Self::PutFile(_, name, file) => Some(name).filter(|_| file.provisional),
            Self::Refresh {
                name, provisional, ..
            } => Some(name).filter(|_| *provisional),
            Self::PutFolder { .. }
            | Self::Inventoried(_)
            | Self::Recompare(_)
            | Self::Identify(..)
            | Self::Moving(_)
            | Self::NotMoving(_)
            | Self::Moved(_)
            | Self::Park(..)
            | Self::Unpark(..)
            | Self::UnparkBelow(_)
            | Self::Retry(..)
            | Self::RetryBelow(_)
            | Self::Intend(..)
            | Self::Decide(..)
            | Self::Undecide(..)
            | Self::OpenSession(..)
            | Self::EndSession(..)
            | Self::EndIntent(..)
            | Self::Mark(_) => None,
        }
    }
}

/// What became of one entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Report {
    /// A new file on Box.
    Uploaded(RemoteFile, u64),
    /// A new version of a file on Box.
    NewVersion(RemoteFile, u64),
    /// Box held the same content already.
    Adopted(RemoteFile),
    /// As it was.
    Unchanged,
    /// Box's copy stays, because a person decided so; the file, unless it is gone.
    Left(Option<RemoteFile>),
    /// Left out on purpose.
    Excluded(Exclusion),
    /// Waits.
    Parked(Parked),
    /// Given up in this run.
    Failed(Failed),
    /// In Box's trash, with so many files of ours.
    Trashed(ItemId, u64),
    /// Gone from the disk, but its folder stays on Box: something in it is not ours.
    FolderKept(FolderId),
    /// A new folder on Box, and its name there where it was told.
    FolderCreated(FolderId, Option<RemoteName>),
    /// An existing folder on Box that is ours now.
    FolderAdopted(FolderId, Option<RemoteName>),
    /// It has moved on Box, from this mirror and place.
    Moved(Item, (String, RelPath)),
}

impl Report {
    /// The name that the entry has on Box, where something happened there.
    pub(crate) fn box_name(&self) -> Option<&RemoteName> {
        match self {
            Self::Uploaded(file, _) | Self::NewVersion(file, _) | Self::Adopted(file) => {
                Some(&file.name)
            }
            Self::Left(file) => file.as_ref().map(|file| &file.name),
            Self::FolderCreated(_, name) | Self::FolderAdopted(_, name) => name.as_ref(),
            Self::Unchanged
            | Self::Excluded(_)
            | Self::Parked(_)
            | Self::Failed(_)
            | Self::Trashed(..)
            | Self::FolderKept(_)
            | Self::Moved(..) => None,
        }
    }
}

/// Files in this state are recorded as agreeing with Box.
pub(crate) fn synced(file: &RemoteFile, hashed: &Hashed) -> SyncedFile {
    SyncedFile {
        id: file.id.clone(),
        version: file.version.clone(),
        etag: file.etag.clone(),
        name: file.name.clone(),
        sha1: hashed.sha1,
        stamp: hashed.stamp,
        hashed_at: hashed.at,
        provisional: hashed.stamp.is_young_at(hashed.at),
    }
}
