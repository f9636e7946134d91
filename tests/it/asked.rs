//! What somebody asks for goes next, and what waits is tried once more.

use crate::rig::{Child, PATIENCE, Rig, ask, until};
use box_emulator::{Effect, Fault, Request};
use serde_json::Value;

/// `boxup bump --json`: its exit code, and what it says of the one path.
#[track_caller]
fn bump(rig: &Rig, path: &str) -> (i32, Value) {
    let (code, answer) = ask(rig, &["bump", path, "--json"]);
    (code, answer["paths"][0].clone())
}

#[track_caller]
fn expect_bumped(rig: &Rig, path: &str, state: &str) -> Value {
    let (code, told) = bump(rig, path);
    assert_eq!((code, &told["state"]), (0, &state.into()), "{told}");
    told
}

fn retry(rig: &Rig, args: &[&str]) -> Value {
    let (code, answer) = ask(rig, &[&["retry", "--json"], args].concat());
    assert_eq!(code, 0, "{answer}");
    answer
}

fn named(answer: &Value, key: &str) -> Vec<String> {
    let lines = answer["mirrors"][0][key].as_array().expect("it is told");
    let path = |line: &Value| line["path"].as_str().expect("a path").to_owned();
    lines.iter().map(path).collect()
}

fn parked(rig: &Rig) -> u64 {
    let (_, status) = ask(rig, &["status", "--json"]);
    status["mirrors"][0]["parked"].as_u64().expect("it is told")
}

#[test]
fn what_is_asked_for_goes_before_what_was_found_and_what_was_saved() {
    let rig = Rig::new().configured(|config| {
        config.limits.push("concurrent_uploads = 1".to_owned());
        config.watch = vec!["settle = \"0s\"".to_owned()];
    });
    for number in 0..50 {
        rig.write(&format!("old/{number:02}"), format!("{number}"));
    }
    // The root is looked at first: this one is under way.
    for name in ["first", "dir/a", "dir/sub/b", "old/last"] {
        rig.write(name, name);
    }
    let fault = Fault::on("post_files_content").forever();
    rig.cloud.inject(fault.effect(Effect::HoldBefore));
    let service = rig.start();
    // The folders are made, and all files but one wait.
    let pending = |count: u64| {
        until("all are queued", || {
            let status = service.status(&rig);
            let number = |key: &str| status["mirrors"][0][key].as_u64();
            let counts = (number("pending"), number("in_flight"));
            counts == (Some(count), Some(1)) && rig.cloud.held() == 1
        });
    };
    pending(53);
    rig.write("saved", "now");
    pending(54);
    let told = expect_bumped(&rig, "mirror/old/last", "next");
    assert_eq!(told["queued"], 1, "{told}");
    let told = expect_bumped(&rig, "mirror/dir", "next");
    assert_eq!(told["queued"], 2, "{told}");
    let queue = service.status(&rig)["queue"].clone();
    assert_eq!(queue["files"]["waiting"], 54, "{queue}");
    rig.cloud.clear_faults();
    rig.cloud.release_holds();
    service.wait_ok(&rig);
    rig.expect_same_as_disk();
    let requests = rig.cloud.requests();
    let is_upload = |request: &&Request| request.operation == "post_files_content";
    let names = requests.iter().filter(is_upload);
    let names: Vec<String> = names.filter_map(|request| request.name.clone()).collect();
    let at = |name: &str| {
        let at = names.iter().position(|one| one == name);
        at.unwrap_or_else(|| panic!("{name} was not sent: {names:?}"))
    };
    let first = [at("last"), at("a"), at("b")];
    assert!(first.iter().all(|at| *at <= 3), "{first:?}: {names:?}");
    assert!(first[0] < first[1] && at("saved") > 2, "{names:?}");
    service.end();
}

