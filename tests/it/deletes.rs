//! What is deleted on the disk goes to Box's trash, where that is wanted: later, seen
//! twice, as it is known, and only so much at once.

use crate::rig::{Child, Rig, Run, ask, other_clock, until};
use box_emulator::{Effect, Fault};
use std::os::unix::fs::PermissionsExt;

pub(crate) const ONCE: [&str; 3] = ["sync", "--once", "--json"];
/// By this clock, what was found gone by the machine's own has been gone for long enough.
pub(crate) const LATER: &str = "+2m";
pub(crate) const LATER_STILL: &str = "+4m";

/// A mirror whose deletes count, with a hundred files in `many`.
pub(crate) fn rig() -> Rig {
    trashing(Rig::new())
}

fn trashing(rig: Rig) -> Rig {
    let rig = rig.mirror_key("on_local_delete = \"trash\"");
    for number in 0..100 {
        rig.write(&format!("many/{number}"), format!("{number}"));
    }
    rig
}

/// One pass by this clock.
#[track_caller]
pub(crate) fn pass(rig: &Rig, clock: &str) -> Option<Run> {
    let command = rig.command_at(clock, &ONCE)?;
    Some(Run::of(Child::start(command).finish()))
}

pub(crate) fn deletes(rig: &Rig) -> u64 {
    rig.calls("delete_files_id") + rig.calls("delete_folders_id")
}

/// How the mirror stands, as `boxup status` tells without a service.
#[track_caller]
fn expect_state(rig: &Rig, state: &str, reason: &str) {
    let (_, status) = ask(rig, &["status", "--json"]);
    let mirror = &status["mirrors"][0];
    let told = mirror["halted"]["reason"].as_str().unwrap_or_default();
    assert_eq!(
        (&mirror["state"], told),
        (&state.into(), reason),
        "{status}"
    );
}

pub(crate) fn run_name(run: &Run) -> String {
    let name = run.summary["run"].as_str();
    name.unwrap_or_else(|| panic!("it has no name: {run}"))
        .to_owned()
}

/// `boxup undo RUN --json`: its exit code, and its lines.
#[track_caller]
pub(crate) fn undo(rig: &Rig, run: &str) -> (i32, Vec<serde_json::Value>) {
    let finished = rig.run(&["undo", run, "--json"]);
    let lines = finished.stdout.lines().map(serde_json::from_str);
    let lines: Result<Vec<_>, _> = lines.collect();
    (
        finished.code,
        lines.unwrap_or_else(|error| panic!("{error}: {finished:?}")),
    )
}

#[test]
fn without_being_asked_for_nothing_is_deleted_on_box() {
    let rig = Rig::new();
    rig.write("a.txt", "a")
        .write("sub/b.txt", "b")
        .write("c.txt", "c")
        .once_ok();
    rig.remove("a.txt").remove("sub").once_ok();
    let Some(run) = pass(&rig, LATER) else {
        return;
    };
    run.expect_code(0)
        .expect(&[("unchanged", 1), ("trashed", 0), ("requests", 0)]);
    assert_eq!(deletes(&rig), 0);
    rig.expect_box(["a.txt: a", "c.txt: c", "sub/", "sub/b.txt: b"]);
    assert_eq!(rig.row_count("absent"), 0);
}

#[test]
fn a_file_that_is_gone_for_a_minute_goes_to_the_trash_and_undo_brings_it_back() {
    let rig = rig();
    rig.write("a.txt", "a").once_ok();
    let id = rig.entry("a.txt").id;
    rig.remove("a.txt");
    for _ in 0..2 {
        rig.once_ok()
            .expect(&[("unchanged", 100), ("trashed", 0), ("requests", 0)]);
    }
    let rows = rig.rows();
    rig.once_ok();
    assert_eq!(
        rig.rows(),
        rows,
        "a look that finds nothing new writes nothing"
    );
    let Some(run) = pass(&rig, LATER) else {
        return;
    };
    run.expect_code(0)
        .expect(&[("unchanged", 100), ("trashed", 1)]);
    assert_eq!(run.event("a.txt")["file_id"], id.as_str(), "{run}");
    assert!(rig.cloud.is_trashed(&id));
    assert_eq!((deletes(&rig), rig.row_count("absent")), (1, 0));
    let name = run_name(&run);
    let (code, lines) = undo(&rig, &name);
    assert_eq!(code, 0, "{lines:?}");
    assert_eq!(lines[0]["event"], "restored", "{lines:?}");
    assert_eq!(lines.last().map(|line| &line["undone"]), Some(&1.into()));
    assert_eq!(rig.entry("a.txt").id, id);
    // It stays, and is not sent anew.
    for clock in [LATER_STILL, "+8m"] {
        let run = pass(&rig, clock).expect("it could be had before");
        run.expect_code(0)
            .expect(&[("unchanged", 100), ("trashed", 0)]);
    }
    assert_eq!((rig.entry("a.txt").id, deletes(&rig)), (id, 1));
    let (code, _) = undo(&rig, &name);
    assert_eq!(code, 2, "there is nothing left to undo");
    // With the file back on the disk both agree again.
    rig.write("a.txt", "a")
        .once_ok()
        .expect(&[("adopted", 1), ("unchanged", 100)]);
}

