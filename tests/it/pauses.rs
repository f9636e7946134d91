//! Mirrors that are left alone for a while because somebody asked for it.

use crate::deletes;
use crate::rig::{PATIENCE, Rig, Service, ask, other_clock, until};
use box_emulator::Fault;
use serde_json::Value;

/// `boxup pause` or `boxup resume`: what it prints, which must be a success.
#[track_caller]
fn done(rig: &Rig, args: &[&str]) -> Value {
    let (code, answer) = ask(rig, &[args, &["--json"]].concat());
    assert_eq!(code, 0, "{answer}");
    answer
}

#[track_caller]
fn expect_paused(rig: &Rig, service: &Service, by: &str) {
    let (code, answer) = service.wait(rig);
    assert_eq!(code, 3, "{answer}");
    assert_eq!(answer["paused"][0]["mirror"], "mirror", "{answer}");
    let status = service.status(rig);
    let mirror = &status["mirrors"][0];
    assert_eq!(mirror["state"], "paused", "{status}");
    assert_eq!(mirror["paused"]["reason"], "asked", "{status}");
    assert_eq!(mirror["paused"]["by"], by, "{status}");
}

#[test]
fn nothing_is_sent_while_it_lasts_and_everything_when_it_is_over() {
    let rig = Rig::new();
    rig.write("a.txt", "a")
        .write("sub/b.txt", "b")
        .write("c.txt", "c");
    let mut service = rig.start();
    service.wait_ok(&rig);
    let mut pause = rig.command(&["pause", "mirror", "--json"]);
    pause.env("SUDO_USER", "kim");
    let paused = crate::rig::Child::start(pause).finish();
    assert_eq!(paused.code, 0, "{paused:?}");
    let paused: Value = serde_json::from_str(&paused.stdout).expect("one object");
    assert_eq!(paused["mirrors"][0]["state"], "paused", "{paused}");
    assert!(paused["mirrors"][0]["until"].is_null(), "{paused}");
    let writes = rig.writes();
    rig.write("a.txt", "edited")
        .write("new/deep/d.txt", "d")
        .rename("sub/b.txt", "sub/renamed.txt");
    // The wait is the look that would find it, if anybody looked.
    expect_paused(&rig, &service, "kim");
    assert_eq!(rig.writes(), writes, "something was sent");
    let words = rig.run(&["status"]).stdout;
    assert!(words.contains("kim asked for it"), "{words}");
    let resumed = done(&rig, &["resume"]);
    assert_eq!(resumed["mirrors"][0]["was_paused"], true, "{resumed}");
    // Nobody asks it to look.
    rig.expect_arrival("a.txt", "edited")
        .expect_arrival("new/deep/d.txt", "d");
    service.wait_ok(&rig);
    rig.expect_same_as_disk();
    assert_eq!(rig.calls("put_files_id"), 1, "the rename was not followed");
    service.told("that it goes on", |event| event["event"] == "resumed");
    let again = done(&rig, &["resume", "mirror"]);
    assert_eq!(again["mirrors"][0]["was_paused"], false, "{again}");
    service.end();
}

#[test]
fn what_is_under_way_is_finished_and_the_rest_waits() {
    let rig = Rig::new();
    rig.cloud.inject(Fault::on("post_files_content").hold());
    rig.write("a.txt", "a");
    let service = rig.start();
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
    let paused = done(&rig, &["pause"]);
    assert_eq!(paused["mirrors"][0]["in_flight"], 1, "{paused}");
    rig.write("b.txt", "b");
    rig.cloud.release_holds();
    rig.expect_arrival("a.txt", "a");
    expect_paused(&rig, &service, &by(&service.status(&rig)));
    rig.expect_box(["a.txt: a"]);
    done(&rig, &["resume"]);
    service.wait_ok(&rig);
    rig.expect_same_as_disk();
    assert_eq!(rig.entry("a.txt").versions, 1);
    service.end();
}

fn by(status: &Value) -> String {
    let by = &status["mirrors"][0]["paused"]["by"];
    by.as_str().expect("somebody asked").to_owned()
}

