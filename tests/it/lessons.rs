//! Errors that teach: what happened, why, the next step and Box's own words, in both
//! forms.

use crate::rig::{Finished, Rig, Run};
use box_emulator::{Access, Effect, Fault};
use serde_json::Value;

/// What a case must be told: what happened, its causes in their order, what to do, what
/// Box said.
struct Lesson<'a> {
    happened: &'a str,
    causes: &'a [&'a str],
    next: &'a str,
    said: [&'a str; 2],
}

/// Both forms of the same run.
#[track_caller]
fn both(rig: &Rig) -> (Run, Finished) {
    rig.write("a.txt", "a");
    let run = rig.once();
    run.expect_code(77);
    let text = rig.run(&["sync", "--once"]);
    assert_eq!(text.code, 77, "{text:?}");
    (run, text)
}

/// The parts are in the text, each after the one before.
#[track_caller]
fn in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let at = rest.find(part);
        let at = at.unwrap_or_else(|| panic!("{part:?} is missing, or not in order: {text}"));
        rest = &rest[at + part.len()..];
    }
}

#[track_caller]
fn taught(error: &Value, lesson: &Lesson<'_>) {
    let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
    assert!(text("happened").contains(lesson.happened), "{error}");
    assert!(text("next").contains(lesson.next), "{error}");
    let causes = error["causes"].as_array().expect("a list of causes");
    for (cause, word) in causes.iter().zip(lesson.causes) {
        assert!(cause.to_string().contains(word), "{word:?}: {error}");
    }
    assert!(causes.len() >= lesson.causes.len(), "{error}");
}

/// A run that Box does not let in.
#[track_caller]
fn not_let_in(rig: &Rig, lesson: &Lesson<'_>, status: u16) {
    let (run, text) = both(rig);
    let mut parts = vec![
        "error: Box does not let boxup in: ",
        lesson.happened,
        ".\n  Likely causes, in this order:\n    1. ",
    ];
    parts.extend(lesson.causes);
    parts.extend(["\n  What to do: ", lesson.next, "\n  Box said: "]);
    let [code, message] = lesson.said;
    let status_text = status.to_string();
    parts.extend([status_text.as_str(), code, message]);
    parts.push("(request ");
    in_order(&text.stderr, &parts);
    let error = &run.summary["error"];
    taught(error, lesson);
    for told in [error, &error["box"]] {
        assert_eq!(told["status"], status, "{error}");
        assert_eq!(told["code"], code, "{error}");
        let words = told["message"].as_str().unwrap_or_default();
        assert!(words.contains(message) && !words.is_empty(), "{error}");
        assert!(told["request_id"].is_string(), "{error}");
    }
}

#[test]
fn an_app_that_is_not_authorised() {
    let rig = Rig::with(|builder| builder.app_authorized(false));
    let lesson = Lesson {
        happened: "the app is not authorised by the enterprise's admin",
        causes: &["no admin has authorised it yet", "withdrawn", "client_id"],
        next: "Platform Apps Manager → Server Authentication Apps → Add Platform App",
        said: [
            "unauthorized_client",
            "This app is not authorized by the enterprise admin",
        ],
    };
    not_let_in(&rig, &lesson, 400);
    assert_eq!(rig.calls("post_oauth2_token"), 2, "asked again in vain");
}

#[test]
fn a_wrong_secret() {
    let rig = Rig::new().configured(|config| config.replace("emulated-secret", "wrong"));
    let lesson = Lesson {
        happened: "client ID and client secret do not belong together",
        causes: &[
            "without its end",
            "reset",
            "another app",
            "BOXUP_CLIENT_SECRET",
        ],
        next: "Developer Console → your app → Configuration → OAuth 2.0 Credentials",
        said: ["invalid_client", "The client credentials are invalid"],
    };
    not_let_in(&rig, &lesson, 400);
}

