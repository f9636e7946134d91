//! Deletes under a service: the watcher tells of them, and a brake waits with it.

use crate::deletes::{LATER, deletes, rig, undo};
use crate::rig::{Service, other_clock, until};

#[test]
fn a_service_shows_its_brake_and_goes_on_when_it_is_approved() {
    let rig = rig();
    rig.once_ok();
    rig.write("stays", "s").once_ok();
    rig.remove("many").once_ok();
    let Some(variables) = other_clock(LATER) else {
        return;
    };
    let mut command = rig.command(&["sync", "--json"]);
    command.envs(variables);
    let mut service = Service::start_command(&rig, command);
    service.told("it is halted", |event| {
        event["event"] == "halted" && event["reason"] == "brake"
    });
    let (code, answer) = service.wait(&rig);
    assert_eq!(code, 3, "{answer}");
    assert_eq!(service.status(&rig)["mirrors"][0]["state"], "halted");
    assert_eq!(deletes(&rig), 0);
    let approved = rig.run(&["approve", "mirror", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&approved.stdout).expect("one object");
    assert_eq!(
        (approved.code, &told["deletes"]),
        (0, &100.into()),
        "{told}"
    );
    until("it is in the trash", || rig.calls("delete_folders_id") == 1);
    service.wait_ok(&rig);
    rig.expect_box(["stays: s"]);
    service.told("it is told", |event| {
        event["event"] == "trashed" && event["path"] == "many"
    });
    let database = rig.database();
    let run: String = database
        .query_row("SELECT run FROM deed", [], |row| row.get(0))
        .expect("there is a deed");
    let (code, lines) = undo(&rig, &run);
    assert_eq!(code, 0, "{lines:?}");
    assert!(rig.has("many/7", "7"));
    service.wait_ok(&rig);
    assert!(rig.has("many/7", "7"));
    service.end();
}

/// The watcher says so, a pass sees it, and a minute later another one acts: by a clock
/// in a hurry.
#[test]
fn a_service_deletes_what_was_deleted_while_it_watched() {
    let rig = rig();
    rig.write("a.txt", "a").once_ok();
    let id = rig.entry("a.txt").id;
    let Some(variables) = other_clock("+0 x20") else {
        return;
    };
    let mut command = rig.command(&["sync", "--json"]);
    command.envs(variables);
    let service = Service::start_command(&rig, command);
    service.wait_ok(&rig);
    rig.remove("a.txt");
    until("it is in the trash", || rig.cloud.is_trashed(&id));
    drop(service);
}
