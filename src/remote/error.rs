//! Error answers, understood: the only place that looks at a status or a code.
//!
//! What each means stands in the table of [`lessons`]. Decided from texts and codes
//! first, because one status has many meanings (409 is a taken name, a busy folder and,
//! in places, a full account).

use crate::model::session::SessionFault;
use crate::model::trouble::{Said, Trouble};
use crate::remote::lessons::{self, Kind, Met, Place, SignIn, words};
use crate::remote::retry_after;
use crate::remote::wire;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::time::SystemTime;

/// What an answer of the API with an error status means.
pub(crate) fn classify(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: SystemTime,
) -> Trouble {
    let json = parsed(body);
    let said = words::said(status, headers, body, &json, false);
    understood(Place::Api, None, said, headers, &json, now)
}

/// What a refusal of the token endpoint means. Only what passes by itself is retried.
pub(crate) fn token_refusal(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: SystemTime,
    method: SignIn,
) -> Trouble {
    let json = parsed(body);
    let said = words::said(status, headers, body, &json, true);
    // A proxy's "forbidden" says nothing about the app: no reason to give up for good.
    let place = match words::is_page(body) && is_refusal(status) {
        true => Place::Page,
        false => Place::Token,
    };
    let trouble = understood(place, Some(method), said, headers, &json, now);
    match trouble {
        // Whatever the body says: a server in trouble does not speak for the app.
        Trouble::Unauthorized(said) if status.is_server_error() => {
            Trouble::Later(said, retry_after::parse(headers, now))
        }
        Trouble::Unauthorized(said) if status.is_redirection() => {
            Trouble::NoAnswer(said.to_string())
        }
        other => other,
    }
}

/// What the browser brought back from Box's consent page instead of a code.
pub(crate) fn login_refusal(error: &str, description: &str) -> Trouble {
    let json = serde_json::json!({"error": error, "error_description": description});
    let none = HeaderMap::new();
    let mut said = words::said(StatusCode::OK, &none, b"", &json, true);
    said.status = 0;
    let method = Some(SignIn::OAuth2);
    understood(
        Place::Login,
        method,
        said,
        &none,
        &json,
        SystemTime::UNIX_EPOCH,
    )
}

/// A refusal of the API, explained once more now that the way of signing in is known.
pub(crate) fn under(method: SignIn, said: Said) -> Said {
    let lesson = Some(&row(Place::Api, Some(method), &said).lesson);
    Said { lesson, ..said }
}

fn is_refusal(status: StatusCode) -> bool {
    status.is_client_error() && !matches!(status.as_u16(), 408 | 429)
}

fn parsed(body: &[u8]) -> Value {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    serde_json::from_slice(body).unwrap_or(Value::Null)
}

fn row(place: Place, method: Option<SignIn>, said: &Said) -> &'static lessons::Row {
    lessons::find(&Met {
        place,
        status: said.status,
        code: &said.code,
        text: &said.message,
        method,
    })
}

fn understood(
    place: Place,
    method: Option<SignIn>,
    said: Said,
    headers: &HeaderMap,
    json: &Value,
    now: SystemTime,
) -> Trouble {
    let row = row(place, method, &said);
    let lesson = Some(&row.lesson);
    let said = Said { lesson, ..said };
    let after = || retry_after::parse(headers, now);
    match row.kind {
        Kind::NoAnswer => Trouble::NoAnswer(said.to_string()),
        Kind::Later => Trouble::Later(said, after()),
        Kind::Busy => Trouble::Busy(said, after()),
        Kind::Throttled => Trouble::Throttled(said, after()),
        Kind::NameTaken => Trouble::NameTaken(said, wire::conflict(json)),
        Kind::Stale => Trouble::Stale(said),
        Kind::Gone => Trouble::Gone(said),
        Kind::Damaged => Trouble::Damaged(said),
        Kind::Refused => Trouble::Refused(said),
        Kind::Over => Trouble::Session(said, SessionFault::Over),
        Kind::Overlap => Trouble::Session(said, SessionFault::Overlap),
        Kind::NotYet => Trouble::Session(said, SessionFault::NotYet),
        Kind::TooSmall => Trouble::Session(said, SessionFault::TooSmall),
        Kind::Open => {
            let status = wire::open_session(json);
            Trouble::Session(said, SessionFault::Open(status))
        }
        Kind::Locked => Trouble::Locked(said),
        Kind::Full => Trouble::Full(said),
        Kind::Unauthorized => Trouble::Unauthorized(said),
    }
}

#[cfg(test)]
mod tests {
    use super::classify;
    use crate::model::trouble::Trouble;
    use reqwest::StatusCode;
    use reqwest::header::HeaderMap;
    use std::time::SystemTime;

    fn kind(status: u16, body: &str) -> &'static str {
        let status = StatusCode::from_u16(status).unwrap();
        match classify(
            status,
            &HeaderMap::new(),
            body.as_bytes(),
            SystemTime::UNIX_EPOCH,
        ) {
            Trouble::NoAnswer(_) => "no answer",
            Trouble::Later(..) => "later",
            Trouble::Busy(..) => "busy",
            Trouble::Throttled(..) => "throttled",
            Trouble::NameTaken(..) => "name taken",
            Trouble::Stale(_) => "stale",
            Trouble::Gone(_) => "gone",
            Trouble::Damaged(_) => "damaged",
            Trouble::Refused(_) => "refused",
            Trouble::Session(..) => "session",
            Trouble::Locked(_) => "locked",
            Trouble::Full(_) => "full",
            Trouble::Unauthorized(_) => "unauthorized",
            Trouble::LocalChanged | Trouble::LocalGone | Trouble::LocalRead(_) => "local",
        }
    }

    #[test]
    fn the_code_decides_before_the_status() {
        let code = |code: &str| format!(r#"{{"type":"error","code":"{code}"}}"#);
        for (status, box_code, expected) in [
            (409, "item_name_in_use", "name taken"),
            (409, "name_temporarily_reserved", "busy"),
            (409, "operation_blocked_temporary", "busy"),
            (409, "conflict", "later"),
            (400, "bad_digest", "damaged"),
            (400, "item_name_invalid", "refused"),
            (403, "access_denied_insufficient_permissions", "refused"),
            (403, "access_denied_item_locked", "locked"),
            (403, "storage_limit_exceeded", "full"),
            (403, "insufficient_scope", "unauthorized"),
            (404, "not_found", "gone"),
            (404, "trashed", "gone"),
            (412, "precondition_failed", "stale"),
            (429, "rate_limit_exceeded", "throttled"),
            (503, "unavailable", "later"),
            (507, "", "full"),
            (405, "method_not_allowed", "refused"),
        ] {
            assert_eq!(
                kind(status, &code(box_code)),
                expected,
                "{status} {box_code}"
            );
        }
    }

    #[test]
    fn an_answer_without_box_in_it_is_judged_by_its_status() {
        for (status, expected) in [
            (401, "unauthorized"),
            (404, "gone"),
            (412, "stale"),
            (429, "throttled"),
            (500, "later"),
            (502, "later"),
            (302, "no answer"),
            (418, "refused"),
        ] {
            for body in [
                "",
                "<html>Bad gateway</html>",
                "[]",
                "{\"context_info\":null}",
            ] {
                assert_eq!(kind(status, body), expected, "{status} {body}");
            }
        }
    }
}
