//! The numbered files in `migrations/`, applied in order. The list only grows.

use crate::store::error::Error;
use crate::store::seal::broken;
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use std::sync::OnceLock;

/// "boxu": tells our database from any other.
const APPLICATION_ID: i64 = 0x626f_7875;

const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_mapping.sql"),
    include_str!("../../migrations/0002_account.sql"),
    include_str!("../../migrations/0003_transfers.sql"),
    include_str!("../../migrations/0004_identity.sql"),
    include_str!("../../migrations/0005_deletes.sql"),
    include_str!("../../migrations/0006_names.sql"),
    include_str!("../../migrations/0007_told.sql"),
    include_str!("../../migrations/0008_seals.sql"),
    include_str!("../../migrations/0009_apart.sql"),
    include_str!("../../migrations/0010_warned.sql"),
    include_str!("../../migrations/0011_pauses.sql"),
    include_str!("../../migrations/0012_parked_since.sql"),
];

/// Brings the database to the latest version, or refuses one that is later or foreign.
/// What is new to it, `first` completes within the same transaction.
pub(super) fn migrate(
    connection: &mut Connection,
    first: impl FnOnce(&Connection) -> Result<(), Error>,
) -> Result<(), Error> {
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    debug_assert!(mode == "wal" || mode == "memory", "{mode}");
    // One transaction: a kill inside leaves the old version or the new one.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = check(&transaction)?;
    for sql in MIGRATIONS
        .iter()
        .skip(usize::try_from(version).unwrap_or(0))
    {
        // A step that makes no sense says that the version is not the database's.
        transaction
            .execute_batch(sql)
            .map_err(|error| match error.sqlite_error_code() {
                Some(ErrorCode::Unknown) => broken(&error.to_string()),
                _ => error,
            })?;
    }
    if version != known() {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", known())?;
        first(&transaction)?;
    }
    transaction.commit()?;
    Ok(())
}

/// The database's version, if it is ours and not from the future.
pub(super) fn check(connection: &Connection) -> Result<i64, Error> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get(0));
    let (id, found): (i64, i64) = (pragma("application_id")?, pragma("user_version")?);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if id != APPLICATION_ID && tables > 0 {
        return Err(Error::Foreign);
    }
    if found > known() {
        return Err(Error::Newer {
            found,
            known: known(),
        });
    }
    Ok(found)
}

/// A table's or an index's name, and the statement that made it.
pub(super) type Definition = (String, Option<String>);

/// The definitions of all tables and indexes, in order.
pub(super) fn schema(connection: &Connection) -> rusqlite::Result<Vec<Definition>> {
    let sql =
        "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// What [`schema`] is to be.
pub(super) fn expected() -> Result<&'static Vec<Definition>, Error> {
    static EXPECTED: OnceLock<Vec<Definition>> = OnceLock::new();
    if let Some(expected) = EXPECTED.get() {
        return Ok(expected);
    }
    let mut empty = Connection::open_in_memory()?;
    migrate(&mut empty, |_| Ok(()))?;
    let expected = schema(&empty)?;
    Ok(EXPECTED.get_or_init(|| expected))
}

/// The latest version.
pub(super) fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{MIGRATIONS, migrate};
    use crate::store::error::Error;
    use rusqlite::Connection;

    #[test]
    fn migrating_twice_changes_nothing_and_a_newer_or_foreign_one_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, |_| Ok(())).unwrap();
        migrate(&mut connection, |_| Ok(())).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(
            migrate(&mut connection, |_| Ok(())),
            Err(Error::Newer { found: 99, .. })
        ));

        let mut foreign = Connection::open_in_memory().unwrap();
        foreign.execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert!(matches!(
            migrate(&mut foreign, |_| Ok(())),
            Err(Error::Foreign)
        ));
    }

    #[test]
    fn every_file_in_migrations_is_in_the_list_and_numbered_in_order() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let entries = std::fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries.collect();
        files.sort();
        assert_eq!(files.len(), MIGRATIONS.len());
        for (number, (file, sql)) in files.iter().zip(MIGRATIONS).enumerate() {
            let name = file.file_name().unwrap().to_str().unwrap();
            assert!(name.starts_with(&format!("{:04}_", number + 1)), "{name}");
            assert_eq!(std::fs::read_to_string(file).unwrap(), *sql);
        }
    }
}
