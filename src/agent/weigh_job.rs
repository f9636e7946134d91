//! Weighing: everything that a pass would put into the trash, looked at as a whole before
//! the first of it goes.

use crate::agent::context::{Context, Mirror};
use crate::agent::job::Ended;
use crate::agent::missing::{Found, Looker};
use crate::agent::run_name;
use crate::local::root::Root;
use crate::model::ids::{FolderId, FolderKey};
use crate::model::path::{LocalName, RelPath};
use crate::model::reason::Failed;
use crate::model::stamp::Nanos;
use crate::plan::absence::{self, Absent, Mark};
use crate::plan::action::{Edit, Report};
use crate::plan::brake::{self, Load, MaxDeletes};
use crate::plan::clearance::Clearance;
use crate::plan::facts::{SyncedFile, SyncedFolder};
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
    context: &Context,
    store: &Store,
    mirror: &Mirror,
    policy: Policy,
) -> Result<Ended, StoreError> {
    let reader = context.readers.get()?;
    let top = reader.root(&mirror.name, &mirror.target_key())?;
    drop(reader);
    let (OnDelete::Trash(limit), Some(top)) = (policy.on_delete, top) else {
        return Ok(Ended::Weighed(Weighed::default()));
    };
    let root = match mirror.open_root() {
        Ok(root) => root,
        Err(halt) => return Ok(Ended::Effect(Effect::Halt(halt))),
    };
    let now = crate::clock::nanos();
    let sorted = look(context, mirror, root, &top, now).await?;
    let reader = context.readers.get()?;
    let mapped = reader.files_below(top.key)?;
    let tops = reader.children(top.key)?;
    let is_trashless = reader.is_trashless(top.key)?;
    drop(reader);
    if is_trashless && !sorted.gone.is_empty() {
        let halt = Halt::Trashless(mirror.name.clone());
        return Ok(Ended::Effect(Effect::Halt(halt)));
    }
    let lost = sorted.gone.iter().filter(|doomed| doomed.dir == top.key);
    let everything = lost.count() == tops.files.len() + tops.folders.len();
    let wait = sorted
        .gone
        .iter()
        .filter_map(|doomed| doomed.absent.wait(now))
        .min();
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
    let goes: Vec<_> = due
        .into_iter()
        .filter(|doomed| doomed.absent.wait(now).is_none())
        .collect();
    if !goes.is_empty() {
        edits.push(Edit::Mark(Mark::Prune(run_name::oldest_kept())));
    }
    store.writer().apply(edits).await?;
    Ok(Ended::Weighed(Weighed {
        goes: tried(context, goes, now, &policy)?,
        reports: sorted.reports,
        wait: wait.map(|nanos| Duration::from_nanos(nanos.unsigned_abs())),
    }))
}

/// What waits on Box is tried again in its own time.
fn tried(
    context: &Context,
    goes: Vec<Doomed>,
    now: Nanos,
    policy: &Policy,
) -> Result<Vec<Doomed>, StoreError> {
    let reader = context.readers.get()?;
    let mut tried = Vec::new();
    for doomed in goes {
        let rows = reader.some(doomed.dir, std::slice::from_ref(&doomed.name))?;
        if absence::is_tried(rows.parked.get(&doomed.name), now, policy) {
            tried.push(doomed);
        }
    }
    Ok(tried)
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

/// Looks once more for what is known to be gone.
async fn look(
    context: &Context,
    mirror: &Mirror,
    root: Arc<Root>,
    top: &SyncedFolder,
    now: Nanos,
) -> Result<Sorted, StoreError> {
    let reader = context.readers.get()?;
    let mut looker = Looker::new(root, mirror.rules.clone(), reader.grounds(top.key)?);
    let Known { all, stale } = doomed(&reader, top.key)?;
    let mut hidden = BTreeSet::new();
    for doomed in &all {
        if let Row::Folder(folder) = &doomed.row
            && reader.has_ground(folder.key)?
        {
            hidden.insert(doomed.path.clone());
        }
    }
    drop(reader);
    let looked = tokio::task::spawn_blocking(move || {
        let look = |doomed: Doomed| {
            let found = looker.look(&doomed.path, doomed.is_dir());
            (doomed, found)
        };
        all.into_iter().map(look).collect::<Vec<_>>()
    });
    let looked = looked.await.map_err(|_| StoreError::Closed)?;
    Ok(sort(looked, &hidden, stale, now))
}

/// What is known to be gone, and notes that mean nothing any more.
struct Known {
    all: Vec<Doomed>,
    stale: Vec<Edit>,
}

fn doomed(reader: &Reader, root: FolderKey) -> Result<Known, StoreError> {
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
            Found::There => edits.push(Edit::Mark(Mark::Present(doomed.dir, doomed.name))),
            Found::Unknown => {}
        }
    }
    Sorted {
        gone,
        edits,
        reports,
    }
}

fn load(due: &[Doomed], mapped: u64, everything: bool) -> Load {
    let approved = due
        .iter()
        .filter(|one| one.absent.clearance == Clearance::Given);
    Load {
        would: due.iter().map(Doomed::weight).sum(),
        approved: approved.map(Doomed::weight).sum(),
        mapped,
        everything,
    }
}
