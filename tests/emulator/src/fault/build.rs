//! How a test puts a fault together.

use std::time::Duration;

use serde_json::Value;

use super::{Answer, Effect, Fault, On, Times};

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

    /// [`Effect::WrongField`] with another value.
    #[must_use]
    pub fn wrong_field(self, at: &str, value: impl Into<Value>) -> Fault {
        self.effect(Effect::WrongField {
            at: at.to_owned(),
            value: Some(value.into()),
        })
    }

    /// [`Effect::WrongField`] without the field.
    #[must_use]
    pub fn without_field(self, at: &str) -> Fault {
        let at = at.to_owned();
        self.effect(Effect::WrongField { at, value: None })
    }

    /// [`Effect::OtherOrigin`].
    #[must_use]
    pub fn other_origin(self, origin: &str) -> Fault {
        self.effect(Effect::OtherOrigin(origin.to_owned()))
    }

    /// [`Effect::Redirect`].
    #[must_use]
    pub fn redirect(self, status: u16, location: &str) -> Fault {
        self.effect(Effect::Redirect {
            status,
            location: location.to_owned(),
        })
    }

    /// [`Effect::Bloated`].
    #[must_use]
    pub fn bloated(self, bytes: u64) -> Fault {
        self.effect(Effect::Bloated { bytes })
    }

    /// [`Effect::ManyHeaders`].
    #[must_use]
    pub fn many_headers(self, count: u32) -> Fault {
        self.effect(Effect::ManyHeaders { count })
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
