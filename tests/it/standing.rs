//! `boxup status`: how it stands, with a service and without one, and whether that is fresh
//! enough.

use crate::rig::{CTRL_C, Child, Display, Finished, PATIENCE, Rig, Terminal, ask, until};
use box_emulator::Fault;
use serde_json::Value;

fn fresh(rig: &Rig, most: &str) -> Finished {
    rig.run(&["status", "--max-lag", most])
}

#[track_caller]
fn expect(judged: &Finished, code: i32, beginning: &str) {
    assert_eq!(judged.code, code, "{judged:?}");
    assert!(judged.stdout.starts_with(beginning), "{judged:?}");
    assert_eq!(judged.stdout.lines().count(), 1, "{judged:?}");
}

#[test]
fn without_a_service_the_last_pass_is_told_and_counts() {
    let rig = Rig::new();
    expect(&fresh(&rig, "1h"), 69, "UNKNOWN: mirror has had no pass");
    // What waits for a person makes nothing stale.
    rig.write("a.txt", "a").write("trailing ", "x");
    rig.once().expect_code(1);
    let (code, status) = ask(&rig, &["status", "--json"]);
    assert_eq!((code, &status["running"]), (69, &Value::Bool(false)));
    let mirror = &status["mirrors"][0];
    for key in ["last_pass", "last_pass_ended", "in_sync_at"] {
        assert!(mirror[key].is_string(), "{key}: {status}");
    }
    assert_eq!(
        (&mirror["pending"], &mirror["failed"]),
        (&0.into(), &0.into())
    );
    assert_eq!(mirror["parked"], 1);
    assert!(mirror["oldest_parked_seconds"].is_u64(), "{status}");
    assert_eq!(status["token"]["method"], "ccg", "{status}");
    assert!(status["token"]["expires_in"].is_u64(), "{status}");
    assert!(status["last_run"]["ended_at"].is_string(), "{status}");
    let words = rig.run(&["status"]).stdout;
    assert!(
        words.contains("not running; the last pass ended"),
        "{words}"
    );
    expect(&fresh(&rig, "1h"), 0, "OK: 1 mirror, at most ");
    if let Some(later) = rig.command_at("+2h", &["status", "--max-lag", "1h"]) {
        expect(
            &Child::start(later).finish(),
            1,
            "STALE: mirror is stale: 2h ",
        );
    }
    assert_eq!(rig.run(&["status", "--mirror", "nobody"]).code, 2);
    let (code, one) = ask(&rig, &["status", "--mirror", "mirror", "--json"]);
    assert_eq!(
        (code, one["mirrors"].as_array().map(Vec::len)),
        (69, Some(1))
    );
}

#[test]
fn a_pass_that_halted_and_one_that_was_not_let_in_are_told() {
    let rig = Rig::new();
    rig.write("a.txt", "a").once_ok();
    let aside = rig.temp().join("aside");
    std::fs::rename(rig.local(), &aside).expect("moved");
    rig.once().expect_code(3);
    expect(&fresh(&rig, "1h"), 3, "HALTED: mirror stands still: ");
    let (_, status) = ask(&rig, &["status", "--json"]);
    assert_eq!(status["mirrors"][0]["halted"]["reason"], "root_missing");
    std::fs::rename(&aside, rig.local()).expect("moved back");
    rig.once_ok();
    expect(&fresh(&rig, "1h"), 0, "OK: ");
    rig.cloud.set_app_authorized(false);
    rig.cloud.expire_tokens();
    rig.write("b.txt", "b").once().expect_code(77);
    expect(&fresh(&rig, "1h"), 77, "HALTED: Box let nobody in: ");
    let words = rig.run(&["status"]).stdout;
    assert!(words.contains("for Box let nobody in"), "{words}");
    rig.cloud.set_app_authorized(true);
    rig.once_ok();
    expect(&fresh(&rig, "1h"), 0, "OK: ");
}

