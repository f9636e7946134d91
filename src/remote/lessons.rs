//! Shim.
use crate::model::trouble::{Said, Trouble};
use crate::remote::retry_after;
use crate::remote::wire;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::time::SystemTime;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignIn {
    ClientCredentials,
    Jwt,
    OAuth2,
    DeveloperToken,
}

pub(crate) fn token_refusal(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: SystemTime,
    _method: SignIn,
) -> Trouble {
    let json: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let after = retry_after::parse(headers, now);
    let code = wire::text(&json, "error").unwrap_or_default();
    let message = wire::text(&json, "error_description").unwrap_or_default();
    let said = Said {
        status: status.as_u16(),
        code,
        message,
        request_id: None,
        advice: None,
    };
    match status.as_u16() {
        429 => Trouble::Throttled(said, after),
        500..=599 => Trouble::Later(said, after),
        _ => Trouble::Unauthorized(said),
    }
}

pub(crate) fn dead_developer_token() -> Trouble {
    Trouble::Unauthorized(Said { status: 401, code: "unauthorized".into(), message: "Box does not accept the developer token (any more)".into(), request_id: None, advice: Some("Developer tokens live for 60 minutes: make a new one in the Developer Console under Configuration, Developer Token, or change to client credentials for unattended use".into()) })
}
pub(crate) fn needs_login(message: String) -> Trouble {
    Trouble::Unauthorized(Said {
        message,
        advice: Some("run boxup login".into()),
        ..Said::default()
    })
}

pub(crate) fn another_account(mapped: (&str, &str), now: (&str, &str)) -> Trouble {
    Trouble::Unauthorized(Said {
        message: format!(
            "the token is that of {} (user {}), but what is mapped here was sent by {} (user {})",
            now.0, now.1, mapped.0, mapped.1
        ),
        advice: Some(
            "go back to the former sign-in, or give the new account a state directory of its own"
                .into(),
        ),
        ..Said::default()
    })
}
