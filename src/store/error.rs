//! What can go wrong with the state directory.

use crate::model::path::printable_path;
use crate::store::lock::{Holder, Role};
use rusqlite::ErrorCode;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The state cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The directory or a file in it cannot be made or opened.
    #[error("the state in {} cannot be used: {source}", printable_path(path))]
    Directory {
        /// Which.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// SQLite refuses.
    #[error("the state database cannot be used: {0}{hint}", hint = hint(.0))]
    Sqlite(#[from] rusqlite::Error),
    /// Written by a later version.
    #[error(
        "the state database has version {found}, and this boxup knows {known}: it was written by \
         a newer boxup. Use that one, or point [state] dir elsewhere"
    )]
    Newer {
        /// Its version.
        found: i64,
        /// The latest that is known.
        known: i64,
    },
    /// Not ours.
    #[error("the state database belongs to another program: point [state] dir elsewhere")]
    Foreign,
    /// Another process writes.
    #[error("{}", locked(path, *holder, *waited))]
    Locked {
        /// The state directory.
        path: PathBuf,
        /// Who, where that is known.
        holder: Option<Holder>,
        /// For how long it was waited for.
        waited: Option<Duration>,
    },
    /// What a run holds on to is not what is found there.
    #[error(
        "{} has been removed or replaced under this boxup, which ends so that no two mirror \
         into one folder without knowing of each other: start it again. What is on Box with the \
         same content is adopted, and nothing is lost",
        printable_path(.0)
    )]
    Gone(PathBuf),
    /// The writing thread is gone.
    #[error("the state database has been closed")]
    Closed,
}

impl Error {
    /// Whether SQLite says that the database itself is broken, or what was read cannot
    /// have been written.
    pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
        matches!(
            error,
            rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::Utf8Error(..)
        ) || matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
        )
    }

    /// Whether it can be mended only by setting the database aside.
    pub(crate) fn is_damaged(&self) -> bool {
        match self {
            Self::Sqlite(error) => Self::is_damage(error),
            Self::Foreign => true,
            Self::Directory { .. }
            | Self::Newer { .. }
            | Self::Locked { .. }
            | Self::Gone(_)
            | Self::Closed => false,
        }
    }

    /// What is wrong, without what to do about it.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Sqlite(error) => error.to_string(),
            Self::Foreign => "it is another program's".to_owned(),
            other => other.to_string(),
        }
    }
}

/// Who is in the way, and whether that is a reason to do anything.
fn locked(path: &Path, holder: Option<Holder>, waited: Option<Duration>) -> String {
    let path = printable_path(path);
    let who = match holder {
        Some(Holder { pid, .. }) => format!(" (process {pid})"),
        None => String::new(),
    };
    let waited = waited.map_or_else(String::new, |waited| {
        let waited = humantime::format_duration(waited);
        format!(", also after {waited} of waiting")
    });
    match holder.map(|holder| holder.role) {
        Some(Role::Service) => format!(
            "the service{who} mirrors already, with the state in {path}{waited}: it needs no pass \
             beside it; `boxup wait` waits until all is on Box, and `boxup status` tells how it \
             stands"
        ),
        Some(Role::Run) if waited.is_empty() => format!(
            "another boxup{who} is making a pass with the state in {path}: try again when it has \
             ended, or let `boxup sync --once --wait-lock 5m` wait for that"
        ),
        Some(Role::Run) => {
            format!("another boxup{who} is still making a pass with the state in {path}{waited}")
        }
        Some(Role::Command) | None => {
            format!("another boxup{who} is using the state in {path}{waited}")
        }
    }
}

/// What to do about a database that is damaged.
fn hint(error: &rusqlite::Error) -> &'static str {
    if Error::is_damage(error) {
        return ". That looks like damage: the next `boxup sync` looks again, and if it is so, \
                sets the database aside, adopts what is on Box with the same content, and \
                leaves alone what differs";
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => ". The disk is full: make room; nothing is lost",
        Some(ErrorCode::SystemIoFailure) => {
            ". Its disk fails, is full or cannot hold a file that long: see what `df` and the \
             system's log say, and run again; nothing is lost"
        }
        Some(ErrorCode::ReadOnly) => ". It is read-only for this user: see its mode and its disk's",
        _ => "",
    }
}
