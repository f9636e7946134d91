//! What stands where tokens are kept, or comes where they are asked for, may be odd.

use crate::rig::{Child, Finished, PATIENCE, Rig, answering, clean, signal};
use box_emulator::{Effect, Fault};
use serde_json::Value;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn kept(rig: &Rig) -> PathBuf {
    rig.state().join("token-ccg.json")
}

fn pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo can be run").success());
}

#[test]
fn what_is_no_file_is_refused_and_hangs_nothing() {
    let makers: [fn(&Path); 3] = [
        pipe,
        |path| std::fs::create_dir(path).expect("made"),
        |path| symlink("/etc/hostname", path).expect("made"),
    ];
    for name in ["token.lock", "token-ccg.json"] {
        for make in makers {
            let rig = Rig::new();
            std::fs::create_dir(rig.state()).expect("made");
            make(&rig.state().join(name));
            for args in [&["token"][..], &["sync", "--once"], &["logout"]] {
                let finished = rig.run(args);
                assert_eq!(finished.code, 78, "{name} {args:?} {finished:?}");
                assert!(finished.stderr.contains("remove it"), "{finished:?}");
            }
        }
    }
}

#[test]
fn a_file_with_a_second_name_is_not_touched() {
    let rig = Rig::new();
    assert_eq!(rig.run(&["token"]).code, 0);
    let victim = rig.temp().join("victim");
    std::fs::write(&victim, "precious").expect("written");
    std::fs::remove_file(kept(&rig)).expect("removed");
    std::fs::hard_link(&victim, kept(&rig)).expect("linked");
    for args in [&["token"][..], &["logout"]] {
        assert_eq!(rig.run(args).code, 78);
    }
    let content = std::fs::read_to_string(&victim).expect("read");
    assert_eq!(content, "precious");
}

const WHOLE: &str = r#"{"access_token":"A1","refresh_token":"R1","expires_in":3600}"#;
const HALF: &str = r#"{"access_token":"A2","expires_in":3600}"#;

/// A rig whose token endpoint gives these answers.
fn answered(answers: &'static [&'static str]) -> (Rig, Arc<AtomicUsize>) {
    let rig = Rig::oauth(|builder| builder);
    let (port, asked) = answering(answers);
    let real = format!("token = \"{}/oauth2/token\"", rig.cloud.base_url());
    let other = format!("token = \"http://127.0.0.1:{port}/oauth2/token\"");
    let rig = rig.configured(|config| config.replace(&real, &other));
    (rig, asked)
}

#[track_caller]
fn log_in_by_hand(rig: &Rig) -> Finished {
    let mut waiting = rig.begin_login(&["--no-browser"]);
    waiting.child.say("any-code\n");
    waiting.child.finish()
}

#[test]
fn a_login_that_would_not_last_is_none() {
    let (rig, _) = answered(&[HALF]);
    let finished = log_in_by_hand(&rig);
    assert_eq!(finished.code, 69, "{finished:?}");
    assert!(finished.stderr.contains("no refresh token"), "{finished:?}");
    assert!(!rig.state().join("token-oauth2.json").exists());
}

#[test]
fn a_renewal_with_half_a_pair_leaves_the_login_as_it_is() {
    // Box does not know A1, so that the login is renewed at once.
    let (rig, asked) = answered(&[WHOLE, HALF]);
    let finished = log_in_by_hand(&rig);
    assert_eq!(finished.code, 69, "{finished:?}");
    assert!(finished.stderr.contains("no refresh token"), "{finished:?}");
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    let kept = std::fs::read_to_string(rig.state().join("token-oauth2.json")).expect("kept");
    let kept: Value = serde_json::from_str(&kept).expect("it is whole");
    assert_eq!(
        (&kept["access_token"], &kept["refresh_token"]),
        (&"A1".into(), &"R1".into())
    );
}

#[test]
fn a_dry_run_without_a_login_makes_nothing() {
    let rig = Rig::oauth(|builder| builder);
    rig.write("a.txt", "a");
    for make_dir in [false, true] {
        if make_dir {
            std::fs::create_dir(rig.state()).expect("made");
        }
        let run = rig.sync(&["--once", "--dry-run"]);
        run.expect_code(77);
        let left = std::fs::read_dir(rig.state()).map_or(0, Iterator::count);
        assert_eq!((rig.state().exists(), left), (make_dir, 0));
    }
}

