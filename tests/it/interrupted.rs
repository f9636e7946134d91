//! SIGTERM and kill -9 in the middle: the next run completes, and nothing is doubled.

use crate::rig::{Child, PATIENCE, Rig, Run, each};
use box_emulator::{Effect, Fault};
use std::time::{Duration, Instant};

fn many(rig: &Rig, count: usize) {
    for number in 0..count {
        rig.write(&format!("d{}/f{number}", number % 5), format!("{number}"));
    }
}

#[track_caller]
fn completes(rig: &Rig) {
    crate::rig::until("what is late has come", || rig.cloud.pending() == 0);
    rig.once_ok();
    rig.expect_same_as_disk();
    rig.once_ok()
        .expect(&[("unchanged", rig.entries_on_disk()), ("requests", 0)]);
}

#[test]
fn sigterm_and_sigint_finish_what_runs_and_leave_the_rest() {
    for name in ["TERM", "INT"] {
        let rig = Rig::new();
        many(&rig, 200);
        let slow = Duration::from_millis(100);
        rig.cloud
            .inject(Fault::on("post_files_content").forever().delay(slow));
        let run = rig.begin();
        let begun = rig
            .cloud
            .wait_for(|cloud| cloud.tree(&rig.folder).len() > 30, PATIENCE);
        assert!(begun);
        let asked = Instant::now();
        crate::rig::signal(run.pid(), name);
        let run = Run::of(run.finish());
        assert!(
            asked.elapsed() < Duration::from_secs(10),
            "{:?}",
            asked.elapsed()
        );
        run.expect_code(1);
        assert!(run.count("pending") > 0, "{run}");
        assert_eq!(run.count("failed") + run.count("parked"), 0, "{run}");
        assert!(
            run.count("scanned") <= 200,
            "directories are counted: {run}"
        );
        rig.cloud.clear_faults();
        completes(&rig);
        let tree = rig.cloud.tree(&rig.folder);
        assert!(tree.iter().all(|entry| entry.versions <= 1), "{tree:?}");
    }
}

#[test]
fn sigterm_does_not_wait_for_a_box_that_does_not_answer() {
    let rig = Rig::new();
    many(&rig, 20);
    rig.cloud
        .inject(Fault::on("post_files_content").forever().hold());
    let run = rig.begin();
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 8, PATIENCE));
    let asked = Instant::now();
    run.term();
    let run = Run::of(run.finish());
    assert!(
        asked.elapsed() < Duration::from_secs(10),
        "{:?}",
        asked.elapsed()
    );
    run.expect_code(1);
    assert_eq!(run.count("scanned"), 20, "{run}");
    rig.cloud.clear_faults();
    rig.cloud.release_holds();
    completes(&rig);
    assert!(
        rig.cloud
            .tree(&rig.folder)
            .iter()
            .all(|entry| entry.versions <= 1)
    );
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let rig = Rig::new();
    many(&rig, 10);
    rig.cloud
        .inject(Fault::on("post_files_content").forever().hold());
    let run = rig.begin();
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 8, PATIENCE));
    let asked = Instant::now();
    run.term();
    crate::rig::until("it tells that it stops", || {
        run.stdout().contains("draining")
    });
    run.term();
    Run::of(run.finish()).expect_code(1);
    assert!(
        asked.elapsed() < Duration::from_secs(6),
        "{:?}",
        asked.elapsed()
    );
    rig.cloud.clear_faults();
    rig.cloud.release_holds();
    completes(&rig);
}

