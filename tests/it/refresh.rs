//! A login is renewed by one, kept before it is used, and never lost.

use crate::rig::{Child, Finished, PATIENCE, Rig, each, not_run};
use box_emulator::{Effect, Fault, RefreshRule};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

const RULES: [RefreshRule; 2] = [RefreshRule::RetireAtOnce, RefreshRule::RetireOnUse];

fn signed_in(rule: RefreshRule) -> Rig {
    let rig = Rig::oauth(|builder| builder.refresh_rule(rule));
    rig.login();
    rig
}

fn file(rig: &Rig) -> PathBuf {
    rig.state().join("token-oauth2.json")
}

fn kept(rig: &Rig) -> Value {
    let text = std::fs::read_to_string(file(rig)).expect("it is kept");
    serde_json::from_str(&text).expect("it is whole")
}

fn kept_refresh_token(rig: &Rig) -> String {
    let kept = kept(rig);
    kept["refresh_token"]
        .as_str()
        .expect("it is there")
        .to_owned()
}

/// Makes the kept tokens as old as that, by what the file says.
fn age(rig: &Rig, days: u64) {
    let mut aged = kept(rig);
    for key in ["obtained_at_ms", "expires_at_ms"] {
        let at = aged[key].as_u64().expect("a number");
        aged[key] = (at - days * 86_400_000).into();
    }
    std::fs::write(file(rig), aged.to_string()).expect("written");
}

#[track_caller]
fn expect_token(finished: &Finished) -> String {
    assert_eq!(finished.code, 0, "{finished:?}");
    finished.stdout.trim().to_owned()
}

#[test]
fn fifty_starts_at_once_renew_once() {
    each(&RULES, |rule| {
        let rig = signed_in(*rule);
        rig.cloud.expire_tokens();
        age(&rig, 1);
        let children: Vec<_> = (0..50)
            .map(|_| Child::start(rig.command(&["token"])))
            .collect();
        let tokens: BTreeSet<_> = children
            .into_iter()
            .map(|child| expect_token(&child.finish()))
            .collect();
        assert_eq!(tokens.len(), 1);
        assert_eq!(rig.cloud.grants("refresh_token"), 1);
    });
}

#[test]
fn fifty_that_find_a_dead_token_renew_once() {
    let rig = signed_in(RefreshRule::RetireAtOnce);
    rig.cloud.expire_tokens();
    let children: Vec<_> = (0..50)
        .map(|_| Child::start(rig.command(&["token"])))
        .collect();
    for child in children {
        expect_token(&child.finish());
    }
    assert_eq!(rig.cloud.grants("refresh_token"), 1);
}

#[test]
fn an_answer_that_is_lost_costs_a_login_only_where_box_retires_at_once() {
    let faults = || {
        [
            Fault::on("post_oauth2_token").drop_after(),
            Fault::on("post_oauth2_token").effect(Effect::CutAnswer),
            Fault::on("post_oauth2_token").effect(Effect::TruncatedJson),
            Fault::on("post_oauth2_token").effect(Effect::EmptyBody),
        ]
    };
    for rule in RULES {
        each(&faults(), |fault| {
            let rig = signed_in(rule);
            age(&rig, 1);
            let before = kept_refresh_token(&rig);
            rig.cloud.inject(fault.clone());
            let first = rig.run(&["token"]);
            assert_eq!(first.code, 69, "{first:?}");
            assert_eq!(
                kept_refresh_token(&rig),
                before,
                "a failed renewal destroys nothing"
            );
            let second = rig.run(&["token"]);
            match rule {
                RefreshRule::RetireOnUse => {
                    expect_token(&second);
                }
                RefreshRule::RetireAtOnce => {
                    assert_eq!(second.code, 77, "{second:?}");
                    assert!(second.stderr.contains("boxup login"), "{second:?}");
                    assert_eq!(kept_refresh_token(&rig), before);
                }
            }
        });
    }
}

#[test]
fn what_passes_by_itself_is_asked_again_with_the_same_token() {
    for fault in [
        Fault::on("post_oauth2_token").status(503, "temporarily_unavailable"),
        Fault::on("post_oauth2_token").drop_before(),
        Fault::on("post_oauth2_token").effect(Effect::Html { status: 502 }),
        Fault::on("post_oauth2_token").rate_limited(Some("1")),
    ] {
        let rig = signed_in(RefreshRule::RetireAtOnce);
        age(&rig, 1);
        rig.write("a.txt", "a");
        rig.cloud.inject(fault.clone());
        let run = rig.once();
        assert_eq!(run.code, 0, "{fault:?}: {run}");
        rig.expect_same_as_disk();
        assert_eq!(rig.cloud.granted("refresh_token"), 1, "{fault:?}");
    }
}

