//! Seals: a short checksum in each row over what is read of it.
//!
//! SQLite notices a page that makes no sense, but not a byte that has flipped within a
//! value. Checking every page at each start would cost more than a pass; a seal is checked
//! when its row is read. What writes a row need not know of it: triggers of the writing
//! connection seal whatever has changed.

use crate::store::error::Error;
use crate::store::sessions::SESSION;
use crate::store::{deeds, rows};
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, ffi};
use std::cell::RefCell;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The sealed tables: the name, what is read of a row besides its place, where the row
/// is, and what finds it.
const TABLES: [(&str, &str, &str, &[&str]); 9] = [
    ("folder", rows::FOLDER, "parent", &["id"]),
    ("mirror", rows::MIRROR, "root", &["name"]),
    ("file", rows::FILE, "dir", &["dir", "name"]),
    ("parked", rows::PARKED, "dir", &["dir", "name"]),
    ("intent", rows::INTENT, "dir", &["dir", "name"]),
    ("session", SESSION, "dir", &["dir", "name"]),
    ("decision", rows::DECISION, "dir", &["dir", "name"]),
    ("absent", deeds::ABSENT, "dir", &["dir", "name"]),
    ("state", rows::STATE, "only", &["only"]),
];

/// Makes and checks seals.
#[derive(Clone, Debug)]
pub(crate) struct Seals {
    key: u64,
    buffer: RefCell<Vec<u8>>,
}

impl Seals {
    /// With this key.
    pub(super) fn new(key: i64) -> Self {
        Self {
            key: key.cast_unsigned(),
            buffer: RefCell::default(),
        }
    }

    /// Checks a row whose last column is its seal, and the one before its place.
    ///
    /// # Errors
    /// `SQLITE_CORRUPT` when it does not fit.
    pub(super) fn check(&self, row: &Row<'_>) -> rusqlite::Result<()> {
        let last = row.as_ref().column_count() - 1;
        let seal = self.of((0..last).map(|column| row.get_ref(column)))?;
        match row.get_ref(last)? {
            ValueRef::Integer(found) if found == seal => Ok(()),
            _ => Err(broken("a row does not fit its seal")),
        }
    }

    /// Checks every row that has a seal.
    pub(super) fn check_all(&self, connection: &Connection) -> rusqlite::Result<()> {
        for (table, columns, place, _) in TABLES {
            let sql = format!("SELECT {columns}, {place}, seal FROM {table}");
            let mut statement = connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                self.check(row)?;
            }
        }
        Ok(())
    }

    fn of<'a>(
        &self,
        values: impl Iterator<Item = rusqlite::Result<ValueRef<'a>>>,
    ) -> rusqlite::Result<i64> {
        let mut buffer = self.buffer.borrow_mut();
        buffer.clear();
        for value in values {
            // Each begins with its kind, and with its length where that is not fixed: no
            // two rows look the same.
            match value? {
                ValueRef::Null => buffer.push(0),
                ValueRef::Integer(number) => {
                    buffer.push(1);
                    buffer.extend(number.to_le_bytes());
                }
                ValueRef::Real(number) => {
                    buffer.push(2);
                    buffer.extend(number.to_le_bytes());
                }
                ValueRef::Text(bytes) => add(&mut buffer, 3, bytes),
                ValueRef::Blob(bytes) => add(&mut buffer, 4, bytes),
            }
        }
        // Half of it: four bytes a row are enough.
        Ok(i64::from(xxh3_64_with_seed(&buffer, self.key) as u32 as i32))
    }

    /// From now on, whatever is written through this connection is sealed.
    pub(super) fn install(&self, connection: &Connection) -> Result<(), Error> {
        let seals = self.clone();
        let flags = FunctionFlags::SQLITE_UTF8
            | FunctionFlags::SQLITE_DETERMINISTIC
            | FunctionFlags::SQLITE_INNOCUOUS;
        connection.create_scalar_function("boxup_seal", -1, flags, move |given| {
            seals.of((0..given.len()).map(|number| Ok(given.get_raw(number))))
        })?;
        for (table, columns, place, key) in TABLES {
            let columns = format!("{columns}, {place}");
            let new: Vec<String> = columns
                .split(", ")
                .map(|column| format!("NEW.{}", column.trim()))
                .collect();
            let found: Vec<String> = key.iter().map(|key| format!("{key} = NEW.{key}")).collect();
            let (new, found) = (new.join(", "), found.join(" AND "));
            for (name, event) in [
                ("insert", "INSERT".to_owned()),
                ("update", format!("UPDATE OF {columns}")),
            ] {
                connection.execute_batch(&format!(
                    "CREATE TEMP TRIGGER IF NOT EXISTS seal_{table}_{name} AFTER {event} ON main.{table} BEGIN \
                     UPDATE {table} SET seal = boxup_seal({new}) WHERE {found}; END"
                ))?;
            }
        }
        Ok(())
    }

    /// Seals every row anew: those of an earlier version have none, or one over other
    /// columns.
    pub(super) fn renew(connection: &Connection) -> rusqlite::Result<()> {
        for (table, _, place, _) in TABLES {
            connection.execute(&format!("UPDATE {table} SET {place} = {place}"), [])?;
        }
        Ok(())
    }
}

fn add(buffer: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    buffer.push(kind);
    buffer.extend(bytes.len().to_le_bytes());
    buffer.extend(bytes);
}

/// The error that SQLite gives for a database that is damaged.
pub(super) fn broken(what: &str) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), Some(what.to_owned()))
}
