//! `boxup history`: what was done, as far as it was written down. Nothing is changed, no
//! lock is taken, and Box is not asked.

use crate::model::path::RelPath;
use crate::model::stamp::Nanos;
use crate::plan::history::{Entry, Life};
use crate::store::error::Error as StoreError;
use crate::store::peek;
use crate::store::reader::Reader;
use std::collections::{BTreeSet, VecDeque};
use std::path::Path;

/// What somebody wants to know.
#[derive(Clone, Debug, Default)]
pub(crate) struct Question {
    /// The life of what is at this path of this mirror.
    pub(crate) place: Option<(String, RelPath)>,
    /// Only these mirrors, unless there is none.
    pub(crate) mirrors: Vec<String>,
    /// Only from then on.
    pub(crate) since: Option<Nanos>,
    /// Only what this run did.
    pub(crate) run: Option<String>,
    /// At most so many, the newest; `None`: all.
    pub(crate) limit: Option<usize>,
}

/// What was found.
pub(crate) struct Past {
    reader: Reader,
    /// The entries' numbers, the oldest first.
    numbers: VecDeque<i64>,
    /// Entries that are left out because of the limit.
    pub(crate) older: u64,
    /// Entries that make no sense.
    pub(crate) unreadable: u64,
    /// Why what is older cannot be read.
    pub(crate) damage: Option<String>,
    /// The runs that have something that can be undone.
    pub(crate) undoable: BTreeSet<String>,
}

impl Question {
    /// Looks it up.
    pub(crate) fn ask(&self, state_dir: &Path) -> Result<Past, StoreError> {
        let reader = peek(state_dir)?;
        let undoable = reader.runs(u32::MAX)?.into_iter().collect();
        let mut past = Past {
            reader,
            numbers: VecDeque::new(),
            older: 0,
            unreadable: 0,
            damage: None,
            undoable,
        };
        let place = self.place.as_ref();
        let mut life = place.map(|(mirror, path)| Life::of(mirror, path));
        let mut before = i64::MAX;
        loop {
            // The newest first, to know by then where something was.
            let slice = match past.reader.history_before(before) {
                Ok(Some((slice, next))) => {
                    before = next;
                    slice
                }
                Ok(None) => return Ok(past),
                Err(error) if error.is_damaged() => {
                    past.damage = Some(error.words());
                    return Ok(past);
                }
                Err(error) => return Err(error),
            };
            past.unreadable += slice.unreadable;
            for (number, entry) in slice.entries {
                let is_its = life.as_mut().is_none_or(|life| life.takes(&entry));
                if !is_its || !self.wants(&entry) {
                    continue;
                }
                match self.limit {
                    Some(limit) if past.numbers.len() >= limit => past.older += 1,
                    _ => past.numbers.push_front(number),
                }
            }
        }
    }

    fn wants(&self, entry: &Entry) -> bool {
        let from = entry.happening.from.as_ref().map(|(mirror, _)| mirror);
        let is_of = |name: &String| *name == entry.mirror || Some(name) == from;
        (self.mirrors.is_empty() || self.mirrors.iter().any(is_of))
            && self.since.is_none_or(|since| entry.at >= since)
            && self.run.as_ref().is_none_or(|run| *run == entry.run)
    }
}

impl Past {
    /// How many entries there are to tell.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The next entry, the oldest first. What has been forgotten meanwhile is left out.
    pub(crate) fn next(&mut self) -> Result<Option<Entry>, StoreError> {
        while let Some(number) = self.numbers.pop_front() {
            if let Some(entry) = self.reader.history_at(number)? {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }
}
