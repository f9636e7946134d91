//! Damage of every kind: it is noticed or harmless, and no wrong row is ever read.

use crate::model::digest::Sha1Digest;
use crate::model::ids::{Etag, FileId, FolderId, FolderKey, VersionId};
use crate::model::name::RemoteName;
use crate::model::path::LocalName;
use crate::model::reason::Parked;
use crate::model::stamp::{Nanos, Stamp};
use crate::plan::action::{Edit, NewFolder};
use crate::plan::facts::{Intent, Mapped, ParkedItem, SyncedFile, SyncedFolder};
use crate::plan::policy::Loss;
use crate::store::error::Error;
use crate::store::mirrors::NewRoot;
use crate::store::reader::Reader;
use crate::store::seal::Seals;
use crate::store::{FILE, Store, connect, recovery};
use fastrand::Rng;
use rusqlite::OpenFlags;
use std::collections::BTreeMap;
use std::path::Path;

const FOLDERS: u64 = 12;
const FILES: u64 = 8;

fn name(text: &str) -> LocalName {
    LocalName::new(text.as_bytes()).unwrap()
}

fn file(number: u64) -> SyncedFile {
    let mut sha1 = [7; 20];
    sha1[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    let at = i64::try_from(1_700_000_000_000_000_000 + number * 77).unwrap();
    SyncedFile {
        id: FileId::new((1_000_000 + number).to_string()),
        version: Some(VersionId::new((2_000_000 + number).to_string())),
        etag: Some(Etag::new("3")),
        name: RemoteName::from_box(format!("file {number}.txt")),
        sha1: Sha1Digest::new(sha1),
        stamp: Stamp {
            size: number * 13,
            mtime: Nanos(at),
            ctime: Nanos(at + 1),
            inode: 5_000 + number,
            created: None,
        },
        hashed_at: Nanos(at + 2),
        provisional: false,
    }
}

/// A small database with rows of every kind that is read while planning.
async fn fill(dir: &Path) {
    let store = Store::open(dir).unwrap();
    let root = NewRoot {
        mirror: "m".to_owned(),
        target: "0".to_owned(),
        id: FolderId::new("9"),
        is_new: false,
        configured: vec!["m".to_owned()],
    };
    store.writer().put_root(root).await.unwrap();
    let root = store.reader().unwrap().root("m", "0").unwrap().unwrap();
    let mut edits = Vec::new();
    for folder in 0..FOLDERS {
        edits.push(Edit::PutFolder {
            parent: root.key,
            name: name(&format!("folder {folder}")),
            folder: NewFolder {
                id: FolderId::new((100 + folder).to_string()),
                etag: None,
                inventoried: folder % 3 != 0,
                identity: None,
                box_name: None,
            },
        });
    }
    store.writer().apply(edits).await.unwrap();
    let folders = store.reader().unwrap().children(root.key).unwrap().folders;
    for (number, folder) in folders.values().enumerate() {
        let mut edits = Vec::new();
        for at in 0..FILES {
            let number = number as u64 * FILES + at;
            edits.push(Edit::PutFile(
                folder.key,
                name(&format!("f{at}")),
                file(number),
            ));
        }
        let parked = ParkedItem::new(&Parked::CaseTwin("other".to_owned()), None);
        edits.push(Edit::Park(folder.key, name("p"), parked));
        let sha1 = file(number as u64).sha1;
        edits.push(Edit::Intend(
            folder.key,
            name("i"),
            Intent { sha1, apart: false },
        ));
        store.writer().apply(edits).await.unwrap();
    }
    store.close().await;
}

/// All rows, by directory.
type Rows = (Option<SyncedFolder>, BTreeMap<FolderKey, Mapped>);

fn read(reader: &Reader) -> Result<Rows, Error> {
    let root = reader.root("m", "0")?;
    let mut all = BTreeMap::new();
    let mut open: Vec<FolderKey> = root.iter().map(|root| root.key).collect();
    while let Some(key) = open.pop() {
        let mapped = reader.children(key)?;
        for (name, folder) in &mapped.folders {
            let found = reader.child_folder(key, name)?;
            if found.is_some_and(|found| found != *folder) {
                panic!("two answers about {name}");
            }
            if all.len() < 100 {
                open.push(folder.key);
            }
        }
        all.insert(key, mapped);
    }
    Ok((root, all))
}

/// Whether everything that was read was written.
fn is_part_of(found: &Rows, whole: &Rows) -> bool {
    let is_root = found.0.is_none() || found.0 == whole.0;
    is_root
        && found.1.iter().all(|(key, found)| {
            whole.1.get(key).is_some_and(|whole| {
                found
                    .files
                    .iter()
                    .all(|(n, row)| whole.files.get(n) == Some(row))
                    && found
                        .folders
                        .iter()
                        .all(|(n, row)| whole.folders.get(n) == Some(row))
                    && found
                        .parked
                        .iter()
                        .all(|(n, row)| whole.parked.get(n) == Some(row))
                    && found
                        .intents
                        .iter()
                        .all(|(n, row)| whole.intents.get(n) == Some(row))
            })
        })
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test]
async fn ten_thousand_flipped_bytes_bring_no_wrong_row() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path()).await;
    let file = dir.path().join(FILE);
    let sound = std::fs::read(&file).unwrap();
    let store = Store::open(dir.path()).unwrap();
    let whole = read(&store.reader().unwrap()).unwrap();
    store.close().await;
    assert_eq!(whole.1.len(), 1 + FOLDERS as usize);
    let mut random = Rng::with_seed(11);
    let (mut noticed, mut harmless) = (0, 0);
    for round in 0..10_000 {
        let mut bytes = sound.clone();
        let at = random.usize(..bytes.len());
        bytes[at] ^= random.u8(1..);
        std::fs::write(&file, &bytes).unwrap();
        let looked = connect(&file, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .and_then(|connection| recovery::ready(connection, || Err(Error::Foreign)))
            .and_then(|(connection, state, _)| {
                read(&Reader::new(connection, Seals::new(state.key)))
            });
        match looked {
            Ok(found) => {
                assert!(is_part_of(&found, &whole), "round {round}: byte {at}");
                harmless += 1;
            }
            Err(error) => {
                assert!(error.is_damaged(), "round {round}: byte {at}: {error:?}");
                noticed += 1;
            }
        }
    }
    assert!(noticed > 1_000 && harmless > 1_000, "{noticed} {harmless}");
}

