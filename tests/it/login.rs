//! Signing in, in a browser and without one; signing out.

use crate::rig::{PATIENCE, Rig, until, visit};
use box_emulator::{Effect, Fault};
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_person_lets_boxup_in_and_it_mirrors_from_then_on() {
    let rig = Rig::oauth(|builder| builder);
    rig.write("a.txt", "a");
    let refused = rig.once();
    refused.expect_code(77);
    assert!(refused.stderr.contains("boxup login"), "{refused}");
    let finished = rig.login();
    assert!(
        finished.stderr.contains("owner@example.com"),
        "{finished:?}"
    );
    let file = rig.state().join("token-oauth2.json");
    let mode = file.metadata().expect("kept").permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    rig.once_ok();
    rig.expect_same_as_disk();
    assert_eq!(rig.cloud.grants("authorization_code"), 1);
    assert_eq!(rig.cloud.grants("refresh_token"), 0);
}

#[test]
fn a_person_may_say_no() {
    let rig = Rig::oauth(|builder| builder);
    let waiting = rig.begin_login(&[]);
    let back = visit(&waiting.page).decide(&waiting.page, "deny");
    let page = visit(&back.leads_to()).page;
    assert!(page.contains("Nobody is signed in"), "{page}");
    let finished = waiting.child.finish();
    assert_eq!(finished.code, 77, "{finished:?}");
    assert!(
        finished.stderr.contains("The user denied access"),
        "{finished:?}"
    );
    assert!(
        finished.stderr.contains("Grant access to Box"),
        "{finished:?}"
    );
    assert_eq!(rig.calls("post_oauth2_token"), 0);
}

#[test]
fn only_the_answer_to_our_own_question_is_taken_and_only_once() {
    let rig = Rig::oauth(|builder| builder);
    rig.cloud
        .inject(Fault::on("post_oauth2_token").effect(Effect::HoldBefore));
    let waiting = rig.begin_login(&[]);
    let good = visit(&waiting.page)
        .decide(&waiting.page, "grant")
        .leads_to();
    let place = good.split('?').next().expect("it has a query").to_owned();
    let root = place.trim_end_matches("callback").to_owned();
    for (address, status) in [
        (format!("{place}?code=x"), 400),
        (format!("{place}?code=x&state=guessed"), 400),
        (format!("{place}?error=access_denied&state=guessed"), 400),
        (place.clone(), 400),
        (format!("{root}elsewhere?code=x"), 404),
        (root, 404),
    ] {
        assert_eq!(visit(&address).status, status, "{address}");
    }
    assert_eq!(rig.calls("post_oauth2_token"), 0);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| visit(&good));
        assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
        let again = visit(&good);
        assert_eq!(again.status, 400, "{again:?}");
        rig.cloud.release_holds();
        let first = first.join().expect("it ends");
        assert!(
            first.page.contains("signed in as owner@example.com"),
            "{first:?}"
        );
    });
    let finished = waiting.child.finish();
    assert_eq!(finished.code, 0, "{finished:?}");
    assert!(finished.stderr.contains("state"), "{finished:?}");
    assert_eq!(visit(&good).status, 0, "the door is closed");
}

#[test]
fn without_a_browser_the_address_or_the_code_is_pasted() {
    let paste = |line: &dyn Fn(&str) -> String| {
        let rig = Rig::oauth(|builder| builder);
        let mut waiting = rig.begin_login(&["--no-browser"]);
        assert_eq!(waiting.child.stdout().lines().count(), 1);
        let back = visit(&waiting.page)
            .decide(&waiting.page, "grant")
            .leads_to();
        assert_eq!(visit(&back).status, 0, "no port is opened");
        waiting.child.say(&line(&back));
        waiting.child.hang_up();
        let finished = waiting.child.finish();
        assert!(finished.stderr.contains("30 seconds"), "{finished:?}");
        (finished, rig)
    };
    let code = |back: &str| {
        let code = back.split("code=").nth(1).expect("it holds a code");
        code.split('&').next().unwrap_or_default().to_owned()
    };
    for line in [
        &|back: &str| format!("{back}\n") as String,
        &|back: &str| format!("  {back}  \r\n"),
        &|back: &str| format!("{}\n", code(back)),
        &|back: &str| code(back),
    ] as [&dyn Fn(&str) -> String; 4]
    {
        let (finished, rig) = paste(line);
        assert_eq!(finished.code, 0, "{finished:?}");
        rig.write("a.txt", "a").once_ok();
    }
    for line in [
        &|_: &str| "\n".to_owned(),
        &|_: &str| String::new(),
        &|_: &str| "what?\n".to_owned(),
        &|back: &str| back.replace("state=", "state=x"),
        &|back: &str| back.split("&state").next().unwrap_or_default().to_owned(),
    ] as [&dyn Fn(&str) -> String; 5]
    {
        let (finished, rig) = paste(line);
        assert_eq!(finished.code, 77, "{finished:?}");
        assert!(
            finished.stderr.contains("boxup login --no-browser"),
            "{finished:?}"
        );
        assert_eq!(rig.calls("post_oauth2_token"), 0);
    }
}

