//! 401 at any call and at any moment, and refusals that concern the whole program.

use crate::rig::{Rig, each};
use box_emulator::Fault;

/// An edit, a new file, a new directory: every operation that a pass makes.
fn work(rig: &Rig) {
    rig.write("a.txt", "one").once_ok();
    rig.cloud.touch(&rig.entry("a.txt").id);
    rig.write("a.txt", "two").write("new/b.txt", "b");
}

#[test]
fn a_401_at_any_call_costs_one_renewal_and_one_replay() {
    let operations = [
        "get_folders_id",
        "options_files_content",
        "post_files_content",
        "options_files_id_content",
        "post_files_id_content",
        "get_files_id",
        "post_folders",
    ];
    each(&operations, |operation| {
        let rig = Rig::new();
        work(&rig);
        let tokens = rig.calls("post_oauth2_token");
        rig.cloud.inject(Fault::on(operation).expired_token());
        rig.once_ok()
            .expect(&[("new_versions", 1), ("uploaded", 1)]);
        assert_eq!(rig.cloud.count_status(operation, 401), 1);
        assert_eq!(rig.calls("post_oauth2_token"), tokens + 1);
        rig.expect_versions("a.txt", &["one", "two"])
            .expect_same_as_disk();
    });
}

/// Its last byte has gone out when Box says that the token is over.
#[test]
fn a_token_that_dies_while_the_content_is_under_way_costs_that_content_once_more() {
    let rig = Rig::new();
    let large = "x".repeat(3_000_000);
    rig.write("a.bin", &large).write("b.txt", "b");
    let fault = Fault::on("post_files_content").name("a.bin");
    rig.cloud.inject(fault.expired_token());
    let run = rig.once_ok();
    run.expect(&[("uploaded", 2)]);
    assert_eq!(run.count("bytes_sent"), 2 * 3_000_000 + 1, "{run}");
    assert_eq!(rig.cloud.count_status("post_files_content", 401), 1);
    rig.expect_versions("a.bin", &[&large])
        .expect_same_as_disk();
}

#[test]
fn a_refusal_of_the_whole_program_stops_it_at_once_and_names_itself() {
    let codes = [
        "insufficient_scope",
        "access_from_location_blocked",
        "account_deactivated",
        "unauthorized_device",
    ];
    each(&codes, |code| {
        let rig = Rig::new();
        for number in 0..30 {
            rig.write(&format!("f{number}"), "x");
        }
        let fault = Fault::on("options_files_content").forever();
        rig.cloud.inject(fault.status(403, code));
        let run = rig.once();
        run.expect_code(77).expect(&[("pending", 30)]);
        assert!(run.stderr.contains(code), "{run}");
        let calls = rig.calls("options_files_content");
        assert!(calls <= 8, "{calls} calls: {run}");
        assert_eq!(rig.writes(), 0);
        rig.cloud.clear_faults();
        rig.once_ok();
        rig.expect_same_as_disk();
    });
}