#[test]
fn what_is_asked_for_waits_neither_to_be_quiet_nor_for_its_next_version() {
    let rig = Rig::new()
        .configured(|config| config.watch = vec!["settle = \"5m\"".to_owned()])
        .mirror_key("min_version_interval = \"1h\"");
    let service = rig.start();
    service.wait_ok(&rig);
    rig.write("a.txt", "one")
        .write("new/b.txt", "b")
        .write("c.txt", "c");
    expect_bumped(&rig, "mirror/a.txt", "next");
    rig.expect_arrival("a.txt", "one");
    until("the service has heard of it", || {
        service.status(&rig)["mirrors"][0]["in_flight"] == 0
    });
    rig.write("a.txt", "another");
    let absolute = rig.path("a.txt");
    expect_bumped(&rig, absolute.to_str().expect("it is text"), "next");
    rig.expect_arrival("a.txt", "another");
    // Of a directory that Box does not have yet, all that is in it.
    expect_bumped(&rig, "mirror/new", "next");
    rig.expect_arrival("new/b.txt", "b");
    assert!(!rig.has("c.txt", "c"), "nobody asked for that");
    service.wait_ok(&rig);
    expect_bumped(&rig, "mirror/a.txt", "on_box");
    service.end();
}

#[test]
fn it_says_what_it_found() {
    let rig = Rig::new()
        .exclude(&["*.tmp"])
        .configured(|config| config.limits.push("concurrent_uploads = 1".to_owned()));
    rig.write("x.tmp", "x").write("trailing ", "t");
    let nobody = rig.run(&["bump", "mirror/x.tmp"]);
    assert_eq!(nobody.code, 69, "{nobody:?}");
    assert!(nobody.stderr.contains("sync --once"), "{nobody:?}");
    let service = rig.start();
    assert_eq!(service.wait(&rig).0, 1);
    for (path, state, words) in [
        ("mirror/x.tmp", "excluded", "*.tmp"),
        ("mirror/nothing", "missing", "nothing of that name"),
        ("mirror/trailing ", "parked", "rename it"),
    ] {
        let (code, told) = bump(&rig, path);
        assert_eq!((code, &told["state"]), (1, &state.into()), "{told}");
        let message = told["message"].as_str().expect("a sentence");
        assert!(message.contains(words), "{told}");
    }
    let outside = rig.run(&["bump", "/nowhere/at/all"]);
    assert_eq!(outside.code, 2, "{outside:?}");
    assert!(outside.stderr.contains("in no mirror"), "{outside:?}");
    let fault = Fault::on("post_files_content").name("held").hold();
    rig.cloud.inject(fault);
    rig.write("held", "held");
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
    let told = expect_bumped(&rig, "mirror/held", "under_way");
    assert_eq!(told["in_flight"], 1, "{told}");
    assert_eq!(rig.run(&["pause"]).code, 0);
    let (code, told) = bump(&rig, "mirror/held");
    assert_eq!((code, &told["state"]), (3, &"paused".into()), "{told}");
    rig.cloud.release_holds();
    assert_eq!(rig.run(&["resume"]).code, 0);
    rig.expect_arrival("held", "held");
    assert_eq!(service.wait(&rig).0, 1);
    let words = rig.run(&["bump", "mirror/held", "mirror/x.tmp"]);
    assert_eq!(words.code, 1, "{words:?}");
    assert!(
        words.stdout.contains("mirror/held: it is on Box"),
        "{words:?}"
    );
    service.term();
}

/// Box refuses these once: one for something that may pass, one for its name.
fn refused(rig: &Rig) {
    let on = |name: &str| Fault::on("post_files_content").name(name);
    rig.cloud
        .inject(on("policy").status(403, "forbidden_by_policy"));
    rig.cloud
        .inject(on("name").status(400, "item_name_invalid"));
    rig.cloud.put_file(&rig.folder, "both", b"theirs");
    rig.write("policy", "p")
        .write("name", "n")
        .write("both", "ours");
    rig.write("sub/fine", "f");
}

#[test]
fn what_waits_is_tried_once_more_by_a_service_and_conflicts_stay() {
    let rig = Rig::new().mirror_key("on_existing = \"park\"");
    refused(&rig);
    let service = rig.start();
    until("all have come to their end", || {
        parked(&rig) == 3 && rig.has("sub/fine", "f")
    });
    let told = retry(&rig, &["mirror/policy"]);
    assert_eq!(named(&told, "tried"), ["policy"], "{told}");
    rig.expect_arrival("policy", "p");
    until("the service has heard of it", || parked(&rig) == 2);
    let told = retry(&rig, &[]);
    assert_eq!(named(&told, "tried"), ["name"], "{told}");
    assert_eq!(named(&told, "left"), ["both"], "{told}");
    assert_eq!(told["mirrors"][0]["left"][0]["reason"], "differs_on_box");
    rig.expect_arrival("name", "n");
    assert_eq!(service.wait(&rig).0, 1);
    assert_eq!(parked(&rig), 1);
    assert!(rig.has("both", "theirs"));
    let words = rig.run(&["retry", "--mirror", "mirror"]).stdout;
    assert!(words.contains("boxup resolve decides"), "{words}");
    assert!(words.contains("left as it is: mirror/both"), "{words}");
    service.term();
}