#[test]
fn a_code_that_is_too_old_or_spent_says_so() {
    let rig = Rig::oauth(|builder| builder);
    let mut waiting = rig.begin_login(&["--no-browser"]);
    let back = visit(&waiting.page)
        .decide(&waiting.page, "grant")
        .leads_to();
    rig.cloud.expire_codes();
    waiting.child.say(&format!("{back}\n"));
    let finished = waiting.child.finish();
    assert_eq!(finished.code, 77, "{finished:?}");
    for part in [
        "The authorization code has expired",
        "boxup login",
        "30 seconds",
    ] {
        assert!(finished.stderr.contains(part), "{part}: {finished:?}");
    }
    assert!(!rig.state().join("token-oauth2.json").exists());
}

#[test]
fn a_failed_login_leaves_the_former_one_alone() {
    let rig = Rig::oauth(|builder| builder);
    rig.login();
    let file = rig.state().join("token-oauth2.json");
    let before = std::fs::read(&file).expect("kept");
    let mut waiting = rig.begin_login(&["--no-browser"]);
    waiting.child.say("mistyped\n");
    assert_eq!(waiting.child.finish().code, 77);
    assert_eq!(std::fs::read(&file).expect("kept"), before);
    rig.write("a.txt", "a").once_ok();
}

#[test]
fn what_has_no_login_says_so() {
    let rig = Rig::new();
    let finished = rig.run(&["login"]);
    assert_eq!(finished.code, 78, "{finished:?}");
    assert!(finished.stderr.contains("oauth2"), "{finished:?}");
    let rig = Rig::oauth(|builder| builder);
    let authorize = format!(
        "authorize = \"{}/api/oauth2/authorize\"\n",
        rig.cloud.base_url()
    );
    let rig = rig.configured(|config| config.replace(&authorize, ""));
    let finished = rig.run(&["login"]);
    assert_eq!(finished.code, 78, "{finished:?}");
    assert!(finished.stderr.contains("authorize"), "{finished:?}");
}

#[test]
fn a_port_that_is_taken_is_named_with_the_way_out() {
    let rig = Rig::oauth(|builder| builder);
    let waiting = rig.begin_login(&[]);
    let finished = rig.run(&["login"]);
    assert_eq!(finished.code, 75, "{finished:?}");
    for part in ["redirect_uri", "--no-browser"] {
        assert!(finished.stderr.contains(part), "{finished:?}");
    }
    waiting.child.kill();
}

#[test]
fn a_wrong_redirect_address_is_told_by_box_and_nothing_comes_back() {
    let rig = Rig::oauth(|builder| builder);
    let rig = rig.configured(|config| config.replace("/callback", "/elsewhere"));
    let waiting = rig.begin_login(&[]);
    let page = visit(&waiting.page);
    assert_eq!(page.status, 400);
    assert!(page.page.contains("redirect_uri_mismatch"), "{page:?}");
    waiting.child.kill();
}

#[test]
fn signing_out_ends_the_login_at_box_and_here() {
    let rig = Rig::oauth(|builder| builder);
    rig.login();
    rig.write("a.txt", "a").once_ok();
    let service = rig.start();
    service.wait_ok(&rig);
    let finished = rig.run(&["logout"]);
    assert_eq!(finished.code, 0, "{finished:?}");
    assert!(!rig.state().join("token-oauth2.json").exists());
    assert_eq!(rig.calls("post_oauth2_revoke"), 1);
    // The service finds out with its next request, and ends: only a person can help.
    rig.write("b.txt", "b");
    let run = service.finish();
    run.expect_code(77);
    assert!(run.stderr.contains("boxup login"), "{run}");
    rig.login();
    rig.once_ok();
    rig.expect_same_as_disk();
}

#[test]
fn when_box_cannot_be_told_the_tokens_go_all_the_same_and_that_is_said() {
    let rig = Rig::oauth(|builder| builder);
    rig.login();
    rig.cloud.inject(
        Fault::on("post_oauth2_revoke")
            .forever()
            .status(503, "unavailable"),
    );
    let finished = rig.run(&["logout"]);
    assert_eq!(finished.code, 69, "{finished:?}");
    assert!(finished.stderr.contains("Box was not told"), "{finished:?}");
    assert!(!rig.state().join("token-oauth2.json").exists());
    until("nothing is left", || rig.run(&["logout"]).code == 0);
}
