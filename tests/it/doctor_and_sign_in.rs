//! `boxup doctor` and the ways to sign in.

use crate::rig::{Child, PATIENCE, Rig, signal};
use box_emulator::{Access, Effect, Fault};
use serde_json::Value;

/// The exit code, and the line about one thing.
#[track_caller]
fn look(rig: &Rig, name: &str) -> (i32, Value) {
    let finished = rig.run(&["doctor", "--json"]);
    let lines = finished.stdout.lines().map(serde_json::from_str::<Value>);
    let about = lines
        .filter_map(Result::ok)
        .find(|line| line["name"] == name);
    let about = about.unwrap_or_else(|| panic!("nothing about {name}: {finished:?}"));
    (finished.code, about)
}

#[test]
fn a_login_is_looked_at_and_not_renewed() {
    let rig = Rig::oauth(|builder| builder);
    let (code, token) = look(&rig, "token");
    assert_eq!((code, &token["status"]), (77, &"fail".into()), "{token}");
    assert!(token.to_string().contains("boxup login"), "{token}");
    assert!(!rig.state().exists());
    rig.login();
    let (code, token) = look(&rig, "token");
    assert_eq!((code, &token["status"]), (0, &"ok".into()), "{token}");
    assert_eq!(rig.cloud.grants("refresh_token"), 0);
}

#[test]
fn a_key_pair_is_tried_for_real() {
    let (rig, _) = Rig::jwt(|builder| builder);
    let (code, token) = look(&rig, "token");
    assert_eq!((code, &token["status"]), (0, &"ok".into()), "{token}");
    rig.cloud.remove_public_key("key1");
    let (code, token) = look(&rig, "token");
    assert_eq!((code, &token["status"]), (77, &"fail".into()), "{token}");
    assert!(token.to_string().contains("'kid' invalid"), "{token}");
}

#[test]
fn an_app_that_may_only_read_lacks_a_scope() {
    let rig = Rig::new();
    let folder = rig.cloud.foreign_folder("Reports", Access::Editor);
    let rig = rig.folder_id(&folder);
    rig.cloud.set_app_scopes(&["root_readonly"]);
    rig.cloud.reauthorize_app();
    let (code, scopes) = look(&rig, "scopes");
    assert_eq!((code, &scopes["status"]), (77, &"fail".into()), "{scopes}");
    for words in ["Application Scopes", "Reauthorize"] {
        assert!(scopes.to_string().contains(words), "{scopes}");
    }
}

#[test]
fn it_ends_at_once_when_told_to() {
    let rig = Rig::new();
    rig.cloud
        .inject(Fault::on("post_oauth2_token").effect(Effect::HoldBefore));
    let child = Child::start(rig.command(&["doctor"]));
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
    signal(child.pid(), "INT");
    assert_eq!(child.finish().code, 1);
    rig.cloud.release_holds();
}
