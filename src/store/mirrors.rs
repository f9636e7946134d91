//! Where each mirror's root folder is.

use crate::model::ids::FolderId;
use rusqlite::{OptionalExtension, Savepoint, params};

/// A root folder that has been found or made on Box.
#[derive(Clone, Debug)]
pub(crate) struct NewRoot {
    /// The mirror's name.
    pub(crate) mirror: String,
    /// Its target as configured.
    pub(crate) target: String,
    /// The folder.
    pub(crate) id: FolderId,
    /// Whether it was made just now, so that nothing is in it.
    pub(crate) is_new: bool,
}

/// Records it. What was known of the mirror's former target is forgotten: nothing on
/// Box is touched, and pointing back finds everything again by comparing.
pub(crate) fn put_root(db: &Savepoint<'_>, root: &NewRoot) -> rusqlite::Result<()> {
    let sql = "SELECT root FROM mirror WHERE name = ?1";
    let former: Option<i64> = db
        .query_row(sql, [&root.mirror], |row| row.get(0))
        .optional()?;
    db.execute("DELETE FROM mirror WHERE name = ?1", [&root.mirror])?;
    if let Some(former) = former {
        forget(db, former)?;
    }
    db.execute(
        "INSERT INTO folder (parent, name, box_id, etag, inventoried) VALUES (NULL, x'', ?1, NULL, ?2)",
        params![root.id.as_str(), root.is_new],
    )?;
    let folder = db.last_insert_rowid();
    let sql = "INSERT INTO mirror (name, target, root) VALUES (?1, ?2, ?3)";
    db.execute(sql, params![root.mirror, root.target, folder])
        .map(|_| ())
}

fn forget(db: &Savepoint<'_>, root: i64) -> rusqlite::Result<()> {
    db.execute_batch(
        "CREATE TEMP TABLE IF NOT EXISTS below (id INTEGER PRIMARY KEY); DELETE FROM below",
    )?;
    db.execute(
        "WITH RECURSIVE tree (id) AS (VALUES (?1) UNION ALL \
         SELECT f.id FROM folder f JOIN tree ON f.parent = tree.id) \
         INSERT INTO below SELECT id FROM tree",
        [root],
    )?;
    for table in ["file", "parked", "intent"] {
        db.execute(
            &format!("DELETE FROM {table} WHERE dir IN (SELECT id FROM below)"),
            [],
        )?;
    }
    // Children have higher numbers than their parents only by accident; the check of
    // the references waits for the commit.
    db.execute_batch(
        "PRAGMA defer_foreign_keys = ON; DELETE FROM folder WHERE id IN (SELECT id FROM below)",
    )
}
