//! Scan, compare, plan: one directory after the other, on a thread that may block.
//!
//! Nothing is changed here. Each directory's plan goes to the engine as a value.

mod mounts;
mod moved;
mod spared;
mod visit;

pub(crate) use crate::agent::survey::visit::{
    Broken, Dir, How, Looked, Place, Scope, Surveyed, Visit,
};

use crate::agent::context::{Context, Lent, Mirror};
use crate::local::descent::Descent;
use crate::local::error::Error as LocalError;
use crate::local::root::Root;
use crate::local::{ground, hash, scan};
use crate::model::ground::Ground;
use crate::model::ids::FolderKey;
use crate::model::path::{LocalName, RelPath};
use crate::model::reason::Failed;
use crate::model::stamp::Tolerated;
use crate::plan::absence::Mark;
use crate::plan::action::{DirPlan, Edit, Report};
use crate::plan::directory;
use crate::plan::facts::{Digests, DirFacts, Inventory, LocalEntry, Mapped};
use crate::plan::guard::{self, Halt};
use crate::plan::policy::{OnDelete, Policy};
use crate::plan::queue::Rank;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Actions that travel together. A directory of a hundred thousand new files must not
/// stand in the queue as a whole.
pub(crate) const CHUNK: usize = 1_000;
/// Entries of a new directory, and places of one visit, above which nobody speaks of a
/// file that was just saved any more: that is a copy of a tree.
pub(crate) const MANY: usize = 100;

/// Looks, and sends a plan for each directory in which there is something to do or to
/// tell. Returns the number of unchanged files in the others.
pub(crate) fn survey(
    context: &Context,
    visit: Visit,
    plans: &dyn Fn(Surveyed) -> bool,
) -> Result<Looked, Broken> {
    let mirror = &context.mirrors[visit.mirror];
    let reader = context.readers.get()?;
    let root = mirror.open_root().map_err(Broken::Halt)?;
    let grounds = match reader.root(&mirror.name, &mirror.target_key())? {
        Some(top) => reader.grounds(top.key)?,
        None => BTreeMap::new(),
    };
    let surveyor = Surveyor {
        context,
        mirror,
        number: visit.mirror,
        pass: visit.pass,
        rank: visit.rank,
        since: visit.since,
        root,
        descent: RefCell::new(Descent::new(Arc::clone(&mirror.rules))),
        reader,
        grounds,
        policy: Policy {
            quiet: visit.quiet,
            no_room: visit.no_room,
            distrust: mirror.doubted.load(Ordering::Relaxed),
            ..mirror.policy
        },
        plans,
    };
    if let Scope::Tree(dir, _) = &visit.scope
        && surveyor.rank == Rank::Fresh
        && scan::holds_more_than(&surveyor.root, &dir.path, MANY)
    {
        let rank = Rank::Backfill;
        return Ok(Looked {
            unchanged: 0,
            put_off: Some(Visit { rank, ..visit }),
        });
    }
    let unchanged = match visit.scope {
        Scope::Tree(dir, inventory) => surveyor.tree(dir, inventory),
        Scope::Forest(dirs) => surveyor.trees(dirs),
        Scope::Places(places) => surveyor.places(places),
    }?;
    Ok(Looked {
        unchanged,
        put_off: None,
    })
}

struct Surveyor<'a> {
    context: &'a Context,
    mirror: &'a Mirror,
    number: usize,
    pass: Option<u64>,
    rank: Rank,
    since: Option<Instant>,
    root: Arc<Root>,
    descent: RefCell<Descent>,
    reader: Lent<'a>,
    /// What the root and the mount points in it were.
    grounds: BTreeMap<RelPath, (FolderKey, Ground)>,
    policy: Policy,
    /// Takes a plan in; `false` when nobody wants any more.
    plans: &'a dyn Fn(Surveyed) -> bool,
}