#[test]
fn a_login_that_ended_says_so_and_nothing_is_destroyed() {
    let rig = signed_in(RefreshRule::RetireAtOnce);
    rig.write("a.txt", "a").once_ok();
    rig.cloud.expire_refresh_tokens();
    age(&rig, 61);
    let before = kept(&rig);
    rig.write("b.txt", "b");
    let run = rig.once();
    run.expect_code(77);
    assert!(run.stderr.contains("boxup login"), "{run}");
    assert!(run.stderr.contains("60 days"), "{run}");
    assert_eq!(kept(&rig), before);
    rig.login();
    rig.once_ok();
    rig.expect_same_as_disk();
}

#[test]
fn a_new_pair_is_on_disk_before_its_token_is_used() {
    let rig = signed_in(RefreshRule::RetireOnUse);
    age(&rig, 1);
    rig.write("a.txt", "a");
    rig.cloud
        .inject(Fault::any().path("/2.0/").effect(Effect::HoldBefore));
    let run = rig.begin();
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
    let access = kept(&rig)["access_token"]
        .as_str()
        .expect("kept")
        .to_owned();
    assert!(rig.cloud.is_alive(&access));
    assert_eq!(rig.cloud.grants("refresh_token"), 1);
    run.kill();
    rig.cloud.release_holds();
    rig.once_ok();
    rig.expect_same_as_disk();
    assert_eq!(rig.cloud.grants("refresh_token"), 1);
}

#[test]
fn a_service_and_a_command_share_one_login() {
    let rig = signed_in(RefreshRule::RetireAtOnce);
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    for round in 0..3 {
        // The command renews, which ends the token that the service holds.
        age(&rig, 1);
        expect_token(&rig.run(&["token"]));
        rig.write(&format!("f{round}"), "x");
        service.wait_ok(&rig);
    }
    service.end();
    rig.expect_same_as_disk();
    assert_eq!(rig.cloud.grants("refresh_token"), 3);
}

#[test]
fn a_service_with_nothing_to_do_keeps_its_login_alive() {
    let rig = signed_in(RefreshRule::RetireAtOnce);
    rig.write("a.txt", "a").once_ok();
    age(&rig, 30);
    let before = kept_refresh_token(&rig);
    let service = rig.start();
    let renewed = |cloud: &box_emulator::BoxEmulator| cloud.granted("refresh_token") == 1;
    assert!(rig.cloud.wait_for(renewed, PATIENCE));
    crate::rig::until("it is kept", || kept_refresh_token(&rig) != before);
    service.end();
    assert!(rig.cloud.refresh_token_works(&kept_refresh_token(&rig)));
}

#[test]
fn the_login_of_another_app_is_not_touched() {
    let rig = signed_in(RefreshRule::RetireAtOnce);
    let before = kept(&rig);
    let rig = rig.configured(|config| config.replace("emulated-client", "another-app"));
    let finished = rig.run(&["token"]);
    assert_eq!(finished.code, 77, "{finished:?}");
    assert!(finished.stderr.contains("another app"), "{finished:?}");
    assert_eq!(kept(&rig), before);
}

#[test]
fn a_damaged_login_says_so_and_a_new_one_mends_it() {
    let rig = signed_in(RefreshRule::RetireAtOnce);
    std::fs::write(file(&rig), "{").expect("written");
    let finished = rig.run(&["token"]);
    assert_eq!(finished.code, 77, "{finished:?}");
    assert!(finished.stderr.contains("boxup login"), "{finished:?}");
    rig.login();
    expect_token(&rig.run(&["token"]));
}

#[test]
fn a_renewal_goes_on_when_nobody_waits_for_it_any_more() {
    for args in [&["token"][..], &["whoami"], &["sync", "--once"]] {
        let rig = signed_in(RefreshRule::RetireAtOnce);
        age(&rig, 1);
        rig.write("a.txt", "a");
        rig.cloud
            .inject(Fault::on("post_oauth2_token").effect(Effect::HoldBefore));
        let child = Child::start(rig.command(args));
        assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
        let before = kept_refresh_token(&rig);
        crate::rig::signal(child.pid(), "INT");
        rig.cloud.release_holds();
        let finished = child.finish();
        assert!([0, 1].contains(&finished.code), "{args:?} {finished:?}");
        assert_ne!(kept_refresh_token(&rig), before, "{args:?}");
        expect_token(&rig.run(&["token"]));
        assert_eq!(rig.cloud.grants("refresh_token"), 1);
    }
}

