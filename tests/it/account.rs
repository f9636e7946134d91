//! Which account boxup acts as, and that it stays the same.

use crate::rig::Rig;
use serde_json::Value;

/// The same rig, signed in as the colleague.
fn as_colleague(rig: Rig) -> Rig {
    let user = rig.cloud.colleague_id();
    let subject = format!("user_id = \"{user}\"");
    rig.configured(|config| config.replace("enterprise_id = \"877840855\"", &subject))
}

fn as_service(rig: Rig) -> Rig {
    let user = rig.cloud.colleague_id();
    let subject = format!("user_id = \"{user}\"");
    rig.configured(|config| config.replace(&subject, "enterprise_id = \"877840855\""))
}

#[test]
fn the_account_is_asked_for_once_for_each_credential() {
    let rig = Rig::new();
    for number in 0..3 {
        rig.write(&format!("f{number}"), "x").once_ok();
    }
    assert_eq!(rig.calls("get_users_me"), 1);
    let before = rig.cloud.total_requests();
    rig.once_ok();
    assert_eq!(rig.cloud.total_requests(), before, "nothing was to be done");
}

#[test]
fn a_token_of_another_account_is_refused_before_anything_is_done() {
    let rig = Rig::new();
    rig.write("a.txt", "a").once_ok();
    let rig = as_colleague(rig);
    rig.write("a.txt", "changed").write("b.txt", "b");
    let run = rig.once();
    run.expect_code(77);
    assert_eq!(run.count("pending"), 2, "{run}");
    let error = run.summary["error"].to_string();
    for part in ["AutomationUser_1_x@boxdevedition.com", "state directory"] {
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(rig.calls("post_files_id_content"), 0);
    assert_eq!(rig.calls("post_files_content"), 1);
    let rig = as_service(rig);
    rig.once_ok();
    rig.expect_same_as_disk();
}

#[test]
fn an_account_that_never_mapped_anything_may_be_changed() {
    let rig = Rig::new().folder_id("404404");
    rig.write("a.txt", "a");
    rig.once().expect_code(77);
    let folder = rig
        .cloud
        .foreign_folder("Theirs", box_emulator::Access::None);
    let rig = as_colleague(rig.folder_id(&folder));
    rig.once_ok();
    rig.expect_box_in(&folder, ["a.txt: a"]);
}

#[test]
fn whoami_tells_who_and_how_much() {
    let rig = Rig::new();
    let finished = rig.run(&["whoami", "--json"]);
    assert_eq!(finished.code, 0, "{finished:?}");
    let who: Value = serde_json::from_str(&finished.stdout).expect("one object");
    assert_eq!(who["id"], rig.cloud.service_account_id());
    assert_eq!(who["login"], "AutomationUser_1_x@boxdevedition.com");
    assert_eq!(who["enterprise"]["id"], "877840855");
    assert_eq!(who["space_amount"], 10_737_418_240_u64);
    assert_eq!(who["max_upload_size"], 5_368_709_120_u64);
    assert_eq!(
        (&who["method"], &who["service_account"]),
        (&"ccg".into(), &true.into())
    );
    let finished = rig.run(&["whoami"]);
    for part in [
        "AutomationUser_1_x@boxdevedition.com",
        "877840855",
        "10.7 GB",
        "5.3 GB",
    ] {
        assert!(finished.stdout.contains(part), "{finished:?}");
    }
    assert_eq!(finished.stderr, "");
}