#[test]
fn a_server_in_trouble_does_not_speak_for_the_app() {
    for (status, code) in [(500, 69), (503, 69), (302, 69), (400, 77)] {
        let rig = Rig::new();
        let words = "Grant credentials are invalid";
        rig.cloud
            .inject(Fault::on("post_oauth2_token").forever().oauth_error(
                status,
                "invalid_grant",
                words,
            ));
        let finished = rig.run(&["token"]);
        assert_eq!(finished.code, code, "{status}: {finished:?}");
    }
}

#[test]
fn a_token_that_is_over_already_is_good_for_a_call() {
    let rig = Rig::with(|builder| builder.token_ttl(std::time::Duration::ZERO));
    rig.run(&["token"]);
    assert!(rig.calls("post_oauth2_token") <= 2);
}

#[test]
fn a_secret_command_ends_with_the_program() {
    let rig = Rig::new();
    let begun = rig.temp().join("begun");
    let script = format!("echo $$ > {}; exec sleep 1000", begun.display());
    let rig = rig.configured(|config| {
        let inline = "client_secret = \"emulated-secret\"";
        config.replace(inline, &format!("client_secret_command = {script:?}"));
    });
    for args in [
        &["token"][..],
        &["doctor"],
        &["sync", "--once"],
        &["sync", "--once", "--json"],
        &["config", "check"],
    ] {
        let child = Child::start(rig.command(args));
        let read = || std::fs::read_to_string(&begun).unwrap_or_default();
        crate::rig::until("the command runs", || read().ends_with('\n'));
        signal(child.pid(), "TERM");
        let finished = child.finish();
        assert_eq!(finished.code, 1, "{args:?}");
        // A pass that did nothing says so.
        if args[0] == "sync" {
            assert!(finished.stderr.contains("nothing was done"), "{finished:?}");
            let summary = finished.stdout.contains("\"exit_code\":1");
            assert_eq!(summary, args.contains(&"--json"), "{finished:?}");
        }
        let process = format!("/proc/{}", read().trim());
        crate::rig::until("the command has ended", || !Path::new(&process).exists());
        std::fs::remove_file(&begun).expect("removed");
    }
}

#[test]
fn programs_get_one_object_whatever_is_wrong() {
    let rig = Rig::new().mirror_key("colour = \"red\"");
    for args in [
        &["token", "--json"][..],
        &["whoami", "--json"],
        &["status", "--json"],
        &["wait", "--json"],
    ] {
        let finished = rig.run(args);
        assert_eq!(finished.code, 78, "{finished:?}");
        let object: Value = serde_json::from_str(&finished.stdout).expect("one object");
        assert_eq!(object["exit_code"], 78);
        let message = object["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains("colour"), "{object}");
    }
}

#[test]
fn a_token_that_nobody_could_read_is_no_success() {
    let rig = Rig::new();
    let command = rig.command(&["token"]);
    let mut shell = clean(Command::new("sh"), rig.temp());
    shell.args(["-c", "exec \"$@\" > /dev/full", "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    assert_eq!(Child::start(shell).finish().code, 74);
}

#[test]
fn a_token_that_others_could_read_can_be_ended() {
    let rig = Rig::new();
    assert_eq!(rig.run(&["token"]).code, 0);
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(kept(&rig), mode).expect("set");
    let finished = rig.run(&["logout"]);
    assert_eq!(finished.code, 0, "{finished:?}");
    assert!(
        finished.stderr.contains("others could read"),
        "{finished:?}"
    );
    assert!(!kept(&rig).exists());
    assert_eq!(rig.calls("post_oauth2_revoke"), 1);
}

#[test]
fn a_command_that_waits_for_box_can_be_given_up() {
    let rig = Rig::new();
    rig.cloud
        .inject(Fault::on("post_oauth2_token").effect(Effect::HoldBefore));
    let child = Child::start(rig.command(&["token"]));
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
    signal(child.pid(), "TERM");
    assert_eq!(child.finish().code, 1);
    rig.cloud.release_holds();
}
