//! Where an entry has come from: looks at the disk and in the mapping for what a
//! [`Trail`] wants to know.

use crate::agent::context::Context;
use crate::agent::survey::Dir;
use crate::local::descent::Descent;
use crate::local::error::Error as LocalError;
use crate::local::examine::{Examined, examine};
use crate::local::hash;
use crate::local::root::Root;
use crate::model::identity::{Identity, Sameness};
use crate::model::ids::FolderKey;
use crate::model::path::LocalName;
use crate::model::reason::{NAME_TAKEN, Parked};
use crate::model::stamp::Tolerated;
use crate::plan::absence::Mark;
use crate::plan::action::{Action, DirPlan, Edit, Report};
use crate::plan::facts::{Mapped, ParkedItem, SyncedFile, SyncedFolder};
use crate::plan::moves::{self, Found, Item, Origin, Spot, There, Trail};
use crate::plan::policy::OnDelete;
use crate::plan::standing::still;
use crate::store::error::Error as StoreError;
use crate::store::origins::Candidate;
use crate::store::reader::Reader;
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::sync::Arc;

/// Looks; on a thread that may block.
pub(crate) struct Tracker<'a> {
    context: &'a Context,
    reader: &'a Reader,
    roots: RefCell<BTreeMap<usize, Option<Arc<Root>>>>,
    mirrors: OnceCell<Vec<(FolderKey, usize)>>,
}

/// What a place holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Looked {
    /// Nothing that is mirrored.
    Nothing,
    /// A file or a directory.
    Object(Examined),
    /// It cannot be told.
    Unknown,
}

impl<'a> Tracker<'a> {
    /// Looks at the mirrors of this run.
    pub(crate) fn new(context: &'a Context, reader: &'a Reader) -> Self {
        Self {
            context,
            reader,
            roots: RefCell::default(),
            mirrors: OnceCell::new(),
        }
    }

    /// Follows the entry `spot`, which has this inode number, back to where it was.
    /// `is_taken` tells that the mapping has something else under its name.
    pub(crate) fn follow(
        &self,
        spot: &Spot,
        inode: u64,
        is_dir: bool,
        is_taken: bool,
    ) -> Result<Found, StoreError> {
        // Nearly every new entry has an inode number that the mapping does not know.
        let is_known = match is_dir {
            true => !self.reader.folders_of(inode)?.is_empty(),
            false => !self.reader.files_of(inode)?.is_empty(),
        };
        if !is_known {
            return Ok(Found::New);
        }
        let Looked::Object(object) = self.look(spot, None) else {
            return Ok(Found::New);
        };
        let Some((origin, mut there)) = self.origin(spot, &object)? else {
            return Ok(Found::New);
        };
        let mut trail = Trail::new(spot.clone(), is_taken, origin);
        loop {
            let Some(at) = trail.next().map(|origin| origin.at.clone()) else {
                return Ok(Found::New);
            };
            let mut next = Looked::Unknown;
            let told = match there {
                Looked::Nothing => There::Nothing,
                Looked::Unknown => There::Unknown,
                Looked::Object(object) => match self.origin(&at, &object)? {
                    Some((origin, looked)) => {
                        next = looked;
                        There::Moved(origin)
                    }
                    None => There::Stranger {
                        is_dir: object.kind == FileType::Directory,
                    },
                },
            };
            if let Some(found) = trail.told(told) {
                return Ok(found);
            }
            there = next;
        }
    }

    /// A mirror that is paused, and that something would have moved from or to.
    fn paused_in(&self, found: &Found) -> Option<&str> {
        match found {
            Found::Straight(hops) | Found::Cycle(hops) => self.context.paused_among(hops),
            Found::New | Found::Later => None,
        }
    }

    fn trashes(&self, mirror: usize) -> bool {
        let policy = &self.context.mirrors[mirror].policy;
        policy.on_delete != OnDelete::Keep
    }

    /// Where the object at `spot` was, if that is noted as absent.
    fn absent_origin(&self, spot: &Spot) -> Result<Option<(FolderKey, LocalName)>, StoreError> {
        let Looked::Object(object) = self.look(spot, None) else {
            return Ok(None);
        };
        let Some((origin, _)) = self.origin(spot, &object)? else {
            return Ok(None);
        };
        let names = std::slice::from_ref(&origin.name);
        let is_absent = !self.reader.some(origin.dir, names)?.absent.is_empty();
        Ok(is_absent.then_some((origin.dir, origin.name)))
    }

