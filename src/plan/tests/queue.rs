//! The queue under random use, against a plain list of what must be in it.

use crate::model::path::{LocalName, RelPath};
use crate::plan::backoff::Backoff;
use crate::plan::queue::{End, Fate, Lane, Patience, Queue, Turns};
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(1),
    longest: Duration::from_secs(8),
};
const PATIENCE: Patience = Patience {
    tries: Some(3),
    throttles: 2,
    backoff: BACKOFF,
};
/// Folders and files at once.
const WIDTHS: (usize, usize) = (1, 2);

/// Tens are classes: 10 and 13 take turns.
impl Turns for u8 {
    type Class = u8;

    fn class(&self) -> u8 {
        self / 10
    }
}

/// What the queue must hold.
#[derive(Default)]
struct Model {
    /// Keys that wait, with the newest work and its lane.
    waiting: BTreeMap<u8, (Lane, u32)>,
    running: BTreeMap<u8, (Lane, u32)>,
    newer: BTreeMap<u8, (Lane, u32)>,
    /// The caller's own count.
    jobs: usize,
}

struct Play {
    rng: Rng,
    queue: Queue<u8, (Lane, u32)>,
    model: Model,
    now: Instant,
    serial: u32,
}

impl Play {
    fn new(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            queue: Queue::new(PATIENCE, WIDTHS.0, WIDTHS.1),
            model: Model::default(),
            now: Instant::now(),
            serial: 0,
        }
    }

    fn push(&mut self) {
        let key = self.rng.u8(10..34);
        let lane = if self.rng.bool() {
            Lane::Folders
        } else {
            Lane::Files
        };
        self.serial += 1;
        let work = (lane, self.serial);
        let is_known =
            self.model.running.contains_key(&key) || self.model.waiting.contains_key(&key);
        assert_eq!(self.queue.push(lane, key, work, self.now), !is_known);
        self.model.jobs += usize::from(!is_known);
        match self.model.running.contains_key(&key) {
            true => drop(self.model.newer.insert(key, work)),
            false => drop(self.model.waiting.insert(key, work)),
        }
    }

    fn start(&mut self) {
        let is_open = self.rng.bool();
        let may = |lane| lane == Lane::Files || is_open;
        let Some((key, work)) = self.queue.start(self.now, may) else {
            return;
        };
        assert_eq!(
            self.model.waiting.remove(&key),
            Some(work),
            "the newest work, once"
        );
        assert!(may(work.0), "its lane is open");
        let classes: BTreeSet<u8> = self.model.running.keys().map(Turns::class).collect();
        assert!(!classes.contains(&key.class()), "two of one class");
        self.model.running.insert(key, work);
        for (lane, width) in [(Lane::Folders, WIDTHS.0), (Lane::Files, WIDTHS.1)] {
            let running = self.model.running.values().filter(|(of, _)| *of == lane);
            assert!(running.count() <= width);
        }
    }

    fn finish(&mut self) {
        let running: Vec<u8> = self.model.running.keys().copied().collect();
        let Some(key) = self.rng.choice(running) else {
            return;
        };
        let asked = self.rng.bool().then_some(Duration::from_secs(3));
        let end = match self.rng.u8(0..4) {
            0 => End::Failed(asked),
            1 => End::Innocent(asked),
            _ => End::Done,
        };
        let fate = self.queue.finish(&key, end, self.now, self.rng.f64());
        let work = self.model.running.remove(&key).unwrap();
        let newer = self.model.newer.remove(&key);
        match fate {
            Fate::Waits => {
                assert!(newer.is_some() || end != End::Done);
                self.model.waiting.insert(key, newer.unwrap_or(work));
            }
            Fate::Gone => assert_eq!((end, newer), (End::Done, None)),
            Fate::GivenUp => assert!(end != End::Done && newer.is_none()),
        }
        self.model.jobs -= usize::from(fate != Fate::Waits);
    }

    fn take_out(&mut self) {
        let tens = self.rng.u8(1..4);
        let mut out = self.queue.take_out(|key| key.class() == tens);
        out.sort_unstable();
        self.model.newer.retain(|key, _| key.class() != tens);
        let gone = self
            .model
            .waiting
            .extract_if(.., |key, _| key.class() == tens);
        assert_eq!(out, gone.map(|(key, _)| key).collect::<Vec<_>>());
        self.model.jobs -= out.len();
    }

    fn step(&mut self) {
        self.now += Duration::from_millis(self.rng.u64(0..900));
        match self.rng.u8(0..40) {
            0..14 => self.push(),
            14..26 => self.start(),
            26..39 => self.finish(),
            _ => self.take_out(),
        }
        let Model {
            waiting,
            running,
            newer,
            jobs,
        } = &self.model;
        assert_eq!(self.queue.pending(), waiting.len() + newer.len());
        assert_eq!(self.queue.running(), running.len());
        assert_eq!(self.queue.is_idle(), *jobs == 0);
        assert_eq!(*jobs, waiting.len() + running.len());
        assert_eq!(self.queue.oldest(|_| true).is_some(), *jobs > 0);
    }

    /// Everything that came in also comes out.
    fn drain(&mut self) {
        for _ in 0..1_000 {
            while let Some((key, _)) = self.queue.start(self.now, |_| true) {
                let work = self.model.waiting.remove(&key).unwrap();
                self.model.running.insert(key, work);
            }
            if self.model.running.is_empty() {
                match self.queue.next_wake() {
                    Some(at) => self.now = self.now.max(at),
                    None => break,
                }
            }
            self.finish();
        }
        assert!(
            self.queue.is_idle() && self.model.jobs == 0,
            "a job was lost"
        );
    }
}

