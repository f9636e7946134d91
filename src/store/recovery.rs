//! Opening a database that may be damaged, lost or an old copy.
//!
//! A damaged one is set aside and a new one begun; of an old copy everything is compared
//! with Box again. Either way the state is in doubt until that is done, which the database
//! itself says: a kill in between changes nothing about it.

use crate::model::figures::some;
use crate::model::path::printable_path;
use crate::plan::policy::Loss;
use crate::store::error::Error;
use crate::store::mark::{self, Mark};
use crate::store::seal::{Seals, broken};
use crate::store::{FILE, connect, history, keep_log, look_at, migrate, real, rows, second_look};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use std::fmt;
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The files that make up a database, by their endings.
const PARTS: [&str; 4] = ["", "-wal", "-journal", "-shm"];
/// What the name of one that was set aside goes on with.
const ASIDE: &str = "boxup.db.damaged-";

/// An open database.
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// What seals are keyed with.
    pub(super) key: i64,
    pub(super) generation: i64,
    /// A run was killed, and its orderly end is still to come.
    pub(super) is_open: bool,
    pub(super) found: Option<Found>,
}

/// A mirror has been compared with Box as a whole. When all have been, nothing is in
/// doubt any more.
pub(super) fn compared(
    db: &Connection,
    mirror: &str,
    configured: &[String],
) -> rusqlite::Result<()> {
    db.execute(
        "INSERT OR IGNORE INTO compared (mirror) VALUES (?1)",
        [mirror],
    )?;
    let mut find = db.prepare("SELECT count(*) FROM compared WHERE mirror = ?1")?;
    for name in configured {
        if find.query_row([name], |row| row.get::<_, i64>(0))? == 0 {
            return Ok(());
        }
    }
    drop(find);
    db.execute_batch("UPDATE state SET loss = NULL; DELETE FROM compared")
}

/// What could be saved of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Saved {
    /// Entries.
    lines: u64,
    /// Whether that is all.
    is_whole: bool,
    /// Where it was found.
    from: PathBuf,
}

/// What was wrong with the state when it was opened just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// What.
    pub(crate) loss: Loss,
    /// In SQLite's words, where there are any.
    pub(crate) words: String,
    /// Where the damaged database is now.
    pub(crate) aside: Option<PathBuf>,
    /// What could be taken over of the history.
    pub(crate) history: Option<Saved>,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NOW: &str = "Everything is compared with Box now: what is there with the same \
                           content is adopted, what differs is left alone";
        let words = &self.words;
        match self.loss {
            Loss::Damaged => write!(f, "the state database is damaged ({words})")?,
            Loss::Lost => write!(f, "the state database is lost ({words})")?,
            Loss::Old => write!(f, "the state database is an old copy ({words})")?,
        }
        if let Some(aside) = &self.aside {
            let aside = printable_path(aside);
            write!(
                f,
                " and was set aside as {aside}, which nobody needs any more"
            )?;
        }
        write!(f, ". {NOW}")?;
        match &self.history {
            // It is still there.
            _ if self.loss == Loss::Old => Ok(()),
            Some(saved) if saved.is_whole && self.aside.is_some() => Ok(()),
            Some(Saved { lines, from, .. }) => {
                let (lines, from) = (some(*lines, "line"), printable_path(from));
                write!(
                    f,
                    ". What `boxup history` tells is what could be saved from {from}: {lines}"
                )
            }
            None => write!(f, ". What `boxup history` tells is lost"),
        }
    }
}

/// The row about the database itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) key: i64,
    pub(super) mark: Mark,
    pub(super) own_inode: i64,
    pub(super) is_open: bool,
    pub(super) loss: Option<Loss>,
}

