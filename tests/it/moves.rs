//! What is renamed or moved on the disk keeps its ID on Box, and costs no byte.

use crate::rig::{Rig, Run};
use std::collections::BTreeMap;
use std::fs;

/// The IDs on Box by path.
fn ids(rig: &Rig) -> BTreeMap<String, String> {
    let tree = rig.cloud.tree(&rig.folder);
    tree.into_iter()
        .map(|entry| (entry.path, entry.id))
        .collect()
}

/// A pass that moves so many items and sends nothing.
#[track_caller]
fn moves(rig: &Rig, moved: u64) -> Run {
    rig.cloud.clear_requests();
    let run = rig.once_ok();
    assert_eq!(run.count("moved"), moved, "{run}");
    assert_eq!(run.count("bytes_sent"), 0, "{run}");
    rig.expect_same_as_disk();
    rig.expect_counts_add_up(&run);
    let next = rig.once_ok();
    assert_eq!(next.count("requests"), 0, "{next}");
    run
}

/// What was at the first path is at the second.
#[track_caller]
fn expect_moved(rig: &Rig, before: &BTreeMap<String, String>, pairs: &[(&str, &str)]) {
    for (from, to) in pairs {
        assert_eq!(before[*from], rig.entry(to).id, "{from} -> {to}");
    }
}

#[test]
fn a_directory_of_ten_thousand_files_costs_one_request() {
    let rig = Rig::new();
    for number in 0..10_000 {
        let (path, content) = (
            format!("before/{}/f{number}", number % 10),
            number.to_string(),
        );
        rig.write(&path, &content);
        rig.cloud.put_file(&rig.folder, &path, content.as_bytes());
    }
    rig.cloud.set_request_log(false);
    rig.once_ok();
    rig.cloud.set_request_log(true);
    let before = ids(&rig);
    rig.rename("before", "after");
    let run = moves(&rig, 1);
    run.expect(&[("unchanged", 10_000), ("moved", 1)]);
    assert_eq!(
        run.count("requests") - rig.cloud.count("post_oauth2_token").min(1),
        1
    );
    assert_eq!(rig.calls("put_folders_id"), 1);
    let after = ids(&rig);
    assert_eq!(after.len(), before.len());
    for (path, id) in before {
        assert_eq!(after[&path.replacen("before", "after", 1)], id);
    }
}

#[test]
fn files_keep_their_ids_wherever_they_go() {
    let rig = Rig::new();
    rig.write("a", "a")
        .write("b", "b")
        .write("d/c", "c")
        .mkdir("e");
    rig.once_ok();
    let before = ids(&rig);
    rig.rename("a", "renamed")
        .rename("b", "e/b")
        .rename("d/c", "e/c2");
    let run = moves(&rig, 3);
    assert_eq!(run.count("unchanged"), 3, "{run}");
    let event = run
        .events
        .iter()
        .find(|event| event["event"] == "moved" && event["path"] == "e/c2");
    let event = event.expect("it is told");
    assert_eq!(
        (&event["from"], &event["from_mirror"]),
        (&"d/c".into(), &"mirror".into())
    );
    expect_moved(
        &rig,
        &before,
        &[("a", "renamed"), ("b", "e/b"), ("d/c", "e/c2")],
    );
}

#[test]
fn a_directory_that_moves_and_gets_a_name_keeps_all_that_is_in_it() {
    let rig = Rig::new();
    rig.write("a/b/c/f", "f").write("a/g", "g").mkdir("x/y");
    rig.once_ok();
    let before = ids(&rig);
    rig.rename("a/b", "x/y/z");
    moves(&rig, 1);
    assert_eq!(rig.calls("put_folders_id"), 2);
    rig.mkdir("new/deep").rename("x", "new/deep/x");
    moves(&rig, 1);
    expect_moved(
        &rig,
        &before,
        &[
            ("a/b/c/f", "new/deep/x/y/z/c/f"),
            ("x/y", "new/deep/x/y"),
            ("a/b", "new/deep/x/y/z"),
        ],
    );
}

#[test]
fn names_that_change_places_take_their_ids_along() {
    let rig = Rig::new();
    for name in ["a", "b", "c", "d1/x", "d2/x", "p/1", "q/2", "r/3"] {
        rig.write(name, name);
    }
    rig.once_ok();
    let before = ids(&rig);
    rig.shell("mv a t; mv b a; mv c b; mv t c");
    rig.shell("mv d1/x t; mv d2/x d1/x; mv t d2/x");
    rig.shell("mv p t; mv q p; mv r q; mv t r");
    moves(&rig, 8);
    expect_moved(
        &rig,
        &before,
        &[
            ("a", "c"),
            ("b", "a"),
            ("c", "b"),
            ("d1/x", "d2/x"),
            ("d2/x", "d1/x"),
        ],
    );
    expect_moved(&rig, &before, &[("p/1", "r/1"), ("q", "p"), ("r/3", "q/3")]);
}

