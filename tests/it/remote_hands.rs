//! What people do on Box while a run is under way, or between two: followed by ID or
//! parked, never overwritten, never orphaned.

use crate::rig::{Act, PATIENCE, Plot, Rig, Run, each};
use box_emulator::{Effect, Fault};
use serde_json::{Value, json};

const REPLACE_CHANGED: &str = "on_remote_change = \"new_version\"";

/// One pass in the middle of which something happens on Box, just before Box looks at
/// the first request of an operation.
#[track_caller]
fn pass_with(rig: &Rig, operation: &str, happens: impl FnOnce()) -> Run {
    rig.cloud
        .inject(Fault::on(operation).effect(Effect::HoldBefore));
    let run = rig.begin();
    let is_held = rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE);
    assert!(is_held, "{operation} is never called");
    happens();
    rig.cloud.release_holds();
    Run::of(run.finish())
}

#[test]
fn a_folder_that_vanishes_under_an_upload_parks_the_file_and_orphans_nothing() {
    let cases = [
        "options_files_content",
        "post_files_content",
        "post_folders",
    ];
    let cases = cases.iter().flat_map(|at| [(*at, false), (*at, true)]);
    each(&cases.collect::<Vec<_>>(), |(operation, is_purged)| {
        let rig = Rig::new();
        rig.write("sub/old.txt", "old").once_ok();
        let sub = rig.entry("sub").id;
        match *operation {
            "post_folders" => rig.write("sub/deep/new.txt", "new"),
            _ => rig.write("sub/new.txt", "new"),
        };
        let run = pass_with(&rig, operation, || {
            rig.cloud.trash(&sub);
            if *is_purged {
                rig.cloud.purge(&sub);
            }
        });
        run.expect_code(1);
        let left = run.events.iter().find(|event| event["event"] == "parked");
        let reason = left.map(|event| event["reason"].clone());
        assert_eq!(reason, Some("folder_gone".into()), "{run}");
        rig.expect_box([]);
        if !is_purged {
            rig.cloud.untrash(&sub);
            rig.once_ok();
            rig.expect_same_as_disk();
        }
    });
}

#[test]
fn a_file_that_vanishes_under_a_new_version_parks_the_edit() {
    let cases = ["options_files_id_content", "post_files_id_content"];
    let cases = cases.iter().flat_map(|at| [(*at, false), (*at, true)]);
    each(&cases.collect::<Vec<_>>(), |(operation, is_purged)| {
        let rig = Rig::new();
        rig.write("a.txt", "one").once_ok();
        let id = rig.entry("a.txt").id;
        rig.write("a.txt", "two");
        let run = pass_with(&rig, operation, || {
            rig.cloud.trash(&id);
            if *is_purged {
                rig.cloud.purge(&id);
            }
        });
        run.expect_code(1);
        run.expect_event("a.txt", "parked gone_from_box");
        rig.expect_box([]);
    });
}

#[test]
fn a_folder_that_somebody_else_makes_first_is_used() {
    let rig = Rig::new();
    rig.write("sub/a.txt", "a");
    let run = pass_with(&rig, "post_folders", || {
        rig.cloud.make_folder(&rig.folder, "SUB/theirs");
    });
    run.expect_code(0);
    assert_eq!(rig.cloud.count_status("post_folders", 409), 1);
    rig.expect_box(["SUB/", "SUB/a.txt: a", "SUB/theirs/"]);
    rig.once_ok().expect(&[("unchanged", 1), ("requests", 0)]);
}

#[test]
fn what_takes_a_directorys_name_first_parks_it() {
    let rig = Rig::new();
    rig.write("sub/a.txt", "a").write("b.txt", "b");
    let run = pass_with(&rig, "post_folders", || {
        rig.cloud.put_file(&rig.folder, "sub", b"theirs");
    });
    run.expect_code(1);
    run.expect_event("sub", "parked name_taken");
    rig.expect_box(["sub: theirs", "b.txt: b"]);
}

/// What somebody does to the file that ours is mapped to.
#[derive(Clone, Copy, Debug)]
enum Deed {
    RenamedAndReplaced,
    MovedAndReplaced,
    TrashedAndReplaced,
    TrashedAndFolder,
    TrashedAndLink,
    RenamedAndFolder,
}

