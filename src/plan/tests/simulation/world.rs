//! The agent around the pure parts, reduced to what they need: it looks, queues, asks
//! and records, one step at a time, in any order.

use super::super::{DIR, apply, hashed, size};
use super::chaos::{Fault, Swarm};
use super::cloud::{Cloud, Request};
use crate::model::item::Seen;
use crate::model::name::RemoteName;
use crate::model::path::LocalName;
use crate::model::stamp::{Nanos, Stamp};
use crate::model::trouble::Trouble;
use crate::plan::action::{Action, DirPlan, Edit, FileWork};
use crate::plan::backoff::Backoff;
use crate::plan::conflict::family;
use crate::plan::directory;
use crate::plan::facts::{
    Digests, DirFacts, HashError, Hashed, Inventory, Local, LocalEntry, LocalKind, Mapped,
};
use crate::plan::policy::Policy;
use crate::plan::queue::Turns;
use crate::plan::queue::{End, Fate, Lane, Patience, Queue, Rank, Ticket, Widths};
use crate::plan::settle::{self, Effect, Settled};
use crate::plan::transfer::{Next, Reply, Transfer};
use crate::plan::verdict::Verdict;
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

/// A file on the disk.
#[derive(Clone, Debug)]
pub(super) struct LocalFile {
    pub(super) content: u8,
    pub(super) stamp: Stamp,
}

/// A transfer under way. It is played again from its start for each reply, because it
/// borrows its work.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) work: FileWork,
    pub(super) hashed: Hashed,
    /// The transfer is told the digest at once; else it must ask.
    pub(super) is_read: bool,
    pub(super) replies: Vec<Reply>,
    pub(super) next: Next,
}

/// Everything.
pub(super) struct World {
    pub(super) policy: Policy,
    pub(super) swarm: Swarm,
    /// One stream for each concern, so that a change in one leaves the others alone.
    pub(super) ops: Rng,
    pub(super) faults: Rng,
    pub(super) order: Rng,
    pub(super) now: i64,
    pub(super) began: Instant,
    pub(super) disk: BTreeMap<LocalName, LocalFile>,
    pub(super) mapped: Mapped,
    pub(super) inventoried: bool,
    pub(super) cloud: Cloud,
    /// Requests that Box answered with 503 and will do nevertheless.
    pub(super) late: Vec<Request>,
    pub(super) plans: VecDeque<DirPlan>,
    pub(super) queue: Queue<LocalName, FileWork>,
    /// The caller's own count of what the queue holds.
    pub(super) jobs: usize,
    pub(super) running: BTreeMap<LocalName, Job>,
    /// Contents that we tried to put on Box, by local name.
    pub(super) sent: BTreeMap<LocalName, BTreeSet<u8>>,
    /// What a person decided to put ours on top of.
    pub(super) decided: Vec<Seen>,
    /// Files about which Box told an untruth.
    pub(super) lied_about: BTreeSet<LocalName>,
    pub(super) calm: bool,
    pub(super) trace: Option<Vec<String>>,
    pub(super) broken: Option<String>,
}

const PATIENCE: Patience = Patience {
    tries: Some(3),
    busy: 4,
    throttles: 2,
    backoff: Backoff {
        first: Duration::from_secs(1),
        longest: Duration::from_secs(20),
    },
};

impl Turns for LocalName {
    type Class = String;

    fn class(&self) -> String {
        RemoteName::from_box(family(&self.to_string())).sibling_key()
    }
}

pub(super) fn new_queue() -> Queue<LocalName, FileWork> {
    let widths = Widths {
        folders: 1,
        files: 2,
        large: 1,
    };
    Queue::new(PATIENCE, widths)
}

