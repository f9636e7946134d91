//! Mirrors that are left alone because somebody asked for it.

use crate::model::stamp::Nanos;
use crate::plan::pause::Pause;
use crate::store::error::Error;
use crate::store::reader::Reader;
use rusqlite::{OptionalExtension, Savepoint, params};

/// What is new about pauses.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// These begin; each takes the place of the mirror's former one.
    Begin(Vec<Pause>),
    /// Those of these mirrors end.
    End(Vec<String>),
}

pub(super) fn apply(db: &Savepoint<'_>, change: &Change) -> rusqlite::Result<()> {
    match change {
        Change::Begin(pauses) => pauses.iter().try_for_each(|pause| begin(db, pause)),
        Change::End(mirrors) => mirrors.iter().try_for_each(|mirror| {
            db.execute("DELETE FROM pause WHERE mirror = ?1", [mirror])
                .map(drop)
        }),
    }
}

/// Nobody looks while it lasts: what was found to be gone before that, and no person has
/// been asked about, is found anew afterwards, and its minute begins then.
fn begin(db: &Savepoint<'_>, pause: &Pause) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO pause (mirror, since, until, who) VALUES (?1, ?2, ?3, ?4)";
    let until = pause.until.map(|until| until.0);
    db.execute(sql, params![pause.mirror, pause.since.0, until, pause.by])?;
    let sql = "SELECT root FROM mirror WHERE name = ?1";
    let root: Option<i64> = db
        .query_row(sql, [&pause.mirror], |row| row.get(0))
        .optional()?;
    let sql = "WITH RECURSIVE below (id) AS (VALUES (?1) UNION \
               SELECT f.id FROM folder f JOIN below ON f.parent = below.id) \
               DELETE FROM absent WHERE dir IN below AND clearance = 0";
    match root {
        Some(root) => db.execute(sql, [root]).map(drop),
        None => Ok(()),
    }
}

impl Reader {
    /// All pauses, those whose time is up included, by the mirrors' names.
    pub(crate) fn pauses(&self) -> Result<Vec<Pause>, Error> {
        let sql = "SELECT mirror, since, until, who FROM pause ORDER BY mirror";
        let mut query = self.connection().prepare_cached(sql)?;
        let rows = query.query_map([], |row| {
            Ok(Pause {
                mirror: row.get(0)?,
                since: Nanos(row.get(1)?),
                until: row.get::<_, Option<i64>>(2)?.map(Nanos),
                by: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
