//! Being told: what is wrong, once, and when it is over.

use crate::rig::{Child, Recorder, Rig, Run, Service, signal, until};
use box_emulator::Fault;
use serde_json::Value;

/// Messages go into a file, one on a line, and nothing waits for anything.
fn rig() -> Rig {
    Rig::new().configured(|config| {
        config.notify = vec![
            "command = \"cat >> told\"".to_owned(),
            "for = \"0s\"".to_owned(),
            "min_interval = \"0s\"".to_owned(),
        ];
    })
}

/// What was told so far. A line that is being written is not yet told.
fn told(rig: &Rig) -> Vec<Value> {
    let text = std::fs::read_to_string(rig.temp().join("told")).unwrap_or_default();
    let lines = text.lines().map(serde_json::from_str);
    lines.filter_map(Result::ok).collect()
}

/// `event mirror reason` of everything told so far.
fn words(rig: &Rig) -> Vec<String> {
    let word = |item: &Value, key: &str| item[key].as_str().unwrap_or("-").to_owned();
    let all = told(rig);
    let items = all.iter().flat_map(|message| {
        let events = message["events"].as_array().expect("a list");
        assert!(!events.is_empty(), "{message}");
        assert_eq!(message["event"], events[0]["event"]);
        events.clone()
    });
    items
        .map(|item| {
            ["event", "mirror", "reason"]
                .map(|key| word(&item, key))
                .join(" ")
        })
        .collect()
}

#[test]
fn what_is_renamed_as_advised_is_over_without_a_look_at_everything() {
    let rig = rig();
    rig.write("sub/a\\b.txt", "x");
    let service = rig.start();
    until("it is told", || {
        words(&rig) == ["parked mirror name_invalid"]
    });
    rig.rename("sub/a\\b.txt", "sub/ab.txt");
    until("it is over", || words(&rig).len() == 2);
    assert_eq!(words(&rig)[1], "recovered mirror name_invalid");
    let status = service.status(&rig);
    assert_eq!(status["mirrors"][0]["parked"], 0, "{status}");
    service.wait_ok(&rig);
    service.end();
    rig.expect_versions("sub/ab.txt", &["x"]);
}

#[test]
fn runs_one_after_the_other_tell_what_is_parked_once_and_when_it_is_over() {
    let rig = rig();
    rig.write("a\\b.txt", "x").write("c\\d.txt", "x");
    assert_eq!(rig.once().code, 1);
    assert_eq!(rig.once().code, 1);
    assert_eq!(words(&rig), ["parked mirror name_invalid"]);
    let message = told(&rig).remove(0);
    assert_eq!(message["count"], 2);
    assert_eq!(message["paths"][0], "a\\b.txt");
    assert_eq!(message["version"], env!("CARGO_PKG_VERSION"));
    for key in ["at", "host", "message", "next", "since", "text"] {
        assert!(
            message[key].as_str().is_some_and(|text| !text.is_empty()),
            "{key}: {message}"
        );
    }
    // One more is news; one less is not.
    rig.write("e\\f.txt", "x").once();
    rig.rename("a\\b.txt", "ab.txt").once();
    assert_eq!(words(&rig).len(), 2);
    rig.rename("c\\d.txt", "cd.txt")
        .rename("e\\f.txt", "ef.txt");
    rig.once_ok();
    rig.once_ok();
    assert_eq!(
        words(&rig),
        [
            "parked mirror name_invalid",
            "parked mirror name_invalid",
            "recovered mirror name_invalid",
        ]
    );
}

