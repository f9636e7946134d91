//! `sync --once` from cron: silent where all is well, patient where another run is on, and
//! over in time.

use crate::rig::{Child, Finished, PATIENCE, Rig, Run, sparse, until};
use box_emulator::Fault;

const WAITS: &str = "waits until another run";

fn quiet(rig: &Rig) -> Finished {
    rig.run(&["sync", "--once"])
}

/// Above what Box publishes, which is worth a warning.
fn warned() -> Rig {
    Rig::new().configured(|config| config.limits = vec!["uploads_per_minute = 1000000".to_owned()])
}

#[test]
fn a_pass_with_nothing_to_do_says_nothing_and_with_v_how_it_stands() {
    let rig = warned();
    rig.write("a.txt", "a").write("sub/b.txt", "b");
    let first = quiet(&rig);
    assert_eq!(first.code, 0, "{first:?}");
    assert!(first.stderr.contains("warning: [limits] is"), "{first:?}");
    assert!(first.stdout.contains("2 new"), "{first:?}");
    for _ in 0..2 {
        let run = quiet(&rig);
        assert_eq!(run.code, 0, "{run:?}");
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    }
    let told = rig.run(&["sync", "--once", "-v"]);
    assert!(told.stdout.contains("2 unchanged"), "{told:?}");
    assert!(told.stderr.contains("warning: [limits] is"), "{told:?}");
    assert_eq!(rig.row_count("warned"), 1);
}

#[test]
fn a_warning_comes_when_it_is_new_and_again_when_it_has_come_back() {
    let rig = warned();
    let broken = |rig: &Rig| {
        rig.write(".boxupignore", "a[\n")
            .write("a.txt", "a")
            .once_ok()
    };
    let first = broken(&rig);
    assert!(first.stderr.contains(".boxupignore"), "{first}");
    assert_eq!(rig.once_ok().stderr, "");
    let rig = rig.configured(|config| config.limits.clear());
    rig.write(".boxupignore", "# mended\n").once_ok();
    assert_eq!(rig.once_ok().stderr, "");
    let again = broken(&rig);
    assert!(again.stderr.contains(".boxupignore"), "{again}");
    let rig = rig.configured(|config| config.limits = vec!["uploads_per_minute = 999".to_owned()]);
    let other = rig.once_ok();
    assert!(other.stderr.contains("[limits]"), "{other}");
    assert!(!other.stderr.contains(".boxupignore"), "{other}");
}

/// A pass that is on until it may end.
fn held(rig: &Rig) -> Child {
    rig.write("held.txt", "held");
    rig.cloud.inject(Fault::on("post_files_content").hold());
    let first = rig.begin();
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
    first
}

fn waiting(rig: &Rig, patience: &str) -> Child {
    let args = ["sync", "--once", "--json", "-v", "--wait-lock", patience];
    let child = Child::start(rig.command(&args));
    until("it waits", || child.stderr().contains(WAITS));
    child
}

#[test]
fn a_pass_waits_for_another_one_if_it_is_to() {
    let rig = Rig::new();
    let first = held(&rig);
    let second = waiting(&rig, "10m");
    rig.write("later.txt", "later");
    rig.cloud.release_holds();
    Run::of(first.finish());
    let second = Run::of(second.finish());
    second.expect_code(0);
    rig.expect_same_as_disk();
}

#[test]
fn when_waiting_was_in_vain_it_ends_with_75_and_names_who_is_on() {
    let rig = Rig::new();
    let first = held(&rig);
    let requests = rig.cloud.total_requests();
    let second = rig.sync(&["--once", "--wait-lock", "300ms"]);
    second.expect_code(75);
    let who = format!("another boxup (process {})", first.pid());
    let message = second.summary["error"]["message"]
        .as_str()
        .expect("a message");
    assert!(message.contains(&who), "{second}");
    assert!(message.ends_with("also after 300ms of waiting"), "{second}");
    assert!(second.stderr.contains(message), "{second}");
    assert_eq!(rig.cloud.total_requests(), requests);
    rig.cloud.release_holds();
    Run::of(first.finish()).expect_code(0);
}

#[test]
fn waiting_ends_at_once_when_it_is_told_to() {
    let rig = Rig::new();
    let first = held(&rig);
    for signal in ["TERM", "INT", "HUP"] {
        let second = waiting(&rig, "10h");
        crate::rig::signal(second.pid(), signal);
        let second = Run::of(second.finish());
        second.expect_code(1);
        assert!(second.stderr.contains("interrupted: "), "{second}");
    }
    rig.cloud.release_holds();
    Run::of(first.finish()).expect_code(0);
}

