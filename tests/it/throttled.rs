//! 429: everybody waits as long as Box asks.

use crate::rig::{PATIENCE, Rig, Service, each, until};
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
        Some("NaN"),
        Some(""),
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

#[test]
fn the_lane_that_was_throttled_goes_slower_and_status_tells() {
    let rig = Rig::new().configured(|config| config.limits.clear());
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    let before = service.status(&rig)["rate"].clone();
    assert_eq!(before["uploads"]["limit"], 240, "{before}");
    assert_eq!(before["uploads"]["allowed"], 240, "{before}");
    assert_eq!(before["uploads"]["used"], 1, "{before}");
    assert_eq!(before["requests"]["limit"], 1000, "{before}");
    // A token, the account, the folder and its listing, a preflight, the file.
    let used = before["requests"]["used"].as_u64();
    assert_eq!(used, Some(rig.cloud.requests().len() as u64), "{before}");
    let fault = Fault::on("post_files_content").rate_limited(Some("0.1"));
    rig.cloud.inject(fault);
    rig.write("b.txt", "b");
    service.wait_ok(&rig);
    let after = service.status(&rig)["rate"].clone();
    let allowed = after["uploads"]["allowed"].as_u64().expect("a number");
    assert!((1..240).contains(&allowed), "{after}");
    assert_eq!(after["requests"]["allowed"], 1000, "{after}");
    assert!(after["held_seconds"].is_null(), "{after}");
    service.end();
}

#[test]
fn an_absurd_wait_is_an_hour_for_the_service_and_the_end_of_a_single_run() {
    let rig = Rig::new();
    rig.write("a.txt", "a").write("b.txt", "b");
    let fault = Fault::on("post_files_content").forever();
    rig.cloud.inject(fault.rate_limited(Some("1000000000")));
    let run = rig.once();
    run.expect_code(1).expect(&[("pending", 2)]);
    let service = rig.start();
    assert!(rig.cloud.wait_for(
        |cloud| cloud.count_status("post_files_content", 429) > 2,
        PATIENCE
    ));
    until("it stands still", || {
        service.status(&rig)["rate"]["held_seconds"].is_number()
    });
    let rate = service.status(&rig)["rate"].clone();
    let held = rate["held_seconds"].as_u64().expect("it is held");
    assert!((3000..=3600).contains(&held), "{rate}");
    service.term().expect_code(1);
}

#[test]
fn another_configuration_does_not_end_the_wait_that_box_asked_for() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let fault = Fault::on("post_files_content").forever();
    rig.cloud.inject(fault.rate_limited(Some("3000")));
    let mut service = rig.start();
    let is_held =
        |service: &Service, rig: &Rig| service.status(rig)["rate"]["held_seconds"].is_number();
    until("it stands still", || is_held(&service, &rig));
    let refused = rig.cloud.count_status("post_files_content", 429);
    let rig = rig.mirror_key("skip_hidden = true");
    crate::rig::signal(service.pid(), "HUP");
    service.told("that it was read again", |event| {
        event["event"] == "reloaded"
    });
    until("another engine answers", || {
        service.status(&rig)["mirrors"][0]["pending"].is_number()
    });
    assert!(is_held(&service, &rig), "{}", service.status(&rig));
    assert_eq!(rig.cloud.count_status("post_files_content", 429), refused);
    service.term().expect_code(1);
}
