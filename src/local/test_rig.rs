//! A real directory with real entries, for the tests of this layer only.

use crate::local::descent::Descent;
use crate::local::root::Root;
use crate::local::rules::{Level, Rules};
use crate::model::path::RelPath;
use crate::model::rules::{Origin, Rule, Selection};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A temporary root.
pub(crate) struct Rig {
    pub(crate) root: Arc<Root>,
    dir: TempDir,
}

/// The relative path that `text` spells; `"."` is the root.
pub(crate) fn rel(text: &str) -> RelPath {
    RelPath::below(Path::new("/r"), &Path::new("/r").join(text)).unwrap()
}

/// Patterns of `exclude`.
pub(crate) fn patterns(patterns: &[&str]) -> Vec<Arc<Rule>> {
    patterns_of("exclude", patterns)
}

/// Patterns of this key.
pub(crate) fn patterns_of(key: &'static str, patterns: &[&str]) -> Vec<Arc<Rule>> {
    let rule = |(at, text): (usize, &&str)| {
        Arc::new(Rule {
            text: (*text).into(),
            origin: Origin::Key {
                key,
                file: "sync.toml".into(),
                line: Some(at + 1),
            },
        })
    };
    patterns.iter().enumerate().map(rule).collect()
}

/// Rules that leave these out.
pub(crate) fn rules(exclude: &[&str]) -> Arc<Rules> {
    let selection = Selection {
        exclude: patterns(exclude),
        ..Selection::default()
    };
    Arc::new(Rules::new(selection, None).unwrap())
}

/// The same, as they hold in the root.
pub(crate) fn level(exclude: &[&str]) -> Level {
    Level::bare(rules(exclude))
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::at(tempfile::tempdir().unwrap())
    }

    /// In memory where the system has such a place, for tests with many files.
    pub(crate) fn in_memory() -> Self {
        match tempfile::tempdir_in("/dev/shm") {
            Ok(dir) => Self::at(dir),
            Err(_) => Self::new(),
        }
    }

    fn at(dir: TempDir) -> Self {
        let root = Arc::new(Root::open(dir.path()).unwrap());
        Self { root, dir }
    }

    /// The rules in a directory of it.
    pub(crate) fn level(&self, rules: &Arc<Rules>, dir: &str) -> Level {
        let mut descent = Descent::new(Arc::clone(rules));
        descent.level(&self.root, &rel(dir)).unwrap().clone()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn dir(self, name: &str) -> Self {
        fs::create_dir_all(self.path(name)).unwrap();
        self
    }

    pub(crate) fn fifo(self, name: &str) -> Self {
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, self.path(name), kind, 0o600.into(), 0).unwrap();
        self
    }

    /// Repeats `write` until the file's change time has moved: some kernels' clock for
    /// that stands still for milliseconds.
    pub(crate) fn until_noticed(&self, name: &str, write: impl Fn(PathBuf)) {
        let changed = || {
            let metadata = fs::metadata(self.path(name)).unwrap();
            (metadata.ctime(), metadata.ctime_nsec())
        };
        let before = changed();
        while changed() == before {
            write(self.path(name));
        }
    }
}
