//! Which job runs next, and when a failed one is tried again.
//!
//! Pure: told the time and the outcomes, it answers with jobs. Three things hold always:
//! no more jobs of a lane run than it is wide, never two for one key, and never two
//! that Box would take for one. Nothing that is done for a single job takes longer the
//! more of them wait.

mod line;

pub(crate) use crate::plan::queue::line::{Lane, Rank, Ticket};

use crate::model::name::RemoteName;
use crate::model::path::RelPath;
use crate::plan::backoff::Backoff;
use crate::plan::conflict::family;
use crate::plan::queue::line::{Line, Place, place};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;
use std::time::{Duration, Instant};

/// Keys of one class take turns: each has a job of its own, but only one runs.
pub(crate) trait Turns {
    /// What the keys that take turns have in common.
    type Class: Eq + Hash;

    /// The class of this key.
    fn class(&self) -> Self::Class;
}

/// An entry of a mirror takes turns with those that have its name but for case, or a name
/// that one of them may get beside somebody else's file. Two at once could each find the
/// name free, or each take the other's file for a stranger's; and of two folders that are
/// created at once Box has been seen to make both.
impl Turns for (usize, RelPath) {
    type Class = (usize, String);

    fn class(&self) -> Self::Class {
        let path = self.1.to_string();
        let (dir, name) = path.split_at(path.rfind('/').map_or(0, |at| at + 1));
        let path = RemoteName::from_box(dir.to_owned() + &family(name));
        (self.0, path.sibling_key())
    }
}

/// How long to go on with a job that keeps failing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Tries before a job is given up; `None`: never.
    pub(crate) tries: Option<u32>,
    /// Tries while something at Box is in the way that passes by itself.
    pub(crate) busy: u32,
    /// Times that Box may ask a job to slow down before it counts as a failed try.
    pub(crate) throttles: u32,
    /// The delays in between.
    pub(crate) backoff: Backoff,
}

/// How many jobs of each lane may run at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Widths {
    /// Folders.
    pub(crate) folders: usize,
    /// Files.
    pub(crate) files: usize,
    /// Large files.
    pub(crate) large: usize,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// For good.
    Done,
    /// It failed and may work later, not before Box's delay.
    Failed(Option<Duration>),
    /// Something at Box is in the way that passes by itself, within minutes.
    Busy(Option<Duration>),
    /// It was not the job's fault and does not count.
    Innocent(Option<Duration>),
}

/// What becomes of a job that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is out of the queue.
    Gone,
    /// It will run again.
    Waits,
    /// Its tries are used up.
    GivenUp,
}

#[derive(Clone, Debug)]
struct Job<W> {
    ticket: Ticket,
    work: W,
    since: Instant,
    tried: Tried,
    spot: Spot,
}

/// How often a job has ended without an end.
#[derive(Clone, Copy, Debug, Default)]
struct Tried {
    failures: u32,
    busy: u32,
    innocents: u32,
}

/// Where a queued job is found.
#[derive(Clone, Copy, Debug)]
enum Spot {
    /// In its lane's line.
    Ready(Place),
    /// It would be ready, but one of its class runs.
    Behind(Place),
    /// Until its delay is over.
    Waits(Wake),
}

/// When a job wakes, and a number that no other has.
type Wake = (Instant, u64);

/// The queue. `K` names what a job is about, `W` is what it does.
#[derive(Debug)]
pub(crate) struct Queue<K: Turns, W> {
    patience: Patience,
    /// All that has not started.
    queued: HashMap<K, Job<W>>,
    lines: BTreeMap<Lane, Line<K>>,
    waiting: BTreeMap<Wake, K>,
    /// By what they wait for.
    behind: HashMap<K::Class, Vec<K>>,
    /// How many are queued of each lane and rank.
    counts: HashMap<(Lane, Rank), usize>,
    running: HashMap<K, Job<W>>,
    /// The classes of what runs.
    taken: HashSet<K::Class>,
    /// Newer work for a key that runs: it starts when the running job ends.
    newer: HashMap<K, Job<W>>,
    serial: u64,
}

impl<K: Turns + Clone + Eq + Hash, W: Clone> Queue<K, W> {
    /// An empty queue with so many jobs at once in each lane.
    pub(crate) fn new(patience: Patience, widths: Widths) -> Self {
        let lines = [
            (Lane::Folders, Line::new(widths.folders)),
            (Lane::Files, Line::new(widths.files)),
            (Lane::Large, Line::new(widths.large)),
        ];
        Self {
            patience,
            queued: HashMap::new(),
            lines: BTreeMap::from(lines),
            waiting: BTreeMap::new(),
            behind: HashMap::new(),
            counts: HashMap::new(),
            running: HashMap::new(),
            taken: HashSet::new(),
            newer: HashMap::new(),
            serial: 0,
        }
    }

