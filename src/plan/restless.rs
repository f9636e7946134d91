//! Files that are written to all the time, and would otherwise wait for quiet for ever.
//!
//! Pure: told when a file was hinted at or found not to be at rest, and what time it is.
//! What is remembered is bounded; a file that there is no room for is remembered later.

use crate::model::path::RelPath;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A file is not at rest for at least this long before it is sent as it is, and for at
/// least [`SETTLES`] times the quiet time.
const LEAST: Duration = Duration::from_secs(30);
const SETTLES: u32 = 10;
/// It is sent at most so often.
pub(crate) const PACE: Duration = Duration::from_secs(60);
/// Nothing has been heard for so long: whatever it was is over.
const OVER: Duration = Duration::from_secs(5 * 60);
/// When there is no room, what is over is looked for at most so often.
const SWEEP: Duration = Duration::from_secs(1);
/// As many files are remembered.
const MOST: usize = 10_000;

/// A mirror, and a path in it.
type Entry = (usize, RelPath);

/// What is remembered of such files.
#[derive(Debug)]
pub(crate) struct Restless {
    patience: Duration,
    files: BTreeMap<Entry, File>,
    /// When what is over was last looked for.
    swept: Option<Instant>,
}

/// How long a file has not been at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unrest {
    /// Since when something of it may not be on Box.
    pub(crate) since: Instant,
    /// When its patience is over.
    pub(crate) latest: Instant,
}

#[derive(Clone, Copy, Debug)]
struct File {
    since: Instant,
    /// When it was last heard of.
    heard: Instant,
    /// When it was last sent as it was.
    sent: Option<Instant>,
}

impl Restless {
    /// Nothing is remembered. `settle` is how long a file must have been quiet.
    pub(crate) fn new(settle: Duration) -> Self {
        Self {
            patience: LEAST.max(settle.saturating_mul(SETTLES)),
            files: BTreeMap::new(),
            swept: None,
        }
    }

    /// A file was hinted at, or found not to be at rest; says how that stands. `None` when
    /// too many are remembered already.
    pub(crate) fn heard_of(&mut self, entry: &Entry, now: Instant) -> Option<Unrest> {
        let is_over = |unrest: &File| now.saturating_duration_since(unrest.heard) > OVER;
        if self.files.len() >= MOST && !self.files.contains_key(entry) {
            if self.swept.is_none_or(|swept| now >= swept + SWEEP) {
                self.swept = Some(now);
                self.files.retain(|_, unrest| !is_over(unrest));
            }
            if self.files.len() >= MOST {
                return None;
            }
        }
        let new = File {
            since: now,
            heard: now,
            sent: None,
        };
        let unrest = self.files.entry(entry.clone()).or_insert(new);
        if is_over(unrest) {
            *unrest = new;
        }
        unrest.heard = now;
        Some(Unrest {
            since: unrest.sent.unwrap_or(unrest.since),
            latest: unrest.over_at(self.patience),
        })
    }

    /// It was looked at and is at rest, or is not there any more.
    pub(crate) fn is_at_rest(&mut self, entry: &Entry) {
        self.files.remove(entry);
    }

    /// Whether the file is to be sent as it is. If so, that is remembered.
    pub(crate) fn hand_over(&mut self, entry: &Entry, now: Instant) -> bool {
        let patience = self.patience;
        let due = |unrest: &&mut File| unrest.over_at(patience) <= now;
        match self.files.get_mut(entry).filter(due) {
            Some(unrest) => {
                unrest.sent = Some(now);
                true
            }
            None => false,
        }
    }
}

impl File {
    fn over_at(&self, patience: Duration) -> Instant {
        let first = self.since + patience;
        self.sent.map_or(first, |sent| first.max(sent + PACE))
    }
}
