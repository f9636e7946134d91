//! Model values to columns and back. Unsigned numbers are stored bit for bit.

use crate::model::digest::Sha1Digest;
use crate::model::identity::Identity;
use crate::model::ids::{Etag, FileId, FolderId, FolderKey, VersionId};
use crate::model::item::Seen;
use crate::model::name::RemoteName;
use crate::model::path::LocalName;
use crate::model::stamp::{Nanos, Stamp};
use crate::plan::conflict::{Decision, Keep};
use crate::plan::facts::{Intent, ParkedItem, SyncedFile, SyncedFolder};
use rusqlite::Row;
use rusqlite::types::{FromSqlError, Type, ValueRef};

/// Columns of [`file()`], in order.
pub(crate) const FILE: &str = "name, box_id, version, etag, box_name, sha1, size, mtime, ctime, \
                               inode, hashed_at, provisional, born";
/// Columns of [`folder`], in order.
pub(crate) const FOLDER: &str = "name, id, box_id, inventoried, device, inode, born, \
                                 box_name";
/// Columns of [`parked`], in order.
pub(crate) const PARKED: &str = "name, code, message, in_the_item, size, mtime, ctime, inode, \
                                 tried_at, box_id, box_version";
/// Columns of [`decision`], in order.
pub(crate) const DECISION: &str = "name, keep, box_id, box_version, sha1";
/// Columns of a mirror's row, in order.
pub(crate) const MIRROR: &str = "name, target";
/// Columns of the row about the database itself, in order.
pub(crate) const STATE: &str = "key, generation, inode, born, own_inode, is_open, loss";
/// Columns of [`intent`], in order.
pub(crate) const INTENT: &str = "name, sha1, apart";

/// A file's row.
pub(crate) fn file(row: &Row<'_>) -> rusqlite::Result<(LocalName, SyncedFile)> {
    let stamp = Stamp {
        size: row.get::<_, i64>(6)?.cast_unsigned(),
        mtime: Nanos(row.get(7)?),
        ctime: Nanos(row.get(8)?),
        inode: row.get::<_, i64>(9)?.cast_unsigned(),
        created: row.get::<_, Option<i64>>(12)?.map(Nanos),
    };
    let file = SyncedFile {
        id: FileId::new(row.get_ref(1)?.as_str()?),
        version: row.get_ref(2)?.as_str_or_null()?.map(VersionId::new),
        etag: row.get_ref(3)?.as_str_or_null()?.map(Etag::new),
        name: RemoteName::from_box(row.get_ref(4)?.as_str()?),
        sha1: digest(row, 5)?,
        stamp,
        hashed_at: Nanos(row.get(10)?),
        provisional: row.get(11)?,
    };
    Ok((name(row)?, file))
}

/// A directory's row.
pub(crate) fn folder(row: &Row<'_>) -> rusqlite::Result<(LocalName, SyncedFolder)> {
    Ok((name(row)?, root_folder(row)?))
}

/// As [`folder`], for a root, whose name is empty.
pub(crate) fn root_folder(row: &Row<'_>) -> rusqlite::Result<SyncedFolder> {
    Ok(SyncedFolder {
        key: FolderKey(row.get(1)?),
        id: FolderId::new(row.get_ref(2)?.as_str()?),
        inventoried: row.get(3)?,
        identity: identity(row, 4)?,
        name: row.get_ref(7)?.as_str_or_null()?.map(RemoteName::from_box),
    })
}

/// A directory's identity, from its three columns.
pub(crate) fn identity(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Identity>> {
    let number = |column| row.get::<_, Option<i64>>(column);
    let device = number(first)?.map(i64::cast_unsigned);
    let inode = number(first + 1)?.map(i64::cast_unsigned);
    let born = number(first + 2)?.map(Nanos);
    Ok(device.zip(inode).map(|(device, inode)| Identity {
        device,
        inode,
        born,
    }))
}

/// What waits.
pub(crate) fn parked(row: &Row<'_>) -> rusqlite::Result<(LocalName, ParkedItem)> {
    let stamp = match row.get::<_, Option<i64>>(4)? {
        None => None,
        Some(size) => Some(Stamp {
            size: size.cast_unsigned(),
            mtime: Nanos(row.get(5)?),
            ctime: Nanos(row.get(6)?),
            inode: row.get::<_, i64>(7)?.cast_unsigned(),
            created: None,
        }),
    };
    let item = ParkedItem {
        code: row.get(1)?,
        message: row.get(2)?,
        in_the_item: row.get(3)?,
        stamp,
        tried_at: Nanos(row.get(8)?),
        obstacle: seen(row, 9)?,
    };
    Ok((name(row)?, item))
}

/// What was decided.
pub(crate) fn decision(row: &Row<'_>) -> rusqlite::Result<(LocalName, Decision)> {
    let keep = Keep::of(row.get_ref(1)?.as_str()?)
        .ok_or_else(|| invalid(1, "a decision that this version does not know"))?;
    let left = match row.get_ref(4)? {
        ValueRef::Null => None,
        _ => Some(digest(row, 4)?),
    };
    let seen = seen(row, 2)?.ok_or_else(|| invalid(2, "a decision about nothing"))?;
    Ok((name(row)?, Decision { keep, seen, left }))
}

fn seen(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Seen>> {
    let id = row.get_ref(column)?.as_str_or_null()?.map(Box::from);
    let version = row.get_ref(column + 1)?.as_str_or_null()?;
    let version = version.map(VersionId::new);
    Ok(id.map(|id| Seen { id, version }))
}

/// A request in doubt.
pub(crate) fn intent(row: &Row<'_>) -> rusqlite::Result<(LocalName, Intent)> {
    Ok((
        name(row)?,
        Intent {
            sha1: digest(row, 1)?,
            apart: row.get(2)?,
        },
    ))
}

/// The name in the first column.
pub(crate) fn name(row: &Row<'_>) -> rusqlite::Result<LocalName> {
    let bytes = row.get_ref(0)?.as_blob()?;
    LocalName::new(bytes).ok_or_else(|| invalid(0, "a name that cannot be one"))
}

fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<Sha1Digest> {
    let bytes = row.get_ref(column)?.as_blob()?;
    let bytes = bytes
        .try_into()
        .map_err(|_| invalid(column, "a digest of another length"))?;
    Ok(Sha1Digest::new(bytes))
}

pub(crate) fn invalid(column: usize, what: &str) -> rusqlite::Error {
    let error = FromSqlError::Other(what.into());
    rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, Box::new(error))
}
