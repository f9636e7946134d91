//! The queue under random use, against a plain list of what must be in it.

use crate::model::path::{LocalName, RelPath};
use crate::plan::backoff::Backoff;
use crate::plan::policy::CHUNKED_FROM;
use crate::plan::queue::{End, Fate, Lane, Patience, Queue, Rank, Ticket, Turns, Widths};
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::time::{Duration, Instant};

const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(1),
    longest: Duration::from_secs(8),
};
const PATIENCE: Patience = Patience {
    tries: Some(3),
    busy: 4,
    throttles: 2,
    backoff: BACKOFF,
};
const WIDTHS: Widths = Widths {
    folders: 1,
    files: 2,
    large: 1,
};

fn ticket(lane: Lane, rank: Rank) -> Ticket {
    Ticket {
        lane,
        rank,
        lets_pass: 0,
    }
}

/// A small file that a pass has found.
const FILE: Ticket = Ticket {
    lane: Lane::Files,
    rank: Rank::Backfill,
    lets_pass: 0,
};

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
            queue: Queue::new(PATIENCE, WIDTHS),
            model: Model::default(),
            now: Instant::now(),
            serial: 0,
        }
    }

    fn push(&mut self) {
        let key = self.rng.u8(10..34);
        let lane = Lane::ALL[self.rng.usize(0..3)];
        let rank = Rank::ALL[self.rng.usize(0..3)];
        self.serial += 1;
        let work = (lane, self.serial);
        let lets_pass = self.rng.u64(0..3);
        let ticket = Ticket {
            lane,
            rank,
            lets_pass,
        };
        let is_known =
            self.model.running.contains_key(&key) || self.model.waiting.contains_key(&key);
        assert_eq!(self.queue.push(ticket, key, work, self.now), !is_known);
        self.model.jobs += usize::from(!is_known);
        match self.model.running.contains_key(&key) {
            true => drop(self.model.newer.insert(key, work)),
            false => drop(self.model.waiting.insert(key, work)),
        }
    }

    fn start(&mut self) {
        let is_open = self.rng.bool();
        let may = |lane, _: Rank| lane != Lane::Folders || is_open;
        let Some((key, work)) = self.queue.start(self.now, may) else {
            return;
        };
        assert_eq!(
            self.model.waiting.remove(&key),
            Some(work),
            "the newest work, once"
        );
        assert!(may(work.0, Rank::Fresh), "its lane is open");
        let classes: BTreeSet<u8> = self.model.running.keys().map(Turns::class).collect();
        assert!(!classes.contains(&key.class()), "two of one class");
        self.model.running.insert(key, work);
        for (lane, width) in [
            (Lane::Folders, WIDTHS.folders),
            (Lane::Files, WIDTHS.files),
            (Lane::Large, WIDTHS.large),
        ] {
            let running = self.model.running.values().filter(|(of, _)| *of == lane);
            let running = running.count();
            assert!(running <= width);
            assert_eq!(self.queue.running_in(lane), running);
        }
    }

    fn finish(&mut self) {
        let running: Vec<u8> = self.model.running.keys().copied().collect();
        let Some(key) = self.rng.choice(running) else {
            return;
        };
        let asked = self.rng.bool().then_some(Duration::from_secs(3));
        let end = match self.rng.u8(0..5) {
            0 => End::Failed(asked),
            1 => End::Innocent(asked),
            2 => End::Busy(asked),
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
        let lanes: &[Lane] = match self.rng.bool() {
            true => &Lane::ALL,
            false => &Lane::SENDING,
        };
        let out = self.queue.take_out(lanes, |key| key.class() == tens);
        let mut out: Vec<u8> = out.into_iter().map(|(key, ..)| key).collect();
        out.sort_unstable();
        let is_meant =
            |key: &u8, work: &(Lane, u32)| key.class() == tens && lanes.contains(&work.0);
        self.model.newer.retain(|key, work| !is_meant(key, work));
        let gone = self
            .model
            .waiting
            .extract_if(.., |key, work| is_meant(key, work));
        assert_eq!(out, gone.map(|(key, _)| key).collect::<Vec<_>>());
        self.model.jobs -= out.len();
    }

    fn rouse(&mut self) {
        let tens = self.rng.u8(1..4);
        let asked = self.rng.bool();
        let count = self.queue.rouse(asked, |key| key.class() == tens);
        let meant = self.model.waiting.keys().filter(|key| key.class() == tens);
        assert_eq!(count, meant.count());
    }

    fn step(&mut self) {
        self.now += Duration::from_millis(self.rng.u64(0..900));
        match self.rng.u8(0..40) {
            0..14 => self.push(),
            14..26 => self.start(),
            26..38 => self.finish(),
            38 => self.rouse(),
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
        for lane in Lane::ALL {
            let waits = waiting.values().filter(|(of, _)| *of == lane).count();
            let told = Rank::ALL.map(|rank| self.queue.waiting_in(lane, rank));
            assert_eq!(told.iter().sum::<usize>(), waits);
        }
    }

    /// Everything that came in also comes out.
    fn drain(&mut self) {
        for _ in 0..1_000 {
            while let Some((key, _)) = self.queue.start(self.now, |_, _| true) {
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
    (Queue::new(patience, WIDTHS), Instant::now())
}

#[test]
fn jobs_start_in_the_order_in_which_they_came() {
    let (mut queue, now) = one(None);
    for key in [30, 10, 20] {
        queue.push(FILE, key, 0, now);
    }
    assert_eq!(queue.start(now, |_, _| true), Some((30, 0)));
    assert_eq!(queue.start(now, |_, _| true), Some((10, 0)));
    assert_eq!(queue.start(now, |_, _| true), None, "the lane is full");
    queue.finish(&30, End::Done, now, 0.0);
    assert_eq!(queue.start(now, |_, _| true), Some((20, 0)));
}

#[test]
fn whose_turn_it_is_not_lets_others_pass() {
    let (mut queue, now) = one(None);
    for key in [10, 11, 20] {
        queue.push(FILE, key, 0, now);
    }
    assert_eq!(queue.start(now, |_, _| true), Some((10, 0)));
    assert_eq!(queue.start(now, |_, _| true), Some((20, 0)));
    queue.finish(&10, End::Failed(None), now, 0.0);
    assert_eq!(queue.start(now, |_, _| true), Some((11, 0)));
}

#[test]
fn a_failing_job_waits_longer_each_time_and_is_given_up_in_the_end() {
    let (mut queue, mut now) = one(Some(3));
    queue.push(FILE, 10, 0, now);
    for (seconds, fate) in [(1, Fate::Waits), (2, Fate::Waits), (0, Fate::GivenUp)] {
        assert!(queue.start(now, |_, _| true).is_some());
        assert_eq!(queue.finish(&10, End::Failed(None), now, 1.0), fate);
        if fate == Fate::Waits {
            let wake = now + Duration::from_secs(seconds);
            assert_eq!(queue.next_wake(), Some(wake));
            let too_early = wake.checked_sub(Duration::from_millis(1)).unwrap();
            assert_eq!(queue.start(too_early, |_, _| true), None);
            now = wake;
        }
    }
    assert!(queue.is_idle());
}

#[test]
fn slowing_down_counts_as_failing_only_after_a_while() {
    let (mut queue, mut now) = one(Some(2));
    queue.push(FILE, 10, 0, now);
    let mut fates = Vec::new();
    while queue.start(now, |_, _| true).is_some() {
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
    assert!(queue.push(FILE, 10, 1, now));
    assert!(!queue.push(Ticket::folder(Rank::Backfill), 10, 2, now));
    assert_eq!(
        queue.start(now, |lane, _| lane == Lane::Files),
        None,
        "it changed its lane"
    );
    assert_eq!(queue.start(now, |_, _| true), Some((10, 2)));
    assert!(!queue.push(FILE, 10, 3, now));
    assert!(!queue.push(FILE, 10, 4, now));
    // Given up or not: there is newer work.
    assert_eq!(queue.finish(&10, End::Failed(None), now, 0.0), Fate::Waits);
    let later = now + Duration::from_secs(1);
    assert_eq!(queue.start(later, |_, _| true), Some((10, 4)));
    assert_eq!(queue.finish(&10, End::Done, later, 0.0), Fate::Gone);
}

#[test]
fn what_runs_is_not_taken_out_although_its_newer_work_is() {
    let (mut queue, now) = one(None);
    queue.push(FILE, 10, 1, now);
    queue.start(now, |_, _| true);
    queue.push(FILE, 10, 2, now);
    queue.push(FILE, 20, 1, now);
    assert_eq!(queue.take_out(&Lane::ALL, |_| true), [(20, Lane::Files, 1)]);
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

/// Starts and ends everything, one after the other, in a lane of this width.
fn order(queue: &mut Queue<u8, u32>, now: Instant) -> Vec<u8> {
    let mut order = Vec::new();
    while let Some((key, _)) = queue.start(now, |_, _| true) {
        queue.finish(&key, End::Done, now, 0.0);
        order.push(key);
    }
    order
}

#[test]
fn what_was_just_saved_stands_before_the_backfill_and_does_not_stop_it() {
    let (mut queue, now) = one(None);
    let fresh = ticket(Lane::Files, Rank::Fresh);
    for key in [100, 110, 120, 130] {
        queue.push(FILE, key, 0, now);
    }
    for key in [10, 20, 30, 40, 50] {
        queue.push(fresh, key, 0, now);
    }
    let expected = [10, 20, 30, 100, 40, 50, 110, 120, 130];
    assert_eq!(order(&mut queue, now), expected);
}

#[test]
fn a_file_of_the_backfill_that_is_saved_now_is_the_next() {
    let (mut queue, now) = one(None);
    for key in [10, 20, 30] {
        queue.push(FILE, key, 0, now);
    }
    queue.push(ticket(Lane::Files, Rank::Fresh), 30, 1, now);
    // And a pass that finds it again does not send it back.
    queue.push(FILE, 30, 2, now);
    assert_eq!(queue.start(now, |_, _| true), Some((30, 2)));
    // The same for newer work of what runs.
    queue.push(ticket(Lane::Files, Rank::Fresh), 30, 3, now);
    queue.push(FILE, 30, 4, now);
    queue.finish(&30, End::Done, now, 0.0);
    assert_eq!(queue.start(now, |_, _| true), Some((30, 4)));
}

#[test]
fn what_is_asked_for_goes_first_in_its_order_and_waits_for_no_delay() {
    let (mut queue, now) = one(None);
    for key in [10, 20, 30] {
        queue.push(FILE, key, 0, now);
    }
    queue.push(ticket(Lane::Files, Rank::Fresh), 40, 0, now);
    // It failed, and would wait.
    let (key, _) = queue.start(now, |_, _| true).unwrap();
    assert_eq!(key, 40);
    queue.finish(&key, End::Failed(None), now, 0.5);
    assert_eq!(queue.rouse(true, |key| [20, 30, 40].contains(key)), 3);
    assert!(queue.is_queued(&40) && !queue.is_queued(&50));
    queue.push(ticket(Lane::Files, Rank::Fresh), 50, 0, now);
    assert_eq!(order(&mut queue, now), [20, 30, 40, 50, 10]);
    // Without being asked for, what waits only loses its delay.
    queue.push(FILE, 10, 0, now);
    queue.start(now, |_, _| true).unwrap();
    queue.finish(&10, End::Failed(None), now, 0.5);
    queue.push(FILE, 20, 0, now);
    queue.rouse(false, |_| true);
    assert_eq!(order(&mut queue, now), [20, 10]);
}

#[test]
fn a_rank_that_is_closed_waits_and_the_other_goes_on() {
    let (mut queue, now) = one(None);
    queue.push(Ticket::folder(Rank::Backfill), 10, 0, now);
    queue.push(Ticket::folder(Rank::Fresh), 20, 0, now);
    let only = |open: Rank| move |_: Lane, rank: Rank| rank == open;
    assert_eq!(queue.start(now, only(Rank::Backfill)), Some((10, 0)));
    queue.finish(&10, End::Done, now, 0.0);
    assert_eq!(queue.start(now, only(Rank::Backfill)), None);
    assert_eq!(queue.start(now, only(Rank::Fresh)), Some((20, 0)));
}

#[test]
fn large_files_and_small_ones_do_not_wait_for_each_other() {
    let (mut queue, now) = one(None);
    let file = |size| Ticket::file(size, Rank::Backfill);
    for key in [10, 20] {
        queue.push(file(CHUNKED_FROM), key, 0, now);
    }
    for key in [30, 40, 50] {
        queue.push(file(CHUNKED_FROM - 1), key, 0, now);
    }
    let started: Vec<u8> = std::iter::from_fn(|| queue.start(now, |_, _| true))
        .map(|(key, _)| key)
        .collect();
    assert_eq!(started, [30, 40, 10], "two files and one large one at once");
    assert_eq!(queue.running_in(Lane::Large), 1);
    // A file that has grown meanwhile changes its lane.
    queue.push(file(CHUNKED_FROM), 50, 1, now);
    queue.finish(&10, End::Done, now, 0.0);
    assert_eq!(queue.start(now, |_, _| true), Some((20, 0)));
}

#[test]
fn the_small_go_first_but_nobody_is_overtaken_for_ever() {
    let (mut queue, now) = one(None);
    let file = |size| Ticket::file(size, Rank::Backfill);
    queue.push(file(CHUNKED_FROM - 1), 250, 0, now);
    for key in 0..200 {
        queue.push(file(1_000), key, 0, now);
    }
    let order = order(&mut queue, now);
    let at = order.iter().position(|key| *key == 250).unwrap();
    assert!((50..=100).contains(&at), "{at} have overtaken it");
    let small: Vec<u8> = order.into_iter().filter(|key| *key != 250).collect();
    assert!(small.is_sorted(), "equals keep their order");
}

#[test]
fn what_is_in_the_way_for_minutes_is_borne_for_longer() {
    let (mut queue, mut now) = one(Some(2));
    queue.push(FILE, 10, 0, now);
    let mut fates = Vec::new();
    while queue.start(now, |_, _| true).is_some() {
        fates.push(queue.finish(&10, End::Busy(None), now, 1.0));
        now = queue.next_wake().unwrap_or(now);
    }
    use Fate::{GivenUp, Waits};
    assert_eq!(fates, [Waits, Waits, Waits, GivenUp]);
}

/// Keys that never meet, in any number.
impl Turns for u32 {
    type Class = u32;

    fn class(&self) -> u32 {
        *self
    }
}

/// One of two takes turns with all the others.
impl Turns for (bool, u32) {
    type Class = Option<u32>;

    fn class(&self) -> Option<u32> {
        let (is_alone, number) = *self;
        is_alone.then_some(number)
    }
}

const MANY: u32 = 100_000;

/// Runs through a queue of that many. With a look at each of the others for each start
/// this would be ten thousand million looks, and never end.
fn run_through<K: Turns + Clone + Eq + Hash>(key: impl Fn(u32) -> K) {
    let now = Instant::now();
    let mut queue = Queue::new(PATIENCE, WIDTHS);
    for number in 0..MANY {
        let size = u64::from(number % 7) * (CHUNKED_FROM / 5);
        queue.push(Ticket::file(size, Rank::Backfill), key(number), 0, now);
    }
    // A pass finds them all again.
    for number in 0..MANY {
        queue.push(Ticket::file(0, Rank::Backfill), key(number), 1, now);
    }
    let mut ended = 0;
    while let Some((key, _)) = queue.start(now, |_, _| true) {
        let waits = queue.waiting_in(Lane::Files, Rank::Backfill);
        assert!(waits < MANY as usize && queue.next_wake().is_none());
        queue.finish(&key, End::Done, now, 0.0);
        ended += 1;
    }
    assert_eq!((ended, queue.is_idle()), (MANY, true));
}

#[test]
fn a_hundred_thousand_jobs_are_no_more_work_each_than_a_few() {
    run_through(|number| number);
    // While one is running that half of them have to wait for.
    let now = Instant::now();
    let mut queue = Queue::new(PATIENCE, WIDTHS);
    for number in 0..MANY {
        queue.push(FILE, (number % 2 == 0, number), 0, now);
    }
    assert_eq!(queue.start(now, |_, _| true), Some(((true, 0), 0)));
    assert_eq!(queue.start(now, |_, _| true), Some(((false, 1), 0)));
    queue.finish(&(true, 0), End::Done, now, 0.0);
    let mut ended = 1;
    while let Some((key, _)) = queue.start(now, |_, _| true) {
        assert!(key.0, "two of one class");
        queue.finish(&key, End::Done, now, 0.0);
        ended += 1;
    }
    assert_eq!(ended, MANY / 2);
}
