//! What the last verification of each mirror found.

use crate::model::stamp::Nanos;
use crate::store::error::Error;
use crate::store::reader::Reader;
use rusqlite::{OptionalExtension, Savepoint, params};

/// What was found, in numbers, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastVerified {
    /// The mirror's name.
    pub(crate) mirror: String,
    /// When it was over.
    pub(crate) at: Nanos,
    /// Missing, changed, extra and pending.
    pub(crate) found: [u64; 4],
}

pub(super) fn put(db: &Savepoint<'_>, last: &LastVerified) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO verified (mirror, at, missing, changed, extra, pending) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let [missing, changed, extra, pending] = last.found.map(u64::cast_signed);
    let values = params![last.mirror, last.at.0, missing, changed, extra, pending];
    db.execute(sql, values).map(|_| ())
}

impl Reader {
    /// What the last verification of a mirror found; `None` before the first.
    pub(crate) fn last_verified(&self, mirror: &str) -> Result<Option<LastVerified>, Error> {
        let sql = "SELECT at, missing, changed, extra, pending FROM verified WHERE mirror = ?1";
        let found = self.connection().query_row(sql, [mirror], |row| {
            let number = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
            Ok(LastVerified {
                mirror: mirror.to_owned(),
                at: Nanos(row.get(0)?),
                found: [number(1)?, number(2)?, number(3)?, number(4)?],
            })
        });
        Ok(found.optional()?)
    }
}
