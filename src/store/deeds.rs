//! What is gone from the disk, what lies where, and what was done about it on Box.

use crate::model::deed::{Deed, ItemId, Spot};
use crate::model::ground::Ground;
use crate::model::identity::Identity;
use crate::model::ids::{FolderId, FolderKey};
use crate::model::name::RemoteName;
use crate::model::path::{LocalName, RelPath};
use crate::model::stamp::Nanos;
use crate::plan::absence::{Absent, Mark};
use crate::plan::clearance::Clearance;
use crate::store::error::Error;
use crate::store::reader::{BELOW, Reader};
use crate::store::{mirrors, rows};
use rusqlite::{Connection, OptionalExtension, Row, Savepoint, params};
use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Columns of [`absent`], in order.
pub(super) const ABSENT: &str = "name, since, clearance";
const DEED: &str = "number, run, mirror, path, kind, box_id, parent, name, new_parent, new_name";

pub(super) fn apply(db: &Savepoint<'_>, mark: &Mark) -> rusqlite::Result<()> {
    match mark {
        Mark::Absent(..) | Mark::Present(..) | Mark::Shown(..) | Mark::Approved(..) => {
            note(db, mark)?;
        }
        Mark::Ground(folder, ground) => {
            let sql = "INSERT OR REPLACE INTO ground (folder, device, inode, born, fs) \
                       VALUES (?1, ?2, ?3, ?4, ?5)";
            let values = params![
                folder.0,
                ground.identity.device.cast_signed(),
                ground.identity.inode.cast_signed(),
                ground.identity.born.map(|born| born.0),
                ground.fs.cast_signed(),
            ];
            db.prepare_cached(sql)?.execute(values)?;
        }
        Mark::NewGround(folder) => {
            db.execute("DELETE FROM ground WHERE folder = ?1", [folder.0])?;
        }
        Mark::Trashless(root, true) => {
            db.execute("INSERT OR REPLACE INTO trashless VALUES (?1)", [root.0])?;
        }
        Mark::Trashless(root, false) => {
            db.execute("DELETE FROM trashless WHERE root = ?1", [root.0])?;
        }
        Mark::Intend(deed) => put(db, deed, false)?,
        Mark::Did(deed) => put(db, deed, true)?,
        Mark::NotDone(id) => {
            let sql = "DELETE FROM deed WHERE box_id = ?1 AND done = 0";
            db.prepare_cached(sql)?.execute([id])?;
        }
        Mark::Happened(id) => {
            let sql = "UPDATE deed SET done = 1 \
                       WHERE box_id = ?1 AND done = 0 AND new_parent IS NULL";
            db.prepare_cached(sql)?.execute([id])?;
        }
        Mark::Undone(number) => {
            db.execute("DELETE FROM deed WHERE number = ?1", [number])?;
        }
        Mark::Prune(oldest) => {
            db.execute("DELETE FROM deed WHERE run < ?1", [oldest])?;
        }
        Mark::ForgetFile(dir, name) => {
            for table in ["file", "absent", "parked", "decision", "intent"] {
                end(db, table, *dir, name)?;
            }
        }
        Mark::ForgetFolder(dir, name) => {
            for table in ["absent", "parked"] {
                end(db, table, *dir, name)?;
            }
            mirrors::forget_child(db, *dir, name)?;
        }
    }
    Ok(())
}

/// What is known to be absent.
fn note(db: &Savepoint<'_>, mark: &Mark) -> rusqlite::Result<()> {
    match mark {
        Mark::Absent(dir, name, since) => {
            let sql = "INSERT OR REPLACE INTO absent (dir, name, since) VALUES (?1, ?2, ?3)";
            let values = params![dir.0, name.as_bytes(), since.0];
            db.prepare_cached(sql)?.execute(values).map(|_| ())
        }
        Mark::Shown(dir, name) => {
            let sql = "UPDATE absent SET clearance = 1 \
                       WHERE dir = ?1 AND name = ?2 AND clearance = 0";
            let values = params![dir.0, name.as_bytes()];
            db.prepare_cached(sql)?.execute(values).map(|_| ())
        }
        Mark::Approved(dir, name) => {
            let sql = "UPDATE absent SET clearance = 2 \
                       WHERE dir = ?1 AND name = ?2 AND clearance = 1";
            let values = params![dir.0, name.as_bytes()];
            db.prepare_cached(sql)?.execute(values).map(|_| ())
        }
        Mark::Present(dir, name) => end(db, "absent", *dir, name),
        _ => Ok(()),
    }
}

