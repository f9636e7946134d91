//! Files that are saved again and again, and would fill Box's version history with states
//! that nobody wants back: a file gets at most one version in so much time, and one after
//! its last save.
//!
//! Pure: told when a version is about to go and when one has arrived, and what time it is.
//! What is remembered is bounded; what there is no room for goes at once. Nothing of it
//! outlives the run: the next one sends what this one held back.

use crate::model::path::RelPath;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// A mirror, and a path in it.
type Entry = (usize, RelPath);

/// So many files are remembered, and so many held back.
pub(crate) const MOST: usize = 20_000;
/// When there is no room, what is over is looked for at most so often.
const SWEEP: Duration = Duration::from_secs(1);

/// What is remembered of such files.
#[derive(Debug, Default)]
pub(crate) struct Hot {
    /// Until when each file that had a version gets no other.
    cooling: BTreeMap<Entry, Instant>,
    /// When to look again at what was held back, and since when it is.
    held: BTreeMap<Entry, (Instant, Instant)>,
    /// The same, in the order of time.
    order: BTreeSet<(Instant, Entry)>,
    /// When what is over was last looked for.
    swept: Option<Instant>,
}

impl Hot {
    /// Whether a version may go `now`. If not, the file is held back until it may.
    pub(crate) fn may_go(&mut self, entry: &Entry, now: Instant) -> bool {
        let until = self.cooling.get(entry).copied();
        let Some(until) = until.filter(|until| *until > now) else {
            return true;
        };
        if self.held.len() >= MOST && !self.held.contains_key(entry) {
            return true;
        }
        let since = self.release(entry).unwrap_or(now);
        self.held.insert(entry.clone(), (until, since));
        self.order.insert((until, entry.clone()));
        false
    }

    /// It is held back no longer; since when it was.
    fn release(&mut self, entry: &Entry) -> Option<Instant> {
        let (until, since) = self.held.remove(entry)?;
        self.order.remove(&(until, entry.clone()));
        Some(since)
    }

    /// A version goes or has arrived `now`: the next may go after that time.
    pub(crate) fn sent(&mut self, entry: &Entry, interval: Duration, now: Instant) {
        self.release(entry);
        if interval.is_zero() {
            return;
        }
        if self.cooling.len() >= MOST && self.swept.is_none_or(|swept| now >= swept + SWEEP) {
            self.swept = Some(now);
            self.cooling.retain(|_, until| *until > now);
        }
        if self.cooling.len() < MOST || self.cooling.contains_key(entry) {
            self.cooling.insert(entry.clone(), now + interval);
        }
    }

    /// The version that was to go did not come about, or waits for something else.
    pub(crate) fn failed(&mut self, entry: &Entry) {
        self.cooling.remove(entry);
    }

    /// Takes out what was held back and may go `now`, with since when it was.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<(Entry, Instant)> {
        let mut due = Vec::new();
        while self.next().is_some_and(|next| next <= now)
            && let Some((_, entry)) = self.order.pop_first()
        {
            let since = self.held.remove(&entry).map_or(now, |(_, since)| since);
            due.push((entry, since));
        }
        due
    }

    /// Takes out all that is held back.
    pub(crate) fn take_all(&mut self) -> Vec<Entry> {
        self.order.clear();
        std::mem::take(&mut self.held).into_keys().collect()
    }

    /// When something that is held back may go.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.order.first().map(|(until, _)| *until)
    }

    /// How many files of a mirror are held back.
    pub(crate) fn held_of(&self, mirror: usize) -> usize {
        self.held.keys().filter(|entry| entry.0 == mirror).count()
    }

    /// Since when the oldest of them is.
    pub(crate) fn oldest_of(&self, mirror: usize) -> Option<Instant> {
        let held = self.held.iter().filter(|(entry, _)| entry.0 == mirror);
        held.map(|(_, (_, since))| *since).min()
    }
}
