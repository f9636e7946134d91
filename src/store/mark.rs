//! The mark beside the database: an empty file whose name has a number that the database
//! knows.
//!
//! With the first commit of a run, now and then in a long one, and with its end, the next
//! mark takes the place of the last. A database that was copied back finds its own mark
//! gone; a whole directory that was copied back has marks that are other files. A kill
//! between two steps leaves two marks, of which the database knows one.

use crate::store::error::Error;
use crate::store::uninterrupted;
use crate::store::witness::Witness;
use rusqlite::{Transaction, params};
use std::collections::BTreeSet;
use std::fs::{File, Metadata, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

const NAME: &str = "generation.";

/// A run that goes on for long gets a new mark as often as this, so that a copy of the
/// database that was made meanwhile is noticed when it is put back.
const MARKED: Duration = Duration::from_secs(15 * 60);

/// A mark as a file, which no copy of it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) number: i64,
    pub(super) inode: i64,
    /// Nanoseconds; the last change of the inode where the file system knows no birth.
    pub(super) born: i64,
}

fn path(dir: &Path, number: i64) -> PathBuf {
    dir.join(format!("{NAME}{number}"))
}

fn failed(path: PathBuf) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::Directory { path, source }
}

/// The numbers of the marks that are there.
pub(super) fn all(dir: &Path) -> Result<BTreeSet<i64>, Error> {
    uninterrupted(|| listed(dir)).map_err(failed(dir.to_path_buf()))
}

fn listed(dir: &Path) -> std::io::Result<BTreeSet<i64>> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(NAME));
        found.extend(number.and_then(|number| number.parse::<i64>().ok()));
    }
    Ok(found)
}

/// Makes one, on the disk when this returns.
pub(super) fn make(dir: &Path, number: i64) -> Result<Mark, Error> {
    let path = path(dir, number);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(&path).map_err(failed(path.clone()))?;
    file.sync_all().map_err(failed(path.clone()))?;
    sync(dir)?;
    let found = file.metadata().map_err(failed(path))?;
    Ok(of(number, &found))
}

/// The mark of that number, if it is there.
pub(super) fn find(dir: &Path, number: i64) -> Result<Option<Mark>, Error> {
    let path = path(dir, number);
    match std::fs::symlink_metadata(&path) {
        Ok(found) => Ok(Some(of(number, &found))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed(path)(source)),
    }
}

/// Removes all others. One that stays is removed by the next.
pub(super) fn keep_only(dir: &Path, number: i64) {
    for other in all(dir).unwrap_or_default() {
        if other != number {
            drop(std::fs::remove_file(path(dir, other)));
        }
    }
}

/// What happened to names in the directory is on the disk when this returns.
pub(super) fn sync(dir: &Path) -> Result<(), Error> {
    let synced = File::open(dir).and_then(|dir| dir.sync_all());
    synced.map_err(failed(dir.to_path_buf()))
}

/// The inode of a file.
pub(super) fn inode(path: &Path) -> Result<i64, Error> {
    let found = std::fs::symlink_metadata(path).map_err(failed(path.to_path_buf()))?;
    Ok(found.ino().cast_signed())
}

fn of(number: i64, found: &Metadata) -> Mark {
    let since = |time: std::time::SystemTime| time.duration_since(UNIX_EPOCH).ok();
    let born = found.created().ok().and_then(since);
    let born = born.and_then(|since| i64::try_from(since.as_nanos()).ok());
    let changed = || {
        let seconds = found.ctime().saturating_mul(1_000_000_000);
        seconds.saturating_add(found.ctime_nsec())
    };
    Mark {
        number,
        inode: found.ino().cast_signed(),
        born: born.unwrap_or_else(changed),
    }
}

/// The number of the database's mark, and when it changes.
pub(crate) struct Generation {
    dir: PathBuf,
    /// The directory has no marks of another database's as long as this one is there.
    database: Witness,
    number: i64,
    /// Whether the database says that a run is under way.
    is_open: bool,
    /// When it changed last in this run.
    changed: Option<Instant>,
    /// What holds once the transaction under way is committed: its number, whether the
    /// run goes on, and when that was.
    pending: Option<(i64, bool, Instant)>,
}

impl Generation {
    pub(super) fn new(dir: PathBuf, database: Witness, number: i64, is_open: bool) -> Self {
        Self {
            dir,
            database,
            number,
            is_open,
            changed: None,
            pending: None,
        }
    }

    /// Whether the database says that a run is under way: this one, which has committed
    /// something, or one that was killed.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Within the transaction: the next mark, where it is time for one. The former is
    /// there, and is the database's, until the transaction is committed.
    pub(super) fn step(
        &mut self,
        db: &Transaction<'_>,
        now: Instant,
        is_last: bool,
    ) -> Result<(), Error> {
        self.pending = None;
        let is_due = self.changed.is_none_or(|at| now - at >= MARKED);
        if !is_due && !is_last {
            return Ok(());
        }
        if self.database.is_gone() {
            return Err(Error::Gone(self.database.path().to_owned()));
        }
        let mark = make(&self.dir, self.number + 1)?;
        let sql = "UPDATE state SET generation = ?1, inode = ?2, born = ?3, is_open = ?4";
        db.execute(sql, params![mark.number, mark.inode, mark.born, !is_last])?;
        self.pending = Some((mark.number, !is_last, now));
        Ok(())
    }

    /// After the transaction: the former mark has had its time.
    pub(super) fn settle(&mut self) {
        if let Some((number, is_open, now)) = self.pending.take() {
            (self.number, self.is_open, self.changed) = (number, is_open, Some(now));
            keep_only(&self.dir, number);
        }
    }
}
