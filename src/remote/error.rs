//! Box's error answers, classified: the only place that looks at a status or a code.
//!
//! Decided from Box's `code` first, because one status has many meanings (409 is a
//! taken name, a busy folder and, in places, a full account).

use crate::model::trouble::{Said, Trouble};
use crate::remote::retry_after;
use crate::remote::wire;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// What an answer with an error status means.
pub(crate) fn classify(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: SystemTime,
) -> Trouble {
    let json: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let said = said(status, headers, &json);
    let after = retry_after::parse(headers, now);
    by_code(&said, &json, after).unwrap_or_else(|| by_status(status, said, after))
}

fn by_code(said: &Said, json: &Value, after: Option<Duration>) -> Option<Trouble> {
    let said = said.clone();
    Some(match said.code.as_str() {
        "item_name_in_use" => Trouble::NameTaken(said, wire::conflict(json)),
        "name_temporarily_reserved" | "operation_blocked_temporary" => Trouble::Later(said, after),
        "rate_limit_exceeded" | "too_many_requests" => Trouble::Throttled(said, after),
        "bad_digest" => Trouble::Damaged(said),
        "precondition_failed" | "sync_state_precondition_failed" => Trouble::Stale(said),
        "not_found" | "trashed" => Trouble::Gone(said),
        "unauthorized" => Trouble::Unauthorized(said),
        code => match advice_for_everyone(code) {
            Some(advice) => Trouble::Unauthorized(Said {
                advice: Some(advice.to_owned()),
                ..said
            }),
            None => return None,
        },
    })
}

/// Codes that concern the account or the app, so that no item can succeed.
fn advice_for_everyone(code: &str) -> Option<&'static str> {
    Some(match code {
        "insufficient_scope" => {
            "In the Developer Console tick \"Read and write all files and folders stored in Box\" \
             under Configuration, Application Scopes, save, and have an admin choose Reauthorize \
             App in the Admin Console"
        }
        "access_from_location_blocked" | "error_access_from_ip_not_allowed" => {
            "The enterprise does not allow access from this network: ask its admin to allow this \
             address"
        }
        "password_reset_required"
        | "terms_of_service_required"
        | "user_email_confirmation_required" => {
            "Log in to Box in a browser as this user and do what it asks for"
        }
        _ => return None,
    })
}

fn by_status(status: StatusCode, said: Said, after: Option<Duration>) -> Trouble {
    match status.as_u16() {
        401 => Trouble::Unauthorized(said),
        404 | 410 => Trouble::Gone(said),
        408 | 409 => Trouble::Later(said, after),
        412 => Trouble::Stale(said),
        429 => Trouble::Throttled(said, after),
        // "Insufficient storage": older answers for a full account.
        507 => Trouble::Refused(said),
        500..=599 => Trouble::Later(said, after),
        300..=399 => Trouble::NoAnswer(format!(
            "a redirection ({}), which is not followed: is there a proxy or a login page in \
             between?",
            status.as_u16()
        )),
        _ => Trouble::Refused(said),
    }
}

/// Box's words. Any field may be missing; a proxy's page has none of them.
fn said(status: StatusCode, headers: &HeaderMap, json: &Value) -> Said {
    let header_id = headers
        .get("box-request-id")
        .and_then(|id| id.to_str().ok());
    let body_id = wire::text(json, "request_id");
    let request_id = match (body_id, header_id) {
        (Some(body), Some(header)) => Some(format!("{body}.{header}")),
        (body, header) => body.or(header.map(str::to_owned)),
    };
    let reason = || {
        status
            .canonical_reason()
            .unwrap_or("no explanation")
            .to_owned()
    };
    let mut message = wire::text(json, "message").unwrap_or_else(reason);
    if let Some(Value::String(details)) = json.get("context_info") {
        message = format!("{message} ({details})");
    }
    let code = wire::text(json, "code").unwrap_or_default();
    Said {
        status: status.as_u16(),
        code,
        message,
        request_id,
        advice: None,
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
            Trouble::Throttled(..) => "throttled",
            Trouble::NameTaken(..) => "name taken",
            Trouble::Stale(_) => "stale",
            Trouble::Gone(_) => "gone",
            Trouble::Damaged(_) => "damaged",
            Trouble::Refused(_) => "refused",
            Trouble::Unauthorized(_) => "unauthorized",
            Trouble::LocalChanged | Trouble::LocalGone | Trouble::LocalRead(_) => "local",
        }
    }

    #[test]
    fn the_code_decides_before_the_status() {
        let code = |code: &str| format!(r#"{{"type":"error","code":"{code}"}}"#);
        for (status, box_code, expected) in [
            (409, "item_name_in_use", "name taken"),
            (409, "name_temporarily_reserved", "later"),
            (409, "operation_blocked_temporary", "later"),
            (409, "conflict", "later"),
            (400, "bad_digest", "damaged"),
            (400, "item_name_invalid", "refused"),
            (403, "access_denied_insufficient_permissions", "refused"),
            (403, "access_denied_item_locked", "refused"),
            (403, "storage_limit_exceeded", "refused"),
            (403, "insufficient_scope", "unauthorized"),
            (404, "not_found", "gone"),
            (404, "trashed", "gone"),
            (412, "precondition_failed", "stale"),
            (429, "rate_limit_exceeded", "throttled"),
            (503, "unavailable", "later"),
            (507, "", "refused"),
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
