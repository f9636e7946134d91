//! Carries out the faults: what happens before a request is processed, and
//! what becomes of its reply.

use std::sync::Arc;

use serde_json::{Value, json};

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
        Effect::DropAfter
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
        Effect::WrongSha1 => alter(&mut reply, wrong_sha1),
        Effect::WrongSize => alter(&mut reply, wrong_size),
        Effect::WrongName => alter(&mut reply, wrong_name),
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
        Content::Empty | Content::Stored { .. } => Vec::new(),
    }
}

/// Changes the item in a reply: alone, in a list of one, or a part's record.
fn alter(reply: &mut Reply, change: fn(&mut Value)) {
    if let Content::Json(value) = &mut reply.content {
        let inside = ["/entries/0", "/part"];
        let place = inside
            .into_iter()
            .find(|place| value.pointer(place).is_some());
        if let Some(item) = value.pointer_mut(place.unwrap_or_default()) {
            change(item);
        }
    }
}

fn wrong_sha1(item: &mut Value) {
    let wrong = json!("f".repeat(40));
    for place in ["/sha1", "/file_version/sha1"] {
        if let Some(sha1) = item.pointer_mut(place) {
            *sha1 = wrong.clone();
        }
    }
}

fn wrong_size(item: &mut Value) {
    if let Some(size) = item.get_mut("size") {
        *size = json!(size.as_u64().unwrap_or_default() + 1);
    }
}

fn wrong_name(item: &mut Value) {
    if let Some(name) = item.get_mut("name") {
        *name = json!(format!("{} (1)", name.as_str().unwrap_or_default()));
    }
}
