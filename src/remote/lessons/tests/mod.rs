//! Every error that is known of Box, as it arrives: what it is, and what is learnt.

mod odd;
mod page;
mod verdicts;

use super::SignIn::{ClientCredentials as Ccg, DeveloperToken, Jwt, OAuth2};
use super::{Kind, SignIn, TABLE, finding};
use crate::model::session::SessionFault;
use crate::model::trouble::{Lesson, Said, Trouble};
use crate::remote::error::{classify, login_refusal, token_refusal, under};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::json;
use std::time::{Duration, SystemTime};

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &str)| {
        let name = reqwest::header::HeaderName::from_static(name);
        (name, HeaderValue::from_str(value).unwrap())
    };
    pairs.iter().map(pair).collect()
}

fn from_token(status: u16, body: &str, method: SignIn) -> Trouble {
    let headers = headers(&[("box-request-id", "head1"), ("retry-after", "7")]);
    let status = StatusCode::from_u16(status).unwrap();
    let now = SystemTime::UNIX_EPOCH;
    token_refusal(status, &headers, body.as_bytes(), now, method)
}

fn from_api(status: u16, body: &str, pairs: &[(&'static str, &str)]) -> Trouble {
    let status = StatusCode::from_u16(status).unwrap();
    let now = SystemTime::UNIX_EPOCH;
    classify(status, &headers(pairs), body.as_bytes(), now)
}

fn parts(trouble: &Trouble) -> (Kind, Option<&Said>) {
    match trouble {
        Trouble::NoAnswer(_) => (Kind::NoAnswer, None),
        Trouble::Later(said, _) => (Kind::Later, Some(said)),
        Trouble::Busy(said, _) => (Kind::Busy, Some(said)),
        Trouble::Throttled(said, _) => (Kind::Throttled, Some(said)),
        Trouble::NameTaken(said, _) => (Kind::NameTaken, Some(said)),
        Trouble::Stale(said) => (Kind::Stale, Some(said)),
        Trouble::Gone(said) => (Kind::Gone, Some(said)),
        Trouble::Damaged(said) => (Kind::Damaged, Some(said)),
        Trouble::Refused(said) => (Kind::Refused, Some(said)),
        Trouble::Session(said, fault) => (
            match fault {
                SessionFault::Over => Kind::Over,
                SessionFault::Overlap => Kind::Overlap,
                SessionFault::NotYet => Kind::NotYet,
                SessionFault::TooSmall => Kind::TooSmall,
                SessionFault::Open(_) => Kind::Open,
            },
            Some(said),
        ),
        Trouble::Locked(said) => (Kind::Locked, Some(said)),
        Trouble::Full(said) => (Kind::Full, Some(said)),
        Trouble::Unauthorized(said) => (Kind::Unauthorized, Some(said)),
        Trouble::LocalChanged | Trouble::LocalGone | Trouble::LocalRead(_) => {
            panic!("{trouble:?}")
        }
    }
}

#[track_caller]
fn expect(trouble: &Trouble, kind: Kind, happened: &str, next: &str) -> &'static Lesson {
    let (found, said) = parts(trouble);
    assert_eq!(found, kind, "{trouble:?}");
    let said = said.unwrap();
    let lesson = said.lesson.unwrap();
    assert!(lesson.happened.contains(happened), "{happened:?}: {said:?}");
    assert!(lesson.next.contains(next), "{next:?}: {said:?}");
    let line = said.to_string();
    assert!(line.contains(lesson.next) && !line.contains('\n'), "{line}");
    lesson
}

/// The token endpoint: method, Box's code and text, what happened, what to do.
#[rustfmt::skip]
const GRANTS: &[(SignIn, &str, &str, &str, &str)] = &[
    (Ccg, "unauthorized_client", "This app is not authorized by the enterprise admin", "not authorised by the enterprise's admin", "Authorize App"),
    (Jwt, "unauthorized_client", "This app is not authorized by the enterprise", "not authorised by the enterprise's admin", "Platform Apps Manager"),
    (OAuth2, "unauthorized_client", "This app is not authorized by the enterprise", "not enabled", "User Authentication Apps"),
    (Ccg, "unauthorized_client", "The grant type is unauthorized for this client_id", "client credentials", "(with Client Credentials Grant)"),
    (Jwt, "unauthorized_client", "The grant type is unauthorized for this client_id", "key pair", "Server Authentication (with JWT)"),
    (OAuth2, "invalid_request", "The grant type is unauthorized for this client_id", "people who log in", "User Authentication (OAuth 2.0)"),
    (Ccg, "unauthorized_client", "The \"box_subject_type\" value is unauthorized for this client_id", "this kind of account", "Generate user access tokens"),
    (Ccg, "invalid_client", "The client credentials are invalid", "do not belong together", "OAuth 2.0 Credentials"),
    (Ccg, "invalid_client", "The client credentials are not valid", "do not belong together", "two-factor"),
    (Jwt, "invalid_client", "The client credentials are invalid", "JSON file", "new JSON file"),
    (OAuth2, "invalid_client", "The client credentials are invalid", "do not belong together", "boxup login"),
    (Ccg, "invalid_request", "Invalid grant_type parameter or parameter missing", "no token request", "[endpoints]"),
    (Ccg, "unsupported_grant_type", "", "no token request", "[endpoints]"),
    (OAuth2, "invalid_request", "No refresh token parameter found", "no login", "boxup login"),
    (Ccg, "invalid_request", "Cannot obtain user token based on the enterprise configuration for your app", "this user", "App + Enterprise Access"),
    (Ccg, "invalid_request", "Cannot obtain token based on the enterprise configuration for your app", "not enabled", "Enable App"),
    (Ccg, "invalid_request", "Something new", "could not make sense", "config check"),
    (Ccg, "invalid_grant", "Grant credentials are invalid", "does not say why", "in this order"),
    (Jwt, "invalid_grant", "Grant credentials are invalid", "does not say why", "in this order"),
    (OAuth2, "invalid_grant", "Grant credentials are invalid", "the login", "boxup login"),
    (OAuth2, "invalid_grant", "Invalid refresh token", "used up", "boxup login"),
    (OAuth2, "invalid_grant", "Refresh token has expired", "expired", "boxup login"),
    (OAuth2, "invalid_grant", "The authorization code has expired", "the code", "30 seconds"),
    (Jwt, "invalid_grant", "Current date/time MUST be before the expiration date/time listed in the 'exp' claim", "run out", "timedatectl"),
    (Jwt, "invalid_grant", "Current date/time MUST be after or equal to the not-before date/time listed in the 'nbf' or 'iat' claim", "future", "timedatectl"),
    (Jwt, "invalid_grant", "Please check the 'exp' claim.", "run out", "clock"),
    (Jwt, "invalid_grant", "Please check the 'exp' claim. Should be an integer", "run out", "clock"),
    (Jwt, "invalid_grant", "Please check the 'exp' claim. The 'exp' value exceeds the maximum value of 60 seconds beyond the issue time.", "future", "clock"),
    (Jwt, "invalid_grant", "Please check the 'jti' claim.", "seen", "clock"),
    (Jwt, "invalid_grant", "Please check the 'jti' claim. A unique 'jti' value is required.", "seen", "clock"),
    (Jwt, "invalid_grant", "Please check the 'sub' claim. The 'sub' specified is invalid.", "act as", "enterprise_id"),
    (Jwt, "invalid_grant", "Please check the 'iss' claim.", "names an app", "Keypair"),
    (Jwt, "invalid_grant", "Please check the 'aud' claim. Should be a string", "somebody else", "[endpoints]"),
    (Jwt, "invalid_grant", "Signature verification error. The public key identified by 'kid' must correspond to the private key used for signing.", "private key is not the one", "Generate a Public/Private Keypair"),
    (Jwt, "invalid_grant", "'kid' invalid, unable to lookup correct key", "no public key", "Generate a Public/Private Keypair"),
    (OAuth2, "redirect_uri_mismatch", "", "send the browser back", "Redirect URIs"),
    (OAuth2, "invalid_grant", "redirect_uri does not match", "does not accept the login", "boxup login"),
    (OAuth2, "invalid_request", "Redirect URI mismatch", "send the browser back", "Redirect URIs"),
    (Ccg, "unauthorized_client", "Something new", "not allowed", "Reauthorize App"),
    (Ccg, "account_deactivated", "", "deactivated", "status Active"),
    (OAuth2, "access_denied", "", "denies", "boxup login"),
    (OAuth2, "password_reset_required", "", "password", "https://app.box.com"),
    (OAuth2, "terms_of_service_required", "", "terms", "accept"),
    (OAuth2, "user_email_confirmation_required", "", "e-mail", "link"),
    (OAuth2, "no_credit_card_trial_ended", "", "trial", "plan"),
    (Ccg, "service_blocked", "", "blocks", "Enable App"),
    (OAuth2, "unauthorized_device", "", "this machine", "Device Trust"),
    (OAuth2, "grace_period_expired", "", "is over", "https://app.box.com"),
    (Ccg, "access_from_location_blocked", "", "this network", "allow the address"),
    (Ccg, "error_access_from_ip_not_allowed", "", "this network", "allow the address"),
    (Ccg, "insufficient_scope", "", "scope", "Application Scopes"),
    (Ccg, "unauthorized", "", "presented", "Client Secret"),
    (Ccg, "made_up", "", "does not know", "Compare [auth]"),
];

/// The API: status, code, what it is, what happened, what to do.
#[rustfmt::skip]
const ANSWERS: &[(u16, &str, Kind, &str, &str)] = &[
    (400, "bad_digest", Kind::Damaged, "bytes", "memory"),
    (400, "bad_request", Kind::Refused, "does not understand", "request ID"),
    (400, "invalid_request_parameters", Kind::Refused, "does not understand", "-vvv"),
    (400, "cannot_make_collaborated_subfolder_private", Kind::Refused, "private", "owner"),
    (400, "collaborations_not_available_on_root_folder", Kind::Refused, "All Files", "folder_id"),
    (400, "cyclical_folder_structure", Kind::Refused, "into itself", "Undo"),
    (400, "digest_mismatch", Kind::Damaged, "bytes", "network"),
    (400, "file_size_too_small", Kind::TooSmall, "too small", "as a whole"),
    (400, "folder_not_empty", Kind::Later, "in the folder", "looks again"),
    (400, "invalid_collaboration_item", Kind::Refused, "shared", "Share"),
    (400, "invalid_status", Kind::Refused, "shared", "Share"),
    (400, "user_already_collaborator", Kind::Refused, "already", "role"),
    (400, "external_collaboration_restricted", Kind::Refused, "outside", "admin"),
    (400, "invalid_limit", Kind::Refused, "does not understand", "report"),
    (400, "invalid_offset", Kind::Refused, "does not understand", "report"),
    (400, "invalid_upload_session_id", Kind::Over, "session", "anew"),
    (400, "item_name_invalid", Kind::Refused, "name", "Rename"),
    (400, "item_name_too_long", Kind::Refused, "name", "Rename"),
    (400, "metadata_after_file_contents", Kind::Refused, "does not understand", "report"),
    (400, "missing_destination", Kind::Refused, "does not understand", "report"),
    (400, "invalid_folder_id", Kind::Refused, "does not understand", "IDs"),
    (400, "missing_file_size", Kind::Refused, "does not understand", "report"),
    (400, "invalid_file_size", Kind::Refused, "does not understand", "report"),
    (400, "missing_file_name", Kind::Refused, "does not understand", "report"),
    (400, "parts_mismatch", Kind::NotYet, "parts", "looks which"),
    (400, "password_reset_required", Kind::Unauthorized, "password", "browser"),
    (400, "terms_of_service_required", Kind::Unauthorized, "terms", "browser"),
    (400, "sync_item_move_failure", Kind::Refused, "Box Sync", "Unsync"),
    (401, "unauthorized", Kind::Unauthorized, "just renewed", "authorised and enabled"),
    (401, "", Kind::Unauthorized, "just renewed", "account is active"),
    (401, "invalid_token", Kind::Unauthorized, "just renewed", "account is active"),
    (400, "unauthorized", Kind::Unauthorized, "just renewed", "account is active"),
    (403, "access_denied_insufficient_permissions", Kind::Refused, "role", "Editor"),
    (403, "access_denied_item_locked", Kind::Locked, "locked", "Unlock"),
    (403, "access_from_location_blocked", Kind::Unauthorized, "network", "allow"),
    (403, "file_size_limit_exceeded", Kind::Refused, "larger", "Split"),
    (403, "forbidden", Kind::Refused, "may not do this", "Editor"),
    (403, "forbidden_by_policy", Kind::Refused, "policy", "Shield"),
    (403, "insufficient_scope", Kind::Unauthorized, "scope", "Reauthorize App"),
    (403, "operation_limit_exceeded", Kind::Refused, "does not understand", "report"),
    (403, "storage_limit_exceeded", Kind::Full, "full", "trash"),
    (409, "storage_limit_exceeded", Kind::Full, "full", "trash"),
    (507, "storage_limit_exceeded", Kind::Full, "full", "trash"),
    (403, "user_email_confirmation_required", Kind::Unauthorized, "e-mail", "link"),
    (403, "cors_origin_not_whitelisted", Kind::Refused, "web page", "proxy"),
    (403, "service_blocked", Kind::Unauthorized, "blocks", "Enable App"),
    (404, "not_found", Kind::Gone, "cannot see it", "shared"),
    (404, "invalid_parameter", Kind::Gone, "cannot see it", "shared"),
    (404, "trashed", Kind::Gone, "trash", "Restore"),
    (404, "not_trashed", Kind::Gone, "not in the trash", "Look"),
    (405, "method_not_allowed", Kind::Refused, "kind of request", "folder_id"),
    (409, "conflict", Kind::Later, "in the way", "looks again"),
    (409, "item_name_in_use", Kind::NameTaken, "this name", "on_existing"),
    (409, "name_temporarily_reserved", Kind::Busy, "under way", "minutes"),
    (409, "operation_blocked_temporary", Kind::Busy, "busy", "minutes"),
    (409, "session_conflict", Kind::Open, "session", "anew"),
    (409, "range_overlaps_existing_part", Kind::Overlap, "parts", "looks which"),
    (416, "range_overlaps_existing_part", Kind::Overlap, "parts", "looks which"),
    (410, "session_expired", Kind::Over, "session", "anew"),
    (410, "upload_failed", Kind::Over, "session", "anew"),
    (411, "length_required", Kind::Refused, "did not arrive", "proxy"),
    (412, "precondition_failed", Kind::Stale, "changed it", "on_remote_change"),
    (412, "sync_state_precondition_failed", Kind::Stale, "changed it", "on_remote_change"),
    (413, "request_entity_too_large", Kind::Refused, "larger", "Split"),
    (415, "unsupported_media_type", Kind::Refused, "did not arrive", "proxy"),
    (416, "", Kind::Overlap, "parts", "looks which"),
    (429, "rate_limit_exceeded", Kind::Throttled, "more requests", "[limits]"),
    (429, "too_many_requests", Kind::Throttled, "more requests", "[limits]"),
    (429, "temporarily_unavailable", Kind::Throttled, "more requests", "[limits]"),
    (429, "", Kind::Throttled, "more requests", "[limits]"),
    (500, "internal_server_error", Kind::Later, "inside Box", "status.box.com"),
    (502, "bad_gateway", Kind::Later, "inside Box", "status.box.com"),
    (503, "unavailable", Kind::Later, "may still do it", "looks what became"),
    (503, "", Kind::Later, "may still do it", "looks what became"),
    (504, "", Kind::Later, "inside Box", "status.box.com"),
    (509, "", Kind::Later, "inside Box", "status.box.com"),
    (507, "", Kind::Full, "full", "trash"),
    (400, "made_up", Kind::Refused, "does not understand", "IDs"),
    (403, "made_up", Kind::Refused, "not allowed", "Editor"),
    (404, "", Kind::Gone, "cannot see it", "shared"),
    (408, "", Kind::Later, "inside Box", "status.box.com"),
    (409, "", Kind::Later, "in the way", "looks again"),
    (410, "", Kind::Gone, "cannot see it", "shared"),
    (412, "", Kind::Stale, "changed it", "looks again"),
    (413, "", Kind::Refused, "that much", "limit"),
    (418, "made_up", Kind::Refused, "does not know", "developer.box.com"),
];

#[test]
fn every_refusal_of_the_token_endpoint_is_known() {
    for (method, code, text, happened, next) in GRANTS {
        for (code, text) in [
            ((*code).to_owned(), (*text).to_owned()),
            (code.to_uppercase(), text.to_uppercase()),
        ] {
            let body = json!({"error": code, "error_description": text}).to_string();
            // Box escapes slashes.
            let body = body.replace('/', "\\/");
            let trouble = from_token(400, &body, *method);
            expect(&trouble, Kind::Unauthorized, happened, next);
            let said = parts(&trouble).1.unwrap();
            assert_eq!(said.code, code.to_lowercase());
            assert_eq!(said.request_id.as_deref(), Some("head1"), "{said:?}");
            if !text.is_empty() {
                assert_eq!(said.message, text);
            }
        }
    }
    for (status, code, kind) in [
        (429, "", Kind::Throttled),
        (429, "temporarily_unavailable", Kind::Throttled),
        (400, "temporarily_unavailable", Kind::Throttled),
        (503, "temporarily_unavailable", Kind::Later),
        (500, "", Kind::Later),
        (408, "", Kind::Later),
        (403, "access_denied", Kind::Unauthorized),
        (403, "grace_period_expired", Kind::Unauthorized),
        (401, "unauthorized", Kind::Unauthorized),
        (404, "", Kind::Unauthorized),
    ] {
        let text = "Request rate limit exceeded, please try again later";
        let body = json!({"error": code, "error_description": text}).to_string();
        let trouble = from_token(status, &body, Ccg);
        expect(&trouble, kind, "", "");
        if let Trouble::Throttled(_, after) | Trouble::Later(_, after) = trouble {
            assert_eq!(after, Some(Duration::from_secs(7)), "{status} {code}");
        }
    }
}

#[test]
fn every_error_of_the_api_is_known() {
    for (status, code, kind, happened, next) in ANSWERS {
        for code in [(*code).to_owned(), code.to_uppercase()] {
            let body = json!({
                "type": "error", "status": status, "code": code, "message": "Box says so",
                "context_info": null, "request_id": "body1",
            });
            let pairs = [("box-request-id", "head1"), ("retry-after", "7")];
            let trouble = from_api(*status, &body.to_string(), &pairs);
            expect(&trouble, *kind, happened, next);
            let said = parts(&trouble).1.unwrap();
            assert_eq!(said.request_id.as_deref(), Some("body1.head1"));
            assert_eq!(said.code, code.to_lowercase());
            let words = said.words();
            assert!(
                words.contains("Box says so (request body1.head1)"),
                "{words}"
            );
            if let Trouble::Throttled(_, after)
            | Trouble::Later(_, after)
            | Trouble::Busy(_, after) = trouble
            {
                assert_eq!(after, Some(Duration::from_secs(7)), "{status} {code}");
            }
        }
    }
}

#[test]
fn the_catch_all_names_its_five_causes_in_the_order_to_check() {
    let body = r#"{"error":"invalid_grant","error_description":"Grant credentials are invalid"}"#;
    let trouble = from_token(400, body, Ccg);
    let lesson = expect(&trouble, Kind::Unauthorized, "", "");
    let order = [
        "client secret",
        "enterprise_id",
        "authorised",
        "Generate user access tokens",
        "App + Enterprise Access",
    ];
    assert_eq!(lesson.causes.len(), order.len());
    for (cause, word) in lesson.causes.iter().zip(order) {
        assert!(cause.contains(word), "{word}: {cause}");
        let is_exact = cause.contains("Console");
        assert!(is_exact, "where? {cause}");
    }
}

#[test]
fn calls_for_another_user_and_dead_tokens_have_lessons_of_their_own() {
    let absent = json!({
        "status": 404, "code": "not_found", "message": "On-Behalf-Of User not found",
        "context_info": {"invalid_user_id": {"id": "17"}},
    });
    let trouble = from_api(404, &absent.to_string(), &[]);
    expect(
        &trouble,
        Kind::Unauthorized,
        "for whom",
        "App + Enterprise Access",
    );
    let denied = r#"{"code":"forbidden","message":"The As-User header is not allowed"}"#;
    let trouble = from_api(403, denied, &[]);
    expect(
        &trouble,
        Kind::Unauthorized,
        "other users",
        "as-user header",
    );
    // A file may be named like anything, and concerns nobody else.
    let name = r#"{"code":"conflict","context_info":"as-user header, on-behalf-of user.txt"}"#;
    expect(&from_api(409, name, &[]), Kind::Later, "in the way", "");
    for (method, happened, next) in [
        (DeveloperToken, "60 minutes", "Client Credentials Grant"),
        (OAuth2, "just renewed", "boxup login"),
        (Ccg, "just renewed", "authorised and enabled"),
        (Jwt, "just renewed", "authorised and enabled"),
    ] {
        let Trouble::Unauthorized(said) = from_api(401, "", &[]) else {
            panic!();
        };
        let trouble = Trouble::Unauthorized(under(method, said));
        expect(&trouble, Kind::Unauthorized, happened, next);
    }
}

#[test]
fn the_way_back_from_the_consent_page_is_understood() {
    for (error, text, happened, next) in [
        (
            "access_denied",
            "The user denied access to your application",
            "denied",
            "Grant access",
        ),
        (
            "redirect_uri_mismatch",
            "",
            "send the browser back",
            "Redirect URIs",
        ),
        (
            "redirect_uri_missing",
            "",
            "send the browser back",
            "Redirect URIs",
        ),
        (
            "invalid_request",
            "The redirect_uri is wrong",
            "send the browser back",
            "Save Changes",
        ),
        ("unauthorized_client", "", "log in to this app", "OAuth 2.0"),
        ("temporarily_unavailable", "", "now", "few minutes"),
        ("made_up", "", "did not complete", "client_id"),
    ] {
        expect(
            &login_refusal(error, text),
            Kind::Unauthorized,
            happened,
            next,
        );
    }
}

#[test]
fn findings_are_found_and_others_are_not() {
    for what in [
        "folder_invisible",
        "service_account_root",
        "inactive",
        "cannot_delete_edit",
        "cannot_delete_edit_upload",
    ] {
        assert!(finding(what).is_some(), "{what}");
    }
    for what in ["active", "root_missing", ""] {
        assert_eq!(finding(what), None, "{what}");
    }
}

#[test]
fn every_lesson_can_be_read_as_a_sentence() {
    for row in TABLE.iter().copied().flatten() {
        let Lesson {
            happened,
            causes,
            next,
        } = &row.lesson;
        let first = happened.chars().next().unwrap();
        assert!(first.is_lowercase() || happened.starts_with("Box") || happened.starts_with("All"));
        for text in causes.iter().chain([happened, next]) {
            assert!(!text.is_empty() && text.trim() == *text, "{text:?}");
            let is_odd = text.contains("  ") || text.contains('\n') || text.ends_with(['.', ' ']);
            // A name of one dot or two may stand at an end.
            assert!(!is_odd || text.ends_with("is . or .."), "{text:?}");
        }
        let is_code = |text: &str| text.to_lowercase() == text;
        assert!(row.codes.iter().chain(row.texts).all(|text| is_code(text)));
    }
}

/// A row that nothing reaches is dead, or stands behind one that takes its place.
#[test]
fn every_row_is_reached_by_something_above() {
    let mut reached: Vec<*const Lesson> = Vec::new();
    let mut note = |trouble: &Trouble| {
        let lesson = parts(trouble).1.and_then(|said| said.lesson);
        reached.extend(lesson.map(std::ptr::from_ref));
    };
    for (method, code, text, ..) in GRANTS {
        let body = json!({"error": code, "error_description": text}).to_string();
        note(&from_token(400, &body, *method));
    }
    for (status, code, ..) in ANSWERS {
        let body = json!({"code": code, "message": "no"}).to_string();
        let trouble = from_api(*status, &body, &[]);
        note(&trouble);
        if let Trouble::Unauthorized(said) = trouble {
            for method in [OAuth2, DeveloperToken] {
                note(&Trouble::Unauthorized(under(method, said.clone())));
            }
        }
    }
    for (status, code, text) in [
        (404, "not_found", "On-Behalf-Of User not found"),
        (403, "forbidden", "As-User header"),
        (409, "conflict", "the account has run out of disk space"),
    ] {
        let body = json!({"code": code, "message": text});
        note(&from_api(status, &body.to_string(), &[]));
    }
    for (code, text) in [
        ("access_denied", ""),
        ("redirect_uri_missing", ""),
        ("", "redirect_uri"),
        ("invalid_client", ""),
        ("server_error", ""),
        ("", ""),
    ] {
        note(&login_refusal(code, text));
    }
    for row in TABLE.iter().copied().flatten() {
        let is_asked_otherwise =
            row.kind == Kind::NoAnswer || row.codes.iter().any(|code| finding(code).is_some());
        let is_reached = reached.contains(&std::ptr::from_ref(&row.lesson));
        assert!(is_reached || is_asked_otherwise, "{row:?}");
    }
}