#[test]
fn a_directory_goes_in_one_call_and_comes_back_whole() {
    let rig = rig().mirror_key("max_deletes = 10");
    rig.write("sub/a.txt", "a")
        .write("sub/in/b.txt", "b")
        .mkdir("sub/empty")
        .once_ok();
    let ids = ["sub", "sub/a.txt", "sub/in/b.txt"].map(|path| rig.entry(path).id);
    rig.remove("sub").once_ok();
    let Some(run) = pass(&rig, LATER) else {
        return;
    };
    run.expect_code(0)
        .expect(&[("unchanged", 100), ("trashed", 1)]);
    assert_eq!(run.event("sub")["files"], 2, "{run}");
    assert_eq!(
        (rig.calls("delete_files_id"), rig.calls("delete_folders_id")),
        (0, 1)
    );
    assert!(rig.cloud.is_trashed(&ids[0]));
    let (code, lines) = undo(&rig, &run_name(&run));
    assert_eq!(code, 0, "{lines:?}");
    assert_eq!(
        ids,
        ["sub", "sub/a.txt", "sub/in/b.txt"].map(|path| rig.entry(path).id)
    );
    rig.write("sub/a.txt", "a")
        .once_ok()
        .expect(&[("adopted", 1), ("unchanged", 100)]);
}

#[test]
fn a_mass_delete_waits_for_approval_and_is_undone_with_every_id() {
    let rig = Rig::new().mirror_key("on_local_delete = \"trash\"");
    for top in ["a", "b", "c"] {
        for number in 0..5 {
            rig.write(&format!("{top}/in/{number}"), format!("{top}{number}"));
        }
    }
    rig.once_ok();
    let before: Vec<_> = rig
        .cloud
        .tree(&rig.folder)
        .into_iter()
        .map(|e| (e.path, e.id))
        .collect();
    rig.remove("a").remove("b").remove("c");
    let clocks = ["+0s", LATER, LATER_STILL];
    for clock in clocks {
        let Some(run) = pass(&rig, clock) else {
            return;
        };
        run.expect_code(3);
        let halted = &run.summary["halted"][0];
        assert_eq!(halted["reason"], "brake", "{run}");
        assert_eq!(
            (&halted["would_trash"], &halted["mapped"]),
            (&15.into(), &15.into())
        );
        assert_eq!(halted["paths"], serde_json::json!(["a", "b", "c"]), "{run}");
        assert!(run.words().contains("boxup approve"), "{run}");
    }
    rig.sync(&["--once", "--dry-run"]).expect_code(3);
    assert_eq!(deletes(&rig), 0);
    expect_state(&rig, "halted", "brake");
    let status = rig.run(&["status"]).stdout;
    assert!(status.contains("boxup approve mirror"), "{status}");
    assert_eq!(rig.run(&["approve", "nobody"]).code, 2);
    let approved = rig.run(&["approve", "mirror"]);
    assert!(
        approved.code == 0 && approved.stdout.contains("15 files"),
        "{approved:?}"
    );
    expect_state(&rig, "stopped", "");
    let run = pass(&rig, LATER).expect("it could be had before");
    run.expect_code(0).expect(&[("trashed", 3)]);
    assert_eq!(
        (rig.calls("delete_files_id"), rig.calls("delete_folders_id")),
        (0, 3)
    );
    rig.expect_box([]);
    let (code, lines) = undo(&rig, &run_name(&run));
    assert_eq!(code, 0, "{lines:?}");
    let after: Vec<_> = rig
        .cloud
        .tree(&rig.folder)
        .into_iter()
        .map(|e| (e.path, e.id))
        .collect();
    assert_eq!(after, before);
    assert!(rig.run(&["approve", "mirror"]).stdout.contains("nothing"));
}

