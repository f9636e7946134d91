//! Following symbolic links without ever leaving the root.
//!
//! The text of a link is walked one component at a time from directories that are held
//! open, and nothing is opened through a link: whatever is swapped meanwhile, the way
//! stays below the root. `..` goes back to the directory that was held before, and not
//! above the first; an absolute target counts from the root where it begins with the
//! root's own path. The kernel's magic links are texts like any other.

use crate::local::root::{Root, open_at};
use crate::model::path::{LocalName, RelPath};
use crate::model::rules::LinkFault;
use rustix::fs::{AtFlags, FileType, OFlags, Stat, fstat, readlinkat, statat};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Links on the way to one entry, as many as Linux follows.
const MOST_LINKS: usize = 40;
/// Directories on one path that are reached by a link. Each of them shows its tree once
/// more, and links in those trees do so again.
const MOST_LINKED: usize = 4;

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// What a path leads to.
#[derive(Debug)]
pub(super) enum Target {
    /// A directory, open.
    Directory(OwnedFd, Stat),
    /// Something else: the directory that it is in, and its name there.
    Other(OwnedFd, LocalName, Stat),
}

impl Target {
    /// What the entry looks like.
    pub(super) fn stat(&self) -> &Stat {
        match self {
            Self::Directory(_, stat) | Self::Other(_, _, stat) => stat,
        }
    }
}

/// Follows a path below the root, links and all.
pub(super) fn resolve(root: &Root, path: &RelPath) -> Result<Target, LinkFault> {
    let mut walk = Walk {
        root,
        held: vec![],
        links: 0,
        linked: 0,
    };
    let mut passed = vec![root.identity()];
    let mut last = None;
    for name in path.components() {
        if last.is_some() {
            return Err(LinkFault::Dangling);
        }
        let before = walk.links;
        last = walk.step(name)?;
        if last.is_some() {
            continue;
        }
        let identity = walk.identity();
        if walk.links > before {
            walk.linked += 1;
            if passed.contains(&identity) {
                return Err(LinkFault::Loop);
            }
        }
        if walk.linked > MOST_LINKED {
            return Err(LinkFault::TooMany);
        }
        passed.push(identity);
    }
    walk.end(last)
}

/// A part of a link's text.
enum Part {
    Up,
    Name(LocalName),
}

struct Walk<'a> {
    root: &'a Root,
    /// The directories from the root's child down to where we are, open.
    held: Vec<Held>,
    links: usize,
    linked: usize,
}

struct Held {
    fd: OwnedFd,
    identity: (u64, u64),
}

impl Walk<'_> {
    fn here(&self) -> BorrowedFd<'_> {
        self.held
            .last()
            .map_or_else(|| self.root.handle(), |held| held.fd.as_fd())
    }

    fn identity(&self) -> (u64, u64) {
        self.held
            .last()
            .map_or_else(|| self.root.identity(), |held| held.identity)
    }

    /// Goes to one entry, through links as need be; told what it is if it is no directory.
    fn step(&mut self, name: LocalName) -> Result<Option<(LocalName, Stat)>, LinkFault> {
        let mut parts = VecDeque::from([Part::Name(name)]);
        while let Some(part) = parts.pop_front() {
            let name = match part {
                Part::Up if self.held.pop().is_none() => return Err(LinkFault::Outside),
                Part::Up => continue,
                Part::Name(name) => name,
            };
            let stat = statat(self.here(), name.as_os(), AtFlags::SYMLINK_NOFOLLOW);
            let stat = stat.map_err(fault)?;
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => self.enter(&name)?,
                FileType::Symlink => self.unfold(&name, &mut parts)?,
                _ if parts.is_empty() => return Ok(Some((name, stat))),
                // Something below a file.
                _ => return Err(LinkFault::Dangling),
            }
        }
        Ok(None)
    }

    fn enter(&mut self, name: &LocalName) -> Result<(), LinkFault> {
        let fd = open_at(self.here(), name.as_os(), DIRECTORY).map_err(fault)?;
        let stat = fstat(&fd).map_err(fault)?;
        let identity = (stat.st_dev, stat.st_ino);
        self.held.push(Held { fd, identity });
        Ok(())
    }

    /// Puts what a link says in front of what is still to be walked.
    fn unfold(&mut self, name: &LocalName, parts: &mut VecDeque<Part>) -> Result<(), LinkFault> {
        self.links += 1;
        if self.links > MOST_LINKS {
            return Err(LinkFault::Loop);
        }
        let text = readlinkat(self.here(), name.as_os(), Vec::new()).map_err(fault)?;
        let text = text.to_bytes();
        if text.first() != Some(&b'/') {
            return Self::put(text, parts);
        }
        let real = std::fs::canonicalize(self.root.path())
            .map_err(|error| LinkFault::Unreadable(error.to_string()))?;
        let absolute = Path::new(OsStr::from_bytes(text));
        let below = absolute.strip_prefix(&real);
        let below = below.map_err(|_| LinkFault::Outside)?;
        self.held.clear();
        Self::put(below.as_os_str().as_bytes(), parts)
    }

    fn put(text: &[u8], parts: &mut VecDeque<Part>) -> Result<(), LinkFault> {
        for part in text.split(|byte| *byte == b'/').rev() {
            match part {
                b"" | b"." => {}
                b".." => parts.push_front(Part::Up),
                name => {
                    let name = LocalName::new(name).ok_or(LinkFault::Dangling)?;
                    parts.push_front(Part::Name(name));
                }
            }
        }
        Ok(())
    }

    fn end(mut self, last: Option<(LocalName, Stat)>) -> Result<Target, LinkFault> {
        let fd = match self.held.pop() {
            Some(held) => held.fd,
            None => open_at(self.root.handle(), ".", DIRECTORY).map_err(fault)?,
        };
        match last {
            Some((name, stat)) => Ok(Target::Other(fd, name, stat)),
            None => {
                let stat = fstat(&fd).map_err(fault)?;
                Ok(Target::Directory(fd, stat))
            }
        }
    }
}

