//! Files and directories that a run holds on to: whether they are still what is found at their paths.

use crate::store::error::Error;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Where a file was, and which one.
#[derive(Clone, Debug)]
pub(crate) struct Witness {
    path: PathBuf,
    object: (u64, u64),
}

impl Witness {
    /// Of the file that is there now.
    pub(crate) fn of(path: PathBuf) -> Result<Self, Error> {
        match std::fs::metadata(&path) {
            Ok(found) => Ok(Self {
                object: (found.dev(), found.ino()),
                path,
            }),
            Err(source) => Err(Error::Directory { path, source }),
        }
    }

    /// Whether the file is certainly not there any more, or another one is.
    pub(crate) fn is_gone(&self) -> bool {
        match std::fs::metadata(&self.path) {
            Ok(found) => (found.dev(), found.ino()) != self.object,
            Err(error) => matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
        }
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::Witness;

    #[test]
    fn a_file_is_gone_when_it_is_removed_or_another_one_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let (path, aside) = (dir.path().join("sub/a"), dir.path().join("aside"));
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        assert!(Witness::of(path.clone()).is_err());
        std::fs::write(&path, "a").unwrap();
        let witness = Witness::of(path.clone()).unwrap();
        std::fs::write(&path, "b").unwrap();
        assert!(!witness.is_gone());
        std::fs::rename(&path, &aside).unwrap();
        assert!(witness.is_gone());
        std::fs::write(&path, "a").unwrap();
        assert!(witness.is_gone());
        std::fs::rename(&aside, &path).unwrap();
        assert!(!witness.is_gone());
        std::fs::rename(dir.path().join("sub"), &aside).unwrap();
        assert!(witness.is_gone());
        std::fs::write(dir.path().join("sub"), "no directory").unwrap();
        assert!(witness.is_gone());
    }
}
