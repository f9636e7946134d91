//! 429: everybody waits as long as Box asks.

use crate::rig::{Rig, each};
use box_emulator::Fault;
use std::time::Duration;

fn many(rig: &Rig, count: usize) {
    for number in 0..count {
        rig.write(&format!("f{number}"), format!("{number}"));
    }
}

#[test]
fn nobody_asks_anything_before_the_time_is_over() {
    let rig = Rig::new();
    many(&rig, 80);
    let fault = Fault::on("post_files_content").skip(20);
    rig.cloud.inject(fault.rate_limited(Some("4")));
    rig.once_ok().expect(&[("uploaded", 80)]);
    let requests = rig.cloud.requests();
    let refused = requests.iter().find(|request| request.status == Some(429));
    let refused = refused.expect("it was refused");
    // What was under way when the answer came may still arrive.
    let (from, to) = (Duration::from_millis(1500), Duration::from_secs(4));
    let hasty = requests
        .iter()
        .filter(|request| request.at > refused.at + from && request.at < refused.at + to);
    assert_eq!(hasty.count(), 0, "somebody did not wait");
    assert!(requests.iter().any(|request| request.at >= refused.at + to));
    rig.expect_same_as_disk();
}

#[test]
fn whatever_retry_after_says_everything_arrives() {
    let values = [
        None,
        Some("0"),
        Some("1"),
        Some("0.5"),
        Some("-1"),
        Some("soon"),
        Some("Thu, 01 Jan 1970 00:00:00 GMT"),
    ];
    let operations = ["post_files_content", "post_folders", "get_folders_id_items"];
    let cases: Vec<_> = values
        .iter()
        .flat_map(|value| operations.map(|operation| (operation, *value)))
        .collect();
    each(&cases, |(operation, value)| {
        let rig = Rig::new();
        rig.write("sub/a.txt", "a").write("b.txt", "b");
        rig.cloud
            .inject(Fault::on(operation).times(2).rate_limited(*value));
        rig.once_ok().expect(&[("uploaded", 2)]);
        rig.expect_same_as_disk();
        assert_eq!(rig.cloud.count_status(operation, 429), 2);
    });
}

#[test]
fn a_wait_of_more_than_five_minutes_ends_the_run() {
    let rig = Rig::new();
    many(&rig, 20);
    let fault = Fault::on("post_files_content").skip(5).forever();
    rig.cloud.inject(fault.rate_limited(Some("301")));
    let run = rig.once();
    run.expect_code(1);
    assert!(run.count("pending") >= 7, "{run}");
    assert_eq!(run.count("scanned"), 20, "{run}");
    assert_eq!(run.count("failed") + run.count("parked"), 0, "{run}");
    assert!(run.stderr.contains("wait"), "{run}");
    rig.cloud.clear_faults();
    rig.once_ok();
    rig.expect_same_as_disk();
}

#[test]
fn our_own_limits_keep_box_from_refusing_at_all() {
    let rig = Rig::with(|builder| builder.rate_window(Duration::from_secs(60)));
    let rig = rig.configured(|config| {
        config.limits = vec![
            "uploads_per_minute = 12".into(),
            "requests_per_minute = 60".into(),
        ];
    });
    rig.cloud.set_rate_limits(Some(12), Some(60));
    many(&rig, 10);
    rig.once_ok().expect(&[("uploaded", 10)]);
    let refused = rig
        .cloud
        .requests()
        .iter()
        .filter(|request| request.status == Some(429))
        .count();
    assert_eq!(refused, 0);
}
