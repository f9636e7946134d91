//! Who goes first: what was just saved before a backfill, and neither large files before
//! small ones nor the other way round.

use crate::rig::{Rig, Service, until};
use box_emulator::{Effect, Fault, Request};

/// More than the queue takes in at once, so that a good part of the backfill waits where
/// it was found.
const BACKFILL: usize = 6_000;
const LARGE: usize = 20 * 1024 * 1024;

/// Uploads of new files in the order in which they came; those that are held have no name yet.
fn uploads(rig: &Rig) -> Vec<Request> {
    let requests = rig.cloud.requests().into_iter();
    let is_upload = |request: &Request| request.operation == "post_files_content";
    requests.filter(is_upload).collect()
}

/// A service with one upload at a time, none of which goes on, in the middle of a backfill.
fn stuck(rig: &Rig) -> Service {
    for number in 0..BACKFILL {
        rig.write(&format!("old/{number:04}"), format!("{number}"));
    }
    rig.write("docs/report", "first");
    let fault = Fault::on("post_files_content").skip(20).forever();
    rig.cloud.inject(fault.effect(Effect::HoldBefore));
    let service = rig.start();
    until("the queue is full", || {
        let status = service.status(rig);
        status["mirrors"][0]["pending"].as_u64() >= Some(4_000) && rig.cloud.held() == 1
    });
    service
}

fn one_at_a_time() -> Rig {
    Rig::new().configured(|config| {
        config.limits.push("concurrent_uploads = 1".to_owned());
        // What was written a moment before the first look would count as just saved.
        config.watch = vec!["settle = \"0s\"".to_owned()];
    })
}

#[test]
fn what_is_saved_during_a_backfill_is_the_next_to_go() {
    let rig = one_at_a_time();
    let service = stuck(&rig);
    let before = uploads(&rig).len();
    let pending = || service.status(&rig)["mirrors"][0]["pending"].as_u64();
    // The queue is full, so nothing of the backfill comes to it before something goes.
    let full = pending().expect("it is told");
    // In the root, in a new directory, and among the backfill.
    rig.write("saved", "now").write("new/deep/saved", "now");
    rig.write("old/saved", "now");
    // Nothing moves, but the folders are made, so they have been looked at.
    until("the new folder is there", || {
        rig.cloud.entry(&rig.folder, "new/deep").is_some()
    });
    until("all are queued", || pending() >= Some(full + 3));
    rig.cloud.clear_faults();
    rig.cloud.release_holds();
    let next = || {
        let next = uploads(&rig).into_iter().skip(before);
        let names = next.map(|request| request.name.unwrap_or_default());
        names.take_while(|name| !name.is_empty()).take(3)
    };
    until("three more went", || next().count() == 3);
    let names: Vec<_> = next().collect();
    assert_eq!(names, ["saved", "saved", "saved"]);
    rig.expect_arrival("old/saved", "now");
    assert_eq!(service.status(&rig)["mirrors"][0]["failed"], 0);
    let (code, answer) = crate::rig::ask(&rig, &["wait", "--timeout", "1ms", "--json"]);
    assert_eq!((code, &answer["timed_out"]), (1, &true.into()), "{answer}");
    service.kill();
}

/// The names of the uploads that Box has taken so far.
fn taken(rig: &Rig) -> Vec<String> {
    let is_taken = |request: &Request| request.status == Some(201);
    let taken = uploads(rig).into_iter().filter(is_taken);
    taken.filter_map(|request| request.name).collect()
}

#[test]
fn small_files_do_not_wait_behind_large_ones_nor_these_behind_them() {
    let rig = one_at_a_time();
    let large = vec![b'x'; LARGE];
    rig.write("a-large", &large).write("b-large", &large);
    for number in 0..30 {
        rig.write(&format!("small/{number}"), format!("{number}"));
    }
    let fault = Fault::on("post_files_upload_sessions_id_commit").forever();
    rig.cloud.inject(fault.effect(Effect::HoldBefore));
    let service = rig.start();
    until("all small ones have passed a large one", || {
        taken(&rig).len() == 30 && rig.cloud.held() == 1
    });
    rig.cloud.clear_faults();
    rig.cloud.release_holds();
    service.wait_ok(&rig);
    // And the other way round.
    let fault = Fault::on("post_files_content").name("c-small").forever();
    rig.cloud.inject(fault.effect(Effect::HoldBefore));
    rig.write("c-small", "c");
    until("a small one is held", || rig.cloud.held() == 1);
    rig.write("d-small", "d").write("e-large", &large);
    until("the large one has passed", || {
        rig.cloud.entry(&rig.folder, "e-large").is_some()
    });
    assert!(!taken(&rig).contains(&"d-small".to_owned()));
    rig.cloud.clear_faults();
    rig.cloud.release_holds();
    service.wait_ok(&rig);
    service.end();
    rig.expect_same_as_disk();
}
