//! What a service tells of what it was before it read its configuration again, or was
//! started anew.

use crate::metrics::monitored_rig;
use crate::rig::{Monitored, Rig, Service, ask, signal, until};
use box_emulator::Fault;
use serde_json::Value;

/// What it tells of its mirror, once it answers: the socket of one that was killed is there
/// before it listens.
fn mirror(service: &Service, rig: &Rig) -> Value {
    until("it answers", || rig.run(&["status"]).code == 0);
    service.status(rig)["mirrors"][0].clone()
}

fn reload(service: &mut Service) {
    let reloads = |service: &Service| {
        let events = service.events();
        let reloads = events.iter().filter(|event| event["event"] == "reloaded");
        reloads.count()
    };
    let before = reloads(service);
    signal(service.pid(), "HUP");
    until("it was read again", || reloads(service) > before);
}

fn lag(mirror: &Value) -> u64 {
    mirror["oldest_unsynced_seconds"].as_u64().unwrap_or(0)
}

/// A mirror that is paused is not looked at, so that nothing but memory tells of its last pass.
#[test]
fn the_last_pass_is_told_when_nobody_has_looked_since() {
    let rig = monitored_rig();
    rig.write("a.txt", "a");
    let mut monitored = Monitored::start(&rig);
    monitored.service.wait_ok(&rig);
    assert_eq!(rig.run(&["pause"]).code, 0);
    let last = mirror(&monitored.service, &rig)["last_pass"].clone();
    assert!(last.is_string(), "{last}");
    let series = "boxup_last_pass_timestamp_seconds{mirror=\"mirror\"}";
    let expect_told = |monitored: &Monitored| {
        let now = mirror(&monitored.service, &rig);
        assert_eq!(
            (&now["state"], &now["last_pass"]),
            (&"paused".into(), &last)
        );
        let words = rig.run(&["status"]).stdout;
        assert!(words.contains("last whole pass"), "{words}");
        assert!(monitored.page().get(series).is_some());
    };
    expect_told(&monitored);
    for _ in 0..2 {
        reload(&mut monitored.service);
        expect_told(&monitored);
    }
    monitored.service.term().expect_code(3);
    let monitored = Monitored::start(&rig);
    expect_told(&monitored);
    monitored.service.term().expect_code(3);
}

/// A monitor would otherwise be told by each new beginning that all is well.
#[test]
fn a_new_beginning_makes_nothing_fresh() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let mut service = rig.start();
    service.wait_ok(&rig);
    rig.cloud
        .inject(Fault::any().forever().rate_limited(Some("600")));
    rig.write("b.txt", "b");
    let stale = || rig.run(&["status", "--max-lag", "2s"]).code == 1;
    until("it is behind", stale);
    let before = lag(&mirror(&service, &rig));
    reload(&mut service);
    let reloaded = lag(&mirror(&service, &rig));
    assert!(reloaded >= before, "{reloaded} s after {before} s");
    assert!(stale());
    service.term();
    assert!(stale());
    let service = rig.start();
    let again = lag(&mirror(&service, &rig));
    assert!(again >= reloaded, "{again} s after {reloaded} s");
    service.kill();
    let service = rig.start();
    let again_after_kill = lag(&mirror(&service, &rig));
    assert!(
        again_after_kill >= again,
        "{again_after_kill} s after {again} s"
    );
    rig.cloud.clear_faults();
    // What Box asked to wait for is over with it.
    service.term();
    let service = rig.start();
    service.wait_ok(&rig);
    until("it is fresh", || lag(&mirror(&service, &rig)) == 0);
    service.end();
}

#[test]
fn what_is_known_of_another_folder_is_not_told_of_this_one() {
    let rig = Rig::new();
    rig.write("a.txt", "a").once_ok();
    let fresh = |rig: &Rig| rig.run(&["status", "--max-lag", "1h"]).code;
    assert_eq!(fresh(&rig), 0);
    let elsewhere = rig.cloud.folder("/elsewhere");
    let rig = rig.folder_id(&elsewhere);
    assert_eq!(fresh(&rig), 69);
    // Until then no pass comes to its end.
    rig.cloud
        .inject(Fault::on("get_folders_id_items").forever().hold());
    let service = rig.start();
    let now = mirror(&service, &rig);
    assert!(now["last_pass"].is_null(), "{now}");
    rig.cloud.clear_faults();
    rig.cloud.release_holds();
    service.wait_ok(&rig);
    service.end();
    assert_eq!(fresh(&rig), 0);
}

/// A machine that was off all night has its mirrors looked at before anybody is told.
#[test]
fn what_may_have_waited_while_nothing_ran_is_not_told_before_somebody_has_looked() {
    let rig = Rig::new().configured(|config| {
        config.notify = [
            "command = \"cat >> told\"",
            "for = \"0s\"",
            "stale_after = \"1h\"",
        ]
        .map(str::to_owned)
        .to_vec();
    });
    rig.write("a.txt", "a").once_ok();
    rig.write("held.txt", "held").write("trailing ", "x");
    rig.cloud.inject(Fault::on("post_files_content").hold());
    let Some(command) = rig.command_at("+3h", &["sync", "--json"]) else {
        return;
    };
    let service = Service::start_command(&rig, command);
    let told = || std::fs::read_to_string(rig.temp().join("told")).unwrap_or_default();
    until("what is parked is told", || told().contains("name_invalid"));
    // A monitor is told what is known.
    assert!(lag(&mirror(&service, &rig)) >= 3 * 60 * 60);
    assert!(!told().contains("stale"), "{}", told());
    rig.cloud.release_holds();
    let (code, answer) = ask(&rig, &["wait", "--timeout", "90s", "--json"]);
    assert_eq!(code, 1, "{answer}");
    until("it is fresh", || lag(&mirror(&service, &rig)) == 0);
    service.term();
    assert!(!told().contains("stale"), "{}", told());
}
