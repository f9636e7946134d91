//! When to look without being asked: quiet hints, the periodic rescan, second chances.
//! Pure: the caller says what time it is.

use crate::agent::survey::{How, Place};
use crate::model::path::RelPath;
use crate::plan::debounce::{Debouncer, Hint, What};
use crate::plan::hot::Hot;
use crate::plan::parole::lock_delay;
use crate::plan::restless::Restless;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// After this long, what was given up or stands still is looked at again.
const SECOND_CHANCE: Duration = Duration::from_secs(300);
/// A mirror that stands still because of its disk goes on soon after it is back.
const HALTED: Duration = Duration::from_secs(15);
/// A digest that was taken right after a change is checked when this has passed (see
/// [`crate::model::stamp::YOUNG`]), with a second to spare.
const OLDER: Duration = Duration::from_secs(41);
/// Where single files are too many, a whole mirror is not looked at earlier than this.
const LEAST_PASS: Duration = Duration::from_secs(60);
/// Second chances that may wait; beyond that the rescan has to do.
const MOST: usize = 10_000;

/// What is due.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Due {
    /// Mirrors to look at as a whole.
    pub(crate) mirrors: Vec<usize>,
    /// Places that were hinted at.
    pub(crate) hinted: BTreeMap<usize, Vec<Place>>,
    /// Places that were to be looked at once more at this time.
    pub(crate) later: BTreeMap<usize, Vec<Place>>,
    /// When the oldest change that is looked for in a mirror was first known of.
    pub(crate) since: BTreeMap<usize, Instant>,
}

impl Due {
    fn add(&mut self, hint: Hint) {
        let (path, how) = match hint.what {
            What::Everything => return self.mirrors.push(hint.root),
            What::Tree(path) => (path, How::Below),
            What::Path(path) => (path, How::Itself),
        };
        let places = self.hinted.entry(hint.root).or_default();
        places.push(Place { path, how });
    }

    fn note(&mut self, mirror: usize, first: Instant) {
        let since = self.since.entry(mirror).or_insert(first);
        *since = first.min(*since);
    }
}

/// The schedule of a run.
#[derive(Debug)]
pub(crate) struct Schedule {
    mirrors: usize,
    debouncer: Debouncer,
    restless: Restless,
    /// Files that had a version a moment ago.
    pub(crate) hot: Hot,
    rescan: Option<(Duration, Instant)>,
    later: BTreeMap<(Instant, u64), (usize, Option<RelPath>)>,
    /// Mirrors with more young files than are kept one by one: looked at as a whole.
    young: BTreeMap<usize, Instant>,
    /// Mirrors in which something is gone, and when that is looked at.
    gone: BTreeMap<usize, Instant>,
    /// How often in a row a lock has stood in the way of an entry.
    locks: BTreeMap<(usize, RelPath), u32>,
    serial: u64,
}

impl Schedule {
    /// For a single pass: nothing is ever due by itself.
    pub(crate) fn single() -> Self {
        let settle = Duration::ZERO;
        Self {
            mirrors: 0,
            debouncer: Debouncer::new(settle),
            restless: Restless::new(settle),
            hot: Hot::default(),
            rescan: None,
            later: BTreeMap::new(),
            young: BTreeMap::new(),
            gone: BTreeMap::new(),
            locks: BTreeMap::new(),
            serial: 0,
        }
    }

    /// For a run that stays.
    pub(crate) fn lasting(
        mirrors: usize,
        settle: Duration,
        rescan: Duration,
        now: Instant,
    ) -> Self {
        let rescan = Some((rescan, now + rescan));
        Self {
            mirrors,
            debouncer: Debouncer::new(settle),
            restless: Restless::new(settle),
            hot: Hot::default(),
            rescan,
            later: BTreeMap::new(),
            young: BTreeMap::new(),
            gone: BTreeMap::new(),
            locks: BTreeMap::new(),
            serial: 0,
        }
    }

