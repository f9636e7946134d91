//! Which rows an object on the disk may be of.

use crate::model::identity::Identity;
use crate::model::ids::{FileId, FolderId, FolderKey};
use crate::model::name::RemoteName;
use crate::model::path::{LocalName, RelPath};
use crate::plan::action::Moving;
use crate::plan::facts::{SyncedFile, SyncedFolder};
use crate::plan::moves::Item;
use crate::store::error::Error;
use crate::store::reader::{BELOW, Reader};
use crate::store::rows;
use rusqlite::{OptionalExtension, Row, params};

/// A row that was recorded with an inode number.
#[derive(Clone, Debug)]
pub(crate) struct Candidate<T> {
    /// Its directory.
    pub(crate) dir: FolderKey,
    /// Its name there.
    pub(crate) name: LocalName,
    /// What it says.
    pub(crate) row: T,
    /// Which object it was recorded of.
    pub(crate) identity: Identity,
}

/// More than these are not one object's any more.
const MOST: usize = 64;

impl Reader {
    /// The files that were recorded with this inode number. They are on the devices of
    /// their directories.
    pub(crate) fn files_of(&self, inode: u64) -> Result<Vec<Candidate<SyncedFile>>, Error> {
        let columns = rows::FILE.split(", ").map(|column| format!("f.{column}"));
        let sql = format!(
            "SELECT {}, f.dir, d.device FROM file f JOIN folder d ON d.id = f.dir \
             WHERE f.inode = ?1 LIMIT {MOST}",
            columns.collect::<Vec<_>>().join(", ")
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let found = statement.query_map([inode.cast_signed()], |row| {
            let (name, file) = rows::file(row)?;
            let device: Option<i64> = row.get("device")?;
            Ok(Candidate {
                dir: FolderKey(row.get("dir")?),
                name,
                identity: Identity {
                    // No device has this number.
                    device: device.map_or(u64::MAX, i64::cast_unsigned),
                    inode,
                    born: file.stamp.created,
                },
                row: file,
            })
        })?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }

    /// The directories that were recorded with this inode number.
    pub(crate) fn folders_of(&self, inode: u64) -> Result<Vec<Candidate<SyncedFolder>>, Error> {
        let sql = format!(
            "SELECT {}, parent FROM folder WHERE inode = ?1 AND parent IS NOT NULL LIMIT {MOST}",
            rows::FOLDER
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let found = statement.query_map([inode.cast_signed()], |row| {
            let (name, folder) = rows::folder(row)?;
            Ok(folder
                .identity
                .map(|identity| (row.get("parent"), name, folder, identity)))
        })?;
        let mut candidates = Vec::new();
        for found in found {
            if let Some((dir, name, row, identity)) = found? {
                let dir = FolderKey(dir?);
                candidates.push(Candidate {
                    dir,
                    name,
                    row,
                    identity,
                });
            }
        }
        Ok(candidates)
    }

    /// A directory's row: its parent, its name, and what it says. `None` for a root, and
    /// for what has gone.
    pub(crate) fn folder_row(
        &self,
        key: FolderKey,
    ) -> Result<Option<(FolderKey, LocalName, SyncedFolder)>, Error> {
        let sql = format!(
            "SELECT {}, parent FROM folder WHERE id = ?1 AND parent IS NOT NULL",
            rows::FOLDER
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let found = statement.query_row([key.0], |row| {
            let (name, folder) = rows::folder(row)?;
            Ok((FolderKey(row.get("parent")?), name, folder))
        });
        Ok(found.optional()?)
    }

    /// A directory or a root, by its key.
    pub(crate) fn folder(&self, key: FolderKey) -> Result<Option<SyncedFolder>, Error> {
        let sql = format!("SELECT {} FROM folder WHERE id = ?1", rows::FOLDER);
        let mut statement = self.connection().prepare_cached(&sql)?;
        let found = statement.query_row([key.0], rows::root_folder);
        Ok(found.optional()?)
    }

    /// The root that a directory is below, and its path there.
    pub(crate) fn locate(&self, dir: FolderKey) -> Result<Option<(FolderKey, RelPath)>, Error> {
        let sql = "SELECT parent FROM folder WHERE id = ?1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut at = dir;
        loop {
            let parent = statement.query_row([at.0], |row| row.get::<_, Option<i64>>(0));
            match parent.optional()? {
                None => return Ok(None),
                Some(None) => break,
                Some(Some(parent)) => at = FolderKey(parent),
            }
        }
        Ok(Some((at, self.path(dir)?)))
    }

    /// Moves below a mirror's root that Box may have made without our knowing.
    pub(crate) fn moving_below(&self, root: FolderKey) -> Result<Vec<Moving>, Error> {
        let sql = format!(
            "{BELOW} SELECT name, kind, box_id, dir, box_name FROM moving WHERE dir IN below"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let found = statement.query_map([root.0], moving)?;
        let found: Vec<_> = found.collect::<rusqlite::Result<_>>()?;
        let with_key = |(moving, id): (Moving, String)| self.with_key(moving, &id);
        found.into_iter().map(with_key).collect()
    }

    /// Moves of a run that Box may have made without our knowing.
    pub(crate) fn moving_in(&self, run: &str) -> Result<Vec<Moving>, Error> {
        let sql = "SELECT m.name, m.kind, m.box_id, m.dir, m.box_name FROM moving m \
                   JOIN deed d ON d.box_id = m.box_id AND d.kind = m.kind \
                   WHERE d.run = ?1 AND d.done = 0 AND d.new_parent IS NOT NULL";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement.query_map([run], moving)?;
        let found: Vec<_> = found.collect::<rusqlite::Result<_>>()?;
        let with_key = |(moving, id): (Moving, String)| self.with_key(moving, &id);
        found.into_iter().map(with_key).collect()
    }

    /// The move of this item that Box may have made without our knowing.
    pub(crate) fn moving_of(&self, item: &Item) -> Result<Option<Moving>, Error> {
        let (kind, id) = match item {
            Item::File(id) => ("file", id.as_str()),
            Item::Folder(_, id) => ("folder", id.as_str()),
        };
        let sql = "SELECT name, kind, box_id, dir, box_name FROM moving \
                   WHERE kind = ?1 AND box_id = ?2";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement.query_row([kind, id], moving).optional()?;
        let found = found.map(|(moving, id)| self.with_key(moving, &id));
        found.transpose()
    }

    fn with_key(&self, mut moving: Moving, id: &str) -> Result<Moving, Error> {
        if let Item::Folder(key, _) = &mut moving.item {
            let sql = "SELECT id FROM folder WHERE box_id = ?1";
            let mut find = self.connection().prepare_cached(sql)?;
            let found = find.query_row(params![id], |row| row.get(0)).optional()?;
            *key = FolderKey(found.unwrap_or(-1));
        }
        Ok(moving)
    }
}

fn moving(row: &Row<'_>) -> rusqlite::Result<(Moving, String)> {
    let name = rows::name(row)?;
    let (kind, id): (String, String) = (row.get(1)?, row.get(2)?);
    let item = match kind.as_str() {
        "file" => Item::File(FileId::new(id.clone())),
        _ => Item::Folder(FolderKey(-1), FolderId::new(id.clone())),
    };
    let moving = Moving {
        item,
        dir: FolderKey(row.get(3)?),
        name,
        remote_name: RemoteName::from_box(row.get::<_, String>(4)?),
    };
    Ok((moving, id))
}
