//! `keep_both`: theirs is not touched, and ours goes beside it as a file of its own.

use crate::rig::{PATIENCE, Rig, Run, sha1};
use box_emulator::{Effect, Fault};

const EXISTING: &str = "on_existing = \"keep_both\"";
const CHANGED: &str = "on_remote_change = \"keep_both\"";

fn both() -> Rig {
    Rig::new().mirror_key(EXISTING).mirror_key(CHANGED)
}

#[test]
fn a_strangers_file_stays_and_ours_goes_beside_it() {
    let rig = both();
    // The same size and another one: both ways of finding out.
    let id = rig.cloud.put_file(&rig.folder, "a.txt", b"them");
    rig.cloud.put_file(&rig.folder, "b", b"longer than ours");
    rig.write("a.txt", "ours").write("b", "ours");
    let run = rig.once_ok();
    run.expect(&[("uploaded", 2)]);
    assert_eq!(run.event("a.txt")["name"], "a (boxup).txt");
    rig.expect_box([
        "a.txt: them",
        "a (boxup).txt: ours",
        "b: longer than ours",
        "b (boxup): ours",
    ]);
    rig.cloud.clear_requests();
    rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
    // From now on it is ours, whatever happens to theirs.
    rig.cloud.put_file(&rig.folder, "a.txt", b"them again");
    rig.write("a.txt", "ours again").once_ok();
    rig.expect_versions("a (boxup).txt", &["ours", "ours again"]);
    assert_eq!(rig.entry("a.txt").id, id);
    rig.expect_versions("a.txt", &["them", "them again"]);
}

#[test]
fn our_file_that_somebody_changed_stays_theirs() {
    let rig = both();
    rig.write("a.txt", "one").once_ok();
    let id = rig.entry("a.txt").id;
    rig.cloud.put_file(&rig.folder, "a.txt", b"theirs");
    rig.write("a.txt", "two")
        .once_ok()
        .expect(&[("uploaded", 1)]);
    rig.expect_box(["a.txt: theirs", "a (boxup).txt: two"]);
    assert_eq!(rig.entry("a.txt").id, id);
    rig.write("a.txt", "three")
        .once_ok()
        .expect(&[("new_versions", 1)]);
    rig.expect_versions("a (boxup).txt", &["two", "three"]);
    rig.expect_versions("a.txt", &["one", "theirs"]);
    // They edit ours as well: one more.
    rig.cloud
        .put_file(&rig.folder, "a (boxup).txt", b"theirs too");
    rig.write("a.txt", "four").once_ok();
    rig.expect_box([
        "a.txt: theirs",
        "a (boxup).txt: theirs too",
        "a (boxup 2).txt: four",
    ]);
}

#[test]
fn without_its_state_a_run_finds_ours_beside_theirs_and_sends_nothing() {
    let rig = both();
    rig.cloud.put_file(&rig.folder, "a.txt", b"theirs");
    rig.cloud.put_file(&rig.folder, "sub/b.txt", b"theirs");
    rig.write("a.txt", "ours")
        .write("sub/b.txt", "ours too")
        .once_ok();
    let before = rig.names();
    std::fs::remove_dir_all(rig.state()).expect("removed");
    let run = rig.once_ok();
    run.expect(&[("adopted", 2), ("bytes_sent", 0)]);
    assert_eq!(rig.names(), before);
    rig.write("a.txt", "ours, later").once_ok();
    rig.expect_versions("a (boxup).txt", &["ours", "ours, later"]);
}

#[test]
fn a_name_beside_theirs_that_others_have_is_passed_by_and_our_content_is_adopted() {
    let rig = both();
    for name in ["a.txt", "a (boxup).txt", "b.txt", "b (boxup 2).txt"] {
        rig.cloud.put_file(&rig.folder, name, b"theirs");
    }
    rig.cloud.make_folder(&rig.folder, "B (BOXUP).TXT");
    rig.cloud.put_file(&rig.folder, "a (boxup 2).txt", b"ours");
    rig.write("a.txt", "ours").write("b.txt", "ours");
    let run = rig.once_ok();
    run.expect(&[("adopted", 1), ("uploaded", 1)]);
    assert_eq!(run.event("b.txt")["name"], "b (boxup 3).txt");
    rig.expect_versions("a (boxup 2).txt", &["ours"]);
}

#[test]
fn a_local_file_of_that_name_has_a_place_of_its_own() {
    let rig = both();
    rig.cloud.put_file(&rig.folder, "a.txt", b"theirs");
    rig.write("a.txt", "one").write("a (boxup).txt", "other");
    rig.once_ok();
    rig.once_ok().expect(&[("unchanged", 2)]);
    rig.write("a.txt", "two")
        .write("a (boxup).txt", "other two");
    rig.once_ok().expect(&[("new_versions", 2)]);
    let contents: Vec<_> = rig.cloud.tree(&rig.folder);
    let count = |content: &str| {
        let wanted = sha1(content.as_bytes());
        contents
            .iter()
            .filter(|entry| entry.sha1.as_ref() == Some(&wanted))
            .count()
    };
    assert_eq!(
        (contents.len(), count("two"), count("other two")),
        (3, 1, 1)
    );
    rig.expect_versions("a.txt", &["theirs"]);
}