impl World {
    pub(super) fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(line());
        }
    }

    pub(super) fn violate(&mut self, what: impl Into<String>) {
        let what = what.into();
        self.note(|| format!("VIOLATED: {what}"));
        self.broken.get_or_insert(what);
    }

    pub(super) fn instant(&self) -> Instant {
        self.began + Duration::from_nanos(self.now.unsigned_abs())
    }

    /// Plans the directory, or one entry of it, and keeps the plan for delivery: the
    /// world goes on in between.
    pub(super) fn look(&mut self, only: Option<&LocalName>) {
        // One pass at a time; and what is planned from a listing is taken in first.
        let is_pass = only.is_none();
        if is_pass && !self.plans.is_empty() || !is_pass && !self.inventoried {
            return;
        }
        let is_meant = |name: &LocalName| only.is_none_or(|only| only == name);
        let local = self.disk.iter().filter(|(name, _)| is_meant(name));
        let entry = |(name, file): (&LocalName, &LocalFile)| LocalEntry {
            name: name.clone(),
            kind: LocalKind::File(file.stamp),
        };
        let local = local.map(entry).collect();
        let mut mapped = self.mapped.clone();
        mapped.files.retain(|name, _| is_meant(name));
        mapped.parked.retain(|name, _| is_meant(name));
        mapped.intents.retain(|name, _| is_meant(name));
        mapped.decisions.retain(|name, _| is_meant(name));
        let must_list = !self.inventoried && only.is_none();
        if must_list && self.cloud.hidden {
            return;
        }
        let inventory = must_list.then(|| Inventory::new(self.list()));
        let facts = DirFacts {
            local,
            complete: only.is_none(),
            mapped,
            inventory,
            restless: BTreeSet::new(),
            now: Nanos(self.now),
            steady: Nanos(self.now),
        };
        let mut digests = Digests::new();
        for name in directory::suspects(&facts, &self.policy) {
            let file = &self.disk[&name];
            let digest = Ok(hashed(file.content, file.stamp, self.now));
            let is_busy = self.strikes(Fault::Busy);
            let digest = if is_busy {
                Err(HashError::Changing)
            } else {
                digest
            };
            digests.insert(name, digest);
        }
        let plan = directory::plan(DIR, &facts, &digests, &self.policy);
        self.note(|| format!("look {only:?}: {plan:?}"));
        self.plans.push_back(plan);
    }

    /// Takes in the oldest plan.
    pub(super) fn deliver(&mut self) {
        let Some(plan) = self.plans.pop_front() else {
            return;
        };
        self.record(plan.edits);
        for action in plan.actions {
            let Action::File(work) = action else {
                continue;
            };
            let (now, name) = (self.instant(), work.name.clone());
            let ticket = Ticket::file(work.stamp.size, Rank::Backfill);
            let is_new = self.queue.push(ticket, name, work, now);
            self.jobs += usize::from(is_new);
        }
    }

    pub(super) fn record(&mut self, edits: Vec<Edit>) {
        for edit in edits {
            self.note(|| format!("edit {edit:?}"));
            if let Edit::PutFile(_, name, row) = &edit {
                self.check_row(name, row);
            }
            if matches!(edit, Edit::Inventoried(_)) {
                self.inventoried = true;
            }
            apply(&mut self.mapped, edit);
        }
    }

    /// Starts a job, if one may start.
    pub(super) fn start(&mut self) -> bool {
        let Some((name, mut work)) = self.queue.start(self.instant(), |_, _| true) else {
            return false;
        };
        self.note(|| format!("start {name:?}"));
        if self.running.contains_key(&name) || self.running.len() >= 2 {
            self.violate(format!("too many jobs, or a second one for {name:?}"));
        }
        work.recall(&self.mapped);
        let Some(file) = self.disk.get(&name) else {
            let verdict = Verdict::of(Trouble::LocalGone);
            let settled = settle::verdict(DIR, &name, verdict, Some(work.stamp), true);
            self.settle(&name, settled);
            return true;
        };
        let fresh = hashed(file.content, file.stamp, self.now);
        let known = work.hashed;
        let known = known.filter(|known| known.stamp.same_file_state(&file.stamp));
        let mut job = Job {
            work,
            hashed: known.unwrap_or(fresh),
            is_read: self.order.bool(),
            replies: Vec::new(),
            next: Next::Ask(crate::plan::transfer::Ask::Root),
        };
        job.next = job.play(self.policy);
        self.running.insert(name, job);
        true
    }

    /// Lets a running job take one step.
    pub(super) fn advance(&mut self, name: &LocalName) {
        let next = self.running[name].next.clone();
        self.note(|| format!("{name:?}: {next:?}"));
        match next {
            Next::End(outcome) => {
                let job = self.running.remove(name).unwrap();
                let silence = |r: &Reply| matches!(r, Reply::Trouble(Trouble::NoAnswer(_)));
                let answered = !job.replies.iter().all(silence);
                let settled = settle::file(DIR, &job.work, job.hashed.stamp, outcome, answered);
                self.settle(name, settled);
            }
            Next::Ask(ask) => {
                let Some(reply) = self.reply(name, &ask) else {
                    return self.crash();
                };
                self.note(|| format!("{name:?}: -> {reply:?}"));
                let policy = self.policy;
                let job = self.running.get_mut(name).unwrap();
                job.replies.push(reply);
                job.next = job.play(policy);
                if job.replies.len() > 40 {
                    self.violate("a transfer that does not end");
                }
            }
        }
    }

    fn settle(&mut self, name: &LocalName, settled: Settled) {
        self.note(|| format!("{name:?}: {:?}", settled.effect));
        self.record(settled.edits);
        let end = match settled.effect {
            Effect::Done(_) | Effect::Full(..) | Effect::Vanished | Effect::Halt(_) => End::Done,
            Effect::Again(end, _) => end,
            // The process ends; the next one begins with what was stored.
            Effect::Unauthorized(_) => return self.crash(),
        };
        let (now, chance) = (self.instant(), self.order.f64());
        match self.queue.finish(name, end, now, chance) {
            Fate::Waits => {}
            Fate::Gone | Fate::GivenUp => self.leave(1),
        }
        if matches!(settled.effect, Effect::Halt(_)) {
            let out = self.queue.take_out(&Lane::ALL, |_| true).len();
            self.leave(out);
        }
    }

    fn leave(&mut self, count: usize) {
        match self.jobs.checked_sub(count) {
            Some(jobs) => self.jobs = jobs,
            None => self.violate("more jobs left the queue than came in"),
        }
    }

    /// What was only in memory is lost.
    pub(super) fn crash(&mut self) {
        self.note(|| "crash".to_owned());
        self.queue = new_queue();
        self.jobs = 0;
        self.running.clear();
        self.plans.clear();
    }
}

impl Job {
    fn play(&self, policy: Policy) -> Next {
        let local = Local {
            stamp: self.hashed.stamp,
            hashed: Some(self.hashed).filter(|_| self.is_read),
        };
        let mut transfer = Transfer::new(&self.work, local, policy, "1".to_owned());
        let mut next = transfer.start();
        for reply in &self.replies {
            next = transfer.answer(reply.clone());
        }
        next
    }
}

impl LocalFile {
    pub(super) fn new(content: u8, now: i64) -> Self {
        let stamp = super::super::stamp(content, now);
        Self { content, stamp }
    }

    /// New bytes under an old stamp, as through a memory map.
    pub(super) fn sneak(&mut self, content: u8) {
        if size(content) == self.stamp.size {
            self.content = content;
        }
    }
}
