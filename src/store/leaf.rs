//! Small files of JSON in the state directory, beside the database: no decision about
//! anybody's data rests on them.

use rustix::fs::OFlags;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
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

    /// Writes it, for its owner alone. A reader sees the former or this, never half of it.
    pub(crate) fn write<T: Serialize>(&self, dir: &Path, content: &T) -> io::Result<()> {
        let new = dir.join(format!("{}.new", self.name));
        // What a killed run has left may be anybody's, or a link to something else.
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let written = options.open(&new).and_then(|mut file| {
            let mut text = serde_json::to_vec(content)?;
            text.push(b'\n');
            file.write_all(&text)?;
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
