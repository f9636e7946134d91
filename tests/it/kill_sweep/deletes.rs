//! What must be true of deletes, whenever the program was killed.

use crate::deletes::{pass, undo};
use crate::rig::Rig;
use rusqlite::Connection;
use std::collections::BTreeMap;

/// A directory and single files that have been gone for long enough by another clock.
pub(super) fn rig(rig: Rig) -> Rig {
    let rig = rig
        .mirror_key("on_local_delete = \"trash\"")
        .mirror_key("max_deletes = 100");
    let gone = ["d/a", "d/b", "d/e/c", "x.txt", "k/y.txt"];
    for name in gone.into_iter().chain(["keep.txt", "k/z.txt"]) {
        rig.write(name, format!("{name} one"));
    }
    rig.once_ok();
    for name in ["d", "x.txt", "k/y.txt"] {
        rig.remove(name);
    }
    rig.once_ok();
    rig
}

/// What Box had before anything was deleted: IDs by path.
pub(super) struct Before(BTreeMap<String, String>);

impl Before {
    pub(super) fn of(rig: &Rig) -> Before {
        let tree = rig.cloud.tree(&rig.folder).into_iter();
        Before(tree.map(|entry| (entry.path, entry.id)).collect())
    }

    /// Nothing is trashed that is still there, the next run gets there, and what the killed
    /// run has trashed comes back by its name: after that next run, or at once.
    #[track_caller]
    pub(super) fn is_made_good(&self, rig: &Rig, at_once: bool) {
        let is_trashed = |id: &String| rig.cloud.is_trashed(id);
        let trashed: BTreeMap<_, _> = self.0.iter().filter(|(_, id)| is_trashed(id)).collect();
        let on_disk = rig.tree_on_disk();
        for path in trashed.keys() {
            assert!(!on_disk.contains_key(*path), "trashed: {path}");
        }
        let run = killed_run(rig);
        assert!(run.is_some() || trashed.is_empty(), "no deed: {trashed:?}");
        if at_once && let Some(run) = &run {
            comes_back(rig, run, &trashed);
        }
        later(rig, "+4m");
        if !at_once || run.is_none() {
            rig.expect_same_as_disk();
        }
        let quiet = later(rig, "+6m");
        assert_eq!(quiet, (0, 0), "requests and deletes when all is done");
        for table in ["absent", "intent", "parked"] {
            assert_eq!(rig.row_count(table), 0, "left over: {table}");
        }
        match run {
            Some(run) if !at_once => comes_back(rig, &run, &trashed),
            _ => expect_there(rig, &trashed),
        }
    }
}

/// What the run was called, by its deeds in the copy that was made after the kill.
fn killed_run(rig: &Rig) -> Option<String> {
    let copy = Connection::open(rig.temp().join("copy.db")).expect("a copy can be opened");
    let mut find = copy
        .prepare("SELECT DISTINCT run FROM deed")
        .expect("a table");
    let found = find
        .query_map([], |row| row.get(0))
        .expect("it can be asked");
    let found: Result<Vec<String>, _> = found.collect();
    let mut found = found.expect("it can be read");
    assert!(found.len() <= 1, "{found:?}");
    found.pop()
}

#[track_caller]
fn comes_back(rig: &Rig, run: &str, trashed: &BTreeMap<&String, &String>) {
    let (code, lines) = undo(rig, run);
    // A deed that was about to be done, and was done by the next run, is that one's.
    let is_unknown = code == 2 && trashed.is_empty();
    assert!(code == 0 || is_unknown, "{code}: {lines:?}");
    expect_there(rig, trashed);
}

#[track_caller]
fn expect_there(rig: &Rig, trashed: &BTreeMap<&String, &String>) {
    for (path, id) in trashed {
        assert_eq!(rig.entry(path).id, **id, "{path}");
    }
}

/// One pass; how many requests it made and how much it trashed.
#[track_caller]
fn later(rig: &Rig, clock: &str) -> (u64, u64) {
    let run = pass(rig, clock).expect("it could be had before");
    run.expect_code(0);
    (run.count("requests"), run.count("trashed"))
}
