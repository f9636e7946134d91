//! `boxup explain PATH`: which rule decides, what is here, what Box has, and what is next.

use crate::rig::{Rig, ask, until};
use box_emulator::Fault;
use serde_json::Value;

fn explain(rig: &Rig, path: &str) -> Value {
    let (code, answer) = ask(rig, &["explain", path, "--json"]);
    assert_eq!(code, 0, "{answer}");
    let text = rig.run(&["explain", path]);
    assert_eq!(text.code, 0, "{text:?}");
    for label in ["here", "rule", "Box", "state", "next"] {
        assert!(text.stdout.contains(&format!("\n  {label}")), "{text:?}");
    }
    assert!(
        text.stdout.lines().all(|line| line.chars().count() <= 200),
        "{text:?}"
    );
    answer
}

/// The state, what is here, and the reason why it is left out or waits.
#[track_caller]
fn check(rig: &Rig, path: &str, expected: [&str; 3]) -> Value {
    let answer = explain(rig, path);
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let reason = [&answer["excluded"]["reason"], &answer["error"]["code"]];
    let reason = reason.into_iter().map(word).find(|word| !word.is_empty());
    let found = [
        word(&answer["state"]),
        word(&answer["local"]["kind"]),
        reason.unwrap_or_default(),
    ];
    assert_eq!(found, expected, "{path}: {answer}");
    answer
}

const REFUSED: &str = "access_denied_insufficient_permissions";

/// A mirror in which everything that can become of an entry has become of one.
fn motley() -> Rig {
    let rig = Rig::new()
        .exclude(&["*.tmp"])
        .mirror_key("include = [\"wanted.tmp\"]")
        .mirror_key("max_size = \"1 KiB\"")
        .mirror_key("on_existing = \"park\"");
    rig.write("synced.txt", "s")
        .write("changed.txt", "c")
        .write("gone.txt", "g")
        .write("a.tmp", "a")
        .write("wanted.tmp", "w")
        .write("large", vec![b'x'; 1025])
        .write("sub/.boxupignore", "\nhidden/\n")
        .write("sub/hidden/deep/f", "f")
        .write("differs.txt", "ours")
        .write("refused.txt", "r")
        .write("back\\slash", "b");
    rig.shell("mkfifo pipe; ln -s nowhere link");
    rig.cloud
        .put_file(&rig.folder, "differs.txt", b"another one");
    let fault = Fault::on("post_files_content")
        .name("refused.txt")
        .forever();
    rig.cloud.inject(fault.status(403, REFUSED));
    rig.once().expect_code(1);
    rig.write("changed.txt", "edited")
        .write("new.txt", "n")
        .remove("gone.txt");
    rig
}

#[test]
fn what_was_sent_is_told_with_its_name_and_address_on_box() {
    let rig = motley();
    let requests = rig.cloud.total_requests();
    let synced = check(&rig, "mirror/synced.txt", ["synced", "file", ""]);
    let id = rig.entry("synced.txt").id;
    assert_eq!(synced["box"]["id"], id.as_str(), "{synced}");
    assert_eq!(synced["box"]["name"], "synced.txt", "{synced}");
    assert_eq!(
        synced["box"]["url"],
        format!("https://app.box.com/file/{id}"),
        "{synced}"
    );
    check(&rig, "mirror/changed.txt", ["changed", "file", ""]);
    let new = check(&rig, "mirror/new.txt", ["pending", "file", ""]);
    assert_eq!(
        (&new["box"], &new["box_name"]),
        (&Value::Null, &"new.txt".into())
    );
    let gone = check(&rig, "mirror/gone.txt", ["gone", "", ""]);
    assert!(gone["box"]["id"].is_string(), "{gone}");
    check(&rig, "mirror/nowhere/at/all", ["absent", "", ""]);
    let dir = check(&rig, "mirror/sub", ["synced", "directory", ""]);
    assert_eq!(dir["box"]["kind"], "folder", "{dir}");
    let root = check(&rig, "mirror", ["synced", "directory", ""]);
    assert_eq!(root["box"]["id"], rig.folder.as_str(), "{root}");
    // Whole paths work as well, and those from where one is.
    let whole = rig.path("synced.txt");
    let whole = explain(&rig, whole.to_str().expect("text"));
    assert_eq!(whole["path"], "synced.txt", "{whole}");
    assert_eq!(rig.cloud.total_requests(), requests, "Box was asked");
}

