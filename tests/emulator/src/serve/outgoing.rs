//! A reply becomes an HTTP response.

use bytes::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use crate::clock;
use crate::shared::Shared;
use crate::wire::{AnswerBody, Content, Reply};

/// Adds what every answer of Box carries.
pub(super) fn respond(reply: Reply, shared: &Shared) -> Response<AnswerBody> {
    let (id, now) = {
        let mut state = shared.lock();
        (state.ids.hex(24), state.now())
    };
    let mime = mime(&reply);
    let mut response = Response::new(body(reply.content));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let usual = [("box-request-id", id), ("date", clock::http_date(now))];
    let usual = usual.map(|(name, value)| (name.to_owned(), value));
    let mime = mime.map(|mime| ("content-type".to_owned(), mime.to_owned()));
    for (name, value) in usual.into_iter().chain(mime).chain(reply.headers) {
        // A fault may ask for a header that HTTP cannot carry: leave it out.
        if let (Ok(name), Ok(value)) = (
            HeaderName::try_from(name.to_ascii_lowercase()),
            HeaderValue::from_str(&value),
        ) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Error answers are declared as JSON even when, like Box's 401, they are
/// empty.
fn mime(reply: &Reply) -> Option<&'static str> {
    match &reply.content {
        Content::Raw { mime, .. } => Some(mime),
        Content::Stored { .. } => Some("application/octet-stream"),
        Content::Empty if matches!(reply.status, 204 | 302 | 304) => None,
        Content::Empty if matches!(reply.status, 301 | 303 | 307 | 308) => None,
        Content::Empty | Content::Json(_) | Content::Cut(_) | Content::Bloated { .. } => {
            Some("application/json")
        }
    }
}

fn body(content: Content) -> AnswerBody {
    match content {
        Content::Empty => AnswerBody::Whole(None),
        Content::Json(value) => AnswerBody::Whole(Some(Bytes::from(value.to_string()))),
        Content::Raw { bytes, .. } => AnswerBody::Whole(Some(Bytes::from(bytes))),
        Content::Cut(mut bytes) => {
            let total = bytes.len() as u64;
            bytes.truncate(bytes.len() / 2);
            AnswerBody::Cut {
                part: Some(Bytes::from(bytes)),
                total,
                sent: false,
            }
        }
        Content::Bloated { bytes, rest } => AnswerBody::bloated(bytes, rest),
        Content::Stored { blob, from, to } => AnswerBody::Stored {
            blob,
            next: from,
            end: to,
        },
    }
}
