//! The service: mirrors, watches, answers, ends.

use crate::rig::{PATIENCE, Rig, ask};
use box_emulator::Fault;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

#[test]
fn it_mirrors_and_then_every_change_arrives_by_itself() {
    let rig = Rig::new();
    rig.write("a.txt", "a").write("sub/b.txt", "b");
    let service = rig.start();
    service.wait_ok(&rig);
    rig.expect_same_as_disk();
    // From here on nobody asks the agent to look.
    rig.write("a.txt", "edited").write("sub/new.txt", "new");
    rig.write("fresh/dir/c.txt", "c").mkdir("fresh/empty");
    rig.expect_arrival("a.txt", "edited")
        .expect_arrival("sub/new.txt", "new");
    rig.expect_arrival("fresh/dir/c.txt", "c");
    assert!(rig.cloud.wait_for(
        |cloud| cloud.entry(&rig.folder, "fresh/empty").is_some(),
        PATIENCE
    ));
    rig.expect_same_as_disk();
    let writes = rig.writes();
    rig.remove("sub/b.txt").touch("a.txt");
    service.wait_ok(&rig);
    assert_eq!(
        rig.writes(),
        writes,
        "a delete or a touch changed something"
    );
    rig.write("last.txt", "last")
        .expect_arrival("last.txt", "last");
    service.end();
    rig.expect_versions("a.txt", &["a", "edited"]);
    assert!(rig.has("sub/b.txt", "b"));
    assert!(!rig.state().join("control.sock").exists());
}

#[test]
fn a_service_that_has_nothing_left_to_do_ends_with_0() {
    let rig = Rig::new();
    rig.write("a.txt", "a").write("sub/b.txt", "b").once_ok();
    let service = rig.start();
    service.wait_ok(&rig);
    let run = service.term();
    run.expect_code(0);
    assert_eq!(run.count("requests"), 0, "{run}");
}

#[test]
fn what_is_renamed_into_place_arrives_with_all_that_is_in_it() {
    let rig = Rig::new();
    let outside = rig.temp().join("outside/x/y");
    std::fs::create_dir_all(&outside).expect("made");
    std::fs::write(outside.join("deep.txt"), "deep").expect("written");
    let service = rig.start();
    service.wait_ok(&rig);
    std::fs::rename(rig.temp().join("outside"), rig.path("inside")).expect("moved");
    rig.expect_arrival("inside/x/y/deep.txt", "deep");
    // And what is written there afterwards is seen as well.
    rig.write("inside/x/y/later.txt", "later")
        .expect_arrival("inside/x/y/later.txt", "later");
    rig.rename("inside/x", "inside/z")
        .write("inside/z/y/more.txt", "more");
    rig.expect_arrival("inside/z/y/more.txt", "more");
    service.end();
}

#[test]
fn excluded_places_are_not_looked_at() {
    let rig = Rig::new().exclude(&["*.tmp", "cache/"]);
    let service = rig.start();
    service.wait_ok(&rig);
    rig.write("a.tmp", "x")
        .write("cache/sub/x", "x")
        .write("a.txt", "a");
    rig.expect_arrival("a.txt", "a");
    service.wait_ok(&rig);
    rig.expect_box(["a.txt: a"]);
}

#[test]
fn a_root_that_is_missing_at_the_start_is_resumed_when_it_appears() {
    let rig = Rig::new();
    std::fs::remove_dir(rig.local()).expect("removed");
    let mut service = rig.start();
    service.told("that it halted", |event| event["event"] == "halted");
    assert_eq!(service.wait(&rig).0, 3);
    let status = service.status(&rig);
    assert_eq!(status["mirrors"][0]["state"], "halted", "{status}");
    rig.write("a.txt", "a");
    rig.expect_arrival("a.txt", "a");
    service.wait_ok(&rig);
    // It is watched from then on.
    rig.write("b.txt", "b").expect_arrival("b.txt", "b");
    service.end();
}

#[test]
fn a_root_that_goes_away_and_comes_back_is_watched_again() {
    let rig = Rig::new();
    rig.write("a.txt", "a").write("b.txt", "b");
    let service = rig.start();
    service.wait_ok(&rig);
    let aside = rig.temp().join("aside");
    std::fs::rename(rig.local(), &aside).expect("moved");
    assert_eq!(service.wait(&rig).0, 3);
    std::fs::rename(&aside, rig.local()).expect("moved back");
    service.wait_ok(&rig);
    rig.write("c.txt", "c").expect_arrival("c.txt", "c");
    // Emptied: nothing on Box changes, and it goes on when something is there.
    rig.remove("a.txt").remove("b.txt").remove("c.txt");
    assert_eq!(service.wait(&rig).0, 3);
    rig.expect_box(["a.txt: a", "b.txt: b", "c.txt: c"]);
    rig.write("a.txt", "again").expect_arrival("a.txt", "again");
    service.term();
}