#[test]
fn what_cannot_be_remembered_or_read_stops_nothing() {
    let rig = Rig::new();
    rig.write("a.txt", "a").once_ok();
    let file = rig.state().join("standing.json");
    std::fs::write(&file, "{\"run\": [").expect("written");
    let (code, status) = ask(&rig, &["status", "--json"]);
    assert_eq!((code, &status["last_run"]), (69, &Value::Null), "{status}");
    // Nothing can be written in its place.
    std::fs::create_dir(rig.state().join("standing.json.new")).expect("made");
    rig.write("b.txt", "b").once_ok();
    rig.expect_same_as_disk();
    expect(&fresh(&rig, "1h"), 69, "UNKNOWN: ");
    // A file where the directory was.
    std::fs::rename(rig.state(), rig.temp().join("aside")).expect("renamed");
    std::fs::write(rig.state(), "").expect("written");
    expect(&fresh(&rig, "1h"), 74, "UNKNOWN: ");
}

#[test]
fn a_service_is_as_stale_as_its_oldest_change_and_fresh_when_that_has_arrived() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    expect(&fresh(&rig, "1h"), 0, "OK: 1 mirror, at most ");
    rig.cloud
        .inject(Fault::on("post_files_content").forever().hold());
    rig.write("b.txt", "b");
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
    until("it is stale", || fresh(&rig, "1s").code == 1);
    expect(&fresh(&rig, "1s"), 1, "STALE: mirror is stale: ");
    expect(&fresh(&rig, "1h"), 0, "OK: ");
    let status = service.status(&rig);
    assert!(status["mirrors"][0]["oldest_unsynced_seconds"].is_u64());
    assert_eq!(status["queue"]["files"]["running"], 1, "{status}");
    assert!(status["uptime_seconds"].is_u64() && status["started_at"].is_string());
    rig.cloud.clear_faults();
    rig.cloud.release_holds();
    service.wait_ok(&rig);
    until("it is fresh", || {
        service.status(&rig)["mirrors"][0]["oldest_unsynced_seconds"].is_null()
    });
    service.kill();
    let words = rig.run(&["status"]).stdout;
    assert!(words.contains("the last service began "), "{words}");
    assert!(words.contains("was killed"), "{words}");
    rig.once_ok();
}

#[test]
fn a_service_that_was_stopped_with_something_left_was_not_up_to_date() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    rig.cloud
        .inject(Fault::any().forever().rate_limited(Some("600")));
    rig.write("b.txt", "b");
    until("it is behind", || fresh(&rig, "1s").code == 1);
    service.term();
    let (_, status) = ask(&rig, &["status", "--json"]);
    let mirror = &status["mirrors"][0];
    let (synced, ended) = (&mirror["in_sync_at"], &status["last_run"]["ended_at"]);
    assert!(synced.as_str() < ended.as_str(), "{status}");
    expect(&fresh(&rig, "1s"), 1, "STALE: mirror is stale: ");
}

#[test]
fn a_pass_that_holds_a_version_back_does_not_make_a_mirror_fresh() {
    let rig = Rig::new().mirror_key("min_version_interval = \"1h\"");
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    rig.write("a.txt", "a, and more");
    until("it is held back", || {
        service.status(&rig)["mirrors"][0]["held_back"] == 1
    });
    let kept = || -> Value {
        let text = std::fs::read(rig.state().join("standing.json")).expect("it is there");
        serde_json::from_slice::<Value>(&text).expect("JSON")["mirrors"]["mirror"].take()
    };
    let before = kept();
    // Passes, until one ends in a later second.
    until("a later pass is over", || {
        for verb in ["pause", "resume"] {
            assert_eq!(rig.run(&[verb]).code, 0, "{verb}");
        }
        kept()["complete"] != before["complete"]
    });
    assert_eq!(kept()["fresh"], before["fresh"], "{}", kept());
    service.kill();
}