#[test]
fn what_is_left_of_a_token_bridges_a_failed_renewal() {
    let rig = signed_in(RefreshRule::RetireAtOnce);
    let mut short = kept(&rig);
    let end = short["obtained_at_ms"].as_u64().expect("a number") + 60_000;
    short["expires_at_ms"] = end.into();
    std::fs::write(file(&rig), short.to_string()).expect("written");
    rig.cloud.inject(
        Fault::on("post_oauth2_token")
            .forever()
            .status(503, "unavailable"),
    );
    rig.write("a.txt", "a").once_ok();
    rig.expect_same_as_disk();
    assert!(rig.cloud.grants("refresh_token") >= 1);
}

#[test]
fn a_scope_that_does_not_exist_costs_no_renewal() {
    let rig = signed_in(RefreshRule::RetireAtOnce);
    let finished = rig.run(&["token", "--scope", "make_coffee"]);
    assert_eq!(finished.code, 77, "{finished:?}");
    assert_eq!(rig.cloud.grants("refresh_token"), 0);
}

#[test]
fn another_persons_login_with_the_same_app_is_another_account() {
    let rig = signed_in(RefreshRule::RetireAtOnce);
    rig.write("a.txt", "a").once_ok();
    rig.cloud.set_authorize_as(box_emulator::Person::Colleague);
    rig.login();
    let run = rig.write("b.txt", "b").once();
    run.expect_code(77);
    assert!(run.stderr.contains("colleague@example.com"), "{run}");
    rig.cloud.set_authorize_as(box_emulator::Person::Main);
    rig.login();
    rig.once_ok();
    rig.expect_same_as_disk();
}

#[test]
fn tokens_of_another_app_are_removed_and_sent_nowhere() {
    let rig = signed_in(RefreshRule::RetireAtOnce);
    let rig = rig.configured(|config| config.replace("emulated-client", "another-app"));
    let finished = rig.run(&["logout"]);
    assert_eq!(finished.code, 1, "{finished:?}");
    assert!(finished.stderr.contains("Box was not told"), "{finished:?}");
    assert!(!file(&rig).exists());
    assert_eq!(rig.calls("post_oauth2_revoke"), 0);
}

/// The calls by which the program changes something, on disk or at Box.
const WRITES: [&str; 13] = [
    "write",
    "writev",
    "fsync",
    "ftruncate",
    "rename",
    "unlink",
    "openat",
    "flock",
    "fchown",
    "connect",
    "sendto",
    "recvfrom",
    "close",
];

/// Runs `boxup token` and kills it at its n-th call of that name.
fn kill_at(rig: &Rig, call: &str, number: u32) -> Finished {
    let command = rig.command(&["token"]);
    let mut strace = crate::rig::clean(Command::new("strace"), rig.temp());
    strace
        .env("TOKIO_WORKER_THREADS", "1")
        .args(["-f", "-qq", "-o", "/dev/null", "-e"])
        .arg(format!("trace={call}"))
        .arg("-e")
        .arg(format!("inject={call}:signal=SIGKILL:when={number}"))
        .arg(command.get_program())
        .args(command.get_args());
    Child::start(strace).finish()
}

/// Kills it there and checks what is left; `false` when it never came there.
fn survives(rig: &Rig, rule: RefreshRule, call: &str, number: u32) -> bool {
    age(rig, 1);
    let before = kept_refresh_token(rig);
    let granted = rig.cloud.granted("refresh_token");
    let killed = kill_at(rig, call, number);
    if killed.code == 0 {
        return false;
    }
    let is_spent = rig.cloud.granted("refresh_token") > granted;
    let was_kept = kept_refresh_token(rig) != before;
    let next = rig.run(&["token"]);
    if rule == RefreshRule::RetireAtOnce && is_spent && !was_kept {
        assert_eq!(next.code, 77, "{call} {number}: {next:?}");
        assert!(next.stderr.contains("boxup login"), "{next:?}");
        rig.login();
    } else {
        let token = expect_token(&next);
        assert!(rig.cloud.is_alive(&token), "{call} {number}");
    }
    let refresh = kept_refresh_token(rig);
    assert!(rig.cloud.refresh_token_works(&refresh), "{call} {number}");
    true
}

#[test]
fn killed_at_any_write_it_still_has_what_gets_it_a_token() {
    if Command::new("strace").arg("-V").output().is_err() {
        not_run("there is no strace");
        return;
    }
    each(&RULES, |rule| {
        let rig = signed_in(*rule);
        let mut kills = 0;
        for call in WRITES {
            // Each thread counts for itself, so early numbers are of the worker as well.
            let came = (1..100).take_while(|number| survives(&rig, *rule, call, *number));
            kills += came.count();
        }
        assert!(kills > 20, "only {kills} places to be killed at");
    });
}
