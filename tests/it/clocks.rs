//! A clock that is wrong, by years in either direction: the same is sent as with any
//! other, once.

use crate::deletes;
use crate::rig::{Child, Rig, Run, Service, each};
use std::time::{Duration, Instant};

const ONCE: [&str; 3] = ["sync", "--once", "--json"];

/// One pass by this clock.
#[track_caller]
fn pass(rig: &Rig, clock: &str) -> Option<Run> {
    let command = rig.command_at(clock, &ONCE)?;
    let run = Run::of(Child::start(command).finish());
    run.expect_code(0);
    Some(run)
}

#[test]
fn years_that_pass_in_between_and_come_back_send_nothing_twice() {
    let orders = [
        ["+0d", "+3650d", "+0d"],
        ["+0d", "-3650d", "+0d"],
        ["+3650d", "-3650d", "+3650d"],
        ["-3650d", "+0d", "-18000d"],
        ["+0d", "-24000d", "+0d"],
    ];
    each(&orders, |[first, second, third]| {
        let rig = Rig::new();
        rig.write("a.txt", "one").write("sub/b.txt", "b");
        let Some(run) = pass(&rig, first) else {
            return;
        };
        run.expect(&[("uploaded", 2)]);
        for clock in [second, third] {
            if let Some(run) = pass(&rig, clock) {
                run.expect(&[("unchanged", 2)]);
            }
        }
        assert_eq!(rig.writes(), 3, "two files and a folder");
        rig.write("a.txt", "two");
        if let Some(run) = pass(&rig, second) {
            run.expect(&[("new_versions", 1), ("unchanged", 1)]);
        }
        rig.expect_versions("a.txt", &["one", "two"])
            .expect_same_as_disk();
    });
}

/// By the program's clock the kept login is ten years old, or not yet born.
#[test]
fn a_login_survives_a_clock_that_is_wrong() {
    each(&["+3650d", "-3650d"], |clock| {
        let rig = Rig::oauth(|builder| builder);
        rig.login();
        rig.write("a.txt", "one");
        if pass(&rig, clock).is_none() {
            return;
        }
        rig.write("a.txt", "two").once_ok();
        rig.expect_versions("a.txt", &["one", "two"]);
    });
}

/// What is gone has to be gone for a minute, and setting a clock makes none.
#[test]
fn a_clock_that_is_set_deletes_nothing_sooner() {
    let rig = deletes::rig();
    rig.write("a.txt", "a");
    let Some((command, clock)) = rig.command_and_clock(&["sync", "--json"]) else {
        return;
    };
    let service = Service::start_command(&rig, command);
    service.wait_ok(&rig);
    let began = Instant::now();
    rig.remove("a.txt");
    service.wait_ok(&rig);
    assert_eq!(rig.row_count("absent"), 1);
    for ahead in ["+2m", "+1h", "+3650d", "-1h"] {
        clock.set(ahead);
        service.wait_ok(&rig);
        let (gone, noted) = (deletes::deletes(&rig), rig.row_count("absent"));
        if began.elapsed() < Duration::from_secs(60) {
            assert_eq!((gone, noted), (0, 1), "{ahead}");
        }
    }
    service.end();
}
