//! What stays at home, and by which rule: named, never removed from Box, and mirrored
//! again as the same file when the rule has gone.

use crate::rig::{Child, Rig, Run, other_clock, until};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;

const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55";

fn told<'a>(run: &'a Run, path: &str) -> &'a Value {
    let event = run.events.iter().find(|event| event["path"] == path);
    event.unwrap_or_else(|| panic!("{path} was not told: {run}"))
}

#[test]
fn leftovers_of_programs_stay_at_home_unless_they_are_wanted() {
    let rig = Rig::new();
    for path in [
        ".DS_Store",
        "sub/Thumbs.db",
        "~$a.docx",
        ".~lock.a.odt#",
        ".a.txt.swp",
        "film.part",
    ] {
        rig.write(path, "leftover");
    }
    rig.write("a.txt~", "kept").write(".bashrc", "kept");
    let run = rig.once_ok();
    run.expect(&[("uploaded", 2), ("excluded", 6)]);
    rig.expect_counts_add_up(&run);
    let event = told(&run, "sub/Thumbs.db");
    assert_eq!(event["rule"]["origin"], "built_in", "{event}");
    assert_eq!(event["rule"]["pattern"], "Thumbs.db", "{event}");
    let rig = rig.mirror_key("include = [\"*.part\"]");
    let run = rig.once_ok();
    run.expect(&[("uploaded", 1), ("unchanged", 2), ("excluded", 5)]);
    let rig = rig.mirror_key("default_excludes = false");
    rig.once_ok().expect(&[("uploaded", 5), ("unchanged", 3)]);
    rig.expect_same_as_disk();
}

#[test]
fn the_rule_that_decides_is_named_with_its_file_and_line() {
    let rig = Rig::new().exclude(&["nothing", "*.tmp"]);
    rig.write("a.tmp", "a").write("sub/b.log", "b");
    rig.write("sub/.boxupignore", "# logs\n*.log\n");
    let run = rig.once_ok();
    run.expect(&[("uploaded", 1), ("excluded", 2)]);
    let config = rig.config.file.to_string_lossy().into_owned();
    let text = std::fs::read_to_string(&rig.config.file).expect("read");
    let line = 1 + text
        .lines()
        .position(|line| line.starts_with("exclude"))
        .expect("it is there");
    let event = told(&run, "a.tmp");
    assert_eq!(event["rule"]["file"], config.as_str(), "{event}");
    assert_eq!(event["rule"]["line"], line, "{event}");
    let message = event["message"].as_str().expect("a sentence");
    assert!(
        message.contains(&format!("exclude, {config}:{line}")),
        "{event}"
    );
    let event = told(&run, "sub/b.log");
    assert_eq!(event["rule"]["file"], "sub/.boxupignore", "{event}");
    assert_eq!(event["rule"]["line"], 2, "{event}");
}

#[test]
fn boxupignore_files_hold_for_what_is_below_them_and_the_deepest_decides() {
    let rig = Rig::new();
    rig.write(".boxupignore", "*.log\n/only-at-the-top\n")
        .write("a.log", "a")
        .write("only-at-the-top", "x")
        .write("sub/only-at-the-top", "x")
        .write("sub/b.log", "b")
        .write("sub/deep/.boxupignore", "!*.log\nbuild/\n")
        .write("sub/deep/c.log", "c")
        .write("sub/deep/lower/d.log", "d")
        .write("sub/deep/lower/build/e.log", "e")
        .write("build/f", "f");
    let run = rig.once_ok();
    run.expect(&[("uploaded", 6), ("excluded", 4)]);
    rig.expect_box([
        ".boxupignore: *.log\n/only-at-the-top\n",
        "sub/",
        "sub/only-at-the-top: x",
        "sub/deep/",
        "sub/deep/.boxupignore: !*.log\nbuild/\n",
        "sub/deep/c.log: c",
        "sub/deep/lower/",
        "sub/deep/lower/d.log: d",
        "build/",
        "build/f: f",
    ]);
    rig.cloud.clear_requests();
    let again = rig.once_ok();
    again.expect(&[("unchanged", 6), ("excluded", 4), ("requests", 0)]);
}

#[test]
fn a_line_that_is_no_pattern_is_told_once_and_the_others_hold() {
    let rig = Rig::new().configured(|config| config.watch.push("rescan = \"1s\"".into()));
    rig.write("sub/.boxupignore", "*.log\n[z-a]\n*.tmp\n")
        .write("sub/a.log", "a")
        .write("sub/b.tmp", "b")
        .write("sub/c.txt", "c");
    let run = rig.once_ok();
    run.expect(&[("uploaded", 2), ("excluded", 2)]);
    assert!(
        run.stderr.contains("sub/.boxupignore:2: \"[z-a]\""),
        "{run}"
    );
    let service = rig.start();
    service.wait_ok(&rig);
    service.wait_ok(&rig);
    let run = service.term();
    assert_eq!(run.stderr.matches("[z-a]").count(), 1, "{run}");
}