/// What opening says about the state, and whether the rows are all there.
async fn opened(dir: &Path) -> (Option<Loss>, bool) {
    let store = Store::open(dir).unwrap();
    let loss = store.found().map(|found| found.loss);
    let has_rows = store.reader().unwrap().root("m", "0").unwrap().is_some();
    assert_eq!(store.reader().unwrap().loss().unwrap(), loss);
    store.close().await;
    (loss, has_rows)
}

type Harm = fn(&Path);

/// What is done to the database, what is then noticed, and whether its rows are kept.
const HARMS: [(&str, Harm, Option<Loss>, bool); 10] = [
    ("nothing", |_| {}, None, true),
    ("empty", |db| write(db, b""), Some(Loss::Lost), false),
    (
        "gone",
        |db| std::fs::remove_file(db).unwrap(),
        Some(Loss::Lost),
        false,
    ),
    ("text", |db| write(db, b"hello"), Some(Loss::Damaged), false),
    ("cut", cut, Some(Loss::Damaged), false),
    ("foreign", foreign, Some(Loss::Damaged), false),
    (
        "other tables",
        |db| run(db, "DROP TABLE verified"),
        Some(Loss::Damaged),
        false,
    ),
    (
        "a changed row",
        |db| run(db, "UPDATE state SET loss = 'old'"),
        Some(Loss::Damaged),
        false,
    ),
    ("a log alone", log_alone, Some(Loss::Lost), false),
    ("a copy of itself", copied, Some(Loss::Old), true),
];

fn write(db: &Path, content: &[u8]) {
    std::fs::write(db, content).unwrap();
}

fn run(db: &Path, sql: &str) {
    rusqlite::Connection::open(db)
        .unwrap()
        .execute_batch(sql)
        .unwrap();
}

fn cut(db: &Path) {
    let file = std::fs::File::options().write(true).open(db).unwrap();
    file.set_len(9_000).unwrap();
}

fn log_alone(db: &Path) {
    std::fs::rename(db, db.with_file_name("boxup.db-wal")).unwrap();
}

fn copied(db: &Path) {
    let other = db.with_file_name("other");
    std::fs::copy(db, &other).unwrap();
    std::fs::rename(&other, db).unwrap();
}

