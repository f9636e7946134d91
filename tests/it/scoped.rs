//! Tokens that may do less, for handing on.

use crate::rig::Rig;
use serde_json::Value;

fn scoped(rig: &Rig, args: &[&str]) -> Value {
    let finished = rig.run(&[&["token", "--json"], args].concat());
    assert_eq!(finished.code, 0, "{finished:?}");
    serde_json::from_str(&finished.stdout).expect("one object")
}

#[test]
fn a_token_for_one_folder_and_one_purpose() {
    let rig = Rig::new();
    let token = scoped(&rig, &["--scope", "item_upload", "--folder", &rig.folder]);
    let restriction = &token["restricted_to"][0];
    assert_eq!(restriction["scope"], "item_upload");
    assert_eq!(restriction["object"]["id"], rig.folder.as_str());
    assert_eq!(restriction["object"]["type"], "folder");
    assert!(
        token["expires_in"]
            .as_u64()
            .is_some_and(|left| left > 4_000),
        "{token}"
    );
    let plain = rig.run(&["token"]).stdout;
    assert_ne!(token["access_token"], plain.trim());
    let several = scoped(
        &rig,
        &["--scope", "item_upload", "--scope", "item_download"],
    );
    assert_eq!(several["restricted_to"].as_array().map(Vec::len), Some(2));
}

#[test]
fn the_parent_is_renewed_when_it_is_dead() {
    let rig = Rig::new();
    rig.run(&["token"]);
    rig.cloud.expire_tokens();
    let token = scoped(&rig, &["--scope", "item_upload", "--folder", &rig.folder]);
    let token = token["access_token"].as_str().expect("a token");
    assert!(rig.cloud.is_alive(token));
}

#[test]
fn what_cannot_be_had_says_so() {
    let rig = Rig::new();
    for (args, code) in [
        (&["--scope", "make_coffee"][..], 77),
        (&["--scope", "item_upload", "--folder", "404404"], 77),
        (&["--folder", "1"], 2),
        (&["--scope", "item_upload", "--folder", "x"], 2),
    ] {
        let finished = rig.run(&[&["token"], args].concat());
        assert_eq!(finished.code, code, "{finished:?}");
        assert_eq!(finished.stdout, "");
        assert!(!finished.stderr.is_empty());
    }
}