#[test]
fn whatever_happens_nothing_is_lost_or_runs_twice() {
    for seed in 0..1_500 {
        let mut play = Play::new(seed);
        (0..120).for_each(|_| play.step());
        play.drain();
    }
}

fn one(tries: Option<u32>) -> (Queue<u8, u32>, Instant) {
    let patience = Patience { tries, ..PATIENCE };
    (Queue::new(patience, WIDTHS.0, WIDTHS.1), Instant::now())
}

#[test]
fn jobs_start_in_the_order_in_which_they_came() {
    let (mut queue, now) = one(None);
    for key in [30, 10, 20] {
        queue.push(Lane::Files, key, 0, now);
    }
    assert_eq!(queue.start(now, |_| true), Some((30, 0)));
    assert_eq!(queue.start(now, |_| true), Some((10, 0)));
    assert_eq!(queue.start(now, |_| true), None, "the lane is full");
    queue.finish(&30, End::Done, now, 0.0);
    assert_eq!(queue.start(now, |_| true), Some((20, 0)));
}

#[test]
fn whose_turn_it_is_not_lets_others_pass() {
    let (mut queue, now) = one(None);
    for key in [10, 11, 20] {
        queue.push(Lane::Files, key, 0, now);
    }
    assert_eq!(queue.start(now, |_| true), Some((10, 0)));
    assert_eq!(queue.start(now, |_| true), Some((20, 0)));
    queue.finish(&10, End::Failed(None), now, 0.0);
    assert_eq!(queue.start(now, |_| true), Some((11, 0)));
}

#[test]
fn a_failing_job_waits_longer_each_time_and_is_given_up_in_the_end() {
    let (mut queue, mut now) = one(Some(3));
    queue.push(Lane::Files, 10, 0, now);
    for (seconds, fate) in [(1, Fate::Waits), (2, Fate::Waits), (0, Fate::GivenUp)] {
        assert!(queue.start(now, |_| true).is_some());
        assert_eq!(queue.finish(&10, End::Failed(None), now, 1.0), fate);
        if fate == Fate::Waits {
            let wake = now + Duration::from_secs(seconds);
            assert_eq!(queue.next_wake(), Some(wake));
            let too_early = wake.checked_sub(Duration::from_millis(1)).unwrap();
            assert_eq!(queue.start(too_early, |_| true), None);
            now = wake;
        }
    }
    assert!(queue.is_idle());
}

#[test]
fn slowing_down_counts_as_failing_only_after_a_while() {
    let (mut queue, mut now) = one(Some(2));
    queue.push(Lane::Files, 10, 0, now);
    let mut fates = Vec::new();
    while queue.start(now, |_| true).is_some() {
        let asked = Some(Duration::from_secs(20));
        fates.push(queue.finish(&10, End::Innocent(asked), now, 0.0));
        assert!(
            queue
                .next_wake()
                .is_none_or(|at| at - now == Duration::from_secs(20))
        );
        now += Duration::from_secs(20);
    }
    use Fate::{GivenUp, Waits};
    assert_eq!(fates, [Waits, Waits, Waits, GivenUp]);
}

#[test]
fn newer_work_replaces_what_waits_and_follows_what_runs() {
    let (mut queue, now) = one(Some(1));
    assert!(queue.push(Lane::Files, 10, 1, now));
    assert!(!queue.push(Lane::Folders, 10, 2, now));
    assert_eq!(
        queue.start(now, |lane| lane == Lane::Files),
        None,
        "it changed its lane"
    );
    assert_eq!(queue.start(now, |_| true), Some((10, 2)));
    assert!(!queue.push(Lane::Files, 10, 3, now));
    assert!(!queue.push(Lane::Files, 10, 4, now));
    // Given up or not: there is newer work.
    assert_eq!(queue.finish(&10, End::Failed(None), now, 0.0), Fate::Waits);
    let later = now + Duration::from_secs(1);
    assert_eq!(queue.start(later, |_| true), Some((10, 4)));
    assert_eq!(queue.finish(&10, End::Done, later, 0.0), Fate::Gone);
}

#[test]
fn what_runs_is_not_taken_out_although_its_newer_work_is() {
    let (mut queue, now) = one(None);
    queue.push(Lane::Files, 10, 1, now);
    queue.start(now, |_| true);
    queue.push(Lane::Files, 10, 2, now);
    queue.push(Lane::Files, 20, 1, now);
    assert_eq!(queue.take_out(|_| true), [20]);
    assert_eq!(queue.finish(&10, End::Done, now, 0.0), Fate::Gone);
    assert!(queue.is_idle());
}

#[test]
fn entries_take_turns_whatever_the_case_of_their_names() {
    let path = |text: &str| {
        let names = text
            .split('/')
            .map(|name| LocalName::new(name.as_bytes()).unwrap());
        names.fold(RelPath::root(), |dir, name| dir.join(&name))
    };
    let class = |mirror: usize, text| (mirror, path(text)).class();
    assert_eq!(class(0, "d/README"), class(0, "d/readme"));
    assert_eq!(class(0, "e\u{301}"), class(0, "\u{c9}"));
    assert_ne!(class(0, "d/a"), class(1, "d/a"));
    assert_ne!(class(0, "d/a"), class(0, "d/b"));
}
