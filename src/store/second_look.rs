//! A second look at a database that seems damaged.
//!
//! SQLite calls it damage, too, when the disk fails to read a page, and takes what a read
//! that came back short has left out for zeros. Neither says anything about the content:
//! only what is found again, by a fresh connection and where every byte can be read, does.

use crate::store::error::Error;
use crate::store::recovery::checked;
use crate::store::seal::{Seals, broken};
use crate::store::{FILE, connect, deeds, keep_log, migrate, uninterrupted};
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes of one read.
const PIECE: usize = 1 << 20;

/// Whether it is damaged indeed. The caller holds the lock, and nobody has it open.
pub(super) fn is_damaged(dir: &Path) -> Result<bool, Error> {
    readable(dir)?;
    match whole(dir) {
        Ok(()) => Ok(false),
        Err(error) if error.is_damaged() => Ok(true),
        Err(other) => Err(other),
    }
}

/// That the disk gives every byte of the database and of its log, the way SQLite reads.
pub(super) fn readable(dir: &Path) -> Result<(), Error> {
    for path in [dir.join(FILE), dir.join(format!("{FILE}-wal"))] {
        match read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            read => read.map_err(|source| Error::Directory { path, source })?,
        }
    }
    Ok(())
}

fn read(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let (mut piece, mut at) = (vec![0; PIECE], 0);
    loop {
        match uninterrupted(|| file.read_at(&mut piece, at))? {
            0 if at < size => return Err(ErrorKind::UnexpectedEof.into()),
            0 => return Ok(()),
            length => at += length as u64,
        }
    }
}

/// Everything that a run may stumble over.
fn whole(dir: &Path) -> Result<(), Error> {
    let connection = connect(&dir.join(FILE), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    keep_log(&connection, true)?;
    let told: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if told != "ok" {
        return Err(broken(&told).into());
    }
    if migrate::schema(&connection)? != *migrate::expected()? {
        return Err(broken("its tables are not those that it was made with").into());
    }
    let state = checked(&connection)?;
    Seals::new(state.key).check_all(&connection)?;
    deeds::check_all(&connection)?;
    reachable(&connection)
}

/// That every directory is below a root.
fn reachable(connection: &Connection) -> Result<(), Error> {
    let sql = "WITH RECURSIVE below (id) AS (SELECT id FROM folder WHERE parent IS NULL UNION \
               SELECT f.id FROM folder f JOIN below ON f.parent = below.id) \
               SELECT (SELECT count(*) FROM below) = (SELECT count(*) FROM folder)";
    match connection.query_row(sql, [], |row| row.get(0))? {
        true => Ok(()),
        false => Err(broken("a directory is in itself").into()),
    }
}
