//! Which job runs next, and when a failed one is tried again.
//!
//! Pure: told the time and the outcomes, it answers with jobs. Three things hold always:
//! no more jobs of a lane run than it is wide, never two for one key, and never two
//! that Box would take for one.

use crate::model::name::RemoteName;
use crate::model::path::RelPath;
use crate::plan::backoff::Backoff;
use crate::plan::conflict::family;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::time::{Duration, Instant};

/// Jobs of different lanes do not wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// Making and listing folders.
    Folders,
    /// Sending files.
    Files,
}

/// Keys of one class take turns: each has a job of its own, but only one runs.
pub(crate) trait Turns {
    /// What the keys that take turns have in common.
    type Class: Eq + Hash;

    /// The class of this key.
    fn class(&self) -> Self::Class;
}

/// An entry of a mirror takes turns with those that have its name but for case, or a name
/// that one of them may get beside somebody else's file. Two at
/// once could each find the name free, or each take the other's file for a stranger's;
/// and of two folders that are created at once Box has been seen to make both.
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
    /// Times that Box may ask a job to slow down before it counts as a failed try.
    pub(crate) throttles: u32,
    /// The delays in between.
    pub(crate) backoff: Backoff,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// For good.
    Done,
    /// It failed and may work later, not before Box's delay.
    Failed(Option<Duration>),
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
struct Job<K, W> {
    key: K,
    lane: Lane,
    work: W,
    since: Instant,
    failures: u32,
    innocents: u32,
}

/// The queue. `K` names what a job is about, `W` is what it does.
#[derive(Debug)]
pub(crate) struct Queue<K: Turns, W> {
    patience: Patience,
    widths: HashMap<Lane, usize>,
    ready: HashMap<Lane, VecDeque<Job<K, W>>>,
    waiting: BTreeMap<(Instant, u64), Job<K, W>>,
    serial: u64,
    running: HashMap<K, Job<K, W>>,
    /// The classes of what runs.
    taken: HashSet<K::Class>,
    /// Newer work for a key that runs: it starts when the running job ends.
    newer: HashMap<K, Job<K, W>>,
    queued: HashSet<K>,
}

impl<K: Turns + Clone + Eq + Hash, W: Clone> Queue<K, W> {
    /// An empty queue with so many jobs at once in each lane.
    pub(crate) fn new(patience: Patience, folders: usize, files: usize) -> Self {
        Self {
            patience,
            widths: HashMap::from([(Lane::Folders, folders), (Lane::Files, files)]),
            ready: HashMap::new(),
            waiting: BTreeMap::new(),
            serial: 0,
            running: HashMap::new(),
            taken: HashSet::new(),
            newer: HashMap::new(),
            queued: HashSet::new(),
        }
    }

    /// Adds a job. Newer work replaces what is queued for the same key, and waits for
    /// what runs for it. Says whether the key is new to the queue.
    pub(crate) fn push(&mut self, lane: Lane, key: K, work: W, now: Instant) -> bool {
        let job = Job {
            key: key.clone(),
            lane,
            work,
            since: now,
            failures: 0,
            innocents: 0,
        };
        if self.running.contains_key(&key) {
            self.newer.insert(key, job);
            return false;
        }
        if !self.queued.insert(key) {
            self.replace(job);
            return false;
        }
        self.ready.entry(lane).or_default().push_back(job);
        true
    }

    /// Its place and its failures stay: new facts are no reason to hammer. Only in
    /// another lane it has no place yet.
    fn replace(&mut self, new: Job<K, W>) {
        let is_old = |old: &Job<K, W>| old.key == new.key;
        if let Some(old) = self.waiting.values_mut().find(|old| is_old(old)) {
            (old.lane, old.work) = (new.lane, new.work);
            return;
        }
        let Some(old) = self.ready.values_mut().flatten().find(|old| is_old(old)) else {
            return;
        };
        old.work = new.work.clone();
        if old.lane != new.lane {
            let old = Job {
                lane: new.lane,
                ..old.clone()
            };
            self.ready
                .values_mut()
                .for_each(|jobs| jobs.retain(|job| !is_old(job)));
            self.ready.entry(new.lane).or_default().push_back(old);
        }
    }

