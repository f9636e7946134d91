//! What planning is done from: one directory's local facts, the mapping's rows for
//! it, and Box's listing where the folder was never compared.

use crate::model::digest::Sha1Digest;
use crate::model::identity::Identity;
use crate::model::ids::{Etag, FileId, FolderId, FolderKey, VersionId};
use crate::model::item::{Occupant, RemoteFile, Seen};
use crate::model::name::RemoteName;
use crate::model::path::LocalName;
use crate::model::reason::{Exclusion, Parked};
use crate::model::session::Session;
use crate::model::stamp::{Nanos, Stamp, Tolerated};
use crate::plan::absence::Absent;
use crate::plan::conflict::Decision;
use std::collections::{BTreeMap, BTreeSet};

/// One entry of a local directory, as the scan found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocalEntry {
    /// Its name.
    pub(crate) name: LocalName,
    /// What it is.
    pub(crate) kind: LocalKind,
}

/// What a local entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LocalKind {
    /// A regular file.
    File(Stamp),
    /// A directory, and which one.
    Directory(Identity),
    /// Left out on purpose; an excluded directory is one entry and is not entered.
    Excluded(Exclusion),
    /// There, but it could not be examined; the system's words.
    Unreadable(String),
}

/// The content of a file as it was read, and what the file looked like meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hashed {
    /// The SHA-1 of what was read.
    pub(crate) sha1: Sha1Digest,
    /// The stamp, equal before and after reading.
    pub(crate) stamp: Stamp,
    /// When reading began.
    pub(crate) at: Nanos,
}

/// A file as the job that is to send it has found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Local {
    /// Its stamp.
    pub(crate) stamp: Stamp,
    /// Its content, where it has been read in this state.
    pub(crate) hashed: Option<Hashed>,
}

impl From<Hashed> for Local {
    fn from(hashed: Hashed) -> Self {
        Self {
            stamp: hashed.stamp,
            hashed: Some(hashed),
        }
    }
}

/// Why a file could not be hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HashError {
    /// It was written to while it was read.
    Changing,
    /// It is not there any more, or is not a regular file now.
    Vanished,
    /// It cannot be read; the system's words.
    Unreadable(String),
}

/// What Box held when it and the disk last agreed on a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyncedFile {
    /// The file on Box.
    pub(crate) id: FileId,
    /// The version we know.
    pub(crate) version: Option<VersionId>,
    /// The etag that we know.
    pub(crate) etag: Option<Etag>,
    /// Its name on Box.
    pub(crate) name: RemoteName,
    /// SHA-1 of that version, compared with the reply.
    pub(crate) sha1: Sha1Digest,
    /// The local file's stamp when it had this content.
    pub(crate) stamp: Stamp,
    /// When the content was last read.
    pub(crate) hashed_at: Nanos,
    /// The digest is to be checked once more (see [`crate::model::stamp::YOUNG`]).
    pub(crate) provisional: bool,
}

/// A directory that has a folder on Box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyncedFolder {
    /// The mapping's key of it.
    pub(crate) key: FolderKey,
    /// The folder on Box.
    pub(crate) id: FolderId,
    /// Its name on Box, where it was recorded.
    pub(crate) name: Option<RemoteName>,
    /// Whether everything that Box held in it has been compared once: either we made
    /// it, empty, or its listing has been planned from.
    pub(crate) inventoried: bool,
    /// Which directory it was when it was last looked at.
    pub(crate) identity: Option<Identity>,
}

/// An item that waits, as remembered from earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParkedItem {
    /// The reason's code.
    pub(crate) code: String,
    /// The reason's sentence.
    pub(crate) message: String,
    /// Whether only a change of the item can help.
    pub(crate) in_the_item: bool,
    /// What it looked like when it was parked; `None` for a directory.
    pub(crate) stamp: Option<Stamp>,
    /// What stood in the way on Box.
    pub(crate) obstacle: Option<Seen>,
    /// When it was last tried, where Box was asked; long ago otherwise.
    pub(crate) tried_at: Nanos,
}

impl ParkedItem {
    /// An item that waits for this reason.
    pub(crate) fn new(why: &Parked, stamp: Option<Stamp>) -> Self {
        Self {
            code: why.code().to_owned(),
            message: why.to_string(),
            in_the_item: why.is_in_the_item(),
            stamp,
            obstacle: why.obstacle().cloned(),
            tried_at: Nanos(0),
        }
    }
}

