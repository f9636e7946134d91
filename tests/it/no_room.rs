//! An account on Box that is full: its mirrors wait, nobody else does.

use crate::rig::{PATIENCE, Rig, ask, until};
use box_emulator::{Access, Fault};

const FULL: &str = "storage_limit_exceeded";

/// A second mirror whose folder belongs to somebody else, with ten files in each.
fn two_owners() -> Rig {
    let mut rig = Rig::new();
    let theirs = rig.cloud.foreign_folder("Theirs", Access::Editor);
    let local = rig.temp().join("theirs");
    std::fs::create_dir(&local).expect("made");
    rig.config.add_mirror("theirs", &local, &theirs);
    let rig = rig.configured(|config| {
        config.limits.push("concurrent_uploads = 1".to_owned());
    });
    for number in 0..10 {
        rig.write(&format!("mine{number}"), "1234");
        std::fs::write(local.join(format!("theirs{number}")), "1234").expect("written");
    }
    rig
}

/// Every preflight below the first mirror's folder is refused.
fn full(rig: &Rig, status: u16, code: &str) {
    for number in 0..10 {
        let name = format!("mine{number}");
        let fault = Fault::on("options_files_content").name(&name).forever();
        rig.cloud.inject(fault.status(status, code));
    }
}

#[test]
fn a_single_pass_asks_once_and_the_other_owners_files_arrive() {
    for (status, code) in [(403, FULL), (409, FULL), (507, "")] {
        let rig = two_owners();
        full(&rig, status, code);
        let run = rig.once();
        run.expect_code(1);
        run.expect(&[("uploaded", 10), ("parked", 10), ("bytes_sent", 40)]);
        let asked = rig.cloud.count_status("options_files_content", status);
        assert_eq!(asked, 1, "it was asked again: {run}");
        for number in 0..10 {
            run.expect_event(&format!("mine{number}"), &format!("parked {FULL}"));
        }
        // The next run tries again: once, as long as nothing has changed.
        let run = rig.once();
        run.expect_code(1);
        run.expect(&[("unchanged", 10), ("parked", 10)]);
        let asked = rig.cloud.count_status("options_files_content", status);
        assert_eq!(asked, 2, "{run}");
        rig.cloud.clear_faults();
        rig.once_ok().expect(&[("unchanged", 10), ("uploaded", 10)]);
    }
}

#[test]
fn mirrors_of_one_owner_wait_together() {
    let mut rig = Rig::new();
    rig.add_mirror("second");
    rig.config.save();
    let second = |name: &str| {
        let path = rig.config.local(1).join(name);
        std::fs::write(path, "1234").expect("written");
    };
    rig.write("a", "1234");
    second("b");
    let service = rig.start();
    service.wait_ok(&rig);
    rig.cloud.set_quota(Some(0));
    rig.write("c", "1234");
    let parked = |mirror: usize| {
        let status = service.status(&rig);
        status["mirrors"][mirror]["parked"].as_u64()
    };
    until("it is refused", || parked(0) == Some(1));
    second("d");
    until("the other one waits as well", || parked(1) == Some(1));
    let asked = rig.cloud.count_status("options_files_content", 403);
    assert_eq!(asked, 1, "each mirror asked by itself");
    rig.cloud.set_quota(None);
    service.wait_ok(&rig);
    rig.expect_box(["a: 1234", "c: 1234"]);
    service.end();
}

#[test]
fn one_file_that_never_fits_does_not_keep_smaller_ones_from_box() {
    let rig = Rig::new();
    rig.cloud.set_quota(Some(1_000));
    rig.write("big", "b".repeat(2_000)).write("small", "s");
    for _ in 0..2 {
        let run = rig.once();
        run.expect_code(1);
        run.expect_event("big", &format!("parked {FULL}"));
        assert!(rig.has("small", "s"), "{run}");
    }
    rig.cloud.set_quota(None);
    rig.once_ok();
    rig.expect_same_as_disk();
}

#[test]
fn the_service_pauses_tells_so_and_goes_on_at_once_when_there_is_room() {
    let rig = two_owners();
    full(&rig, 403, FULL);
    let service = rig.start();
    let (code, answer) = service.wait(&rig);
    assert_eq!(code, 1, "{answer}");
    let left = answer["left"].as_array().map(Vec::len);
    assert_eq!(left, Some(10), "{answer}");
    let status = service.status(&rig);
    let (mine, theirs) = (&status["mirrors"][0], &status["mirrors"][1]);
    assert_eq!(
        (&mine["parked"], &theirs["parked"]),
        (&10.into(), &0.into())
    );
    assert_eq!(mine["paused"]["reason"], FULL, "{status}");
    let next = mine["paused"]["next_probe_seconds"].as_u64();
    assert!(next.is_some_and(|next| (3_000..=3_600).contains(&next)));
    assert!(theirs["paused"].is_null(), "{status}");
    // A smaller one is refused as well: nothing more is sent at all.
    for name in ["tiny", "new"] {
        let fault = Fault::on("options_files_content").name(name).forever();
        rig.cloud.inject(fault.status(403, FULL));
    }
    rig.write("tiny", "1");
    until("it is paused", || {
        service.status(&rig)["mirrors"][0]["state"] == "paused"
    });
    let asked = rig.cloud.count_status("options_files_content", 403);
    rig.write("mine0", "4321").write("new", "");
    until("they wait as well", || {
        service.status(&rig)["mirrors"][0]["parked"] == 12
    });
    let now = rig.cloud.count_status("options_files_content", 403);
    assert_eq!(now, asked, "it was asked although it is full");
    let words = rig.run(&["status"]).stdout;
    assert!(
        words.contains("paused") && words.contains("nothing is sent"),
        "{words}"
    );
    // Whoever waits has it tried: with one file.
    let (code, answer) = service.wait(&rig);
    assert_eq!(code, 3, "{answer}");
    let now = rig.cloud.count_status("options_files_content", 403);
    assert_eq!(now, asked + 1, "{answer}");
    assert_eq!(answer["paused"][0]["mirror"], "mirror", "{answer}");
    rig.cloud.clear_faults();
    let (code, answer) = ask(&rig, &["wait", "--timeout", "90s", "--json"]);
    assert_eq!(code, 0, "{answer}");
    assert!(service.status(&rig)["mirrors"][0]["paused"].is_null());
    assert!(rig.cloud.wait_for(|_| rig.has("new", ""), PATIENCE));
    rig.expect_same_as_disk();
    service.end();
}