#[test]
fn without_a_service_the_next_run_tries() {
    let rig = Rig::new().mirror_key("on_existing = \"park\"");
    let told = retry(&rig, &[]);
    assert!(named(&told, "tried").is_empty(), "{told}");
    assert!(!rig.state().exists(), "a state was made for nothing");
    refused(&rig);
    rig.once().expect_code(1);
    // What Box may refuse no longer is tried in each pass; a name only when asked for.
    let run = rig.once();
    run.expect_event("policy", "uploaded");
    run.expect_event("name", "parked item_name_invalid");
    let told = retry(&rig, &["mirror/name"]);
    assert_eq!(named(&told, "tried"), ["name"], "{told}");
    assert_eq!(told["when"], "next_run", "{told}");
    let run = rig.once();
    run.expect_event("name", "uploaded");
    run.expect_event("both", "parked differs_on_box");
    // Nothing is left of it: a pass that has nothing to do does nothing.
    let requests = rig.cloud.total_requests();
    rig.once().expect_code(1);
    assert!(requests <= rig.cloud.total_requests());
    rig.cloud.inject(Fault::on("post_files_content").hold());
    rig.write("more", "more");
    let first: Child = rig.begin();
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
    assert_eq!(rig.run(&["retry"]).code, 75);
    rig.cloud.release_holds();
    assert_eq!(first.finish().code, 1);
    assert_eq!(rig.run(&["retry", "/nowhere"]).code, 2);
    assert_eq!(rig.run(&["retry", "--mirror", "x"]).code, 2);
}

#[test]
fn a_mirror_that_stands_still_is_looked_at_again() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    let aside = rig.temp().join("aside");
    std::fs::rename(rig.local(), &aside).expect("moved");
    assert_eq!(service.wait(&rig).0, 3);
    std::fs::rename(&aside, rig.local()).expect("moved back");
    let told = retry(&rig, &[]);
    assert!(told["mirrors"][0]["halted"].is_string(), "{told}");
    until("it goes on", || {
        service.status(&rig)["mirrors"][0]["state"] != "halted"
    });
    service.wait_ok(&rig);
    service.end();
}

#[test]
fn a_wait_may_be_for_one_mirror() {
    let mut rig = Rig::new();
    rig.add_mirror("other");
    rig.write("a.txt", "a");
    std::fs::write(rig.temp().join("other/held"), "h").expect("written");
    let fault = Fault::on("post_files_content").name("held").hold();
    rig.cloud.inject(fault);
    let service = rig.start();
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
    let wait = |rig: &Rig, args: &[&str]| ask(rig, &[&["wait", "--json"], args].concat());
    let (code, answer) = wait(&rig, &["--timeout", "90s", "--mirror", "mirror"]);
    assert_eq!(code, 0, "{answer}");
    rig.expect_box(["a.txt: a"]);
    assert_eq!(wait(&rig, &["--timeout", "300ms"]).0, 1);
    assert_eq!(wait(&rig, &["--mirror", "mirrror"]).0, 2);
    assert_eq!(rig.run(&["pause", "other"]).code, 0);
    let (code, answer) = wait(&rig, &["--timeout", "90s", "--mirror", "mirror"]);
    assert_eq!(code, 0, "{answer}");
    rig.cloud.release_holds();
    let (code, answer) = wait(&rig, &["--timeout", "90s", "--mirror", "other"]);
    assert_eq!((code, &answer["paused"][0]["mirror"]), (3, &"other".into()));
    assert_eq!(rig.run(&["resume"]).code, 0);
    service.wait_ok(&rig);
    service.end();
}
