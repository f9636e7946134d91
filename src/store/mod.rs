//! The mapping in SQLite: what Box and the disk last agreed on.
//!
//! One thread writes, and everything that waits for it is committed together; readers
//! have connections of their own. Nothing here decides anything.

pub(crate) mod account;
pub(crate) mod condition;
pub(crate) mod deeds;
pub(crate) mod error;
pub(crate) mod history;
pub(crate) mod last;
pub(crate) mod leaf;
pub(crate) mod lock;
mod mark;
pub(crate) mod migrate;
pub(crate) mod mirrors;
pub(crate) mod origins;
pub(crate) mod pauses;
pub(crate) mod reader;
pub(crate) mod recovery;
pub(crate) mod rows;
mod seal;
mod second_look;
pub(crate) mod sessions;
mod told;
mod tree;
pub(crate) mod verified;
mod warned;
pub(crate) mod witness;
pub(crate) mod writer;

#[cfg(test)]
mod tests;

use crate::store::error::Error;
use crate::store::mark::Generation;
use crate::store::reader::Reader;
use crate::store::recovery::{Found, Opened};
use crate::store::seal::Seals;
use crate::store::witness::Witness;
use crate::store::writer::Writer;
use rusqlite::backup::Backup;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::ffi::OsStr;
use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The database's name in the state directory.
const FILE: &str = "boxup.db";
/// How long to wait for another process that reads or checkpoints.
const BUSY: Duration = Duration::from_secs(30);

/// An open state directory.
#[derive(Clone)]
pub(crate) struct Store {
    path: PathBuf,
    writer: Writer,
    /// What seals are keyed with.
    key: i64,
    found: Option<Arc<Found>>,
}

/// Makes the state directory if it is missing; only its owner may look into it.
pub(crate) fn make_state_dir(dir: &Path) -> Result<(), Error> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|source| Error::Directory {
        path: dir.to_path_buf(),
        source,
    })
}

impl Store {
    /// Opens the mapping for writing, making or migrating it as needed, and recovering it
    /// where it is damaged, lost or old. The caller holds the state directory's lock.
    pub(crate) fn open(dir: &Path) -> Result<Self, Error> {
        let dir = real(dir)?;
        let Opened {
            connection,
            key,
            generation,
            is_open,
            found,
        } = recovery::open(&dir)?;
        let path = dir.join(FILE);
        let database = Witness::of(path.clone())?;
        let generation = Generation::new(dir, database, generation, is_open);
        let writer = Writer::start(connection, generation)?;
        Ok(Self {
            path,
            writer,
            key,
            found: found.map(Arc::new),
        })
    }

    /// What was wrong with the state when it was opened.
    pub(crate) fn found(&self) -> Option<&Found> {
        self.found.as_deref()
    }

    /// Waits until everything is on disk and the database is tidy.
    pub(crate) async fn close(self) {
        self.writer.close().await;
    }

    /// Of the database.
    pub(crate) fn witness(&self) -> Result<Witness, Error> {
        Witness::of(self.path.clone())
    }

    /// The writing half.
    pub(crate) fn writer(&self) -> &Writer {
        &self.writer
    }

    /// A new reading connection.
    pub(crate) fn reader(&self) -> Result<Reader, Error> {
        let connection = connect(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // The log is the writer's to end, who may have a reason to leave it.
        keep_log(&connection, true)?;
        Ok(Reader::new(connection, Seals::new(self.key)))
    }
}

/// The directory without links on the way to it: SQLite is told to follow none, so that
/// nobody can put one in the database's place, and it means the whole path.
fn real(dir: &Path) -> Result<PathBuf, Error> {
    let resolved = std::fs::canonicalize(dir);
    resolved.map_err(|source| Error::Directory {
        path: dir.to_path_buf(),
        source,
    })
}

/// Reads an existing mapping without writing anything; an empty one where there is none.
pub(crate) fn peek(dir: &Path) -> Result<Reader, Error> {
    let path = match real(dir) {
        Ok(dir) => dir.join(FILE),
        Err(Error::Directory { source, .. }) if source.kind() == ErrorKind::NotFound => {
            return nothing();
        }
        Err(error) => return Err(error),
    };
    match std::fs::metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => nothing(),
        Err(source) => Err(Error::Directory { path, source }),
        Ok(_) => {
            let connection = look_at(&path)?;
            match migrate::check(&connection)? {
                // Somebody is just making it, or was stopped while making it.
                0 => nothing(),
                version if version < migrate::known() => migrated(&connection),
                _ => {
                    let key = recovery::checked(&connection)?.key;
                    Ok(Reader::new(connection, Seals::new(key)))
                }
            }
        }
    }
}

/// Opens without leaving a trace. Even a reader makes SQLite's two side files where they
/// are missing; they are missing when nobody has the database open and the last run
/// closed it, and then the database alone is everything.
fn look_at(path: &Path) -> Result<Connection, Error> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    if std::fs::symlink_metadata(log).is_ok() {
        return connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    }
    let mut uri = b"file:".to_vec();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'?' | b'#' | b'%' => uri.extend(format!("%{byte:02x}").bytes()),
            byte => uri.push(*byte),
        }
    }
    uri.extend(b"?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    connect(Path::new(OsStr::from_bytes(&uri)), flags)
}

fn nothing() -> Result<Reader, Error> {
    in_memory(Connection::open_in_memory()?)
}

/// One of an earlier version, as it would be of this one.
fn migrated(old: &Connection) -> Result<Reader, Error> {
    let mut copy = Connection::open_in_memory()?;
    Backup::new(old, &mut copy)?.run_to_completion(i32::MAX, Duration::ZERO, None)?;
    in_memory(copy)
}

fn in_memory(mut connection: Connection) -> Result<Reader, Error> {
    let key = recovery::in_memory(&mut connection)?;
    Ok(Reader::new(connection, Seals::new(key)))
}

/// Whether the log stays when the last connection is closed. What has not been believed
/// yet must not be merged.
fn keep_log(connection: &Connection, stays: bool) -> Result<(), Error> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, stays)?;
    Ok(())
}

/// What a signal has cut off is begun again. The standard library does so for files, and
/// not for directories.
fn uninterrupted<T>(mut call: impl FnMut() -> std::io::Result<T>) -> std::io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, Error> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    // FULL: with NORMAL, committed rows are lost in a power cut.
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; \
         PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA cache_size = -4000;",
    )?;
    // Without this, a statement is compiled anew for each value that is bound to it
    // once the database has statistics: half the time of a pass with nothing to do.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}
