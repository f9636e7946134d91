//! An opened root directory, and the only way from it down to a file.
//!
//! Every path is walked from the root's descriptor, one component at a time, and no
//! component may be a symbolic link: a directory that is swapped for a link between
//! scan and upload leads to an error, never out of the root. Where links are followed,
//! that is done by `links`, which stays below the root as well. Nothing is ever opened
//! that could block (a pipe without a writer).

use crate::local::error::Error;
use crate::local::links::{self, Target};
use crate::model::path::{LocalName, RelPath};
use crate::model::rules::LinkFault;
use crate::model::stamp::{Nanos, Stamp};
use rustix::fs::{CWD, Mode, OFlags, fstat};
use rustix::io::{Errno, retry_on_intr};
use rustix::path::Arg;
use std::fs::{File, Metadata};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// The directory that is mirrored, held open. It stays this directory even when it is
/// renamed or when something else appears at its path: compare [`Root::identity`] with
/// that of a fresh [`Root::open`] before absence is believed.
#[derive(Debug)]
pub(crate) struct Root {
    path: PathBuf,
    fd: OwnedFd,
    identity: (u64, u64),
    /// Links are followed as far as they stay below the root.
    follow: bool,
}

impl Root {
    /// Opens the directory at `path`, which itself may be reached through links: it is
    /// what the operator named.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |errno| Error::of_directory(path, errno);
        let fd = open_at(CWD, path, DIRECTORY).map_err(failed)?;
        let stat = fstat(&fd).map_err(failed)?;
        Ok(Self {
            path: path.to_path_buf(),
            fd,
            identity: (stat.st_dev, stat.st_ino),
            follow: false,
        })
    }

    /// The same, where links below it are followed (or not).
    pub(crate) fn following(self, follow: bool) -> Self {
        Self { follow, ..self }
    }

    /// The directory itself.
    pub(super) fn handle(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Where it was opened.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Device and inode.
    pub(crate) fn identity(&self) -> (u64, u64) {
        self.identity
    }

    /// Where it is now, links followed; where it was opened if nobody can tell.
    pub(crate) fn real_path(&self) -> PathBuf {
        let through = format!("/proc/self/fd/{}", self.fd.as_raw_fd());
        let found = std::fs::read_link(through).or_else(|_| std::fs::canonicalize(&self.path));
        found.unwrap_or_else(|_| self.path.clone())
    }

    /// Opens a directory at or below the root.
    pub(crate) fn open_dir(&self, dir: &RelPath) -> Result<OwnedFd, Error> {
        match self.open_plain_dir(dir) {
            Err(Error::NotDirectory(path)) if self.follow => match links::resolve(self, dir) {
                Ok(Target::Directory(fd, _)) => Ok(fd),
                Ok(Target::Other(..)) => Err(Error::NotDirectory(path)),
                Err(fault) => Err(of_link(path, fault, Error::NotDirectory)),
            },
            opened => opened,
        }
    }

    /// What an entry is that may be a link, or be reached through one.
    pub(super) fn follow(&self, path: &RelPath) -> Result<Target, LinkFault> {
        links::resolve(self, path)
    }

    fn open_plain_dir(&self, dir: &RelPath) -> Result<OwnedFd, Error> {
        // Even the root is opened anew: a duplicate would share its read position.
        let start = open_at(&self.fd, ".", DIRECTORY);
        let mut fd = start.map_err(|errno| Error::of_directory(&self.path, errno))?;
        for name in dir.components() {
            let flags = DIRECTORY | OFlags::NOFOLLOW;
            fd = open_at(&fd, name.as_os(), flags)
                .map_err(|errno| Error::of_directory(&self.on_disk(dir), errno))?;
        }
        Ok(fd)
    }

    /// Opens a regular file below the root and tells its state at that moment.
    pub(crate) fn open_file(&self, path: &RelPath) -> Result<(File, Stamp), Error> {
        let Some((dir, name)) = path.split() else {
            return Err(Error::NotRegular(self.path.clone()));
        };
        let fd = self.open_dir(&dir)?;
        let file = match open_regular(fd, &name) {
            Err(Errno::LOOP) if self.follow => self.open_linked(path)?,
            opened => opened.map_err(|errno| self.file_error(path, errno))?,
        };
        let metadata = file
            .metadata()
            .map_err(|source| Error::unreadable(&self.on_disk(path), source))?;
        if !metadata.is_file() {
            return Err(Error::NotRegular(self.on_disk(path)));
        }
        Ok((file, stamp(&metadata)))
    }

    /// Opens what a link leads to.
    fn open_linked(&self, path: &RelPath) -> Result<File, Error> {
        let on_disk = || self.on_disk(path);
        match links::resolve(self, path) {
            Ok(Target::Other(dir, name, _)) => {
                open_regular(dir, &name).map_err(|errno| self.file_error(path, errno))
            }
            Ok(Target::Directory(..)) => Err(Error::NotRegular(on_disk())),
            Err(fault) => Err(of_link(on_disk(), fault, Error::NotRegular)),
        }
    }

    /// The full path of something below the root, for messages.
    pub(crate) fn on_disk(&self, path: &RelPath) -> PathBuf {
        path.to_disk(&self.path)
    }

    fn file_error(&self, path: &RelPath, errno: Errno) -> Error {
        Error::of_file(&self.on_disk(path), errno)
    }
}