#[test]
fn each_of_a_row_finds_the_name_of_the_next_free() {
    let rig = Rig::new();
    for number in 0..20 {
        rig.write(&format!("{}/log.{number}", number % 3), format!("{number}"));
    }
    rig.once_ok();
    let before = ids(&rig);
    for number in (0..20).rev() {
        let (from, to) = (number % 3, (number + 1) % 3);
        rig.rename(
            &format!("{from}/log.{number}"),
            &format!("{to}/log.{}", number + 1),
        );
    }
    moves(&rig, 20);
    for number in 0..20 {
        let from = format!("{}/log.{number}", number % 3);
        let to = format!("{}/log.{}", (number + 1) % 3, number + 1);
        expect_moved(&rig, &before, &[(&from, &to)]);
    }
}

#[test]
fn a_directory_and_what_was_in_it_change_places() {
    let rig = Rig::new();
    rig.write("a/a/inner", "inner")
        .write("a/outer", "outer")
        .write("b/c/d/f", "f");
    rig.once_ok();
    let before = ids(&rig);
    rig.shell("mv a/a t; mv a t/a; mv t a");
    rig.shell("mv b/c/d d; mv b d/b");
    let run = moves(&rig, 4);
    assert_eq!(run.count("folders_created"), 0, "{run}");
    expect_moved(
        &rig,
        &before,
        &[
            ("a", "a/a"),
            ("a/a", "a"),
            ("a/outer", "a/a/outer"),
            ("b/c", "d/b/c"),
            ("b/c/d/f", "d/f"),
        ],
    );
}

#[test]
fn a_name_that_changes_in_case_only_is_a_new_name_of_the_same_file() {
    let rig = Rig::new();
    rig.write("a.txt", "a").write("dir/f", "f").once_ok();
    let before = ids(&rig);
    rig.rename("a.txt", "A.txt").rename("dir", "DIR");
    moves(&rig, 2);
    expect_moved(
        &rig,
        &before,
        &[("a.txt", "A.txt"), ("dir", "DIR"), ("dir/f", "DIR/f")],
    );
}

#[test]
fn what_was_moved_and_changed_is_moved_and_gets_a_version() {
    let rig = Rig::new();
    rig.write("a", "one").write("d/b", "one").once_ok();
    let before = ids(&rig);
    rig.rename("a", "e").rename("d", "f");
    rig.write("e", "edited").write("f/b", "edited too");
    let run = rig.once_ok();
    run.expect(&[("moved", 2), ("new_versions", 2)]);
    expect_moved(&rig, &before, &[("a", "e"), ("d/b", "f/b")]);
    rig.expect_same_as_disk();
    rig.expect_versions("e", &["one", "edited"]);
}

#[test]
fn what_moves_to_another_mirror_keeps_its_id() {
    let mut rig = Rig::new();
    let other = rig.add_mirror("Other");
    rig.write("a", "a")
        .write("d/e/f", "f")
        .write("stays", "s")
        .once_ok();
    let before = ids(&rig);
    let there = rig.config.local(1);
    fs::rename(rig.path("a"), there.join("a")).expect("moved");
    fs::rename(rig.path("d"), there.join("d2")).expect("moved");
    let run = rig.once_ok();
    run.expect(&[("moved", 2), ("unchanged", 3), ("bytes_sent", 0)]);
    rig.expect_box(["stays: s"]);
    rig.expect_box_in(&other, ["a: a", "d2/", "d2/e/", "d2/e/f: f"]);
    for (from, to) in [("a", "a"), ("d/e/f", "d2/e/f")] {
        let entry = rig.cloud.entry(&other, to).expect("it is there");
        assert_eq!(entry.id, before[from]);
    }
    rig.once_ok().expect(&[("unchanged", 3), ("requests", 0)]);
}

#[test]
fn a_hard_link_is_a_second_file_and_no_move() {
    let rig = Rig::new();
    rig.write("a", "a").once_ok();
    let before = ids(&rig);
    fs::hard_link(rig.path("a"), rig.path("b")).expect("linked");
    rig.once_ok()
        .expect(&[("uploaded", 1), ("unchanged", 1), ("moved", 0)]);
    let both = ids(&rig);
    assert_eq!(before["a"], both["a"]);
    assert_ne!(both["a"], both["b"]);
    // One of the two names goes: the other stays what it is.
    rig.remove("a");
    rig.once_ok()
        .expect(&[("unchanged", 1), ("moved", 0), ("requests", 0)]);
    assert_eq!(ids(&rig), both);
}

#[test]
fn a_backup_made_by_renaming_is_the_new_file() {
    let rig = Rig::new();
    rig.write("f", "one").once_ok();
    let before = ids(&rig);
    rig.shell("mv f f~; printf two > f");
    rig.once_ok()
        .expect(&[("new_versions", 1), ("uploaded", 1), ("moved", 0)]);
    expect_moved(&rig, &before, &[("f", "f")]);
    rig.expect_versions("f", &["one", "two"]);
    rig.expect_same_as_disk();
}

