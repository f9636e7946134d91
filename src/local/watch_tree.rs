//! One watch for each directory that is not excluded, kept complete as the tree grows.
//!
//! A directory is watched first and listed afterwards: what was made in it before the
//! watch is in the listing, what is made later is an event. Only names and types are
//! read here; what there is to say about the entries is the scan's business.

use crate::local::descent::Descent;
use crate::local::error::Error;
use crate::local::root::Root;
use crate::local::rules::Rules;
use crate::local::scan::subdirectories;
use crate::model::path::RelPath;
use notify::event::EventKindMask;
use notify::{
    Config, ErrorKind, EventHandler, PathOp, RecommendedWatcher, RecursiveMode, WatchPathConfig,
    Watcher as _,
};
use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
    /// Set once some directory is not watched that should be.
    partial: Arc<AtomicBool>,
}

impl WatchTree {
    /// Watches the whole root. Changes go to `handler` from then on.
    pub(super) fn new(
        root: Arc<Root>,
        rules: Arc<Rules>,
        partial: Arc<AtomicBool>,
        handler: impl EventHandler,
    ) -> Result<Self, Error> {
        // No event for what only reads: our own hashing would keep waking us.
        let kinds = EventKindMask::CORE | EventKindMask::ACCESS_CLOSE;
        let config = Config::default()
            .with_follow_symlinks(false)
            .with_event_kinds(kinds);
        let mut watcher = RecommendedWatcher::new(handler, config)
            .map_err(|error| unwatchable(root.path(), &error))?;
        watcher
            .watch_with(root.path(), one_directory(true))
            .map_err(|error| unwatchable(root.path(), &error))?;
        let mut tree = Self {
            root,
            descent: Descent::new(rules),
            watcher,
            refused: HashSet::new(),
            partial,
        };
        tree.descend(vec![RelPath::root()]);
        Ok(tree)
    }

    /// Watches a directory that may have come into being, and all below it. Tells
    /// whether it is one.
    pub(super) fn arrived(&mut self, path: &RelPath) -> bool {
        self.descent.forget();
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
        while !waiting.is_empty() {
            let batch = waiting.split_off(waiting.len().saturating_sub(BATCH));
            let watched = self.watch_batch(batch);
            waiting.extend(self.list_all(watched));
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
                Err(error) => self.missed(dir, error.is_refusal(), &error.to_string()),
            }
        }
        found
    }

    /// Returns those that are to be listed: all but those which are not there.
    fn watch_batch(&mut self, dirs: Vec<RelPath>) -> Vec<RelPath> {
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
                self.degrade(&failed.source);
                break;
            };
            if !self.explain(&dir, &failed.source) {
                gone.insert(dir);
            }
        }
        let there = dirs.into_iter().filter(|dir| !gone.contains(dir));
        there.collect()
    }

    /// Notes why a directory is not watched; tells whether it is there all the same.
    fn explain(&mut self, dir: &RelPath, error: &notify::Error) -> bool {
        match &error.kind {
            ErrorKind::PathNotFound => return false,
            ErrorKind::MaxFilesWatch => self.limit_reached(),
            ErrorKind::Io(source) if source.kind() == io::ErrorKind::NotADirectory => return false,
            ErrorKind::Io(source) => {
                let refused = source.kind() == io::ErrorKind::PermissionDenied;
                self.missed(dir.clone(), refused, &error.to_string());
            }
            ErrorKind::Generic(_) | ErrorKind::WatchNotFound | ErrorKind::InvalidConfig(_) => {
                self.degrade(error);
            }
        }
        true
    }

    fn missed(&mut self, dir: RelPath, refused: bool, reason: &str) {
        tracing::debug!(root = ?self.root.path(), %dir, reason, "not watched");
        if refused {
            // The scan reports it as unreadable; nothing else is amiss.
            self.refused.insert(dir);
        } else {
            self.partial.store(true, Ordering::Relaxed);
        }
    }

    fn degrade(&self, error: &notify::Error) {
        self.partial.store(true, Ordering::Relaxed);
        tracing::warn!(root = ?self.root.path(), %error, "some changes will only be seen by the next scan");
    }

    fn limit_reached(&self) {
        if !self.partial.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                root = ?self.root.path(),
                "this system allows no more watches: changes in the remaining directories will \
                 only be seen by the next scan; raise fs.inotify.max_user_watches"
            );
        }
    }
}

/// Only the root may be reached through a link.
fn one_directory(follow: bool) -> WatchPathConfig {
    WatchPathConfig::new(RecursiveMode::NonRecursive).with_dereference_symlinks(follow)
}

fn unwatchable(path: &Path, error: &notify::Error) -> Error {
    Error::Unwatchable {
        path: path.to_path_buf(),
        reason: error.to_string(),
    }
}
