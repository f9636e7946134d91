//! What is in a directory: the only place that states facts about the disk.
//!
//! A listing is complete or it is an error, so absence from it means something. Types
//! come from the directory itself where the file system keeps them there; only regular
//! files are examined one by one. No content is read.

use crate::local::error::{Error, is_shortage};
use crate::local::examine::examine;
use crate::local::links::Target;
use crate::local::root::Root;
use crate::local::rules::Level;
use crate::model::identity::Identity;
use crate::model::path::{LocalName, RelPath};
use crate::model::reason::Exclusion;
use crate::model::rules::LinkFault;
use crate::model::stamp::{Nanos, Stamp};
use crate::plan::facts::{LocalEntry, LocalKind};
use rustix::fs::{AtFlags, Dir, FileType, Stat, fstat, statat};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The whole directory, sorted by name.
pub(crate) fn list(root: &Root, dir: &RelPath, level: &Level) -> Result<Vec<LocalEntry>, Error> {
    let mut look = Look::new(root, dir, level);
    let mut entries = Vec::new();
    each(root, dir, |fd, name, kind| {
        entries.extend(look.entry(fd, name, kind)?);
        Ok(())
    })?;
    entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// The named entries of a directory, sorted by name; those that are not there are
/// absent from the result.
pub(crate) fn look(
    root: &Root,
    dir: &RelPath,
    names: &[LocalName],
    level: &Level,
) -> Result<Vec<LocalEntry>, Error> {
    let mut look = Look::new(root, dir, level);
    let fd = root.open_dir(dir)?;
    let mut names: Vec<&LocalName> = names.iter().collect();
    names.sort_unstable();
    names.dedup();
    let mut entries = Vec::with_capacity(names.len());
    for name in names {
        entries.extend(look.entry(fd.as_fd(), name.clone(), FileType::Unknown)?);
    }
    Ok(entries)
}

/// The directories in a directory that are not excluded, in no order. Nothing is said
/// about anything else in it.
pub(crate) fn subdirectories(
    root: &Root,
    dir: &RelPath,
    level: &Level,
) -> Result<Vec<RelPath>, Error> {
    let mut look = Look::new(root, dir, level);
    let mut found = Vec::new();
    each(root, dir, |fd, name, kind| {
        if !matches!(kind, FileType::Directory | FileType::Unknown) {
            return Ok(());
        }
        let entry = look.entry(fd, name, kind)?;
        let directory = entry.filter(|entry| matches!(entry.kind, LocalKind::Directory(_)));
        found.extend(directory.map(|entry| dir.join(&entry.name)));
        Ok(())
    })?;
    Ok(found)
}

/// Whether a directory holds more entries than that; what cannot be read holds none.
pub(crate) fn holds_more_than(root: &Root, dir: &RelPath, number: usize) -> bool {
    let Some(stream) = root.open_dir(dir).ok().and_then(|fd| Dir::new(fd).ok()) else {
        return false;
    };
    // `.` and `..` are counted as well.
    stream.take(number + 3).count() > number + 2
}

/// Hands over every entry of a directory but `.` and `..`.
fn each(
    root: &Root,
    dir: &RelPath,
    mut take: impl FnMut(BorrowedFd<'_>, LocalName, FileType) -> Result<(), Error>,
) -> Result<(), Error> {
    let failed = |errno: Errno| Error::of_directory(&root.on_disk(dir), errno);
    let mut stream = Dir::new(root.open_dir(dir)?).map_err(failed)?;
    let mut empty = true;
    while let Some(entry) = stream.read() {
        let entry = entry.map_err(failed)?;
        // No name: it is `.` or `..`.
        if let Some(name) = LocalName::new(entry.file_name().to_bytes()) {
            empty = false;
            take(stream.fd().map_err(failed)?, name, entry.file_type())?;
        }
    }
    // A directory that was removed while we held it reads as an empty one.
    if empty
        && fstat(stream.fd().map_err(failed)?)
            .map_err(failed)?
            .st_nlink
            == 0
    {
        return Err(Error::Missing(root.on_disk(dir)));
    }
    Ok(())
}

/// What one directory's entries are judged by.
struct Look<'a> {
    root: &'a Root,
    dir: &'a RelPath,
    level: &'a Level,
    on_disk: PathBuf,
    /// The path of the entry under judgement, from the root; the directory's part stays.
    path: Vec<u8>,
    above: usize,
}

impl<'a> Look<'a> {
    fn new(root: &'a Root, dir: &'a RelPath, level: &'a Level) -> Self {
        let mut path = dir.as_bytes().to_vec();
        if !dir.is_root() {
            path.push(b'/');
        }
        Self {
            root,
            dir,
            level,
            on_disk: root.on_disk(dir),
            above: path.len(),
            path,
        }
    }

    /// `kind` is what the directory itself says. `None` for what is not there.
    fn entry(
        &mut self,
        fd: BorrowedFd<'_>,
        name: LocalName,
        kind: FileType,
    ) -> Result<Option<LocalEntry>, Error> {
        self.path.truncate(self.above);
        self.path.extend_from_slice(name.as_bytes());
        let found = match self.by_type(fd, &name, kind)? {
            Some(found) => Some(found),
            None => self.examine(fd, &name, kind)?,
        };
        Ok(found.map(|kind| LocalEntry { name, kind }))
    }

    fn path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.path))
    }

    /// What needs no look at the entry itself.
    fn by_type(
        &self,
        fd: BorrowedFd<'_>,
        name: &LocalName,
        kind: FileType,
    ) -> Result<Option<LocalKind>, Error> {
        if kind == FileType::Unknown {
            return Ok(None);
        }
        if kind == FileType::Symlink && self.level.rules().follow_links() {
            return self.link(name).map(Some);
        }
        let is_dir = kind == FileType::Directory;
        if let Some(exclusion) = self.level.excluded(self.path(), is_dir) {
            return Ok(Some(LocalKind::Excluded(exclusion)));
        }
        Ok(match special(kind) {
            Some(word) => Some(LocalKind::Excluded(Exclusion::Special(word))),
            None if kind == FileType::Symlink => Some(LocalKind::Excluded(Exclusion::SymbolicLink)),
            None if is_dir => {
                let cache = self.level.cache(fd, self.path(), Some(name));
                cache.map(LocalKind::Excluded)
            }
            None => None,
        })
    }

    fn examine(
        &self,
        fd: BorrowedFd<'_>,
        name: &LocalName,
        expected: FileType,
    ) -> Result<Option<LocalKind>, Error> {
        let (kind, device, found) = match self.look_at(fd, name, expected) {
            Ok(found) => found,
            Err(Errno::NOENT) => return Ok(None),
            // The machine is short of something: not a fact about this entry.
            Err(errno) if is_shortage(errno) => {
                return Err(Error::unreadable(&self.on_disk, errno));
            }
            Err(errno) => return Ok(Some(LocalKind::Unreadable(errno.to_string()))),
        };
        // Its type may not have been known, or may have changed since.
        if kind != expected
            && let Some(other) = self.by_type(fd, name, kind)?
        {
            return Ok(Some(other));
        }
        Ok(Some(self.seen(device, found)))
    }

    /// A directory with its time of birth, which tells it from the next one of its name.
    /// That of a file is left to who opens it: asking for it here would double the cost
    /// of a pass. The type comes with it, and the device.
    fn look_at(
        &self,
        fd: BorrowedFd<'_>,
        name: &LocalName,
        expected: FileType,
    ) -> Result<(FileType, u64, LocalKind), Errno> {
        if expected != FileType::Directory {
            let stat = statat(fd, name.as_os(), AtFlags::SYMLINK_NOFOLLOW)?;
            let kind = FileType::from_raw_mode(stat.st_mode);
            if kind != FileType::Directory {
                return Ok((kind, stat.st_dev, LocalKind::File(stamp(&stat))));
            }
        }
        let found = examine(fd, name)?;
        let local = match found.kind {
            FileType::Directory => LocalKind::Directory(found.identity),
            _ => LocalKind::File(found.stamp),
        };
        Ok((found.kind, found.identity.device, local))
    }

    /// A file or directory that no rule about its name leaves out.
    fn seen(&self, device: u64, found: LocalKind) -> LocalKind {
        let is_elsewhere = device != self.root.identity().0;
        if is_elsewhere && self.level.rules().stay_on_one_file_system() {
            return LocalKind::Excluded(Exclusion::OtherFileSystem);
        }
        let LocalKind::File(stamp) = &found else {
            return found;
        };
        let too_large = self.level.too_large(self.path(), stamp.size);
        too_large.map_or(found, LocalKind::Excluded)
    }

    /// What a link stands for, where links are followed.
    fn link(&self, name: &LocalName) -> Result<LocalKind, Error> {
        let left_out = |fault| Ok(LocalKind::Excluded(Exclusion::Link(fault)));
        let target = match self.root.follow(&self.dir.join(name)) {
            Ok(target) => target,
            Err(fault) => {
                // Named by a rule, it is left out by that, wherever it leads.
                let by_rule = self.level.excluded(self.path(), false);
                return match by_rule {
                    Some(exclusion) => Ok(LocalKind::Excluded(exclusion)),
                    None => left_out(fault),
                };
            }
        };
        let kind = FileType::from_raw_mode(target.stat().st_mode);
        let is_dir = kind == FileType::Directory;
        if let Some(exclusion) = self.level.excluded(self.path(), is_dir) {
            return Ok(LocalKind::Excluded(exclusion));
        }
        if let Some(word) = special(kind) {
            return left_out(LinkFault::Special(word));
        }
        if let Target::Directory(fd, _) = &target
            && let Some(exclusion) = self.level.cache(fd.as_fd(), self.path(), None)
        {
            return Ok(LocalKind::Excluded(exclusion));
        }
        let stat = target.stat();
        let found = match is_dir {
            // Born nowhere: the directory itself is at another place, and no other is it.
            true => LocalKind::Directory(Identity {
                device: stat.st_dev,
                inode: stat.st_ino,
                born: None,
            }),
            false => LocalKind::File(stamp(stat)),
        };
        Ok(self.seen(stat.st_dev, found))
    }
}

