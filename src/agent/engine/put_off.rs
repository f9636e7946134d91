//! Entries that are looked at once more when everything else has been looked at: what has
//! their name on Box may have turned up elsewhere by then, and have moved.

use crate::agent::engine::Engine;
use crate::agent::engine::passes::Of;
use crate::agent::survey::{How, Place, Scope};
use crate::model::path::RelPath;
use crate::plan::queue::{Lane, Rank};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Nothing is put off for longer, whatever else goes on.
const LONGEST: Duration = Duration::from_secs(30);
/// More than these are not put off: they are looked at together at once.
const MOST: usize = 10_000;

/// What a mirror has put off.
#[derive(Debug, Default)]
pub(super) struct PutOff {
    places: BTreeMap<RelPath, (Option<u64>, Rank)>,
    since: Option<Instant>,
    /// Since when the oldest of them has been known of.
    known: Option<Instant>,
}

impl PutOff {
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    fn add(&mut self, of: Of, path: RelPath, now: Instant) {
        let (pass, rank) = self.places.entry(path).or_insert((of.pass, of.rank));
        // A hint about it does not take it out of the pass that has still to end with it.
        *pass = pass.or(of.pass);
        *rank = (*rank).min(of.rank);
        self.since.get_or_insert(now);
        let since = of.since.unwrap_or(now);
        self.known = Some(self.known.map_or(since, |known| known.min(since)));
    }

    /// Whether something of that pass was put off.
    pub(super) fn holds_up(&self, pass: u64) -> bool {
        self.places.values().any(|(of, _)| *of == Some(pass))
    }

    pub(super) fn clear(&mut self) {
        self.places.clear();
        (self.since, self.known) = (None, None);
    }

    /// Since when the oldest of them has been known of.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.known
    }
}

impl Engine {
    pub(super) fn put_off(&mut self, of: Of, path: RelPath) {
        self.parts[of.mirror].put_off.add(of, path, Instant::now());
    }

    /// When something is put off no longer.
    pub(super) fn next_of_put_off(&self) -> Option<Instant> {
        let since = self.parts.iter().filter_map(|part| part.put_off.since);
        since.min().map(|since| since + LONGEST)
    }

    pub(super) fn take_up_what_was_put_off(&mut self) {
        if self.stop.is_some() {
            return;
        }
        let waiting = |rank| self.queue.waiting_in(Lane::Folders, rank);
        let folders: usize = Rank::ALL.into_iter().map(waiting).sum();
        let is_over = self.fresh.is_idle()
            && self.visits.is_idle()
            && folders + self.queue.running_in(Lane::Folders) == 0;
        let now = Instant::now();
        for mirror in 0..self.parts.len() {
            let put_off = &mut self.parts[mirror].put_off;
            let is_old = put_off.since.is_some_and(|since| now >= since + LONGEST);
            if put_off.is_empty() || !is_over && !is_old && put_off.len() < MOST {
                continue;
            }
            put_off.since = None;
            let since = put_off.known.take();
            let mut visits: BTreeMap<(Option<u64>, Rank), Vec<Place>> = BTreeMap::new();
            for (path, of) in std::mem::take(&mut put_off.places) {
                let how = How::Finally;
                visits.entry(of).or_default().push(Place { path, how });
            }
            for ((pass, rank), places) in visits {
                let of = Of {
                    mirror,
                    pass,
                    rank,
                    since,
                };
                let visit = self.visit_of(of, Scope::Places(places));
                self.add_visit(visit);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Of, PutOff, Rank};
    use crate::model::path::RelPath;
    use std::time::{Duration, Instant};

    #[test]
    fn a_hint_takes_nothing_out_of_a_pass() {
        let now = Instant::now();
        let of = |pass, rank| Of {
            mirror: 0,
            pass,
            rank,
            since: pass.map(|_| now),
        };
        let (pass, hint) = (of(Some(3), Rank::Backfill), of(None, Rank::Fresh));
        for order in [[pass, hint], [hint, pass]] {
            let mut put_off = PutOff::default();
            for of in order {
                put_off.add(of, RelPath::root(), now + Duration::from_secs(1));
            }
            assert!(put_off.holds_up(3));
            assert_eq!(put_off.oldest(), Some(now));
            assert!(put_off.places.values().eq([&(Some(3), Rank::Fresh)]));
        }
    }
}