#[test]
fn a_brake_goes_by_itself_when_the_files_are_back() {
    let rig = rig();
    rig.once_ok();
    let aside = rig.temp().join("aside");
    rig.write("stays", "s").once_ok();
    std::fs::rename(rig.path("many"), &aside).expect("moved");
    rig.once_ok();
    let Some(run) = pass(&rig, LATER) else {
        return;
    };
    run.expect_code(3);
    assert_eq!(run.summary["halted"][0]["would_trash"], 100, "{run}");
    std::fs::rename(&aside, rig.path("many")).expect("moved back");
    let run = pass(&rig, LATER_STILL).expect("it could be had before");
    run.expect_code(0).expect(&[("unchanged", 101)]);
    assert_eq!((deletes(&rig), rig.row_count("absent")), (0, 0));
}

/// A directory without files is one thing that goes, and no file.
#[test]
fn a_halt_counts_files_and_empty_directories_each_for_itself() {
    let rig = Rig::new().mirror_key("on_local_delete = \"trash\"");
    rig.write("one", "1")
        .write("two", "2")
        .mkdir("empty")
        .once_ok();
    rig.remove("one").remove("two").remove("empty");
    let run = rig.once();
    run.expect_code(3);
    let halted = &run.summary["halted"][0];
    let counts = ["would_trash", "would_trash_folders", "mapped"].map(|key| &halted[key]);
    assert_eq!(counts, [3, 1, 2], "{run}");
    let message = halted["message"].as_str().unwrap_or_default();
    let words = "gone from the disk: 2 of 2 files and 1 directory without files (";
    assert!(message.starts_with(words), "{message}");
    let told = rig.run(&["explain", "mirror/one"]);
    assert!(told.stdout.contains("stands still"), "{told:?}");
    let approved = rig.run(&["approve", "mirror"]);
    let words = "approved: 2 files and 1 directory without files of mirror";
    assert!(approved.stdout.starts_with(words), "{approved:?}");
}

#[test]
fn approval_is_good_for_what_was_shown_and_no_more() {
    let rig = rig();
    for number in 0..30 {
        rig.write(&format!("more/{number}"), format!("m{number}"));
    }
    rig.once_ok();
    rig.remove("many").once_ok();
    let Some(run) = pass(&rig, LATER) else {
        return;
    };
    run.expect_code(3);
    assert_eq!(rig.run(&["approve", "mirror"]).code, 0);
    rig.remove("more").write("stays", "s");
    let run = pass(&rig, LATER).expect("it could be had before");
    // What was approved goes; the rest is seen for the first time.
    run.expect_code(0)
        .expect(&[("uploaded", 1), ("trashed", 1)]);
    assert_eq!(run.event("many")["event"], "trashed", "{run}");
    let run = pass(&rig, LATER_STILL).expect("it could be had before");
    run.expect_code(3);
    assert_eq!(run.summary["halted"][0]["would_trash"], 30, "{run}");
    assert_eq!(
        (rig.calls("delete_files_id"), rig.calls("delete_folders_id")),
        (0, 1)
    );
    assert!(rig.has("more/7", "m7"));
}

#[test]
fn what_somebody_changed_on_box_stays_there() {
    let rig = rig();
    rig.write("a.txt", "a").write("b.txt", "b").once_ok();
    let ids = ["a.txt", "b.txt"].map(|path| rig.entry(path).id);
    rig.cloud.put_file(&rig.folder, "a.txt", b"theirs");
    rig.cloud.touch(&ids[1]);
    rig.remove("a.txt").remove("b.txt").once_ok();
    for clock in [LATER, LATER_STILL] {
        let Some(run) = pass(&rig, clock) else {
            return;
        };
        run.expect_code(1)
            .expect(&[("unchanged", 100), ("parked", 2), ("trashed", 0)]);
        run.expect_event("a.txt", "parked changed_on_box");
        run.expect_event("b.txt", "parked changed_on_box");
    }
    assert!(ids.iter().all(|id| !rig.cloud.is_trashed(id)));
    assert!(rig.has("a.txt", "theirs"));
    // Back on the disk, it is a file like any other.
    rig.write("b.txt", "b").write("a.txt", "theirs");
    rig.once_ok().expect(&[("unchanged", 100), ("adopted", 2)]);
}

