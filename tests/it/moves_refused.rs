//! Moves that Box does not answer, does not make, or has been told otherwise about.

use crate::rig::{Rig, each};
use box_emulator::Fault;
use std::collections::BTreeMap;

fn moved() -> (Rig, BTreeMap<String, String>) {
    let rig = Rig::new();
    for name in ["a", "d/f", "x/y", "here/deep/g", "there/h"] {
        rig.write(name, format!("this is {name}"));
    }
    rig.once_ok();
    let before = ids(&rig);
    rig.rename("a", "b")
        .rename("d", "e")
        .rename("x/y", "there/z");
    rig.rename("here/deep", "there/low");
    (rig, before)
}

/// The IDs on Box by content.
fn ids(rig: &Rig) -> BTreeMap<String, String> {
    let tree = rig.cloud.tree(&rig.folder);
    let files = tree.into_iter();
    files
        .filter_map(|entry| Some((entry.sha1?, entry.id)))
        .collect()
}

#[test]
fn a_move_whose_answer_is_lost_is_asked_about_and_made_once() {
    let faults = ["put_files_id", "put_folders_id"].map(|operation| {
        let on = || Fault::on(operation).times(3);
        [
            on().drop_after(),
            on().status_after(503, "unavailable"),
            on().drop_before(),
        ]
    });
    each(faults.as_flattened(), |fault| {
        let (rig, before) = moved();
        rig.cloud.inject(fault.clone());
        let run = rig.once_ok();
        assert_eq!(run.count("moved"), 4, "{run}");
        assert_eq!(run.count("bytes_sent"), 0, "{run}");
        assert_eq!(ids(&rig), before);
        rig.expect_same_as_disk();
        assert_eq!(rig.row_count("moving"), 0);
        rig.once_ok().expect(&[("unchanged", 5), ("requests", 0)]);
    });
}

#[test]
fn a_folder_that_is_busy_is_waited_for() {
    let (rig, before) = moved();
    let busy = |on: &str| {
        Fault::on(on)
            .times(2)
            .status(409, "operation_blocked_temporary")
    };
    rig.cloud.inject(busy("put_files_id"));
    rig.cloud.inject(busy("put_folders_id"));
    assert_eq!(rig.once_ok().count("moved"), 4);
    assert_eq!(ids(&rig), before);
    rig.expect_same_as_disk();
}

/// Box gives up the answer of a large move, not the move, and refuses meanwhile.
#[test]
fn a_large_move_that_goes_on_after_its_answer_is_made_once() {
    let late = std::time::Duration::from_millis(1500);
    each(&[0, 1, 2], |others| {
        let (rig, before) = moved();
        let slow = Fault::on("put_folders_id").skip(*others);
        rig.cloud.inject(slow.persist_later(Some(late)));
        let run = rig.once_ok();
        assert_eq!(run.count("moved"), 4, "{run}");
        assert_eq!(run.count("bytes_sent"), 0, "{run}");
        assert_eq!(rig.cloud.faults_left() + rig.cloud.pending(), 0, "{run}");
        assert_eq!(ids(&rig), before);
        rig.expect_same_as_disk();
        rig.once_ok().expect(&[("unchanged", 5), ("requests", 0)]);
    });
}

/// Whoever may not move may still be allowed to upload.
#[test]
fn where_moving_is_refused_it_is_uploaded() {
    let (rig, _) = moved();
    for operation in ["put_files_id", "put_folders_id"] {
        let refusal = Fault::on(operation).forever();
        rig.cloud
            .inject(refusal.status(403, "access_denied_insufficient_permissions"));
    }
    let run = rig.once_ok();
    run.expect(&[
        ("uploaded", 4),
        ("folders_created", 2),
        ("unchanged", 1),
        ("moved", 0),
    ]);
    for path in [
        "a",
        "b",
        "d/f",
        "e/f",
        "x/y",
        "there/z",
        "here/deep/g",
        "there/low/g",
    ] {
        rig.entry(path);
    }
    rig.once_ok().expect(&[("unchanged", 5), ("requests", 0)]);
}

