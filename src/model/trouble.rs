//! What a failed call to Box means to those who decide what to do next.
//!
//! `remote/error.rs` makes these from Box's answers and is the only place that does;
//! `plan/` draws the consequences. Neither looks at an HTTP status again.

use crate::model::item::Occupant;
use crate::model::session::SessionFault;
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
    /// Another operation at Box is in the way, for minutes at most: nothing was done.
    Busy(Said, Option<Duration>),
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
    /// Something about an upload session.
    Session(Said, SessionFault),
    /// Somebody has locked the file, and unlocks it sooner or later.
    Locked(Said),
    /// The account that the folder belongs to has no room: nothing can be put there.
    Full(Said),
    /// Nobody lets this program in: no item can go on before a person acts.
    Unauthorized(Said),
    /// The local file changed while it was being sent; nothing was stored.
    LocalChanged,
    /// The local file is not there any more, or is no regular file now.
    LocalGone,
    /// The local file could not be read.
    LocalRead(String),
}

/// Box's own words, for the report and for Box's support, and what they mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// HTTP status; 0 when there was none.
    pub(crate) status: u16,
    /// Box's error code, empty when the answer had none.
    pub(crate) code: String,
    /// Box's message, or ours where Box said nothing. Fit to print: short, and without
    /// control characters.
    pub(crate) message: String,
    /// What Box's support asks for.
    pub(crate) request_id: Option<String>,
    /// What a person can learn from it; none where the words are our own.
    pub(crate) lesson: Option<&'static Lesson>,
}

/// What an error means to a person who has never met it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lesson {
    /// What happened: a clause that goes on behind a colon.
    pub(crate) happened: &'static str,
    /// What may have led to it, in the order in which to check. Empty where the next
    /// step says it all.
    pub(crate) causes: &'static [&'static str],
    /// The exact next step, one sentence or more, without the last full stop.
    pub(crate) next: &'static str,
}

impl Trouble {
    /// Box's part in it.
    pub(crate) fn said(&self) -> Option<&Said> {
        match self {
            Self::Later(said, _)
            | Self::Busy(said, _)
            | Self::Throttled(said, _)
            | Self::NameTaken(said, _)
            | Self::Stale(said)
            | Self::Gone(said)
            | Self::Damaged(said)
            | Self::Refused(said)
            | Self::Session(said, _)
            | Self::Locked(said)
            | Self::Full(said)
            | Self::Unauthorized(said) => Some(said),
            Self::NoAnswer(_) | Self::LocalChanged | Self::LocalGone | Self::LocalRead(_) => None,
        }
    }
}

impl Said {
    /// Box's words alone, without what they mean.
    pub(crate) fn words(&self) -> String {
        let mut words = String::new();
        if self.status != 0 {
            words.push_str(&format!("{} ", self.status));
        }
        if !self.code.is_empty() {
            words.push_str(&format!("{}: ", self.code));
        }
        words.push_str(&self.message);
        if let Some(id) = &self.request_id {
            words.push_str(&format!(" (request {id})"));
        }
        words
    }
}

/// On one line, for logs and for reports about a single item.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words())?;
        match self.lesson {
            Some(lesson) => write!(f, ": {}. {}", lesson.happened, lesson.next),
            None => Ok(()),
        }
    }
}