#[test]
fn a_folder_with_something_of_somebody_else_stays_with_that() {
    let rig = rig();
    rig.write("sub/a.txt", "a")
        .write("sub/in/b.txt", "b")
        .write("own/c.txt", "c")
        .once_ok();
    rig.cloud.put_file(&rig.folder, "sub/in/theirs.txt", b"t");
    rig.remove("sub").remove("own").once_ok();
    let Some(run) = pass(&rig, LATER) else {
        return;
    };
    run.expect_code(0)
        .expect(&[("unchanged", 100), ("trashed", 3)]);
    assert_eq!(
        (rig.calls("delete_files_id"), rig.calls("delete_folders_id")),
        (2, 1)
    );
    assert_eq!(run.event("sub")["event"], "folder_kept", "{run}");
    let names: Vec<_> = rig
        .names()
        .into_iter()
        .filter(|name| !name.starts_with("many"))
        .collect();
    assert_eq!(names, ["sub", "sub/in", "sub/in/theirs.txt"]);
    let (code, lines) = undo(&rig, &run_name(&run));
    assert_eq!(code, 0, "{lines:?}");
    assert!(rig.has("sub/a.txt", "a") && rig.has("sub/in/b.txt", "b") && rig.has("own/c.txt", "c"));
    let run = pass(&rig, LATER_STILL).expect("it could be had before");
    run.expect_code(0)
        .expect(&[("unchanged", 100), ("trashed", 0)]);
}

#[test]
fn a_folder_with_a_changed_file_stays_and_is_told() {
    let rig = rig();
    rig.write("sub/a.txt", "a")
        .write("sub/b.txt", "b")
        .once_ok();
    rig.cloud.put_file(&rig.folder, "sub/b.txt", b"theirs");
    rig.remove("sub").once_ok();
    let Some(run) = pass(&rig, LATER) else {
        return;
    };
    run.expect_code(1)
        .expect(&[("unchanged", 100), ("trashed", 1), ("parked", 1)]);
    run.expect_event("sub", "parked changed_on_box");
    assert!(rig.has("sub/b.txt", "theirs"));
    assert_eq!(rig.calls("delete_folders_id"), 0);
}

#[test]
fn what_cannot_be_read_is_not_gone() {
    let rig = rig().mirror_key("max_deletes = \"100%\"");
    rig.write("sub/a.txt", "a")
        .write("sub/in/b.txt", "b")
        .once_ok();
    let mode = |mode| std::fs::set_permissions(rig.path("sub"), PermissionsExt::from_mode(mode));
    for clock in ["+0s", LATER, LATER_STILL] {
        let Some(mut command) = rig.command_as_nobody(&ONCE) else {
            return;
        };
        let Some(clock) = other_clock(clock) else {
            return;
        };
        mode(0o000).expect("set");
        let run = Run::of(
            Child::start({
                command.envs(clock);
                command
            })
            .finish(),
        );
        mode(0o755).expect("set");
        run.expect_code(1)
            .expect(&[("unchanged", 100), ("failed", 1)]);
        run.expect_event("sub", "failed read_error");
    }
    assert_eq!((deletes(&rig), rig.row_count("absent")), (0, 0));
}

#[test]
fn a_changed_rule_deletes_nothing() {
    let rig = rig().mirror_key("max_deletes = \"100%\"");
    rig.write("a.log", "a")
        .write("logs/b", "b")
        .write("gone.log", "g")
        .once_ok();
    rig.remove("gone.log").once_ok();
    let rig = rig.exclude(&["*.log", "logs/", "many/"]);
    rig.remove("logs");
    for clock in ["+0s", LATER, LATER_STILL] {
        let Some(run) = pass(&rig, clock) else {
            return;
        };
        assert_eq!(run.count("trashed"), 0, "{run}");
    }
    assert_eq!(deletes(&rig), 0);
    assert!(rig.has("a.log", "a") && rig.has("logs/b", "b") && rig.has("gone.log", "g"));
}

#[test]
fn a_file_that_is_back_before_it_counts_is_not_deleted() {
    let rig = rig();
    rig.write("a.txt", "a").once_ok();
    rig.remove("a.txt").once_ok();
    rig.write("a.txt", "new")
        .once_ok()
        .expect(&[("new_versions", 1), ("unchanged", 100)]);
    rig.remove("a.txt");
    let Some(run) = pass(&rig, LATER) else {
        return;
    };
    // By this clock it is seen for the first time again.
    run.expect_code(0)
        .expect(&[("unchanged", 100), ("trashed", 0)]);
    assert_eq!(deletes(&rig), 0);
}