/// Opens it for writing, whatever has happened to it. The caller holds the lock.
pub(super) fn open(dir: &Path) -> Result<Opened, Error> {
    match existing(dir, Look::First) {
        Ok(Some(opened)) if opened.found.is_none() => return believed(opened),
        Err(error) if !error.is_damaged() => return Err(error),
        _ => {}
    }
    // A read that failed or came back short looks like damage, too.
    second_look::readable(dir)?;
    match existing(dir, Look::Second) {
        Ok(Some(opened)) => believed(opened),
        Ok(None) => anew(dir, Loss::Lost, "it is gone".to_owned()),
        Err(error) if error.is_damaged() => anew(dir, Loss::Damaged, error.words()),
        Err(other) => Err(other),
    }
}

/// Only what is found at the second look as well is acted on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    First,
    Second,
}

fn believed(opened: Opened) -> Result<Opened, Error> {
    keep_log(&opened.connection, false)?;
    Ok(opened)
}

/// The database that is there, or a first one; `None` where there was one once.
fn existing(dir: &Path, look: Look) -> Result<Option<Opened>, Error> {
    let path = dir.join(FILE);
    let marks = mark::all(dir)?;
    // The first mark goes with the first commit: where it is alone, nothing was lost.
    let is_first = marks.iter().all(|number| *number == 0);
    let is_empty = size(&path)?.is_none_or(|size| size == 0);
    let has_log = size(&log(&path))?.is_some_and(|size| size > 0);
    if is_empty && (!is_first || has_log) {
        return Ok(None);
    }
    if is_empty {
        make(&path)?;
    }
    let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    keep_log(&connection, true)?;
    if version(&connection)? == 0 && !is_first {
        return Ok(None);
    }
    let first_mark = || mark::make(dir, 0);
    complete(dir, connection, first_mark, None, (has_log, look)).map(Some)
}

/// Its version; one from the future with the tables of this one has a flipped bit.
fn version(connection: &Connection) -> Result<i64, Error> {
    match migrate::check(connection) {
        Err(Error::Newer { .. }) if migrate::schema(connection)? == *migrate::expected()? => {
            Err(broken("its version does not fit its tables").into())
        }
        other => other,
    }
}

/// Migrates one that is in memory and has no mark; returns what its seals are keyed with.
pub(super) fn in_memory(connection: &mut Connection) -> Result<i64, Error> {
    migrate::migrate(connection, |connection| {
        let (number, inode, born) = (0, 0, 0);
        begin(connection, || {
            Ok(State {
                key: 0,
                mark: Mark {
                    number,
                    inode,
                    born,
                },
                own_inode: 0,
                is_open: false,
                loss: None,
            })
        })
    })?;
    Ok(checked(connection)?.key)
}

/// Seals what an earlier version, or none, has left.
fn begin(
    connection: &Connection,
    first: impl FnOnce() -> Result<State, Error>,
) -> Result<(), Error> {
    match read(connection)? {
        Some(state) => Seals::new(state.key).install(connection)?,
        None => {
            let first = first()?;
            Seals::new(first.key).install(connection)?;
            put(connection, &first)?;
        }
    }
    Ok(Seals::renew(connection)?)
}

/// Makes one ready to be used, and notices an old copy.
fn complete(
    dir: &Path,
    connection: Connection,
    first_mark: impl FnOnce() -> Result<Mark, Error>,
    loss: Option<Loss>,
    (has_log, look): (bool, Look),
) -> Result<Opened, Error> {
    let own_inode = mark::inode(&dir.join(FILE))?;
    let first = |mark| State {
        key: fastrand::i64(..),
        mark,
        own_inode,
        is_open: false,
        loss,
    };
    let (connection, state, is_new) = ready(connection, || first_mark().map(first))?;
    let mut opened = Opened {
        connection,
        key: state.key,
        generation: state.mark.number,
        is_open: state.is_open,
        found: None,
    };
    let old = is_old(dir, &state, own_inode, has_log)?;
    if let Some(words) = old.filter(|_| !is_new) {
        if look == Look::Second {
            doubt(dir, &mut opened, &state, own_inode)?;
        }
        opened.found = Some(Found {
            loss: Loss::Old,
            words: words.to_owned(),
            aside: None,
            history: None,
        });
    }
    if look == Look::Second || opened.found.is_none() {
        mark::keep_only(dir, opened.generation);
    }
    Ok(opened)
}

