//! Weighing: everything that a pass would put into the trash, looked at as a whole before
//! the first of it goes.

use crate::agent::context::{Context, Mirror};
use crate::agent::job::Ended;
use crate::agent::missing::{Found, Looker};
use crate::agent::run_name;
use crate::model::ids::{FolderId, FolderKey};
use crate::model::path::{LocalName, RelPath};
use crate::model::reason::Failed;
use crate::model::stamp::Nanos;
use crate::plan::absence::{self, Absent, Mark};
use crate::plan::action::{Edit, Report};
use crate::plan::brake::{self, Load, MaxDeletes};
use crate::plan::clearance::Clearance;
use crate::plan::facts::{ParkedItem, SyncedFile, SyncedFolder};
use crate::plan::guard::{Brake, Halt, NAMED};
use crate::plan::policy::{OnDelete, Policy};
use crate::plan::settle::Effect;
use crate::store::Store;
use crate::store::error::Error as StoreError;
use crate::store::reader::Reader;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// An entry that is gone, and what it has on Box.
#[derive(Clone, Debug)]
pub(crate) struct Doomed {
    /// The directory that it was in.
    pub(crate) dir: FolderKey,
    /// That directory's folder.
    pub(crate) parent: FolderId,
    /// Its name.
    pub(crate) name: LocalName,
    /// Where it was.
    pub(crate) path: RelPath,
    /// What the mapping has.
    pub(crate) row: Row,
    /// Since when it is gone.
    pub(crate) absent: Absent,
    /// How many files go with it.
    pub(crate) files: u64,
    /// What waits on Box is tried again in its own time: whether that is now.
    pub(crate) is_tried: bool,
}

/// A row of the mapping.
#[derive(Clone, Debug)]
pub(crate) enum Row {
    /// A file.
    File(SyncedFile),
    /// A directory.
    Folder(SyncedFolder),
}

impl Doomed {
    /// What it counts for: a directory without files is one thing, too.
    fn weight(&self) -> u64 {
        self.files.max(1)
    }