#[test]
fn the_catch_all_walks_through_five_causes() {
    let rig = Rig::new().configured(|config| config.replace("877840855", "1"));
    let lesson = Lesson {
        happened: "does not say why",
        causes: &[
            "client secret",
            "enterprise_id",
            "authorised",
            "Generate user access tokens",
            "App + Enterprise Access",
        ],
        next: "Check the five in this order",
        said: ["invalid_grant", "Grant credentials are invalid"],
    };
    not_let_in(&rig, &lesson, 400);
}

#[test]
fn a_missing_scope() {
    let rig = Rig::new();
    let fault = Fault::any().path("files/content").forever();
    rig.cloud.inject(fault.status(403, "insufficient_scope"));
    let lesson = Lesson {
        happened: "the app lacks the scope",
        causes: &[
            "Read and write all files",
            "after the app's last authorisation",
        ],
        next: "Configuration → Application Scopes → tick \"Read and write all files and folders \
               stored in Box\" → Save Changes; an admin then chooses Admin Console",
        said: ["insufficient_scope", ""],
    };
    not_let_in(&rig, &lesson, 403);
}

#[test]
fn a_folder_that_cannot_be_seen() {
    let rig = Rig::new();
    let folder = rig.cloud.foreign_folder("Hidden", Access::None);
    let rig = rig.folder_id(&folder);
    let (run, text) = both(&rig);
    let lesson = Lesson {
        happened: "the Box folder is not there",
        causes: &[
            "not shared",
            "folder_id",
            "Editor",
            "trash",
            "another account",
        ],
        next: "invite the account as Editor",
        said: ["not_found", "(request "],
    };
    let mut parts = vec!["error: mirror \"mirror\" stands still: ", &folder];
    parts.extend(["AutomationUser_", "404"]);
    parts.extend(lesson.said);
    parts.push("Likely causes, in this order:\n    1. ");
    parts.extend(lesson.causes);
    parts.extend(["What to do: ", lesson.next]);
    in_order(&text.stderr, &parts);
    let halted = &run.summary["halted"][0];
    taught(&halted["error"], &lesson);
    in_order(
        &halted["message"].to_string(),
        &["404", "not_found", "(request "],
    );
    let event = run.events.iter().find(|event| event["event"] == "halted");
    assert_eq!(
        event.expect("it is told")["error"],
        halted["error"],
        "{run}"
    );
}

#[test]
fn one_item_that_is_refused_teaches_too() {
    let preflight = || Fault::on("options_files_content").forever();
    let upload = || Fault::on("post_files_content").forever();
    for (fault, told, status, word) in [
        (
            preflight().status(403, "storage_limit_exceeded"),
            "parked storage_limit_exceeded",
            403,
            "full",
        ),
        (
            preflight().status(403, "access_denied_item_locked"),
            "parked access_denied_item_locked",
            403,
            "locked",
        ),
        (
            preflight().status(403, "forbidden_by_policy"),
            "parked forbidden_by_policy",
            403,
            "policy",
        ),
        (
            upload().status(500, "internal_server_error"),
            "failed internal_server_error",
            500,
            "inside Box",
        ),
    ] {
        let rig = Rig::new();
        rig.write("a.txt", "a");
        rig.cloud.inject(fault);
        let run = rig.once();
        run.expect_code(1);
        let event = run.expect_event("a.txt", told);
        let error = &event["error"];
        assert_eq!(error["box"]["status"], status, "{event}");
        assert_eq!(error["box"]["code"], event["reason"], "{event}");
        assert!(error["box"]["request_id"].is_string(), "{event}");
        assert!(error["happened"].to_string().contains(word), "{event}");
        let is_whole = error["next"].is_string() && error["causes"].is_array();
        assert!(is_whole, "{event}");
        let line = event["message"].as_str().unwrap_or_default();
        assert!(line.contains(word) && !line.contains('\n'), "{event}");
    }
}

#[test]
fn a_page_in_place_of_the_token_endpoint_is_no_reason_to_give_up() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let page = Fault::on("post_oauth2_token").effect(Effect::Html { status: 403 });
    rig.cloud.inject(page);
    rig.once_ok();
    rig.expect_same_as_disk();
}
