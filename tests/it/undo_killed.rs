//! What a run did and could not write down before it was killed can be undone by its name.

use crate::deletes::{LATER, ONCE, pass, rig, undo};
use crate::rig::{Child, Rig, until};
use crate::undo::ids;
use box_emulator::Fault;

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
