//! Tokens are kept between runs and shared by all of them.

use crate::rig::{Child, Rig, each};
use serde_json::Value;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

fn file(rig: &Rig) -> PathBuf {
    rig.state().join("token-ccg.json")
}

fn set_mode(rig: &Rig, mode: u32) {
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(file(rig), permissions).expect("its mode can be set");
}

#[track_caller]
fn token(rig: &Rig) -> String {
    let finished = rig.run(&["token"]);
    assert_eq!(finished.code, 0, "{finished:?}");
    let lines: Vec<_> = finished.stdout.lines().collect();
    let [token] = lines[..] else {
        panic!("a token and nothing else: {finished:?}");
    };
    token.to_owned()
}

#[test]
fn runs_one_after_the_other_need_one_token() {
    let rig = Rig::new();
    for number in 0..4 {
        rig.write(&format!("f{number}"), "x").once_ok();
    }
    assert_eq!(rig.calls("post_oauth2_token"), 1);
    rig.expect_same_as_disk();
}

#[test]
fn fifty_starts_at_once_ask_for_one_token() {
    let rig = Rig::new();
    let children: Vec<_> = (0..50)
        .map(|_| Child::start(rig.command(&["token"])))
        .collect();
    let tokens: BTreeSet<_> = children
        .into_iter()
        .map(|child| {
            let finished = child.finish();
            assert_eq!(finished.code, 0, "{finished:?}");
            finished.stdout
        })
        .collect();
    assert_eq!(tokens.len(), 1);
    assert_eq!(rig.calls("post_oauth2_token"), 1);
}

#[test]
fn a_kept_token_that_box_takes_no_longer_is_replaced_unseen() {
    let rig = Rig::new();
    rig.write("a.txt", "a").once_ok();
    let first = token(&rig);
    rig.cloud.expire_tokens();
    rig.write("b.txt", "b").once_ok();
    rig.expect_same_as_disk();
    let second = token(&rig);
    assert_ne!(first, second);
    rig.cloud.expire_tokens();
    assert_ne!(token(&rig), second, "a dead token was handed on");
    assert_eq!(rig.calls("post_oauth2_token"), 3);
}

#[test]
fn a_token_is_told_with_its_life_and_what_it_may_do() {
    let rig = Rig::new();
    let finished = rig.run(&["token", "--json"]);
    let answer: Value = serde_json::from_str(&finished.stdout).expect("one object");
    assert_eq!(answer["token_type"], "bearer");
    assert_eq!(answer["restricted_to"], serde_json::json!([]));
    assert!(
        answer["expires_in"]
            .as_u64()
            .is_some_and(|left| left > 4_000),
        "{answer}"
    );
    assert_eq!(answer["access_token"], token(&rig));
}

#[test]
fn a_token_that_others_may_read_is_refused_with_the_command_that_mends_it() {
    let rig = Rig::new();
    rig.write("a.txt", "a").once_ok();
    for (mode, word) in [(0o644, "read"), (0o660, "change"), (0o602, "change")] {
        set_mode(&rig, mode);
        for args in [&["token"][..], &["sync", "--once"], &["whoami"]] {
            let finished = rig.run(args);
            assert_eq!(finished.code, 78, "{mode:o} {finished:?}");
            let command = format!("chmod 0600 {}", file(&rig).display());
            assert!(finished.stderr.contains(&command), "{finished:?}");
            assert!(finished.stderr.contains(word), "{finished:?}");
        }
    }
    set_mode(&rig, 0o600);
    rig.write("b.txt", "b").once_ok();
    rig.expect_same_as_disk();
}

#[test]
fn a_damaged_file_costs_a_request_and_nothing_else() {
    let contents: [&[u8]; 5] = [b"", b"{", b"\xff\xfe", b"[1]", b"{\"version\":9}"];
    each(&contents, |content| {
        let rig = Rig::new();
        rig.write("a.txt", "a").once_ok();
        std::fs::write(file(&rig), content).expect("written");
        rig.write("b.txt", "b").once_ok();
        assert_eq!(rig.calls("post_oauth2_token"), 2);
    });
}

#[test]
fn a_new_secret_is_tried_at_once() {
    let rig = Rig::new();
    rig.write("a.txt", "a").once_ok();
    let rig = rig.configured(|config| config.replace("emulated-secret", "mistyped"));
    rig.write("b.txt", "b").once().expect_code(77);
    let rig = rig.configured(|config| config.replace("mistyped", "emulated-secret"));
    rig.once_ok();
    rig.expect_same_as_disk();
}

#[test]
fn a_dry_run_leaves_no_token_behind() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    rig.sync(&["--once", "--dry-run"]).expect_code(0);
    assert!(!rig.state().exists());
    rig.once_ok();
    let before = std::fs::read(file(&rig)).expect("kept");
    rig.cloud.expire_tokens();
    rig.write("b.txt", "b");
    rig.sync(&["--once", "--dry-run"]).expect_code(0);
    assert_eq!(std::fs::read(file(&rig)).expect("kept"), before);
}

#[test]
fn signing_out_ends_the_token_at_box_and_here() {
    let rig = Rig::new();
    let old = token(&rig);
    let finished = rig.run(&["logout"]);
    assert_eq!(finished.code, 0, "{finished:?}");
    assert!(!file(&rig).exists());
    assert_eq!(rig.calls("post_oauth2_revoke"), 1);
    assert_ne!(token(&rig), old);
    // Nobody to ask, nothing to end.
    rig.run(&["logout"]);
    assert_eq!(rig.run(&["logout"]).code, 0);
}
