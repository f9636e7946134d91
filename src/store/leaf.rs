//! Small files of JSON in the state directory, beside the database: no decision about
//! anybody's data rests on them.

use rustix::fs::OFlags;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaf {
    /// Its name.
    pub(crate) name: &'static str,
    /// In bytes, longer than it ever is.
    pub(crate) longest: u64,
    /// Whether what was written outlives a power cut from then on; else it may be the former.
    pub(crate) is_durable: bool,
    /// So many bytes are taken for it even if it is shorter: it can be written again within
    /// them when the disk is full.
    pub(crate) room: usize,
}

impl Leaf {
    /// Reads it. An error that is not `NotFound` is damage, or something else in its place.
    pub(crate) fn read<T: DeserializeOwned>(&self, dir: &Path) -> io::Result<T> {
        let mut options = OpenOptions::new();
        // Without NONBLOCK a pipe in the file's place would hang us.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.read(true).custom_flags(flags.bits().cast_signed());
        let file = options.open(dir.join(self.name))?;
        let mut text = Vec::new();
        file.take(self.longest).read_to_end(&mut text)?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// Writes it, for its owner alone. A reader sees the former or this, never half of it,
    /// unless the machine dies while its disk is full.
    pub(crate) fn write<T: Serialize>(&self, dir: &Path, content: &T) -> io::Result<()> {
        let mut text = serde_json::to_vec(content)?;
        text.push(b'\n');
        // What JSON takes for nothing.
        text.resize(text.len().max(self.room), b'\n');
        match self.replace(dir, &text) {
            Err(error)
                if [ErrorKind::StorageFull, ErrorKind::QuotaExceeded].contains(&error.kind()) =>
            {
                self.overwrite(dir, &text).map_err(|_| error)
            }
            replaced => replaced,
        }
    }

    /// Writes it where the former stands, if that takes as much room.
    fn overwrite(&self, dir: &Path, text: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.write(true).custom_flags(flags.bits().cast_signed());
        let mut file = options.open(dir.join(self.name))?;
        let found = file.metadata()?;
        if !found.is_file() || found.blocks().saturating_mul(512) < text.len() as u64 {
            return Err(ErrorKind::StorageFull.into());
        }
        file.write_all(text)?;
        file.set_len(text.len() as u64)
    }

    fn replace(&self, dir: &Path, text: &[u8]) -> io::Result<()> {
        let new = dir.join(format!("{}.new", self.name));
        // What a killed run has left may be anybody's, or a link to something else.
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let written = options.open(&new).and_then(|mut file| {
            file.write_all(text)?;
            match self.is_durable {
                true => file.sync_all(),
                false => Ok(()),
            }
        });
        let kept = written.and_then(|()| std::fs::rename(&new, dir.join(self.name)));
        if kept.is_err() {
            // It is of no use, and takes room.
            drop(std::fs::remove_file(&new));
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::Leaf;
    use std::io::ErrorKind;
    use std::os::unix::fs::{MetadataExt, symlink};

    const LEAF: Leaf = Leaf {
        name: "leaf.json",
        longest: 100,
        is_durable: true,
        room: 0,
    };

    #[test]
    fn it_is_read_as_it_was_written_by_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let missing = LEAF.read::<u64>(dir.path()).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
        // What a killed run has left is no hindrance.
        let new = dir.path().join("leaf.json.new");
        std::fs::write(&new, "{").unwrap();
        LEAF.write(dir.path(), &7).unwrap();
        assert_eq!(LEAF.read::<u64>(dir.path()).unwrap(), 7);
        let mode = dir.path().join(LEAF.name).metadata().unwrap().mode();
        assert_eq!(mode & 0o7777, 0o600);
        assert!(!new.exists());
    }

    #[test]
    fn on_a_full_disk_it_is_written_within_the_room_that_it_has() {
        let dir = tempfile::tempdir().unwrap();
        let leaf = Leaf {
            room: 5_000,
            ..LEAF
        };
        assert!(leaf.overwrite(dir.path(), b"1").is_err(), "there is none");
        leaf.write(dir.path(), &7).unwrap();
        let long = vec![b'1'; 1 << 20];
        assert!(leaf.overwrite(dir.path(), &long).is_err());
        let read = |leaf: Leaf| {
            Leaf {
                longest: 9_999,
                ..leaf
            }
            .read::<u64>(dir.path())
            .unwrap()
        };
        assert_eq!(read(leaf), 7);
        leaf.overwrite(dir.path(), b"123").unwrap();
        assert_eq!(read(leaf), 123);
    }

    #[test]
    fn what_is_damaged_too_long_or_no_file_is_an_error_and_no_link_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(LEAF.name);
        for text in ["", "{", "x", "\u{0}\u{0}", &" ".repeat(100)] {
            std::fs::write(&path, format!("{text}7x")).unwrap();
            assert!(LEAF.read::<u64>(dir.path()).is_err(), "{text:?}");
        }
        let other = dir.path().join("other");
        std::fs::write(&other, "7").unwrap();
        std::fs::remove_file(&path).unwrap();
        symlink(&other, &path).unwrap();
        assert!(LEAF.read::<u64>(dir.path()).is_err());
        symlink(&other, dir.path().join("leaf.json.new")).unwrap();
        LEAF.write(dir.path(), &8).unwrap();
        assert_eq!(LEAF.read::<u64>(dir.path()).unwrap(), 8);
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "7");
    }
}
