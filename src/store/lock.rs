//! One writer per state directory: a lock of the operating system on an open file.
//!
//! Not a pid file: the lock ends with the process, however it ends.

use crate::store::error::Error;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Held for as long as it lives.
#[derive(Debug)]
pub(crate) struct StateLock {
    _file: File,
}

impl StateLock {
    /// Takes the lock or says at once that somebody else has it.
    pub(crate) fn acquire(dir: &Path) -> Result<Self, Error> {
        let path = dir.join("lock");
        let directory = |source| Error::Directory {
            path: path.clone(),
            source,
        };
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).map_err(directory)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::Locked {
                path: dir.to_path_buf(),
            }),
            Err(TryLockError::Error(source)) => Err(directory(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StateLock;
    use crate::store::error::Error;

    #[test]
    fn the_second_is_refused_and_the_next_after_the_first_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let first = StateLock::acquire(dir.path()).unwrap();
        assert!(matches!(
            StateLock::acquire(dir.path()),
            Err(Error::Locked { .. })
        ));
        drop(first);
        StateLock::acquire(dir.path()).unwrap();
    }
}
