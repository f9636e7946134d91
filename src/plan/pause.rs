//! How long a mirror is left alone because somebody asked for it.

use crate::model::path::shell_word;
use crate::model::stamp::Nanos;
use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

/// The code of it, beside the other reasons for which nothing is sent.
pub(crate) const ASKED: &str = "asked";

/// Nothing is sent to a mirror, and nothing moved or deleted there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pause {
    /// The mirror's name.
    pub(crate) mirror: String,
    /// When it began, by the local clock.
    pub(crate) since: Nanos,
    /// When it is over; `None`: when somebody ends it.
    pub(crate) until: Option<Nanos>,
    /// Who asked for it.
    pub(crate) by: String,
}

impl Pause {
    /// One that begins now, and lasts this long if anybody said how long.
    pub(crate) fn new(mirror: String, now: Nanos, span: Option<Duration>, by: String) -> Self {
        let nanos = |span: Duration| i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
        Self {
            mirror,
            since: now,
            until: span.map(|span| Nanos(now.0.saturating_add(nanos(span)))),
            by,
        }
    }

    /// For how much longer; `None`: until somebody ends it. Never longer than was asked
    /// for: a clock that has been set back makes no day of an hour.
    pub(crate) fn left(&self, now: Nanos) -> Option<Duration> {
        let until = self.until?;
        let left = until.since(now).min(until.since(self.since));
        Some(Duration::from_nanos(u64::try_from(left).unwrap_or(0)))
    }

    /// Whether its time is up.
    pub(crate) fn is_over(&self, now: Nanos) -> bool {
        self.left(now) == Some(Duration::ZERO)
    }

    /// When it is over, as it is written.
    pub(crate) fn end(&self) -> Option<String> {
        self.until.map(written)
    }

    /// When it began, as it is written.
    pub(crate) fn beginning(&self) -> String {
        written(self.since)
    }
}

fn written(at: Nanos) -> String {
    let at = Duration::from_nanos(u64::try_from(at.0).unwrap_or(0));
    humantime::format_rfc3339_seconds(UNIX_EPOCH + at).to_string()
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = &self.by;
        let mirror = shell_word(self.mirror.as_bytes());
        match self.end() {
            Some(end) => write!(
                f,
                "{by} asked for it, until {end}; `boxup resume {mirror}` ends it sooner"
            ),
            None => write!(f, "{by} asked for it, until `boxup resume {mirror}`"),
        }
    }
}