#[test]
fn a_file_that_somebody_has_locked_moves_when_it_is_unlocked() {
    let rig = Rig::new();
    rig.write("a", "a").once_ok();
    let id = rig.entry("a").id;
    rig.cloud.lock(&id);
    rig.rename("a", "b");
    let run = rig.once();
    run.expect_code(1)
        .expect_event("b", "parked access_denied_item_locked");
    rig.cloud.unlock(&id);
    assert_eq!(rig.once_ok().count("moved"), 1);
    assert_eq!(rig.entry("b").id, id);
}

/// It is followed by its ID: their name stays.
#[test]
fn a_file_that_somebody_has_renamed_on_box_keeps_that_name() {
    let rig = Rig::new();
    rig.write("a", "one").once_ok();
    let id = rig.entry("a").id;
    rig.cloud.rename(&id, "theirs");
    rig.rename("a", "b");
    let run = rig.once_ok();
    assert_eq!(run.count("bytes_sent"), 0, "{run}");
    assert_eq!(rig.entry("theirs").id, id);
    rig.write("b", "two").once_ok();
    rig.expect_box(["theirs: two"]);
}

#[test]
fn what_was_only_touched_on_box_is_renamed_all_the_same() {
    let rig = Rig::new();
    rig.write("a", "a").once_ok();
    let id = rig.entry("a").id;
    rig.cloud.touch(&id);
    rig.rename("a", "b");
    assert_eq!(rig.once_ok().count("moved"), 1);
    assert_eq!(rig.entry("b").id, id);
}

#[test]
fn a_file_that_somebody_has_deleted_on_box_is_decided_by_the_policy() {
    let parking = Rig::new();
    let sending = Rig::new().mirror_key("on_remote_change = \"new_version\"");
    for rig in [&parking, &sending] {
        rig.write("a", "a").write("other", "other").once_ok();
        rig.cloud.trash(&rig.entry("a").id);
        rig.rename("a", "b").write("b", "edited");
    }
    parking
        .once()
        .expect_code(1)
        .expect(&[("parked", 1), ("unchanged", 1)]);
    parking.expect_box(["other: other"]);
    sending.once_ok();
    sending.expect_box(["b: edited", "other: other"]);
}

/// Box takes a new name and a new folder in two calls, and in between there may be another
/// one of the name.
#[test]
fn a_folder_meets_nobody_on_its_way() {
    let rig = Rig::new();
    rig.write("a/one/f", "f")
        .write("b/one/g", "g")
        .write("c/h", "h")
        .once_ok();
    let before = ids(&rig);
    // Theirs, where the old name would stand for a moment.
    rig.cloud.put_file(&rig.entry("c").id, "one", b"theirs");
    rig.rename("a/one", "c/two");
    assert_eq!(rig.once_ok().count("moved"), 1);
    assert_eq!(rig.entry("c/two/f").id, before[&crate::rig::sha1(b"f")]);
    // Theirs under both names.
    rig.cloud.put_file(&rig.entry("c").id, "three", b"theirs");
    rig.rename("b/one", "c/three");
    rig.once()
        .expect_code(1)
        .expect_event("c/three", "parked name_taken");
    assert_eq!(rig.entry("b/one/g").id, before[&crate::rig::sha1(b"g")]);
}

/// The second of the two calls may meet, in a later run, a name that somebody took.
#[test]
fn half_a_move_that_cannot_be_finished_stops_nothing_else() {
    let rig = Rig::new();
    rig.write("a/one/f", "f").write("b/g", "g").once_ok();
    let before = ids(&rig);
    rig.rename("a/one", "b/two");
    let lost = Fault::on("put_folders_id").skip(1).times(100).drop_before();
    rig.cloud.inject(lost);
    rig.once();
    rig.cloud.clear_faults();
    assert_eq!(rig.row_count("moving"), 1);
    rig.entry("b/one");
    rig.cloud.put_file(&rig.entry("b").id, "two", b"theirs");
    rig.write("new", "new");
    let run = rig.once();
    run.expect_code(1)
        .expect_event("b/two", "parked name_taken");
    assert_eq!(run.count("uploaded"), 1, "{run}");
    assert_eq!(rig.row_count("moving"), 0);
    assert_eq!(rig.entry("a/one/f").id, before[&crate::rig::sha1(b"f")]);
    rig.cloud.trash(&rig.entry("b/two").id);
    assert_eq!(rig.once_ok().count("moved"), 1);
    rig.expect_same_as_disk();
}
