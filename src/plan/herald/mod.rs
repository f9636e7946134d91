//! What is told to people, and when: troubles go in, letters come out. Pure.
//!
//! A trouble is told when it has lasted, and once; again when it has grown, or after
//! `repeat`. Its end is told when that has lasted too. Between two letters there is
//! `min_interval`, and what comes up meanwhile is in the next one. A trouble that comes
//! back again and again has to be gone for longer and longer before its end is told.
//!
//! Whatever was told has its end told once it is known: not seeing a trouble is no
//! evidence where nobody looked ([`Sight::sees`]).

pub(crate) mod memory;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use crate::plan::herald::memory::{Known, Memory, Told};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What can be told, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    /// Nobody lets us in.
    AuthFailed,
    /// A mirror, or everything, stands still.
    Halted,
    /// What is saved does not get to Box for too long.
    Stale,
    /// Entries wait for a change or a person.
    Parked,
    /// Something of this is over.
    Recovered,
}

impl Event {
    /// Stable, for machines.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::AuthFailed => "auth_failed",
            Self::Halted => "halted",
            Self::Stale => "stale",
            Self::Parked => "parked",
            Self::Recovered => "recovered",
        }
    }
}

/// What is told, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    /// What is told at all.
    pub(crate) on: Vec<Event>,
    /// How long a trouble must last, and its end.
    pub(crate) lasting: Duration,
    /// How long something must not have got to Box.
    pub(crate) stale_after: Duration,
    /// A trouble that lasts is told again after this.
    pub(crate) repeat: Duration,
    /// There is this between two letters at least.
    pub(crate) min_interval: Duration,
}

/// Tells one trouble from the others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Key {
    /// Its kind; never [`Event::Recovered`].
    pub(crate) event: Event,
    /// The mirror, where it is about one.
    pub(crate) mirror: Option<String>,
    /// A code, stable.
    pub(crate) reason: String,
}

/// Something that is wrong at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// Which.
    pub(crate) key: Key,
    /// What it is, in a sentence or more.
    pub(crate) message: String,
    /// What to do next.
    pub(crate) next: String,
    /// How many entries it is about; 1 where it is about none.
    pub(crate) count: u64,
    /// The first of them.
    pub(crate) paths: Vec<String>,
    /// A digest of each of them; empty where nobody needs to know which they are, or
    /// they are too many.
    pub(crate) marks: BTreeSet<u64>,
    /// For how long it has been so at least.
    pub(crate) age: Duration,
}

/// How everything stands at a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sight {
    /// What is wrong.
    pub(crate) troubles: Vec<Trouble>,
    /// The mirrors that were looked at.
    pub(crate) mirrors: Vec<String>,
    /// All mirrors of the configuration.
    pub(crate) configured: Vec<String>,
    /// Kinds of trouble that may be there though they were not seen.
    pub(crate) blind: BTreeSet<Event>,
    /// Single troubles of which the same holds.
    pub(crate) unsure: Vec<Key>,
}

impl Sight {
    /// Whether a trouble that is not in it is over. One of a mirror that is not configured
    /// any more is.
    fn sees(&self, key: &Key) -> bool {
        let knows =
            |mirror: &String| self.mirrors.contains(mirror) || !self.configured.contains(mirror);
        let is_unsure = self.blind.contains(&key.event) || self.unsure.contains(key);
        !is_unsure && key.mirror.as_ref().is_none_or(knows)
    }
}

/// When somebody asks for what is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// It goes on, and will be asked again.
    Running,
    /// A run has ended, which has looked at everything: what it found has lasted.
    Ended,
    /// The same, and nobody comes after it: what was never told does not wait.
    LastWord,
}

/// One thing that is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// What.
    pub(crate) event: Event,
    /// As it is, or was when it was last told.
    pub(crate) trouble: Trouble,
    /// When it began, in milliseconds since the epoch.
    pub(crate) since: u64,
    /// Whether it was told before.
    pub(crate) again: bool,
}

/// What is told at once: never empty, the worst first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    /// All of it.
    pub(crate) items: Vec<Item>,
}

/// After a letter that nobody got, the next try waits this long, and then twice as long.
const FIRST_RETRY: u64 = 60_000;
/// The longest such wait, and the longest that the end of a trouble has to last.
const LONGEST: u64 = 3_600_000;
/// How long the end of a trouble has to last that has come back.
const COMES_BACK: u64 = 60_000;
/// A trouble that is over is remembered so long, to notice that it comes back.
const REMEMBERED: u64 = 86_400_000;

/// Decides what is told.
#[derive(Clone, Debug)]
pub(crate) struct Herald {
    rules: Rules,
    memory: Memory,
    /// What is wrong, as of the last look.
    now: BTreeMap<Key, Trouble>,
}

impl Herald {
    /// One that remembers.
    pub(crate) fn new(rules: Rules, memory: Memory) -> Self {
        let now = BTreeMap::new();
        Self { rules, memory, now }
    }

    /// What it remembers.
    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Takes in how everything stands at `now`, in milliseconds since the epoch. A clock
    /// that was set back makes nothing wait for longer than its rules say.
    pub(crate) fn look(&mut self, now: u64, sight: &Sight) {
        self.memory.not_after(now);
        let is_told = |key: &Key| self.rules.on.contains(&key.event);
        let found = sight.troubles.iter().filter(|found| is_told(&found.key));
        self.now = found.map(|one| (one.key.clone(), one.clone())).collect();
        self.memory.known.retain(|known| is_told(&known.key));
        for (key, trouble) in &self.now {
            let began = now.saturating_sub(millis(trouble.age));
            self.memory.known_mut(key, began).seen(began);
        }
        for known in &mut self.memory.known {
            if !self.now.contains_key(&known.key) && sight.sees(&known.key) {
                known.gone.get_or_insert(now);
            }
        }
        let (lasting, kept) = (millis(self.rules.lasting), self.remembered());
        self.memory.known.retain(|known| match known.gone {
            Some(gone) if known.told.is_none() && known.over.is_none() => {
                now.saturating_sub(gone) < lasting
            }
            Some(_) => known
                .over
                .is_none_or(|over| now.saturating_sub(over) < kept),
            None => true,
        });
    }

