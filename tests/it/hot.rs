//! A file that is saved again and again, where Box's version history is not to fill up.

use crate::rig::{Rig, Service, until};
use std::time::{Duration, Instant};

fn rig(interval: &str) -> Rig {
    Rig::new().mirror_key(&format!("min_version_interval = \"{interval}\""))
}

fn held_back(service: &Service, rig: &Rig) -> u64 {
    let held = &service.status(rig)["mirrors"][0]["held_back"];
    held.as_u64().expect("it is told")
}

#[test]
fn a_save_is_held_back_is_told_and_goes_to_whoever_waits_for_it() {
    let rig = rig("1h");
    rig.write("other", "1");
    let service = rig.start();
    service.wait_ok(&rig);
    rig.write("a.txt", "1").expect_arrival("a.txt", "1");
    for save in 2..6 {
        rig.write("a.txt", format!("save {save}"));
        until("it is held back", || held_back(&service, &rig) == 1);
    }
    // What is new goes at once; what was new a moment ago waits too.
    rig.write("b.txt", "new").expect_arrival("b.txt", "new");
    rig.write("other", "2");
    until("both are held back", || held_back(&service, &rig) == 2);
    rig.expect_versions("a.txt", &["1"]);
    rig.expect_versions("other", &["1"]);
    let text = rig.run(&["status"]).stdout;
    assert!(text.contains("2 held back"), "{text}");
    service.wait_ok(&rig);
    rig.expect_versions("a.txt", &["1", "save 5"]);
    rig.expect_versions("other", &["1", "2"]);
    assert_eq!(held_back(&service, &rig), 0);
    service.end();
}

#[test]
fn what_was_held_back_counts_as_pending_and_the_next_run_sends_it() {
    let rig = rig("1h");
    let service = rig.start();
    service.wait_ok(&rig);
    rig.write("a.txt", "1").expect_arrival("a.txt", "1");
    rig.write("a.txt", "two");
    until("it is held back", || held_back(&service, &rig) == 1);
    let run = service.term();
    run.expect_code(1);
    assert_eq!(run.count("pending"), 1, "{run}");
    rig.expect_versions("a.txt", &["1"]);
    // One pass does not hold anything back, and neither does the first of a service.
    rig.once_ok().expect(&[("new_versions", 1)]);
    rig.write("a.txt", "three").once_ok();
    rig.write("a.txt", "four");
    let service = rig.start();
    rig.expect_arrival("a.txt", "four");
    service.end();
    rig.expect_versions("a.txt", &["1", "two", "three", "four"]);
}

#[test]
fn a_hot_file_gets_one_version_an_interval_at_most_and_one_after_it_rests() {
    let rig = rig("2s");
    let service = rig.start();
    service.wait_ok(&rig);
    let began = Instant::now();
    for save in 0..40 {
        rig.write("hot.txt", format!("save {save}"));
        rig.write(&format!("cool/{save}.txt"), "once");
        std::thread::park_timeout(Duration::from_millis(150));
    }
    // Nobody waits for it but this test.
    rig.expect_arrival("hot.txt", "save 39");
    let most = began.elapsed().as_secs() / 2 + 1;
    let versions = rig.cloud.versions(&rig.entry("hot.txt").id).len() as u64;
    assert!(
        (1..=most).contains(&versions),
        "{versions} versions, at most {most}"
    );
    service.wait_ok(&rig);
    service.end();
    rig.expect_same_as_disk();
    let again = rig.once_ok();
    again.expect(&[("unchanged", 41)]);
}

#[test]
fn a_decision_is_not_held_back() {
    let rig = rig("1h");
    let service = rig.start();
    service.wait_ok(&rig);
    rig.write("a.txt", "1").expect_arrival("a.txt", "1");
    rig.cloud.put_file(&rig.folder, "a.txt", b"theirs");
    rig.write("a.txt", "ours");
    let (code, answer) = service.wait(&rig);
    assert_eq!(code, 1, "{answer}");
    let path = rig.path("a.txt");
    let path = path.to_str().expect("it is text");
    let resolved = rig.run(&["resolve", "--keep", "local", path]);
    assert_eq!(resolved.code, 0, "{resolved:?}");
    rig.expect_versions("a.txt", &["1", "theirs", "ours"]);
    service.end();
}
