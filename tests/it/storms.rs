//! More events than the system keeps, and directories that come, go and change places while
//! they are written to: whoever looks at the disk afterwards finds the same on Box.

use crate::rig::{PATIENCE, Rig, Service, signal, until};
use std::fs;

/// The kernel keeps 16,384 events of a reader that does not read.
const BURST: usize = 20_000;

fn start(rig: &Rig) -> Service {
    let mut command = rig.command(&["sync", "--json"]);
    command.env("BOXUP_LOG", "boxup::local=debug");
    Service::start_command(rig, command)
}

/// Bursts of so many files, of which the last `kept` stay, while nobody reads events. The
/// events of those that stay are among the lost.
fn bursts(number: usize, kept: usize) {
    let rig = Rig::new();
    let service = start(&rig);
    service.wait_ok(&rig);
    rig.cloud.set_request_log(false);
    for burst in 0..number {
        signal(service.pid(), "STOP");
        until("it stands still", || is_stopped(service.pid()));
        let dir = rig.path(&format!("burst{burst}/sub"));
        fs::create_dir_all(&dir).expect("made");
        let top = dir.parent().expect("it has one");
        for file in 0..BURST {
            // The new directory is not watched yet; the root is.
            let name = format!("b{burst}f{file}");
            let stays = file >= BURST - kept;
            let path = match (stays, file % 3) {
                (true, 0) => dir.join(&name),
                (true, 1) => top.join(&name),
                _ => rig.path(&name),
            };
            fs::write(&path, format!("{burst} {file}")).expect("written");
            if !stays {
                fs::remove_file(&path).expect("removed");
            }
        }
        signal(service.pid(), "CONT");
        let all = (burst + 1) * kept;
        let uploads =
            |cloud: &box_emulator::BoxEmulator| cloud.count_status("post_files_content", 201);
        let arrived = rig
            .cloud
            .wait_for(|cloud| uploads(cloud) as usize >= all, PATIENCE);
        assert!(arrived, "burst {burst}: {} of {all}", uploads(&rig.cloud));
    }
    rig.expect_same_as_disk();
    // What is watched anew is watched.
    rig.write("burst0/sub/late", "late")
        .expect_arrival("burst0/sub/late", "late");
    service.wait_ok(&rig);
    let run = service.term();
    let lost = run.stderr.matches("events were lost").count();
    assert!(lost >= number, "{lost} losses in {number} bursts: {run}");
}

fn is_stopped(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ")
        .next()
        .is_some_and(|rest| rest.starts_with('T'))
}

#[test]
fn an_overflow_of_the_systems_queue_loses_no_file() {
    bursts(3, 200);
}

/// `cargo test --release --test it storms -- --ignored`
#[test]
#[ignore = "four hundred thousand files take their time"]
fn twenty_overflows_of_twenty_thousand_files_lose_none() {
    bursts(20, BURST);
}

#[test]
#[ignore = "a hundred thousand files take their time"]
fn a_hundred_thousand_files_in_directories_up_to_eight_deep_lose_none() {
    crate::watching::nested(100);
}

/// Each place is written to at once, under the name that it has just got.
#[test]
fn directories_that_are_moved_in_out_over_and_around_are_followed() {
    let rig = Rig::new();
    let outside = rig.temp().join("outside");
    fs::create_dir(&outside).expect("made");
    let service = rig.start();
    service.wait_ok(&rig);
    for round in 0..10 {
        rig.shell(&format!(
            "o=../outside; r=r{round}; mkdir $r
             # In, and written to at once.
             mkdir -p $o/in/deep; printf 1 > $o/in/deep/old; mv $o/in $r/in; printf 2 > $r/in/deep/new
             # Out, written to there, and another one at its place.
             mkdir -p $r/out/deep; printf 3 > $r/out/deep/gone; mv $r/out $o/out{round}
             printf 4 > $o/out{round}/deep/outside; mkdir -p $r/out/deep; printf 5 > $r/out/deep/back
             # Over an empty one.
             mkdir -p $r/from/deep $r/over; printf 6 > $r/from/deep/x; mv -T $r/from $r/over
             printf 7 > $r/over/deep/y
             # Around, twice, and written to at once.
             mkdir -p $r/a/deep; printf 8 > $r/a/deep/z; mv $r/a $r/b; mv $r/b $r/c
             printf 9 > $r/c/deep/w; mkdir $r/a; printf 0 > $r/a/v"
        ));
    }
    // Written later still, to places that events have to be told from.
    for round in 0..10 {
        for (path, content) in [
            ("in/deep/new", "2"),
            ("out/deep/back", "5"),
            ("over/deep/y", "7"),
            ("c/deep/w", "9"),
            ("a/v", "0"),
        ] {
            rig.expect_arrival(&format!("r{round}/{path}"), content);
        }
        fs::write(outside.join(format!("out{round}/deep/later")), "x").expect("written");
        for dir in ["in/deep", "out/deep", "over/deep", "c/deep", "a"] {
            let path = format!("r{round}/{dir}/later");
            rig.write(&path, dir).expect_arrival(&path, dir);
        }
    }
    service.wait_ok(&rig);
    let names = rig.names();
    let strangers: Vec<_> = names
        .iter()
        .filter(|name| name.ends_with("/outside") || name.ends_with("/gone"))
        .filter(|name| !rig.path(name).exists())
        .collect();
    // Whoever was fast enough to see a file before it left has sent it: deletes are off.
    assert!(
        strangers.iter().all(|name| name.ends_with("/gone")),
        "{strangers:?}"
    );
    for (path, content) in rig.tree_on_disk() {
        let entry = rig.entry(&path);
        assert_eq!(entry.sha1.map(|sha1| (entry.size, sha1)), content, "{path}");
    }
    service.end();
}

/// The watches are on the directory, not on its name: with another root at the name, or
/// none, they are worth nothing, and with the old one back they are made anew.
#[test]
fn a_root_that_leaves_and_comes_back_is_watched_again_each_time() {
    let rig = Rig::new();
    let away = rig.temp().join("away");
    rig.write("sub/a.txt", "0");
    let service = rig.start();
    service.wait_ok(&rig);
    for round in 1..=3 {
        fs::rename(rig.local(), &away).expect("renamed");
        until("the loss is noticed", || {
            let status = service.status(&rig);
            status["mirrors"][0]["state"] == "halted"
        });
        // Nothing that happens to it elsewhere counts until it is back.
        fs::write(away.join("sub/a.txt"), format!("away {round}")).expect("written");
        fs::rename(&away, rig.local()).expect("renamed back");
        rig.expect_arrival("sub/a.txt", &format!("away {round}"));
        service.wait_ok(&rig);
        let path = format!("sub/back{round}");
        rig.write(&path, "x").expect_arrival(&path, "x");
    }
    rig.expect_same_as_disk();
    assert_eq!(
        rig.calls("delete_files_id") + rig.calls("delete_folders_id"),
        0
    );
    drop(service.term());
}
