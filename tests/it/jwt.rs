//! Signing in with a key pair.

use crate::rig::{KeyPair, Rig, each};
use box_emulator::{AccessLevel, Fault};

#[test]
fn each_algorithm_is_good_for_a_mirror() {
    each(&["RS256", "RS384", "RS512"], |algorithm| {
        let (rig, _) = Rig::jwt(|builder| builder);
        let rig = rig.configured(|config| {
            let line = format!("method = \"jwt\"\nalgorithm = {algorithm:?}");
            config.replace("method = \"jwt\"", &line);
        });
        rig.write("a.txt", "a").once_ok();
        rig.expect_same_as_disk();
        assert_eq!(rig.calls("post_oauth2_token"), 1);
    });
}

#[test]
fn a_clock_that_is_wrong_is_corrected_by_boxs_own() {
    each(&[-3_600, -61, 61, 86_400], |skew| {
        let (rig, _) = Rig::jwt(|builder| builder);
        rig.cloud.set_clock_skew(*skew);
        rig.write("a.txt", "a");
        let run = rig.once_ok();
        rig.expect_same_as_disk();
        assert!(run.stderr.contains("NTP"), "{run}");
        assert_eq!(rig.calls("post_oauth2_token"), 2);
    });
}

#[test]
fn an_identifier_that_box_has_seen_is_replaced() {
    let (rig, _) = Rig::jwt(|builder| builder);
    let words = "Please check the 'jti' claim. A unique 'jti' value is required.";
    rig.cloud
        .inject(Fault::on("post_oauth2_token").oauth_error(400, "invalid_grant", words));
    rig.write("a.txt", "a").once_ok();
    assert_eq!(rig.calls("post_oauth2_token"), 2);
}

#[test]
fn a_clock_that_cannot_be_corrected_is_not_asked_about_for_ever() {
    let (rig, _) = Rig::jwt(|builder| builder);
    let words = "Please check the 'exp' claim.";
    rig.cloud
        .inject(
            Fault::on("post_oauth2_token")
                .forever()
                .oauth_error(400, "invalid_grant", words),
        );
    rig.write("a.txt", "a").once().expect_code(77);
    assert!(rig.calls("post_oauth2_token") <= 3);
}

/// What is wrong, words that must be said, and how it is made to happen.
type Case<'a> = (&'a str, &'a str, &'a dyn Fn(&Rig));

#[test]
fn refusals_name_what_to_do() {
    let cases: [Case<'_>; 4] = [
        ("removed key", "'kid' invalid", &|rig| {
            rig.cloud.remove_public_key("key1");
        }),
        ("another key", "Signature verification error", &|rig| {
            rig.cloud.add_public_key("key1", &KeyPair::new().public);
        }),
        ("not authorised", "Authorize", &|rig| {
            rig.cloud.set_app_authorized(false)
        }),
        ("not enabled", "enable", &|rig| {
            rig.cloud.set_app_enabled(false)
        }),
    ];
    for (what, words, change) in cases {
        let (rig, _) = Rig::jwt(|builder| builder);
        change(&rig);
        rig.write("a.txt", "a");
        let run = rig.once();
        run.expect_code(77);
        assert!(run.stderr.contains(words), "{what}: {run}");
        assert!(run.stderr.contains("What to do"), "{what}: {run}");
        assert_eq!(
            rig.calls("post_oauth2_token"),
            1,
            "{what}: it was asked again"
        );
    }
}

#[test]
fn a_user_can_be_acted_for() {
    let (rig, _) = Rig::jwt(|builder| builder);
    let user = rig.cloud.colleague_id();
    let folder = rig
        .cloud
        .foreign_folder("Theirs", box_emulator::Access::None);
    let rig = rig.folder_id(&folder).configured(|config| {
        let line = format!("method = \"jwt\"\nuser_id = {user:?}");
        config.replace("method = \"jwt\"", &line);
    });
    rig.write("a.txt", "a").once_ok();
    rig.expect_box_in(&folder, ["a.txt: a"]);
    rig.cloud.expire_tokens();
    rig.cloud.set_access_level(AccessLevel::AppOnly);
    rig.cloud.reauthorize_app();
    let run = rig.write("b.txt", "b").once();
    run.expect_code(77);
    assert!(run.stderr.contains("App + Enterprise Access"), "{run}");
}