    pub(crate) fn is_dir(&self) -> bool {
        matches!(self.row, Row::Folder(_))
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Weighed {
    /// What may go.
    pub(crate) goes: Vec<Doomed>,
    /// What is to be told.
    pub(crate) reports: Vec<(RelPath, Report)>,
    /// When the next of what is gone counts.
    pub(crate) wait: Option<Duration>,
}

/// Looks at everything that is known to be gone from the mirror.
pub(crate) async fn run(
    context: &Arc<Context>,
    store: &Store,
    number: usize,
    policy: Policy,
) -> Result<Ended, StoreError> {
    let OnDelete::Trash(limit) = policy.on_delete else {
        return Ok(Ended::Weighed(Weighed::default()));
    };
    let (shared, now) = (Arc::clone(context), crate::clock::steady());
    let looked = tokio::task::spawn_blocking(move || {
        let reader = shared.readers.get()?;
        look(&reader, &shared.mirrors[number], now, &policy)
    });
    let looked = match looked.await.map_err(|_| StoreError::Closed)?? {
        Ok(Some(looked)) => looked,
        Ok(None) => return Ok(Ended::Weighed(Weighed::default())),
        Err(halt) => return Ok(Ended::Effect(Effect::Halt(halt))),
    };
    let mirror = &context.mirrors[number];
    if looked.is_trashless && !looked.sorted.gone.is_empty() {
        let halt = Halt::Trashless(mirror.name.clone());
        return Ok(Ended::Effect(Effect::Halt(halt)));
    }
    weigh(store, mirror, limit, looked, now).await
}

/// What is gone, and what it is weighed against.
struct Looked {
    sorted: Sorted,
    /// Files of the mirror that are on Box.
    mapped: u64,
    /// Nothing of what was mirrored is left.
    everything: bool,
    is_trashless: bool,
}

async fn weigh(
    store: &Store,
    mirror: &Mirror,
    limit: MaxDeletes,
    looked: Looked,
    now: Nanos,
) -> Result<Ended, StoreError> {
    let Looked {
        sorted,
        mapped,
        everything,
        ..
    } = looked;
    let waits = sorted.gone.iter().filter_map(|one| one.absent.wait(now));
    let wait = waits.min();
    // What goes on right now is weighed when it is over: a slow mass delete in slices would
    // pass under the brake.
    let is_growing = brake::holds(load(&sorted.gone, mapped, everything), limit);
    // What is left of nothing is asked about at once.
    let counts = |doomed: &Doomed| everything || doomed.absent.wait(now).is_none();
    let due: Vec<_> = sorted.gone.into_iter().filter(counts).collect();
    let load = load(&due, mapped, everything);
    let mut edits = sorted.edits;
    if brake::holds(load, limit) {
        let shown = |doomed: &Doomed| Mark::Shown(doomed.dir, doomed.name.clone());
        edits.extend(due.iter().map(shown).map(Edit::Mark));
        store.writer().apply(edits).await?;
        let halt = Halt::Braked(braked(mirror, &due, load, limit));
        return Ok(Ended::Effect(Effect::Halt(halt)));
    }
    let mut goes = due;
    goes.retain(|doomed| {
        let is_approved = doomed.absent.clearance == Clearance::Given;
        doomed.absent.wait(now).is_none() && (!is_growing || is_approved)
    });
    if !goes.is_empty() {
        edits.push(Edit::Mark(Mark::Prune(run_name::oldest_kept())));
    }
    store.writer().apply(edits).await?;
    goes.retain(|doomed| doomed.is_tried);
    Ok(Ended::Weighed(Weighed {
        goes,
        reports: sorted.reports,
        wait: wait.map(|nanos| Duration::from_nanos(nanos.unsigned_abs())),
    }))
}

fn braked(mirror: &Mirror, due: &[Doomed], load: Load, limit: MaxDeletes) -> Brake {
    let paths = due.iter().map(|doomed| doomed.path.clone());
    let first: Vec<_> = paths.take(NAMED).collect();
    Brake {
        mirror: mirror.name.clone(),
        would: load.would,
        hollow: due.iter().filter(|doomed| doomed.files == 0).count() as u64,
        mapped: load.mapped,
        everything: load.everything,
        limit,
        more: (due.len() - first.len()) as u64,
        first,
    }
}

/// Looks once more for what is known to be gone. `None`: the mirror has never been looked
/// at.
fn look(
    reader: &Reader,
    mirror: &Mirror,
    now: Nanos,
    policy: &Policy,
) -> Result<Result<Option<Looked>, Halt>, StoreError> {
    let Some(top) = reader.root(&mirror.name, &mirror.target_key())? else {
        return Ok(Ok(None));
    };
    let root = match mirror.open_root() {
        Ok(root) => root,
        Err(halt) => return Ok(Err(halt)),
    };
    let mut looker = Looker::new(root, mirror.rules.clone(), reader.grounds(top.key)?);
    let wall = crate::clock::nanos();
    let is_due = |parked: Option<&ParkedItem>| absence::is_tried(parked, wall, policy);
    let Known { all, stale } = doomed(reader, top.key, &is_due)?;
    let mut hidden = BTreeSet::new();
    for doomed in &all {
        if let Row::Folder(folder) = &doomed.row
            && reader.has_ground(folder.key)?
        {
            hidden.insert(doomed.path.clone());
        }
    }
    let looked = all.into_iter().map(|doomed| {
        let found = looker.look(&doomed.path, doomed.is_dir());
        (doomed, found)
    });
    let sorted = sort(looked.collect(), &hidden, stale, now);
    let tops = reader.children(top.key)?;
    let lost = sorted.gone.iter().filter(|doomed| doomed.dir == top.key);
    Ok(Ok(Some(Looked {
        everything: lost.count() == tops.files.len() + tops.folders.len(),
        mapped: reader.files_below(top.key)?,
        is_trashless: reader.is_trashless(top.key)?,
        sorted,
    })))
}

/// What is known to be gone, and notes that mean nothing any more.
struct Known {
    all: Vec<Doomed>,
    stale: Vec<Edit>,
}

fn doomed(
    reader: &Reader,
    root: FolderKey,
    is_due: &dyn Fn(Option<&ParkedItem>) -> bool,
) -> Result<Known, StoreError> {
    let (mut all, mut stale) = (Vec::new(), Vec::new());
    for (dir, name, path, absent) in reader.absent_below(root)? {
        let mut rows = reader.some(dir, std::slice::from_ref(&name))?;
        let row = match (rows.files.remove(&name), rows.folders.remove(&name)) {
            (Some(file), _) => Row::File(file),
            (None, Some(folder)) => Row::Folder(folder),
            (None, None) => {
                stale.push(Edit::Mark(Mark::Present(dir, name)));
                continue;
            }
        };
        let files = match &row {
            Row::File(_) => 1,
            Row::Folder(folder) => reader.files_below(folder.key)?,
        };
        all.push(Doomed {
            dir,
            parent: reader.folder_id(dir)?,
            is_tried: is_due(rows.parked.get(&name)),
            name,
            path,
            row,
            absent,
            files,
        });
    }
    Ok(Known { all, stale })
}

/// What the looks have found.
struct Sorted {
    gone: Vec<Doomed>,
    edits: Vec<Edit>,
    reports: Vec<(RelPath, Report)>,
}

fn sort(
    looked: Vec<(Doomed, Found)>,
    hidden: &BTreeSet<RelPath>,
    mut edits: Vec<Edit>,
    now: Nanos,
) -> Sorted {
    let (mut gone, mut reports) = (Vec::new(), Vec::new());
    for (doomed, found) in looked {
        match found {
            // It went with its mount point: the disk is away, not what is on it.
            Found::Gone | Found::Succeeded if hidden.contains(&doomed.path) => {
                let why = Failed::Hidden("what was mounted here, or below it, is not there");
                reports.push((doomed.path, Report::Failed(why)));
            }
            Found::Gone | Found::Succeeded if doomed.absent.is_of_the_future(now) => {}
            Found::Gone | Found::Succeeded => gone.push(doomed),
            // The next look at its directory would note it again. What was shown to a
            // person is not: it holds nothing up any more.
            Found::LeftOut if doomed.absent.clearance == Clearance::None => {}
            Found::There | Found::LeftOut => {
                edits.push(Edit::Mark(Mark::Present(doomed.dir, doomed.name)));
            }
            Found::Unknown => {}
        }
    }
    Sorted {
        gone,
        edits,
        reports,
    }
}

fn load(gone: &[Doomed], mapped: u64, everything: bool) -> Load {
    let approved = gone
        .iter()
        .filter(|one| one.absent.clearance == Clearance::Given);
    Load {
        would: gone.iter().map(Doomed::weight).sum(),
        approved: approved.map(Doomed::weight).sum(),
        mapped,
        everything,
    }
}
