//! Who may come in: tokens, As-User and rate limits.

use std::time::Instant;

use serde_json::json;

use crate::auth::{AccessLevel, Verdict, Visitor, insufficient};
use crate::limits::Lane;
use crate::shared::State;
use crate::wire::{ApiError, BodyKind, Call, Host, Operation};
use crate::world::{COLLEAGUE, SERVICE, UserId};

/// On whose behalf a request is made. Token and download hosts ask for no
/// token.
pub(super) fn visitor(
    state: &mut State,
    operation: &Operation,
    call: &Call,
    force_expired: bool,
) -> Result<Visitor, ApiError> {
    if matches!(operation.host, Host::Token | Host::Download) {
        return Ok(Visitor::new(SERVICE, &[]));
    }
    let token = token(call)?.unwrap_or_default();
    let visitor = match state.tokens.judge(token) {
        Verdict::Good(visitor) if !force_expired => visitor,
        Verdict::Good(_) | Verdict::Expired => return Err(unauthorized("expired_token")),
        Verdict::Unknown => return Err(unauthorized("invalid_token")),
    };
    state.tokens.used(token);
    match call.header("as-user") {
        Some(id) => as_user(state, visitor, id.trim()),
        None => Ok(visitor),
    }
}

/// The same visitor in another's place. Only the service account and those who
/// manage the enterprise may, and not with a token exchanged for another.
fn as_user(state: &State, visitor: Visitor, id: &str) -> Result<Visitor, ApiError> {
    let service = state.settings.app.has_service_account();
    let may = visitor.user == COLLEAGUE || service && visitor.user == SERVICE;
    if !may || !state.settings.as_user_allowed || visitor.bounds.restricted {
        return Err(insufficient(403));
    }
    let Some(user) = state.world.user_by_id(id) else {
        let context = json!({"invalid_user_id": {"id": id}});
        let error = ApiError::new(404, "not_found", "On-Behalf-Of User not found");
        return Err(error.context(context));
    };
    let far = state.console.powers.level == AccessLevel::AppAndEnterprise;
    if service && user == SERVICE || !far {
        return Err(insufficient(403));
    }
    Ok(Visitor { user, ..visitor })
}

/// The token of a call. An empty one was reported to give 400 rather than 401.
fn token(call: &Call) -> Result<Option<&str>, ApiError> {
    let Some(header) = call.header("authorization") else {
        // Only downloads document a token in the query.
        return Ok(call.param("access_token"));
    };
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Ok(None);
    }
    if token.trim().is_empty() {
        return Err(ApiError::parameter(
            "authorization",
            "the access token is empty",
        ));
    }
    Ok(Some(token.trim()))
}

fn unauthorized(error: &str) -> ApiError {
    let challenge = format!("Bearer realm=\"Service\", error=\"{error}\"");
    ApiError::known(401, "unauthorized").header("www-authenticate", &challenge)
}

/// Box counts per account; only whole-file uploads and commits use the upload
/// lane. A part is a call like any other.
pub(super) fn rate(state: &mut State, operation: &Operation, user: UserId) -> Result<(), ApiError> {
    if matches!(operation.host, Host::Token | Host::Download) {
        return Ok(());
    }
    let settings = &state.settings;
    let uploads = settings.uploads_per_minute;
    let is_upload = operation.body == BodyKind::Multipart || operation.path.ends_with("/commit");
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