/// What is never opened, in words.
fn special(kind: FileType) -> Option<&'static str> {
    match kind {
        FileType::Fifo => Some("named pipe"),
        FileType::Socket => Some("socket"),
        FileType::CharacterDevice => Some("character device"),
        FileType::BlockDevice => Some("block device"),
        FileType::RegularFile | FileType::Directory | FileType::Symlink | FileType::Unknown => None,
    }
}

#[expect(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::useless_conversion,
    reason = "the fields' types differ between systems"
)]
pub(super) fn stamp(stat: &Stat) -> Stamp {
    Stamp {
        size: stat.st_size as u64,
        mtime: Nanos::new(stat.st_mtime.into(), stat.st_mtime_nsec as i64),
        ctime: Nanos::new(stat.st_ctime.into(), stat.st_ctime_nsec as i64),
        inode: stat.st_ino,
        created: None,
    }
}

#[cfg(test)]
mod tests {
    use super::{list, look, subdirectories};
    use crate::local::error::Error;
    use crate::local::test_rig::{Rig, level, rel, rules};
    use crate::model::path::LocalName;
    use crate::plan::facts::{LocalEntry, LocalKind};
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    fn words(entries: &[LocalEntry]) -> Vec<String> {
        let word = |entry: &LocalEntry| match &entry.kind {
            LocalKind::File(stamp) => format!("{}={}", entry.name, stamp.size),
            LocalKind::Directory(_) => format!("{}/", entry.name),
            LocalKind::Excluded(why) => format!("{}-{}", entry.name, why.code()),
            LocalKind::Unreadable(why) => format!("{}?{why}", entry.name),
        };
        entries.iter().map(word).collect()
    }

