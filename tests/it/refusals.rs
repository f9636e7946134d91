//! What one file meets stops no other.

use crate::rig::{PATIENCE, Rig, Run, Service, until};
use box_emulator::{Effect, Fault, Request};

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
    let event = run.expect_event("a.txt", "parked access_denied_item_locked");
    let message = event["message"].as_str().unwrap_or_default();
    let is_told = message.contains("colleague@") && message.contains("has locked it");
    assert!(is_told, "nobody is named: {event}");
    let asked = rig.cloud.count_status("options_files_id_content", 403);
    assert_eq!(asked, 1, "a single pass tries once: {run}");
    rig.expect_versions("a.txt", &["one"]);
    rig.cloud.unlock(&id);
    rig.once_ok();
    rig.expect_versions("a.txt", &["one", "two"]);
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

#[test]
fn four_poisoned_files_among_a_thousand_delay_nobody() {
    let rig = Rig::new();
    for number in 0..1_000 {
        rig.write(
            &format!("d{}/f{number:03}", number % 10),
            format!("{number}"),
        );
    }
    let on = |name: &str| Fault::on("post_files_content").name(name).forever();
    rig.cloud
        .inject(on("f100").status(500, "internal_server_error"));
    rig.cloud
        .inject(on("f300").status(403, "forbidden_by_policy"));
    rig.cloud
        .inject(on("f500").status(409, "name_temporarily_reserved"));
    rig.cloud.inject(on("f700").effect(Effect::HoldBefore));
    let service = rig.start();
    let arrived = rig
        .cloud
        .wait_for(|cloud| cloud.tree(&rig.folder).len() == 10 + 996, PATIENCE);
    assert!(arrived, "{}", rig.names().len());
    for (name, most) in [("f100", 5), ("f300", 1), ("f500", 16), ("f700", 1)] {
        let requests = rig.cloud.requests().into_iter();
        let is_try = |request: &Request| {
            request.operation == "post_files_content" && request.name.as_deref() == Some(name)
        };
        let tries = requests.filter(is_try).count();
        assert!(tries <= most, "{tries} tries for {name}");
    }
    let status = service.status(&rig);
    assert_eq!(status["mirrors"][0]["synced"], 996, "{status}");
    service.kill();
}

#[test]
fn the_service_leaves_alone_what_is_parked_until_it_changes_or_somebody_asks() {
    let rig = Rig::new().configured(|config| config.watch.push("rescan = \"1s\"".to_owned()));
    rig.write("a.txt", "one").write("b.txt", "b").once_ok();
    rig.cloud.lock(&rig.entry("a.txt").id);
    rig.write("a.txt", "two").write("bad.txt", "bad");
    let fault = Fault::on("options_files_content").name("bad.txt").forever();
    rig.cloud.inject(fault.status(403, "forbidden_by_policy"));
    let mut service = rig.start();
    let asked = || {
        let locked = rig.cloud.count_status("options_files_id_content", 403);
        (rig.cloud.count_status("options_files_content", 403), locked)
    };
    until("both are parked", || {
        service.status(&rig)["mirrors"][0]["parked"] == 2
    });
    assert_eq!(asked(), (1, 1));
    let passes = |service: &Service| {
        let events = service.events().into_iter();
        events.filter(|event| event["event"] == "passed").count()
    };
    let before = passes(&service);
    until("it has looked at everything again", || {
        passes(&service) >= before + 3
    });
    assert_eq!(asked(), (1, 1), "it was tried although nothing has changed");
    service.told("that it still waits", |event| event["path"] == "bad.txt");
    // It changes.
    rig.write("bad.txt", "worse");
    until("it is tried", || asked().0 == 2);
    // Somebody waits for it.
    assert_eq!(service.wait(&rig).0, 1);
    assert_eq!(asked(), (3, 2));
    rig.cloud.clear_faults();
    rig.cloud.unlock(&rig.entry("a.txt").id);
    service.wait_ok(&rig);
    rig.expect_same_as_disk();
    service.end();
}
