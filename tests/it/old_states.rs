//! The state of an earlier version is taken over with what it knows; that of a later one
//! is left alone, and what belongs to another program is set aside.

use crate::rig::Rig;
use rusqlite::Connection;
use std::path::{Path, PathBuf};

fn migrations() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let entries = std::fs::read_dir(dir).expect("it is there");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("read").path()).collect();
    files.sort();
    files
}

/// The rows that the first version had, as they are now.
const FIRST: [(&str, &str); 3] = [
    ("folder", "id, parent, name, box_id, etag, inventoried"),
    ("mirror", "name, target, root"),
    (
        "file",
        "dir, name, box_id, version, etag, box_name, sha1, size, mtime, ctime, inode, \
         hashed_at, provisional",
    ),
];

/// Puts the database back to how that version would have it.
fn put_back(rig: &Rig, version: usize) {
    let database = rig.state().join("boxup.db");
    let now = rig.temp().join("now.db");
    std::fs::rename(&database, &now).expect("moved");
    for more in ["boxup.db-wal", "boxup.db-shm"] {
        drop(std::fs::remove_file(rig.state().join(more)));
    }
    let old = Connection::open(&database).expect("made");
    for file in &migrations()[..version] {
        let sql = std::fs::read_to_string(file).expect("read");
        old.execute_batch(&sql).expect("it is SQL");
    }
    old.execute("ATTACH ?1 AS now", [now.to_str().expect("text")])
        .expect("attached");
    for (table, columns) in FIRST {
        let sql = format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM now.{table}");
        old.execute(&sql, []).expect("copied");
    }
    old.execute_batch(&format!(
        "DETACH now; PRAGMA application_id = {}; PRAGMA user_version = {version}",
        0x626f_7875
    ))
    .expect("set");
    drop(old);
    std::fs::set_permissions(
        &database,
        std::os::unix::fs::PermissionsExt::from_mode(0o600),
    )
    .expect("set");
}

#[test]
fn the_state_of_every_earlier_version_is_taken_over() {
    for version in 1..migrations().len() {
        let rig = Rig::new();
        rig.write("a.txt", "a").write("d/e/b.txt", "b").once_ok();
        put_back(&rig, version);
        let writes = rig.writes();
        rig.once_ok().expect(&[("unchanged", 2)]);
        assert_eq!(rig.writes(), writes, "from version {version}");
        rig.write("a.txt", "more");
        rig.once_ok()
            .expect(&[("new_versions", 1), ("unchanged", 1)]);
        rig.expect_versions("a.txt", &["a", "more"])
            .expect_same_as_disk();
        rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
    }
}

#[test]
fn the_state_of_a_later_version_is_left_alone() {
    let rig = Rig::new();
    rig.write("a.txt", "a").once_ok();
    let later = "CREATE TABLE later (x); PRAGMA user_version = 9999";
    rig.database().execute_batch(later).expect("set");
    let before = std::fs::read(rig.state().join("boxup.db")).expect("read");
    rig.write("a.txt", "b");
    let writes = rig.writes();
    let run = rig.once();
    run.expect_code(74);
    assert!(run.stderr.contains("newer boxup"), "{run}");
    assert_eq!(rig.writes(), writes);
    let after = std::fs::read(rig.state().join("boxup.db")).expect("read");
    assert!(before == after, "it was written to");
}

#[test]
fn the_database_of_another_program_is_set_aside_as_it_is() {
    let rig = Rig::new();
    rig.write("a.txt", "a").once_ok();
    let other = "PRAGMA application_id = 1";
    rig.database().execute_batch(other).expect("set");
    let before = std::fs::read(rig.state().join("boxup.db")).expect("read");
    rig.once_ok().expect(&[("adopted", 1)]);
    let entries = std::fs::read_dir(rig.state()).expect("listed").flatten();
    let aside = entries.map(|entry| entry.path()).find(|path| {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        // Its log may have been set aside with it, in any order.
        name.is_some_and(|name| name.starts_with("boxup.db.damaged-") && !name.ends_with("-wal"))
    });
    let after = std::fs::read(aside.expect("it is there")).expect("read");
    assert!(before == after, "it was written to");
}
