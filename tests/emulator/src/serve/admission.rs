//! Who may come in: tokens and rate limits.

use std::time::Instant;

use crate::auth::{Rights, Verdict, insufficient, writes};
use crate::limits::Lane;
use crate::settings::AccessLevel;
use crate::shared::State;
use crate::wire::{ApiError, BodyKind, Call, Host, Operation, Received};
use crate::world::{SERVICE, UserId};

/// The account that a request acts as, and what its token allows. Token and download
/// hosts ask for none.
pub(super) fn account(
    state: &mut State,
    operation: &Operation,
    call: &Call,
    force_expired: bool,
) -> Result<(UserId, Rights), ApiError> {
    if matches!(operation.host, Host::Token | Host::Download) {
        return Ok((SERVICE, Rights::default()));
    }
    let (user, rights) = match verdict(state, call)? {
        Verdict::Good(user, rights) if !force_expired => (user, rights),
        Verdict::Good(..) | Verdict::Expired => return Err(unauthorized("expired_token")),
        Verdict::Unknown => return Err(unauthorized("invalid_token")),
    };
    let may_write = rights.scopes.iter().any(|scope| scope == "root_readwrite");
    if !may_write && writes(operation.id) {
        return Err(insufficient());
    }
    match call.header("as-user") {
        Some(id) => Ok((on_behalf(state, user, id)?, rights)),
        None => Ok((user, rights)),
    }
}

/// The user in whose name the call is made. Box's guide "As-User".
fn on_behalf(state: &State, user: UserId, id: &str) -> Result<UserId, ApiError> {
    let settings = &state.settings;
    let may = settings.as_user_allowed && settings.access_level == AccessLevel::AppAndEnterprise;
    if !may || user != SERVICE {
        return Err(insufficient());
    }
    match state.world.user_by_id(id) {
        Some(SERVICE) => Err(insufficient()),
        Some(target) => Ok(target),
        None => {
            let context = serde_json::json!({"invalid_user_id": {"id": id}});
            Err(ApiError::new(404, "not_found", "On-Behalf-Of User not found").context(context))
        }
    }
}

/// Refuses what a down-scoped token does not reach; the body tells where an upload goes.
pub(super) fn restricted(
    state: &State,
    operation: &Operation,
    call: &Call,
    body: &Received,
    user: UserId,
    rights: &Rights,
) -> Result<(), ApiError> {
    let Some(restriction) = &rights.restriction else {
        return Ok(());
    };
    if restriction.allows(&state.world, user, operation, call, body) {
        return Ok(());
    }
    Err(match state.settings.restricted_answer {
        401 => unauthorized("insufficient_scope"),
        404 => ApiError::known(404, "not_found"),
        _ => insufficient(),
    })
}

/// An empty token was reported to give 400 rather than 401.
fn verdict(state: &mut State, call: &Call) -> Result<Verdict, ApiError> {
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
