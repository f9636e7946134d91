//! What is to be looked at, and what comes of a look.

use crate::model::path::{LocalName, RelPath};
use crate::plan::action::DirPlan;
use crate::plan::facts::{Inventory, SyncedFolder};
use crate::plan::guard::Halt;
use crate::plan::policy::Quiet;
use crate::plan::queue::Rank;
use crate::store::error::Error as StoreError;
use std::time::Instant;

/// A directory that has a folder on Box.
#[derive(Clone, Debug)]
pub(crate) struct Dir {
    /// Where it is.
    pub(crate) path: RelPath,
    /// Its folder.
    pub(crate) folder: SyncedFolder,
}

/// What to look at.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    /// This directory and everything below it; with Box's listing of it where it was
    /// never compared.
    Tree(Dir, Option<Inventory>),
    /// These directories, each with everything below it.
    Forest(Vec<Dir>),
    /// These places, wherever their nearest mapped directory is.
    Places(Vec<Place>),
}

/// An entry to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where it is.
    pub(crate) path: RelPath,
    /// How much of it.
    pub(crate) how: How,
}

/// How much of a place to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// The entry itself.
    Itself,
    /// If it is a directory, everything below it as well.
    Below,
    /// A file that never rests, as it is.
    Restless,
    /// As [`How::Below`], and for the last time: it is not put off again.
    Finally,
}

/// An order to look.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// Which mirror.
    pub(crate) mirror: usize,
    /// The pass that it belongs to, by number; `None` for what hints ask for.
    pub(crate) pass: Option<u64>,
    /// What of it.
    pub(crate) scope: Scope,
    /// Whether somebody has just saved what is to be looked at.
    pub(crate) rank: Rank,
    /// Since when it is known that something may have changed there, if it is.
    pub(crate) since: Option<Instant>,
    /// How long things must have been left alone.
    pub(crate) quiet: Quiet,
    /// From which size on files that wait for room are left alone.
    pub(crate) no_room: Option<u64>,
}

/// A directory's plan.
#[derive(Debug)]
pub(crate) struct Surveyed {
    /// Which mirror.
    pub(crate) mirror: usize,
    /// The pass that found it.
    pub(crate) pass: Option<u64>,
    /// The visit's rank, and since when its reason has been known.
    pub(crate) rank: Rank,
    pub(crate) since: Option<Instant>,
    /// Which directory.
    pub(crate) dir: Dir,
    /// The entries that a hint named, whatever became of them.
    pub(crate) looked_at: Vec<LocalName>,
    /// Directories that another thread should look at.
    pub(crate) rest: Vec<Dir>,
    /// What was decided.
    pub(crate) plan: DirPlan,
}

/// What is left of a visit when it is over.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    /// Unchanged files of which nothing was told otherwise.
    pub(crate) unchanged: u64,
    /// The visit itself, which turned out to be more than a saved file.
    pub(crate) put_off: Option<Visit>,
}

/// Why a survey did not get to its end.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The mirror must stand still.
    Halt(Halt),
    /// The mapping cannot be read.
    Store(StoreError),
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Dir {
    /// The directories in this one that are looked at next, the first last.
    pub(super) fn below(&self, plan: &DirPlan) -> Vec<Dir> {
        let below = plan.descend.iter().rev();
        below
            .map(|(name, folder)| self.child(name, folder))
            .collect()
    }

    /// A directory in this one.
    pub(crate) fn child(&self, name: &LocalName, folder: &SyncedFolder) -> Dir {
        Dir {
            path: self.path.join(name),
            folder: folder.clone(),
        }
    }
}
