//! One request's entry in the journal, closed even when the client goes away.

use std::sync::Arc;
use std::time::Instant;

use hyper::http::request::Parts;

use crate::journal::{Outcome, Request};
use crate::shared::Shared;

/// An open entry.
pub(super) struct Visit {
    shared: Arc<Shared>,
    seq: u64,
    operation: &'static str,
    pub(super) outcome: Outcome,
}

impl Visit {
    /// Enters the request.
    pub(super) fn open(shared: &Arc<Shared>, operation: &'static str, head: &Parts) -> Visit {
        let header = |name: &str| {
            let value = head.headers.get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let request = Request {
            seq: 0,
            at: Instant::now(),
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            operation,
            status: None,
            code: None,
            content_bytes: 0,
            body_bytes: 0,
            authorization: header("authorization").map(|value| fingerprint(&value)),
            if_match: header("if-match"),
            content_range: header("content-range"),
            digest: header("digest"),
            content_md5: header("content-md5"),
            content_length: header("content-length").and_then(|value| value.parse().ok()),
            transfer_encoding: header("transfer-encoding"),
            user_agent: header("user-agent"),
            name: None,
            grant_type: None,
            as_user: header("as-user"),
        };
        Visit {
            shared: Arc::clone(shared),
            seq: shared.change(|state| state.journal.enter(request)),
            operation,
            outcome: Outcome::default(),
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let outcome = std::mem::take(&mut self.outcome);
        let (seq, operation) = (self.seq, self.operation);
        self.shared
            .change(|state| state.journal.leave(seq, operation, outcome));
    }
}

/// Eight digits that tell one header from another and nothing else.
fn fingerprint(value: &str) -> String {
    use sha1::{Digest, Sha1};
    let digest = Sha1::digest(value.as_bytes());
    digest
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