#[test]
fn an_agent_that_does_not_answer_is_told_where_a_monitor_reads() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    crate::rig::signal(service.pid(), "STOP");
    let words = fresh(&rig, "1h");
    let objects = rig.run(&["status", "--max-lag", "1h", "--json"]);
    let plain = rig.run(&["status"]);
    crate::rig::signal(service.pid(), "CONT");
    expect(&words, 69, "UNKNOWN: the running boxup cannot be asked: ");
    assert_eq!(objects.code, 69, "{objects:?}");
    let object: Value = serde_json::from_str(&objects.stdout).expect("one object");
    assert_eq!(object["exit_code"], 69, "{object}");
    assert!(object["error"]["message"].is_string(), "{object}");
    assert_eq!(object["verdict"]["code"], 69, "{object}");
    assert_eq!((plain.code, plain.stdout.as_str()), (69, ""), "{plain:?}");
    let unknown = rig.run(&["status", "--mirror", "nobody", "--json"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    let object: Value = serde_json::from_str(&unknown.stdout).expect("one object");
    assert_eq!(object["exit_code"], 2, "{object}");
    service.wait_ok(&rig);
    service.end();
}

#[test]
fn a_mirror_that_stands_still_is_told_at_once_and_by_its_own_code() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    let aside = rig.temp().join("aside");
    std::fs::rename(rig.local(), &aside).expect("moved");
    assert_eq!(service.wait(&rig).0, 3);
    expect(&fresh(&rig, "1h"), 3, "HALTED: mirror stands still: ");
    // The plain question is only whether somebody answers.
    assert_eq!(rig.run(&["status"]).code, 0);
    std::fs::rename(&aside, rig.local()).expect("moved back");
    service.wait_ok(&rig);
    expect(&fresh(&rig, "1h"), 0, "OK: ");
    service.end();
}

#[test]
fn watching_shows_what_is_under_way_and_goes_on_when_the_service_ends() {
    for columns in [80, 40] {
        let rig = Rig::new();
        rig.write("sub/large.bin", vec![7; 3_000_000]);
        rig.cloud
            .inject(Fault::on("post_files_content").forever().hold());
        let service = rig.start();
        let command = rig.command(&["status", "--watch"]);
        let Some(mut terminal) = Terminal::start_wide(&command, columns) else {
            return;
        };
        terminal.expect("is running").expect("uploading");
        terminal.expect(" %  ").expect("large.bin");
        rig.cloud.clear_faults();
        rig.cloud.release_holds();
        service.wait_ok(&rig);
        terminal.expect("up to date");
        service.end();
        terminal.expect("is not running").press(CTRL_C);
        let (run, bytes) = terminal.finish_with_bytes();
        assert_eq!(run.code, 0, "{}", run.stdout);
        let display = Display::of(&bytes, columns);
        let lines = display.lines();
        let lines = lines.iter().take_while(|line| !line.contains("baud"));
        let shown: Vec<_> = lines.filter(|line| line.contains("running")).collect();
        assert_eq!(shown.len(), 1, "it is not drawn in one place: {shown:?}");
        let text = String::from_utf8_lossy(&bytes);
        let own = text.split("speed ").next().unwrap_or_default();
        let own = Display::of(own.as_bytes(), columns);
        assert_eq!(own.wrapped, 0, "{:#?}", own.lines());
    }
}

#[test]
fn programs_get_an_object_each_second_and_files_a_page_for_each_change() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    let objects = Child::start(rig.command(&["status", "--watch", "--json"]));
    let pages = Child::start(rig.command(&["status", "--watch"]));
    until("three objects", || objects.stdout().lines().count() >= 3);
    until("a page", || pages.stdout().contains("is running"));
    service.end();
    until("another page", || pages.stdout().contains("is not running"));
    for line in objects.stdout().lines().take(3) {
        let status: Value = serde_json::from_str(line).expect("an object");
        assert!(status["mirrors"].is_array(), "{line}");
    }
    for child in [objects, pages] {
        child.term();
        let finished = child.finish();
        assert_eq!(finished.code, 0, "{finished:?}");
        assert!(!finished.stdout.contains('\x1b'), "{finished:?}");
    }
}