fn end(db: &Savepoint<'_>, table: &str, dir: FolderKey, name: &LocalName) -> rusqlite::Result<()> {
    let sql = format!("DELETE FROM {table} WHERE dir = ?1 AND name = ?2");
    let values = params![dir.0, name.as_bytes()];
    db.prepare_cached(&sql)?.execute(values).map(|_| ())
}

/// Moves of this item that were about to be asked for were made, and to this name.
pub(super) fn moved(
    db: &Savepoint<'_>,
    (kind, id): (&str, &str),
    name: &str,
) -> rusqlite::Result<()> {
    let sql = "UPDATE deed SET done = 1, new_name = ?3 \
               WHERE box_id = ?2 AND kind = ?1 AND done = 0 AND new_parent IS NOT NULL";
    db.prepare_cached(sql)?.execute([kind, id, name])?;
    Ok(())
}

/// They were not made.
pub(super) fn not_moved(db: &Savepoint<'_>, (kind, id): (&str, &str)) -> rusqlite::Result<()> {
    let sql = "DELETE FROM deed \
               WHERE box_id = ?2 AND kind = ?1 AND done = 0 AND new_parent IS NOT NULL";
    db.prepare_cached(sql)?.execute([kind, id])?;
    Ok(())
}

/// Records a deed. One that is done takes the place of every beginning of it. A delete
/// that is about to be done leaves those of other runs: one of them may have done it,
/// unheard. Of a move Box was asked before.
fn put(db: &Savepoint<'_>, deed: &Deed, done: bool) -> rusqlite::Result<()> {
    let sql = "DELETE FROM deed WHERE box_id = ?1 AND done = 0 \
               AND (?2 OR run = ?3 OR new_parent IS NOT NULL)";
    db.prepare_cached(sql)?
        .execute(params![deed.item.as_str(), done, deed.run])?;
    let sql = "INSERT INTO deed (run, mirror, path, kind, box_id, parent, name, new_parent, \
               new_name, done) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let values = params![
        deed.run,
        deed.mirror,
        deed.path.as_path().as_os_str().as_bytes(),
        deed.item.kind(),
        deed.item.as_str(),
        deed.from.parent.as_str(),
        deed.from.name.as_str(),
        deed.to.as_ref().map(|spot| spot.parent.as_str()),
        deed.to.as_ref().map(|spot| spot.name.as_str()),
        done,
    ];
    db.prepare_cached(sql)?.execute(values).map(|_| ())
}

/// An absent entry.
pub(super) fn absent(row: &Row<'_>) -> rusqlite::Result<(LocalName, Absent)> {
    let clearance = Clearance::of(row.get(2)?);
    let clearance = clearance.ok_or_else(|| rows::invalid(2, "an unknown clearance"))?;
    let since = Nanos(row.get(1)?);
    Ok((rows::name(row)?, Absent { since, clearance }))
}

fn ground(row: &Row<'_>) -> rusqlite::Result<(FolderKey, Ground)> {
    let identity = Identity {
        device: row.get::<_, i64>(1)?.cast_unsigned(),
        inode: row.get::<_, i64>(2)?.cast_unsigned(),
        born: row.get::<_, Option<i64>>(3)?.map(Nanos),
    };
    let fs = row.get::<_, i64>(4)?.cast_unsigned();
    let ground = Ground { identity, fs };
    Ok((FolderKey(row.get(0)?), ground))
}