#[test]
fn a_directory_whose_rules_cannot_be_read_is_left_alone() {
    let rig = Rig::new();
    rig.write("sub/.boxupignore", "secret\n")
        .write("sub/secret", "canary")
        .write("sub/low/secret", "canary")
        .write("beside", "x");
    let sync = ["sync", "--once", "--json"];
    if rig.command_as_nobody(&sync).is_none() {
        return;
    }
    let mode = |mode| {
        let path = rig.path("sub/.boxupignore");
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("set");
    };
    mode(0o000);
    let command = rig.command_as_nobody(&sync).expect("it worked before");
    let run = Run::of(Child::start(command).finish());
    run.expect_code(1);
    run.expect(&[("uploaded", 1), ("failed", 1)]);
    let failed = run.events.iter().rfind(|event| event["path"] == "sub");
    let message = failed.expect("it was told")["message"].to_string();
    assert!(
        message.contains(".boxupignore") && message.contains("ermission"),
        "{message}"
    );
    rig.expect_box(["beside: x", "sub/"]);
    mode(0o644);
    let command = rig.command_as_nobody(&sync).expect("it worked before");
    let run = Run::of(Child::start(command).finish());
    run.expect_code(0);
    run.expect(&[("uploaded", 1), ("unchanged", 1), ("excluded", 2)]);
    rig.expect_box([
        "beside: x",
        "sub/",
        "sub/.boxupignore: secret\n",
        "sub/low/",
    ]);
}

/// Anything but a regular file is nothing that rules are read from.
#[test]
fn rules_that_become_readable_are_followed_without_being_told() {
    let rig = Rig::new();
    rig.write("beside", "x")
        .write("sub/a.log", "a")
        .write("sub/a.txt", "a");
    rig.mkdir("sub/.boxupignore");
    let service = rig.start();
    let (code, answer) = service.wait(&rig);
    assert_eq!(code, 1, "{answer}");
    let left = answer["left"].as_array().expect("a list");
    assert!(left.len() == 1 && left[0]["path"] == "sub", "{answer}");
    assert!(
        left[0]["message"].to_string().contains(".boxupignore"),
        "{answer}"
    );
    rig.expect_box(["beside: x", "sub/"]);
    rig.shell("rmdir sub/.boxupignore; echo '*.log' > sub/.boxupignore");
    rig.expect_arrival("sub/a.txt", "a");
    service.wait_ok(&rig);
    rig.expect_box([
        "beside: x",
        "sub/",
        "sub/.boxupignore: *.log\n",
        "sub/a.txt: a",
    ]);
    service.end();
    // At the top it is the whole mirror that stands still.
    rig.mkdir("top").rename("top", ".boxupignore");
    let run = rig.once();
    run.expect_code(3);
    let halted = run.summary["halted"][0]["message"].to_string();
    assert!(
        halted.contains(".boxupignore") && halted.contains("remove it"),
        "{run}"
    );
}

/// A rule that hides what was mirrored removes nothing, here and there, whatever is done
/// about what is deleted; and when it goes, the files go on with their IDs.
#[test]
fn a_thousand_files_that_a_rule_hides_stay_on_box_and_in_the_mapping() {
    let rig = Rig::new().mirror_key("on_local_delete = \"trash\"");
    for number in 0..1_000 {
        let path = format!("d{}/f{number}.csv", number % 10);
        rig.write(&path, format!("{number}"));
    }
    rig.write("kept.txt", "kept").once_ok();
    let (rows, ids) = (rig.rows(), rig.cloud.tree(&rig.folder));
    rig.write(".boxupignore", "*.csv\n");
    let run = rig.once_ok();
    run.expect(&[("uploaded", 1), ("unchanged", 1), ("excluded", 1_000)]);
    rig.write(".boxupignore", "d*/\n");
    rig.once_ok()
        .expect(&[("new_versions", 1), ("unchanged", 1), ("excluded", 10)]);
    // Long enough for whatever is missing to be taken for deleted.
    if let Some(command) = rig.command_at("+5m", &["sync", "--once", "--json"]) {
        Run::of(Child::start(command).finish()).expect_code(0);
    }
    for operation in [
        "delete_files_id",
        "delete_folders_id",
        "put_files_id",
        "put_folders_id",
    ] {
        assert_eq!(rig.calls(operation), 0, "{operation}");
    }
    let now = rig.rows();
    let files = rows.iter().filter(|row| row.starts_with("file "));
    let stayed = files.filter(|row| now.contains(row)).count();
    assert!(stayed >= 1_000, "{stayed} rows are as they were");
    // The rule goes; what changed meanwhile is a version of the same file.
    rig.write(".boxupignore", "").write("d3/f3.csv", "another");
    let run = rig.once_ok();
    run.expect(&[("new_versions", 2), ("unchanged", 1_000)]);
    for before in &ids {
        assert_eq!(rig.entry(&before.path).id, before.id, "{}", before.path);
    }
}

