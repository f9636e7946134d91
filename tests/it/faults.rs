//! One thing goes wrong, at every operation in every way: everything arrives all the
//! same, once.

use crate::rig::{Rig, each};
use box_emulator::{Effect, Fault};
use std::time::Duration;

/// The ways in which any call can fail once.
fn mishaps(operation: &str) -> Vec<Fault> {
    let on = || Fault::on(operation);
    let mut mishaps = vec![
        on().status(500, "internal_server_error"),
        on().status(502, "bad_gateway"),
        on().times(2).status(503, "unavailable"),
        on().status(504, ""),
        on().status_after(503, "unavailable"),
        on().effect(Effect::Html { status: 502 }),
        on().effect(Effect::Html { status: 200 }),
        on().drop_before(),
        on().drop_after(),
        on().effect(Effect::TruncatedJson),
        on().effect(Effect::CutAnswer),
        on().effect(Effect::EmptyBody),
        on().status(409, "operation_blocked_temporary"),
    ];
    let writes = [
        "post_files_content",
        "post_files_id_content",
        "post_folders",
    ];
    if writes.contains(&operation) {
        mishaps.extend([
            on().status(409, "name_temporarily_reserved"),
            on().persist_later(Some(Duration::ZERO)),
            on().persist_later(Some(Duration::from_millis(300))),
            on().persist_later(Some(Duration::from_millis(2500))),
        ]);
    }
    if operation.starts_with("post_files") {
        mishaps.extend([
            on().status(400, "bad_digest"),
            on().effect(Effect::WrongSha1),
            on().effect(Effect::WrongSize),
            on().effect(Effect::WrongName),
            on().mid_body_reset(0),
            on().mid_body_reset(200),
            on().mid_body_reset(100_000),
        ]);
    }
    mishaps
}

#[test]
fn a_first_pass_survives_every_single_mishap() {
    let operations = [
        "options_files_content",
        "post_files_content",
        "post_folders",
        "get_folders_id",
        "get_folders_id_items",
    ];
    let cases: Vec<Fault> = operations
        .iter()
        .flat_map(|operation| mishaps(operation))
        .collect();
    each(&cases, |fault| {
        let rig = Rig::new();
        let large = "x".repeat(300_000);
        rig.write("a.txt", &large)
            .write("sub/b.txt", "b")
            .write("c.txt", "c");
        rig.cloud.inject(fault.clone());
        let run = rig.once();
        assert_eq!(run.code, 0, "{run}");
        assert_eq!(run.count("uploaded") + run.count("adopted"), 3, "{run}");
        let late = || rig.cloud.pending() == 0;
        crate::rig::until("what is late has come", late);
        rig.expect_same_as_disk();
        for path in ["a.txt", "sub/b.txt", "c.txt"] {
            assert_eq!(rig.entry(path).versions, 1, "{path}: {run}");
        }
        rig.once_ok().expect(&[("unchanged", 3), ("requests", 0)]);
    });
}

#[test]
fn a_new_version_survives_every_single_mishap() {
    let operations = ["options_files_id_content", "post_files_id_content"];
    let cases: Vec<Fault> = operations
        .iter()
        .flat_map(|operation| mishaps(operation))
        .collect();
    each(&cases, |fault| {
        let rig = Rig::new();
        rig.write("a.txt", "one").write("b.txt", "b").once_ok();
        let two = "2".repeat(300_000);
        rig.write("a.txt", &two);
        rig.cloud.inject(fault.clone());
        let run = rig.once();
        assert_eq!(run.code, 0, "{run}");
        let late = || rig.cloud.pending() == 0;
        crate::rig::until("what is late has come", late);
        rig.expect_versions("a.txt", &["one", &two]);
        rig.expect_versions("b.txt", &["b"]);
        rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
    });
}

/// Reading Box's copy, after a 412.
#[test]
fn looking_again_survives_every_single_mishap() {
    each(&mishaps("get_files_id"), |fault| {
        let rig = Rig::new();
        rig.write("a.txt", "one").once_ok();
        rig.cloud.touch(&rig.entry("a.txt").id);
        rig.write("a.txt", "two");
        rig.cloud.inject(fault.clone());
        let run = rig.once();
        assert_eq!(run.code, 0, "{run}");
        rig.expect_versions("a.txt", &["one", "two"]);
    });
}

#[test]
fn an_answer_that_never_fits_is_not_taken_for_success() {
    for effect in [Effect::WrongSha1, Effect::WrongSize] {
        let rig = Rig::new();
        rig.write("a.txt", "a").write("b.txt", "b");
        for operation in ["post_files_content", "get_files_id"] {
            let fault = Fault::on(operation).name("a.txt").forever();
            rig.cloud.inject(fault.effect(effect.clone()));
        }
        let run = rig.once();
        run.expect_code(1);
        run.expect_event("a.txt", "parked wrong_reply");
        assert_eq!(rig.row_count("file"), 1, "recorded as synced: {run}");
        assert_eq!(rig.entry("a.txt").versions, 1);
    }
}

#[test]
fn a_name_that_box_says_twice_is_recorded_and_told() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    for operation in ["post_files_content", "get_files_id"] {
        let fault = Fault::on(operation).name("a.txt").forever();
        rig.cloud.inject(fault.effect(Effect::WrongName));
    }
    let run = rig.once_ok();
    let told = run.expect_event("a.txt", "uploaded");
    assert_eq!(told["name"], "a.txt (1)", "{told}");
    rig.once_ok().expect(&[("unchanged", 1), ("requests", 0)]);
    assert_eq!(rig.entry("a.txt").versions, 1);
}

#[test]
fn a_write_that_takes_effect_after_the_run_is_no_second_version() {
    let rig = Rig::new();
    rig.write("a.txt", "one").write("v.txt", "one").once_ok();
    rig.write("v.txt", "two").write("n.txt", "new");
    for operation in ["post_files_content", "post_files_id_content"] {
        rig.cloud.inject(Fault::on(operation).persist_later(None));
    }
    let forever = Fault::on("post_files_content").forever();
    rig.cloud.inject(forever.status(503, "unavailable"));
    let forever = Fault::on("post_files_id_content").forever();
    rig.cloud.inject(forever.status(503, "unavailable"));
    let run = rig.once();
    run.expect_code(1);
    run.expect(&[("unchanged", 1), ("failed", 2)]);
    rig.cloud.clear_faults();
    rig.cloud.persist_pending();
    crate::rig::until("it has taken effect", || rig.cloud.pending() == 0);
    let run = rig.once_ok();
    run.expect(&[("unchanged", 1), ("adopted", 2), ("bytes_sent", 0)]);
    rig.expect_versions("v.txt", &["one", "two"]);
    rig.expect_versions("n.txt", &["new"]);
}
