//! Names that something else has: on Box, or beside it on the disk.

use crate::rig::{PATIENCE, Rig, Run};
use box_emulator::{Effect, Fault};

#[test]
fn a_folder_or_a_web_link_of_that_name_parks_the_file() {
    let rig = Rig::new();
    rig.cloud.make_folder(&rig.folder, "report");
    rig.cloud.put_web_link(&rig.folder, "link");
    rig.write("report", "file")
        .write("link", "file")
        .write("fine", "fine");
    for round in 0..2 {
        let run = rig.once();
        run.expect_code(1);
        assert_eq!(run.count("parked"), 2, "{round}: {run}");
        run.expect_event("report", "parked name_taken");
        run.expect_event("link", "parked name_taken");
    }
    rig.expect_box(["report/", "link (web link)", "fine: fine"]);
}

#[test]
fn a_file_or_a_web_link_of_that_name_parks_the_directory() {
    let rig = Rig::new();
    rig.cloud.put_file(&rig.folder, "sub", b"file");
    rig.cloud.put_web_link(&rig.folder, "link");
    rig.write("sub/a.txt", "a")
        .write("link/b.txt", "b")
        .write("fine", "fine");
    let run = rig.once();
    run.expect_code(1);
    run.expect_event("sub", "parked name_taken");
    run.expect_event("link", "parked name_taken");
    rig.expect_box(["sub: file", "link (web link)", "fine: fine"]);
}

#[test]
fn names_that_appear_after_the_folder_was_compared_are_noticed_too() {
    let rig = Rig::new();
    rig.write("first", "first").once_ok();
    rig.cloud.make_folder(&rig.folder, "FOLDER");
    rig.cloud.put_web_link(&rig.folder, "link");
    rig.cloud.put_file(&rig.folder, "same", b"same");
    rig.cloud.put_file(&rig.folder, "other", b"theirs");
    rig.cloud.put_file(&rig.folder, "dir", b"file");
    rig.write("folder", "x")
        .write("link", "x")
        .write("same", "same");
    rig.write("other", "ours").write("dir/x", "x");
    let run = rig.once();
    run.expect_code(1);
    run.expect_event("folder", "parked name_taken");
    run.expect_event("link", "parked name_taken");
    run.expect_event("same", "adopted");
    run.expect_event("other", "new_version");
    run.expect_event("dir", "parked name_taken");
    rig.expect_versions("other", &["theirs", "ours"]);
    rig.expect_versions("same", &["same"]);
}

#[test]
fn twins_but_for_case_never_overwrite_each_other() {
    let rig = Rig::new();
    rig.write("a.txt", "lower").write("A.txt", "upper");
    rig.write("dir/x", "x")
        .write("DIR/y", "y")
        .write("Dir", "file");
    rig.write("caf\u{e9}", "composed")
        .write("cafe\u{301}", "decomposed");
    let run = rig.once();
    run.expect_code(1);
    let parked = run.events.iter().filter(|event| event["event"] == "parked");
    assert!(
        parked.clone().all(|event| event["reason"] == "case_twin"),
        "{run}"
    );
    let names = rig.names();
    for name in ["a.txt", "dir", "caf\u{e9}"] {
        let same = |other: &&String| other.to_lowercase() == name;
        assert_eq!(names.iter().filter(same).count(), 1, "{names:?}");
    }
    // Stable: the same ones again, and nothing is written.
    let (first, writes) = (rig.cloud.tree(&rig.folder), rig.writes());
    let again = rig.once();
    assert_eq!(again.count("parked"), run.count("parked"), "{again}");
    assert_eq!((rig.cloud.tree(&rig.folder), rig.writes()), (first, writes));
}

#[test]
fn a_twin_that_comes_later_waits_until_it_is_renamed() {
    let rig = Rig::new();
    rig.write("a.txt", "first").once_ok();
    rig.write("A.TXT", "second");
    let run = rig.once();
    run.expect_code(1);
    run.expect(&[("unchanged", 1), ("parked", 1)]);
    run.expect_event("A.TXT", "parked case_twin");
    rig.expect_versions("a.txt", &["first"]);
    rig.rename("A.TXT", "b.txt");
    rig.once_ok().expect(&[("unchanged", 1), ("uploaded", 1)]);
    rig.expect_same_as_disk();
}

#[test]
fn a_rename_in_case_alone_keeps_the_file() {
    let rig = Rig::new();
    rig.write("a.txt", "one").once_ok();
    let id = rig.entry("a.txt").id;
    rig.rename("a.txt", "A.txt").write("A.txt", "two");
    let run = rig.once();
    let tree = rig.cloud.tree(&rig.folder);
    assert_eq!(tree.len(), 1, "{tree:?}");
    assert_eq!(tree[0].id, id, "{run}");
}

/// Between preflight and upload a colleague makes a file of the same name.
#[test]
fn a_name_taken_between_preflight_and_upload_is_decided_like_any_other() {
    for (theirs, event, versions) in [
        ("ours", "adopted", vec!["ours"]),
        ("theirs", "new_version", vec!["theirs", "ours"]),
    ] {
        let rig = Rig::new();
        rig.write("a.txt", "ours");
        rig.cloud
            .inject(Fault::on("post_files_content").effect(Effect::HoldBefore));
        let run = rig.begin();
        assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
        rig.cloud.put_file(&rig.folder, "a.txt", theirs.as_bytes());
        rig.cloud.release_holds();
        let run = Run::of(run.finish());
        run.expect_code(0);
        run.expect_event("a.txt", event);
        rig.expect_versions("a.txt", &versions);
        assert_eq!(rig.cloud.count_status("post_files_content", 409), 1);
    }
}

#[test]
fn a_folder_made_by_somebody_in_between_is_adopted() {
    let rig = Rig::new();
    rig.write("sub/a.txt", "ours").write("first", "x").once_ok();
    rig.cloud.make_folder(&rig.folder, "late");
    rig.cloud
        .put_file(&rig.folder, "late/theirs.txt", b"theirs");
    rig.write("late/ours.txt", "ours");
    rig.once_ok().expect(&[("uploaded", 1), ("unchanged", 2)]);
    rig.expect_box([
        "sub/",
        "sub/a.txt: ours",
        "first: x",
        "late/",
        "late/ours.txt: ours",
        "late/theirs.txt: theirs",
    ]);
}

#[test]
fn a_leading_space_is_left_to_box_to_judge() {
    let rig = Rig::new();
    rig.write(" leading", "x").write("fine", "fine");
    let run = rig.once();
    run.expect_code(1);
    let event = run.expect_event(" leading", "parked item_name_invalid");
    assert!(event["message"].to_string().contains("request"), "{event}");
    rig.expect_box(["fine: fine"]);
    let lenient = Rig::with(|builder| builder.refuse_leading_space(false));
    lenient.write(" leading", "x").once_ok();
    lenient.expect_box([" leading: x"]);
}