#[test]
fn a_delete_whose_answer_is_lost_is_done_once_and_can_be_undone() {
    let effects = [Effect::DropAfter, Effect::EmptyBody];
    crate::rig::each(&effects, |effect| {
        let rig = rig();
        rig.write("a.txt", "a").write("sub/b.txt", "b").once_ok();
        let ids = ["a.txt", "sub"].map(|path| rig.entry(path).id);
        rig.remove("a.txt").remove("sub").once_ok();
        for operation in ["delete_files_id", "delete_folders_id"] {
            let fault = Fault::on(operation).effect(effect.clone());
            rig.cloud.inject(fault);
        }
        let Some(run) = pass(&rig, LATER) else {
            return;
        };
        run.expect_code(0)
            .expect(&[("unchanged", 100), ("trashed", 2)]);
        assert!(ids.iter().all(|id| rig.cloud.is_trashed(id)), "{run}");
        let (code, lines) = undo(&rig, &run_name(&run));
        assert_eq!(code, 0, "{lines:?}");
        assert_eq!(ids, ["a.txt", "sub"].map(|path| rig.entry(path).id));
    });
}

#[test]
fn killed_between_the_delete_and_the_mapping_the_next_run_has_it_to_undo() {
    let rig = rig();
    rig.write("a.txt", "a").once_ok();
    let id = rig.entry("a.txt").id;
    rig.remove("a.txt").once_ok();
    rig.cloud.inject(Fault::on("delete_files_id").hold());
    let Some(command) = rig.command_at(LATER, &ONCE) else {
        return;
    };
    let child = Child::start(command);
    until("the delete has been accepted", || rig.cloud.held() == 1);
    child.kill();
    rig.cloud.release_holds();
    assert!(rig.cloud.is_trashed(&id));
    assert_eq!(
        rig.row_count("absent"),
        1,
        "the mapping knows nothing of it"
    );
    let run = pass(&rig, LATER).expect("it could be had before");
    run.expect_code(0)
        .expect(&[("unchanged", 100), ("trashed", 1)]);
    let (code, lines) = undo(&rig, &run_name(&run));
    assert_eq!(code, 0, "{lines:?}");
    assert_eq!(rig.entry("a.txt").id, id);
}

#[test]
fn where_nothing_is_kept_in_the_trash_deleting_stops_after_the_first() {
    let rig = trashing(Rig::with(|builder| builder.deletes_for_good(true)));
    rig.write("a.txt", "a")
        .write("b.txt", "b")
        .write("c/d.txt", "d")
        .once_ok();
    rig.remove("a.txt").remove("b.txt").remove("c").once_ok();
    for clock in [LATER, LATER_STILL] {
        let Some(run) = pass(&rig, clock) else {
            return;
        };
        run.expect_code(3);
        assert_eq!(run.summary["halted"][0]["reason"], "no_trash", "{run}");
        assert_eq!(deletes(&rig), 1, "{run}");
    }
    assert_eq!(rig.run(&["approve", "mirror"]).code, 0);
    let run = pass(&rig, LATER_STILL).expect("it could be had before");
    run.expect_code(3);
    assert_eq!(deletes(&rig), 2, "tried once more: {run}");
    // One of three is still there, and stays when deleting is not wanted any more.
    let rig = rig.configured(|config| {
        config.mirrors[0].retain(|line| !line.starts_with("on_local_delete"));
    });
    let run = pass(&rig, LATER_STILL).expect("it could be had before");
    run.expect_code(0);
    assert_eq!(deletes(&rig), 2);
}

#[test]
fn a_dry_run_shows_what_would_go_and_touches_nothing() {
    let rig = rig();
    rig.write("a.txt", "a").once_ok();
    rig.remove("a.txt");
    let rows = rig.rows();
    let run = rig.sync(&["--once", "--dry-run"]);
    run.expect_code(0)
        .expect(&[("unchanged", 100), ("trashed", 1)]);
    assert_eq!(run.event("a.txt")["event"], "trashed", "{run}");
    assert_eq!((rig.rows(), deletes(&rig)), (rows, 0));
}

#[test]
fn what_has_moved_is_not_gone() {
    let rig = rig();
    rig.write("a.txt", "a").write("sub/b.txt", "b").once_ok();
    let id = rig.entry("a.txt").id;
    rig.rename("a.txt", "many/a.txt")
        .rename("sub", "other")
        .rename("many", "lots");
    for clock in ["+0s", LATER, LATER_STILL] {
        let Some(run) = pass(&rig, clock) else {
            return;
        };
        run.expect_code(0);
        assert_eq!(run.count("trashed"), 0, "{run}");
    }
    assert_eq!((rig.entry("lots/a.txt").id, deletes(&rig)), (id, 0));
    assert_eq!(rig.row_count("absent"), 0);
}
