//! `--dry-run` tells what `--once` then does, and writes nothing anywhere.

use crate::rig::{Rig, Run};
use std::collections::BTreeMap;
use std::os::unix::fs::symlink;

const SAME: [&str; 10] = [
    "scanned",
    "uploaded",
    "new_versions",
    "adopted",
    "unchanged",
    "excluded",
    "parked",
    "failed",
    "folders_created",
    "folders_adopted",
];

/// Runs it dry, checks that nothing was written, and then in earnest.
#[track_caller]
fn foretells(rig: &Rig) -> Run {
    let (state, writes, tree) = (files(rig), rig.writes(), rig.cloud.tree(&rig.folder));
    let dry = rig.sync(&["--once", "--dry-run"]);
    let now = files(rig);
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&now), names(&state));
    assert!(now == state, "the state directory was written to");
    assert_eq!(
        (rig.writes(), rig.cloud.tree(&rig.folder)),
        (writes, tree),
        "{dry}"
    );
    assert_eq!(dry.summary["dry_run"], true, "{dry}");
    let wet = rig.once();
    for key in SAME {
        assert_eq!(
            dry.count(key),
            wet.count(key),
            "{key}\nwould: {dry}\ndid: {wet}"
        );
    }
    // What is refused on the way counts as sent.
    assert!(
        dry.count("bytes_sent") <= wet.count("bytes_sent"),
        "{dry}{wet}"
    );
    assert_eq!(dry.code, wet.code, "would: {dry}\ndid: {wet}");
    let told = |run: &Run| {
        let mut told: Vec<String> = run
            .events
            .iter()
            .filter(|event| event["path"].is_string())
            .map(|event| format!("{} {} {}", event["path"], event["event"], event["reason"]))
            .collect();
        told.sort();
        told
    };
    assert_eq!(told(&dry), told(&wet));
    wet
}

fn files(rig: &Rig) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(rig.state()) else {
        return BTreeMap::new();
    };
    let content = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.expect("listed").path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        (path.to_string_lossy().into_owned(), bytes)
    };
    // SQLite's index of its log is rebuilt by whoever reads, after a run that was killed.
    let is_kept = |(name, _): &(String, Vec<u8>)| !name.ends_with("-shm");
    entries.map(content).filter(is_kept).collect()
}

#[test]
fn a_first_pass_is_foretold() {
    let rig = Rig::new().exclude(&["*.tmp", "cache/"]);
    rig.write("a.txt", "a")
        .write("sub/deep/b.txt", "bb")
        .mkdir("empty");
    rig.write("x.tmp", "x")
        .write("cache/1", "1")
        .write("back\\slash", "b");
    rig.write("Twin", "one").write("twin", "two");
    symlink("a.txt", rig.path("link")).expect("linked");
    rig.cloud.put_file(&rig.folder, "same.txt", b"same");
    rig.cloud.put_file(&rig.folder, "other.txt", b"theirs");
    rig.cloud.put_file(&rig.folder, "there/same.txt", b"same");
    rig.cloud.make_folder(&rig.folder, "taken");
    rig.write("same.txt", "same")
        .write("other.txt", "ours")
        .write("there/same.txt", "same");
    rig.write("there/new.txt", "new").write("taken", "file");
    let run = foretells(&rig);
    run.expect_code(1);
    assert!(
        run.count("parked") == 3 && run.count("adopted") == 2,
        "{run}"
    );
}

#[test]
fn no_state_directory_is_made() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    rig.sync(&["--once", "--dry-run"]).expect_code(0);
    assert!(!rig.state().exists());
    // Without --once it is one pass all the same.
    rig.sync(&["--dry-run"]).expect_code(0);
    assert!(!rig.state().exists());
}

#[test]
fn a_folder_path_that_is_missing_is_foretold_and_not_made() {
    let rig = Rig::new().folder_path("/Not/Yet");
    rig.write("a.txt", "a").write("sub/b.txt", "b");
    let dry = rig.sync(&["--once", "--dry-run"]);
    dry.expect_code(0);
    dry.expect(&[("uploaded", 2)]);
    assert_eq!(rig.writes(), 0);
    let root = rig.cloud.tree("0");
    assert!(root.iter().all(|entry| entry.path != "Not"), "{root:?}");
}

#[test]
fn later_passes_are_foretold() {
    let rig = Rig::new();
    for name in [
        "edit", "touch", "keep", "remote", "renamed", "gone", "sub/edit",
    ] {
        rig.write(name, "one");
    }
    rig.once_ok();
    foretells(&rig).expect(&[("unchanged", 7)]);
    rig.write("edit", "two")
        .write("sub/edit", "two")
        .touch("touch");
    rig.write("new", "new").write("sub/newdir/new", "new");
    rig.cloud.put_file(&rig.folder, "remote", b"theirs");
    rig.cloud.rename(&rig.entry("renamed").id, "otherwise");
    rig.cloud.trash(&rig.entry("gone").id);
    rig.write("remote", "ours")
        .write("renamed", "two")
        .write("gone", "two");
    rig.cloud.put_file(&rig.folder, "appeared", b"theirs");
    rig.write("appeared", "ours");
    let run = foretells(&rig);
    run.expect_code(1);
    run.expect_event("remote", "parked changed_on_box");
    run.expect_event("gone", "parked gone_from_box");
    run.expect_event("renamed", "new_version");
}

#[test]
fn the_conditional_is_used_for_people() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let told = rig.run(&["sync", "--once", "--dry-run"]);
    assert!(told.stdout.contains("would"), "{told:?}");
    assert!(told.stdout.contains("a.txt"), "{told:?}");
}
