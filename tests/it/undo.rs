//! What a run trashed or moved comes back, as far as Box can still do it.

use crate::deletes::{LATER, ONCE, pass, rig, run_name, undo};
use crate::rig::{Child, Rig, until};
use box_emulator::Fault;

/// Every path on Box and its ID.
fn ids(rig: &Rig) -> Vec<(String, String)> {
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

/// Runs a pass that is killed after Box has done this, and before the mapping knows.
/// Returns what the run was called.
#[track_caller]
fn killed_after(rig: &Rig, operation: &'static str, command: std::process::Command) -> String {
    rig.cloud.inject(Fault::on(operation).hold());
    let child = Child::start(command);
    until("Box has done it", || rig.cloud.held() == 1);
    child.kill();
    rig.cloud.release_holds();
    let sql = "SELECT run FROM deed WHERE done = 0";
    let name = rig.database().query_row(sql, [], |row| row.get(0));
    name.expect("the killed run has left its deed")
}

#[test]
fn a_move_that_a_kill_left_in_doubt_can_be_undone_at_once_and_later() {
    type Change = fn(&Rig);
    let changes: [(&'static str, Change); 3] = [
        ("put_files_id", |rig| {
            rig.rename("a.txt", "to/b.txt");
        }),
        ("put_folders_id", |rig| {
            rig.rename("sub", "to/sub");
        }),
        // Two calls, of which the first was made.
        ("put_folders_id", |rig| {
            rig.rename("sub", "to/other");
        }),
    ];
    for (operation, change) in changes {
        for is_later in [false, true] {
            let rig = Rig::new();
            rig.write("a.txt", "a").write("sub/b.txt", "b");
            rig.mkdir("to").once_ok();
            let before = ids(&rig);
            change(&rig);
            let name = killed_after(&rig, operation, rig.command(&ONCE));
            assert_ne!(ids(&rig), before);
            if is_later {
                rig.once_ok().expect(&[("unchanged", 2)]);
                rig.expect_same_as_disk();
            }
            let (code, lines) = undo(&rig, &name);
            assert_eq!((code, lines.len()), (0, 2), "{lines:?}");
            assert_eq!(lines[0]["event"], "moved_back");
            assert_eq!(ids(&rig), before, "{operation}");
            let writes = rig.writes();
            rig.once_ok().expect(&[("unchanged", 2)]);
            assert_eq!((ids(&rig), rig.writes()), (before, writes));
        }
    }
}

#[test]
fn a_delete_that_a_kill_left_in_doubt_comes_back_with_the_killed_run_and_stays() {
    for (operation, path) in [("delete_files_id", "a.txt"), ("delete_folders_id", "sub")] {
        for is_later in [false, true] {
            let rig = rig();
            rig.write("a.txt", "a").write("sub/b.txt", "b").once_ok();
            let id = rig.entry(path).id;
            rig.remove(path).once_ok();
            let Some(command) = rig.command_at(LATER, &ONCE) else {
                return;
            };
            let name = killed_after(&rig, operation, command);
            assert!(rig.cloud.is_trashed(&id));
            if is_later {
                let run = pass(&rig, "+4m").expect("it could be had before");
                run.expect_code(0)
                    .expect(&[("unchanged", 101), ("trashed", 1)]);
            }
            let (code, lines) = undo(&rig, &name);
            assert_eq!(code, 0, "{lines:?}");
            assert_eq!(rig.entry(path).id, id);
            let run = pass(&rig, "+6m").expect("it could be had before");
            run.expect_code(0)
                .expect(&[("unchanged", 101), ("trashed", 0)]);
            assert_eq!(rig.entry(path).id, id);
        }
    }
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