#[test]
fn a_trashed_file_is_uploaded_anew() {
    let rig = both();
    rig.write("a.txt", "one").write("b.txt", "one").once_ok();
    let (a, b) = (rig.entry("a.txt").id, rig.entry("b.txt").id);
    rig.cloud.trash(&a);
    rig.cloud.trash(&b);
    // Somebody has put another one in its place.
    rig.cloud.put_file(&rig.folder, "b.txt", b"theirs");
    rig.write("a.txt", "two").write("b.txt", "two");
    rig.once_ok().expect(&[("uploaded", 2)]);
    rig.expect_box(["a.txt: two", "b.txt: theirs", "b (boxup).txt: two"]);
    assert!(rig.cloud.is_trashed(&a) && rig.cloud.is_trashed(&b));
}

#[test]
fn a_file_that_was_renamed_and_changed_on_box_leaves_our_name_free() {
    let rig = both();
    rig.write("a.txt", "one").once_ok();
    let id = rig.entry("a.txt").id;
    rig.cloud.rename(&id, "theirs.txt");
    rig.cloud.put_file(&rig.folder, "theirs.txt", b"theirs");
    rig.write("a.txt", "two")
        .once_ok()
        .expect(&[("uploaded", 1)]);
    rig.expect_box(["a.txt: two", "theirs.txt: theirs"]);
    assert_ne!(rig.entry("a.txt").id, id);
}

#[test]
fn folders_and_links_in_the_way_stay_too() {
    let rig = both();
    rig.cloud.make_folder(&rig.folder, "report.pdf");
    rig.cloud.put_web_link(&rig.folder, "link");
    rig.write("report.pdf", "file").write("link", "file");
    rig.once_ok().expect(&[("uploaded", 2)]);
    rig.expect_box([
        "report.pdf/",
        "report (boxup).pdf: file",
        "link (web link)",
        "link (boxup): file",
    ]);
}

#[test]
fn empty_files_are_kept_like_any_other() {
    let rig = both();
    rig.cloud.put_file(&rig.folder, "a.txt", b"");
    rig.cloud.put_file(&rig.folder, "b.txt", b"theirs");
    rig.cloud.put_file(&rig.folder, "c.txt", b"");
    rig.write("a.txt", "ours")
        .write("b.txt", "")
        .write("c.txt", "");
    rig.once_ok().expect(&[("uploaded", 2), ("adopted", 1)]);
    rig.expect_box([
        "a.txt: ",
        "a (boxup).txt: ours",
        "b.txt: theirs",
        "b (boxup).txt: ",
        "c.txt: ",
    ]);
}

#[test]
fn twins_but_for_case_are_parked_and_not_put_beside_each_other() {
    let rig = both();
    rig.cloud.put_file(&rig.folder, "a.TXT", b"theirs");
    rig.write("a.txt", "one").write("A.txt", "two");
    for _ in 0..2 {
        let run = rig.once();
        run.expect_code(1);
        run.expect_event("a.txt", "parked case_twin");
    }
    rig.expect_box(["a.TXT: theirs", "A (boxup).txt: two"]);
}

#[test]
fn somebody_who_comes_between_the_preflight_and_the_upload_keeps_theirs() {
    for (operation, known) in [
        ("post_files_content", false),
        ("post_files_id_content", true),
    ] {
        let rig = both();
        rig.write("other.txt", "other");
        if known {
            rig.write("a.txt", "one");
        }
        rig.once_ok();
        rig.write("a.txt", "two");
        rig.cloud
            .inject(Fault::on(operation).effect(Effect::HoldBefore));
        let run = rig.begin();
        assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
        let id = rig.cloud.put_file(&rig.folder, "a.txt", b"theirs");
        rig.cloud.release_holds();
        Run::of(run.finish()).expect(&[("uploaded", 1), ("unchanged", 1)]);
        let box_has = ["a.txt: theirs", "a (boxup).txt: two", "other.txt: other"];
        rig.expect_box(box_has);
        let versions: Vec<_> = rig.cloud.versions(&id);
        assert_eq!(versions.len(), 1 + usize::from(known), "{versions:?}");
    }
}

#[test]
fn a_lost_answer_is_found_beside_theirs() {
    let rig = both();
    rig.cloud.put_file(&rig.folder, "a.txt", b"theirs");
    rig.write("a.txt", "ours");
    rig.cloud
        .inject(Fault::on("post_files_content").drop_after());
    rig.once_ok().expect(&[("adopted", 1)]);
    rig.expect_box(["a.txt: theirs", "a (boxup).txt: ours"]);
    rig.expect_versions("a (boxup).txt", &["ours"]);
}

#[test]
fn a_dry_run_and_a_person_are_told_the_name() {
    let rig = both();
    rig.cloud.put_file(&rig.folder, "a.txt", b"theirs");
    rig.write("a.txt", "ours");
    let dry = rig.sync(&["--once", "--dry-run"]);
    assert_eq!(
        dry.expect_event("a.txt", "uploaded")["name"],
        "a (boxup).txt"
    );
    assert_eq!(rig.writes(), 0);
    let told = rig.run(&["sync", "--once"]).stdout;
    assert!(told.contains("on Box as \"a (boxup).txt\""), "{told}");
}
