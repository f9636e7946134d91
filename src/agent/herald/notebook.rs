//! What was told, in a small file of the state directory, so that the next run knows it.

use crate::plan::herald::memory::Memory;
use crate::store::leaf::Leaf;
use crate::store::witness::Witness;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

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
    /// `None` where there was no state directory.
    dir: Option<Witness>,
    /// As it stands there.
    kept: Notes,
}

impl Notebook {
    /// Opens the one of a state directory. It is there from the first, so that what is told
    /// of a full disk is told once.
    pub(crate) fn open(state_dir: &Path) -> (Self, Notes) {
        let notes = read(state_dir);
        if !state_dir.join(FILE.name).exists() {
            // If it cannot be, that is told when there is something in it.
            drop(FILE.write(state_dir, &notes));
        }
        let book = Self {
            dir: Witness::of(state_dir.to_path_buf()).ok(),
            kept: notes.clone(),
        };
        (book, notes)
    }

    /// Writes what has changed, into the directory that it was opened in and no other one
    /// that has taken its place.
    pub(crate) fn keep(&mut self, notes: &Notes) {
        let Some(dir) = self.dir.as_ref().filter(|dir| !dir.is_gone()) else {
            return;
        };
        if *notes == self.kept {
            return;
        }
        match FILE.write(dir.path(), notes) {
            Ok(()) => self.kept = notes.clone(),
            Err(error) => tracing::warn!(
                %error,
                "{} cannot be written: what was told may be told again",
                FILE.name
            ),
        }
    }
}

/// What is noted in a state directory. Damaged notes are forgotten: what lasts is told once
/// more.
pub(crate) fn read(state_dir: &Path) -> Notes {
    FILE.read(state_dir).unwrap_or_else(|error| {
        if error.kind() != io::ErrorKind::NotFound {
            tracing::warn!(%error, "{} cannot be read: what was told is forgotten", FILE.name);
        }
        Notes::default()
    })
}

#[cfg(test)]
mod tests {
    use super::{FILE, Notebook, Notes, read};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_kept_is_there_again_and_what_is_damaged_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE.name);
        assert_eq!(read(dir.path()), Notes::default());
        assert!(!path.exists(), "whoever only asks writes nothing");
        let (mut book, mut notes) = Notebook::open(dir.path());
        assert_eq!(notes, Notes::default());
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
    fn nothing_is_written_into_another_directory_that_has_taken_the_place() {
        let temp = tempfile::tempdir().unwrap();
        let (dir, aside) = (temp.path().join("state"), temp.path().join("aside"));
        std::fs::create_dir(&dir).unwrap();
        let (mut book, mut notes) = Notebook::open(&dir);
        std::fs::rename(&dir, &aside).unwrap();
        std::fs::create_dir(&dir).unwrap();
        notes.last_good = Some(7);
        book.keep(&notes);
        assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0);
        std::fs::remove_dir(&dir).unwrap();
        std::fs::rename(&aside, &dir).unwrap();
        book.keep(&notes);
        assert_eq!(read(&dir), notes);
    }

    #[test]
    fn where_nothing_can_be_written_it_goes_on() {
        let (mut book, notes) = Notebook::open(std::path::Path::new("/nonexistent/dir"));
        let mut more = notes;
        more.last_good = Some(1);
        book.keep(&more);
    }
}
