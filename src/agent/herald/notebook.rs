//! What was told, in a small file of the state directory, so that the next run knows it.

use crate::plan::herald::memory::Memory;
use crate::store::leaf::Leaf;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

const FILE: Leaf = Leaf {
    name: "notified.json",
    longest: 16 << 20,
    is_durable: true,
    room: 16 << 10,
};

/// The file's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Notes {
    /// What was told.
    pub(crate) memory: Memory,
    /// When everything was on Box at the end of a run, in milliseconds since the epoch.
    pub(crate) last_good: Option<u64>,
    /// Ways by which nobody can be told, and why: as of the last try.
    pub(crate) failing: BTreeMap<String, String>,
}

/// The file.
#[derive(Debug)]
pub(crate) struct Notebook {
    dir: PathBuf,
    /// As it stands there.
    kept: Notes,
}

impl Notebook {
    /// Opens the one of a state directory. A damaged one is forgotten: what lasts is told
    /// once more. It is there from the first, so that what is told of a full disk is told once.
    pub(crate) fn open(state_dir: &Path) -> (Self, Notes) {
        let notes = FILE.read(state_dir).unwrap_or_else(|error| {
            let notes = Notes::default();
            match error.kind() {
                // If it cannot be, that is told when there is something in it.
                io::ErrorKind::NotFound => drop(FILE.write(state_dir, &notes)),
                _ => tracing::warn!(%error, "{} cannot be read: what was told is forgotten", FILE.name),
            }
            notes
        });
        let book = Self {
            dir: state_dir.to_path_buf(),
            kept: notes.clone(),
        };
        (book, notes)
    }

    /// Writes what has changed.
    pub(crate) fn keep(&mut self, notes: &Notes) {
        if *notes == self.kept {
            return;
        }
        match FILE.write(&self.dir, notes) {
            Ok(()) => self.kept = notes.clone(),
            Err(error) => tracing::warn!(
                %error,
                "{} cannot be written: what was told may be told again",
                FILE.name
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FILE, Notebook, Notes};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_kept_is_there_again_and_what_is_damaged_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let (mut book, mut notes) = Notebook::open(dir.path());
        assert_eq!(notes, Notes::default());
        let path = dir.path().join(FILE.name);
        assert!(path.exists(), "it has no room of its own");
        notes.last_good = Some(7);
        book.keep(&notes);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        assert_eq!(Notebook::open(dir.path()).1, notes);
        for damage in ["", "{", "[]", "{\"memory\":7}", "\u{0}\u{0}"] {
            std::fs::write(&path, damage).unwrap();
            assert_eq!(Notebook::open(dir.path()).1, Notes::default(), "{damage}");
        }
        // Keys of another version's are no damage.
        std::fs::write(&path, "{\"last_good\":7,\"other\":1}").unwrap();
        assert_eq!(Notebook::open(dir.path()).1, notes);
    }

    #[test]
    fn where_nothing_can_be_written_it_goes_on() {
        let (mut book, notes) = Notebook::open(std::path::Path::new("/nonexistent/dir"));
        let mut more = notes;
        more.last_good = Some(1);
        book.keep(&more);
    }
}
