//! Where each mirror's root folder is.

use crate::model::ids::{FolderId, FolderKey};
use crate::model::path::LocalName;
use crate::plan::parole;
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
    /// The names of all mirrors of the configuration.
    pub(crate) configured: Vec<String>,
}

/// Who has the folder already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// Nobody, so it is this mirror's now.
    Nobody,
    /// This mirror of the configuration, as its root or somewhere in it.
    Mirror(String),
}

/// Records it. What was known of the mirror's former target is forgotten: nothing on
/// Box is touched, and pointing back finds everything again by comparing. A mirror that
/// was renamed takes its mapping along.
pub(crate) fn put_root(db: &Savepoint<'_>, root: &NewRoot) -> rusqlite::Result<Holder> {
    if let Some(holder) = holder(db, root)? {
        if root.configured.contains(&holder) && holder != root.mirror {
            return Ok(Holder::Mirror(holder));
        }
        let sql = "SELECT count(*) FROM mirror WHERE name = ?1 AND target = ?2";
        let is_the_same: i64 = db.query_row(sql, [&holder, &root.target], |row| row.get(0))?;
        if is_the_same > 0 {
            remove(db, &root.mirror, &holder)?;
            let sql = "UPDATE mirror SET name = ?1 WHERE name = ?2";
            db.execute(sql, [&root.mirror, &holder])?;
            return Ok(Holder::Nobody);
        }
        remove(db, &holder, "")?;
    }
    remove(db, &root.mirror, "")?;
    db.execute(
        "INSERT INTO folder (parent, name, box_id, etag, inventoried) \
         VALUES (NULL, x'', ?1, NULL, ?2)",
        params![root.id.as_str(), root.is_new],
    )?;
    let folder = db.last_insert_rowid();
    let sql = "INSERT INTO mirror (name, target, root) VALUES (?1, ?2, ?3)";
    db.execute(sql, params![root.mirror, root.target, folder])?;
    Ok(Holder::Nobody)
}

/// The mirror that has the folder as its root or somewhere in it.
fn holder(db: &Savepoint<'_>, root: &NewRoot) -> rusqlite::Result<Option<String>> {
    db.query_row(
        "WITH RECURSIVE up (id, parent) AS (\
         SELECT id, parent FROM folder WHERE box_id = ?1 UNION \
         SELECT f.id, f.parent FROM folder f JOIN up ON f.id = up.parent) \
         SELECT m.name FROM mirror m JOIN up ON m.root = up.id",
        [root.id.as_str()],
        |row| row.get(0),
    )
    .optional()
}

/// Forgets a mirror, unless it is the one to keep.
fn remove(db: &Savepoint<'_>, mirror: &str, keep: &str) -> rusqlite::Result<()> {
    if mirror == keep {
        return Ok(());
    }
    let sql = "SELECT root FROM mirror WHERE name = ?1";
    let former: Option<i64> = db.query_row(sql, [mirror], |row| row.get(0)).optional()?;
    db.execute("DELETE FROM mirror WHERE name = ?1", [mirror])?;
    match former {
        Some(former) => forget(db, former),
        None => Ok(()),
    }
}

/// Forgets a directory that is a file now.
pub(crate) fn forget_child(
    db: &Savepoint<'_>,
    parent: FolderKey,
    name: &LocalName,
) -> rusqlite::Result<()> {
    let mut find = db.prepare_cached("SELECT id FROM folder WHERE parent = ?1 AND name = ?2")?;
    let key = params![parent.0, name.as_bytes()];
    match find.query_row(key, |row| row.get(0)).optional()? {
        Some(folder) => forget(db, folder),
        None => Ok(()),
    }
}

/// Nothing below a directory waits any longer.
pub(crate) fn unpark_below(db: &Savepoint<'_>, dir: FolderKey) -> rusqlite::Result<()> {
    let sql = "WITH RECURSIVE below (id) AS (VALUES (?1) UNION \
               SELECT f.id FROM folder f JOIN below ON f.parent = below.id) \
               DELETE FROM parked WHERE dir IN below";
    db.prepare_cached(sql)?.execute([dir.0]).map(|_| ())
}

/// What waits for something that another try may change counts as never tried.
const RETRIED: &str = "UPDATE parked SET in_the_item = 0, tried_at = 0";

fn but_for_those() -> String {
    let codes = parole::LEFT.iter().map(|code| format!("'{code}'"));
    format!("code NOT IN ({})", codes.collect::<Vec<_>>().join(", "))
}

/// An entry that waits is tried at the next look.
pub(crate) fn retry(db: &Savepoint<'_>, dir: FolderKey, name: &LocalName) -> rusqlite::Result<()> {
    let which = but_for_those();
    let sql = format!("{RETRIED} WHERE dir = ?1 AND name = ?2 AND {which}");
    db.execute(&sql, params![dir.0, name.as_bytes()]).map(drop)
}

/// The same of all below a directory.
pub(crate) fn retry_below(db: &Savepoint<'_>, dir: FolderKey) -> rusqlite::Result<()> {
    let which = but_for_those();
    let sql = format!(
        "WITH RECURSIVE below (id) AS (VALUES (?1) UNION \
         SELECT f.id FROM folder f JOIN below ON f.parent = below.id) \
         {RETRIED} WHERE dir IN below AND {which}"
    );
    db.execute(&sql, [dir.0]).map(drop)
}

fn forget(db: &Savepoint<'_>, root: i64) -> rusqlite::Result<()> {
    db.execute_batch(
        "CREATE TEMP TABLE IF NOT EXISTS below (id INTEGER PRIMARY KEY); DELETE FROM below",
    )?;
    db.execute(
        "WITH RECURSIVE tree (id) AS (VALUES (?1) UNION \
         SELECT f.id FROM folder f JOIN tree ON f.parent = tree.id) \
         INSERT INTO below SELECT id FROM tree",
        [root],
    )?;
    for table in ["file", "parked", "intent", "session", "decision", "moving"] {
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
