//! What one file meets stops no other.

use crate::rig::{PATIENCE, Rig, Run};
use box_emulator::Fault;

#[test]
fn one_poisoned_file_among_a_hundred_delays_nobody() {
    let rig = Rig::new();
    for number in 0..100 {
        rig.write(&format!("f{number:02}"), format!("{number}"));
    }
    let fault = Fault::on("post_files_content").name("f00").forever();
    rig.cloud.inject(fault.status(503, "unavailable"));
    let mut run = rig.begin();
    let arrived = rig
        .cloud
        .wait_for(|cloud| cloud.tree(&rig.folder).len() == 99, PATIENCE);
    assert!(arrived, "{:?}", rig.names().len());
    assert!(!run.has_ended(), "it was given up too early");
    let run = Run::of(run.finish());
    run.expect_code(1);
    run.expect(&[("uploaded", 99), ("failed", 1)]);
    let event = run.expect_event("f00", "failed unavailable");
    assert!(event["message"].to_string().contains("503"), "{event}");
    let tries = rig.cloud.count_status("post_files_content", 503);
    assert!((2..=5).contains(&tries), "{tries} tries");
    rig.cloud.clear_faults();
    rig.once_ok().expect(&[("uploaded", 1), ("unchanged", 99)]);
}

#[test]
fn a_permanent_refusal_parks_that_file_with_boxs_own_words() {
    for (operation, code) in [
        (
            "post_files_content",
            "access_denied_insufficient_permissions",
        ),
        ("post_files_content", "forbidden_by_policy"),
        ("options_files_content", "storage_limit_exceeded"),
        ("options_files_content", "file_size_limit_exceeded"),
    ] {
        let rig = Rig::new();
        rig.write("bad.txt", "bad")
            .write("good.txt", "good")
            .write("sub/x", "x");
        let fault = Fault::on(operation).name("bad.txt").forever();
        rig.cloud.inject(fault.status(403, code));
        let run = rig.once();
        run.expect_code(1);
        run.expect(&[("uploaded", 2), ("parked", 1)]);
        let event = run.expect_event("bad.txt", &format!("parked {code}"));
        let message = event["message"].as_str().unwrap_or_default();
        assert!(
            message.contains("403") && message.contains("request "),
            "{event}"
        );
        assert_eq!(
            rig.cloud.count_status(operation, 403),
            1,
            "asked again in vain"
        );
        // A cause at Box is tried once in each pass; one in the file waits for a change.
        rig.cloud.clear_faults();
        let run = rig.once();
        if code == "file_size_limit_exceeded" {
            run.expect_code(1);
            run.expect_event("bad.txt", &format!("parked {code}"));
            rig.write("bad.txt", "smaller");
            rig.once_ok();
        }
        rig.expect_same_as_disk();
    }
}

#[test]
fn a_file_that_a_colleague_locked_waits_for_them() {
    let rig = Rig::new();
    rig.write("a.txt", "one").write("b.txt", "one").once_ok();
    let id = rig.entry("a.txt").id;
    rig.cloud.lock(&id);
    rig.write("a.txt", "two").write("b.txt", "two");
    let run = rig.once();
    run.expect_code(1);
    run.expect_event("b.txt", "new_version");
    assert_ne!(run.event("a.txt")["event"], "new_version", "{run}");
    rig.expect_versions("a.txt", &["one"]);
    rig.cloud.unlock(&id);
    rig.once_ok();
    rig.expect_versions("a.txt", &["one", "two"]);
}

#[test]
fn a_full_account_parks_what_does_not_fit() {
    let rig = Rig::new();
    rig.cloud.set_quota(Some(1_000));
    rig.write("big", "b".repeat(2_000)).write("small", "s");
    let run = rig.once();
    run.expect_code(1);
    run.expect_event("big", "parked storage_limit_exceeded");
    run.expect_event("small", "uploaded");
    assert_eq!(run.count("bytes_sent"), 1, "{run}");
    rig.cloud.set_quota(None);
    rig.once_ok();
    rig.expect_same_as_disk();
}

#[test]
fn a_refused_folder_parks_the_directory_and_nothing_else() {
    let rig = Rig::new();
    rig.write("bad/x", "x")
        .write("good/x", "x")
        .write("top", "top");
    let fault = Fault::on("post_folders").name("bad").forever();
    rig.cloud
        .inject(fault.status(403, "access_denied_insufficient_permissions"));
    let run = rig.once();
    run.expect_code(1);
    assert_eq!(run.event("bad")["event"], "parked", "{run}");
    rig.expect_box(["good/", "good/x: x", "top: top"]);
    rig.cloud.clear_faults();
    rig.once_ok();
    rig.expect_same_as_disk();
}