    /// The one row that the object at `spot` was recorded in under another name, where it
    /// is not any more, and what is there now.
    fn origin(
        &self,
        spot: &Spot,
        object: &Examined,
    ) -> Result<Option<(Origin, Looked)>, StoreError> {
        let inode = object.identity.inode;
        let mut found = Vec::new();
        if object.kind == FileType::Directory {
            for candidate in self.reader.folders_of(inode)? {
                let is_it = candidate.identity.compare(&object.identity) == Sameness::Same;
                let item = Item::Folder(candidate.row.key, candidate.row.id.clone());
                found.extend(self.gone(spot, object, candidate, item, is_it)?);
            }
        } else {
            let mut candidates = self.reader.files_of(inode)?;
            candidates.sort_by_key(|candidate| candidate.row.hashed_at);
            for candidate in candidates {
                let is_it = self.is_file(spot, object, &candidate);
                let item = Item::File(candidate.row.id.clone());
                found.extend(self.gone(spot, object, candidate, item, is_it)?);
            }
        }
        // Of two names that the object had, and that are both gone, the one under which it
        // was read last. What only looks alike is not told apart.
        let is_proved = |(origin, _): &(Origin, Looked)| {
            origin.identity.compare(&object.identity) == Sameness::Same
        };
        let is_clear = found.len() < 2 || found.iter().all(is_proved);
        Ok(found.pop().filter(|_| is_clear))
    }

    /// The candidate, unless it is another object, or its place still holds the object.
    fn gone<T>(
        &self,
        spot: &Spot,
        object: &Examined,
        candidate: Candidate<T>,
        item: Item,
        is_it: bool,
    ) -> Result<Option<(Origin, Looked)>, StoreError> {
        let Candidate {
            dir,
            name,
            identity,
            ..
        } = candidate;
        if !is_it {
            return Ok(None);
        }
        let Some(at) = self.place(dir, &name)? else {
            return Ok(None);
        };
        if at == *spot {
            return Ok(None);
        }
        // A directory may have gone below what was in it.
        let within = match object.kind == FileType::Directory {
            true => None,
            false => self.directory(dir)?,
        };
        let looked = self.look(&at, within);
        if matches!(looked, Looked::Object(there) if there.identity == object.identity) {
            return Ok(None);
        }
        let origin = Origin {
            item,
            dir,
            name,
            at,
            identity,
        };
        Ok(Some((origin, looked)))
    }

    /// Whether a file is the one that a row was recorded of. Where the file system does
    /// not prove it, the content has to.
    fn is_file(&self, spot: &Spot, object: &Examined, candidate: &Candidate<SyncedFile>) -> bool {
        match candidate.identity.compare(&object.identity) {
            Sameness::Same => true,
            Sameness::Other => false,
            Sameness::Unknown => {
                let (known, now) = (&candidate.row.stamp, &object.stamp);
                (known.size, known.mtime) == (now.size, now.mtime)
                    && self.root(spot.0).is_some_and(|root| {
                        let at = crate::clock::nanos();
                        let hashed = hash::hash(&root, &spot.1, at, Tolerated::Nothing);
                        hashed.is_ok_and(|hashed| hashed.sha1 == candidate.row.sha1)
                    })
            }
        }
    }

    /// What is at a place; `dir` is the inode number of the directory that it is meant in.
    pub(crate) fn look(&self, spot: &Spot, dir: Option<u64>) -> Looked {
        let (Some(root), Some((above, name))) = (self.root(spot.0), spot.1.split()) else {
            return Looked::Unknown;
        };
        let fd = match root.open_dir(&above) {
            Ok(fd) => fd,
            Err(LocalError::Missing(_) | LocalError::NotDirectory(_)) => return Looked::Nothing,
            Err(_) => return Looked::Unknown,
        };
        if let Some(dir) = dir {
            match fstat(&fd) {
                Ok(stat) if stat.st_ino == dir => {}
                // The directory has moved itself, and the place with it.
                Ok(_) => return Looked::Nothing,
                Err(_) => return Looked::Unknown,
            }
        }
        let found = match examine(fd.as_fd(), &name) {
            Ok(found) => found,
            Err(Errno::NOENT | Errno::NOTDIR) => return Looked::Nothing,
            Err(_) => return Looked::Unknown,
        };
        let is_dir = found.kind == FileType::Directory;
        if !is_dir && found.kind != FileType::RegularFile {
            return Looked::Nothing;
        }
        let mut descent = Descent::new(Arc::clone(&self.context.mirrors[spot.0].rules));
        let is_left_out = match descent.level(&root, &above) {
            Ok(level) => {
                level.shut().is_some() || level.excluded(spot.1.as_path(), is_dir).is_some()
            }
            Err(_) => return Looked::Unknown,
        };
        match is_left_out {
            true => Looked::Nothing,
            false => Looked::Object(found),
        }
    }