#[test]
fn a_log_that_is_rotated_keeps_its_file_and_the_older_ones_move() {
    let rig = Rig::new();
    rig.write("log", "now").write("log.1", "before").once_ok();
    let before = ids(&rig);
    rig.shell("mv log.1 log.2; mv log log.1; printf new > log");
    rig.once_ok().expect(&[
        ("new_versions", 1),
        ("uploaded", 1),
        ("moved", 1),
        ("unchanged", 1),
    ]);
    expect_moved(&rig, &before, &[("log", "log"), ("log.1", "log.2")]);
    rig.expect_same_as_disk();
}

#[test]
fn a_file_over_which_another_was_moved_gets_a_version() {
    let rig = Rig::new();
    rig.write("a", "a").write("b", "b").once_ok();
    let before = ids(&rig);
    rig.rename("a", "b");
    rig.once_ok().expect(&[("new_versions", 1), ("moved", 0)]);
    expect_moved(&rig, &before, &[("b", "b")]);
    rig.expect_versions("b", &["b", "a"]);
}

#[test]
fn a_file_where_a_directory_was_takes_over_no_id() {
    let rig = Rig::new();
    rig.write("a/f", "f").write("b", "b").once_ok();
    let before = ids(&rig);
    // Moved away, so that their names are free.
    rig.rename("a", "a2").rename("b", "b2");
    rig.write("a", "a file").write("b/g", "in a directory");
    let run = rig.once_ok();
    run.expect(&[
        ("moved", 2),
        ("uploaded", 2),
        ("unchanged", 2),
        ("folders_created", 1),
    ]);
    expect_moved(&rig, &before, &[("a", "a2"), ("a/f", "a2/f"), ("b", "b2")]);
    rig.expect_same_as_disk();
    // Removed: what is on Box keeps the name.
    rig.remove("a2")
        .remove("b2")
        .write("a2", "a file again")
        .write("b2/h", "h");
    let run = rig.once();
    run.expect_code(1);
    run.expect_event("a2", "parked name_taken");
    run.expect_event("b2", "parked name_taken");
    // And back.
    rig.remove("a2")
        .remove("b2")
        .write("b2", "b")
        .write("a2/f", "f");
    rig.once_ok();
    expect_moved(&rig, &before, &[("a", "a2"), ("b", "b2")]);
}

#[test]
fn a_name_that_somebody_else_has_on_box_is_not_taken() {
    let rig = Rig::new();
    rig.write("a", "a").write("d/f", "f").once_ok();
    let before = ids(&rig);
    rig.cloud.put_file(&rig.folder, "b", b"theirs");
    rig.cloud.put_file(&rig.folder, "e", b"theirs");
    rig.rename("a", "b").rename("d", "e");
    let run = rig.once();
    run.expect_code(1);
    run.expect_event("b", "parked name_taken");
    run.expect_event("e", "parked name_taken");
    assert_eq!(rig.entry("a").id, before["a"]);
    for name in ["b", "e"] {
        rig.cloud
            .rename(&rig.entry(name).id, &format!("{name} (theirs)"));
    }
    let run = rig.once_ok();
    assert_eq!(run.count("moved"), 2, "{run}");
    expect_moved(&rig, &before, &[("a", "b"), ("d/f", "e/f")]);
}

#[test]
fn a_dry_run_tells_what_would_move_and_moves_nothing() {
    let rig = Rig::new();
    rig.write("a", "a")
        .write("d/f", "f")
        .write("x", "x")
        .write("y", "y")
        .once_ok();
    let before = ids(&rig);
    rig.rename("a", "b")
        .rename("d", "e")
        .shell("mv x t; mv y x; mv t y");
    let run = rig.sync(&["--once", "--dry-run"]);
    run.expect(&[("moved", 4), ("unchanged", 4)]);
    assert_eq!(ids(&rig), before);
    assert_eq!(rig.calls("put_files_id") + rig.calls("put_folders_id"), 0);
    moves(&rig, 4);
}

/// What has moved is not gone, however often that is looked at; and it can be undone.
#[test]
fn what_has_moved_is_not_deleted_and_undo_moves_it_back() {
    let rig = Rig::new().mirror_key("on_local_delete = \"trash\"");
    rig.write("a", "a")
        .write("d/f", "f")
        .write("x", "x")
        .write("y", "y")
        .mkdir("e");
    rig.once_ok();
    let before = ids(&rig);
    rig.rename("a", "e/b")
        .rename("d", "e/c")
        .shell("mv x t; mv y x; mv t y");
    let run = rig.once_ok();
    assert_eq!(run.count("moved"), 4, "{run}");
    let after = ids(&rig);
    for clock in ["+2m", "+4m"] {
        let Some(later) = crate::deletes::pass(&rig, clock) else {
            return;
        };
        assert_eq!((later.code, later.count("trashed")), (0, 0), "{later}");
    }
    assert_eq!(ids(&rig), after);
    let name = run.summary["run"].as_str().expect("it has a name");
    let undone = rig.run(&["undo", name, "--json"]);
    assert_eq!(undone.code, 0, "{undone:?}");
    assert_eq!(ids(&rig), before);
}
