//! What was done, for people. No decision rests on it, and what is wrong with it stops
//! nothing.

use crate::model::deed::ItemId;
use crate::model::digest::Sha1Digest;
use crate::model::ids::VersionId;
use crate::model::path::RelPath;
use crate::model::stamp::Nanos;
use crate::plan::conflict::Keep;
use crate::plan::history::{Entry, Happening, What};
use crate::store::error::Error;
use crate::store::reader::Reader;
use crate::store::rows;
use rusqlite::{Connection, OptionalExtension, Row, Savepoint, params};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Columns of an entry, in order.
const HISTORY: &str = "number, at, run, mirror, path, what, kind, box_id, from_mirror, from_path, \
                       version, sha1, bytes, files, keep";
/// About as many entries are kept, whatever their age.
const MOST: i64 = 1_000_000;
/// After so many new ones the oldest beyond that go.
const EVERY: i64 = 4_096;
/// Entries that are forgotten, or looked at, in one go.
const SLICE: i64 = 10_000;

/// Adds an entry.
pub(super) fn put(db: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    let happening = &entry.happening;
    let sql = "INSERT INTO history (at, run, mirror, path, what, kind, box_id, from_mirror, \
               from_path, version, sha1, bytes, files, keep) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    let values = params![
        entry.at.0,
        entry.run,
        entry.mirror,
        entry.path.as_bytes(),
        happening.what.code(),
        happening.item.kind(),
        happening.item.as_str(),
        happening.from.as_ref().map(|(mirror, _)| mirror),
        happening.from.as_ref().map(|(_, path)| path.as_bytes()),
        happening.version.as_ref().map(VersionId::as_str),
        happening.sha1.as_ref().map(|sha1| sha1.as_bytes()),
        happening.bytes.map(u64::cast_signed),
        happening.files.map(u64::cast_signed),
        happening.keep.map(Keep::word),
    ];
    db.prepare_cached(sql)?.execute(values)?;
    let number = db.last_insert_rowid();
    if number % EVERY == 0 {
        let sql = "DELETE FROM history WHERE number <= ?1";
        db.prepare_cached(sql)?.execute([number - MOST])?;
    }
    Ok(())
}

/// Forgets the oldest entries, if they are from before then.
pub(super) fn forget(db: &Savepoint<'_>, before: Nanos) -> rusqlite::Result<()> {
    // In the order in which they came: a clock that once was wrong keeps what came after.
    let sql = "DELETE FROM history WHERE number < coalesce(\
               (SELECT min(number) FROM (SELECT number, at FROM history ORDER BY number LIMIT ?2) \
               WHERE at >= ?1), (SELECT min(number) FROM history) + ?2)";
    db.execute(sql, params![before.0, SLICE]).map(drop)
}

/// A mirror has another name now.
pub(super) fn rename(db: &Savepoint<'_>, from: &str, to: &str) -> rusqlite::Result<()> {
    let sql = "UPDATE history SET mirror = iif(mirror = ?1, ?2, mirror), \
               from_mirror = iif(from_mirror = ?1, ?2, from_mirror) \
               WHERE mirror = ?1 OR from_mirror = ?1";
    db.execute(sql, [from, to]).map(drop)
}

/// Takes over what can be read of another database's, which may be damaged; how many
/// entries, and whether that is all of them.
pub(super) fn take_over(db: &Connection, from: &Connection) -> rusqlite::Result<(u64, bool)> {
    let sql = format!("SELECT {HISTORY} FROM history ORDER BY number");
    let Ok(mut select) = from.prepare(&sql) else {
        return Ok((0, false));
    };
    let Ok(mut rows) = select.query([]) else {
        return Ok((0, false));
    };
    let (mut taken, mut is_whole) = (0, true);
    loop {
        match rows.next() {
            Ok(Some(row)) => match entry(row) {
                Ok(entry) => {
                    put(db, &entry)?;
                    taken += 1;
                }
                Err(_) => is_whole = false,
            },
            Ok(None) => return Ok((taken, is_whole)),
            Err(_) => return Ok((taken, false)),
        }
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let path = |column| -> rusqlite::Result<RelPath> {
        let top = Path::new("/");
        let bytes: Vec<u8> = row.get(column)?;
        let path = RelPath::below(top, &top.join(OsStr::from_bytes(&bytes)));
        path.ok_or_else(|| rows::invalid(column, "a path that cannot be one"))
    };
    let word = |column| row.get::<_, String>(column);
    let maybe = |column| row.get::<_, Option<String>>(column);
    let number = |column| row.get::<_, Option<i64>>(column);
    let what = What::of(&word(5)?).ok_or_else(|| rows::invalid(5, "an unknown event"))?;
    let item = ItemId::of(&word(6)?, &word(7)?);
    let keep = maybe(14)?
        .map(|word| Keep::of(&word).ok_or_else(|| rows::invalid(14, "an unknown decision")));
    let sha1 = row.get::<_, Option<[u8; 20]>>(11)?;
    Ok(Entry {
        at: Nanos(row.get(1)?),
        run: word(2)?,
        mirror: word(3)?,
        path: path(4)?,
        happening: Happening {
            what,
            item: item.ok_or_else(|| rows::invalid(6, "an unknown item"))?,
            from: match maybe(8)? {
                Some(mirror) => Some((mirror, path(9)?)),
                None => None,
            },
            version: maybe(10)?.map(VersionId::new),
            sha1: sha1.map(Sha1Digest::new),
            bytes: number(12)?.map(i64::cast_unsigned),
            files: number(13)?.map(i64::cast_unsigned),
            keep: keep.transpose()?,
        },
    })
}

/// A part of the history.
#[derive(Debug, Default)]
pub(crate) struct Slice {
    /// The entries with their numbers.
    pub(crate) entries: Vec<(i64, Entry)>,
    /// Entries that make no sense.
    pub(crate) unreadable: u64,
}

impl Reader {
    /// When the oldest entry was made.
    pub(crate) fn oldest_history(&self) -> Result<Option<Nanos>, Error> {
        let sql = "SELECT at FROM history ORDER BY number LIMIT 1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement.query_row([], |row| Ok(Nanos(row.get(0)?)));
        Ok(found.optional()?)
    }

    /// The newest entries before that number, the newest first; of the whole history, in
    /// slices. `None` when there are no more.
    pub(crate) fn history_before(&self, number: i64) -> Result<Option<(Slice, i64)>, Error> {
        let sql = format!(
            "SELECT {HISTORY} FROM history WHERE number < ?1 ORDER BY number DESC LIMIT ?2"
        );
        self.slice(&sql, params![number, SLICE])
    }

    /// One entry.
    pub(crate) fn history_at(&self, number: i64) -> Result<Option<Entry>, Error> {
        let sql = format!("SELECT {HISTORY} FROM history WHERE number = ?1");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row([number], entry).optional()?)
    }

    fn slice(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> Result<Option<(Slice, i64)>, Error> {
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        let (mut slice, mut last) = (Slice::default(), None);
        while let Some(row) = rows.next()? {
            let number = row.get(0)?;
            last = Some(number);
            match entry(row) {
                Ok(entry) => slice.entries.push((number, entry)),
                Err(_) => slice.unreadable += 1,
            }
        }
        Ok(last.map(|last| (slice, last)))
    }
}