    /// The inode number of a mapped directory, if it is known; a root is always itself.
    fn directory(&self, key: FolderKey) -> Result<Option<u64>, StoreError> {
        let row = self.reader.folder_row(key)?;
        let identity = row.and_then(|(_, _, folder)| folder.identity);
        Ok(identity.map(|identity: Identity| identity.inode))
    }

    /// Where the mapping has an entry. `None` in a mirror that is not of this run.
    pub(crate) fn place(
        &self,
        dir: FolderKey,
        name: &LocalName,
    ) -> Result<Option<Spot>, StoreError> {
        let Some((root, path)) = self.reader.locate(dir)? else {
            return Ok(None);
        };
        let mirrors = self.mirrors()?;
        let mirror = mirrors.iter().find(|(key, _)| *key == root);
        Ok(mirror.map(|(_, mirror)| (*mirror, path.join(name))))
    }

    fn mirrors(&self) -> Result<&[(FolderKey, usize)], StoreError> {
        if let Some(known) = self.mirrors.get() {
            return Ok(known);
        }
        let mut found = Vec::new();
        for (number, mirror) in self.context.mirrors.iter().enumerate() {
            let root = self.reader.root(&mirror.name, &mirror.target_key())?;
            found.extend(root.map(|root| (root.key, number)));
        }
        Ok(self.mirrors.get_or_init(|| found))
    }

    fn root(&self, mirror: usize) -> Option<Arc<Root>> {
        let mut roots = self.roots.borrow_mut();
        let root = roots.entry(mirror);
        let root = root.or_insert_with(|| self.context.mirrors.get(mirror)?.open_root().ok());
        root.clone()
    }
}

/// Tells in a directory's plan what is new from what has moved there. `is_last` names the
/// entries that are not put off any more.
pub(crate) fn sort_out(
    tracker: &Tracker<'_>,
    mirror: usize,
    dir: &Dir,
    mapped: &Mapped,
    plan: &mut DirPlan,
    is_last: &dyn Fn(&LocalName) -> bool,
) -> Result<(), StoreError> {
    let trashes = tracker.trashes(mirror);
    let mut actions = Vec::with_capacity(plan.actions.len());
    for action in std::mem::take(&mut plan.actions) {
        let Some((inode, is_dir, is_taken)) = suspect(&action, mapped) else {
            actions.push(action);
            continue;
        };
        let name = action.name().clone();
        let spot = (mirror, dir.path.join(&name));
        let found = tracker.follow(&spot, inode, is_dir, is_taken)?;
        if let Some(mirror) = tracker.paused_in(&found) {
            wait_for_resume(&action, mirror, dir, mapped, plan);
            continue;
        }
        // What has the name is of another kind: Box would refuse.
        let is_crossed = match is_dir {
            true => mapped.files.contains_key(&name),
            false => mapped.folders.contains_key(&name) && !mapped.files.contains_key(&name),
        };
        let waits = is_for_later(&found, &spot) || found == Found::New && is_crossed;
        if waits && !is_last(&name) {
            plan.put_off.push(name);
            continue;
        }
        let work = moves::work(&spot, found, Some(action.clone()));
        if work.is_none() && is_crossed && trashes {
            wait_for_delete(&action, dir, mapped, plan);
            continue;
        }
        actions.push(work.map_or(action, Action::Move));
    }
    respelled(tracker, mirror, dir, mapped, plan, &mut actions)?;
    plan.actions = actions;
    for (name, folder, identity) in std::mem::take(&mut plan.replaced) {
        let spot = (mirror, dir.path.join(&name));
        match tracker.follow(&spot, identity.inode, true, true)? {
            found if is_for_later(&found, &spot) && !is_last(&name) => plan.put_off.push(name),
            found if tracker.paused_in(&found).is_some() => {
                let mirror = tracker.paused_in(&found).unwrap_or_default().to_owned();
                let why = Parked::Awaits(mirror);
                plan.reports.push((name, Report::Parked(why)));
            }
            found @ (Found::Straight(_) | Found::Cycle(_)) => {
                let work = moves::work(&spot, found, None);
                plan.actions.extend(work.map(Action::Move));
            }
            // The folder is this directory's from now on; what was in it is found again,
            // one by one.
            Found::New | Found::Later => {
                plan.edits.push(Edit::Identify(folder.key, identity));
                let identity = Some(identity);
                plan.descend
                    .push((name, SyncedFolder { identity, ..folder }));
            }
        }
    }
    if trashes {
        keep_origins(tracker, mirror, dir, plan)?;
    }
    Ok(())
}

