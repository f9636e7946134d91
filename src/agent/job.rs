//! One piece of work for Box, from the queue to its settled end.

use crate::agent::context::Context;
use crate::agent::survey::Dir;
use crate::agent::weigh_job::{Doomed, Weighed};
use crate::agent::{file_job, folder_job, move_job, root_job, trash_job, weigh_job};
use crate::model::path::RelPath;
use crate::model::reason::Parked;
use crate::plan::action::{FileWork, FolderWork, Moving, Report};
use crate::plan::facts::{Inventory, SyncedFolder};
use crate::plan::moves::{Item, MoveWork, Spot};
use crate::plan::policy::Policy;
use crate::plan::queue::{Rank, Ticket};
use crate::plan::settle::{self, Effect};
use crate::store::Store;
use crate::store::error::Error as StoreError;
use crate::store::sessions::Left;
use std::sync::Arc;

/// What a job is about: a mirror, and a path in it.
pub(crate) type Key = (usize, RelPath);

/// What a job does.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// Find or make the mirror's root folder, and list it where it was never compared.
    Root,
    /// See that a directory has its folder, and what is in it.
    Folder(Dir, FolderWork),
    /// See that a file's content is on Box.
    File(Dir, FileWork),
    /// See that no upload session stays open for a file that is not there any more.
    Leftovers(Vec<Left>),
    /// Look at all that is gone, and whether it may go on Box as well.
    Weigh(Policy),
    /// Put what is gone into the trash.
    Trash(Box<Doomed>),
    /// See that what has moved on the disk moves on Box.
    Move(Dir, MoveWork),
    /// Ask Box what became of moves of an earlier run.
    Moving(Vec<Moving>),
    /// Note that a file waits for this reason, without asking Box.
    HeldBack(Dir, FileWork, Parked),
}

impl Work {
    /// The file has changed while it was sent.
    pub(crate) fn changed_again(&mut self) {
        if let Self::File(_, work) = self {
            work.changes = work.changes.saturating_add(1);
        }
    }

    /// Its place in the queue.
    pub(crate) fn ticket(&self, rank: Rank) -> Ticket {
        match self {
            Self::Root
            | Self::Folder(..)
            | Self::Leftovers(_)
            | Self::Move(..)
            | Self::Moving(_)
            | Self::Weigh(_)
            | Self::Trash(_) => Ticket::folder(rank),
            Self::File(_, work) | Self::HeldBack(_, work, _) => Ticket::file(work.stamp.size, rank),
        }
    }
}

/// How a job ended. What the mapping must know has been stored by then.
#[derive(Debug)]
pub(crate) enum Ended {
    /// As settled.
    Effect(Effect),
    /// As settled, and the file is to be read once more when it is older.
    Young(Effect),
    /// A directory has its folder; with Box's listing unless it is new.
    FolderReady {
        /// The folder.
        folder: SyncedFolder,
        /// What was found in it.
        inventory: Option<Inventory>,
        /// What to tell, unless the folder was known before.
        report: Option<Report>,
    },
    /// What is gone has been weighed, and nothing holds.
    Weighed(Weighed),
    /// This went to the trash, the rest of it ended like this, and something else waits
    /// for the name, or does not.
    Trashed(Vec<(RelPath, Report)>, Effect, bool),
    /// Items have moved on Box; and how the entry itself ended.
    Moved(Moves, Box<Ended>),
    /// The mapping cannot be used.
    Store(StoreError),
}

/// What a job has moved.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    /// Items, from where, and where to.
    pub(crate) moved: Vec<(Item, Spot, Spot)>,
    /// Places to look at, because of that.
    pub(crate) look: Vec<Spot>,
}

/// Does it.
pub(crate) async fn run(context: &Arc<Context>, store: &Store, key: &Key, work: Work) -> Ended {
    let mirror = &context.mirrors[key.0];
    let done = match work {
        Work::Root => root_job::run(context, store, mirror).await,
        Work::Folder(dir, work) => folder_job::run(context, store, mirror, &dir, &work).await,
        Work::File(dir, work) => file_job::run(context, store, mirror, &dir, &work).await,
        Work::Leftovers(left) => file_job::give_up_leftovers(context, store, mirror, left).await,
        Work::Weigh(policy) => weigh_job::run(context, store, key.0, policy).await,
        Work::Trash(doomed) => trash_job::run(context, store, mirror, &doomed).await,
        Work::Move(dir, work) => {
            let (dir, work) = (&dir, &work);
            let job = move_job::Job {
                context,
                store,
                key,
                dir,
                work,
            };
            Box::pin(move_job::run(&job)).await
        }
        Work::Moving(left) => move_job::take_up(context, store, mirror, &left).await,
        Work::HeldBack(dir, work, why) => {
            let settled = settle::parked(dir.folder.key, &work.name, why, Some(work.stamp));
            folder_job::finish(store, settled).await
        }
    };
    done.unwrap_or_else(Ended::Store)
}
