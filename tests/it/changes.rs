//! What changes on the disk, one pass after another.

use crate::rig::Rig;

#[test]
fn touching_sends_nothing_and_is_remembered() {
    let rig = Rig::new();
    rig.write("a.txt", "same").write("b.txt", "b");
    rig.once_ok();
    rig.touch("a.txt");
    rig.cloud.clear_requests();
    let run = rig.once_ok();
    run.expect(&[("unchanged", 2), ("bytes_sent", 0), ("requests", 0)]);
    assert_eq!(rig.cloud.total_requests(), 0);
    rig.expect_versions("a.txt", &["same"]);
}

#[test]
fn an_edit_is_a_new_version_of_the_same_file() {
    let rig = Rig::new();
    rig.write("a.txt", "one").write("sub/b.txt", "b");
    rig.once_ok();
    let id = rig.entry("a.txt").id;
    rig.write("a.txt", "two").write("new.txt", "new");
    let run = rig.once_ok();
    run.expect(&[("new_versions", 1), ("uploaded", 1), ("unchanged", 1)]);
    run.expect_event("a.txt", "new_version");
    assert_eq!(rig.entry("a.txt").id, id);
    rig.expect_versions("a.txt", &["one", "two"]);
    rig.expect_same_as_disk();
}

#[test]
fn same_size_same_time_is_still_noticed() {
    let rig = Rig::new();
    rig.write("a.txt", "one");
    rig.once_ok();
    let before = std::fs::metadata(rig.path("a.txt")).and_then(|found| found.modified());
    rig.write("a.txt", "two");
    let file = std::fs::File::options()
        .append(true)
        .open(rig.path("a.txt"));
    let file = file.expect("opened");
    file.set_modified(before.expect("it has one")).expect("set");
    rig.once_ok().expect(&[("new_versions", 1)]);
    rig.expect_versions("a.txt", &["one", "two"]);
}

#[test]
fn reverting_is_a_version_like_any_other() {
    let rig = Rig::new();
    for content in ["one", "two", "one"] {
        rig.write("a.txt", content).once_ok();
    }
    rig.expect_versions("a.txt", &["one", "two", "one"]);
    // Reverted before anybody looked: nothing happened.
    rig.write("a.txt", "three").write("a.txt", "one");
    rig.once_ok().expect(&[("unchanged", 1), ("requests", 0)]);
}

#[test]
fn renaming_over_a_file_is_a_new_version_of_what_was_there() {
    let rig = Rig::new();
    rig.write("a.txt", "old").once_ok();
    let id = rig.entry("a.txt").id;
    rig.write("a.txt.new", "new").rename("a.txt.new", "a.txt");
    rig.once_ok().expect(&[("new_versions", 1)]);
    assert_eq!(rig.entry("a.txt").id, id);
    rig.expect_box(["a.txt: new"]);
}

#[test]
fn emptied_and_refilled_files_are_versions() {
    let rig = Rig::new();
    rig.write("a.txt", "full").once_ok();
    rig.write("a.txt", "")
        .once_ok()
        .expect(&[("new_versions", 1)]);
    rig.write("a.txt", "full")
        .once_ok()
        .expect(&[("new_versions", 1)]);
    rig.expect_versions("a.txt", &["full", "", "full"]);
}

#[test]
fn a_delete_changes_nothing_on_box_and_the_file_that_comes_back_is_the_same() {
    let rig = Rig::new();
    rig.write("a.txt", "a").write("gone.txt", "gone");
    rig.write("dir/x.txt", "x").once_ok();
    let (id, writes) = (rig.entry("gone.txt").id, rig.writes());
    rig.remove("gone.txt").remove("dir");
    rig.once_ok().expect(&[("unchanged", 1)]);
    assert_eq!(rig.writes(), writes);
    rig.expect_box(["a.txt: a", "gone.txt: gone", "dir/", "dir/x.txt: x"]);
    rig.write("gone.txt", "back").write("dir/x.txt", "x");
    let run = rig.once_ok();
    run.expect(&[("new_versions", 1), ("unchanged", 2)]);
    assert_eq!(rig.entry("gone.txt").id, id);
    rig.expect_versions("gone.txt", &["gone", "back"]);
}

#[test]
fn a_file_that_became_a_directory_waits_and_overwrites_nothing() {
    let rig = Rig::new();
    rig.write("swap", "file").write("a.txt", "a").once_ok();
    rig.remove("swap").write("swap/inside.txt", "inside");
    let run = rig.once();
    run.expect_code(1);
    rig.expect_box(["a.txt: a", "swap: file"]);
    assert_eq!(run.event("swap")["event"], "parked", "{run}");
    rig.remove("swap").write("swap", "file again");
    rig.once_ok();
    rig.expect_box(["a.txt: a", "swap: file again"]);
}

#[test]
fn a_directory_that_became_a_file_waits_and_overwrites_nothing() {
    let rig = Rig::new();
    rig.write("swap/inside.txt", "inside").write("a.txt", "a");
    rig.once_ok();
    rig.remove("swap").write("swap", "file");
    let run = rig.once();
    run.expect_code(1);
    run.expect_event("swap", "parked name_taken");
    rig.expect_box(["a.txt: a", "swap/", "swap/inside.txt: inside"]);
    rig.remove("swap").write("swap/inside.txt", "inside 2");
    rig.once_ok();
    rig.expect_versions("swap/inside.txt", &["inside", "inside 2"]);
}

#[test]
fn a_directory_swapped_for_a_link_leads_nowhere() {
    let rig = Rig::new();
    rig.write("sub/a.txt", "a").write("b.txt", "b").once_ok();
    let outside = rig.temp().join("outside");
    std::fs::create_dir(&outside).expect("made");
    std::fs::write(outside.join("a.txt"), "secret").expect("written");
    rig.remove("sub");
    std::os::unix::fs::symlink(&outside, rig.path("sub")).expect("linked");
    let run = rig.once_ok();
    run.expect(&[("unchanged", 1), ("excluded", 1)]);
    rig.expect_versions("sub/a.txt", &["a"]);
}

#[test]
fn hard_links_are_files_of_their_own() {
    let rig = Rig::new();
    rig.write("a.txt", "one");
    std::fs::hard_link(rig.path("a.txt"), rig.path("b.txt")).expect("linked");
    rig.once_ok().expect(&[("uploaded", 2)]);
    rig.write("a.txt", "two")
        .once_ok()
        .expect(&[("new_versions", 2)]);
    rig.expect_same_as_disk();
}

#[test]
fn times_of_the_content_go_along() {
    let rig = Rig::new();
    rig.write("a.txt", "a").write("old.txt", "old");
    let at = |seconds| std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    let set = |path: &str, seconds| {
        let file = std::fs::File::options().append(true).open(rig.path(path));
        file.expect("opened")
            .set_modified(at(seconds))
            .expect("set");
    };
    set("a.txt", 1_000_000_000);
    let old = std::fs::File::options()
        .append(true)
        .open(rig.path("old.txt"));
    let before_1970 = std::time::SystemTime::UNIX_EPOCH - std::time::Duration::from_secs(1000);
    old.expect("opened").set_modified(before_1970).expect("set");
    rig.once_ok();
    let modified = |path: &str| rig.entry(path).content_modified_at;
    assert_eq!(modified("a.txt").as_deref(), Some("2001-09-09T01:46:40Z"));
    rig.write("a.txt", "b");
    set("a.txt", 1_100_000_000);
    rig.once_ok();
    assert_eq!(modified("a.txt").as_deref(), Some("2004-11-09T11:33:20Z"));
}
