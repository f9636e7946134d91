//! What was told, so that a later run does not tell it again, and tells when it is over.

use crate::plan::herald::{COMES_BACK, FIRST_RETRY, Key, LONGEST, Rules, Trouble, millis};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// What is remembered from one run to the next. All times are milliseconds since the
/// epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// When the last letter went out, or could not.
    pub(super) last: Option<u64>,
    /// So many letters in a row reached nobody.
    pub(super) misses: u32,
    /// The troubles.
    pub(super) known: Vec<Known>,
}

/// One trouble.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(super) key: Key,
    /// When it began.
    pub(super) since: u64,
    /// Since when it is not there any more.
    pub(super) gone: Option<u64>,
    /// What was told of it, until its end was told.
    pub(super) told: Option<Told>,
    /// When its end was told.
    pub(super) over: Option<u64>,
    /// So often it came back after that.
    pub(super) returns: u32,
}

/// What was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(super) at: u64,
    pub(super) message: String,
    pub(super) count: u64,
    pub(super) marks: BTreeSet<u64>,
    /// So often in a row it was told because it had grown.
    pub(super) growths: u32,
}

impl Memory {
    /// Whether anything was told whose end was not.
    #[cfg(test)]
    pub(crate) fn is_owing(&self) -> bool {
        self.known.iter().any(|known| known.told.is_some())
    }

    /// Before this, no letter goes out.
    pub(super) fn quiet_until(&self, rules: &Rules) -> u64 {
        let Some(last) = self.last else {
            return 0;
        };
        let retry = match self.misses {
            0 => 0,
            misses => FIRST_RETRY
                .saturating_mul(1 << (misses - 1).min(10))
                .min(LONGEST),
        };
        last + millis(rules.min_interval).max(retry)
    }

    /// Nothing is in the future: it would have to be waited for.
    pub(super) fn not_after(&mut self, now: u64) {
        let bound = |time: &mut Option<u64>| *time = time.map(|time| time.min(now));
        bound(&mut self.last);
        for known in &mut self.known {
            known.since = known.since.min(now);
            bound(&mut known.gone);
            bound(&mut known.over);
            if let Some(told) = &mut known.told {
                told.at = told.at.min(now);
            }
        }
    }

    /// What is known of a trouble, which began then if nothing is.
    pub(super) fn known_mut(&mut self, key: &Key, began: u64) -> &mut Known {
        let found = self.known.iter().position(|known| known.key == *key);
        let number = found.unwrap_or_else(|| {
            self.known.push(Known {
                key: key.clone(),
                since: began,
                gone: None,
                told: None,
                over: None,
                returns: 0,
            });
            self.known.len() - 1
        });
        &mut self.known[number]
    }
}

impl Known {
    /// It is there, and has been since then at least.
    pub(super) fn seen(&mut self, began: u64) {
        if let Some(over) = self.over.take() {
            // One that was long over is another one.
            let is_soon = began.saturating_sub(over) < LONGEST + COMES_BACK;
            self.returns = if is_soon { self.returns + 1 } else { 0 };
            self.since = began;
        }
        self.gone = None;
        self.since = self.since.min(began);
    }
}

impl Told {
    pub(super) fn of(trouble: &Trouble, now: u64, growths: u32) -> Self {
        Self {
            at: now,
            message: trouble.message.clone(),
            count: trouble.count,
            marks: trouble.marks.clone(),
            growths,
        }
    }

    /// Whether there is more of it than was told.
    pub(super) fn is_outgrown(&self, trouble: &Trouble) -> bool {
        let are_known = !self.marks.is_empty() || self.count == 0;
        let is_other = are_known && !trouble.marks.is_subset(&self.marks);
        trouble.count > self.count || is_other
    }

    pub(super) fn as_trouble(&self, key: &Key) -> Trouble {
        Trouble {
            key: key.clone(),
            message: self.message.clone(),
            next: String::new(),
            count: self.count,
            paths: Vec::new(),
            marks: BTreeSet::new(),
            age: Duration::ZERO,
        }
    }
}
