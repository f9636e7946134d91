//! One watch for each directory that is not excluded, kept complete as the tree grows.
//!
//! A directory is watched first and listed afterwards: what was made in it before the
//! watch is in the listing, what is made later is an event. Only names and types are
//! read here; what there is to say about the entries is the scan's business.

use crate::local::descent::Descent;
use crate::local::error::Error;
use crate::local::mounts::Ground;
use crate::local::root::Root;
use crate::local::rules::Rules;
use crate::local::scan::subdirectories;
use crate::local::watch_limit::{more_instances, more_watches};
use crate::model::path::RelPath;
use crate::plan::sight::{Cause, Unwatched};
use notify::event::EventKindMask;
use notify::{
    Config, ErrorKind, EventHandler, PathOp, RecommendedWatcher, RecursiveMode, WatchPathConfig,
    Watcher as _,
};
use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many watches are asked for at once.
const BATCH: usize = 512;

/// The watches of one root.
pub(super) struct WatchTree {
    root: Arc<Root>,
    descent: Descent,
    watcher: RecommendedWatcher,
    /// Directories that we may not look into, to be tried again when their
    /// permissions change.
    refused: HashSet<RelPath>,
    /// What the root lies on.
    ground: Arc<Ground>,
    unwatched: Blanks,
    /// The system allows no more watches: there is no use in asking for each directory.
    is_full: bool,
}

/// The places of a root that are not watched; shared with whoever polls them.
#[derive(Clone, Debug, Default)]
pub(super) struct Blanks(Arc<Mutex<Unwatched>>);

impl Blanks {
    pub(super) fn lock(&self) -> MutexGuard<'_, Unwatched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WatchTree {
    /// Watches the whole root. Changes go to `handler` from then on.
    pub(super) fn new(
        root: Arc<Root>,
        rules: Arc<Rules>,
        ground: Arc<Ground>,
        unwatched: Blanks,
        handler: impl EventHandler,
    ) -> Result<Self, Cause> {
        // No event for what only reads: our own hashing would keep waking us.
        let kinds = EventKindMask::CORE | EventKindMask::ACCESS_CLOSE;
        let config = Config::default()
            .with_follow_symlinks(false)
            .with_event_kinds(kinds);
        let cause = |error: notify::Error| cause(&error);
        let mut watcher = RecommendedWatcher::new(handler, config).map_err(cause)?;
        let watched = watcher.watch_with(root.path(), one_directory(true));
        watched.map_err(cause)?;
        unwatched.lock().clear();
        let mut tree = Self {
            root,
            descent: Descent::new(rules),
            watcher,
            refused: HashSet::new(),
            ground,
            unwatched,
            is_full: false,
        };
        tree.descend(vec![RelPath::root()]);
        Ok(tree)
    }

    /// Watches a directory that may have come into being, and all below it. Tells
    /// whether it is one.
    pub(super) fn arrived(&mut self, path: &RelPath) -> bool {
        self.descent.forget();
        // Whatever was known of this place was about something else.
        self.unwatched.lock().forget(path);
        if path.is_root() || !self.is_directory(path) || self.is_shut(path) {
            return false;
        }
        self.watch_all(vec![path.clone()]);
        true
    }

    /// The rules in a directory are others now: what they no longer leave out is watched.
    pub(super) fn rules_changed(&mut self, dir: &RelPath) {
        self.descent.forget();
        match dir.is_root() {
            true => self.descend(vec![RelPath::root()]),
            false => drop(self.arrived(dir)),
        }
    }

    /// Whether an entry is left out whatever it is.
    pub(super) fn is_excluded(&mut self, path: &RelPath) -> bool {
        let Some((dir, _)) = path.split() else {
            return false;
        };
        let path = path.as_path();
        self.descent.level(&self.root, &dir).is_ok_and(|level| {
            level.excluded(path, false).is_some() && level.excluded(path, true).is_some()
        })
    }

    /// What was read of the rules may be of yesterday.
    pub(super) fn forget_rules(&mut self) {
        self.descent.forget();
    }

    /// Whether a directory is left out; one whose rules cannot be read is not.
    fn is_shut(&mut self, dir: &RelPath) -> bool {
        let level = self.descent.level(&self.root, dir);
        level.is_ok_and(|level| level.shut().is_some())
    }

    /// Tries once more what could not be watched; returns the directories of which it
    /// was worth it, or `None` when all of the root is worth another start.
    pub(super) fn retry(&mut self) -> Option<Vec<RelPath>> {
        let (dirs, is_collapsed) = {
            let mut unwatched = self.unwatched.lock();
            (unwatched.take_for_retry(), unwatched.is_collapsed())
        };
        self.is_full = false;
        if is_collapsed {
            self.watch_batch(dirs);
            return self.is_full.then(Vec::new);
        }
        if dirs.iter().any(RelPath::is_root) {
            return None;
        }
        let mut there = dirs;
        there.retain(|dir| self.arrived(dir));
        let unwatched = self.unwatched.lock();
        let is_watched = |dir: &RelPath| unwatched.places().all(|other| other != dir);
        Some(there.into_iter().filter(is_watched).collect())
    }