    /// The next job to start, if one may, from the lanes that `is_open`.
    pub(crate) fn start(&mut self, now: Instant, is_open: impl Fn(Lane) -> bool) -> Option<(K, W)> {
        self.wake(now);
        for lane in [Lane::Folders, Lane::Files] {
            let running = self.running.values().filter(|job| job.lane == lane).count();
            if running >= self.widths[&lane] || !is_open(lane) {
                continue;
            }
            if let Some(job) = self.next_ready(lane) {
                self.queued.remove(&job.key);
                self.taken.insert(job.key.class());
                let start = (job.key.clone(), job.work.clone());
                self.running.insert(job.key.clone(), job);
                return Some(start);
            }
        }
        None
    }

    /// The first whose turn it is.
    fn next_ready(&mut self, lane: Lane) -> Option<Job<K, W>> {
        let jobs = self.ready.get_mut(&lane)?;
        let is_free = |job: &Job<K, W>| !self.taken.contains(&job.key.class());
        let at = jobs.iter().position(is_free)?;
        jobs.remove(at)
    }

    fn wake(&mut self, now: Instant) {
        while let Some(entry) = self.waiting.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let job = entry.remove();
            self.ready.entry(job.lane).or_default().push_back(job);
        }
    }

    /// Records how a running job ended. `chance` (0..=1) is the jitter.
    pub(crate) fn finish(&mut self, key: &K, end: End, now: Instant, chance: f64) -> Fate {
        let Some(mut job) = self.running.remove(key) else {
            return Fate::Gone;
        };
        self.taken.remove(&key.class());
        let asked = match end {
            End::Done => None,
            End::Failed(asked) => {
                job.failures += 1;
                asked
            }
            End::Innocent(asked) => {
                job.innocents += 1;
                if job.innocents > self.patience.throttles {
                    job.failures += 1;
                }
                asked
            }
        };
        let newer = self.newer.remove(key);
        let is_given_up = self.patience.tries.is_some_and(|most| job.failures >= most);
        let is_over = end == End::Done || is_given_up;
        if let Some(newer) = newer {
            let failures = if is_over { 0 } else { job.failures };
            job = Job { failures, ..newer };
        } else if is_over {
            return if is_given_up {
                Fate::GivenUp
            } else {
                Fate::Gone
            };
        }
        let failures = (job.failures + job.innocents).max(1);
        let delay = self.patience.backoff.delay(failures, asked, chance);
        let delay = if end == End::Done {
            Duration::ZERO
        } else {
            delay
        };
        self.serial += 1;
        self.queued.insert(job.key.clone());
        self.waiting.insert((now + delay, self.serial), job);
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

    /// Jobs of a lane that have not started, among those that `is_meant`.
    pub(crate) fn waiting_in(&self, lane: Lane, is_meant: impl Fn(&K) -> bool) -> usize {
        let ready = self.ready.get(&lane).into_iter().flatten();
        let waiting = self.waiting.values().filter(|job| job.lane == lane);
        ready
            .chain(waiting)
            .filter(|job| is_meant(&job.key))
            .count()
    }

    /// Jobs of a lane that run.
    pub(crate) fn running_in(&self, lane: Lane) -> usize {
        self.running.values().filter(|job| job.lane == lane).count()
    }

    /// Jobs that run, among those that `is_meant`.
    pub(crate) fn running_of(&self, is_meant: impl Fn(&K) -> bool) -> usize {
        self.running.keys().filter(|key| is_meant(key)).count()
    }

    /// Whether nothing is left to do.
    pub(crate) fn is_idle(&self) -> bool {
        self.pending() == 0 && self.running.is_empty()
    }

    /// Takes out what has not started, among what `is_meant`, and returns the keys that
    /// left the queue. A key that runs leaves when it ends: only its newer work goes.
    pub(crate) fn take_out(&mut self, is_meant: impl Fn(&K) -> bool) -> Vec<K> {
        let out: Vec<K> = self.queued.extract_if(|key| is_meant(key)).collect();
        self.newer.retain(|key, _| !is_meant(key));
        for jobs in self.ready.values_mut() {
            jobs.retain(|job| !is_meant(&job.key));
        }
        self.waiting.retain(|_, job| !is_meant(&job.key));
        out
    }

    /// When the oldest job that is queued, waiting or running was added, among those
    /// that `is_meant`.
    pub(crate) fn oldest(&self, is_meant: impl Fn(&K) -> bool) -> Option<Instant> {
        let queued = self.ready.values().flatten().chain(self.waiting.values());
        let all = queued.chain(self.running.values());
        all.filter(|job| is_meant(&job.key))
            .map(|job| job.since)
            .min()
    }
}