#[test]
fn status_and_wait_have_the_shape_of_the_contract() {
    let rig = Rig::new();
    rig.write("a.txt", "a")
        .write("trailing ", "x")
        .write("bad.txt", "bad");
    let fault = Fault::on("post_files_content").name("bad.txt").forever();
    rig.cloud.inject(fault.status(403, "forbidden_by_policy"));
    let (code, nobody) = ask(&rig, &["wait", "--json"]);
    assert_eq!((code, nobody["error"].is_string()), (69, true), "{nobody}");
    assert_eq!(rig.run(&["status"]).code, 69);
    let service = rig.start();
    let (code, answer) = service.wait(&rig);
    assert_eq!(code, 1, "{answer}");
    let left = answer["left"].as_array().expect("it names what is left");
    let mut paths: Vec<_> = left.iter().map(|entry| entry["path"].to_string()).collect();
    paths.sort();
    assert_eq!(paths, ["\"bad.txt\"", "\"trailing \""]);
    assert!(
        left.iter()
            .all(|entry| entry["message"].is_string() && entry["reason"].is_string())
    );
    let status = service.status(&rig);
    let mirror = &status["mirrors"][0];
    assert_eq!(mirror["name"], "mirror");
    assert_eq!(mirror["state"], "watching");
    for key in ["pending", "in_flight", "parked"] {
        assert!(mirror[key].is_u64(), "{key}: {status}");
    }
    assert_eq!(mirror["parked"], 2);
    assert!(
        mirror["oldest_unsynced_seconds"].is_null() || mirror["oldest_unsynced_seconds"].is_u64()
    );
    assert!(mirror["last_pass"].is_string(), "{status}");
    assert_eq!(status["token"]["method"], "ccg");
    assert!(status["token"]["expires_in"].is_u64(), "{status}");
    let words = rig.run(&["wait"]).stdout;
    assert!(
        words.contains("bad.txt") && words.contains("forbidden_by_policy"),
        "{words}"
    );
    service.term().expect_code(1);
}

#[test]
fn wait_ends_with_1_when_its_time_is_over_and_status_tells_what_is_under_way() {
    let rig = Rig::new();
    rig.write("a.txt", "a").write("b.txt", "b");
    rig.cloud
        .inject(Fault::on("post_files_content").forever().hold());
    let service = rig.start();
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 2, PATIENCE));
    let (code, answer) = ask(&rig, &["wait", "--timeout", "200ms", "--json"]);
    assert_eq!((code, &answer["timed_out"]), (1, &true.into()), "{answer}");
    let status = service.status(&rig);
    assert_eq!(status["mirrors"][0]["in_flight"], 2, "{status}");
    assert!(
        status["mirrors"][0]["oldest_unsynced_seconds"].is_u64(),
        "{status}"
    );
    rig.cloud.clear_faults();
    rig.cloud.release_holds();
    service.wait_ok(&rig);
    service.end();
}

#[test]
fn sigterm_drains_within_ten_seconds_even_when_box_is_silent() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    rig.cloud
        .inject(Fault::on("post_files_content").forever().hold());
    rig.write("b.txt", "b");
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
    let asked = Instant::now();
    let run = service.term();
    assert!(
        asked.elapsed() < Duration::from_secs(10),
        "{:?}",
        asked.elapsed()
    );
    run.expect_code(1);
    rig.cloud.clear_faults();
    rig.cloud.release_holds();
    rig.once_ok();
    rig.expect_same_as_disk();
    assert_eq!(rig.entry("b.txt").versions, 1);
}

#[test]
fn it_ends_with_77_when_nobody_lets_it_in_any_more() {
    let rig = Rig::with(|builder| builder.token_ttl(Duration::from_secs(30)));
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    rig.cloud.set_app_authorized(false);
    rig.cloud.expire_tokens();
    rig.write("a.txt", "b");
    let run = service.finish();
    run.expect_code(77);
    assert!(run.stderr.contains("Admin Console"), "{run}");
    rig.cloud.set_app_authorized(true);
    rig.once_ok();
    rig.expect_versions("a.txt", &["a", "b"]);
}

#[test]
fn it_ends_with_77_at_the_start_and_with_78() {
    let rig = Rig::with(|builder| builder.app_authorized(false));
    assert_eq!(rig.sync(&[]).code, 77);
    rig.config.save_text("nonsense");
    assert_eq!(rig.run(&["sync"]).code, 78);
}

#[test]
fn the_control_socket_is_its_owners_alone_and_takes_long_paths() {
    let mut rig = Rig::new();
    let long = rig.temp().join("d".repeat(120)).join("e".repeat(120));
    rig.config.state = long;
    let rig = rig.configured(|_| ());
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    let mode = |path: &str| {
        let found = std::fs::metadata(rig.state().join(path)).expect("it is there");
        found.permissions().mode() & 0o777
    };
    assert_eq!(mode("control.sock"), 0o600);
    assert_eq!(mode("boxup.db"), 0o600);
    assert_eq!(mode("."), 0o700);
    assert_eq!(service.status(&rig)["mirrors"][0]["name"], "mirror");
    service.end();
}

#[test]
fn a_box_that_was_away_is_tried_until_it_is_back() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    for operation in ["post_oauth2_token", "get_folders_id", "post_files_content"] {
        rig.cloud.inject(Fault::on(operation).drop_before());
    }
    let service = rig.start();
    rig.expect_arrival("a.txt", "a");
    service.wait_ok(&rig);
    service.end();
}
