//! For how long the oldest change of a mirror that is not on Box has been waiting, as far
//! as boxup itself has to do something about it. Pure.

use crate::model::path::RelPath;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::{Duration, Instant};

/// What waits in a mirror, each by when the oldest of its kind was first known of; `None`:
/// nothing does. What waits for a person is not among it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// No pass of this run has come to its end in order yet: when all was known to be on
    /// Box for the last time, or since when the mirror is run.
    pub(crate) unseen: Option<Instant>,
    /// It stands still: nobody looks, or nothing is sent.
    pub(crate) still: Option<Instant>,
    /// Box does not answer.
    pub(crate) silence: Option<Instant>,
    /// It was hinted at, and has not been looked at.
    pub(crate) hinted: Option<Instant>,
    /// It is queued or under way.
    pub(crate) queued: Option<Instant>,
    /// It is looked at when everything else has been.
    pub(crate) put_off: Option<Instant>,
    /// It had a version a moment ago.
    pub(crate) held_back: Option<Instant>,
    /// It was given up until the next pass.
    pub(crate) late: Option<Instant>,
}

impl Waiting {
    /// Since when something waits. A silence of Box keeps nobody waiting who has nothing to
    /// send.
    pub(crate) fn since(&self) -> Option<Instant> {
        let own = [
            self.unseen,
            self.still,
            self.hinted,
            self.queued,
            self.put_off,
            self.held_back,
            self.late,
        ];
        let own = own.into_iter().flatten().min()?;
        Some(self.silence.map_or(own, |silence| own.min(silence)))
    }

    /// For how long; `None`: the mirror is fresh.
    pub(crate) fn lag(&self, now: Instant) -> Option<Duration> {
        let since = self.since()?;
        Some(now.saturating_duration_since(since))
    }
}

/// Entries that were given up, each with when it was first known of, until something else
/// becomes of it.
#[derive(Debug, Default)]
pub(crate) struct Late(BTreeMap<RelPath, Instant>);

impl Late {
    /// It was given up; it has waited since then at least.
    pub(crate) fn add(&mut self, path: RelPath, since: Instant) {
        let known = self.0.entry(path).or_insert(since);
        *known = since.min(*known);
    }

    /// Any of them may have waited since then.
    pub(crate) fn waits_since(&mut self, since: Instant) {
        for known in self.0.values_mut() {
            *known = since.min(*known);
        }
    }

    /// Nothing is to be done about it any more.
    pub(crate) fn remove(&mut self, path: &RelPath) {
        self.0.remove(path);
    }

    /// Whether it was given up, and nothing else has become of it.
    pub(crate) fn has(&self, path: &RelPath) -> bool {
        self.0.contains_key(path)
    }

    /// A pass has looked at everything: what it did not find wanting is well.
    pub(crate) fn retain(&mut self, stays: impl Fn(&RelPath) -> bool) {
        self.0.retain(|path, _| stays(path));
    }

    /// Since when the oldest of them waits.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.0.values().min().copied()
    }
}

/// Looks that were asked for because something may have changed, by when that was first
/// known.
#[derive(Debug, Default)]
pub(crate) struct Looks(BTreeMap<Instant, usize>);

impl Looks {
    /// One waits.
    pub(crate) fn add(&mut self, since: Option<Instant>) {
        if let Some(since) = since {
            *self.0.entry(since).or_default() += 1;
        }
    }

    /// One is over.
    pub(crate) fn remove(&mut self, since: Option<Instant>) {
        if let Some(Entry::Occupied(mut count)) = since.map(|since| self.0.entry(since)) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }

    /// Since when the oldest waits.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.0.first_key_value().map(|(since, _)| *since)
    }
}