impl Surveyor<'_> {
    /// Looks at a tree, of which half is left to another thread, or all where only the
    /// top has just been saved; `inventory` is Box's listing of the top.
    fn tree(&self, top: Dir, inventory: Option<Inventory>) -> Result<u64, Broken> {
        let Some(plan) = self.directory(&top, inventory)? else {
            return Ok(0);
        };
        let mut below = top.below(&plan);
        let mine = match self.rank {
            Rank::Asked | Rank::Fresh => 0,
            Rank::Backfill => below.len().div_ceil(2),
        };
        if below.len() > mine {
            let rest = below.drain(..below.len() - mine).collect();
            self.share(top.clone(), rest);
        }
        let unchanged = self.send(top, Vec::new(), plan);
        Ok(unchanged + self.trees(below)?)
    }

    /// Looks at trees, the last first.
    fn trees(&self, mut stack: Vec<Dir>) -> Result<u64, Broken> {
        let mut unchanged = 0;
        while let Some(dir) = stack.pop() {
            if self.is_over() {
                self.context.cut.store(true, Ordering::Relaxed);
                break;
            }
            if let Some(plan) = self.directory(&dir, None)? {
                stack.extend(dir.below(&plan));
                unchanged += self.send(dir, Vec::new(), plan);
            }
        }
        Ok(unchanged)
    }

    /// The plan of a whole directory; `None` if it is not there or cannot be read, of
    /// which the second has been reported.
    fn directory(
        &self,
        dir: &Dir,
        inventory: Option<Inventory>,
    ) -> Result<Option<DirPlan>, Broken> {
        // What is read behind a mount that comes and goes meanwhile is not believed.
        let is_mount_point = self.grounds.contains_key(&dir.path);
        let looked = || match is_mount_point {
            true => ground::look(&self.root, &dir.path).map(Some),
            false => Ok(None),
        };
        let listed = looked().and_then(|before| {
            let Some(local) = self.list(&dir.path)? else {
                return Ok(None);
            };
            Ok(Some((before, local, ground::look(&self.root, &dir.path)?)))
        });
        let (before, local, after) = match listed {
            Ok(Some(listed)) => listed,
            // Left out as a whole: its parent tells that.
            Ok(None) => return Ok(None),
            Err(error) => return self.unreadable(dir, &error).map(|()| None),
        };
        let mapped = self.reader.children(dir.folder.key)?;
        let is_used = !mapped.files.is_empty() || !mapped.folders.is_empty();
        let mut learnt = None;
        for found in before.iter().chain([&after]) {
            match self.check_ground(&dir.path, found, is_used) {
                Ok(new) => learnt = new,
                Err(why) => return Ok(self.hidden(dir, why)),
            }
        }
        let now = crate::clock::nanos();
        let facts = DirFacts {
            local,
            complete: true,
            mapped,
            inventory,
            restless: BTreeSet::new(),
            now,
            steady: crate::clock::steady(),
        };
        // Where what is gone goes to the trash, the brake sees to it.
        if dir.path.is_root() && self.policy.on_delete == OnDelete::Keep {
            guard::check_root(&facts).map_err(Broken::Halt)?;
        }
        let mut plan = self.decide(dir, &facts);
        if let Some(ground) = learnt {
            let mark = Mark::Ground(dir.folder.key, ground);
            plan.edits.push(Edit::Mark(mark));
            if dir.path.is_root() {
                self.mirror.set_ground(Some(ground));
            }
        }
        self.identify_root(dir, &mut plan);
        self.sort_out(dir, &facts.mapped, &mut plan, &|_| false)?;
        self.spare(dir, &facts, &mut plan)?;
        Ok(Some(plan))
    }

    /// The entries of a whole directory; `None` of one that is left out.
    fn list(&self, dir: &RelPath) -> Result<Option<Vec<LocalEntry>>, LocalError> {
        let mut descent = self.descent.borrow_mut();
        let level = descent.level(&self.root, dir)?;
        match level.shut() {
            Some(_) => Ok(None),
            None => scan::list(&self.root, dir, level).map(Some),
        }
    }

    /// Some entries of a directory; `None` where it is left out.
    fn look(
        &self,
        dir: &RelPath,
        names: &[LocalName],
    ) -> Result<Option<Vec<LocalEntry>>, LocalError> {
        let mut descent = self.descent.borrow_mut();
        let level = descent.level(&self.root, dir)?;
        match level.shut() {
            Some(_) => Ok(None),
            None => scan::look(&self.root, dir, names, level).map(Some),
        }
    }

    fn decide(&self, dir: &Dir, facts: &DirFacts) -> DirPlan {
        let suspects = directory::suspects(facts, &self.policy);
        let digests = self.digests(&dir.path, suspects);
        directory::plan(dir.folder.key, facts, &digests, &self.policy)
    }

    /// A directory that cannot be read is no empty directory: it is reported as one
    /// failed entry of its parent, and nothing is concluded about what is in it.
    fn unreadable(&self, dir: &Dir, error: &LocalError) -> Result<(), Broken> {
        let Some((parent, name)) = dir.path.split() else {
            return Err(Broken::Halt(Halt::RootUnreadable(error.to_string())));
        };
        if matches!(error, LocalError::Missing(_) | LocalError::NotDirectory(_)) {
            return Ok(());
        }
        let report = Report::Failed(Failed::Read(error.to_string()));
        let plan = DirPlan {
            reports: vec![(name, report)],
            ..DirPlan::default()
        };
        let dir = Dir {
            path: parent,
            folder: dir.folder.clone(),
        };
        self.send(dir, Vec::new(), plan);
        Ok(())
    }

    fn places(&self, places: Vec<Place>) -> Result<u64, Broken> {
        let Some(root) = self
            .reader
            .root(&self.mirror.name, &self.mirror.target_key())?
        else {
            // Never looked at as a whole: the pass that does will find them.
            return Ok(0);
        };
        let root = Dir {
            path: RelPath::root(),
            folder: root,
        };
        let mut trees = Vec::new();
        let mut entries: BTreeMap<RelPath, Entries> = BTreeMap::new();
        for Place { path: place, how } in places {
            if place.is_root() {
                trees.push(root.clone());
                continue;
            }
            let (dir, name) = self.nearest_mapped(&root, &place)?;
            let is_itself = dir.path.join(&name) == place;
            let child = self.reader.child_folder(dir.folder.key, &name)?;
            if matches!(how, How::Below | How::Finally)
                && is_itself
                && let Some(folder) = child.filter(|f| f.inventoried)
                && !self.is_replaced(&place, &folder)
            {
                trees.push(dir.child(&name, &folder));
            }
            let entries = entries.entry(dir.path.clone());
            let entries = entries.or_insert_with(|| Entries::of(dir));
            if how == How::Restless && is_itself {
                entries.restless.insert(name.clone());
            }
            if how == How::Finally && is_itself {
                entries.last.insert(name.clone());
            }
            entries.names.insert(name);
        }
        let mut unchanged = 0;
        for entries in entries.into_values() {
            unchanged += self.entries(entries)?;
        }
        match self.rank {
            // What is below may be anything.
            Rank::Asked | Rank::Fresh if !trees.is_empty() => self.share(root, trees),
            Rank::Asked | Rank::Fresh => {}
            Rank::Backfill => {
                for tree in trees {
                    unchanged += self.trees(vec![tree])?;
                }
            }
        }
        Ok(unchanged)
    }

    /// The deepest mapped directory above a place, and its entry on the way there.
    fn nearest_mapped(&self, root: &Dir, place: &RelPath) -> Result<(Dir, LocalName), Broken> {
        let mut dir = root.clone();
        let mut components = place.components().peekable();
        while let Some(name) = components.next() {
            let child = self.reader.child_folder(dir.folder.key, &name)?;
            match child.filter(|folder| folder.inventoried) {
                Some(folder) if components.peek().is_some() => dir = dir.child(&name, &folder),
                _ => return Ok((dir, name)),
            }
        }
        Err(Broken::Halt(Halt::RootMissing(
            "a place without a name".to_owned(),
        )))
    }

    fn entries(&self, entries: Entries) -> Result<u64, Broken> {
        let Entries {
            dir,
            names,
            restless,
            last,
        } = entries;
        let names: Vec<LocalName> = names.into_iter().collect();
        if self.is_hidden(&dir)? {
            return Ok(0);
        }
        // Another directory has its name: what is in that one is found when its own
        // entry, which has a hint of its own, has been looked at.
        if !dir.path.is_root() && self.is_replaced(&dir.path, &dir.folder) {
            return Ok(0);
        }
        let local = match self.look(&dir.path, &names) {
            Ok(Some(local)) => local,
            Ok(None) => return Ok(0),
            // The directory has gone or changed, or its rules will: that has a hint of its own.
            Err(
                LocalError::Missing(_) | LocalError::NotDirectory(_) | LocalError::Rules { .. },
            ) => return Ok(0),
            // Anything else says nothing about the entries: they are looked at again.
            Err(error) => {
                tracing::debug!(%error, "looked in vain");
                let plan = DirPlan {
                    unsettled: names,
                    ..DirPlan::default()
                };
                return Ok(self.send(dir, Vec::new(), plan));
            }
        };
        let mapped: Mapped = self.reader.some(dir.folder.key, &names)?;
        let now = crate::clock::nanos();
        let facts = DirFacts {
            local,
            complete: false,
            mapped,
            inventory: None,
            restless,
            now,
            steady: crate::clock::steady(),
        };
        let mut plan = self.decide(&dir, &facts);
        // Mapped directories have watches of their own.
        plan.descend.clear();
        self.sort_out(&dir, &facts.mapped, &mut plan, &|name| last.contains(name))?;
        self.spare(&dir, &facts, &mut plan)?;
        let rest = dir.below(&plan);
        if !rest.is_empty() {
            self.share(dir.clone(), rest);
        }
        Ok(self.send(dir, names, plan))
    }

    /// Leaves directories to another thread.
    fn share(&self, dir: Dir, rest: Vec<Dir>) {
        let (mirror, pass, rank) = (self.number, self.pass, self.rank);
        let (looked_at, plan) = (Vec::new(), DirPlan::default());
        (self.plans)(Surveyed {
            mirror,
            pass,
            rank,
            since: self.since,
            dir,
            looked_at,
            rest,
            plan,
        });
    }

    /// Sends what there is to do or to tell; returns the rest, which is only counted.
    fn send(&self, dir: Dir, names: Vec<LocalName>, mut plan: DirPlan) -> u64 {
        let unchanged = std::mem::take(&mut plan.unchanged);
        plan.descend.clear();
        let mut actions = std::mem::take(&mut plan.actions).into_iter();
        let is_empty = plan == DirPlan::default() && names.is_empty();
        let mut first = Some((plan, names)).filter(|_| !is_empty);
        loop {
            let chunk: Vec<_> = actions.by_ref().take(CHUNK).collect();
            if chunk.is_empty() && first.is_none() {
                return unchanged;
            }
            let (other, looked_at) = first.take().unwrap_or_default();
            let plan = DirPlan {
                actions: chunk,
                ..other
            };
            let rest = Vec::new();
            let (mirror, pass, rank) = (self.number, self.pass, self.rank);
            if !(self.plans)(Surveyed {
                mirror,
                pass,
                rank,
                since: self.since,
                dir: dir.clone(),
                looked_at,
                rest,
                plan,
            }) {
                return unchanged;
            }
        }
    }

    /// Hashes the files, on as many threads as there are processors when there are many.
    fn digests(&self, dir: &RelPath, names: Vec<LocalName>) -> Digests {
        let (root, cancelled) = (&self.root, &self.context.cancelled);
        let hash = |name: &LocalName| {
            hash::hash(
                root,
                &dir.join(name),
                crate::clock::nanos(),
                Tolerated::Nothing,
            )
        };
        if names.len() < 8 {
            return names
                .into_iter()
                .map(|name| (name.clone(), hash(&name)))
                .collect();
        }
        let threads = std::thread::available_parallelism()
            .map_or(1, usize::from)
            .min(8);
        let (next, found) = (AtomicUsize::new(0), Mutex::new(Digests::new()));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while !cancelled.load(Ordering::Relaxed)
                        && let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed))
                    {
                        let digest = hash(name);
                        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                        found.insert(name.clone(), digest);
                    }
                });
            }
        });
        found.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.context.cancelled.load(Ordering::Relaxed)
    }
}

/// Entries of one directory to look at.
struct Entries {
    dir: Dir,
    names: BTreeSet<LocalName>,
    /// Those of them that never rest.
    restless: BTreeSet<LocalName>,
    /// Those of them that are looked at for the last time.
    last: BTreeSet<LocalName>,
}

impl Entries {
    fn of(dir: Dir) -> Self {
        Self {
            dir,
            names: BTreeSet::new(),
            restless: BTreeSet::new(),
            last: BTreeSet::new(),
        }
    }
}
