//! Schedules at random: troubles come and go, runs begin anew, letters get lost, some looks
//! see only a part.

use super::memory::Memory;
use super::tests::{rules, sight, trouble};
use super::{Event, Herald, Key, LONGEST, Letter, Occasion, Rules, Trouble, millis};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const SCHEDULES: u64 = 1_500;
/// The longest time between two looks.
const LOOK: u64 = 60_000;

/// A trouble that comes and goes.
struct Subject {
    trouble: Trouble,
    /// Since when it is there.
    there: Option<u64>,
    /// Whether the last look that could see it did.
    was_seen: bool,
    was_told: bool,
}

struct World {
    random: fastrand::Rng,
    rules: Rules,
    herald: Herald,
    now: u64,
    subjects: Vec<Subject>,
    last_letter: Option<u64>,
    loses: bool,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut rules = rules();
        rules.lasting = Duration::from_secs(random.u64(0..120));
        rules.min_interval = Duration::from_secs(random.u64(0..900));
        rules.repeat = Duration::from_secs(random.u64(600..20_000));
        rules.stale_after = Duration::from_secs(random.u64(1..2_000));
        let kinds = [
            (Event::Parked, "m"),
            (Event::Halted, "m"),
            (Event::Halted, "n"),
            (Event::Stale, ""),
            (Event::AuthFailed, ""),
        ];
        let subjects = kinds.map(|(event, mirror)| Subject {
            trouble: trouble(event, mirror, &[]),
            there: None,
            was_seen: false,
            was_told: false,
        });
        Self {
            herald: Herald::new(rules.clone(), Memory::default()),
            loses: random.u8(0..4) == 0,
            random,
            rules,
            now: 1_790_000_000_000,
            subjects: subjects.into(),
            last_letter: None,
        }
    }

    /// Time passes, and something may change.
    fn step(&mut self, may_begin: bool) {
        self.now += self.random.u64(1..=LOOK);
        for subject in &mut self.subjects {
            if self.random.u8(0..100) < 8 {
                subject.there = match subject.there {
                    None if may_begin => Some(self.now),
                    _ => None,
                };
            }
            subject.trouble.count = self.random.u64(1..4);
        }
        if self.random.u8(0..50) == 0 {
            self.begin_anew();
        }
        self.look();
    }

    fn begin_anew(&mut self) {
        let text = serde_json::to_string(self.herald.memory()).unwrap();
        let memory: Memory = serde_json::from_str(&text).unwrap();
        assert_eq!(memory, *self.herald.memory());
        self.herald = Herald::new(self.rules.clone(), memory);
    }

    fn look(&mut self) {
        let there = self.subjects.iter().filter(|one| one.there.is_some());
        let mut looked = sight(there.map(|one| one.trouble.clone()).collect());
        if self.random.u8(0..10) == 0 {
            looked.blind = [Event::AuthFailed, Event::Halted].into();
            let blind = looked.blind.clone();
            looked
                .troubles
                .retain(|one| !blind.contains(&one.key.event));
        }
        for subject in &mut self.subjects {
            if looked.sees(&subject.trouble.key) {
                subject.was_seen = subject.there.is_some();
            }
        }
        self.herald.look(self.now, &looked);
        let occasion = match self.random.u8(0..5) {
            0 => Occasion::Ended,
            _ => Occasion::Running,
        };
        let letter = self.herald.due(self.now, occasion);
        let is_due = letter.is_some();
        if occasion == Occasion::Running {
            let next = self.herald.next();
            assert_eq!(is_due, next.is_some_and(|at| at <= self.now), "{next:?}");
        }
        if let Some(letter) = letter {
            self.send(&letter);
        }
        if !self.loses {
            self.check_lasting(&looked.blind);
        }
    }

    fn send(&mut self, letter: &Letter) {
        let apart = millis(self.rules.min_interval);
        if let Some(last) = self.last_letter {
            assert!(self.now - last >= apart, "too soon");
        }
        self.last_letter = Some(self.now);
        if self.loses && self.random.u8(0..2) == 0 {
            return self.herald.missed(self.now);
        }
        for item in &letter.items {
            let mut subjects = self.subjects.iter_mut();
            let subject = subjects.find(|one| one.trouble.key == item.trouble.key);
            let subject = subject.expect("it is one of them");
            let is_end = item.event == Event::Recovered;
            let is_rest = is_end || item.again;
            assert_eq!(subject.was_told, is_rest, "{item:?}");
            assert_eq!(subject.was_seen, !is_end, "{item:?}");
            subject.was_told = !is_end;
        }
        self.herald.told(self.now, letter);
    }

    /// What has been there for long was told.
    fn check_lasting(&self, blind: &BTreeSet<Event>) {
        for subject in &self.subjects {
            let key = &subject.trouble.key;
            let Some(there) = subject.there.filter(|_| !blind.contains(&key.event)) else {
                continue;
            };
            let lasting = match key.event {
                Event::Stale => self.rules.stale_after,
                _ => self.rules.lasting,
            };
            // A blind look may leave it out of a letter that goes out then, some times in a row.
            let letters = match key.event {
                Event::AuthFailed | Event::Halted => 5,
                _ => 1,
            };
            let apart = millis(self.rules.min_interval) + 5 * LOOK;
            let bound = millis(lasting) + letters * apart;
            let is_late = self.now - there > bound;
            assert!(subject.was_told || !is_late, "silent about {key:?}");
        }
    }
}

#[test]
fn nothing_that_lasts_is_kept_silent_and_every_end_is_told() {
    for seed in 0..SCHEDULES {
        let mut world = World::new(seed);
        for _ in 0..150 {
            world.step(true);
        }
        // In the end all is well for long enough, and letters arrive.
        world.loses = false;
        world.subjects.iter_mut().for_each(|one| one.there = None);
        let end = world.now + 3 * LONGEST;
        while world.now < end {
            world.step(false);
        }
        assert!(!world.herald.memory().is_owing(), "{seed}");
        let owed: BTreeMap<&Key, bool> = world
            .subjects
            .iter()
            .map(|one| (&one.trouble.key, one.was_told))
            .collect();
        assert!(owed.values().all(|owed| !owed), "{seed}: {owed:?}");
    }
}