#[test]
fn a_run_that_is_not_let_in_tells_that_before_it_ends() {
    let rig = rig();
    rig.write("a.txt", "a");
    let refusal = || {
        let refused = Fault::on("post_oauth2_token").oauth_error(400, "invalid_client", "no");
        rig.cloud.inject(refused.forever());
    };
    refusal();
    // The service, which ends by itself and is not started again.
    let service = || Run::of(Child::start(rig.command(&["sync", "--json"])).finish());
    assert_eq!(service().code, 77);
    assert_eq!(words(&rig), ["auth_failed - unauthorized"]);
    let message = told(&rig).remove(0);
    assert!(
        message["message"]
            .as_str()
            .is_some_and(|text| text.contains("invalid_client"))
    );
    assert!(
        message["next"]
            .as_str()
            .is_some_and(|text| text.contains("Console")),
        "{message}"
    );
    // Again, by both ways to run: told already.
    assert_eq!(service().code, 77);
    assert_eq!(rig.once().code, 77);
    assert_eq!(words(&rig), ["auth_failed - unauthorized"]);
    rig.cloud.clear_faults();
    rig.once_ok();
    assert_eq!(words(&rig)[1..], ["recovered - unauthorized"]);
    // Nothing was asked of Box, so nobody knows better.
    rig.once_ok();
    assert_eq!(words(&rig).len(), 2);
}

/// Nor does it come up again by itself when its folder is gone, or its state cannot be.
#[test]
fn a_service_that_ends_by_itself_has_told_why() {
    let rig = rig().folder_id("404404404");
    rig.write("a.txt", "a");
    let run = Run::of(Child::start(rig.command(&["sync", "--json"])).finish());
    assert_eq!(run.code, 77, "{run}");
    assert_eq!(words(&rig), ["halted mirror folder_invisible"]);
    let rig = self::rig();
    std::fs::write(rig.state(), "no directory").expect("written");
    let run = rig.run(&["sync", "--json"]);
    assert_eq!(run.code, 74, "{run:?}");
    assert_eq!(words(&rig), ["halted - state"]);
}

#[test]
fn a_service_tells_that_a_mirror_stands_still_and_that_it_goes_on() {
    let rig = rig();
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    let aside = rig.temp().join("aside");
    std::fs::rename(rig.local(), &aside).expect("moved");
    assert_eq!(service.wait(&rig).0, 3);
    until("it is told", || {
        words(&rig) == ["halted mirror root_missing"]
    });
    let next = told(&rig).remove(0)["next"].clone();
    assert!(
        next.as_str().is_some_and(|next| next.contains("mount")),
        "{next}"
    );
    std::fs::rename(&aside, rig.local()).expect("moved");
    service.wait_ok(&rig);
    until("it is over", || words(&rig).len() == 2);
    assert_eq!(words(&rig)[1], "recovered mirror root_missing");
    service.end();
}

/// What a service told is known to the next one, and to a single run.
#[test]
fn what_was_told_is_not_told_again_after_a_restart() {
    let rig = rig();
    rig.write("a\\b.txt", "x");
    let service = rig.start();
    assert_eq!(service.wait(&rig).0, 1);
    until("it is told", || words(&rig).len() == 1);
    // It is noted as well.
    until("it is noted", || {
        let notes = std::fs::read_to_string(rig.state().join("notified.json"));
        notes.is_ok_and(|notes| notes.contains("\"told\":{"))
    });
    service.kill();
    std::fs::remove_file(rig.state().join("control.sock")).expect("it was left");
    assert_eq!(rig.once().code, 1);
    let service = rig.start();
    assert_eq!(service.wait(&rig).0, 1);
    rig.rename("a\\b.txt", "ab.txt");
    service.wait_ok(&rig);
    until("it is over", || words(&rig).len() == 2);
    assert_eq!(
        words(&rig),
        [
            "parked mirror name_invalid",
            "recovered mirror name_invalid"
        ]
    );
    service.end();
}

#[test]
fn what_does_not_get_to_box_is_told_when_it_is_stale() {
    let rig = rig().configured(|config| config.notify.push("stale_after = \"1s\"".into()));
    rig.write("a.txt", "a");
    rig.cloud.inject(
        Fault::on("post_files_content")
            .status(503, "unavailable")
            .forever(),
    );
    let service = rig.start();
    until("it is told", || {
        words(&rig).iter().any(|told| told == "stale mirror behind")
    });
    rig.cloud.clear_faults();
    rig.expect_arrival("a.txt", "a");
    service.wait_ok(&rig);
    until("it is over", || {
        words(&rig)
            .iter()
            .any(|told| told == "recovered mirror behind")
    });
    service.end();
}

