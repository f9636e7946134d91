//! The account that the mapping was made with.

use crate::store::error::Error;
use crate::store::reader::Reader;
use rusqlite::{OptionalExtension, Savepoint, params};

/// An account, and the credential that was last seen to belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownAccount {
    /// Its ID on Box.
    pub(crate) id: String,
    /// Its login, to be told.
    pub(crate) login: String,
    /// The credential's fingerprint.
    pub(crate) credential: String,
}

/// Records it.
pub(super) fn put(db: &Savepoint<'_>, account: &KnownAccount) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO account (only, id, login, credential) \
               VALUES (1, ?1, ?2, ?3)";
    let values = params![account.id, account.login, account.credential];
    db.execute(sql, values).map(|_| ())
}

impl Reader {
    /// The account that the mapping was made with; `None` while there is no mapping, or
    /// where it was made before accounts were recorded.
    pub(crate) fn account(&self) -> Result<Option<KnownAccount>, Error> {
        let db = self.connection();
        // A dry run may look at a mapping of an earlier version.
        let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'account'";
        let tables: i64 = db.query_row(sql, [], |row| row.get(0))?;
        let roots: i64 = db.query_row("SELECT count(*) FROM mirror", [], |row| row.get(0))?;
        if tables == 0 || roots == 0 {
            return Ok(None);
        }
        let sql = "SELECT id, login, credential FROM account";
        let found = db.query_row(sql, [], |row| {
            Ok(KnownAccount {
                id: row.get(0)?,
                login: row.get(1)?,
                credential: row.get(2)?,
            })
        });
        Ok(found.optional()?)
    }
}