    /// Something may have changed.
    pub(crate) fn hint(&mut self, hint: Hint, now: Instant) {
        let unrest = match &hint.what {
            What::Path(path) => self.restless.heard_of(&(hint.root, path.clone()), now),
            What::Everything | What::Tree(_) => None,
        };
        self.debouncer.hint(hint, unrest, now);
    }

    /// Since when the oldest change waits in a mirror that was hinted at and not looked at.
    pub(crate) fn oldest_hint(&self, mirror: usize) -> Option<Instant> {
        self.debouncer.oldest_of(mirror)
    }

    /// A file that was looked at is at rest, or not there.
    pub(crate) fn is_at_rest(&mut self, entry: &(usize, RelPath)) {
        self.restless.is_at_rest(entry);
    }

    /// An entry was given up; it gets another chance.
    pub(crate) fn give_second_chance(&mut self, mirror: usize, path: RelPath, now: Instant) {
        if self.later.len() < MOST {
            self.add(now + SECOND_CHANCE, mirror, Some(path));
        }
    }

    /// A file was read right after a change; it is read once more when it is older.
    pub(crate) fn look_when_older(&mut self, mirror: usize, path: RelPath, now: Instant) {
        // Half of the room is for second chances.
        if self.later.len() < MOST / 2 {
            self.add(now + OLDER, mirror, Some(path));
        } else if self.rescan.is_some() {
            self.young.insert(mirror, now + OLDER);
        }
    }

    /// A file is too young; it is looked at again when it no longer is.
    pub(crate) fn look_in(&mut self, mirror: usize, path: RelPath, wait: Duration, now: Instant) {
        if self.later.len() < MOST / 2 {
            self.add(now + wait, mirror, Some(path));
        } else if self.rescan.is_some() {
            let at = now + wait.max(LEAST_PASS);
            let young = self.young.entry(mirror).or_insert(at);
            *young = at.min(*young);
        }
    }

    /// Somebody has locked an entry on Box: it is tried again, at growing intervals.
    pub(crate) fn look_at_lock(&mut self, entry: &(usize, RelPath), now: Instant) {
        if self.later.len() >= MOST || self.locks.len() >= MOST {
            return;
        }
        let tries = self.locks.entry(entry.clone()).or_default();
        *tries += 1;
        let at = now + lock_delay(*tries);
        self.add(at, entry.0, Some(entry.1.clone()));
    }

    /// An earlier run has found a lock in the way of an entry.
    pub(crate) fn remember_lock(&mut self, entry: &(usize, RelPath), now: Instant) {
        if !self.locks.contains_key(entry) {
            self.look_at_lock(entry, now);
        }
    }

    /// No lock stands in the way of an entry any more.
    pub(crate) fn forget_lock(&mut self, entry: &(usize, RelPath)) {
        self.locks.remove(entry);
    }

    /// A mirror stands still; it is looked at again soon.
    pub(crate) fn look_again(&mut self, mirror: usize, now: Instant) {
        self.add(now + HALTED, mirror, None);
    }

    /// Something is gone from a mirror, which is looked at then as a whole.
    pub(crate) fn look_for_gone(&mut self, mirror: usize, at: Instant) {
        if self.rescan.is_some() {
            let due = self.gone.entry(mirror).or_insert(at);
            *due = at.min(*due);
        }
    }

    fn add(&mut self, at: Instant, mirror: usize, path: Option<RelPath>) {
        if self.rescan.is_some() {
            self.serial += 1;
            self.later.insert((at, self.serial), (mirror, path));
        }
    }