    fn names(names: &[&str]) -> Vec<LocalName> {
        let name = |n: &&str| LocalName::new(n.as_bytes()).unwrap();
        names.iter().map(name).collect()
    }

    fn mixed() -> Rig {
        let rig = Rig::new()
            .file("b.txt", "four")
            .file("a.tmp", "x")
            .file("build/deep/x", "x")
            .file("sub/x", "x")
            .fifo("pipe");
        symlink("b.txt", rig.path("link")).unwrap();
        drop(UnixListener::bind(rig.path("socket")).unwrap());
        rig
    }

    #[test]
    fn everything_in_a_directory_is_told_once_and_in_order() {
        let rig = mixed();
        let rules = level(&["*.tmp", "build/"]);
        let entries = list(&rig.root, &rel("."), &rules).unwrap();
        let expected = [
            "a.tmp-rule",
            "b.txt=4",
            "build-rule",
            "link-symbolic_link",
            "pipe-special_file",
            "socket-special_file",
            "sub/",
        ];
        assert_eq!(words(&entries), expected);
    }

    #[test]
    fn looking_at_names_finds_what_a_listing_finds() {
        let rig = mixed();
        let rules = level(&["*.tmp", "build/"]);
        let asked = names(&[
            "sub", "pipe", "gone", "a.tmp", "b.txt", "build", "link", "sub",
        ]);
        let seen = look(&rig.root, &rel("."), &asked, &rules).unwrap();
        let mut all = list(&rig.root, &rel("."), &rules).unwrap();
        all.retain(|entry| asked.contains(&entry.name));
        assert_eq!(seen, all);
        assert_eq!(seen.len(), 6);
    }

