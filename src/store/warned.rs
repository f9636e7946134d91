//! The warnings that a pass has given, so that the next one does not repeat them.

use crate::store::error::Error;
use crate::store::reader::Reader;
use rusqlite::Savepoint;
use std::collections::BTreeSet;

/// Records that these were given, and no others.
pub(super) fn put(db: &Savepoint<'_>, warnings: &BTreeSet<String>) -> rusqlite::Result<()> {
    db.execute("DELETE FROM warned", [])?;
    let mut insert = db.prepare_cached("INSERT INTO warned (words) VALUES (?1)")?;
    for words in warnings {
        insert.execute([words])?;
    }
    Ok(())
}

impl Reader {
    /// The warnings that the last pass has given.
    pub(crate) fn warned(&self) -> Result<BTreeSet<String>, Error> {
        let mut query = self.connection().prepare("SELECT words FROM warned")?;
        let rows = query.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