/// Killed while Box has said yes and we have not heard it, or before it began.
#[test]
fn kill_9_around_every_write_is_made_good_by_the_next_run() {
    let operations = [
        "post_files_content",
        "post_folders",
        "options_files_content",
        "get_folders_id",
        "get_folders_id_items",
        "post_oauth2_token",
    ];
    let effects = [Effect::Hold, Effect::HoldBefore];
    let cases: Vec<_> = operations
        .iter()
        .flat_map(|operation| {
            effects
                .iter()
                .map(move |effect| (*operation, effect.clone()))
        })
        .collect();
    each(&cases, |(operation, effect)| {
        let rig = Rig::new();
        rig.write("a.txt", "a")
            .write("sub/b.txt", "b")
            .write("sub/c/d.txt", "d");
        rig.cloud
            .inject(Fault::on(operation).effect(effect.clone()));
        killed_when_held(&rig);
        completes(&rig);
        for path in ["a.txt", "sub/b.txt", "sub/c/d.txt"] {
            assert_eq!(rig.entry(path).versions, 1, "{path}");
        }
    });
}

#[test]
fn kill_9_around_a_new_version_leaves_one_version() {
    for effect in [Effect::Hold, Effect::HoldBefore] {
        let rig = Rig::new();
        rig.write("a.txt", "one").once_ok();
        rig.write("a.txt", "two");
        rig.cloud
            .inject(Fault::on("post_files_id_content").effect(effect));
        killed_when_held(&rig);
        completes(&rig);
        rig.expect_versions("a.txt", &["one", "two"]);
    }
}

/// Our own write, whose answer we never heard, is no stranger's.
#[test]
fn an_edit_after_the_kill_goes_on_top_of_what_the_killed_run_wrote() {
    let strict = "on_existing = \"park\"\non_remote_change = \"park\"";
    let rig = Rig::new().mirror_key(strict);
    rig.write("a.txt", "one");
    rig.cloud.inject(Fault::on("post_files_content").hold());
    killed_when_held(&rig);
    rig.write("a.txt", "two");
    rig.once_ok().expect(&[("new_versions", 1)]);
    rig.expect_versions("a.txt", &["one", "two"]);
    rig.write("a.txt", "three");
    rig.cloud.inject(Fault::on("post_files_id_content").hold());
    killed_when_held(&rig);
    rig.write("a.txt", "four");
    rig.once_ok().expect(&[("new_versions", 1)]);
    rig.expect_versions("a.txt", &["one", "two", "three", "four"]);
}

/// A colleague's edit after the kill is still a colleague's.
#[test]
fn a_foreign_edit_after_the_kill_is_not_taken_for_our_own() {
    let rig = Rig::new();
    rig.write("a.txt", "one").once_ok();
    rig.write("a.txt", "two");
    rig.cloud.inject(Fault::on("post_files_id_content").hold());
    killed_when_held(&rig);
    rig.cloud.put_file(&rig.folder, "a.txt", b"theirs");
    rig.write("a.txt", "three");
    let run = rig.once();
    run.expect_code(1);
    run.expect_event("a.txt", "parked changed_on_box");
    rig.expect_versions("a.txt", &["one", "two", "theirs"]);
}

#[test]
fn killed_again_and_again_at_any_moment_it_still_gets_there() {
    let rig = Rig::new();
    many(&rig, 120);
    let slow = Duration::from_millis(20);
    rig.cloud
        .inject(Fault::on("post_files_content").forever().delay(slow));
    for step in [1, 3, 7, 12, 20, 33, 41, 54, 68] {
        let goal = rig.cloud.total_requests() + step;
        let run = rig.begin();
        rig.cloud
            .wait_for(|cloud| cloud.total_requests() >= goal, PATIENCE);
        run.kill();
    }
    rig.cloud.clear_faults();
    completes(&rig);
    let tree = rig.cloud.tree(&rig.folder);
    assert!(tree.iter().all(|entry| entry.versions <= 1), "{tree:?}");
}

#[track_caller]
fn killed_when_held(rig: &Rig) {
    let run: Child = rig.begin();
    assert!(
        rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE),
        "never asked"
    );
    run.kill();
    rig.cloud.clear_faults();
    rig.cloud.release_holds();
    crate::rig::until("nothing is held", || rig.cloud.held() == 0);
}