fn deed(row: &Row<'_>) -> rusqlite::Result<Deed> {
    let path: Vec<u8> = row.get(3)?;
    let path = Path::new("/").join(Path::new(std::ffi::OsStr::from_bytes(&path)));
    let path = RelPath::below(Path::new("/"), &path);
    let (kind, id): (String, String) = (row.get(4)?, row.get(5)?);
    let spot = |parent: String, name: String| Spot {
        parent: FolderId::new(parent),
        name: RemoteName::from_box(name),
    };
    let to = (row.get::<_, Option<String>>(8)?, row.get(9)?);
    Ok(Deed {
        run: row.get(1)?,
        mirror: row.get(2)?,
        path: path.ok_or_else(|| rows::invalid(3, "a path that cannot be one"))?,
        item: ItemId::of(&kind, &id).ok_or_else(|| rows::invalid(4, "an unknown item"))?,
        from: spot(row.get(6)?, row.get(7)?),
        to: match to {
            (Some(parent), Some(name)) => Some(spot(parent, name)),
            _ => None,
        },
    })
}

/// Reads every deed.
pub(super) fn check_all(connection: &Connection) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!("SELECT {DEED} FROM deed"))?;
    statement
        .query_map([], deed)?
        .try_for_each(|deed| deed.map(drop))
}

impl Reader {
    /// Whether anything at all is known to be absent.
    pub(crate) fn is_anything_absent(&self) -> Result<bool, Error> {
        let sql = "SELECT EXISTS (SELECT 1 FROM absent)";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }

