//! The mirrors as they were announced.

use crate::plan::announce::Known;
use crate::store::error::Error;
use crate::store::reader::Reader;
use rusqlite::{Savepoint, params};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Records that these were, and no others.
pub(super) fn put(db: &Savepoint<'_>, told: &[Known]) -> rusqlite::Result<()> {
    db.execute("DELETE FROM told", [])?;
    for mirror in told {
        let local = mirror
            .local
            .as_ref()
            .map(|path| path.as_os_str().as_bytes());
        let sql = "INSERT INTO told (name, target, local) VALUES (?1, ?2, ?3)";
        db.execute(sql, params![mirror.name, mirror.target, local])?;
    }
    Ok(())
}

impl Reader {
    /// The mirrors that were announced, as they were then.
    pub(crate) fn told(&self) -> Result<Vec<Known>, Error> {
        let db = self.connection();
        // A dry run may look at a mapping of an earlier version.
        let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'told'";
        let tables: i64 = db.query_row(sql, [], |row| row.get(0))?;
        let table = match tables {
            0 => "SELECT name, target, NULL FROM mirror ORDER BY name",
            _ => "SELECT name, target, local FROM told ORDER BY name",
        };
        let mut query = db.prepare(table)?;
        let rows = query.query_map([], |row| {
            let local: Option<Vec<u8>> = row.get(2)?;
            Ok(Known {
                name: row.get(0)?,
                target: row.get(1)?,
                local: local.map(|path| OsString::from_vec(path).into()),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
