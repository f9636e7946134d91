//! Who may come in: tokens and rate limits.

use std::time::Instant;

use crate::auth::Verdict;
use crate::limits::Lane;
use crate::shared::State;
use crate::wire::{ApiError, BodyKind, Call, Host, Operation};
use crate::world::{SERVICE, UserId};

/// The account that a request acts as. Token and download hosts ask for none.
pub(super) fn account(
    state: &mut State,
    operation: &Operation,
    call: &Call,
    force_expired: bool,
) -> Result<UserId, ApiError> {
    if matches!(operation.host, Host::Token | Host::Download) {
        return Ok(SERVICE);
    }
    let user = match verdict(state, call)? {
        Verdict::Good(user) if !force_expired => user,
        Verdict::Good(_) | Verdict::Expired => return Err(unauthorized("expired_token")),
        Verdict::Unknown => return Err(unauthorized("invalid_token")),
    };
    if call.header("as-user").is_some() {
        return Err(ApiError::unknown_operation("the As-User header"));
    }
    Ok(user)
}

/// An empty token was reported to give 400 rather than 401.
fn verdict(state: &State, call: &Call) -> Result<Verdict, ApiError> {
    let Some(header) = call.header("authorization") else {
        // Only downloads document a token in the query.
        let token = call.param("access_token");
        return Ok(token.map_or(Verdict::Unknown, |token| state.tokens.judge(token)));
    };
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Ok(Verdict::Unknown);
    }
    if token.trim().is_empty() {
        return Err(ApiError::parameter(
            "authorization",
            "the access token is empty",
        ));
    }
    Ok(state.tokens.judge(token.trim()))
}

fn unauthorized(error: &str) -> ApiError {
    let challenge = format!("Bearer realm=\"Service\", error=\"{error}\"");
    ApiError::known(401, "unauthorized").header("www-authenticate", &challenge)
}

/// Box counts per account; only whole-file uploads use the upload lane.
pub(super) fn rate(state: &mut State, operation: &Operation, user: UserId) -> Result<(), ApiError> {
    if matches!(operation.host, Host::Token | Host::Download) {
        return Ok(());
    }
    let settings = &state.settings;
    let uploads = settings.uploads_per_minute;
    let is_upload = operation.body == BodyKind::Multipart;
    let lanes = [
        (Lane::Requests, settings.requests_per_minute),
        (Lane::Uploads, uploads.filter(|_| is_upload)),
    ];
    let window = settings.rate_window;
    let admitted = state.rates.admit(&lanes, user, window, Instant::now());
    admitted.map_err(|seconds| {
        ApiError::known(429, "rate_limit_exceeded").header("retry-after", &seconds.to_string())
    })
}