    /// Whether anything below a root is known to be absent.
    pub(crate) fn has_absent(&self, root: FolderKey) -> Result<bool, Error> {
        if !self.is_anything_absent()? {
            return Ok(false);
        }
        let sql = format!("{BELOW} SELECT EXISTS (SELECT 1 FROM absent WHERE dir IN below)");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row([root.0], |row| row.get(0))?)
    }

    /// Whether a brake has shown something below this root, and waits.
    pub(crate) fn is_held(&self, root: FolderKey) -> Result<bool, Error> {
        let any = "SELECT EXISTS (SELECT 1 FROM absent WHERE clearance = 1)";
        let any: bool = self.connection().query_row(any, [], |row| row.get(0))?;
        if !any {
            return Ok(false);
        }
        let sql = format!(
            "{BELOW} SELECT EXISTS (SELECT 1 FROM absent WHERE dir IN below AND clearance = 1)"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row([root.0], |row| row.get(0))?)
    }

    /// Everything below a root that is known to be absent: its directory, name and path.
    pub(crate) fn absent_below(
        &self,
        root: FolderKey,
    ) -> Result<Vec<(FolderKey, LocalName, RelPath, Absent)>, Error> {
        let sql = format!(
            "{BELOW} SELECT {ABSENT}, dir, seal FROM absent WHERE dir IN below ORDER BY dir, name"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let found = statement.query_map([root.0], |row| {
            let (name, absent) = self.sealed(row, absent)?;
            Ok((FolderKey(row.get(3)?), name, absent))
        })?;
        let found: Vec<_> = found.collect::<rusqlite::Result<_>>()?;
        let mut last: Option<(FolderKey, RelPath)> = None;
        let mut all = Vec::with_capacity(found.len());
        for (dir, name, absent) in found {
            let above = match last.take() {
                Some((key, path)) if key == dir => path,
                _ => self.path(dir)?,
            };
            all.push((dir, name.clone(), above.join(&name), absent));
            last = Some((dir, above));
        }
        Ok(all)
    }

    /// What lay where, of the directories at and below a root that this is known of.
    pub(crate) fn grounds(
        &self,
        root: FolderKey,
    ) -> Result<BTreeMap<RelPath, (FolderKey, Ground)>, Error> {
        // A few rows at most; the tree above each is short.
        let sql = "SELECT folder, device, inode, born, fs FROM ground";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement.query_map([], ground)?;
        let found: Vec<_> = found.collect::<rusqlite::Result<_>>()?;
        let mut grounds = BTreeMap::new();
        for (folder, ground) in found {
            if self.top(folder)? == root {
                grounds.insert(self.path(folder)?, (folder, ground));
            }
        }
        Ok(grounds)
    }

    /// The root above a directory.
    fn top(&self, dir: FolderKey) -> Result<FolderKey, Error> {
        let sql = "SELECT parent FROM folder WHERE id = ?1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut at = dir.0;
        while let Some(parent) = statement.query_row([at], |row| row.get(0))? {
            at = parent;
        }
        Ok(FolderKey(at))
    }

    /// Whether anything is mapped in a directory.
    pub(crate) fn is_used(&self, dir: FolderKey) -> Result<bool, Error> {
        let sql = "SELECT EXISTS (SELECT 1 FROM file WHERE dir = ?1) \
                   OR EXISTS (SELECT 1 FROM folder WHERE parent = ?1)";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row([dir.0], |row| row.get(0))?)
    }

    /// The folder on Box of a directory.
    pub(crate) fn folder_id(&self, dir: FolderKey) -> Result<FolderId, Error> {
        let sql = "SELECT box_id FROM folder WHERE id = ?1";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row([dir.0], |row| Ok(FolderId::new(row.get_ref(0)?.as_str()?)))?)
    }

    /// What this folder's directory was.
    pub(crate) fn ground(&self, folder: FolderKey) -> Result<Option<Ground>, Error> {
        let sql = "SELECT folder, device, inode, born, fs FROM ground WHERE folder = ?1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement.query_row([folder.0], ground).optional()?;
        Ok(found.map(|(_, ground)| ground))
    }

    /// Whether what is deleted below this root was seen not to go into a trash.
    pub(crate) fn is_trashless(&self, root: FolderKey) -> Result<bool, Error> {
        let sql = "SELECT EXISTS (SELECT 1 FROM trashless WHERE root = ?1)";
        let mut statement = self.connection().prepare_cached(sql)?;
        Ok(statement.query_row([root.0], |row| row.get(0))?)
    }

    /// The delete that was about to be done to an item when its run was cut off.
    pub(crate) fn intended(&self, id: &ItemId) -> Result<Option<Deed>, Error> {
        let sql = format!(
            "SELECT {DEED} FROM deed \
             WHERE box_id = ?1 AND kind = ?2 AND done = 0 AND new_parent IS NULL \
             ORDER BY number LIMIT 1"
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let key = [id.as_str(), id.kind()];
        Ok(statement.query_row(key, deed).optional()?)
    }

    /// The deeds of a run with their numbers, the last first, and whether each is known to
    /// be done.
    pub(crate) fn deeds(&self, run: &str) -> Result<Vec<(i64, Deed, bool)>, Error> {
        let sql = format!("SELECT {DEED}, done FROM deed WHERE run = ?1 ORDER BY number DESC");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let found =
            statement.query_map([run], |row| Ok((row.get(0)?, deed(row)?, row.get(10)?)))?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }

    /// The last runs that have deeds, the last first.
    pub(crate) fn runs(&self, most: u32) -> Result<Vec<String>, Error> {
        let sql = "SELECT run FROM deed GROUP BY run ORDER BY run DESC LIMIT ?1";
        let mut statement = self.connection().prepare_cached(sql)?;
        let found = statement.query_map([most], |row| row.get(0))?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }

    /// How many files are mapped at and below a directory.
    pub(crate) fn files_below(&self, dir: FolderKey) -> Result<u64, Error> {
        Ok(self.synced_files(dir)?.cast_unsigned())
    }

    /// Whether a directory at or below this one was a mount point.
    pub(crate) fn has_ground(&self, dir: FolderKey) -> Result<bool, Error> {
        let sql = format!("{BELOW} SELECT EXISTS (SELECT 1 FROM ground WHERE folder IN below)");
        let mut statement = self.connection().prepare_cached(&sql)?;
        Ok(statement.query_row([dir.0], |row| row.get(0))?)
    }
}