/// A mutating request that was sent and whose outcome was never recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Intent {
    /// The content that it would have put on Box.
    pub(crate) sha1: Sha1Digest,
    /// Whether it would have a name that tells it apart from a twin: that is looked at
    /// first, whether there is a twin now or not.
    pub(crate) apart: bool,
}

/// What an upload makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// A new file of this name.
    New(RemoteName),
    /// A new version of this file.
    Version(FileId),
}

/// An upload session that an earlier try left open, and what it was opened for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenSession {
    /// The session.
    pub(crate) session: Session,
    /// What it makes.
    pub(crate) goal: Goal,
    /// The local file's state then.
    pub(crate) stamp: Stamp,
}

impl OpenSession {
    /// Whether it can take this content to this place, as far as we know. Of a file that
    /// may grow it takes what was there when it was opened.
    pub(crate) fn is_for(&self, goal: &Goal, stamp: &Stamp, tolerated: Tolerated) -> bool {
        self.goal == *goal && tolerated.allows(&self.stamp, stamp)
    }

    /// Whether it is for this content as a new file of another name: one that is kept
    /// beside somebody else's is looked for under its own name first.
    pub(crate) fn may_be_for(&self, goal: &Goal, stamp: &Stamp) -> bool {
        matches!((&self.goal, goal), (Goal::New(_), Goal::New(_)))
            && self.stamp.same_file_state(stamp)
    }
}

/// The mapping's rows for one directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mapped {
    /// Files by local name.
    pub(crate) files: BTreeMap<LocalName, SyncedFile>,
    /// Directories by local name.
    pub(crate) folders: BTreeMap<LocalName, SyncedFolder>,
    /// What waits, by local name.
    pub(crate) parked: BTreeMap<LocalName, ParkedItem>,
    /// Requests in doubt, by local name.
    pub(crate) intents: BTreeMap<LocalName, Intent>,
    /// What a person decided about conflicts, by local name.
    pub(crate) decisions: BTreeMap<LocalName, Decision>,
    /// What was not there when it was last looked for, by local name.
    pub(crate) absent: BTreeMap<LocalName, Absent>,
}

/// What a folder holds on Box, by the key under which Box compares names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inventory(BTreeMap<String, Occupant>);

impl Inventory {
    /// Indexes a complete listing.
    pub(crate) fn new(listing: impl IntoIterator<Item = Occupant>) -> Self {
        let by_key = |item: Occupant| (item.name().sibling_key(), item);
        Self(listing.into_iter().map(by_key).collect())
    }

    /// Who has this name, in any case.
    pub(crate) fn occupant(&self, name: &RemoteName) -> Option<&Occupant> {
        self.0.get(&name.sibling_key())
    }

    /// Everything in it.
    pub(crate) fn items(&self) -> impl Iterator<Item = &Occupant> {
        self.0.values()
    }

    /// The file of that name and ID, if it has the content that the mapping says.
    pub(crate) fn confirms(&self, known: &SyncedFile) -> Option<&RemoteFile> {
        match self.occupant(&known.name)? {
            Occupant::File(file) => {
                Some(file).filter(|file| file.id == known.id && file.sha1 == Some(known.sha1))
            }
            Occupant::Folder(_) | Occupant::Other { .. } => None,
        }
    }

    /// Whether something has exactly this name.
    pub(crate) fn holds(&self, name: &RemoteName) -> bool {
        let occupant = self.occupant(name);
        occupant.is_some_and(|item| item.name().is_spelled_like(name))
    }

    /// Whether a name in it was told apart from another one by us.
    pub(crate) fn has_names_apart(&self) -> bool {
        self.0.values().any(|item| item.name().is_apart())
    }
}

/// Everything that is known of one directory.
#[derive(Clone, Debug)]
pub(crate) struct DirFacts {
    /// Its entries, sorted by name, restricted to what is looked at.
    pub(crate) local: Vec<LocalEntry>,
    /// Whether `local` is the whole directory.
    pub(crate) complete: bool,
    /// The mapping's rows.
    pub(crate) mapped: Mapped,
    /// Box's listing, where the folder was never compared.
    pub(crate) inventory: Option<Inventory>,
    /// Files that never rest: they are taken as they are.
    pub(crate) restless: BTreeSet<LocalName>,
    /// Now, by the local clock.
    pub(crate) now: Nanos,
    /// The same by one that nobody sets, for what must have lasted.
    pub(crate) steady: Nanos,
}

/// Digests of the files that [`crate::plan::directory::suspects`] asked for.
pub(crate) type Digests = BTreeMap<LocalName, Result<Hashed, HashError>>;