#[test]
fn what_is_left_out_is_told_with_its_rule() {
    let rig = motley();
    let out = check(&rig, "mirror/a.tmp", ["excluded", "file", "rule"]);
    assert_eq!(out["rule"]["origin"], "exclude", "{out}");
    assert_eq!(
        out["rule"]["file"],
        rig.config.file.to_string_lossy().as_ref(),
        "{out}"
    );
    assert!(out["rule"]["line"].is_u64(), "{out}");
    let kept = check(&rig, "mirror/wanted.tmp", ["synced", "file", ""]);
    assert_eq!(kept["rule"]["pattern"], "wanted.tmp", "{kept}");
    let deep = check(
        &rig,
        "mirror/sub/hidden/deep/f",
        ["excluded", "file", "rule"],
    );
    assert_eq!(deep["rule"]["file"], "sub/.boxupignore", "{deep}");
    assert_eq!(deep["rule"]["line"], 2, "{deep}");
    assert_eq!(deep["excluded"]["directory"], "sub/hidden", "{deep}");
    check(&rig, "mirror/sub/hidden", ["excluded", "directory", "rule"]);
    check(&rig, "mirror/large", ["excluded", "file", "too_large"]);
    check(&rig, "mirror/pipe", ["excluded", "other", "special_file"]);
    check(&rig, "mirror/link", ["excluded", "other", "symbolic_link"]);
}

#[test]
fn what_waits_is_told_with_the_last_error_and_the_next_try() {
    let rig = motley();
    let differs = check(
        &rig,
        "mirror/differs.txt",
        ["parked", "file", "differs_on_box"],
    );
    assert!(
        differs["next"].to_string().contains("boxup resolve"),
        "{differs}"
    );
    let refused = check(&rig, "mirror/refused.txt", ["parked", "file", REFUSED]);
    let message = refused["error"]["message"].as_str().expect("a sentence");
    assert!(message.contains("403") && message.len() > 60, "{refused}");
    assert!(
        refused["next"].to_string().contains("sync --once"),
        "{refused}"
    );
    check(
        &rig,
        "mirror/back\\slash",
        ["parked", "file", "name_invalid"],
    );
}

#[test]
fn a_path_in_no_mirror_is_a_wrong_command_line() {
    let rig = Rig::new();
    for args in [
        &["explain", "/nowhere"][..],
        &["explain", "/nowhere", "--json"],
    ] {
        let run = rig.run(args);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(
            run.stderr.contains("is in no mirror; there is mirror"),
            "{run:?}"
        );
    }
    assert!(!rig.state().exists(), "it left something behind");
    // Before anything was mirrored it works as well.
    rig.write("a", "a");
    check(&rig, "mirror/a", ["pending", "file", ""]);
    assert!(!rig.state().exists(), "it left something behind");
}

#[test]
fn a_file_that_is_too_young_or_whose_rules_cannot_be_read_is_told_so() {
    let rig = Rig::new().mirror_key("min_age = \"1h\"");
    rig.write("young", "y")
        .write("sub/f", "f")
        .mkdir("sub/.boxupignore");
    check(&rig, "mirror/young", ["excluded", "file", "too_young"]);
    let unknown = check(&rig, "mirror/sub/f", ["unreadable", "unreadable", ""]);
    let message = unknown["local"]["message"].to_string();
    assert!(message.contains(".boxupignore"), "{unknown}");
}

#[test]
fn with_a_service_it_tells_what_only_that_knows() {
    let rig = Rig::new();
    rig.write("a.txt", "a").write("f.txt", "f");
    let fault = Fault::on("post_files_content").name("f.txt").forever();
    rig.cloud.inject(fault.status(503, "unavailable"));
    let service = rig.start();
    rig.expect_arrival("a.txt", "a");
    until("it is recorded", || {
        explain(&rig, "mirror/a.txt")["state"] == "synced"
    });
    // It is tried again and again, and then given up for some minutes.
    until("it is given up", || {
        explain(&rig, "mirror/f.txt")["state"] == "failed"
    });
    let failed = check(&rig, "mirror/f.txt", ["failed", "file", "unavailable"]);
    assert!(
        failed["error"]["message"].to_string().contains("503"),
        "{failed}"
    );
    rig.cloud.clear_faults();
    service.wait_ok(&rig);
    check(&rig, "mirror/f.txt", ["synced", "file", ""]);
    service.end();
}

#[test]
fn what_a_link_leads_to_is_told_where_links_are_followed() {
    let rig = Rig::new().mirror_key("symlinks = \"follow\"");
    rig.write("file", "f").write("dir/g", "g");
    for (target, link) in [("file", "to_file"), ("dir", "to_dir"), ("no", "to_nothing")] {
        std::os::unix::fs::symlink(target, rig.local().join(link)).expect("a link");
    }
    rig.once_ok();
    check(&rig, "mirror/to_file", ["synced", "file", ""]);
    check(&rig, "mirror/to_dir", ["synced", "directory", ""]);
    let broken = check(
        &rig,
        "mirror/to_nothing",
        ["excluded", "other", "symbolic_link"],
    );
    assert_eq!(broken["next"], "nothing: what it is now is never mirrored");
}

#[test]
fn what_lies_in_a_directory_that_waits_waits_with_it() {
    let rig = Rig::new();
    rig.write("a\\b/deep/f", "f").once().expect_code(1);
    let told = check(
        &rig,
        "mirror/a\\b/deep/f",
        ["parked", "file", "name_invalid"],
    );
    let message = told["error"]["message"].as_str().unwrap_or_default();
    assert!(message.starts_with("its directory a\\b waits: "), "{told}");
}
