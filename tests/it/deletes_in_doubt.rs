//! What looks deleted and may not be: it waits under another name, is back in the last
//! moment, or is only the first of many.

use crate::deletes::{LATER, LATER_STILL, deletes, pass, rig};
use crate::rig::{Child, Rig, Run, until};
use box_emulator::{Effect, Fault};

/// Under its new name it cannot go to Box yet: there it is still what it was.
#[test]
fn what_waits_under_another_name_is_not_gone() {
    let rig = rig();
    rig.write("a.txt", "a")
        .write("sub/keep.txt", "k")
        .write("dir/c.txt", "c")
        .once_ok();
    let ids = ["a.txt", "sub/keep.txt", "dir/c.txt"].map(|path| rig.entry(path).id);
    let theirs = ["b.txt", "kept.txt", "other"];
    let theirs = theirs.map(|name| rig.cloud.put_file(&rig.folder, name, b"theirs"));
    rig.rename("a.txt", "b.txt")
        .rename("sub/keep.txt", "kept.txt")
        .rename("dir", "other")
        .remove("sub");
    rig.once()
        .expect_code(1)
        .expect(&[("unchanged", 100), ("parked", 3)]);
    for clock in [LATER, LATER_STILL, "+6m"] {
        let Some(run) = pass(&rig, clock) else {
            return;
        };
        run.expect_code(1)
            .expect(&[("unchanged", 100), ("parked", 3), ("trashed", 0)]);
    }
    assert_eq!(deletes(&rig), 0);
    for id in theirs {
        rig.cloud.trash(&id);
    }
    let run = pass(&rig, "+8m").expect("it could be had before");
    assert_eq!(
        (run.count("moved"), run.count("bytes_sent")),
        (3, 0),
        "{run}"
    );
    let now = ["b.txt", "kept.txt", "other/c.txt"].map(|path| rig.entry(path).id);
    assert_eq!(now, ids);
}

/// A delete that takes its time is weighed as what it is, not in slices.
#[test]
fn a_slow_mass_delete_does_not_pass_under_the_brake() {
    let rig = rig();
    rig.once_ok();
    let remove = |numbers: std::ops::Range<u32>| {
        for number in numbers {
            rig.remove(&format!("many/{number}"));
        }
    };
    remove(0..9);
    rig.once_ok();
    remove(9..50);
    let Some(run) = pass(&rig, LATER) else {
        return;
    };
    run.expect_code(0)
        .expect(&[("unchanged", 50), ("trashed", 0)]);
    let run = pass(&rig, LATER_STILL).expect("it could be had before");
    run.expect_code(3);
    assert_eq!(run.summary["halted"][0]["would_trash"], 50, "{run}");
    assert_eq!(deletes(&rig), 0);
}

/// Listing a large tree takes a while, in which its directory may come back.
#[test]
fn a_directory_that_is_back_while_box_is_asked_stays() {
    let rig = rig();
    rig.write("sub/a.txt", "a").once_ok();
    let ids = ["sub", "sub/a.txt"].map(|path| rig.entry(path).id);
    let aside = rig.temp().join("aside");
    std::fs::rename(rig.path("sub"), &aside).expect("moved");
    rig.once_ok();
    let holding = Fault::on("get_folders_id_items").times(1);
    rig.cloud.inject(holding.effect(Effect::HoldBefore));
    let Some(command) = rig.command_at(LATER, &["sync", "--once", "--json"]) else {
        return;
    };
    let child = Child::start(command);
    until("Box is asked what is in it", || rig.cloud.held() == 1);
    std::fs::rename(&aside, rig.path("sub")).expect("moved back");
    rig.cloud.release_holds();
    let run = Run::of(child.finish());
    run.expect_code(0)
        .expect(&[("unchanged", 100), ("trashed", 0)]);
    assert_eq!(deletes(&rig), 0);
    rig.once_ok().expect(&[("unchanged", 101), ("requests", 0)]);
    assert_eq!(ids, ["sub", "sub/a.txt"].map(|path| rig.entry(path).id));
}

/// A folder in it that is not there any more says nothing about the others.
#[test]
fn a_folder_that_vanishes_from_its_tree_vouches_for_nothing() {
    let rig = rig();
    rig.write("sub/in/a.txt", "a")
        .write("sub/other/b.txt", "b")
        .once_ok();
    let folders = ["sub/in", "sub/other"].map(|path| rig.entry(path).id);
    let theirs = folders
        .each_ref()
        .map(|id| rig.cloud.put_file(id, "theirs.txt", b"t"));
    rig.remove("sub").once_ok();
    // Whichever of the two is listed first.
    let fault = Fault::on("get_folders_id_items").skip(1).times(1);
    rig.cloud.inject(fault.status(404, "not_found"));
    let Some(run) = pass(&rig, LATER) else {
        return;
    };
    run.expect(&[("unchanged", 100)]);
    assert!(theirs.iter().all(|id| !rig.cloud.is_trashed(id)));
    assert_eq!(rig.calls("delete_folders_id"), 0);
}

/// A move takes no etag, and what somebody else has written goes along: it is still not
/// what the next version may take the place of.
#[test]
fn a_move_does_not_make_their_version_ours() {
    for to in ["sub/b", "b"] {
        let rig = Rig::new();
        rig.write("a", "ours").mkdir("sub").once_ok();
        let id = rig.entry("a").id;
        rig.cloud.put_file(&rig.folder, "a", b"theirs");
        rig.rename("a", to);
        assert_eq!(rig.once_ok().count("moved"), 1);
        rig.write(to, "edited");
        rig.once()
            .expect_code(1)
            .expect_event(to, "parked changed_on_box");
        assert_eq!(rig.entry(to).id, id);
        assert!(rig.has(to, "theirs"));
    }
}
