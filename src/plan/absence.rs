//! When an entry that is not on the disk any more counts as deleted.
//!
//! A directory that was read completely says that an entry is absent; that is written
//! down, and a later pass that says the same, a while after, may act on it. What could
//! not be read, is left out by a rule or lies on a disk that is not there is not absent.

use crate::model::deed::Deed;
use crate::model::ground::Ground;
use crate::model::ids::FolderKey;
use crate::model::path::LocalName;
use crate::model::reason::SUCCEEDS;
use crate::model::stamp::Nanos;
use crate::plan::clearance::Clearance;
use crate::plan::facts::ParkedItem;
use crate::plan::parole;
use crate::plan::policy::Policy;

/// So long an entry must have been absent before anything is done about it, in
/// nanoseconds: programs that save, and people who move, are through by then.
pub(crate) const GAP: i64 = 60_000_000_000;

/// An entry that a complete look did not find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Absent {
    /// When that was first seen, by a clock that nobody sets while a run goes on.
    pub(crate) since: Nanos,
    /// Whether a person was asked.
    pub(crate) clearance: Clearance,
}

impl Absent {
    /// For how much longer it must be absent, in nanoseconds; `None`: it counts now.
    pub(crate) fn wait(&self, now: Nanos) -> Option<i64> {
        let left = GAP.saturating_sub(now.since(self.since));
        (left > 0).then_some(left)
    }

    /// First seen in the future, by a clock that has been set back: it says nothing.
    pub(crate) fn is_of_the_future(&self, now: Nanos) -> bool {
        now.since(self.since) < 0
    }
}

/// Whether an entry that is gone, and waits on Box for this reason, is tried (again).
pub(crate) fn is_tried(parked: Option<&ParkedItem>, now: Nanos, policy: &Policy) -> bool {
    parked.is_none_or(|parked| {
        let is_due = !parked.in_the_item && parole::is_due(parked, now, policy);
        // That waits for this very delete.
        is_due || parked.code == SUCCEEDS
    })
}

/// A change of what is known about absence, about where a tree lies, or about what was
/// done on Box.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mark {
    /// An entry was not found.
    Absent(FolderKey, LocalName, Nanos),
    /// An entry is not absent, or not any more.
    Present(FolderKey, LocalName),
    /// A person is shown that it would go.
    Shown(FolderKey, LocalName),
    /// A person was shown that it would go, and approves.
    Approved(FolderKey, LocalName),
    /// A root, or a mount point in it, is this.
    Ground(FolderKey, Ground),
    /// Whatever lies there next is taken for what was mirrored.
    NewGround(FolderKey),
    /// Below this root, what is deleted on Box does not go into a trash.
    Trashless(FolderKey, bool),
    /// About to be done.
    Intend(Box<Deed>),
    /// Done.
    Did(Box<Deed>),
    /// It was not done: the item's ID.
    NotDone(String),
    /// A delete of this item that was about to be done has been, by whichever run.
    Happened(String),
    /// This deed has been undone.
    Undone(i64),
    /// Nobody undoes anything that was done before this run any more.
    Prune(String),
    /// A file is not on Box any more.
    ForgetFile(FolderKey, LocalName),
    /// A folder and all that is in it are not on Box any more.
    ForgetFolder(FolderKey, LocalName),
}
