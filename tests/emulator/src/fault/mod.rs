//! Faults as data: what goes wrong, on which requests, how often.

mod build;
mod queue;

use std::time::Duration;

use serde_json::Value;

pub(crate) use queue::{FaultQueue, Subject};

/// Which requests a fault concerns. Every part that is given must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct On {
    /// Box's operation id, such as `post_files_content`; `None` is any.
    pub operation: Option<String>,
    /// Part of the request's path.
    pub path: Option<String>,
    /// The item's name: the one in the body, or the one of the item that the
    /// path addresses.
    pub name: Option<String>,
}

/// How often a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// This many times.
    Count(u32),
    /// Until the faults are cleared.
    Forever,
}

/// An error answer: status, Box's code and more headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Box's error code.
    pub code: String,
    /// Headers besides the usual ones.
    pub headers: Vec<(String, String)>,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Answers an error; nothing is processed.
    Status(Answer),
    /// Answers an error of the token endpoint; nothing is processed.
    OAuthError {
        /// HTTP status.
        status: u16,
        /// OAuth's error code.
        error: String,
        /// Box's text.
        description: String,
        /// Headers besides the usual ones.
        headers: Vec<(String, String)>,
    },
    /// Answers 429, with this `Retry-After` if any; nothing is processed.
    RateLimited {
        /// The header's value, sent as it is.
        retry_after: Option<String>,
    },
    /// Closes the connection; nothing is processed. With a name to match, the
    /// body has been read by then.
    DropBefore,
    /// Processes the request, then closes the connection without an answer.
    DropAfter,
    /// Waits, then goes on as usual.
    Delay(Duration),
    /// Processes the request, then answers an error.
    StatusAfter(Answer),
    /// Answers an error now and processes the request later. Until then, the
    /// folders of a move, copy, delete or restore answer changes with 409.
    PersistLater {
        /// The answer.
        answer: Answer,
        /// How much later; `None` waits for `BoxEmulator::persist_pending`.
        after: Option<Duration>,
    },
    /// Processes the request, but the answer tells another SHA-1.
    WrongSha1,
    /// Processes the request, but the answer tells another size.
    WrongSize,
    /// Processes the request, but the answer tells another name.
    WrongName,
    /// Processes the request, but a field of the JSON answer has another value,
    /// or is missing.
    WrongField {
        /// A JSON pointer, such as `/part_size` or `/entries/0/sha1`.
        at: String,
        /// The value; `None` leaves the field out.
        value: Option<Value>,
    },
    /// Processes the request, but all URLs in the answer lead to this origin,
    /// such as `https://elsewhere.test`.
    OtherOrigin(String),
    /// Answers a redirect; nothing is processed.
    Redirect {
        /// HTTP status.
        status: u16,
        /// Where to.
        location: String,
    },
    /// Processes the request, then answers JSON with so many useless bytes
    /// before what was to be said.
    Bloated {
        /// Bytes.
        bytes: u64,
    },
    /// Processes the request, then answers with so many useless headers.
    ManyHeaders {
        /// Headers.
        count: u32,
    },
    /// Processes the request, then answers the right status and no body.
    EmptyBody,
    /// Answers a proxy's HTML page with this status; nothing is processed.
    Html {
        /// HTTP status.
        status: u16,
    },
    /// Processes the request, then answers half of the JSON.
    TruncatedJson,
    /// Processes the request, promises the whole answer, sends half of it and
    /// closes the connection.
    CutAnswer,
    /// This request's token counts as expired.
    ExpiredToken,
    /// Reads this many bytes of the body, then closes the connection. Only for
    /// faults without a name to match: the name is known after the body.
    MidBodyReset {
        /// Bytes of the request body.
        after: u64,
    },
    /// Processes the request; the answer waits for
    /// `BoxEmulator::release_holds`.
    Hold,
    /// Waits for `BoxEmulator::release_holds` before the request is processed;
    /// without a name to match, before anything of the body is read (token
    /// requests are always read first).
    HoldBefore,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which requests.
    pub on: On,
    /// How many matching requests pass unharmed first.
    pub skip: u32,
    /// How often.
    pub times: Times,
    /// What happens.
    pub effect: Effect,
}
