//! What can go wrong on the disk, always with the path it went wrong at.
//!
//! Only what the system said outright counts as "not there": a process that has run
//! out of descriptors or memory must not conclude that files are gone.

use rustix::io::Errno;
use std::io;
use std::path::{Path, PathBuf};

/// Why the disk could not be examined or watched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Nothing is there.
    #[error("{0:?} does not exist")]
    Missing(PathBuf),
    /// Something else is there; a symbolic link counts as something else.
    #[error("{0:?} is not a directory")]
    NotDirectory(PathBuf),
    /// A link, pipe, socket, device or directory is there.
    #[error("{0:?} is not a regular file")]
    NotRegular(PathBuf),
    /// It may be there, but it could not be examined.
    #[error("{path:?}: {source}")]
    Unreadable {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file with rules is there and cannot be read: what it leaves out is not known.
    #[error(
        "{path:?} cannot be read: {why}; make it a readable file, or remove it: until then \
         nothing beside or below it is mirrored"
    )]
    Rules {
        /// Where.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
}

impl Error {
    /// What failing to open the directory at `path` means.
    pub(crate) fn of_directory(path: &Path, errno: Errno) -> Self {
        match errno {
            Errno::NOENT => Self::Missing(path.to_path_buf()),
            Errno::NOTDIR | Errno::LOOP => Self::NotDirectory(path.to_path_buf()),
            _ => Self::unreadable(path, errno),
        }
    }

    /// What failing to open the file at `path` means.
    pub(crate) fn of_file(path: &Path, errno: Errno) -> Self {
        match errno {
            Errno::NOENT => Self::Missing(path.to_path_buf()),
            // A link that was not followed; a socket or a device without a driver.
            Errno::LOOP | Errno::NXIO | Errno::NODEV => Self::NotRegular(path.to_path_buf()),
            _ => Self::unreadable(path, errno),
        }
    }

    /// Whatever the system said, about `path`.
    pub(crate) fn unreadable(path: &Path, source: impl Into<io::Error>) -> Self {
        Self::Unreadable {
            path: path.to_path_buf(),
            source: source.into(),
        }
    }

    /// Whether the system refused because of permissions, as opposed to trouble that
    /// may pass.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Unreadable { source, .. }
            if source.kind() == io::ErrorKind::PermissionDenied)
    }
}

/// Whether the machine, not the entry, is the cause: nothing may be concluded.
pub(crate) fn is_shortage(errno: Errno) -> bool {
    matches!(errno, Errno::MFILE | Errno::NFILE | Errno::NOMEM)
}
