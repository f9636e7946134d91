//! Acting on behalf of a user, with tokens of the app's own account.

use crate::rig::Rig;
use box_emulator::{Access, AccessLevel};

fn on_behalf_of(rig: Rig, user: &str) -> Rig {
    let line = format!("method = \"ccg\"\nas_user = {user:?}");
    rig.configured(|config| config.replace("method = \"ccg\"", &line))
}

#[test]
fn every_call_is_made_in_the_users_name() {
    let rig = Rig::new();
    let folder = rig.cloud.foreign_folder("Theirs", Access::None);
    let user = rig.cloud.colleague_id();
    let rig = on_behalf_of(rig.folder_id(&folder), &user);
    rig.write("sub/a.txt", "a").once_ok();
    rig.write("sub/a.txt", "b").once_ok();
    rig.expect_box_in(&folder, ["sub/", "sub/a.txt: b"]);
    for request in rig.cloud.requests() {
        let expected = match request.operation {
            "post_oauth2_token" => None,
            _ => Some(user.as_str()),
        };
        assert_eq!(request.as_user.as_deref(), expected, "{request:?}");
    }
    let who = rig.run(&["whoami", "--json"]).stdout;
    assert!(who.contains("colleague@example.com"), "{who}");
}

#[test]
fn a_user_who_is_not_there_or_not_allowed_says_so() {
    let rig = on_behalf_of(Rig::new(), "4040404");
    rig.write("a.txt", "a");
    let run = rig.once();
    run.expect_code(77);
    assert!(run.stderr.contains("On-Behalf-Of User not found"), "{run}");
    assert!(run.stderr.contains("Users & Groups"), "{run}");
    let rig = Rig::with(|builder| builder.access_level(AccessLevel::AppOnly));
    let user = rig.cloud.colleague_id();
    let rig = on_behalf_of(rig, &user);
    let run = rig.write("a.txt", "a").once();
    run.expect_code(77);
    assert!(run.stderr.contains("What to do"), "{run}");
}
