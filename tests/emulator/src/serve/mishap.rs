//! Carries out the faults: what happens before a request is processed, and
//! what becomes of its reply.

use std::sync::Arc;

use serde_json::json;

use super::distort;
use crate::auth::escaped;
use crate::fault::{Answer, Effect};
use crate::shared::Shared;
use crate::wire::{ApiError, Content, Host, Operation, Reply};

/// What a fault does before the request is processed.
pub(super) enum Before {
    /// Nothing; perhaps something later.
    GoOn,
    /// Answers instead of processing.
    Answer(Reply),
    /// Breaks the connection off.
    Drop,
}

const PROXY_PAGE: &str = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>\n";

/// The part of a fault that comes first.
pub(super) async fn before(effect: &Effect, operation: &Operation, shared: &Arc<Shared>) -> Before {
    match effect {
        Effect::Status(answer) => Before::Answer(error_reply(answer, operation, shared)),
        Effect::OAuthError {
            status,
            error,
            description,
            headers,
        } => {
            let body = json!({"error": error, "error_description": description});
            let mut reply = Reply::empty(*status).header("cache-control", "no-store");
            reply.content = escaped(&body);
            reply.headers.extend(headers.iter().cloned());
            Before::Answer(reply)
        }
        Effect::RateLimited { retry_after } => {
            let mut error = ApiError::known(429, "rate_limit_exceeded");
            if let Some(value) = retry_after {
                error = error.header("retry-after", value);
            }
            Before::Answer(into_reply(error, shared))
        }
        Effect::DropBefore => Before::Drop,
        Effect::Delay(delay) => {
            tokio::time::sleep(*delay).await;
            Before::GoOn
        }
        Effect::HoldBefore => {
            hold(shared).await;
            Before::GoOn
        }
        Effect::Html { status } => Before::Answer(Reply {
            status: *status,
            headers: Vec::new(),
            content: Content::Raw {
                bytes: PROXY_PAGE.as_bytes().to_vec(),
                mime: "text/html",
            },
        }),
        Effect::Redirect { status, location } => {
            Before::Answer(Reply::empty(*status).header("location", location))
        }
        Effect::DropAfter
        | Effect::WrongField { .. }
        | Effect::OtherOrigin(_)
        | Effect::Bloated { .. }
        | Effect::ManyHeaders { .. }
        | Effect::StatusAfter(_)
        | Effect::PersistLater { .. }
        | Effect::WrongSha1
        | Effect::WrongSize
        | Effect::WrongName
        | Effect::EmptyBody
        | Effect::TruncatedJson
        | Effect::CutAnswer
        | Effect::ExpiredToken
        | Effect::MidBodyReset { .. }
        | Effect::Hold => Before::GoOn,
    }
}

/// The part of a fault that comes last; `None` drops the connection.
pub(super) async fn after(
    effect: &Effect,
    mut reply: Reply,
    operation: &Operation,
    shared: &Arc<Shared>,
) -> Option<Reply> {
    match effect {
        Effect::DropAfter => return None,
        Effect::StatusAfter(answer) => return Some(error_reply(answer, operation, shared)),
        Effect::WrongSha1 => distort::wrong_sha1(&mut reply),
        Effect::WrongSize => distort::wrong_size(&mut reply),
        Effect::WrongName => distort::wrong_name(&mut reply),
        Effect::WrongField { at, value } => distort::set(&mut reply, at, value.as_ref()),
        Effect::OtherOrigin(origin) => distort::lead_elsewhere(&mut reply, origin),
        Effect::Bloated { bytes } => distort::bloat(&mut reply, *bytes),
        Effect::ManyHeaders { count } => distort::add_headers(&mut reply, *count),
        Effect::EmptyBody => reply.content = Content::Empty,
        Effect::TruncatedJson => {
            let mut bytes = json_bytes(&reply);
            bytes.truncate(bytes.len() / 2);
            let mime = match reply.content {
                Content::Raw { mime, .. } => mime,
                _ => "application/json",
            };
            reply.content = Content::Raw { bytes, mime };
        }
        Effect::CutAnswer => reply.content = Content::Cut(json_bytes(&reply)),
        Effect::Hold => hold(shared).await,
        Effect::Status(_)
        | Effect::OAuthError { .. }
        | Effect::RateLimited { .. }
        | Effect::DropBefore
        | Effect::Delay(_)
        | Effect::Redirect { .. }
        | Effect::PersistLater { .. }
        | Effect::Html { .. }
        | Effect::ExpiredToken
        | Effect::MidBodyReset { .. }
        | Effect::HoldBefore => {}
    }
    Some(reply)
}

/// An error in the envelope of the host that answers.
pub(super) fn error_reply(answer: &Answer, operation: &Operation, shared: &Arc<Shared>) -> Reply {
    let mut reply = if operation.host == Host::Token {
        let body = json!({"error": answer.code, "error_description": "injected"});
        Reply::json(answer.status, body)
    } else {
        into_reply(ApiError::known(answer.status, &answer.code), shared)
    };
    reply.headers.extend(answer.headers.iter().cloned());
    reply
}

fn into_reply(error: ApiError, shared: &Arc<Shared>) -> Reply {
    let id = shared.lock().ids.hex(16);
    error.into_reply(&id)
}

/// Waits for a release, and is counted while it does.
async fn hold(shared: &Arc<Shared>) {
    struct Held<'a>(&'a Shared);
    impl Drop for Held<'_> {
        fn drop(&mut self) {
            self.0.change(|state| state.held -= 1);
        }
    }
    let mut releases = shared.releases.subscribe();
    let before = *releases.borrow_and_update();
    shared.change(|state| state.held += 1);
    let _held = Held(shared);
    while *releases.borrow_and_update() == before {
        if releases.changed().await.is_err() {
            return;
        }
    }
}

fn json_bytes(reply: &Reply) -> Vec<u8> {
    match &reply.content {
        Content::Json(value) => value.to_string().into_bytes(),
        Content::Raw { bytes, .. } | Content::Cut(bytes) => bytes.clone(),
        Content::Empty | Content::Stored { .. } | Content::Bloated { .. } => Vec::new(),
    }
}