    /// Adds a job, for something that has been known of since then. Newer work replaces
    /// what is queued for the same key, and waits for what runs for it. Says whether the
    /// key is new to the queue.
    pub(crate) fn push(&mut self, ticket: Ticket, key: K, work: W, since: Instant) -> bool {
        let at = self.next_place(&ticket);
        let mut job = Job {
            ticket,
            work,
            since,
            tried: Tried::default(),
            spot: Spot::Ready(at),
        };
        if self.running.contains_key(&key) {
            if let Some(other) = self.newer.get(&key) {
                job.ticket.rank = job.ticket.rank.min(other.ticket.rank);
            }
            self.newer.insert(key, job);
            return false;
        }
        match self.take(&key) {
            Some(old) => {
                self.put(key, replaced(old, job));
                false
            }
            None => {
                self.put(key, job);
                true
            }
        }
    }

    fn next_place(&mut self, ticket: &Ticket) -> Place {
        self.serial += 1;
        place(ticket, self.serial)
    }

    /// Takes a job out of wherever it is queued.
    fn take(&mut self, key: &K) -> Option<Job<W>> {
        let job = self.queued.remove(key)?;
        let Ticket { lane, rank, .. } = job.ticket;
        self.count(lane, rank, |count| count.saturating_sub(1));
        match job.spot {
            Spot::Ready(at) => drop(self.line(lane).remove(rank, at)),
            Spot::Waits(wake) => drop(self.waiting.remove(&wake)),
            Spot::Behind(_) => {
                let class = key.class();
                if let Some(behind) = self.behind.get_mut(&class) {
                    behind.retain(|other| other != key);
                }
            }
        }
        Some(job)
    }

    /// Queues a job at its spot.
    fn put(&mut self, key: K, job: Job<W>) {
        let Ticket { lane, rank, .. } = job.ticket;
        self.count(lane, rank, |count| count + 1);
        match job.spot {
            Spot::Ready(at) => self.line(lane).insert(rank, at, key.clone()),
            Spot::Waits(wake) => drop(self.waiting.insert(wake, key.clone())),
            Spot::Behind(_) => self
                .behind
                .entry(key.class())
                .or_default()
                .push(key.clone()),
        }
        self.queued.insert(key, job);
    }

    fn line(&mut self, lane: Lane) -> &mut Line<K> {
        self.lines.get_mut(&lane).expect("every lane has a line")
    }

    fn count(&mut self, lane: Lane, rank: Rank, change: impl Fn(usize) -> usize) {
        let count = self.counts.entry((lane, rank)).or_default();
        *count = change(*count);
    }

    /// The next job to start, if one may, from the lanes and ranks that are open.
    pub(crate) fn start(
        &mut self,
        now: Instant,
        is_open: impl Fn(Lane, Rank) -> bool,
    ) -> Option<(K, W)> {
        self.wake(now);
        Lane::ALL
            .into_iter()
            .find_map(|lane| self.start_in(lane, |rank| is_open(lane, rank)))
    }

    fn start_in(&mut self, lane: Lane, is_open: impl Fn(Rank) -> bool) -> Option<(K, W)> {
        loop {
            let line = self.line(lane);
            if line.running >= line.width {
                return None;
            }
            let key = line.pop(&is_open)?;
            let class = key.class();
            if self.taken.contains(&class) {
                self.step_behind(key, class);
                continue;
            }
            let job = self.take(&key)?;
            self.line(lane).started(job.ticket.rank);
            self.taken.insert(class);
            let start = (key.clone(), job.work.clone());
            self.running.insert(key, job);
            return Some(start);
        }
    }

    /// Somebody of its class runs: out of the way, so that nobody looks at it again
    /// before that has ended.
    fn step_behind(&mut self, key: K, class: K::Class) {
        if let Some(job) = self.queued.get_mut(&key)
            && let Spot::Ready(at) = job.spot
        {
            job.spot = Spot::Behind(at);
            self.behind.entry(class).or_default().push(key);
        }
    }

    /// Nobody of the class runs any more: those behind are where they were.
    fn step_forward(&mut self, class: &K::Class) {
        for key in self.behind.remove(class).into_iter().flatten() {
            if let Some(job) = self.queued.get_mut(&key)
                && let Spot::Behind(at) = job.spot
            {
                job.spot = Spot::Ready(at);
                let Ticket { lane, rank, .. } = job.ticket;
                self.line(lane).insert(rank, at, key);
            }
        }
    }

