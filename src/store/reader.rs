//! Reading the mapping, one directory at a time.

use crate::model::ids::{FileId, FolderId, FolderKey};
use crate::model::path::{LocalName, RelPath};
use crate::model::reason::FULL;
use crate::model::stamp::Nanos;
use crate::plan::conflict::CODES;
use crate::plan::facts::{Mapped, ParkedItem, SyncedFolder};
use crate::plan::policy::Loss;
use crate::store::error::Error;
use crate::store::seal::{Seals, broken};
use crate::store::{deeds, recovery, rows};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use std::collections::BTreeMap;

/// A connection that reads.
pub(crate) struct Reader {
    connection: Connection,
    seals: Seals,
}

impl Reader {
    pub(super) fn new(connection: Connection, seals: Seals) -> Self {
        Self { connection, seals }
    }

    /// Every row that is read goes through this; its last columns are its place and its
    /// seal.
    pub(super) fn sealed<T>(
        &self,
        row: &Row<'_>,
        decode: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.seals.check(row)?;
        decode(row)
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Everything that is known of a directory's entries.
    pub(crate) fn children(&self, dir: FolderKey) -> Result<Mapped, Error> {
        let all = |columns: &str, table: &str| {
            format!("SELECT {columns}, dir, seal FROM {table} WHERE dir = ?1 ORDER BY name")
        };
        let folders = format!(
            "SELECT {}, parent, seal FROM folder WHERE parent = ?1 ORDER BY name",
            rows::FOLDER
        );
        // One transaction: one pair of file locks instead of five.
        let _reading = self.connection.unchecked_transaction()?;
        Ok(Mapped {
            files: self.map(dir, &all(rows::FILE, "file"), [dir.0], rows::file)?,
            folders: self.map(dir, &folders, [dir.0], rows::folder)?,
            parked: self.map(dir, &all(rows::PARKED, "parked"), [dir.0], rows::parked)?,
            intents: self.map(dir, &all(rows::INTENT, "intent"), [dir.0], rows::intent)?,
            decisions: self.map(
                dir,
                &all(rows::DECISION, "decision"),
                [dir.0],
                rows::decision,
            )?,
            absent: self.map(dir, &all(deeds::ABSENT, "absent"), [dir.0], deeds::absent)?,
        })
    }

    /// As [`Self::children`], for some entries only: a directory may hold a hundred
    /// thousand files, of which one was saved.
    pub(crate) fn some(&self, dir: FolderKey, names: &[LocalName]) -> Result<Mapped, Error> {
        let one = |columns: &str, table: &str, parent: &str| {
            format!(
                "SELECT {columns}, {parent}, seal FROM {table} WHERE {parent} = ?1 AND name = ?2"
            )
        };
        let mut found = Mapped::default();
        for name in names {
            let key = params![dir.0, name.as_bytes()];
            found
                .files
                .extend(self.map(dir, &one(rows::FILE, "file", "dir"), key, rows::file)?);
            let key = params![dir.0, name.as_bytes()];
            let folder = self.map(
                dir,
                &one(rows::FOLDER, "folder", "parent"),
                key,
                rows::folder,
            )?;
            found.folders.extend(folder);
            let key = params![dir.0, name.as_bytes()];
            found.parked.extend(self.map(
                dir,
                &one(rows::PARKED, "parked", "dir"),
                key,
                rows::parked,
            )?);
            let key = params![dir.0, name.as_bytes()];
            found.intents.extend(self.map(
                dir,
                &one(rows::INTENT, "intent", "dir"),
                key,
                rows::intent,
            )?);
            let key = params![dir.0, name.as_bytes()];
            found.decisions.extend(self.map(
                dir,
                &one(rows::DECISION, "decision", "dir"),
                key,
                rows::decision,
            )?);
            let key = params![dir.0, name.as_bytes()];
            let absent = self.map(
                dir,
                &one(deeds::ABSENT, "absent", "dir"),
                key,
                deeds::absent,
            )?;
            found.absent.extend(absent);
        }
        Ok(found)
    }

    fn map<T>(
        &self,
        dir: FolderKey,
        sql: &str,
        params: impl Params,
        row: impl Fn(&Row<'_>) -> rusqlite::Result<(LocalName, T)>,
    ) -> Result<BTreeMap<LocalName, T>, Error> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(params, |found| {
            let decoded = self.sealed(found, &row)?;
            // An index that is damaged may lead to another row, whole as it is.
            match found.get::<_, i64>(found.as_ref().column_count() - 2)? == dir.0 {
                true => Ok(decoded),
                false => Err(broken("a row is not where it should be")),
            }
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// A mirror's root folder, if it has been found on Box for this target.
    pub(crate) fn root(&self, mirror: &str, target: &str) -> Result<Option<SyncedFolder>, Error> {
        let sql = "SELECT name, target, root, seal FROM mirror WHERE name = ?1 AND target = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_row([mirror, target], |row| {
            self.sealed(row, |row| row.get::<_, i64>(2))
        });
        let Some(root) = found.optional()? else {
            return Ok(None);
        };
        let sql = format!(
            "SELECT {}, parent, seal FROM folder WHERE id = ?1",
            rows::FOLDER
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let decode = |row: &Row<'_>| self.sealed(row, rows::root_folder);
        Ok(statement.query_row([root], decode).optional()?)
    }

    /// A mapped directory by its parent and name.
    pub(crate) fn child_folder(
        &self,
        parent: FolderKey,
        name: &LocalName,
    ) -> Result<Option<SyncedFolder>, Error> {
        let sql = format!(
            "SELECT {}, parent, seal FROM folder WHERE parent = ?1 AND name = ?2",
            rows::FOLDER
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let key = params![parent.0, name.as_bytes()];
        let decode = |row: &Row<'_>| self.sealed(row, rows::folder);
        match statement.query_row(key, decode).optional()? {
            None => Ok(None),
            Some((found, folder)) if found == *name => Ok(Some(folder)),
            Some(_) => Err(broken("a row is not where it should be").into()),
        }
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

    /// Why the mapping is in doubt, if it is.
    pub(crate) fn loss(&self) -> Result<Option<Loss>, Error> {
        Ok(recovery::checked(&self.connection)?.loss)
    }

    /// Whether a mirror has been compared with Box as a whole since the mapping has been
    /// in doubt.
    pub(crate) fn is_compared(&self, mirror: &str) -> Result<bool, Error> {
        let sql = "SELECT count(*) FROM compared WHERE mirror = ?1";
        let found: i64 = self.connection.query_row(sql, [mirror], |row| row.get(0))?;
        Ok(found > 0)
    }

    /// What waits below a mirror's root, with its path; at most `most` of it.
    pub(crate) fn parked_below(
        &self,
        root: FolderKey,
        most: u32,
    ) -> Result<Vec<(RelPath, ParkedItem)>, Error> {
        let sql = format!(
            "{BELOW} SELECT {}, dir, seal FROM parked WHERE dir IN below ORDER BY dir, name LIMIT ?2",
            rows::PARKED
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map([root.0, i64::from(most)], |row| {
            Ok((self.sealed(row, rows::parked)?, FolderKey(row.get(11)?)))
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
            "{BELOW} SELECT {}, dir, seal FROM parked WHERE dir IN below AND code IN ({codes})",
            rows::PARKED
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map([root.0], |row| {
            Ok((self.sealed(row, rows::parked)?, FolderKey(row.get(11)?)))
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

    /// Since when the oldest of them waits; `None`: nothing does, or nobody has noted it.
    pub(crate) fn oldest_parked(&self, root: FolderKey) -> Result<Option<Nanos>, Error> {
        let sql = format!(
            "{BELOW} SELECT min(since) FROM parked WHERE dir IN below AND since IS NOT NULL"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let since: Option<i64> = statement.query_row([root.0], |row| row.get(0))?;
        Ok(since.map(Nanos))
    }

    /// A directory's path below its root.
    pub(super) fn path(&self, dir: FolderKey) -> Result<RelPath, Error> {
        let sql = format!(
            "SELECT {}, parent, seal FROM folder WHERE id = ?1",
            rows::FOLDER
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let (mut at, mut names) = (Some(dir.0), Vec::new());
        while let Some(id) = at {
            if names.len() > DEEPEST {
                return Err(broken("a directory is in itself").into());
            }
            let (parent, name): (Option<i64>, Vec<u8>) = statement.query_row([id], |row| {
                let parent = row.as_ref().column_count() - 2;
                self.sealed(row, |row| Ok((row.get(parent)?, row.get(0)?)))
            })?;
            names.extend(LocalName::new(&name));
            at = parent;
        }
        Ok(names
            .iter()
            .rev()
            .fold(RelPath::root(), |path, name| path.join(name)))
    }
}

/// The most directories that a path of 4,096 bytes can have.
const DEEPEST: usize = 2_048;

/// The directories of one mirror.
pub(super) const BELOW: &str = "WITH RECURSIVE below (id) AS (VALUES (?1) UNION \
                     SELECT f.id FROM folder f JOIN below ON f.parent = below.id)";
