//! Who goes first: what was just saved before a backfill, and neither large files before
//! small ones nor the other way round.

use crate::rig::{PATIENCE, Rig, until};
use box_emulator::{Effect, Fault, Request};

/// More than the queue takes in at once, so that a good part of the backfill waits where
/// it was found.
const BACKFILL: usize = 6_000;
const LARGE: usize = 20 * 1024 * 1024;

/// Uploads in the order in which they came; those that are held have no name yet.
fn uploads(rig: &Rig) -> Vec<Request> {
    let requests = rig.cloud.requests().into_iter();
    let is_upload = |request: &Request| request.operation == "post_files_content";
    requests.filter(is_upload).collect()
}

/// A service with one upload at a time, none of which goes on, in the middle of a backfill.
fn stuck(rig: &Rig) -> crate::rig::Service {
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
    Rig::new().configured(|config| config.limits.push("concurrent_uploads = 1".to_owned()))
}

#[test]
fn what_is_saved_during_a_backfill_is_the_next_to_go() {
    let rig = one_at_a_time();
    let service = stuck(&rig);
    let before = uploads(&rig).len();
    // One that Box has, one that it has not, and one in a directory that it has not.
    rig.write("saved", "now").write("new/deep/saved", "now");
    rig.write("old/5999", "edited");
    // Nothing moves, but the folders are made, so they have been looked at.
    until("the new folder is there", || {
        rig.cloud.entry(&rig.folder, "new/deep").is_some()
    });
    until("all are queued", || {
        let status = service.status(&rig);
        status["mirrors"][0]["pending"].as_u64() >= Some(4_000 + 3)
    });
    rig.cloud.clear_faults();
    rig.cloud.release_holds();
    let arrived = |path: &str, content: &str| rig.has(path, content);
    rig.cloud.wait_for(
        |_| {
            arrived("saved", "now")
                && arrived("new/deep/saved", "now")
                && arrived("old/5999", "edited")
        },
        PATIENCE,
    );
    let names: Vec<_> = uploads(&rig)
        .into_iter()
        .skip(before)
        .take(4)
        .map(|request| request.name.unwrap_or_default())
        .collect();
    let fresh = ["saved", "5999"];
    let first = names.iter().filter(|name| fresh.contains(&name.as_str()));
    assert_eq!(first.count(), 3, "{names:?}");
    assert_eq!(service.status(&rig)["mirrors"][0]["failed"], 0);
    let (code, answer) = crate::rig::ask(&rig, &["wait", "--timeout", "1ms", "--json"]);
    assert_eq!((code, &answer["timed_out"]), (1, &true.into()), "{answer}");
    service.kill();
}
