//! `[limits] bandwidth`: what goes out a second, by the hour of the local clock.

use crate::rig::{PATIENCE, Rig, Service, until};
use std::time::UNIX_EPOCH;

fn limited(bandwidth: &str) -> Rig {
    Rig::new().configured(|config| config.limits.push(format!("bandwidth = {bandwidth}")))
}

fn start_in(rig: &Rig, zone: &str) -> Service {
    let mut command = rig.command(&["sync", "--json"]);
    command.env("TZ", zone);
    Service::start_command(rig, command)
}

/// The second of the day at Greenwich, by the disk's clock.
fn second_of_the_day(rig: &Rig) -> u64 {
    let file = rig.temp().join("now");
    std::fs::write(&file, "now").expect("written");
    let now = std::fs::metadata(file).and_then(|found| found.modified());
    let now = now.expect("it has a time").duration_since(UNIX_EPOCH);
    now.expect("it is later than 1970").as_secs() % 86_400
}

/// So many minutes from then, as a clock shows it.
fn clock(second: u64, minutes: u64) -> String {
    let minute = (second / 60 + 1440 + minutes) % 1440;
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[test]
fn a_large_file_waits_for_its_share_and_status_tells() {
    let rig = limited("\"1 KiB/s\"");
    rig.write("large.bin", vec![7; 400_000]);
    let service = rig.start();
    until("it waits for its share", || {
        service.status(&rig)["bandwidth"]["waited_for"] == true
    });
    let status = service.status(&rig);
    assert_eq!(status["bandwidth"]["limit"], 1024, "{status}");
    assert_eq!(status["mirrors"][0]["in_flight"], 1, "{status}");
    service.term().expect_code(1);
    assert!(!rig.cloud.requests().iter().any(|request| {
        request.operation == "post_files_content" && request.status == Some(201)
    }));
}

#[test]
fn within_its_limit_everything_arrives_whole() {
    let rig = limited("[\"00:00-24:00 2 MiB/s\", \"1 KiB/s\"]");
    for number in 0..6 {
        rig.write(&format!("f{number}"), vec![number; 150_000]);
    }
    rig.once_ok().expect(&[("uploaded", 6)]);
    rig.expect_same_as_disk();
}

#[test]
fn the_hours_are_those_of_the_local_clock() {
    let rig = Rig::new();
    let now = second_of_the_day(&rig);
    // An hour before until an hour after now, nine hours east of Greenwich.
    let (from, to) = (clock(now, 8 * 60), clock(now, 10 * 60));
    let line = format!("bandwidth = [\"{from}-{to} 5 KiB/s\", \"7 KiB/s\"]");
    let rig = rig.configured(|config| config.limits.push(line));
    let mut zones = vec![("JST-9", 5120), ("UTC0", 7168), ("EST5", 7168)];
    // Where there are zones by name.
    if std::path::Path::new("/usr/share/zoneinfo/Asia/Tokyo").exists() {
        zones.push(("Asia/Tokyo", 5120));
    }
    for (zone, expected) in zones {
        let service = start_in(&rig, zone);
        let status = service.status(&rig);
        assert_eq!(status["bandwidth"]["limit"], expected, "{zone}: {status}");
        service.end();
    }
}

/// Run by [`crate::a_minute`]: a clock on the wall moves by the minute.
pub(crate) fn another_hour_counts_in_the_middle_of_an_upload() {
    let rig = Rig::new();
    let now = second_of_the_day(&rig);
    let (from, to) = (clock(now, 1440 - 60), clock(now + 5, 1));
    let line = format!("bandwidth = [\"{from}-{to} 1 KiB/s\"]");
    let rig = rig.configured(|config| config.limits.push(line));
    // Ten minutes' worth at that rate.
    rig.write("large.bin", vec![7; 600 << 10]);
    let service = start_in(&rig, "UTC0");
    until("it waits for its share", || {
        service.status(&rig)["bandwidth"]["waited_for"] == true
    });
    rig.cloud.wait_for(
        |cloud| cloud.entry(&rig.folder, "large.bin").is_some(),
        PATIENCE,
    );
    service.wait_ok(&rig);
    rig.expect_same_as_disk();
    assert_eq!(rig.cloud.count("post_files_content"), 1, "it was sent anew");
    service.end();
}

#[test]
fn a_mistake_is_told_with_its_line() {
    let rig = limited("[\"08:00-18:00 fast\"]");
    let run = rig.run(&["config", "check"]);
    assert_eq!(run.code, 78);
    for part in ["limits.bandwidth[0]", "sync.toml:25", "10 MiB/s"] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
}
