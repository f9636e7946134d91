//! What the agent remembers, as it stands in its database.

use super::Rig;
use rusqlite::config::DbConfig;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Type, Value, ValueRef};
use rusqlite::{Connection, OpenFlags};

impl Rig {
    /// The database, to be read or, for what cannot be brought about otherwise, changed.
    pub(crate) fn database(&self) -> Connection {
        let path = self.state().join("boxup.db");
        let log = std::fs::metadata(self.state().join("boxup.db-wal"));
        let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE);
        let database = database.expect("there is a database");
        // Whoever is last would take the log of a killed run away with it.
        let keep = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
        let is_left = log.is_ok_and(|log| log.len() > 0);
        database
            .set_db_config(keep, is_left)
            .expect("it can be told");
        database
    }

    /// Changes what waits as an earlier version may have left it, with seals that fit.
    pub(crate) fn change_parked(&self, sql: &str) -> &Rig {
        let database = self.database();
        let of = |function: &Context<'_>| {
            let mut bytes = Vec::new();
            for number in 1..function.len() {
                match function.get_raw(number) {
                    ValueRef::Null => bytes.push(0),
                    ValueRef::Integer(value) => {
                        bytes.push(1);
                        bytes.extend(value.to_le_bytes());
                    }
                    ValueRef::Real(value) => panic!("a real number: {value}"),
                    value @ (ValueRef::Text(_) | ValueRef::Blob(_)) => {
                        let text = value.as_bytes().expect("it has bytes");
                        bytes.push(if value.data_type() == Type::Text {
                            3
                        } else {
                            4
                        });
                        bytes.extend(text.len().to_le_bytes());
                        bytes.extend(text);
                    }
                }
            }
            let key: i64 = function.get(0)?;
            let seal = xxhash_rust::xxh3::xxh3_64_with_seed(&bytes, key.cast_unsigned());
            Ok(i64::from(seal as u32 as i32))
        };
        let flags = FunctionFlags::SQLITE_UTF8;
        let made = database.create_scalar_function("seal", -1, flags, of);
        made.expect("a function can be made");
        database.execute_batch(sql).expect("it can be changed");
        let seal = "UPDATE parked SET seal = seal((SELECT key FROM state), name, code, message, \
                    in_the_item, size, mtime, ctime, inode, tried_at, box_id, box_version, dir)";
        database.execute(seal, []).expect("it can be sealed");
        self
    }

    /// Every row of every table, as text.
    pub(crate) fn rows(&self) -> Vec<String> {
        let database = self.database();
        let tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
        let names: Vec<String> = select(&database, tables)
            .into_iter()
            .map(|row| text(&row[0]))
            .collect();
        let mut rows = Vec::new();
        for name in names {
            let found = select(&database, &format!("SELECT * FROM {name}"));
            rows.extend(found.iter().map(|row| format!("{name} {row:?}")));
        }
        rows.sort();
        rows
    }

    /// How many rows a table has.
    pub(crate) fn row_count(&self, table: &str) -> usize {
        select(&self.database(), &format!("SELECT * FROM {table}")).len()
    }
}

fn select(database: &Connection, query: &str) -> Vec<Vec<Value>> {
    let mut statement = database.prepare(query).expect("it is a query");
    let width = statement.column_count();
    let rows = statement.query_map([], |row| (0..width).map(|column| row.get(column)).collect());
    let rows = rows.expect("it can be asked");
    rows.collect::<Result<_, _>>().expect("it can be read")
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        other @ (Value::Null | Value::Integer(_) | Value::Real(_) | Value::Blob(_)) => {
            panic!("not a text: {other:?}")
        }
    }
}
