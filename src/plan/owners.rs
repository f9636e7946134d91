//! Which accounts on Box have no room, what is not sent to them, and when they are asked
//! again.
//!
//! Pure: told what Box refused and stored, and what time it is. What is refused for want
//! of room bars everything of that size and more, of all mirrors whose folders belong to
//! the same account; a second refusal, of something smaller, bars everything. (Without
//! the difference one file that never fits would keep all others from Box.) After an hour
//! one upload may try; when it gets through, the rest goes on.

use crate::model::path::RelPath;
use crate::model::trouble::Said;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long an account without room is left alone.
const PROBE: Duration = Duration::from_secs(60 * 60);

/// Whose room a mirror uses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    /// The account with this ID.
    Account(String),
    /// Box has not told: the mirror, by its place in the configuration, is alone.
    Of(usize),
}

/// An account without room.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NoRoom {
    /// Box's words.
    pub(crate) said: Said,
    /// Files from this many bytes on are not sent.
    pub(crate) from: u64,
    /// When one of them may try.
    pub(crate) probe_at: Instant,
    /// Since when there is no room.
    pub(crate) since: Instant,
    /// The smallest size that was refused.
    refused: u64,
    /// The one that may try now.
    probe: Option<Entry>,
}

/// A mirror, and a path in it.
type Entry = (usize, RelPath);

/// All accounts without room; there are no more of them than mirrors.
#[derive(Debug, Default)]
pub(crate) struct Owners(BTreeMap<Owner, NoRoom>);

impl Owners {
    /// Box has refused an upload of this size.
    pub(crate) fn refused(&mut self, owner: Owner, said: Said, size: u64, now: Instant) {
        let probe_at = now + PROBE;
        let Some(known) = self.0.get_mut(&owner) else {
            let no_room = NoRoom {
                said,
                from: size,
                probe_at,
                since: now,
                refused: size,
                probe: None,
            };
            self.0.insert(owner, no_room);
            return;
        };
        if size < known.refused {
            (known.refused, known.from) = (size, 0);
        }
        (known.said, known.probe_at, known.probe) = (said, probe_at, None);
    }

    /// An upload of this size has got through; says whether something may go on that was
    /// held back.
    pub(crate) fn stored(&mut self, owner: &Owner, entry: &Entry, size: u64, now: Instant) -> bool {
        let Some(known) = self.0.get_mut(owner) else {
            return false;
        };
        if size >= known.refused {
            self.0.remove(owner);
            return true;
        }
        if known.probe.as_ref() != Some(entry) || known.from > 0 {
            return false;
        }
        // There is some room, and what was refused may still be too much.
        (known.from, known.probe, known.probe_at) = (known.refused, None, now + PROBE);
        true
    }

    /// Why this entry is not sent now.
    pub(crate) fn held_back(&self, owner: &Owner, entry: &Entry, size: u64) -> Option<&Said> {
        let known = self.0.get(owner)?;
        let may = size < known.from || known.probe.as_ref() == Some(entry);
        (!may).then_some(&known.said)
    }

    /// What is known of an account without room.
    pub(crate) fn of(&self, owner: &Owner) -> Option<&NoRoom> {
        self.0.get(owner)
    }

    /// Accounts that one upload may try now, and the smallest size that is worth it.
    pub(crate) fn due(&self, now: Instant) -> Vec<(Owner, u64)> {
        let due = self.0.iter().filter(|(_, known)| known.probe_at <= now);
        due.map(|(owner, known)| (owner.clone(), known.from))
            .collect()
    }

    /// This entry tries.
    pub(crate) fn probe(&mut self, owner: &Owner, entry: Entry, now: Instant) {
        if let Some(known) = self.0.get_mut(owner) {
            (known.probe, known.probe_at) = (Some(entry), now + PROBE);
        }
    }

    /// Nothing waits for room there.
    pub(crate) fn forget(&mut self, owner: &Owner) {
        self.0.remove(owner);
    }

    /// Somebody wants to know now.
    pub(crate) fn ask_now(&mut self, now: Instant) {
        self.0.values_mut().for_each(|known| known.probe_at = now);
    }

    /// When the next account is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.values().map(|known| known.probe_at).min()
    }
}
