//! Who may ask a running service: its own user, and root.

use crate::rig::{Child, Finished, Rig, Service, is_root, not_run};
use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

/// `boxup` as nobody.
fn as_nobody(rig: &Rig, args: &[&str]) -> Option<Finished> {
    let command = rig.command_as_nobody(args)?;
    Some(Child::start(command).finish())
}

fn mode(path: &Path, mode: u32) {
    set_permissions(path, Permissions::from_mode(mode)).expect("the mode can be set");
}

#[test]
fn another_user_is_refused_even_where_the_socket_is_open_to_all() {
    if !is_root() {
        return not_run("only root can be two users");
    }
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    // This also gives nobody all of the state, the socket included.
    let Some(status) = as_nobody(&rig, &["status"]) else {
        return;
    };
    assert_eq!(status.code, 69, "{status:?}");
    let says = |finished: &Finished| {
        let words = format!("{}{}", finished.stdout, finished.stderr);
        assert!(
            words.contains("this boxup is user root's and answers only that user and root"),
            "{finished:?}"
        );
    };
    says(&status);
    for verb in [
        &["wait"][..],
        &["pause"],
        &["resume", "mirror"],
        &["approve", "mirror"],
    ] {
        let refused = as_nobody(&rig, verb).expect("it could be nobody before");
        assert_eq!(refused.code, 69, "{refused:?}");
        says(&refused);
    }
    // Nothing of it has happened, and root is answered.
    service.wait_ok(&rig);
    assert_eq!(service.status(&rig)["mirrors"][0]["state"], "watching");
    let run = service.term();
    assert!(run.stderr.contains("somebody else asked"), "{run}");
}

#[test]
fn who_may_not_look_into_the_state_is_told_whose_it_is() {
    if !is_root() {
        return not_run("only root can be two users");
    }
    let rig = Rig::new();
    let service = rig.start();
    service.wait_ok(&rig);
    let Some(command) = rig.command_as_nobody(&["status"]) else {
        return;
    };
    chown(rig.state(), Some(0), Some(0)).expect("root may");
    mode(&rig.state(), 0o700);
    let refused = Child::start(command).finish();
    assert_eq!(refused.code, 69, "{refused:?}");
    assert!(
        refused.stderr.contains("user root's") && refused.stderr.contains("sudo -u root"),
        "{refused:?}"
    );
    service.end();
}

#[test]
fn root_is_answered_by_another_users_service_and_leaves_its_state_alone() {
    if !is_root() {
        return not_run("only root can be two users");
    }
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let Some(command) = rig.command_as_nobody(&["sync", "--json"]) else {
        return;
    };
    let service = Service::start_command(&rig, command);
    service.wait_ok(&rig);
    assert_eq!(rig.run(&["status"]).code, 0);
    assert_eq!(rig.run(&["pause"]).code, 0);
    assert_eq!(service.status(&rig)["mirrors"][0]["state"], "paused");
    assert_eq!(rig.run(&["resume"]).code, 0);
    service.wait_ok(&rig);
    service.end();
    let refused = rig.run(&["pause"]);
    assert_eq!(refused.code, 74, "{refused:?}");
    assert!(refused.stderr.contains("sudo -u "), "{refused:?}");
    for entry in std::fs::read_dir(rig.state()).expect("it is there") {
        let entry = entry.expect("it can be read");
        let owner = entry.metadata().expect("it is there").uid();
        assert_ne!(owner, 0, "{:?} is root's", entry.path());
    }
    let again = as_nobody(&rig, &["pause"]).expect("it could be nobody before");
    assert_eq!(again.code, 0, "{again:?}");
}
