//! What the system does not tell about is polled, said once and shown; nothing is lost.

use crate::rig::apart::apart;
use crate::rig::fuse::{Fuse, NAME};
use crate::rig::{Rig, Service, not_run, until};
use std::process::Command;

/// Polls often; the rescan is too far away to help.
fn rig(mode: &str) -> Rig {
    Rig::new().configured(|config| {
        config.watch = vec![
            "settle = \"100ms\"".into(),
            "rescan = \"24h\"".into(),
            "poll_interval = \"1s\"".into(),
            format!("mode = {mode:?}"),
        ];
    })
}

/// How the first mirror is watched: the word, the reason, and the first place.
fn sight(rig: &Rig, service: &Service) -> (String, String, String) {
    let status = service.status(rig);
    let mirror = &status["mirrors"][0];
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let polled = &mirror["polled"];
    (
        word(&mirror["watched"]),
        word(&polled["reason"]),
        word(&polled["first"]),
    )
}

#[track_caller]
fn expect_sight(rig: &Rig, service: &Service, expected: (&str, &str, &str)) {
    let (word, reason, first) = sight(rig, service);
    assert_eq!((word.as_str(), reason.as_str(), first.as_str()), expected);
}

/// A program whose user namespace allows this many watches.
fn with_watches(rig: &Rig, left: u32) -> Option<Service> {
    let probe = "echo 0 > /proc/sys/user/max_inotify_watches";
    let own = ["--user", "--map-root-user", "--", "sh", "-ec"];
    let works = Command::new("unshare").args(own).arg(probe).output();
    if !works.is_ok_and(|output| output.status.success()) {
        not_run("no user namespace with limits of its own can be had");
        return None;
    }
    let program = rig.command(&["sync", "--json"]);
    let mut command = crate::rig::clean(Command::new("unshare"), rig.temp());
    let line = format!("echo {left} > /proc/sys/user/max_inotify_watches; exec \"$@\"");
    command
        .args(own)
        .arg(line)
        .arg("sh")
        .arg(program.get_program());
    command.args(program.get_args());
    Some(Service::start_command(rig, command))
}

/// Allows a running program more.
fn allow(service: &Service, watches: u32) {
    let pid = service.pid().to_string();
    let line = format!("echo {watches} > /proc/sys/user/max_inotify_watches");
    let done = Command::new("nsenter")
        .args([
            "-t",
            &pid,
            "--user",
            "--preserve-credentials",
            "sh",
            "-ec",
            &line,
        ])
        .status();
    assert!(done.is_ok_and(|status| status.success()), "{line}");
}

#[test]
fn without_any_watch_everything_is_polled_and_the_setting_is_named_once() {
    let rig = rig("auto");
    rig.write("a.txt", "a").write("sub/b.txt", "b");
    let Some(service) = with_watches(&rig, 0) else {
        return;
    };
    service.wait_ok(&rig);
    expect_sight(&rig, &service, ("polling", "watch_limit", "."));
    rig.write("a.txt", "edited").write("new/dir/c.txt", "c");
    rig.expect_arrival("a.txt", "edited")
        .expect_arrival("new/dir/c.txt", "c");
    rig.expect_same_as_disk();
    service.wait_ok(&rig);
    let run = service.term();
    let setting = "echo user.max_inotify_watches=524288 | sudo tee";
    assert_eq!(run.stderr.matches(setting).count(), 1, "{run}");
}

#[test]
fn what_is_beyond_the_limit_is_polled_until_there_are_watches_again() {
    let rig = rig("auto");
    for number in 0..20 {
        rig.write(&format!("d{number}/x/y"), "y");
    }
    let Some(service) = with_watches(&rig, 6) else {
        return;
    };
    service.wait_ok(&rig);
    let (word, reason, _) = sight(&rig, &service);
    assert_eq!((word.as_str(), reason.as_str()), ("partial", "watch_limit"));
    // A directory that comes later gets none either.
    rig.write("late/x/y", "y");
    for number in 0..20 {
        rig.write(&format!("d{number}/x/y"), "edited");
        rig.write(&format!("d{number}/z/new"), "new");
    }
    for number in 0..20 {
        rig.expect_arrival(&format!("d{number}/x/y"), "edited");
        rig.expect_arrival(&format!("d{number}/z/new"), "new");
    }
    rig.expect_arrival("late/x/y", "y");
    allow(&service, 1_000);
    until("all is watched", || {
        // Each wait looks at everything, and then tries once more.
        service.wait_ok(&rig);
        sight(&rig, &service).0 == "native"
    });
    rig.write("late/x/y", "edited").write("d7/z/new", "edited");
    rig.expect_arrival("late/x/y", "edited")
        .expect_arrival("d7/z/new", "edited");
    rig.expect_same_as_disk();
    let run = service.term();
    assert_eq!(
        run.stderr.matches("user.max_inotify_watches=").count(),
        1,
        "{run}"
    );
}