/// What a link that cannot be followed means; `other` is for one that leads elsewhere.
fn of_link(path: PathBuf, fault: LinkFault, other: impl FnOnce(PathBuf) -> Error) -> Error {
    match fault {
        LinkFault::Dangling => Error::Missing(path),
        LinkFault::Unreadable(why) => Error::unreadable(&path, std::io::Error::other(why)),
        LinkFault::Outside | LinkFault::Loop | LinkFault::TooMany | LinkFault::Special(_) => {
            other(path)
        }
    }
}

fn open_regular(dir: impl AsFd, name: &LocalName) -> rustix::io::Result<File> {
    open_at(dir, name.as_os(), FILE).map(File::from)
}

/// Opening waits for the server of a network file system, and a signal may interrupt that:
/// whatever this room opens below an open directory, it opens here.
pub(super) fn open_at(
    dir: impl AsFd,
    path: impl Arg + Copy,
    flags: OFlags,
) -> rustix::io::Result<OwnedFd> {
    retry_on_intr(|| rustix::fs::openat(&dir, path, flags, Mode::empty()))
}

/// The stamp of an open file.
pub(crate) fn stamp(metadata: &Metadata) -> Stamp {
    Stamp {
        size: metadata.size(),
        mtime: Nanos::new(metadata.mtime(), metadata.mtime_nsec()),
        ctime: Nanos::new(metadata.ctime(), metadata.ctime_nsec()),
        inode: metadata.ino(),
        created: metadata.created().ok().map(nanos),
    }
}

fn nanos(time: SystemTime) -> Nanos {
    let clamp = |count: u128| i64::try_from(count).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => Nanos(clamp(after.as_nanos())),
        Err(before) => Nanos(-clamp(before.duration().as_nanos())),
    }
}

#[cfg(test)]
mod tests {
    use super::Root;
    use crate::local::error::Error;
    use crate::local::test_rig::{Rig, rel};
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::path::Path;

    #[test]
    fn the_ways_a_root_can_be_wrong_are_told_apart() {
        let rig = Rig::new().file("plain", "x");
        let missing = Root::open(&rig.path("nowhere")).unwrap_err();
        assert!(matches!(missing, Error::Missing(_)), "{missing}");
        let file = Root::open(&rig.path("plain")).unwrap_err();
        assert!(matches!(file, Error::NotDirectory(_)), "{file}");
    }

    #[test]
    fn a_root_is_known_again_and_a_replaced_one_is_not() {
        let rig = Rig::new().dir("mirror");
        let before = Root::open(&rig.path("mirror")).unwrap();
        let again = Root::open(&rig.path("mirror")).unwrap();
        assert_eq!(before.identity(), again.identity());
        fs::rename(rig.path("mirror"), rig.path("away")).unwrap();
        fs::create_dir(rig.path("mirror")).unwrap();
        let replaced = Root::open(&rig.path("mirror")).unwrap();
        assert_ne!(before.identity(), replaced.identity());
    }

    #[test]
    fn a_link_swapped_into_a_parent_path_is_refused() {
        let outside = Rig::new().file("secret", "canary");
        let rig = Rig::new().file("a/b/secret", "mine");
        assert!(rig.root.open_file(&rel("a/b/secret")).is_ok());
        fs::rename(rig.path("a/b"), rig.path("a/old")).unwrap();
        symlink(outside.root.path(), rig.path("a/b")).unwrap();
        let error = rig.root.open_file(&rel("a/b/secret")).unwrap_err();
        assert!(matches!(error, Error::NotDirectory(_)), "{error}");
        let error = rig.root.open_dir(&rel("a/b")).unwrap_err();
        assert!(matches!(error, Error::NotDirectory(_)), "{error}");
    }

    #[test]
    fn what_is_not_a_regular_file_is_refused_without_blocking() {
        let rig = Rig::new().dir("dir").fifo("pipe").file("real", "x");
        symlink("real", rig.path("link")).unwrap();
        symlink("/proc/self/fd/0", rig.path("magic")).unwrap();
        let _socket = UnixListener::bind(rig.path("socket")).unwrap();
        for name in ["dir", "pipe", "link", "magic", "socket", ""] {
            let path = if name.is_empty() {
                Default::default()
            } else {
                rel(name)
            };
            let error = rig.root.open_file(&path).unwrap_err();
            assert!(matches!(error, Error::NotRegular(_)), "{name}: {error}");
        }
    }

    #[test]
    fn paths_longer_than_the_system_takes_at_once_are_walked() {
        let rig = Rig::new();
        let name = "d".repeat(250);
        let mut dir = rig.root.open_dir(&rel(".")).unwrap();
        let mut path = String::new();
        for _ in 0..20 {
            rustix::fs::mkdirat(&dir, name.as_str(), 0o700.into()).unwrap();
            path = Path::new(&path).join(&name).to_str().unwrap().to_owned();
            dir = rig.root.open_dir(&rel(&path)).unwrap();
        }
        assert!(path.len() > 4096);
    }

    #[test]
    fn the_time_of_birth_is_told_where_the_system_knows_it() {
        let rig = Rig::new().file("f", "x");
        let (file, stamp) = rig.root.open_file(&rel("f")).unwrap();
        let known = file.metadata().unwrap().created().is_ok();
        assert_eq!(stamp.created.is_some(), known);
    }
}
