//! Whether the database is sound, as well as can be told without writing.

use crate::store::error::Error;
use crate::store::{FILE, look_at, migrate, real};
use std::io::ErrorKind;
use std::path::Path;

/// What a look at the database found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// There is none yet.
    Missing,
    /// It is sound, and of this version.
    Sound(i64),
    /// It is not; SQLite's words.
    Damaged(String),
}

/// Reads the whole database once. A process that writes to it is not disturbed.
pub(crate) fn condition(dir: &Path) -> Result<Condition, Error> {
    let path = real(dir)?.join(FILE);
    match std::fs::metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Condition::Missing),
        Err(source) => return Err(Error::Directory { path, source }),
        Ok(_) => {}
    }
    let connection = look_at(&path)?;
    let version = migrate::check(&connection)?;
    let told: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok(match told.as_str() {
        "ok" => Condition::Sound(version),
        _ => Condition::Damaged(told),
    })
}

#[cfg(test)]
mod tests {
    use super::{Condition, condition};
    use crate::store::Store;
    use crate::store::error::Error;

    #[tokio::test]
    async fn a_database_is_missing_sound_or_damaged() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(condition(dir.path()).unwrap(), Condition::Missing);
        Store::open(dir.path()).unwrap().close().await;
        let sound = condition(dir.path()).unwrap();
        assert!(matches!(sound, Condition::Sound(1..)), "{sound:?}");
        let file = dir.path().join("boxup.db");
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[4096..].fill(0x5a);
        std::fs::write(&file, bytes).unwrap();
        let damaged = condition(dir.path());
        let is_told = matches!(damaged, Ok(Condition::Damaged(_)) | Err(Error::Sqlite(_)));
        assert!(is_told, "{damaged:?}");
    }
}
