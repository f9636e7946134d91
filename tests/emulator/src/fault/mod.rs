//! Faults as data: what goes wrong, on which requests, how often.

mod queue;

use std::time::Duration;

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
    /// Answers an error now and processes the request later.
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

impl Answer {
    fn new(status: u16, code: &str) -> Answer {
        Answer {
            status,
            code: code.to_owned(),
            headers: Vec::new(),
        }
    }
}

impl Fault {
    /// A fault on one operation; by default one 503 `unavailable`.
    #[must_use]
    pub fn on(operation: &str) -> Fault {
        let mut fault = Fault::any();
        fault.on.operation = Some(operation.to_owned());
        fault
    }

    /// A fault on any request.
    #[must_use]
    pub fn any() -> Fault {
        Fault {
            on: On::default(),
            skip: 0,
            times: Times::Count(1),
            effect: Effect::Status(Answer::new(503, "unavailable")),
        }
    }

    /// Only where the path contains this.
    #[must_use]
    pub fn path(mut self, part: &str) -> Fault {
        self.on.path = Some(part.to_owned());
        self
    }

    /// Only for an item of exactly this name.
    #[must_use]
    pub fn name(mut self, name: &str) -> Fault {
        self.on.name = Some(name.to_owned());
        self
    }

    /// Lets this many matching requests pass first.
    #[must_use]
    pub fn skip(mut self, requests: u32) -> Fault {
        self.skip = requests;
        self
    }

    /// Strikes this many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Fault {
        self.times = Times::Count(times);
        self
    }

    /// Strikes until cleared.
    #[must_use]
    pub fn forever(mut self) -> Fault {
        self.times = Times::Forever;
        self
    }

    /// Sets the effect.
    #[must_use]
    pub fn effect(mut self, effect: Effect) -> Fault {
        self.effect = effect;
        self
    }

    /// Adds a header to the error answer; call it after `status`,
    /// `status_after`, `persist_later` or `oauth_error`.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Fault {
        if let Effect::Status(Answer { headers, .. })
        | Effect::StatusAfter(Answer { headers, .. })
        | Effect::PersistLater {
            answer: Answer { headers, .. },
            ..
        }
        | Effect::OAuthError { headers, .. } = &mut self.effect
        {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// [`Effect::Status`].
    #[must_use]
    pub fn status(self, status: u16, code: &str) -> Fault {
        self.effect(Effect::Status(Answer::new(status, code)))
    }

    /// [`Effect::OAuthError`].
    #[must_use]
    pub fn oauth_error(self, status: u16, error: &str, description: &str) -> Fault {
        self.effect(Effect::OAuthError {
            status,
            error: error.to_owned(),
            description: description.to_owned(),
            headers: Vec::new(),
        })
    }

    /// [`Effect::StatusAfter`].
    #[must_use]
    pub fn status_after(self, status: u16, code: &str) -> Fault {
        self.effect(Effect::StatusAfter(Answer::new(status, code)))
    }

    /// [`Effect::PersistLater`] with 503 `unavailable`.
    #[must_use]
    pub fn persist_later(self, after: Option<Duration>) -> Fault {
        let answer = Answer::new(503, "unavailable");
        self.effect(Effect::PersistLater { answer, after })
    }

    /// [`Effect::RateLimited`].
    #[must_use]
    pub fn rate_limited(self, retry_after: Option<&str>) -> Fault {
        let retry_after = retry_after.map(str::to_owned);
        self.effect(Effect::RateLimited { retry_after })
    }

    /// [`Effect::DropBefore`].
    #[must_use]
    pub fn drop_before(self) -> Fault {
        self.effect(Effect::DropBefore)
    }

    /// [`Effect::DropAfter`].
    #[must_use]
    pub fn drop_after(self) -> Fault {
        self.effect(Effect::DropAfter)
    }

    /// [`Effect::Delay`].
    #[must_use]
    pub fn delay(self, delay: Duration) -> Fault {
        self.effect(Effect::Delay(delay))
    }

    /// [`Effect::ExpiredToken`].
    #[must_use]
    pub fn expired_token(self) -> Fault {
        self.effect(Effect::ExpiredToken)
    }

    /// [`Effect::MidBodyReset`].
    #[must_use]
    pub fn mid_body_reset(self, after: u64) -> Fault {
        self.effect(Effect::MidBodyReset { after })
    }

    /// [`Effect::Hold`].
    #[must_use]
    pub fn hold(self) -> Fault {
        self.effect(Effect::Hold)
    }
}
