//! What the agent remembers, as it stands in its database.

use super::Rig;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};

impl Rig {
    /// The database, to be read or, for what cannot be brought about otherwise, changed.
    pub(crate) fn database(&self) -> Connection {
        let path = self.state().join("boxup.db");
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .expect("there is a database")
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