/// Migrates and checks it, and sees that what is written to it is sealed. Also tells
/// whether it had nothing of this kind before.
pub(super) fn ready(
    mut connection: Connection,
    first: impl FnOnce() -> Result<State, Error>,
) -> Result<(Connection, State, bool), Error> {
    version(&connection)?;
    let mut is_new = false;
    migrate::migrate(&mut connection, |connection| {
        is_new = read(connection)?.is_none();
        begin(connection, first)
    })?;
    if migrate::schema(&connection)? != *migrate::expected()? {
        return Err(broken("its tables are not those that it was made with").into());
    }
    let state = checked(&connection)?;
    Seals::new(state.key).install(&connection)?;
    Ok((connection, state, is_new))
}

/// Why it is not the database that was here last.
fn is_old(
    dir: &Path,
    state: &State,
    own_inode: i64,
    has_log: bool,
) -> Result<Option<&'static str>, Error> {
    Ok(match mark::find(dir, state.mark.number)? {
        None => Some("a later one was here"),
        Some(mark) if mark != state.mark => Some("the state directory was copied"),
        Some(_) if own_inode != state.own_inode => Some("the file was copied"),
        Some(_) if state.is_open && !has_log => Some("its write-ahead log is gone"),
        Some(_) => None,
    })
}

/// Everything is to be compared with Box again.
fn doubt(dir: &Path, opened: &mut Opened, state: &State, own_inode: i64) -> Result<(), Error> {
    let next = mark::all(dir)?
        .last()
        .copied()
        .unwrap_or(0)
        .max(state.mark.number)
        + 1;
    let now = State {
        mark: mark::make(dir, next)?,
        own_inode,
        is_open: false,
        loss: Some(Loss::Old),
        ..*state
    };
    let transaction = opened.connection.transaction()?;
    put(&transaction, &now)?;
    transaction.execute_batch(
        "UPDATE folder SET inventoried = 0 WHERE inventoried = 1; DELETE FROM compared",
    )?;
    transaction.commit()?;
    opened.generation = next;
    Ok(())
}

/// Sets aside what is there, and begins anew.
fn anew(dir: &Path, loss: Loss, words: String) -> Result<Opened, Error> {
    // First the mark: whatever happens from here on, it tells that there was one.
    let next = mark::all(dir)?.last().copied().unwrap_or(0).max(0) + 1;
    let mark = mark::make(dir, next)?;
    let aside = set_aside(dir)?;
    let path = dir.join(FILE);
    make(&path)?;
    let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mut opened = complete(
        dir,
        connection,
        || Ok(mark),
        Some(loss),
        (false, Look::Second),
    )?;
    // One that was found damaged while it was in use has been set aside before.
    let from = aside.clone().or_else(|| self::aside(dir).pop());
    let history = match &from {
        Some(from) => take_over_history(&mut opened.connection, from)?,
        None => None,
    };
    opened.found = Some(Found {
        loss,
        words,
        aside,
        history,
    });
    Ok(opened)
}

/// What was done does not become untrue by what has happened to the rest.
fn take_over_history(new: &mut Connection, aside: &Path) -> Result<Option<Saved>, Error> {
    let old = look_at(aside).ok();
    let saved = match old.filter(|old| migrate::check(old).is_ok()) {
        Some(old) => {
            let transaction = new.transaction()?;
            let (lines, is_whole) = history::take_over(&transaction, &old)?;
            transaction.commit()?;
            let from = aside.to_path_buf();
            Some(Saved {
                lines,
                is_whole,
                from,
            })
        }
        None => None,
    };
    // Looking makes one where there is a log; without a process it says nothing.
    drop(std::fs::remove_file(with(aside, "-shm")));
    Ok(saved)
}