    /// Those whose delay is over go to the end of their line: many that fail again and
    /// again must not keep the others from being tried at all.
    fn wake(&mut self, now: Instant) {
        while let Some((_, key)) = self
            .waiting
            .first_key_value()
            .filter(|((at, _), _)| *at <= now)
        {
            let key = key.clone();
            if let Some(mut job) = self.take(&key) {
                job.spot = Spot::Ready(self.next_place(&job.ticket));
                self.put(key, job);
            }
        }
    }

    /// Those that are meant, and wait until their delay is over, wait no longer; as somebody
    /// `asked` for them, they also go before all others. Returns how many are queued.
    pub(crate) fn rouse(&mut self, asked: bool, is_meant: impl Fn(&K) -> bool) -> usize {
        let meant = self.queued.keys().filter(|key| is_meant(key));
        let meant: Vec<K> = meant.cloned().collect();
        let count = meant.len();
        let mut jobs: Vec<_> = meant
            .into_iter()
            .filter_map(|key| Some((self.take(&key)?, key)))
            .collect();
        // They keep their order among themselves.
        jobs.sort_by_key(|(job, _)| match job.spot {
            Spot::Ready(at) | Spot::Behind(at) => (0, at),
            Spot::Waits((_, serial)) => (1, (serial, serial)),
        });
        for (mut job, key) in jobs {
            if asked {
                job.ticket.rank = Rank::Asked;
            }
            if asked || matches!(job.spot, Spot::Waits(_)) {
                job.spot = Spot::Ready(self.next_place(&job.ticket));
            }
            self.put(key, job);
        }
        for (key, job) in &mut self.newer {
            if asked && is_meant(key) {
                job.ticket.rank = Rank::Asked;
            }
        }
        count
    }

    /// Whether there is a job for this key that has not started.
    pub(crate) fn is_queued(&self, key: &K) -> bool {
        self.queued.contains_key(key) || self.newer.contains_key(key)
    }

    /// Changes the work of a running job, for its next try.
    pub(crate) fn amend(&mut self, key: &K, change: impl FnOnce(&mut W)) {
        if let Some(job) = self.running.get_mut(key) {
            change(&mut job.work);
        }
    }

    /// Records how a running job ended. `chance` (0..=1) is the jitter.
    pub(crate) fn finish(&mut self, key: &K, end: End, now: Instant, chance: f64) -> Fate {
        let Some(mut job) = self.running.remove(key) else {
            return Fate::Gone;
        };
        self.line(job.ticket.lane).running -= 1;
        let class = key.class();
        self.taken.remove(&class);
        self.step_forward(&class);
        let asked = job.tried.note(end, &self.patience);
        let newer = self.newer.remove(key);
        let is_given_up = end != End::Done && job.tried.is_enough(&self.patience);
        let is_over = end == End::Done || is_given_up;
        if let Some(newer) = newer {
            let tried = match is_over {
                true => Tried::default(),
                false => Tried {
                    innocents: 0,
                    ..job.tried
                },
            };
            job = Job { tried, ..newer };
        } else if is_over {
            return match is_given_up {
                true => Fate::GivenUp,
                false => Fate::Gone,
            };
        }
        let delay = match end {
            End::Done => Duration::ZERO,
            End::Failed(_) | End::Busy(_) | End::Innocent(_) => {
                let tries = job.tried.all().max(1);
                self.patience.backoff.delay(tries, asked, chance)
            }
        };
        self.serial += 1;
        job.spot = Spot::Waits((now + delay, self.serial));
        self.put(key.clone(), job);
        Fate::Waits
    }

    /// When a waiting job becomes ready.
    pub(crate) fn next_wake(&self) -> Option<Instant> {
        self.waiting.first_key_value().map(|((at, _), _)| *at)
    }

    /// Jobs that are queued or waiting, not those that run.
    pub(crate) fn pending(&self) -> usize {
        self.queued.len() + self.newer.len()
    }

    /// Jobs that run.
    pub(crate) fn running(&self) -> usize {
        self.running.len()
    }

    /// Jobs of a lane and rank that have not started.
    pub(crate) fn waiting_in(&self, lane: Lane, rank: Rank) -> usize {
        self.counts.get(&(lane, rank)).copied().unwrap_or_default()
    }

