//! What a failed call to Box means to those who decide what to do next.
//!
//! `remote/error.rs` makes these from Box's answers and is the only place that does;
//! `plan/` draws the consequences. Neither looks at an HTTP status again.

use crate::model::item::Occupant;
use std::fmt;
use std::time::Duration;

/// Why a call did not do what was asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Trouble {
    /// No usable answer came (no connection, a time-out, a reset, half an answer).
    /// What was asked may or may not have happened.
    NoAnswer(String),
    /// Box works but cannot do it now (5xx, a busy folder). It may still happen.
    Later(Said, Option<Duration>),
    /// Too many requests: nothing was done. Whoever calls waits this long.
    Throttled(Said, Option<Duration>),
    /// The name is taken, by the item given if Box told.
    NameTaken(Said, Option<Occupant>),
    /// Box's copy has changed since the etag that was sent.
    Stale(Said),
    /// The item, or the folder it should go to, is not there, or not for this account.
    Gone(Said),
    /// The bytes that arrived are not those announced.
    Damaged(Said),
    /// Box refuses this item, and asking again will not help.
    Refused(Said),
    /// Nobody lets this program in: no item can go on before a person acts.
    Unauthorized(Said),
    /// The local file changed while it was being sent; nothing was stored.
    LocalChanged,
    /// The local file is not there any more, or is no regular file now.
    LocalGone,
    /// The local file could not be read.
    LocalRead(String),
}

/// Box's own words, for the report and for Box's support.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// HTTP status; 0 when there was none.
    pub(crate) status: u16,
    /// Box's error code, empty when the answer had none.
    pub(crate) code: String,
    /// Box's message, or ours where Box said nothing.
    pub(crate) message: String,
    /// What Box's support asks for.
    pub(crate) request_id: Option<String>,
    /// What a person can do about it, where that is known.
    pub(crate) advice: Option<String>,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.status != 0 {
            write!(f, "{} ", self.status)?;
        }
        if !self.code.is_empty() {
            write!(f, "{}: ", self.code)?;
        }
        f.write_str(&self.message)?;
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        match &self.advice {
            Some(advice) => write!(f, ". {advice}"),
            None => Ok(()),
        }
    }
}