    #[test]
    fn an_entry_of_an_excluded_directory_is_excluded_however_it_is_reached() {
        let rig = mixed();
        let rules = rig.level(&rules(&["build/", "!build/deep/x"]), "build/deep");
        let seen = look(&rig.root, &rel("build/deep"), &names(&["x"]), &rules).unwrap();
        assert_eq!(words(&seen), ["x-rule"]);
    }

    #[test]
    fn only_directories_that_are_entered_count_as_subdirectories() {
        let rig = mixed();
        let found = subdirectories(&rig.root, &rel("."), &level(&["build/"])).unwrap();
        assert_eq!(found, [rel("sub")]);
    }

    #[test]
    fn a_directory_that_cannot_be_listed_is_never_an_empty_one() {
        let rig = Rig::new().dir("here").file("file", "");
        symlink("here", rig.path("link")).unwrap();
        let rules = level(&[]);
        for (dir, missing) in [("gone", true), ("file", false), ("link", false)] {
            let error = list(&rig.root, &rel(dir), &rules).unwrap_err();
            assert_eq!(matches!(error, Error::Missing(_)), missing, "{error}");
        }
        fs::remove_dir_all(rig.root.path()).unwrap();
        let error = list(&rig.root, &rel("."), &rules).unwrap_err();
        assert!(matches!(error, Error::Missing(_)), "{error}");
    }

    #[test]
    fn names_that_are_not_text_are_listed() {
        let rig = Rig::new();
        let name = LocalName::new(b"\xff\xfe").unwrap();
        fs::write(rig.path(".").join(name.as_os()), "x").unwrap();
        let entries = list(&rig.root, &rel("."), &level(&["*.tmp"])).unwrap();
        assert_eq!(entries[0].name, name);
        assert!(matches!(entries[0].kind, LocalKind::File(_)));
    }

    #[test]
    fn a_listing_tells_the_stamp_that_an_open_file_tells() {
        let rig = Rig::new().file("f", "content");
        let entries = list(&rig.root, &rel("."), &level(&[])).unwrap();
        let (_, opened) = rig.root.open_file(&rel("f")).unwrap();
        let LocalKind::File(listed) = &entries[0].kind else {
            panic!("{entries:?}");
        };
        assert!(listed.same_file_state(&opened));
    }
}