#[test]
fn poll_uses_no_watch_and_native_polls_nothing() {
    let polled = rig("poll");
    let service = polled.start();
    service.wait_ok(&polled);
    expect_sight(&polled, &service, ("polling", "asked", "."));
    let fds = std::fs::read_dir(format!("/proc/{}/fd", service.pid())).expect("listed");
    for fd in fds.flatten() {
        let target = std::fs::read_link(fd.path()).unwrap_or_default();
        assert!(!target.to_string_lossy().contains("inotify"), "{target:?}");
    }
    polled
        .write("sub/a.txt", "a")
        .expect_arrival("sub/a.txt", "a");
    // Two polls at least lie between these, and nothing goes out twice.
    for clock in ["tick", "tock"] {
        polled.write(clock, clock).expect_arrival(clock, clock);
    }
    polled.expect_versions("sub/a.txt", &["a"]);
    assert_eq!(polled.calls("post_files_content"), 3);
    service.wait_ok(&polled);
    service.end();

    let native = rig("native");
    let service = native.start();
    service.wait_ok(&native);
    expect_sight(&native, &service, ("native", "", ""));
    native
        .write("sub/a.txt", "a")
        .expect_arrival("sub/a.txt", "a");
    service.end();
}

/// Of a mount no event tells. What it covers and uncovers is found all the same.
#[test]
fn what_is_mounted_in_a_root_is_watched_and_what_is_unmounted_deletes_nothing() {
    let name =
        "watch_modes::what_is_mounted_in_a_root_is_watched_and_what_is_unmounted_deletes_nothing";
    apart(name, || {
        let rig = rig("auto");
        rig.write("plain.txt", "plain").mkdir("disk");
        let service = rig.start();
        service.wait_ok(&rig);
        rig.shell("mount -t tmpfs none disk; mkdir disk/deep; printf 1 > disk/deep/f");
        rig.expect_arrival("disk/deep/f", "1");
        expect_sight(&rig, &service, ("native", "", ""));
        rig.write("disk/deep/f", "2")
            .expect_arrival("disk/deep/f", "2");
        rig.shell("umount disk");
        service.wait(&rig);
        rig.write("plain.txt", "edited")
            .expect_arrival("plain.txt", "edited");
        assert!(rig.has("disk/deep/f", "2"), "it was deleted on Box");
        assert_eq!(
            rig.calls("delete_files_id") + rig.calls("delete_folders_id"),
            0
        );
        drop(service.term());
    });
}

/// What changes on a server leads to no event here.
#[test]
fn a_file_system_that_tells_nothing_is_polled() {
    apart(
        "watch_modes::a_file_system_that_tells_nothing_is_polled",
        || {
            let mut rig = rig("auto");
            rig.write("plain.txt", "plain").mkdir("net");
            let Some(server) = Fuse::mount(&rig.path("net"), "one") else {
                return;
            };
            let path = format!("net/{NAME}");
            let service = rig.start();
            service.wait_ok(&rig);
            rig.expect_arrival(&path, "one");
            expect_sight(&rig, &service, ("partial", "file_system", "net"));
            for content in ["two", "three"] {
                server.change(content);
                rig.expect_arrival(&path, content);
            }
            service.wait_ok(&rig);
            let doctor = rig.run(&["doctor"]).stdout;
            assert!(doctor.contains("mirror/net is polled every 1s"), "{doctor}");
            let run = service.term();
            assert_eq!(run.stderr.matches("it lies on fuse").count(), 1, "{run}");
            rig.expect_versions(&path, &["one", "two", "three"]);

            // The root itself, and whoever knows better.
            let other = rig.cloud.folder("/Other");
            rig.config.mirrors[0][1] = format!("local = {:?}", rig.path("net"));
            rig.config.mirrors[0][2] = format!("folder_id = {other:?}");
            rig.config.save();
            rig.folder = other;
            let service = rig.start();
            service.wait_ok(&rig);
            expect_sight(&rig, &service, ("polling", "file_system", "."));
            server.change("four");
            rig.expect_arrival(NAME, "four");
            service.wait_ok(&rig);
            drop(service.term());
            rig = rig.configured(|config| config.watch[3] = "mode = \"native\"".into());
            let service = rig.start();
            service.wait_ok(&rig);
            expect_sight(&rig, &service, ("native", "", ""));
            drop(service.term());
        },
    );
}