#[test]
fn the_service_follows_a_change_of_the_rules_without_being_told() {
    let rig = Rig::new();
    rig.write("sub/.boxupignore", "*.log\nlow/\n")
        .write("sub/a.log", "a")
        .write("sub/low/b.txt", "b");
    let service = rig.start();
    service.wait_ok(&rig);
    rig.expect_box(["sub/", "sub/.boxupignore: *.log\nlow/\n"]);
    rig.write("sub/.boxupignore", "");
    rig.expect_arrival("sub/a.log", "a")
        .expect_arrival("sub/low/b.txt", "b");
    // What was left out is watched from now on.
    rig.write("sub/low/b.txt", "edited");
    rig.expect_arrival("sub/low/b.txt", "edited");
    // And what is left out from now on stays as it is.
    rig.write("sub/.boxupignore", "*.log\n");
    rig.expect_arrival("sub/.boxupignore", "*.log\n");
    rig.write("sub/a.log", "edited").write("sub/mark", "m");
    rig.expect_arrival("sub/mark", "m");
    service.wait_ok(&rig);
    assert!(rig.has("sub/a.log", "a"));
    rig.remove("sub/.boxupignore");
    rig.expect_arrival("sub/a.log", "edited");
    service.wait_ok(&rig);
    service.end();
}

#[test]
fn hidden_and_large_files_and_caches_stay_at_home_unless_they_are_included() {
    let rig = Rig::new();
    rig.write(".env", "e")
        .write(".config/x", "x")
        .write("large.iso", "0123456789A")
        .write("wanted.iso", "0123456789A")
        .write("just.iso", "0123456789")
        .write("cache/CACHEDIR.TAG", TAG)
        .write("cache/deep/x", "x")
        .write("kept/CACHEDIR.TAG", TAG)
        .write("no-cache/CACHEDIR.TAG", "what is this?");
    let rig = rig
        .mirror_key("skip_hidden = true")
        .mirror_key("max_size = \"10 B\"")
        .mirror_key("include = [\"wanted.iso\", \".env\", \"kept/\", \"CACHEDIR.TAG\"]");
    let run = rig.once_ok();
    for (path, expected) in [
        (".config", "excluded hidden"),
        ("large.iso", "excluded too_large"),
        ("cache", "excluded cache"),
    ] {
        run.expect_event(path, expected);
    }
    run.expect(&[("uploaded", 5), ("excluded", 3)]);
    let rig = rig.configured(|config| {
        config.mirrors[0].retain(|line| !line.starts_with("skip_hidden"));
        config.mirrors[0].retain(|line| !line.starts_with("max_size"));
        config.mirrors[0].push("cachedir_tag = false".to_owned());
    });
    rig.once_ok().expect(&[("uploaded", 4), ("unchanged", 5)]);
    rig.expect_same_as_disk();
}

/// The age is that of the last modification, so it can be set.
#[test]
fn a_file_that_is_too_young_waits_until_it_is_old_enough() {
    let rig = Rig::new().mirror_key("min_age = \"1h\"");
    rig.write("young", "y")
        .write("old", "o")
        .write("future", "f");
    rig.shell("touch -d '2 hours ago' old; touch -d '2 hours' future");
    let run = rig.once_ok();
    run.expect(&[("uploaded", 2), ("excluded", 1)]);
    run.expect_event("young", "excluded too_young");
    rig.write("old", "edited");
    let run = rig.once_ok();
    run.expect(&[("unchanged", 1), ("excluded", 2)]);
    if other_clock("+61m").is_none() {
        return;
    }
    let command = rig
        .command_at("+61m", &["sync", "--once", "--json"])
        .expect("there is one");
    let run = Run::of(Child::start(command).finish());
    run.expect_code(0);
    run.expect(&[("uploaded", 1), ("new_versions", 1), ("unchanged", 1)]);
    rig.expect_same_as_disk();
}

#[test]
fn the_service_comes_back_for_a_file_when_it_is_old_enough() {
    let rig = Rig::new().mirror_key("min_age = \"4s\"");
    rig.write("a", "a");
    let mut service = rig.start();
    service.told("it is too young", |event| {
        event["path"] == "a" && event["reason"] == "too_young"
    });
    rig.expect_arrival("a", "a");
    until("it is told", || {
        service
            .events()
            .iter()
            .any(|event| event["event"] == "uploaded")
    });
    service.wait_ok(&rig);
    service.end();
}