#[test]
fn a_pause_outlasts_the_service_and_a_single_pass_keeps_it() {
    let mut rig = Rig::new();
    let other = rig.add_mirror("other");
    rig.write("a.txt", "a");
    std::fs::write(rig.temp().join("other/o.txt"), "o").expect("written");
    let service = rig.start();
    service.wait_ok(&rig);
    done(&rig, &["pause", "mirror"]);
    service.term().expect_code(3);
    rig.write("b.txt", "b");
    std::fs::write(rig.temp().join("other/p.txt"), "p").expect("written");
    // Without a service it is told from the state, and a pass leaves it alone.
    let (code, status) = ask(&rig, &["status", "--json"]);
    assert_eq!(code, 69, "{status}");
    assert_eq!(status["mirrors"][0]["state"], "paused", "{status}");
    let run = rig.once();
    run.expect_code(3)
        .expect(&[("uploaded", 1), ("unchanged", 1)]);
    assert_eq!(run.summary["paused"][0]["mirror"], "mirror", "{run}");
    rig.expect_box(["a.txt: a"])
        .expect_box_in(&other, ["o.txt: o", "p.txt: p"]);
    let only = rig.sync(&["--once", "--mirror", "mirror"]);
    only.expect_code(3).expect(&[]);
    assert_eq!(only.count("requests"), 0, "{only}");
    let would = rig.sync(&["--once", "--dry-run"]);
    would.expect_code(3).expect(&[("unchanged", 2)]);
    let words = rig.run(&["sync", "--once"]);
    assert!(words.stdout.contains("asked for it"), "{words:?}");
    // The next service keeps it, too, and so does another configuration.
    let service = rig.start();
    expect_paused(&rig, &service, &by(&service.status(&rig)));
    let rig = rig.mirror_key("skip_hidden = true");
    crate::rig::signal(service.pid(), "HUP");
    let mut service = service;
    service.told("that it was read again", |event| {
        event["event"] == "reloaded"
    });
    expect_paused(&rig, &service, &by(&service.status(&rig)));
    rig.expect_box(["a.txt: a"]);
    service.term();
    // Ended without a service: the next pass mirrors it.
    let resumed = done(&rig, &["resume"]);
    assert_eq!(resumed["mirrors"][0]["was_paused"], true, "{resumed}");
    rig.once_ok();
    rig.expect_box(["a.txt: a", "b.txt: b"]);
}

#[test]
fn a_pause_without_a_service_is_noted_and_a_run_that_is_on_is_not_disturbed() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let paused = done(&rig, &["pause"]);
    assert_eq!(paused["mirrors"][0]["mirror"], "mirror", "{paused}");
    let run = rig.once();
    run.expect_code(3).expect(&[]);
    assert_eq!(rig.cloud.total_requests(), 0);
    done(&rig, &["resume"]);
    rig.cloud.inject(Fault::on("post_files_content").hold());
    let first = rig.begin();
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
    assert_eq!(rig.run(&["pause"]).code, 75);
    assert_eq!(rig.run(&["resume"]).code, 75);
    rig.cloud.release_holds();
    assert_eq!(first.finish().code, 0);
}

#[test]
fn what_is_no_mirror_or_no_span_is_told_and_changes_nothing() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let expect_refused = |rig: &Rig| {
        for args in [["pause", "mirror", "mirrror"], ["resume", "x", "--json"]] {
            let finished = rig.run(&args);
            assert_eq!(finished.code, 2, "{finished:?}");
            assert!(
                finished.stderr.contains("no mirror is named"),
                "{finished:?}"
            );
        }
    };
    expect_refused(&rig);
    assert!(!rig.state().exists(), "a state was made for nothing");
    let service = rig.start();
    service.wait_ok(&rig);
    expect_refused(&rig);
    for span in ["0s", "soon", "20y"] {
        assert_eq!(rig.run(&["pause", "--for", span]).code, 2, "{span}");
    }
    service.wait_ok(&rig);
    service.end();
}

#[test]
fn it_goes_on_by_itself_when_the_time_is_up() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let mut service = rig.start();
    service.wait_ok(&rig);
    let paused = done(&rig, &["pause", "--for", "3s"]);
    assert!(paused["mirrors"][0]["until"].is_string(), "{paused}");
    rig.write("b.txt", "b");
    service.told("that it was sent", |event| event["path"] == "b.txt");
    let order = service.events();
    let at = |is_it: &dyn Fn(&Value) -> bool| {
        let at = order.iter().position(is_it);
        at.unwrap_or_else(|| panic!("not told: {order:?}"))
    };
    let paused = at(&|event| event["event"] == "paused");
    let resumed = at(&|event| event["event"] == "resumed");
    let sent = at(&|event| event["path"] == "b.txt");
    assert!(paused < resumed && resumed < sent, "{order:?}");
    service.wait_ok(&rig);
    service.end();
}

#[test]
fn a_pause_that_is_over_is_forgotten_by_whoever_runs_next() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    done(&rig, &["pause", "--for", "1ms"]);
    let rows = |rig: &Rig| -> i64 {
        let database = rig.database();
        let sql = "SELECT count(*) FROM pause";
        database
            .query_row(sql, [], |row| row.get(0))
            .expect("there is a table")
    };
    assert_eq!(rows(&rig), 1);
    until("it is over", || {
        let (_, status) = ask(&rig, &["status", "--json"]);
        status["mirrors"][0]["state"] == "stopped"
    });
    rig.once_ok();
    rig.expect_box(["a.txt: a"]);
    assert_eq!(rows(&rig), 0);
}

