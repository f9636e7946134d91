//! What fails again and again is given up, told as failed, and made good by a later run.

use crate::rig::{Rig, each_at_once};
use box_emulator::Fault;

/// The ways in which Box can fail for as long as one likes.
fn failures(operation: &str) -> Vec<Fault> {
    let on = || Fault::on(operation).name("bad").forever();
    let codes = [
        (500, "internal_server_error"),
        (502, "bad_gateway"),
        (503, "unavailable"),
        (504, ""),
        (509, ""),
        (409, "operation_blocked_temporary"),
        (409, "name_temporarily_reserved"),
    ];
    codes.map(|(status, code)| on().status(status, code)).into()
}

/// The others of the pass have long been stored, and the program says so.
#[test]
fn one_item_that_box_fails_on_is_failed_and_no_other_is() {
    let operations = [
        "options_files_content",
        "post_files_content",
        "post_folders",
    ];
    let cases = operations.iter().flat_map(|operation| {
        let faults = failures(operation).into_iter();
        faults.map(|fault| (*operation, fault))
    });
    let cases: Vec<_> = cases.collect();
    each_at_once(&cases, |(operation, fault)| {
        let rig = Rig::new();
        let is_folder = *operation == "post_folders";
        rig.write("good", "good").write("dir/good", "good");
        match is_folder {
            true => rig.mkdir("bad"),
            false => rig.write("bad", "bad"),
        };
        rig.cloud.inject(fault.clone());
        let run = rig.once();
        run.expect_code(1);
        assert_eq!(run.event("bad")["event"], "failed", "{run}");
        let tries = rig.calls(operation);
        assert!((3..=8).contains(&tries), "{tries} tries: {run}");
        assert_eq!(run.count("uploaded"), 2, "{run}");
        rig.cloud.clear_faults();
        rig.once_ok();
        rig.expect_same_as_disk();
        let entries = rig.cloud.tree(&rig.folder);
        assert!(entries.iter().all(|entry| entry.versions <= 1));
    });
}