    fn remembered(&self) -> u64 {
        REMEMBERED.max(millis(self.rules.repeat))
    }

    /// What is to be told now.
    pub(crate) fn due(&self, now: u64, occasion: Occasion) -> Option<Letter> {
        let waits = now < self.memory.quiet_until(&self.rules);
        let is_hurried = |item: &Item| {
            occasion == Occasion::LastWord && !item.again && item.event != Event::Recovered
        };
        let known = self.memory.known.iter();
        let due = known.filter_map(|known| {
            let at = self.due_at(known, occasion)?;
            (at <= now).then(|| self.item(known)).flatten()
        });
        let mut items: Vec<Item> = due.collect();
        if waits && !items.iter().any(is_hurried) {
            return None;
        }
        items.sort_by(|a, b| (a.event, &a.trouble.key).cmp(&(b.event, &b.trouble.key)));
        (!items.is_empty()).then_some(Letter { items })
    }

    /// When something has to be told at the earliest, if nothing changes.
    pub(crate) fn next(&self) -> Option<u64> {
        let known = self.memory.known.iter();
        let due = known.filter_map(|known| self.due_at(known, Occasion::Running));
        let first = due.min()?;
        Some(first.max(self.memory.quiet_until(&self.rules)))
    }

    /// When there is something to tell of this one; `None`: there is not.
    fn due_at(&self, known: &Known, occasion: Occasion) -> Option<u64> {
        let is_end = occasion != Occasion::Running;
        let lasting = if is_end {
            0
        } else {
            millis(self.rules.lasting)
        };
        match (&known.told, known.gone, self.now.get(&known.key)) {
            // Seen before, and nobody has looked since.
            (_, None, None) | (None, Some(_), _) => None,
            (None, None, Some(_)) if known.key.event == Event::Stale => {
                Some(known.since + millis(self.rules.stale_after))
            }
            (None, None, Some(_)) => Some(known.since + lasting),
            (Some(told), None, Some(trouble)) => {
                let repeat = told.at + millis(self.rules.repeat);
                match told.is_outgrown(trouble) {
                    true => Some(repeat.min(told.at + self.apart(told.growths))),
                    false => Some(repeat),
                }
            }
            (Some(_), Some(gone), _) => Some(gone + end_lasts(known.returns, lasting)),
        }
    }

    /// How long a trouble that grows and grows is not told again.
    fn apart(&self, growths: u32) -> u64 {
        let least = millis(self.rules.min_interval).max(1);
        let apart = least.saturating_mul(1 << growths.min(20));
        apart.min(millis(self.rules.repeat)).max(least)
    }

    fn item(&self, known: &Known) -> Option<Item> {
        let (event, trouble) = match (known.gone, &known.told) {
            (Some(_), Some(told)) => (Event::Recovered, told.as_trouble(&known.key)),
            _ => (known.key.event, self.now.get(&known.key)?.clone()),
        };
        Some(Item {
            event,
            trouble,
            since: known.since,
            again: known.told.is_some() && event != Event::Recovered,
        })
    }

    /// Ends that nobody wants to hear of are taken for told.
    pub(crate) fn pass_over(&mut self, now: u64, letter: Option<Letter>) -> Option<Letter> {
        let mut letter = letter?;
        if !self.rules.on.contains(&Event::Recovered) {
            let is_end = |item: &Item| item.event == Event::Recovered;
            let (ends, rest) = letter.items.into_iter().partition(is_end);
            letter.items = rest;
            self.note(now, &Letter { items: ends });
        }
        (!letter.items.is_empty()).then_some(letter)
    }

    /// Somebody has got the letter.
    pub(crate) fn told(&mut self, now: u64, letter: &Letter) {
        self.note(now, letter);
        self.memory.last = Some(now);
        self.memory.misses = 0;
    }

    /// Nobody has got the letter: all of it will be in the next one.
    pub(crate) fn missed(&mut self, now: u64) {
        self.memory.last = Some(now);
        self.memory.misses = self.memory.misses.saturating_add(1);
    }

    fn note(&mut self, now: u64, letter: &Letter) {
        for Item { event, trouble, .. } in &letter.items {
            let mut known = self.memory.known.iter_mut();
            let Some(known) = known.find(|known| known.key == trouble.key) else {
                continue;
            };
            if *event == Event::Recovered {
                // It may have come back meanwhile: then it is news.
                (known.told, known.over) = (None, Some(now));
                continue;
            }
            let growths = match &known.told {
                Some(told) if told.is_outgrown(trouble) => {
                    let was_long_ago = told.at + millis(self.rules.repeat) <= now;
                    if was_long_ago { 0 } else { told.growths + 1 }
                }
                Some(_) | None => 0,
            };
            known.told = Some(Told::of(trouble, now, growths));
        }
    }
}

/// How long the end of a trouble must last that has come back so often.
fn end_lasts(returns: u32, lasting: u64) -> u64 {
    match returns {
        0 => lasting,
        more => lasting
            .max(COMES_BACK)
            .saturating_mul(1 << (more - 1).min(10))
            .min(LONGEST.max(lasting)),
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX / 4)
}