#[tokio::test]
async fn every_kind_of_loss_is_noticed_once_and_stays_in_doubt() {
    for (what, harm, loss, has_rows) in HARMS {
        let dir = tempfile::tempdir().unwrap();
        fill(dir.path()).await;
        harm(&dir.path().join(FILE));
        assert_eq!(opened(dir.path()).await, (loss, has_rows), "{what}");
        // It is the same database from now on, and what is in doubt stays so.
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(store.found(), None, "{what}");
        assert_eq!(store.reader().unwrap().loss().unwrap(), loss, "{what}");
        store.close().await;
        let is_aside = loss.is_some_and(|loss| loss != Loss::Old);
        let is_there = !recovery::aside(dir.path()).is_empty();
        assert_eq!(
            is_there,
            is_aside && !["gone", "a log alone"].contains(&what),
            "{what}"
        );
    }
}

fn foreign(db: &Path) {
    std::fs::remove_file(db).unwrap();
    let db = rusqlite::Connection::open(db).unwrap();
    db.execute_batch("CREATE TABLE theirs (x)").unwrap();
}

#[tokio::test]
async fn an_old_copy_is_noticed_however_it_came_back() {
    let (dir, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(dir.path()).await;
    copy(dir.path(), backup.path());
    let write = async |store: &Store| {
        let root = store.reader().unwrap().root("m", "0").unwrap().unwrap();
        let edit = Edit::PutFile(root.key, name("later"), file(900));
        store.writer().apply(vec![edit]).await.unwrap();
    };
    let store = Store::open(dir.path()).unwrap();
    write(&store).await;
    store.close().await;
    // The database alone, in its place: the inode is the same.
    std::fs::write(
        dir.path().join(FILE),
        std::fs::read(backup.path().join(FILE)).unwrap(),
    )
    .unwrap();
    assert_eq!(opened(dir.path()).await, (Some(Loss::Old), true));
    // The whole directory, with all marks.
    let other = tempfile::tempdir().unwrap();
    copy(backup.path(), other.path());
    assert_eq!(opened(other.path()).await, (Some(Loss::Old), true));
    // Everything in it is to be compared again.
    let store = Store::open(other.path()).unwrap();
    let (root, all) = read(&store.reader().unwrap()).unwrap();
    let folders = all.values().flat_map(|mapped| mapped.folders.values());
    assert!(folders.chain(&root).all(|folder| !folder.inventoried));
    store.close().await;
}

#[tokio::test]
async fn a_log_that_is_gone_is_noticed_and_one_that_is_left_is_used() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path()).await;
    let store = Store::open(dir.path()).unwrap();
    let root = store.reader().unwrap().root("m", "0").unwrap().unwrap();
    let edit = Edit::PutFile(root.key, name("later"), file(900));
    store.writer().apply(vec![edit]).await.unwrap();
    // As a kill leaves it: a copy would have marks of its own, so the files are moved.
    let (with, without) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (to, parts) in [(&without, &[""][..]), (&with, &["", "-wal"][..])] {
        for part in parts {
            let from = dir.path().join(format!("{FILE}{part}"));
            std::fs::copy(from, to.path().join(format!("{FILE}{part}"))).unwrap();
        }
    }
    drop(store);
    let reader = crate::store::peek(with.path()).unwrap();
    assert_eq!(reader.children(root.key).unwrap().files.len(), 1);
    let reader = crate::store::peek(without.path()).unwrap();
    assert_eq!(reader.children(root.key).unwrap().files.len(), 0);
    let state =
        |dir: &Path| recovery::checked(crate::store::peek(dir).unwrap().connection()).unwrap();
    assert!(state(with.path()).is_open);
    assert_ne!(state(with.path()).mark, state(without.path()).mark);
}

#[tokio::test]
async fn doubt_ends_when_every_mirror_has_been_compared() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path()).await;
    std::fs::remove_file(dir.path().join(FILE)).unwrap();
    let store = Store::open(dir.path()).unwrap();
    let configured = ["a".to_owned(), "b".to_owned()];
    store.writer().compared("a", &configured).await.unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(reader.loss().unwrap(), Some(Loss::Lost));
    assert!(reader.is_compared("a").unwrap() && !reader.is_compared("b").unwrap());
    store.writer().compared("b", &configured).await.unwrap();
    assert_eq!(reader.loss().unwrap(), None);
    store.close().await;
}
