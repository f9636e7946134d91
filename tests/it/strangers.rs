//! Not authorised: exit code 77, Box's words, and the next step for a person.

use crate::rig::{Rig, Run};
use box_emulator::{Access, Fault};

#[track_caller]
fn refused(run: &Run, words: &[&str]) {
    run.expect_code(77);
    let said = run.words();
    for word in words {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
    assert!(!run.stderr.is_empty(), "nothing for a person: {run}");
}

#[test]
fn a_wrong_secret_names_what_to_check() {
    let rig = Rig::new().configured(|config| config.replace("emulated-secret", "wrong"));
    rig.write("a.txt", "a");
    let run = rig.once();
    refused(
        &run,
        &["invalid_client", "Developer Console", "client secret"],
    );
    assert_eq!(rig.calls("post_oauth2_token"), 1, "asked again in vain");
    assert_eq!(rig.cloud.total_requests(), 1);
    let dry = rig.sync(&["--once", "--dry-run"]);
    refused(&dry, &["invalid_client"]);
}

#[test]
fn an_app_that_is_not_authorised_names_the_admin_console() {
    let rig = Rig::with(|builder| builder.app_authorized(false));
    rig.write("a.txt", "a");
    refused(
        &rig.once(),
        &["unauthorized_client", "Admin Console", "uthorize"],
    );
}

#[test]
fn a_wrong_enterprise_and_a_user_outside_it_say_so() {
    let rig = Rig::new().configured(|config| config.replace("877840855", "1"));
    refused(&rig.once(), &["invalid_grant", "enterprise_id"]);
    let rig = Rig::new().configured(|config| {
        config.replace("enterprise_id = \"877840855\"", "user_id = \"424242\"");
    });
    refused(&rig.once(), &["invalid_grant", "user_id"]);
    let rig = Rig::with(|builder| builder.user_tokens(false));
    let user = rig.cloud.colleague_id();
    let rig = rig.configured(|config| {
        config.replace(
            "enterprise_id = \"877840855\"",
            &format!("user_id = \"{user}\""),
        );
    });
    refused(&rig.once(), &["Generate user access tokens"]);
}

#[test]
fn a_folder_that_the_account_cannot_see_names_the_login_to_invite() {
    for is_there in [true, false] {
        let rig = Rig::new();
        rig.write("a.txt", "a");
        let folder = match is_there {
            true => rig.cloud.foreign_folder("Hidden", Access::None),
            false => "999999999999".to_owned(),
        };
        let rig = rig.folder_id(&folder);
        for args in [&["--once"][..], &["--once", "--dry-run"]] {
            let run = rig.sync(args);
            let words = [
                folder.as_str(),
                "invite",
                "AutomationUser_",
                "@boxdevedition.com",
            ];
            refused(&run, &words);
        }
        assert_eq!(rig.writes(), 0);
    }
}

#[test]
fn a_folder_that_may_only_be_looked_at_names_the_role_that_is_missing() {
    let rig = Rig::new();
    let shared = rig.cloud.foreign_folder("Shared", Access::Viewer);
    let rig = rig.folder_id(&shared);
    rig.write("a.txt", "a").write("sub/b.txt", "b");
    let run = rig.once();
    refused(&run, &[&shared, "Editor"]);
    assert_eq!(rig.writes(), 0, "{run}");
    rig.cloud.set_access(&shared, Access::Editor);
    rig.once_ok().expect(&[("uploaded", 2)]);
    rig.cloud.set_access(&shared, Access::None);
    rig.write("a.txt", "edited");
    refused(&rig.once(), &[&shared, "invite"]);
}

#[test]
fn a_developer_token_works_until_it_dies() {
    let rig = Rig::new().configured(|config| {
        config.auth(&[
            "method = \"developer_token\"",
            "developer_token = \"dev-tok-1\"",
        ]);
    });
    rig.cloud.add_developer_token("dev-tok-1");
    rig.write("a.txt", "a").once_ok().expect(&[("uploaded", 1)]);
    assert_eq!(rig.calls("post_oauth2_token"), 0);
    rig.cloud.expire_tokens();
    rig.write("a.txt", "b");
    let run = rig.once();
    refused(&run, &["60 minutes", "Developer"]);
    assert!(!run.words().contains("dev-tok-1"), "{run}");
    rig.expect_box(["a.txt: a"]);
    // The environment wins over the file.
    rig.cloud.add_developer_token("dev-tok-2");
    let mut command = rig.command(&["sync", "--once", "--json"]);
    command.env("BOXUP_DEVELOPER_TOKEN", "dev-tok-2");
    let run = Run::of(crate::rig::Child::start(command).finish());
    run.expect_code(0);
    rig.expect_box(["a.txt: b"]);
}

#[test]
fn a_missing_scope_stops_everything_at_once() {
    let rig = Rig::new();
    for number in 0..30 {
        rig.write(&format!("f{number}"), "x");
    }
    let fault = Fault::on("post_files_content").forever();
    rig.cloud.inject(fault.status(403, "insufficient_scope"));
    let run = rig.once();
    refused(
        &run,
        &["insufficient_scope", "Application Scopes", "request"],
    );
    assert!(
        rig.calls("post_files_content") <= 8,
        "{}",
        rig.calls("post_files_content")
    );
}