/// What has come from a name that differs in case only, and is free on Box by that.
fn respelled(
    tracker: &Tracker<'_>,
    mirror: usize,
    dir: &Dir,
    mapped: &Mapped,
    plan: &mut DirPlan,
    actions: &mut Vec<Action>,
) -> Result<(), StoreError> {
    for action in std::mem::take(&mut plan.respelled) {
        let Some((inode, is_dir, is_taken)) = suspect(&action, mapped) else {
            continue;
        };
        let name = action.name().clone();
        let spot = (mirror, dir.path.join(&name));
        let found = tracker.follow(&spot, inode, is_dir, is_taken)?;
        if tracker.paused_in(&found).is_some() {
            continue;
        }
        if let Some(work) = moves::work(&spot, found, Some(action)) {
            plan.reports.retain(|(reported, _)| *reported != name);
            plan.edits
                .retain(|edit| !matches!(edit, Edit::Park(_, parked, _) if *parked == name));
            actions.push(Action::Move(work));
        }
    }
    Ok(())
}

/// An entry takes its name when what had it is in the trash.
fn wait_for_delete(action: &Action, dir: &Dir, mapped: &Mapped, plan: &mut DirPlan) {
    let name = action.name();
    // That what had it could not be deleted says more.
    let known = mapped.parked.get(name);
    let known = known.filter(|known| known.code != NAME_TAKEN);
    let why = known.map_or(Parked::Succeeds, still);
    if known.is_none() {
        let stamp = match action {
            Action::File(work) => Some(work.stamp),
            Action::Folder(_) | Action::Move(_) => None,
        };
        let item = ParkedItem::new(&why, stamp);
        plan.edits
            .push(Edit::Park(dir.folder.key, name.clone(), item));
    }
    plan.reports.push((name.clone(), Report::Parked(why)));
}

/// An entry moves when the mirror that it comes from, or goes to, is not paused any more.
fn wait_for_resume(action: &Action, mirror: &str, dir: &Dir, mapped: &Mapped, plan: &mut DirPlan) {
    let name = action.name();
    let stamp = match action {
        Action::File(work) => Some(work.stamp),
        Action::Folder(_) | Action::Move(_) => None,
    };
    let why = Parked::Awaits(mirror.to_owned());
    let item = ParkedItem::new(&why, stamp);
    let known = mapped.parked.get(name);
    let is_known = |known: &ParkedItem| {
        (&known.code, &known.message, known.stamp) == (&item.code, &item.message, stamp)
    };
    if !known.is_some_and(is_known) {
        let edit = Edit::Park(dir.folder.key, name.clone(), item);
        plan.edits.push(edit);
    }
    plan.reports.push((name.clone(), Report::Parked(why)));
}

/// What was renamed to a name that it cannot have on Box yet is not deleted there: it is
/// here, and moves when it can.
fn keep_origins(
    tracker: &Tracker<'_>,
    mirror: usize,
    dir: &Dir,
    plan: &mut DirPlan,
) -> Result<(), StoreError> {
    let parked = plan.reports.iter();
    let parked = parked.filter(|(_, report)| matches!(report, Report::Parked(_)));
    let mut marks = Vec::new();
    for (name, _) in parked {
        let spot = (mirror, dir.path.join(name));
        if let Some((dir, name)) = tracker.absent_origin(&spot)? {
            marks.push(Edit::Mark(Mark::Present(dir, name)));
        }
    }
    plan.edits.extend(marks);
    Ok(())
}

/// Of a cycle one is enough.
fn is_for_later(found: &Found, spot: &Spot) -> bool {
    match found {
        Found::Later => true,
        Found::Cycle(hops) => hops.iter().any(|hop| hop.to < *spot),
        Found::New | Found::Straight(_) => false,
    }
}

/// An entry that may have moved to its name: its inode number, whether it is a directory,
/// and whether the mapping has something else under the name.
fn suspect(action: &Action, mapped: &Mapped) -> Option<(u64, bool, bool)> {
    match action {
        Action::File(work) => {
            let known = work.synced.as_ref();
            let is_same = known.is_some_and(|known| known.stamp.inode == work.stamp.inode);
            let is_taken = known.is_some() || mapped.folders.contains_key(&work.name);
            (!is_same).then_some((work.stamp.inode, false, is_taken))
        }
        Action::Folder(work) => {
            let identity = work.identity.filter(|_| !work.is_mapped)?;
            Some((identity.inode, true, mapped.files.contains_key(&work.name)))
        }
        Action::Move(_) => None,
    }
}
