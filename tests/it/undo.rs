//! What a run trashed or moved comes back, as far as Box can still do it.

use crate::deletes::{LATER, pass, rig, run_name, undo};
use crate::rig::Rig;
use box_emulator::Fault;
use std::time::Duration;

/// Every path on Box and its ID.
pub(crate) fn ids(rig: &Rig) -> Vec<(String, String)> {
    let tree = rig.cloud.tree(&rig.folder).into_iter();
    tree.map(|entry| (entry.path, entry.id)).collect()
}

#[test]
fn what_the_trash_does_not_hold_any_more_is_named() {
    let rig = rig();
    rig.write("a.txt", "a").write("b.txt", "b").once_ok();
    let ids = ["a.txt", "b.txt"].map(|path| rig.entry(path).id);
    rig.remove("a.txt").remove("b.txt").once_ok();
    let Some(run) = pass(&rig, LATER) else {
        return;
    };
    rig.cloud.purge(&ids[0]);
    let name = run_name(&run);
    let (code, lines) = undo(&rig, &name);
    assert_eq!(code, 1, "{lines:?}");
    let about = |path: &str| {
        lines
            .iter()
            .find(|line| line["path"] == path)
            .expect("it is told")
    };
    assert_eq!(about("a.txt")["reason"], "not_in_trash");
    assert_eq!(about("b.txt")["event"], "restored");
    assert_eq!(rig.entry("b.txt").id, ids[1]);
    let (code, lines) = undo(&rig, &name);
    assert_eq!((code, lines.len()), (1, 2), "{lines:?}");
    assert_eq!(undo(&rig, "20010101T000000Z").0, 2);
}

#[test]
fn undo_leaves_alone_what_has_taken_the_name() {
    let rig = rig();
    rig.write("a.txt", "a").once_ok();
    rig.remove("a.txt").once_ok();
    let Some(run) = pass(&rig, LATER) else {
        return;
    };
    rig.cloud.put_file(&rig.folder, "a.txt", b"theirs");
    let (code, lines) = undo(&rig, &run_name(&run));
    assert_eq!(
        (code, &lines[0]["reason"]),
        (1, &"name_taken".into()),
        "{lines:?}"
    );
    assert!(rig.has("a.txt", "theirs"));
}

#[test]
fn undo_moves_back_what_a_run_moved_and_nobody_fights() {
    let rig = Rig::new();
    rig.write("a.txt", "a")
        .write("sub/b.txt", "b")
        .write("x", "1")
        .write("y", "2");
    rig.mkdir("to").once_ok();
    let before = ids(&rig);
    rig.rename("a.txt", "to/renamed.txt")
        .rename("sub", "to/sub2");
    rig.rename("x", "z").rename("y", "x").rename("z", "y");
    let run = rig.once_ok();
    assert!(run.count("moved") >= 4, "{run}");
    assert_ne!(ids(&rig), before);
    let (code, lines) = undo(&rig, &run_name(&run));
    assert_eq!(code, 0, "{lines:?}");
    assert_eq!(ids(&rig), before);
    let writes = rig.writes();
    let run = rig.once_ok();
    run.expect(&[("unchanged", 4), ("requests", 0)]);
    assert_eq!((ids(&rig), rig.writes()), (before, writes));
}

#[test]
fn undo_leaves_alone_what_somebody_moved_on() {
    let rig = Rig::new();
    rig.write("a.txt", "a").write("b.txt", "b").once_ok();
    rig.rename("a.txt", "c.txt");
    let run = rig.once_ok();
    let id = rig.entry("c.txt").id;
    rig.cloud.rename(&id, "theirs.txt");
    let (code, lines) = undo(&rig, &run_name(&run));
    assert_eq!(
        (code, &lines[0]["reason"]),
        (1, &"changed_on_box".into()),
        "{lines:?}"
    );
    assert_eq!(rig.entry("theirs.txt").id, id);
}

/// Box goes on with the delete, and with bringing it back, after it has given up the
/// answer, and refuses all else there meanwhile.
#[test]
fn a_large_folder_that_box_works_on_for_long_goes_and_comes_back_once() {
    let rig = rig();
    rig.write("big/a", "a").write("big/sub/b", "b").once_ok();
    let before = ids(&rig);
    rig.remove("big").once_ok();
    let slow = |operation| {
        let late = Some(Duration::from_millis(1500));
        rig.cloud.inject(Fault::on(operation).persist_later(late));
    };
    slow("delete_folders_id");
    let Some(run) = pass(&rig, LATER) else {
        return;
    };
    run.expect_code(0)
        .expect(&[("unchanged", 100), ("trashed", 1)]);
    assert_eq!(rig.cloud.faults_left() + rig.cloud.pending(), 0, "{run}");
    assert!(rig.cloud.entry(&rig.folder, "big").is_none());
    slow("post_folders_id");
    let (code, lines) = undo(&rig, &run_name(&run));
    assert_eq!(code, 0, "{lines:?}");
    assert_eq!(rig.cloud.faults_left() + rig.cloud.pending(), 0);
    assert_eq!(ids(&rig), before);
}

/// Where nothing is ever trashed, too.
#[test]
fn deeds_of_long_ago_are_forgotten_when_something_moves() {
    let rig = Rig::new();
    rig.write("a.txt", "a").once_ok();
    let old = "INSERT INTO deed (run, mirror, path, kind, box_id, parent, name, done) \
               VALUES ('20010101T000000Z', 'mirror', x'61', 'file', '1', '2', 'a', 1)";
    rig.database().execute_batch(old).expect("added");
    rig.rename("a.txt", "b.txt");
    assert_eq!(rig.once_ok().count("moved"), 1);
    let database = rig.database();
    let path: Vec<u8> = database
        .query_row("SELECT path FROM deed", [], |row| row.get(0))
        .expect("there is one deed");
    assert_eq!(path, b"a.txt");
}