    /// Where the job that runs for this key stood.
    pub(crate) fn ticket(&self, key: &K) -> Option<Ticket> {
        self.running.get(key).map(|job| job.ticket)
    }

    /// Jobs of a lane that run.
    pub(crate) fn running_in(&self, lane: Lane) -> usize {
        self.lines.get(&lane).map_or(0, |line| line.running)
    }

    /// Jobs that run, among those that `is_meant`.
    pub(crate) fn running_of(&self, is_meant: impl Fn(&K) -> bool) -> usize {
        self.running.keys().filter(|key| is_meant(key)).count()
    }

    /// What runs, and in which lane.
    pub(crate) fn under_way(&self) -> impl Iterator<Item = (&K, Lane)> {
        self.running.iter().map(|(key, job)| (key, job.ticket.lane))
    }

    /// Whether nothing is left to do.
    pub(crate) fn is_idle(&self) -> bool {
        self.pending() == 0 && self.running.is_empty()
    }

    /// Takes out what has not started, among what `is_meant` in these lanes, and returns
    /// what left the queue. A key that runs leaves when it ends: only its newer work
    /// goes.
    pub(crate) fn take_out(
        &mut self,
        lanes: &[Lane],
        is_meant: impl Fn(&K) -> bool,
    ) -> Vec<(K, Lane, W)> {
        let is_meant = |key: &K, job: &Job<W>| lanes.contains(&job.ticket.lane) && is_meant(key);
        self.newer.retain(|key, job| !is_meant(key, job));
        let out = self.queued.extract_if(|key, job| is_meant(key, job));
        let out: Vec<(K, Job<W>)> = out.collect();
        for (_, Job { ticket, .. }) in &out {
            self.count(ticket.lane, ticket.rank, |count| count.saturating_sub(1));
        }
        let queued = &self.queued;
        for line in self.lines.values_mut() {
            line.retain(|key| queued.contains_key(key));
        }
        self.waiting.retain(|_, key| queued.contains_key(key));
        self.behind.retain(|_, keys| {
            keys.retain(|key| queued.contains_key(key));
            !keys.is_empty()
        });
        let parts = |(key, job): (K, Job<W>)| (key, job.ticket.lane, job.work);
        out.into_iter().map(parts).collect()
    }

    /// Since when what the job of this key is about has been known of, if it has one.
    pub(crate) fn since(&self, key: &K) -> Option<Instant> {
        let queued = self.queued.get(key).or_else(|| self.running.get(key));
        queued.map(|job| job.since)
    }

    /// Since when the oldest of what is queued, waiting or running has been known of, among
    /// those that `is_meant`.
    pub(crate) fn oldest(&self, is_meant: impl Fn(&K) -> bool) -> Option<Instant> {
        let all = self.queued.iter().chain(&self.running);
        all.filter(|(key, _)| is_meant(key))
            .map(|(_, job)| job.since)
            .min()
    }
}

/// A queued job with newer work. Its place and its failures stay: new facts are no reason
/// to hammer, but somebody who saves the file now need not wait for the backfill. Only in
/// another lane it has no place yet.
fn replaced<W>(old: Job<W>, new: Job<W>) -> Job<W> {
    let rank = old.ticket.rank.min(new.ticket.rank);
    let ticket = Ticket { rank, ..new.ticket };
    let spot = match (old.spot, new.spot) {
        (Spot::Waits(wake), _) => Spot::Waits(wake),
        (_, spot) if ticket.lane != old.ticket.lane => spot,
        (Spot::Ready((_, serial)), _) => Spot::Ready(place(&ticket, serial)),
        (Spot::Behind((_, serial)), _) => Spot::Behind(place(&ticket, serial)),
    };
    Job {
        ticket,
        work: new.work,
        spot,
        since: old.since.min(new.since),
        ..old
    }
}

impl Tried {
    /// Counts an end; returns the delay that Box asked for.
    fn note(&mut self, end: End, patience: &Patience) -> Option<Duration> {
        match end {
            End::Done => None,
            End::Failed(asked) => {
                self.failures += 1;
                asked
            }
            End::Busy(asked) => {
                self.busy += 1;
                asked
            }
            End::Innocent(asked) => {
                self.innocents += 1;
                self.failures += u32::from(self.innocents > patience.throttles);
                asked
            }
        }
    }

    fn is_enough(&self, patience: &Patience) -> bool {
        patience.tries.is_some_and(|most| self.failures >= most) || self.busy >= patience.busy
    }

    fn all(&self) -> u32 {
        self.failures + self.busy + self.innocents
    }
}