impl Deed {
    fn is_done(self, rig: &Rig) {
        let (cloud, id) = (&rig.cloud, rig.entry("a.txt").id);
        match self {
            Self::RenamedAndReplaced | Self::RenamedAndFolder => cloud.rename(&id, "away.txt"),
            Self::MovedAndReplaced => cloud.move_to(&id, &cloud.folder("/Elsewhere")),
            Self::TrashedAndReplaced | Self::TrashedAndFolder | Self::TrashedAndLink => {
                cloud.trash(&id);
            }
        }
        match self {
            Self::RenamedAndReplaced | Self::MovedAndReplaced | Self::TrashedAndReplaced => {
                drop(cloud.put_file(&rig.folder, "a.txt", b"theirs"));
            }
            Self::RenamedAndFolder | Self::TrashedAndFolder => {
                drop(cloud.make_folder(&rig.folder, "a.txt"));
            }
            Self::TrashedAndLink => drop(cloud.put_web_link(&rig.folder, "a.txt")),
        }
    }

    /// Whether our file is still there, under whatever name.
    fn leaves_ours(self) -> bool {
        matches!(
            self,
            Self::RenamedAndReplaced | Self::MovedAndReplaced | Self::RenamedAndFolder
        )
    }
}

#[test]
fn whatever_takes_the_place_of_our_file_is_left_alone() {
    let deeds = [
        Deed::RenamedAndReplaced,
        Deed::MovedAndReplaced,
        Deed::TrashedAndReplaced,
        Deed::TrashedAndFolder,
        Deed::TrashedAndLink,
        Deed::RenamedAndFolder,
    ];
    each(&deeds, |deed| {
        let rig = Rig::new();
        rig.write("a.txt", "one").once_ok();
        let id = rig.entry("a.txt").id;
        deed.is_done(&rig);
        let taker = rig.entry("a.txt");
        // What happens on Box alone is nobody's business here.
        rig.once_ok().expect(&[("unchanged", 1), ("requests", 0)]);
        rig.write("a.txt", "two");
        let run = rig.once();
        let ours = rig.cloud.versions(&id).len();
        if deed.leaves_ours() {
            run.expect_code(0).expect(&[("new_versions", 1)]);
            assert_eq!(ours, 2, "{run}");
        } else {
            run.expect_code(1);
            run.expect_event("a.txt", "parked gone_from_box");
            assert_eq!(ours, 1, "{run}");
        }
        assert_eq!(rig.entry("a.txt"), taker, "{run}");
    });
}

/// Uploading again is the policy, and still the name is somebody's.
#[test]
fn a_trashed_file_is_not_uploaded_again_over_a_folder_or_a_link() {
    for deed in [Deed::TrashedAndFolder, Deed::TrashedAndLink] {
        let rig = Rig::new().mirror_key(REPLACE_CHANGED);
        rig.write("a.txt", "one").once_ok();
        deed.is_done(&rig);
        let taker = rig.entry("a.txt");
        rig.write("a.txt", "two");
        let run = rig.once();
        run.expect_code(1);
        run.expect_event("a.txt", "parked name_taken");
        assert_eq!(rig.entry("a.txt"), taker, "{run}");
    }
}

/// What a listing can say while others change the folder.
fn lies() -> [fn(&mut Value); 4] {
    [
        // An entry twice, as where a page ends.
        |page| {
            if let Some(entries) = page["entries"].as_array_mut() {
                let twice = entries.clone();
                entries.extend(twice);
            }
        },
        // Nothing yet of what is there.
        |page| page["entries"] = json!([]),
        // What nobody can use.
        |page| page["entries"] = json!([null, {}, {"type": "file"}, 7, {"id": "1"}]),
        // Without what would tell whether it is ours.
        |page| {
            for entry in page["entries"].as_array_mut().into_iter().flatten() {
                if let Some(entry) = entry.as_object_mut() {
                    entry.retain(|key, _| ["type", "id", "name"].contains(&key.as_str()));
                }
            }
        },
    ]
}

#[test]
fn a_listing_that_is_not_the_truth_costs_requests_and_makes_nothing_twice() {
    each(&lies(), |lie| {
        let (rig, middle) = Rig::behind();
        rig.cloud.put_file(&rig.folder, "same.txt", b"same");
        rig.cloud
            .put_file(&rig.folder, "sub/deep/same.txt", b"same");
        rig.cloud.put_file(&rig.folder, "sub/other.txt", b"theirs");
        rig.write("same.txt", "same")
            .write("sub/deep/same.txt", "same")
            .write("sub/other.txt", "ours")
            .write("sub/new.txt", "new");
        let items = "/items?";
        middle.plot(Plot::always(items, Act::Change(*lie)));
        let run = rig.once_ok();
        run.expect(&[("adopted", 2), ("new_versions", 1), ("uploaded", 1)]);
        rig.expect_same_as_disk()
            .expect_versions("sub/other.txt", &["theirs", "ours"])
            .expect_versions("same.txt", &["same"]);
        rig.once_ok().expect(&[("unchanged", 4), ("requests", 0)]);
    });
}