#[test]
fn what_moves_between_a_paused_mirror_and_another_waits_and_moves_then() {
    let mut rig = Rig::new();
    let other = rig.add_mirror("other");
    rig.write("there.txt", "there").write("here.txt", "here");
    std::fs::write(rig.temp().join("other/back.txt"), "back").expect("written");
    let service = rig.start();
    service.wait_ok(&rig);
    let id = rig.entry("there.txt").id;
    done(&rig, &["pause", "mirror"]);
    let writes = rig.writes();
    std::fs::rename(rig.path("there.txt"), rig.temp().join("other/there.txt")).expect("moved");
    let (code, answer) = service.wait(&rig);
    assert_eq!(code, 3, "{answer}");
    assert_eq!(answer["left"][0]["reason"], "waits_for_resume", "{answer}");
    assert_eq!(rig.writes(), writes, "something was sent");
    done(&rig, &["resume", "mirror"]);
    service.wait_ok(&rig);
    rig.expect_box(["here.txt: here"])
        .expect_box_in(&other, ["back.txt: back", "there.txt: there"]);
    let moved = rig.cloud.entry(&other, "there.txt").expect("it is there");
    assert_eq!(moved.id, id, "it was sent anew");
    service.end();
}

/// What a look found to be gone before a pause, and what it would find right after it, are
/// not two looks: nobody has looked in between.
#[test]
fn what_was_found_gone_before_a_pause_is_not_deleted_right_after_it() {
    let rig = Rig::new().mirror_key("on_local_delete = \"trash\"");
    rig.write("a.txt", "a").write("b.txt", "b").once_ok();
    rig.remove("a.txt").once_ok();
    done(&rig, &["pause"]);
    done(&rig, &["resume"]);
    let Some(run) = deletes::pass(&rig, deletes::LATER) else {
        return;
    };
    run.expect_code(0)
        .expect(&[("unchanged", 1), ("trashed", 0)]);
    assert_eq!(deletes::deletes(&rig), 0);
    let Some(run) = deletes::pass(&rig, deletes::LATER_STILL) else {
        return;
    };
    run.expect(&[("unchanged", 1), ("trashed", 1)]);
}

/// What is gone from one mirror may be in another one, where nobody looks.
#[test]
fn while_a_mirror_is_paused_the_others_delete_nothing() {
    let mut rig = Rig::new().mirror_key("on_local_delete = \"trash\"");
    rig.add_mirror("other");
    rig.write("a.txt", "a").write("b.txt", "b").once_ok();
    let id = rig.entry("a.txt").id;
    done(&rig, &["pause", "other"]);
    std::fs::rename(rig.path("a.txt"), rig.temp().join("other/a.txt")).expect("moved");
    rig.once().expect_code(3);
    for clock in [deletes::LATER, deletes::LATER_STILL] {
        let Some(run) = deletes::pass(&rig, clock) else {
            return;
        };
        run.expect_code(3);
        assert_eq!(deletes::deletes(&rig), 0, "{run}");
    }
    done(&rig, &["resume", "other"]);
    rig.once_ok();
    assert_eq!(deletes::deletes(&rig), 0);
    assert!(!rig.cloud.is_trashed(&id), "it has moved");
    rig.expect_box(["b.txt: b"]);
}

/// A folder with a stranger's file in it goes file by file, which may take hours.
#[test]
fn a_pause_ends_the_deletes_that_are_under_way() {
    let mut rig = deletes::rig();
    rig.add_mirror("other");
    for name in ["gone/1", "gone/2", "gone/3"] {
        rig.write(name, name);
    }
    rig.once_ok();
    rig.cloud.put_file(&rig.folder, "gone/theirs", b"theirs");
    rig.remove("gone").once_ok();
    let Some(variables) = other_clock(deletes::LATER) else {
        return;
    };
    rig.cloud.inject(Fault::on("delete_files_id").hold());
    let mut command = rig.command(&["sync", "--json"]);
    command.envs(variables);
    let service = Service::start_command(&rig, command);
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
    done(&rig, &["pause", "other"]);
    rig.cloud.release_holds();
    until("what was under way has ended", || {
        service.status(&rig)["mirrors"][0]["in_flight"] == 0
    });
    assert_eq!(deletes::deletes(&rig), 1);
    assert!(rig.has("gone/2", "gone/2") && rig.has("gone/3", "gone/3"));
    service.term();
}
