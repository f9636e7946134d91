//! The mapping in SQLite: what Box and the disk last agreed on.
//!
//! One thread writes, and everything that waits for it is committed together; readers
//! have connections of their own. Nothing here decides anything.

pub(crate) mod account;
pub(crate) mod condition;
#[expect(dead_code, reason = "nothing is deleted yet")]
pub(crate) mod deeds;
pub(crate) mod error;
pub(crate) mod lock;
pub(crate) mod migrate;
pub(crate) mod mirrors;
pub(crate) mod origins;
pub(crate) mod reader;
pub(crate) mod rows;
pub(crate) mod sessions;
mod told;
mod tree;
pub(crate) mod writer;

use crate::store::error::Error;
use crate::store::reader::Reader;
use crate::store::writer::Writer;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::ffi::OsStr;
use std::fs::{DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
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
    /// Opens the mapping for writing, making or migrating it as needed. The caller
    /// holds the state directory's lock.
    pub(crate) fn open(dir: &Path) -> Result<Self, Error> {
        let path = real(dir)?.join(FILE);
        // Made here, with the right mode, because SQLite would take the umask's.
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let made = options.open(&path);
        made.map_err(|source| Error::Directory {
            path: path.clone(),
            source,
        })?;
        let mut connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        migrate::migrate(&mut connection)?;
        let writer = Writer::start(connection)?;
        Ok(Self { path, writer })
    }

    /// Waits until everything is on disk and the database is tidy.
    pub(crate) async fn close(self) {
        self.writer.close().await;
    }

    /// The writing half.
    pub(crate) fn writer(&self) -> &Writer {
        &self.writer
    }

    /// A new reading connection.
    pub(crate) fn reader(&self) -> Result<Reader, Error> {
        Ok(Reader::new(connect(
            &self.path,
            OpenFlags::SQLITE_OPEN_READ_WRITE,
        )?))
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
                _ => Ok(Reader::new(connection)),
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
    let mut empty = Connection::open_in_memory()?;
    migrate::migrate(&mut empty)?;
    Ok(Reader::new(empty))
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, Error> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    // FULL: with NORMAL, committed rows are lost in a power cut.
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; \
         PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA cache_size = -4000;",
    )?;
    // Without this, a statement is compiled anew for each value that is bound to it
    // once the database has statistics: half the time of a pass with nothing to do.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}