/// Nobody knows when there was a good run, so it may have been long ago.
#[test]
fn a_run_without_an_answer_is_told() {
    let rig = rig();
    rig.write("a.txt", "a");
    rig.cloud
        .inject(Fault::any().status(503, "unavailable").forever());
    let run = rig.once();
    assert!([1, 69].contains(&run.code), "{run}");
    let first = words(&rig);
    assert!(
        first.len() == 1 && first[0].starts_with("stale "),
        "{first:?}"
    );
    rig.cloud.clear_faults();
    rig.once_ok();
    assert_eq!(words(&rig)[1..], [first[0].replace("stale", "recovered")]);
}

/// By default there are five minutes between two messages.
#[test]
fn what_comes_up_soon_after_a_message_is_in_the_next_one() {
    let rig = rig().configured(|config| {
        config
            .notify
            .retain(|line| !line.starts_with("min_interval"));
    });
    let second = rig.temp().join("second");
    let mut rig = rig;
    rig.add_mirror("second");
    rig.write("a\\b.txt", "x");
    assert_eq!(rig.once().code, 1);
    std::fs::rename(&second, rig.temp().join("aside")).expect("moved");
    rig.rename("a\\b.txt", "ab.txt");
    assert_eq!(rig.once().code, 3);
    assert_eq!(words(&rig), ["parked mirror name_invalid"]);
    let Some(later) = rig.command_at("+6m", &["sync", "--once", "--json"]) else {
        return;
    };
    assert_eq!(Child::start(later).finish().code, 3);
    assert_eq!(
        words(&rig)[1..],
        [
            "halted second root_missing",
            "recovered mirror name_invalid"
        ]
    );
    assert_eq!(told(&rig).len(), 2);
}

#[test]
fn another_configuration_has_another_way() {
    let mut rig = rig();
    rig.write("a.txt", "a");
    let mut service = Service::start(&rig);
    service.wait_ok(&rig);
    rig = rig.configured(|config| config.notify[0] = "command = \"cat >> elsewhere\"".into());
    signal(service.pid(), "HUP");
    service.told("that it was read again", |event| {
        event["event"] == "reloaded"
    });
    rig.write("a\\b.txt", "x");
    assert_eq!(service.wait(&rig).0, 1);
    until("it is told", || {
        let text = std::fs::read_to_string(rig.temp().join("elsewhere"));
        text.is_ok_and(|text| text.contains("name_invalid"))
    });
    assert_eq!(words(&rig), Vec::<String>::new());
    service.term();
}

#[test]
fn only_what_is_wanted_is_told_and_another_runs_lock_is_no_trouble() {
    let rig = rig().configured(|config| config.notify.push("on = [\"halted\"]".into()));
    rig.write("a\\b.txt", "x");
    assert_eq!(rig.once().code, 1);
    let service = rig.start();
    assert_eq!(service.wait(&rig).0, 1);
    assert_eq!(rig.run(&["sync", "--once", "--json"]).code, 75);
    service.term();
    assert_eq!(words(&rig), Vec::<String>::new());
}

/// What a person has paused is no trouble, and does not end one.
#[test]
fn a_pause_is_neither_told_nor_taken_for_an_end() {
    let server = Recorder::start();
    let rig = rig().configured(|config| {
        config.notify.push("stale_after = \"1s\"".to_owned());
        let url = server.url("beat");
        config.notify.push(format!("heartbeat = {url:?}"));
    });
    rig.write("a\\b.txt", "x");
    assert_eq!(rig.once().code, 1);
    assert_eq!(rig.run(&["pause"]).code, 0);
    rig.rename("a\\b.txt", "ab.txt").write("new.txt", "new");
    assert_eq!(rig.once().code, 3);
    assert_eq!(words(&rig), ["parked mirror name_invalid"]);
    assert!(server.heard().is_empty(), "all is not well");
    assert_eq!(rig.run(&["resume"]).code, 0);
    rig.once_ok();
    assert_eq!(words(&rig)[1..], ["recovered mirror name_invalid"]);
    assert_eq!(server.heard().len(), 1);
}