    /// Takes out what is due.
    pub(crate) fn due(&mut self, now: Instant) -> Due {
        let mut due = Due::default();
        if let Some((every, next)) = &mut self.rescan
            && *next <= now
        {
            *next = now + *every;
            due.mirrors.extend(0..self.mirrors);
        }
        for (hint, first) in self.debouncer.due(now) {
            due.note(hint.root, first);
            match hint.what {
                // It takes its turn: a hundred such files keep nobody waiting.
                What::Path(path) if self.restless.hand_over(&(hint.root, path.clone()), now) => {
                    let how = How::Restless;
                    let places = due.later.entry(hint.root).or_default();
                    places.push(Place { path, how });
                }
                what => due.add(Hint { what, ..hint }),
            }
        }
        while let Some(entry) = self
            .later
            .first_entry()
            .filter(|entry| entry.key().0 <= now)
        {
            match entry.remove() {
                (mirror, None) => due.mirrors.push(mirror),
                (mirror, Some(path)) => {
                    let how = How::Itself;
                    let places = due.later.entry(mirror).or_default();
                    places.push(Place { path, how });
                }
            }
        }
        for ((mirror, path), since) in self.hot.due(now) {
            due.note(mirror, since);
            let how = How::Itself;
            due.later
                .entry(mirror)
                .or_default()
                .push(Place { path, how });
        }
        let old_enough = self.young.extract_if(.., |_, at| *at <= now);
        due.mirrors.extend(old_enough.map(|(mirror, _)| mirror));
        let gone = self.gone.extract_if(.., |_, at| *at <= now);
        due.mirrors.extend(gone.map(|(mirror, _)| mirror));
        due.mirrors.sort_unstable();
        due.mirrors.dedup();
        due
    }

    /// Takes out every hint, quiet or not, and what is held back.
    pub(crate) fn take_hints(&mut self, now: Instant) -> Due {
        let mut due = Due::default();
        // Longer than anything waits to be quiet.
        for (hint, _) in self.debouncer.due(now + Duration::from_secs(24 * 60 * 60)) {
            due.add(hint);
        }
        for (root, path) in self.hot.take_all() {
            let what = What::Path(path);
            due.add(Hint { root, what });
        }
        due
    }

    /// Whether the run stays.
    pub(crate) fn is_lasting(&self) -> bool {
        self.rescan.is_some()
    }

    /// When something becomes due.
    pub(crate) fn next(&self) -> Option<Instant> {
        let rescan = self.rescan.map(|(_, next)| next);
        let later = self.later.first_key_value().map(|((at, _), _)| *at);
        let young = self.young.values().min().copied();
        let gone = self.gone.values().min().copied();
        let held = self.hot.next();
        [rescan, later, young, gone, held, self.debouncer.next_due()]
            .into_iter()
            .flatten()
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::{Due, HALTED, Schedule};
    use crate::agent::survey::{How, Place};
    use crate::model::path::{LocalName, RelPath};
    use crate::plan::debounce::{Hint, What};
    use std::time::{Duration, Instant};

    fn path(name: &str) -> RelPath {
        RelPath::root().join(&LocalName::new(name.as_bytes()).unwrap())
    }

    #[test]
    fn a_single_pass_has_nothing_due_ever() {
        let (mut schedule, now) = (Schedule::single(), Instant::now());
        schedule.give_second_chance(0, path("a"), now);
        schedule.look_again(0, now);
        assert_eq!(schedule.next(), None);
    }

    #[test]
    fn rescans_hints_and_second_chances_come_due_in_their_time() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut schedule = Schedule::lasting(2, 2 * second, 3600 * second, now);
        schedule.hint(
            Hint {
                root: 1,
                what: What::Path(path("a")),
            },
            now,
        );
        schedule.look_again(0, now);
        assert_eq!(schedule.next(), Some(now + 2 * second));
        assert_eq!(schedule.due(now + second), Due::default());
        let due = schedule.due(now + 2 * second);
        let (path, how) = (path("a"), How::Itself);
        assert_eq!(due.hinted[&1], vec![Place { path, how }]);
        assert_eq!(schedule.due(now + HALTED).mirrors, vec![0]);
        assert_eq!(schedule.due(now + 3600 * second).mirrors, vec![0, 1]);
        assert_eq!(schedule.next(), Some(now + 7200 * second));
    }
}
