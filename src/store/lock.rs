//! One writer per state directory: a lock of the operating system on an open file.
//!
//! Not a pid file: the lock ends with the process, however it ends. What stands in the file
//! only tells people who holds it.

use crate::store::error::Error;
use crate::store::witness::Witness;
use rustix::process::{Pid, test_kill_process};
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Longer than what stands in the file.
const LONGEST: u64 = 64;

/// What the lock is held for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The service.
    Service,
    /// A single pass, or a command.
    Run,
}

impl Role {
    const ALL: [Self; 2] = [Self::Service, Self::Run];

    /// In a word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Run => "run",
        }
    }
}

/// Who holds the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    /// The process.
    pub(crate) pid: u32,
    /// What for.
    pub(crate) role: Role,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pid, self.role.word())
    }
}

/// Held for as long as it lives.
#[derive(Debug)]
pub(crate) struct StateLock {
    _file: File,
}

impl StateLock {
    /// Takes the lock or says at once that somebody else has it, and who.
    pub(crate) fn acquire(dir: &Path, role: Role) -> Result<Self, Error> {
        let path = path(dir);
        let directory = |source| Error::Directory {
            path: path.clone(),
            source,
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.mode(0o600).open(&path).map_err(directory)?;
        match file.try_lock() {
            Ok(()) => {
                sign(&mut file, role);
                Ok(Self { _file: file })
            }
            Err(TryLockError::WouldBlock) => Err(Error::Locked {
                path: dir.to_path_buf(),
                holder: signed(&mut file),
                waited: None,
            }),
            Err(TryLockError::Error(source)) => Err(directory(source)),
        }
    }
}

/// Of the lock of a state directory.
pub(crate) fn witness(dir: &Path) -> Result<Witness, Error> {
    Witness::of(path(dir))
}

fn path(dir: &Path) -> PathBuf {
    dir.join("lock")
}

/// Who seems to hold it, without touching it. Whoever has let it go and still runs is named
/// as well, so this is for information.
pub(crate) fn holder(dir: &Path) -> Option<Holder> {
    signed(&mut File::open(path(dir)).ok()?)
}

/// Writes down who has it. It is for information: a disk that is full is no reason to stop.
fn sign(file: &mut File, role: Role) {
    let pid = std::process::id();
    let line = format!("{}\n", Holder { pid, role });
    drop(
        file.set_len(0)
            .and_then(|()| file.write_all(line.as_bytes())),
    );
}

/// Who has written there last, if that process still runs.
fn signed(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    let (pid, role) = text.trim_end().split_once(' ')?;
    let role = Role::ALL.into_iter().find(|one| one.word() == role)?;
    let pid: u32 = pid.parse().ok()?;
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
    // Of another user's process the system tells that it may not be asked.
    let runs = !matches!(test_kill_process(process), Err(rustix::io::Errno::SRCH));
    runs.then_some(Holder { pid, role })
}

#[cfg(test)]
mod tests {
    use super::{Holder, Role, StateLock};
    use crate::store::error::Error;

    fn holder(dir: &std::path::Path) -> Option<Holder> {
        match StateLock::acquire(dir, Role::Run) {
            Err(Error::Locked { holder, .. }) => holder,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_second_is_refused_and_the_next_after_the_first_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let first = StateLock::acquire(dir.path(), Role::Service).unwrap();
        let (pid, role) = (std::process::id(), Role::Service);
        assert_eq!(holder(dir.path()), Some(Holder { pid, role }));
        drop(first);
        let second = StateLock::acquire(dir.path(), Role::Run).unwrap();
        let role = Role::Run;
        assert_eq!(holder(dir.path()), Some(Holder { pid, role }));
        drop(second);
    }

    #[test]
    fn nobody_is_named_who_is_not_there_or_cannot_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let lock = StateLock::acquire(dir.path(), Role::Run).unwrap();
        for text in [
            "",
            "x",
            "0 run",
            "1 nothing",
            "4194999 run",
            "\u{fe}",
            "-1 run",
        ] {
            std::fs::write(dir.path().join("lock"), text).unwrap();
            assert_eq!(holder(dir.path()), None, "{text:?}");
        }
        drop(lock);
    }
}
