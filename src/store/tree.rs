//! The mapping's directories: where each is, and which one it is.

use crate::model::identity::Identity;
use crate::model::ids::FolderKey;
use crate::model::path::LocalName;
use crate::plan::action::NewFolder;
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
    db.prepare_cached(sql)?.execute(values).map(|_| ())
}

fn born(identity: Identity) -> Option<i64> {
    identity.born.map(|born| born.0)
}