fn fault(errno: Errno) -> LinkFault {
    match errno {
        // What was a directory a moment ago is something else now.
        Errno::NOENT | Errno::NOTDIR | Errno::LOOP => LinkFault::Dangling,
        errno => LinkFault::Unreadable(errno.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Target, resolve};
    use crate::local::test_rig::{Rig, rel};
    use crate::model::rules::LinkFault;
    use std::os::unix::fs::symlink;

    fn check(rig: &Rig, path: &str, expected: Result<u64, LinkFault>) {
        use std::os::unix::fs::MetadataExt;
        let expected = expected.map(|size| match size {
            0 => "a directory".to_owned(),
            size => format!("{size} bytes"),
        });
        let got = resolve(&rig.root, &rel(path)).map(|target| match &target {
            Target::Directory(..) => "a directory".to_owned(),
            Target::Other(fd, name, stat) => {
                let file = std::fs::File::from(fd.try_clone().unwrap());
                assert!(file.metadata().unwrap().is_dir());
                let at = format!(
                    "/proc/self/fd/{}/{name}",
                    std::os::fd::AsRawFd::as_raw_fd(&file)
                );
                let found = std::fs::symlink_metadata(at).unwrap();
                assert_eq!(found.size(), target.stat().st_size as u64);
                format!("{} bytes", stat.st_size)
            }
        });
        assert_eq!(got, expected, "{path}");
    }

    #[test]
    fn links_are_followed_inside_the_root_and_nowhere_else() {
        let outside = Rig::new().file("secret", "canary");
        let rig = Rig::new().file("a/b/f", "four").file("c/g", "seventy");
        let link = |to: &str, at: &str| symlink(to, rig.path(at)).unwrap();
        link("a/b/f", "plain");
        link("../../c/g", "a/b/up");
        link("b", "a/dir");
        link("../a/./dir//f", "c/through");
        link("nowhere", "dangling");
        link("a/b/f/x", "below-a-file");
        link("..", "c/parent");
        link(".", "self");
        link("../..", "a/b/out");
        link("/etc/passwd", "absolute");
        link("/proc/self/fd/0", "magic");
        link("spin", "spin");
        let root = std::fs::canonicalize(rig.path(".")).unwrap();
        link(root.join("c").to_str().unwrap(), "own");
        link(outside.path("secret").to_str().unwrap(), "other");
        link("c/parent/a/b/f", "out-and-in");
        check(&rig, "plain", Ok(4));
        check(&rig, "a/b/up", Ok(7));
        check(&rig, "a/dir", Ok(0));
        check(&rig, "a/dir/f", Ok(4));
        check(&rig, "c/through", Ok(4));
        check(&rig, "own/g", Ok(7));
        check(&rig, "out-and-in", Ok(4));
        check(&rig, "dangling", Err(LinkFault::Dangling));
        check(&rig, "below-a-file", Err(LinkFault::Dangling));
        check(&rig, "c/parent", Err(LinkFault::Loop));
        check(&rig, "self", Err(LinkFault::Loop));
        check(&rig, "spin", Err(LinkFault::Loop));
        check(&rig, "a/b/out", Err(LinkFault::Loop));
        check(&rig, "absolute", Err(LinkFault::Outside));
        check(&rig, "magic", Err(LinkFault::Outside));
        check(&rig, "other", Err(LinkFault::Outside));
    }

    #[test]
    fn links_that_lead_to_one_another_end_somewhere() {
        let rig = Rig::new().dir("a").dir("b").file("a/x", "x");
        symlink("../b", rig.path("a/to-b")).unwrap();
        symlink("../a", rig.path("b/to-a")).unwrap();
        check(&rig, "a/to-b", Ok(0));
        check(&rig, "a/to-b/to-a", Err(LinkFault::Loop));
        let rig = Rig::new()
            .dir("0")
            .dir("1")
            .dir("2")
            .dir("3")
            .dir("4")
            .dir("5");
        for at in 0..5 {
            symlink(format!("../{}", at + 1), rig.path(&format!("{at}/n"))).unwrap();
        }
        check(&rig, "0/n/n/n/n", Ok(0));
        check(&rig, "0/n/n/n/n/n", Err(LinkFault::TooMany));
    }
}