    /// Whether we could not look into this directory.
    pub(super) fn was_refused(&self, path: &RelPath) -> bool {
        self.refused.contains(path)
    }

    fn is_directory(&self, path: &RelPath) -> bool {
        match self.root.open_dir(path) {
            Ok(_) => true,
            // There, as far as we know: the watch will tell.
            Err(error) => matches!(error, Error::Unreadable { .. }),
        }
    }

    /// Watches these directories and all below them, a batch at a time so that neither
    /// the kernel's queue nor ours fills up with a large tree.
    fn watch_all(&mut self, mut waiting: Vec<RelPath>) {
        while !waiting.is_empty() && !self.is_full {
            let batch = waiting.split_off(waiting.len().saturating_sub(BATCH));
            let watched = self.watch_batch(batch);
            waiting.extend(self.list_all(watched));
        }
        if !waiting.is_empty() {
            let cause = Cause::Limit(more_watches(0));
            for dir in waiting {
                self.unwatched.lock().add(dir, cause.clone());
            }
        }
    }

    fn descend(&mut self, watched: Vec<RelPath>) {
        let below = self.list_all(watched);
        self.watch_all(below);
    }

    fn list_all(&mut self, dirs: Vec<RelPath>) -> Vec<RelPath> {
        let mut found = Vec::new();
        for dir in dirs {
            let level = self.descent.level(&self.root, &dir);
            match level.and_then(|level| subdirectories(&self.root, &dir, level)) {
                Ok(below) => found.extend(below),
                // Watched itself, so that the file with the rules is seen to be mended.
                Err(error @ Error::Rules { .. }) => {
                    tracing::debug!(%dir, %error, "not watched any deeper");
                }
                Err(Error::Missing(_) | Error::NotDirectory(_)) => {}
                Err(error) => self.missed(dir, error.is_refusal(), error.to_string()),
            }
        }
        found
    }

    /// Returns those that are to be listed: all that are there, but for those which are
    /// polled from now on with all that is in them.
    fn watch_batch(&mut self, mut dirs: Vec<RelPath>) -> Vec<RelPath> {
        dirs.retain(|dir| {
            let silent = self.ground.silent_at(dir);
            if let Some(kind) = silent {
                let cause = Cause::FileSystem(kind.to_owned());
                self.unwatched.lock().add(dir.clone(), cause);
            }
            silent.is_none()
        });
        let op = |dir: &RelPath| PathOp::Watch(self.root.on_disk(dir), one_directory(false));
        let mut ops: Vec<PathOp> = dirs.iter().map(op).collect();
        let mut gone = HashSet::new();
        for dir in &dirs {
            self.refused.remove(dir);
        }
        while let Err(failed) = self.watcher.update_paths(std::mem::take(&mut ops)) {
            let path = failed.origin.as_ref().map(PathOp::as_path);
            let dir = path.and_then(|path| RelPath::below(self.root.path(), path));
            ops = failed.remaining;
            let Some(dir) = dir else {
                // Which of the batch are watched is not known.
                let cause = cause(&failed.source);
                self.unwatched.lock().add(RelPath::root(), cause);
                break;
            };
            if !self.explain(&dir, &failed.source) {
                gone.insert(dir);
            }
        }
        let there = dirs.into_iter().filter(|dir| !gone.contains(dir));
        there.collect()
    }

    /// Notes why a directory is not watched; tells whether what is in it may be watched
    /// all the same.
    fn explain(&mut self, dir: &RelPath, error: &notify::Error) -> bool {
        match &error.kind {
            ErrorKind::PathNotFound => {}
            ErrorKind::Io(source) if source.kind() == io::ErrorKind::NotADirectory => {}
            ErrorKind::Io(source) if source.kind() == io::ErrorKind::PermissionDenied => {
                self.missed(dir.clone(), true, error.to_string());
                return true;
            }
            ErrorKind::MaxFilesWatch => {
                self.is_full = true;
                self.unwatched.lock().add(dir.clone(), cause(error));
            }
            _ => self.unwatched.lock().add(dir.clone(), cause(error)),
        }
        false
    }

    fn missed(&mut self, dir: RelPath, refused: bool, reason: String) {
        tracing::debug!(root = ?self.root.path(), %dir, reason, "not watched");
        if refused {
            // The scan reports it as unreadable; nothing else is amiss.
            self.refused.insert(dir);
        } else {
            self.unwatched.lock().add(dir, Cause::Failed(reason));
        }
    }
}

/// Only the root may be reached through a link.
fn one_directory(follow: bool) -> WatchPathConfig {
    WatchPathConfig::new(RecursiveMode::NonRecursive).with_dereference_symlinks(follow)
}

/// Why there is no watch.
fn cause(error: &notify::Error) -> Cause {
    // Of watchers there are too many, or of descriptors; the second is ours to know.
    const TOO_MANY: i32 = 24;
    match &error.kind {
        ErrorKind::MaxFilesWatch => Cause::Limit(more_watches(0)),
        ErrorKind::Io(source) if source.raw_os_error() == Some(TOO_MANY) => {
            Cause::Limit(more_instances(0))
        }
        _ => Cause::Failed(error.to_string()),
    }
}
