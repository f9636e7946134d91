//! Box did it, and nobody heard of it: it is asked about, never done again.

use crate::rig::{Rig, each, until};
use box_emulator::{Effect, Fault};
use std::time::Duration;

/// Whatever is sent to this operation is done, and no answer ever comes back.
fn never_heard_of(operation: &str) -> [Fault; 3] {
    [
        Fault::on(operation).forever().drop_after(),
        Fault::on(operation).forever().effect(Effect::CutAnswer),
        Fault::on(operation).forever().effect(Effect::EmptyBody),
    ]
}

#[test]
fn a_new_file_is_sent_once_although_no_answer_ever_comes() {
    each(&never_heard_of("post_files_content"), |fault| {
        let rig = Rig::new();
        rig.write("a.txt", "a").write("sub/b.txt", "b");
        rig.cloud.inject(fault.clone());
        rig.once_ok().expect(&[("adopted", 2)]);
        assert_eq!(rig.calls("post_files_content"), 2);
        rig.expect_versions("a.txt", &["a"]).expect_same_as_disk();
        rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
    });
}

#[test]
fn a_new_version_is_sent_once_although_no_answer_ever_comes() {
    each(&never_heard_of("post_files_id_content"), |fault| {
        let rig = Rig::new();
        rig.write("a.txt", "one").once_ok();
        rig.write("a.txt", "two");
        rig.cloud.inject(fault.clone());
        rig.once_ok().expect(&[("adopted", 1)]);
        assert_eq!(rig.calls("post_files_id_content"), 1);
        rig.expect_versions("a.txt", &["one", "two"]);
        rig.once_ok().expect(&[("unchanged", 1), ("requests", 0)]);
    });
}

/// Not even the refusals of the next two tries are heard.
#[test]
fn a_folder_is_made_once_although_three_answers_are_lost() {
    let effects = [Effect::DropAfter, Effect::CutAnswer, Effect::EmptyBody];
    each(&effects, |effect| {
        let rig = Rig::new();
        rig.write("sub/a.txt", "a").write("b.txt", "b");
        let fault = Fault::on("post_folders").times(3);
        rig.cloud.inject(fault.effect(effect.clone()));
        rig.once_ok().expect(&[("uploaded", 2)]);
        assert_eq!(rig.calls("post_folders"), 4);
        rig.expect_same_as_disk();
        rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
    });
}

/// Box answers 503, still works on it, and calls the name reserved meanwhile: what it
/// waits for is our own first try.
#[test]
fn a_name_that_our_own_request_has_reserved_is_waited_for_and_adopted() {
    let (late, reserved) = (Duration::from_millis(1500), "name_temporarily_reserved");
    let cases = ["options_files_content", "post_folders"];
    each(&cases, |operation| {
        let rig = Rig::new();
        let (write, skip) = match *operation {
            "post_folders" => {
                rig.mkdir("sub");
                ("post_folders", 0)
            }
            _ => {
                rig.write("a.txt", "a");
                ("post_files_content", 1)
            }
        };
        rig.cloud.inject(Fault::on(write).persist_later(Some(late)));
        let refusals = Fault::on(operation).skip(skip).times(2);
        rig.cloud.inject(refusals.status(409, reserved));
        let run = rig.once_ok();
        until("what is late has come", || rig.cloud.pending() == 0);
        assert_eq!(rig.cloud.faults_left(), 0, "{run}");
        assert_eq!(rig.cloud.tree(&rig.folder).len(), 1, "{run}");
        rig.expect_same_as_disk();
        assert_eq!(rig.once_ok().count("requests"), 0);
    });
}