/// Sets aside a database that turned out to be damaged while it was in use, if a second
/// look finds that, too; the next run begins anew. The caller holds the lock, and nobody
/// has it open.
pub(crate) fn give_up(dir: &Path) -> Result<Option<PathBuf>, Error> {
    let dir = &real(dir)?;
    if !second_look::is_damaged(dir)? {
        return Ok(None);
    }
    let next = mark::all(dir)?.last().copied().unwrap_or(0).max(0) + 1;
    mark::make(dir, next)?;
    set_aside(dir)
}

/// Gives the database that is there another name.
fn set_aside(dir: &Path) -> Result<Option<PathBuf>, Error> {
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |source| Error::Directory { path, source }
    };
    let now = humantime::format_rfc3339_seconds(crate::clock::wall()).to_string();
    let now = now.replace([':', '-'], "");
    let names = (1..).map(|number| match number {
        1 => dir.join(format!("{ASIDE}{now}")),
        number => dir.join(format!("{ASIDE}{now}-{number}")),
    });
    let is_free = |path: &PathBuf| std::fs::symlink_metadata(path).is_err();
    let mut aside = None;
    for to in names.take(1_000).filter(is_free).take(1) {
        for part in PARTS {
            let (from, to) = (with(&dir.join(FILE), part), with(&to, part));
            // The shared memory says nothing without a process that uses it.
            let moved = match part {
                "-shm" => std::fs::remove_file(&from),
                _ => std::fs::rename(&from, &to),
            };
            match moved {
                Ok(()) if part != "-shm" => aside = aside.or(Some(to)),
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(failed(&from)(error)),
            }
        }
    }
    mark::sync(dir)?;
    Ok(aside)
}

/// The databases that were set aside, in order.
pub(crate) fn aside(dir: &Path) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let is_one = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        let is_part = |name: &str| PARTS[1..].iter().any(|part| name.ends_with(part));
        name.is_some_and(|name| name.starts_with(ASIDE) && !is_part(name))
    };
    let mut found: Vec<PathBuf> = listed.map(|entry| entry.path()).filter(is_one).collect();
    found.sort();
    found
}

/// The row, which must be there and whole.
pub(super) fn checked(connection: &Connection) -> Result<State, Error> {
    let state = read(connection)?.ok_or_else(|| broken("it does not say what it is"))?;
    let seals = Seals::new(state.key);
    let sql = format!("SELECT {}, only, seal FROM state", rows::STATE);
    connection.query_row(&sql, [], |row| seals.check(row))?;
    Ok(state)
}

fn read(connection: &Connection) -> Result<Option<State>, Error> {
    let sql = format!("SELECT {} FROM state", rows::STATE);
    let found = connection.query_row(&sql, [], |row| {
        let loss = row.get_ref(6)?.as_str_or_null()?;
        Ok(State {
            key: row.get(0)?,
            mark: Mark {
                number: row.get(1)?,
                inode: row.get(2)?,
                born: row.get(3)?,
            },
            own_inode: row.get(4)?,
            is_open: row.get(5)?,
            loss: loss.and_then(Loss::of),
        })
    });
    Ok(found.optional()?)
}

/// Writes the row.
pub(super) fn put(connection: &Connection, state: &State) -> Result<(), Error> {
    let sql = format!(
        "INSERT OR REPLACE INTO state (only, {}) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        rows::STATE
    );
    let values = params![
        state.key,
        state.mark.number,
        state.mark.inode,
        state.mark.born,
        state.own_inode,
        state.is_open,
        state.loss.map(Loss::word),
    ];
    connection.execute(&sql, values)?;
    Ok(())
}

/// Made here, with the right mode, because SQLite would take the umask's.
fn make(path: &Path) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let made = options.open(path);
    made.map(drop).map_err(|source| Error::Directory {
        path: path.to_path_buf(),
        source,
    })
}

fn size(path: &Path) -> Result<Option<u64>, Error> {
    match std::fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found.len())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Directory {
            path: path.to_path_buf(),
            source,
        }),
    }
}

fn log(path: &Path) -> PathBuf {
    with(path, "-wal")
}

fn with(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    PathBuf::from(path)
}