/// A terminal that goes away sends several.
#[test]
fn a_hang_up_ends_a_pass_as_a_stop_does_and_does_not_hurry_it() {
    let rig = Rig::new();
    let first = held(&rig);
    for _ in 0..3 {
        crate::rig::signal(first.pid(), "HUP");
    }
    until("it is ending", || first.stdout().contains("\"draining\""));
    crate::rig::signal(first.pid(), "HUP");
    rig.cloud.release_holds();
    let first = Run::of(first.finish());
    assert!([0, 1].contains(&first.code), "{first}");
    assert_eq!(first.count("uploaded"), 1, "{first}");
}

#[test]
fn under_nohup_a_pass_outlasts_its_terminal() {
    let rig = Rig::new();
    let first = held(&rig);
    let plain = rig.command(&["sync", "--once", "--json", "-v", "--wait-lock", "10m"]);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]);
    shell.arg(plain.get_program()).args(plain.get_args());
    let second = Child::start(crate::rig::clean(shell, rig.temp()));
    until("it waits", || second.stderr().contains(WAITS));
    crate::rig::signal(second.pid(), "HUP");
    rig.cloud.release_holds();
    Run::of(first.finish()).expect_code(0);
    Run::of(second.finish()).expect_code(0);
    rig.expect_same_as_disk();
}

#[test]
fn beside_the_service_a_pass_says_that_it_is_not_needed() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    let pass = quiet(&rig);
    assert_eq!((pass.code, pass.stdout.as_str()), (75, ""), "{pass:?}");
    let who = format!("the service (process {}) mirrors already", service.pid());
    assert!(pass.stderr.contains(&who), "{pass:?}");
    assert_eq!(pass.stderr.lines().count(), 1, "{pass:?}");
    service.end();
    assert_eq!(quiet(&rig).code, 0);
}

#[test]
fn a_pass_that_has_no_time_left_says_so_and_the_next_one_goes_on() {
    let rig = Rig::with(|builder| builder.part_size(2 << 20))
        .configured(|config| config.limits = vec!["uploads_per_minute = 1".to_owned()]);
    sparse(&rig.path("large.bin"), 24 << 20, 2 << 20);
    for number in 0..5 {
        rig.write(&format!("{number}.txt"), format!("{number}"));
    }
    let run = rig.sync(&["--once", "--max-duration", "4s"]);
    run.expect_code(1);
    assert_eq!(run.summary["time_up"], true, "{run}");
    assert!(run.stderr.contains("(4s, --max-duration)"), "{run}");
    assert!(!run.stderr.contains("interrupted"), "{run}");
    assert!(run.count("uploaded") <= 1, "{run}");
    rig.expect_counts_add_up(&run);
    let rig = rig.configured(|config| config.limits = vec!["uploads_per_minute = 9999".to_owned()]);
    rig.once_ok();
    rig.expect_same_as_disk();
    assert_eq!(rig.cloud.parts_stored(), 12, "a part was sent twice");
    assert_eq!(rig.cloud.sessions(), [], "left open");
    let whole = rig.sync(&["--once", "--max-duration", "1h"]);
    whole
        .expect_code(0)
        .expect(&[("unchanged", 6), ("requests", 0)]);
    assert!(whole.summary["time_up"].is_null(), "{whole}");
}

#[test]
fn a_pass_that_was_cut_short_is_not_taken_for_a_whole_one() {
    let rig = Rig::with(|builder| builder.part_size(2 << 20))
        .configured(|config| config.limits = vec!["bandwidth = \"2 MB/s\"".to_owned()]);
    sparse(&rig.path("large.bin"), 40 << 20, 2 << 20);
    let run = rig.sync(&["--once", "--max-duration", "1s"]);
    run.expect_code(1)
        .expect(&[("uploaded", 0), ("pending", 1)]);
    let status = rig.run(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).expect("JSON");
    let mirror = &status["mirrors"][0];
    assert_eq!(mirror["cut_short"], true, "{mirror}");
    assert_eq!(mirror["pending"], 1, "{mirror}");
    assert!(mirror["last_pass"].is_null(), "{mirror}");
}

#[test]
fn a_dry_run_waits_for_nobody_and_ends_in_time() {
    let rig = Rig::new();
    let first = held(&rig);
    rig.write("other.txt", "other");
    let dry = rig.sync(&[
        "--once",
        "--dry-run",
        "--wait-lock",
        "1h",
        "--max-duration",
        "1h",
    ]);
    dry.expect_code(0);
    rig.cloud.release_holds();
    Run::of(first.finish());
    let dry = rig.sync(&["--once", "--dry-run", "--max-duration", "0s"]);
    assert_eq!(dry.code == 1, dry.summary["time_up"] == true, "{dry}");
    for flag in ["--wait-lock", "--max-duration"] {
        for command in [
            &["sync", flag, "1m"][..],
            &["sync", "--dry-run", flag, "1m"],
        ] {
            assert_eq!(rig.run(command).code, 2, "{command:?}");
        }
        assert_eq!(rig.run(&["sync", "--once", flag, "1"]).code, 2, "{flag}");
    }
}
