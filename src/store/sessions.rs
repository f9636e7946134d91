//! Upload sessions that were not finished: what is needed to go on with them.

use crate::model::ids::{FileId, FolderKey};
use crate::model::name::RemoteName;
use crate::model::path::{LocalName, RelPath};
use crate::model::session::{Cut, Places, Session};
use crate::model::stamp::{Nanos, Stamp};
use crate::plan::facts::{Goal, OpenSession};
use crate::store::error::Error;
use crate::store::reader::{BELOW, Reader};
use crate::store::rows;
use rusqlite::{OptionalExtension, Row, Savepoint, params};

/// Columns of [`session`], in order.
pub(super) const SESSION: &str = "name, box_id, base, part_url, list_url, status_url, commit_url, \
                       abort_url, part_size, size, mtime, ctime, inode, new_name";

/// Where an open session belongs.
#[derive(Clone, Debug)]
pub(crate) struct Left {
    /// Its file's directory.
    pub(crate) dir: FolderKey,
    /// Its file's name.
    pub(crate) name: LocalName,
    /// Its file's path below the root.
    pub(crate) path: RelPath,
    /// The session.
    pub(crate) open: OpenSession,
}

impl Reader {
    /// The session that is open for a file.
    pub(crate) fn session(
        &self,
        dir: FolderKey,
        name: &LocalName,
    ) -> Result<Option<OpenSession>, Error> {
        let sql = format!("SELECT {SESSION}, dir, seal FROM session WHERE dir = ?1 AND name = ?2");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let found = statement.query_row(params![dir.0, name.as_bytes()], |row| {
            self.sealed(row, session)
        });
        Ok(found.optional()?.map(|(_, open)| open))
    }

    /// Every session that is open below a mirror's root.
    pub(crate) fn sessions_below(&self, root: FolderKey) -> Result<Vec<Left>, Error> {
        let sql = format!("{BELOW} SELECT {SESSION}, dir, seal FROM session WHERE dir IN below");
        let mut statement = self.connection().prepare_cached(&sql)?;
        let rows = statement.query_map([root.0], |row| {
            Ok((self.sealed(row, session)?, FolderKey(row.get(14)?)))
        })?;
        let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
        let with_path = |((name, open), dir)| {
            let path = self.path(dir)?.join(&name);
            Ok(Left {
                dir,
                name,
                path,
                open,
            })
        };
        rows.into_iter().map(with_path).collect()
    }
}

pub(super) fn put(
    db: &Savepoint<'_>,
    dir: FolderKey,
    name: &LocalName,
    open: &OpenSession,
) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT OR REPLACE INTO session (dir, {SESSION}) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
    );
    let (session, places, stamp) = (&open.session, &open.session.places, &open.stamp);
    let (base, new_name) = match &open.goal {
        Goal::Version(id) => (Some(id.as_str()), None),
        Goal::New(name) => (None, Some(name.as_str())),
    };
    let values = params![
        dir.0,
        name.as_bytes(),
        session.id,
        base,
        places.part,
        places.list,
        places.status,
        places.commit,
        places.abort,
        session.cut.part_size().cast_signed(),
        stamp.size.cast_signed(),
        stamp.mtime.0,
        stamp.ctime.0,
        stamp.inode.cast_signed(),
        new_name,
    ];
    db.prepare_cached(&sql)?.execute(values).map(|_| ())
}

/// Another session may have been opened for the file since: it stays.
pub(super) fn end(
    db: &Savepoint<'_>,
    dir: FolderKey,
    name: &LocalName,
    id: &str,
) -> rusqlite::Result<()> {
    let sql = "DELETE FROM session WHERE dir = ?1 AND name = ?2 AND box_id = ?3";
    let values = params![dir.0, name.as_bytes(), id];
    db.prepare_cached(sql)?.execute(values).map(|_| ())
}

fn session(row: &Row<'_>) -> rusqlite::Result<(LocalName, OpenSession)> {
    let number = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let (part_size, size) = (number(8)?, number(9)?);
    let cut = Cut::new(size, part_size, None).map_err(|what| rows::invalid(8, &what))?;
    let stamp = Stamp {
        size,
        mtime: Nanos(row.get(10)?),
        ctime: Nanos(row.get(11)?),
        inode: number(12)?,
        created: None,
    };
    let places = Places {
        part: row.get(3)?,
        list: row.get(4)?,
        status: row.get(5)?,
        commit: row.get(6)?,
        abort: row.get(7)?,
    };
    let session = Session {
        id: row.get(1)?,
        cut,
        places,
    };
    let (base, new_name): (Option<String>, Option<String>) = (row.get(2)?, row.get(13)?);
    let goal = match (base, new_name) {
        (Some(id), _) => Goal::Version(FileId::new(id)),
        (None, Some(name)) => Goal::New(RemoteName::from_box(name)),
        (None, None) => return Err(rows::invalid(14, "a session for nothing")),
    };
    let open = OpenSession {
        session,
        goal,
        stamp,
    };
    Ok((rows::name(row)?, open))
}

#[cfg(test)]
mod tests {
    use super::{Goal, OpenSession};
    use crate::model::ids::{FileId, FolderKey};
    use crate::model::path::LocalName;
    use crate::model::session::{Cut, Places, Session};
    use crate::model::stamp::Stamp;
    use crate::plan::action::Edit;
    use crate::store::Store;
    use crate::store::mirrors::NewRoot;

    fn open(id: &str) -> Box<OpenSession> {
        let place = || format!("https://upload.box.com/{id}");
        let places = Places {
            part: place(),
            list: place(),
            status: place(),
            commit: place(),
            abort: place(),
        };
        let cut = Cut::new(9, 4, None).unwrap();
        let session = Session {
            id: id.to_owned(),
            cut,
            places,
        };
        Box::new(OpenSession {
            session,
            goal: Goal::Version(FileId::new("5")),
            stamp: Stamp::of_no_file(9),
        })
    }

    #[tokio::test]
    async fn ending_a_session_leaves_the_one_that_has_taken_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let root = NewRoot {
            mirror: "m".to_owned(),
            target: "t".to_owned(),
            id: crate::model::ids::FolderId::new("7"),
            is_new: true,
            configured: vec!["m".to_owned()],
        };
        store.writer().put_root(root).await.unwrap();
        let key: FolderKey = store.reader().unwrap().root("m", "t").unwrap().unwrap().key;
        let name = LocalName::new(b"large.bin").unwrap();
        let edits = ["A", "B"].map(|id| Edit::OpenSession(key, name.clone(), open(id)));
        store.writer().apply(edits.into()).await.unwrap();
        let end = |id: &str| vec![Edit::EndSession(key, name.clone(), id.to_owned())];
        store.writer().apply(end("A")).await.unwrap();
        let reader = store.reader().unwrap();
        assert_eq!(reader.session(key, &name).unwrap(), Some(*open("B")));
        store.writer().apply(end("B")).await.unwrap();
        assert_eq!(reader.session(key, &name).unwrap(), None);
        store.close().await;
    }
}
