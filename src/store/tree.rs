//! The mapping's directories: where each is, and which one it is.

use crate::model::identity::Identity;
use crate::model::ids::FolderKey;
use crate::model::path::LocalName;
use crate::model::reason::AWAITS;
use crate::plan::action::{Moved, Moving, NewFolder};
use crate::plan::moves::Item;
use crate::store::deeds;
use rusqlite::{Savepoint, params};

/// A directory has this folder.
pub(super) fn put_folder(
    db: &Savepoint<'_>,
    parent: FolderKey,
    name: &LocalName,
    folder: &NewFolder,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO folder \
               (parent, name, box_id, etag, inventoried, device, inode, born, box_name) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (parent, name) DO UPDATE \
               SET box_id = ?3, etag = ?4, inventoried = ?5, device = ?6, inode = ?7, \
               born = ?8, box_name = ?9";
    let identity = folder.identity;
    let values = params![
        parent.0,
        name.as_bytes(),
        folder.id.as_str(),
        folder.etag.as_ref().map(|etag| etag.as_str()),
        folder.inventoried,
        identity.map(|identity| identity.device.cast_signed()),
        identity.map(|identity| identity.inode.cast_signed()),
        identity.and_then(born),
        folder.box_name.as_ref().map(|name| name.as_str()),
    ];
    db.prepare_cached(sql)?.execute(values).map(|_| ())
}

/// It is this directory now.
pub(super) fn identify(
    db: &Savepoint<'_>,
    dir: FolderKey,
    identity: Identity,
) -> rusqlite::Result<()> {
    let sql = "UPDATE folder SET device = ?2, inode = ?3, born = ?4 WHERE id = ?1";
    let values = params![
        dir.0,
        identity.device.cast_signed(),
        identity.inode.cast_signed(),
        born(identity),
    ];
    db.prepare_cached(sql)?.execute(values)?;
    // No directory has two names: another row's is not that one any more.
    let sql = "UPDATE folder SET device = NULL, inode = NULL, born = NULL \
               WHERE inode = ?3 AND id <> ?1 AND device = ?2 AND born = ?4";
    db.prepare_cached(sql)?.execute(values).map(|_| ())
}

fn born(identity: Identity) -> Option<i64> {
    identity.born.map(|born| born.0)
}

/// A move is about to be asked for.
pub(super) fn intend(db: &Savepoint<'_>, moving: &Moving) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO moving (kind, box_id, dir, name, box_name) \
               VALUES (?1, ?2, ?3, ?4, ?5)";
    let (kind, id) = of(&moving.item);
    let values = params![
        kind,
        id,
        moving.dir.0,
        moving.name.as_bytes(),
        moving.remote_name.as_str()
    ];
    db.prepare_cached(sql)?.execute(values).map(|_| ())
}

/// It was not made: where the item is, the mapping says again.
pub(super) fn not_moving(db: &Savepoint<'_>, item: &Item) -> rusqlite::Result<()> {
    deeds::not_moved(db, of(item))?;
    end(db, item)
}

fn end(db: &Savepoint<'_>, item: &Item) -> rusqlite::Result<()> {
    let (kind, id) = of(item);
    let sql = "DELETE FROM moving WHERE kind = ?1 AND box_id = ?2";
    db.prepare_cached(sql)?
        .execute(params![kind, id])
        .map(|_| ())
}

fn of(item: &Item) -> (&'static str, &str) {
    match item {
        Item::File(id) => ("file", id.as_str()),
        Item::Folder(_, id) => ("folder", id.as_str()),
    }
}

/// The item has moved. One row changes for a folder, whatever is in it; with a file go
/// the rows that are about it. A name that is taken in the mapping stays with its owner:
/// the next look finds out.
pub(super) fn moved(db: &Savepoint<'_>, moved: &Moved) -> rusqlite::Result<()> {
    let (dir, name) = (moved.dir.0, moved.name.as_bytes());
    let etag = moved.etag.as_ref().map(|etag| etag.as_str());
    end(db, &moved.item)?;
    deeds::moved(db, of(&moved.item), moved.remote_name.as_str())?;
    // Neither is gone.
    let sql = "DELETE FROM absent WHERE dir = ?1 AND name = ?2";
    let mut present = db.prepare_cached(sql)?;
    present.execute(params![moved.from.0.0, moved.from.1.as_bytes()])?;
    present.execute(params![dir, name])?;
    match &moved.item {
        Item::Folder(key, _) => {
            let sql = "UPDATE OR IGNORE folder SET parent = ?2, name = ?3, etag = ?4, \
                       box_name = ?5 WHERE id = ?1 AND parent IS NOT NULL";
            let values = params![key.0, dir, name, etag, moved.remote_name.as_str()];
            db.prepare_cached(sql)?.execute(values)?;
            let sql = "DELETE FROM parked WHERE dir = ?1 AND name = ?2";
            db.prepare_cached(sql)?.execute(params![dir, name])?;
        }
        Item::File(id) => {
            let (from, was) = (moved.from.0.0, moved.from.1.as_bytes());
            let sql = "UPDATE OR IGNORE file SET dir = ?2, name = ?3, etag = ?4, box_name = ?5 \
                       WHERE box_id = ?1";
            let values = params![id.as_str(), dir, name, etag, moved.remote_name.as_str()];
            db.prepare_cached(sql)?.execute(values)?;
            // It waited for this.
            let sql = "DELETE FROM parked WHERE dir = ?1 AND name = ?2 AND code = ?3";
            db.prepare_cached(sql)?
                .execute(params![dir, name, AWAITS])?;
            for table in ["parked", "intent", "decision", "session"] {
                let sql = format!(
                    "UPDATE OR REPLACE {table} SET dir = ?3, name = ?4 \
                     WHERE dir = ?1 AND name = ?2"
                );
                db.prepare_cached(&sql)?
                    .execute(params![from, was, dir, name])?;
            }
        }
    }
    Ok(())
}
