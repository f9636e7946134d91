//! Reading the mapping, one directory at a time.

use crate::model::ids::{FileId, FolderId, FolderKey};
use crate::model::path::{LocalName, RelPath};
use crate::model::reason::FULL;
use crate::plan::conflict::CODES;
use crate::plan::facts::{Mapped, ParkedItem, SyncedFolder};
use crate::store::error::Error;
use crate::store::{deeds, rows};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use std::collections::BTreeMap;

/// A connection that reads.
pub(crate) struct Reader {
    connection: Connection,
}

impl Reader {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Everything that is known of a directory's entries.
    pub(crate) fn children(&self, dir: FolderKey) -> Result<Mapped, Error> {
        let all = |columns: &str, table: &str| {
            format!("SELECT {columns} FROM {table} WHERE dir = ?1 ORDER BY name")
        };
        let folders = format!(
            "SELECT {} FROM folder WHERE parent = ?1 ORDER BY name",
            rows::FOLDER
        );
        // One transaction: one pair of file locks instead of five.
        let _reading = self.connection.unchecked_transaction()?;
        Ok(Mapped {
            files: self.map(&all(rows::FILE, "file"), [dir.0], rows::file)?,
            folders: self.map(&folders, [dir.0], rows::folder)?,
            parked: self.map(&all(rows::PARKED, "parked"), [dir.0], rows::parked)?,
            intents: self.map(&all(rows::INTENT, "intent"), [dir.0], rows::intent)?,
            decisions: self.map(&all(rows::DECISION, "decision"), [dir.0], rows::decision)?,
            absent: self.map(&all(deeds::ABSENT, "absent"), [dir.0], deeds::absent)?,
        })
    }

    /// As [`Self::children`], for some entries only: a directory may hold a hundred
    /// thousand files, of which one was saved.
    pub(crate) fn some(&self, dir: FolderKey, names: &[LocalName]) -> Result<Mapped, Error> {
        let one = |columns: &str, table: &str, parent: &str| {
            format!("SELECT {columns} FROM {table} WHERE {parent} = ?1 AND name = ?2")
        };
        let mut found = Mapped::default();
        for name in names {
            let key = params![dir.0, name.as_bytes()];
            found
                .files
                .extend(self.map(&one(rows::FILE, "file", "dir"), key, rows::file)?);
            let key = params![dir.0, name.as_bytes()];
            let folder = self.map(&one(rows::FOLDER, "folder", "parent"), key, rows::folder)?;
            found.folders.extend(folder);
            let key = params![dir.0, name.as_bytes()];
            found.parked.extend(self.map(
                &one(rows::PARKED, "parked", "dir"),
                key,
                rows::parked,
            )?);
            let key = params![dir.0, name.as_bytes()];
            found.intents.extend(self.map(
                &one(rows::INTENT, "intent", "dir"),
                key,
                rows::intent,
            )?);
            let key = params![dir.0, name.as_bytes()];
            found.decisions.extend(self.map(
                &one(rows::DECISION, "decision", "dir"),
                key,
                rows::decision,
            )?);
            let key = params![dir.0, name.as_bytes()];
            let absent = self.map(&one(deeds::ABSENT, "absent", "dir"), key, deeds::absent)?;
            found.absent.extend(absent);
        }
        Ok(found)
    }

    fn map<T>(
        &self,
        sql: &str,
        params: impl Params,
        row: impl Fn(&Row<'_>) -> rusqlite::Result<(LocalName, T)>,
    ) -> Result<BTreeMap<LocalName, T>, Error> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params, |r| row(r))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// A mirror's root folder, if it has been found on Box for this target.
    pub(crate) fn root(&self, mirror: &str, target: &str) -> Result<Option<SyncedFolder>, Error> {
        let columns =
            "f.name, f.id, f.box_id, f.inventoried, f.device, f.inode, f.born, f.box_name";
        let sql = format!(
            "SELECT {columns} FROM mirror m JOIN folder f ON f.id = m.root \
             WHERE m.name = ?1 AND m.target = ?2"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement
            .query_row([mirror, target], rows::root_folder)
            .optional()?)
    }

    /// A mapped directory by its parent and name.
    pub(crate) fn child_folder(
        &self,
        parent: FolderKey,
        name: &LocalName,
    ) -> Result<Option<SyncedFolder>, Error> {
        let sql = format!(
            "SELECT {} FROM folder WHERE parent = ?1 AND name = ?2",
            rows::FOLDER
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let key = params![parent.0, name.as_bytes()];
        Ok(statement
            .query_row(key, rows::folder)
            .optional()?
            .map(|(_, folder)| folder))
    }

    /// The entry that has this file on Box: its directory and name.
    pub(crate) fn owner(&self, id: &FileId) -> Result<Option<(FolderKey, Vec<u8>)>, Error> {
        self.owner_in("SELECT dir, name FROM file WHERE box_id = ?1", id.as_str())
    }

    /// The directory that has this folder on Box: its parent and name.
    pub(crate) fn folder_owner(
        &self,
        id: &FolderId,
    ) -> Result<Option<(FolderKey, Vec<u8>)>, Error> {
        let sql = "SELECT coalesce(parent, 0), name FROM folder WHERE box_id = ?1";
        self.owner_in(sql, id.as_str())
    }

    fn owner_in(&self, sql: &str, id: &str) -> Result<Option<(FolderKey, Vec<u8>)>, Error> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let owner = statement.query_row([id], |row| Ok((FolderKey(row.get(0)?), row.get(1)?)));
        Ok(owner.optional()?)
    }

