//! What is in a directory: the only place that states facts about the disk.
//!
//! A listing is complete or it is an error, so absence from it means something. Types
//! come from the directory itself where the file system keeps them there; only regular
//! files are examined one by one. No content is read.

use crate::local::error::{Error, is_shortage};
use crate::local::examine::examine;
use crate::local::filter::Filter;
use crate::local::root::Root;
use crate::model::path::{LocalName, RelPath};
use crate::model::reason::Exclusion;
use crate::model::stamp::{Nanos, Stamp};
use crate::plan::facts::{LocalEntry, LocalKind};
use rustix::fs::{AtFlags, Dir, FileType, Stat, fstat, statat};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;

/// The whole directory, sorted by name.
pub(crate) fn list(root: &Root, dir: &RelPath, filter: &Filter) -> Result<Vec<LocalEntry>, Error> {
    let look = Look::new(root, dir, filter);
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
    filter: &Filter,
) -> Result<Vec<LocalEntry>, Error> {
    let look = Look::new(root, dir, filter);
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
    filter: &Filter,
) -> Result<Vec<RelPath>, Error> {
    let look = Look::new(root, dir, filter);
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
    dir: &'a RelPath,
    filter: &'a Filter,
    /// Set when the directory itself is excluded, and so is all that is in it. A walk
    /// does not come here; a single path from a hint may.
    shut: Option<Exclusion>,
    on_disk: PathBuf,
}

impl<'a> Look<'a> {
    fn new(root: &Root, dir: &'a RelPath, filter: &'a Filter) -> Self {
        Self {
            dir,
            filter,
            shut: filter.excluded_anywhere(dir, true),
            on_disk: root.on_disk(dir),
        }
    }

    /// `kind` is what the directory itself says. `None` for what is not there.
    fn entry(
        &self,
        fd: BorrowedFd<'_>,
        name: LocalName,
        kind: FileType,
    ) -> Result<Option<LocalEntry>, Error> {
        let found = match self.by_type(&name, kind) {
            Some(found) => Some(found),
            None => self.examine(fd, &name, kind)?,
        };
        Ok(found.map(|kind| LocalEntry { name, kind }))
    }

    /// What needs no look at the entry itself.
    fn by_type(&self, name: &LocalName, kind: FileType) -> Option<LocalKind> {
        if kind == FileType::Unknown {
            return None;
        }
        if let Some(exclusion) = self.excluded(name, kind == FileType::Directory) {
            return Some(LocalKind::Excluded(exclusion));
        }
        let exclusion = match kind {
            FileType::RegularFile | FileType::Directory | FileType::Unknown => return None,
            FileType::Symlink => Exclusion::SymbolicLink,
            FileType::Fifo => Exclusion::Special("named pipe"),
            FileType::Socket => Exclusion::Special("socket"),
            FileType::CharacterDevice => Exclusion::Special("character device"),
            FileType::BlockDevice => Exclusion::Special("block device"),
        };
        Some(LocalKind::Excluded(exclusion))
    }

    fn examine(
        &self,
        fd: BorrowedFd<'_>,
        name: &LocalName,
        expected: FileType,
    ) -> Result<Option<LocalKind>, Error> {
        let (kind, found) = match self.look_at(fd, name, expected) {
            Ok(found) => found,
            Err(Errno::NOENT) => return Ok(None),
            // The machine is short of something: not a fact about this entry.
            Err(errno) if is_shortage(errno) => {
                return Err(Error::unreadable(&self.on_disk, errno));
            }
            Err(errno) => return Ok(Some(LocalKind::Unreadable(errno.to_string()))),
        };
        // Its type may not have been known, or may have changed since.
        let other = if kind == expected {
            None
        } else {
            self.by_type(name, kind)
        };
        Ok(Some(other.unwrap_or(found)))
    }

    /// A directory with its time of birth, which tells it from the next one of its name.
    /// That of a file is left to who opens it: asking for it here would double the cost
    /// of a pass.
    fn look_at(
        &self,
        fd: BorrowedFd<'_>,
        name: &LocalName,
        expected: FileType,
    ) -> Result<(FileType, LocalKind), Errno> {
        if expected != FileType::Directory {
            let stat = statat(fd, name.as_os(), AtFlags::SYMLINK_NOFOLLOW)?;
            let kind = FileType::from_raw_mode(stat.st_mode);
            if kind != FileType::Directory {
                return Ok((kind, LocalKind::File(stamp(&stat))));
            }
        }
        let found = examine(fd, name)?;
        let local = match found.kind {
            FileType::Directory => LocalKind::Directory(found.identity),
            _ => LocalKind::File(found.stamp),
        };
        Ok((found.kind, local))
    }

    fn excluded(&self, name: &LocalName, is_dir: bool) -> Option<Exclusion> {
        if self.filter.is_empty() {
            return None;
        }
        let own = || self.filter.excluded(&self.dir.join(name), is_dir);
        self.shut.clone().or_else(own)
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
    use crate::local::filter::Filter;
    use crate::local::test_rig::{Rig, filter, rel};
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
        let rules = filter(&["*.tmp", "build/"]);
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
        let rules = filter(&["*.tmp", "build/"]);
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
        let rules = filter(&["build/", "!build/deep/x"]);
        let seen = look(&rig.root, &rel("build/deep"), &names(&["x"]), &rules).unwrap();
        assert_eq!(words(&seen), ["x-rule"]);
    }

    #[test]
    fn only_directories_that_are_entered_count_as_subdirectories() {
        let rig = mixed();
        let found = subdirectories(&rig.root, &rel("."), &filter(&["build/"])).unwrap();
        assert_eq!(found, [rel("sub")]);
    }

    #[test]
    fn a_directory_that_cannot_be_listed_is_never_an_empty_one() {
        let rig = Rig::new().dir("here").file("file", "");
        symlink("here", rig.path("link")).unwrap();
        let rules = Filter::new(&[]).unwrap();
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
        let entries = list(&rig.root, &rel("."), &filter(&["*.tmp"])).unwrap();
        assert_eq!(entries[0].name, name);
        assert!(matches!(entries[0].kind, LocalKind::File(_)));
    }

    #[test]
    fn a_listing_tells_the_stamp_that_an_open_file_tells() {
        let rig = Rig::new().file("f", "content");
        let entries = list(&rig.root, &rel("."), &filter(&[])).unwrap();
        let (_, opened) = rig.root.open_file(&rel("f")).unwrap();
        let LocalKind::File(listed) = &entries[0].kind else {
            panic!("{entries:?}");
        };
        assert!(listed.same_file_state(&opened));
    }
}
