//! One writer per state directory: a lock of the operating system on an open file.
//!
//! Not a pid file: the lock ends with the process, however it ends. What stands in the file
//! only tells people who holds it.

use crate::store::error::Error;
use crate::store::witness::Witness;
use rustix::process::{Pid, test_kill_process};
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longer than what stands in the file.
const LONGEST: u64 = 64;
/// Whoever has just got it has signed by then, and whoever lets it go has done so.
const TRIES: u32 = 10;
const A_MOMENT: Duration = Duration::from_millis(10);

/// What the lock is held for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The service.
    Service,
    /// A single pass.
    Run,
    /// A command that changes something.
    Command,
}

impl Role {
    const ALL: [Self; 3] = [Self::Service, Self::Run, Self::Command];

    /// In a word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Run => "run",
            Self::Command => "command",
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
    file: File,
}

impl Drop for StateLock {
    /// Nobody is named any more, and then the lock goes with the file.
    fn drop(&mut self) {
        drop(self.file.set_len(0));
    }
}

impl StateLock {
    /// Takes the lock or says at once that somebody else has it, and who.
    pub(crate) fn acquire(dir: &Path, role: Role) -> Result<Self, Error> {
        Self::acquire_after(dir, role, || std::thread::park_timeout(A_MOMENT))
    }

    /// The same. Between taking and signing, and between wiping out and letting go, nobody
    /// is named: `pause` lets that pass.
    fn acquire_after(dir: &Path, role: Role, mut pause: impl FnMut()) -> Result<Self, Error> {
        let path = path(dir);
        let directory = |source| Error::Directory {
            path: path.clone(),
            source,
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.mode(0o600).open(&path).map_err(directory)?;
        let mut left = TRIES;
        loop {
            match file.try_lock() {
                Ok(()) => {
                    sign(&mut file, role);
                    return Ok(Self { file });
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(directory(source)),
            }
            let holder = signed(&mut file);
            if holder.is_some() || left == 0 {
                return Err(Error::Locked {
                    path: dir.to_path_buf(),
                    holder,
                    waited: None,
                });
            }
            left -= 1;
            pause();
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

/// Who holds it, without touching it, as far as that is written down: for information. Whoever
/// asks is not it: in a container, where each is the first process in turn, one that was killed
/// had the same number.
pub(crate) fn holder(dir: &Path) -> Option<Holder> {
    let holder = signed(&mut File::open(path(dir)).ok()?)?;
    (holder.pid != std::process::id()).then_some(holder)
}

/// Writes down who has it. It is for information: a disk that is full is no reason to stop.
/// At no moment is the file empty.
fn sign(file: &mut File, role: Role) {
    let pid = std::process::id();
    let began = began(pid).map_or_else(String::new, |began| format!(" {began}"));
    let line = format!("{}{began}\n", Holder { pid, role });
    let signed = file
        .rewind()
        .and_then(|()| file.write_all(line.as_bytes()))
        .and_then(|()| file.set_len(line.len() as u64));
    drop(signed);
}

/// Who has written there last, if that process still runs.
fn signed(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    // Of a longer line that was there before, an end may be left.
    let mut words = text.lines().next()?.split(' ');
    let (pid, role, then) = (words.next()?, words.next()?, words.next());
    let role = Role::ALL.into_iter().find(|one| one.word() == role)?;
    let pid: u32 = pid.parse().ok()?;
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
    // Of another user's process the system tells that it may not be asked.
    let runs = !matches!(test_kill_process(process), Err(rustix::io::Errno::SRCH));
    // Numbers are given again; after a power cut the same ones, soon.
    let is_another = then.zip(began(pid)).is_some_and(|(then, now)| then != now);
    (runs && !is_another).then_some(Holder { pid, role })
}

/// When a process began, in the system's word (proc_pid_stat(5)); nothing where it does not
/// tell.
fn began(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second word is a name, which may hold anything; the 22nd is meant.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{Holder, Role, StateLock};
    use crate::store::error::Error;

    fn refused_by(dir: &std::path::Path) -> Option<Holder> {
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
        assert_eq!(refused_by(dir.path()), Some(Holder { pid, role }));
        drop(first);
        let second = StateLock::acquire(dir.path(), Role::Run).unwrap();
        let role = Role::Run;
        assert_eq!(refused_by(dir.path()), Some(Holder { pid, role }));
        drop(second);
        let left = std::fs::read(dir.path().join("lock")).unwrap();
        assert_eq!(left, b"", "it was let go");
    }

    #[test]
    fn whoever_has_just_got_it_is_named_and_whoever_lets_it_go_is_not_in_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        // Taken by somebody who has not signed yet, and then has.
        let taken = std::fs::File::create(&path).unwrap();
        taken.try_lock().unwrap();
        let (pid, role) = (std::process::id(), Role::Run);
        let signs = || std::fs::write(&path, format!("{pid} run\nvice\n")).unwrap();
        let second = StateLock::acquire_after(dir.path(), Role::Run, signs);
        let Err(Error::Locked { holder, .. }) = second else {
            panic!("{second:?}");
        };
        assert_eq!(holder, Some(Holder { pid, role }));
        // Wiped out by somebody who is about to let it go, and then does.
        taken.set_len(0).unwrap();
        let mut taken = Some(taken);
        // A child that another test has just started may hold it for a moment longer.
        let ends = || {
            drop(taken.take());
            std::thread::park_timeout(super::A_MOMENT);
        };
        let third = StateLock::acquire_after(dir.path(), Role::Command, ends).unwrap();
        let role = Role::Command;
        assert_eq!(refused_by(dir.path()), Some(Holder { pid, role }));
        drop(third);
        // By somebody who cannot sign.
        let mute = std::fs::File::open(&path).unwrap();
        mute.try_lock().unwrap();
        let fourth = StateLock::acquire_after(dir.path(), Role::Run, || {});
        assert!(
            matches!(fourth, Err(Error::Locked { holder: None, .. })),
            "{fourth:?}"
        );
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
            assert_eq!(refused_by(dir.path()), None, "{text:?}");
        }
        drop(lock);
    }

    #[test]
    fn a_process_that_was_given_the_number_of_another_is_not_named() {
        let dir = tempfile::tempdir().unwrap();
        let parent = std::os::unix::process::parent_id();
        let began = super::began(parent).unwrap();
        for (words, is_named) in [
            ("service".to_owned(), true),
            (format!("service {began}"), true),
            (format!("service {began}0"), false),
        ] {
            std::fs::write(dir.path().join("lock"), format!("{parent} {words}\n")).unwrap();
            assert_eq!(super::holder(dir.path()).is_some(), is_named, "{words}");
        }
    }

    #[test]
    fn whoever_asks_had_its_number_from_one_that_has_ended() {
        let dir = tempfile::tempdir().unwrap();
        let parent = std::os::unix::process::parent_id();
        for (pid, is_named) in [(parent, true), (std::process::id(), false)] {
            std::fs::write(dir.path().join("lock"), format!("{pid} run\n")).unwrap();
            assert_eq!(super::holder(dir.path()).is_some(), is_named);
        }
    }
}