    /// How many files agree with Box below a mirror's root.
    pub(crate) fn synced_files(&self, root: FolderKey) -> Result<i64, Error> {
        let sql = format!("{BELOW} SELECT count(*) FROM file WHERE dir IN below");
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row([root.0], |row| row.get(0))?)
    }

    /// What waits below a mirror's root, with its path; at most `most` of it.
    pub(crate) fn parked_below(
        &self,
        root: FolderKey,
        most: u32,
    ) -> Result<Vec<(RelPath, ParkedItem)>, Error> {
        let sql = format!(
            "{BELOW} SELECT {}, dir FROM parked WHERE dir IN below ORDER BY dir, name LIMIT ?2",
            rows::PARKED
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map([root.0, i64::from(most)], |row| {
            Ok((rows::parked(row)?, FolderKey(row.get(11)?)))
        })?;
        let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
        let with_path = |((name, item), dir)| Ok((self.path(dir)?.join(&name), item));
        rows.into_iter().map(with_path).collect()
    }

    /// The conflicts below a mirror's root, each with its path, in the order of the paths.
    pub(crate) fn conflicts_below(
        &self,
        root: FolderKey,
    ) -> Result<Vec<(RelPath, ParkedItem)>, Error> {
        let codes = CODES.map(|code| format!("'{code}'")).join(", ");
        let sql = format!(
            "{BELOW} SELECT {}, dir FROM parked WHERE dir IN below AND code IN ({codes})",
            rows::PARKED
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map([root.0], |row| {
            Ok((rows::parked(row)?, FolderKey(row.get(11)?)))
        })?;
        let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
        let with_path = |((name, item), dir)| Ok((self.path(dir)?.join(&name), item));
        let found: Result<Vec<_>, Error> = rows.into_iter().map(with_path).collect();
        let mut found = found?;
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(found)
    }

    /// What is known of one entry, by its path: its directory, its name, and its rows.
    /// `None` where no directory on the way has a folder.
    pub(crate) fn entry(
        &self,
        root: FolderKey,
        path: &RelPath,
    ) -> Result<Option<(FolderKey, LocalName, Mapped)>, Error> {
        let Some((above, name)) = path.split() else {
            return Ok(None);
        };
        let mut dir = root;
        for component in above.components() {
            match self.child_folder(dir, &component)? {
                Some(folder) => dir = folder.key,
                None => return Ok(None),
            }
        }
        let mapped = self.some(dir, std::slice::from_ref(&name))?;
        Ok(Some((dir, name, mapped)))
    }

    /// The smallest file, from that size on, that waits below a mirror's root because
    /// there is no room on Box.
    pub(crate) fn smallest_without_room(
        &self,
        root: FolderKey,
        from: u64,
    ) -> Result<Option<(RelPath, u64)>, Error> {
        let sql = format!(
            "{BELOW} SELECT name, dir, size FROM parked \
             WHERE dir IN below AND code = ?2 AND size >= ?3 ORDER BY size LIMIT 1"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let key = params![root.0, FULL, from.cast_signed()];
        let found = statement.query_row(key, |row| {
            let name = rows::name(row)?;
            Ok((name, FolderKey(row.get(1)?), row.get::<_, i64>(2)?))
        });
        let Some((name, dir, size)) = found.optional()? else {
            return Ok(None);
        };
        Ok(Some((self.path(dir)?.join(&name), size.cast_unsigned())))
    }

    /// How many entries wait below a mirror's root.
    pub(crate) fn parked_count(&self, root: FolderKey) -> Result<i64, Error> {
        let sql = format!("{BELOW} SELECT count(*) FROM parked WHERE dir IN below");
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row([root.0], |row| row.get(0))?)
    }

    /// A directory's path below its root.
    pub(super) fn path(&self, dir: FolderKey) -> Result<RelPath, Error> {
        let sql = "SELECT parent, name FROM folder WHERE id = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let (mut at, mut names) = (Some(dir.0), Vec::new());
        while let Some(id) = at {
            let (parent, name): (Option<i64>, Vec<u8>) =
                statement.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
            names.extend(LocalName::new(&name));
            at = parent;
        }
        Ok(names
            .iter()
            .rev()
            .fold(RelPath::root(), |path, name| path.join(name)))
    }
}

/// The directories of one mirror.
pub(super) const BELOW: &str = "WITH RECURSIVE below (id) AS (VALUES (?1) UNION ALL \
                     SELECT f.id FROM folder f JOIN below ON f.parent = below.id)";
