//! One mirror's part in a run: its passes, what belongs to them, and how it stands.

use crate::agent::engine::pause::Paused;
use crate::agent::engine::put_off::PutOff;
use crate::agent::job::Key;
use crate::model::path::RelPath;
use crate::model::reason::Failed;
use crate::plan::guard::Halt;
use crate::plan::lag::{Late, Looks};
use crate::plan::policy::Quiet;
use crate::plan::tally::Tally;
use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant, SystemTime};

/// How far a pass is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Weighing what an earlier one has shown, before anything is looked at.
    Before,
    /// Looking, and doing what there is to do.
    Looking,
    /// Weighing what is gone.
    After,
    /// That has been weighed, and goes.
    Weighed,
}

/// A pass under way. It ends when everything that it found has come to an end; what
/// hints found meanwhile does not hold it up.
#[derive(Debug)]
pub(super) struct Pass {
    /// Its number.
    pub(super) number: u64,
    /// How long things must have been left alone.
    pub(super) quiet: Quiet,
    /// How far it is.
    pub(super) stage: Stage,
    began: Instant,
    /// The same as people count.
    began_at: SystemTime,
    visits: usize,
    jobs: HashSet<RelPath>,
    halted: bool,
}

/// The part.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Why the mirror stands still. It is believed until a pass finds it otherwise.
    pub(super) halt: Option<Halt>,
    /// Whoever asked that it be left alone, and until when.
    pub(super) pause: Option<Paused>,
    /// The pass under way.
    pub(super) pass: Option<Pass>,
    /// The last pass that was asked for, and the last that came to its end, by number.
    pub(super) requested: u64,
    pub(super) done: u64,
    /// How long things must have been left alone for the next pass.
    pub(super) quiet: Option<Quiet>,
    /// Visits that wait or run, and jobs that wait or run.
    pub(super) visits: usize,
    pub(super) jobs: usize,
    /// When the last pass came to its end without a halt, which may have been a former run's.
    pub(super) last_pass: Option<SystemTime>,
    /// No pass of this engine has found the mirror in order yet: since when something may
    /// not be on Box, for all that former runs have left.
    pub(super) unknown_since: Option<Instant>,
    /// When that had begun.
    pub(super) last_began: Option<SystemTime>,
    /// How what needed nothing stood when the last pass looked.
    pub(super) tally: Tally,
    /// Something was not looked at since, because the mirror stood still.
    pub(super) is_unseen: bool,
    /// Whether the pass under way has left out what had just been written to.
    pub(super) is_partial: bool,
    /// Entries that are looked at when everything else has been.
    pub(super) put_off: PutOff,
    /// How often in a row a move was not what it had looked like.
    pub(super) stumbles: BTreeMap<RelPath, u32>,
    /// Entries that were given up and have not been seen well since.
    pub(super) failed: BTreeMap<Key, Failed>,
    /// The same, with since when each of them waits; not forgotten when a pass begins.
    pub(super) late: Late,
    /// Since when the mirror stands still, and what waited then has been waiting.
    pub(super) still: Option<Instant>,
    /// Visits that wait or run because something may have changed.
    looks: Looks,
    /// Passes that were asked for because something may have changed, by number.
    asked: BTreeMap<u64, Instant>,
}

impl Part {
    /// Of a mirror that nobody has looked at, whose run begins now.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            unknown_since: Some(now),
            ..Self::default()
        }
    }

    /// Begins the pass that was asked for last.
    pub(super) fn begin(&mut self, quiet: Quiet) {
        let number = self.requested;
        let quiet = self.quiet.take().unwrap_or(quiet);
        let (visits, jobs) = (0, HashSet::new());
        self.pass = Some(Pass {
            number,
            quiet,
            stage: Stage::Looking,
            began: Instant::now(),
            began_at: crate::clock::wall(),
            visits,
            jobs,
            halted: false,
        });
        self.stumbles.clear();
        // A pass looks at everything: what still fails, fails again.
        self.failed.clear();
        self.is_partial = false;
        self.is_unseen = false;
        self.tally = Tally::default();
    }

    /// Ends the pass under way if nothing of it is left; says how long it took if it found
    /// the mirror in order. What hints found meanwhile may still be queued.
    pub(super) fn end(&mut self, is_queued: impl Fn(&RelPath) -> bool) -> Option<Option<Duration>> {
        let pass = self.pass.take_if(|pass| {
            let is_put_off = self.put_off.holds_up(pass.number);
            pass.visits == 0 && pass.jobs.is_empty() && !is_put_off
        })?;
        self.done = pass.number;
        self.asked = self.asked.split_off(&(pass.number + 1));
        if !pass.halted {
            self.halt = None;
            self.still = None;
            let failed: HashSet<&RelPath> = self.failed.keys().map(|(_, path)| path).collect();
            self.late
                .retain(|path| failed.contains(path) || is_queued(path));
            self.last_pass = Some(crate::clock::wall());
            self.last_began = Some(pass.began_at);
        }
        Some((!pass.halted).then(|| pass.began.elapsed()))
    }

    /// A pass has found the mirror in order. What it gave up may have waited before this run.
    pub(super) fn is_known_now(&mut self) {
        if let Some(since) = self.unknown_since.take() {
            self.late.waits_since(since);
        }
    }

    /// Whether the pass under way has looked at everything and done what there was to do.
    pub(super) fn has_looked(&self) -> bool {
        let looked = |pass: &Pass| {
            let is_over = pass.visits == 0 && pass.jobs.is_empty();
            is_over && !pass.halted && pass.stage == Stage::Looking
        };
        self.pass.as_ref().is_some_and(looked)
    }

    /// The pass under way is that far; its number.
    pub(super) fn set_stage(&mut self, stage: Stage) -> Option<u64> {
        let pass = self.pass.as_mut()?;
        pass.stage = stage;
        Some(pass.number)
    }

    /// Whether nothing is to be done in the mirror now.
    pub(super) fn is_stopped(&self) -> bool {
        let is_halted = match &self.pass {
            Some(pass) => pass.halted,
            None => self.halt.is_some(),
        };
        is_halted || self.pause.is_some()
    }

    /// What the pass under way has left is not looked at by it any more.
    pub(super) fn break_off(&mut self) {
        if let Some(pass) = &mut self.pass {
            pass.halted = true;
        }
    }

    /// Nothing is to be looked at: what was asked for counts as over.
    pub(super) fn skip(&mut self) {
        self.done = self.requested;
        self.asked.clear();
        self.quiet = None;
    }

    /// The mirror stands still from now on.
    pub(super) fn stop(&mut self, halt: Halt) {
        self.halt = Some(halt);
        self.break_off();
    }

    /// The number of the pass that the job at this path belongs to.
    pub(super) fn pass_of(&self, path: &RelPath) -> Option<u64> {
        let pass = self.pass.as_ref()?;
        pass.jobs.contains(path).then_some(pass.number)
    }

    /// The next pass is asked for because something may have changed, as has been known
    /// since then.
    pub(super) fn look_asked(&mut self, since: Instant) {
        let asked = self.asked.entry(self.requested + 1).or_insert(since);
        *asked = since.min(*asked);
    }

    /// Since when somebody is to look.
    pub(super) fn oldest_look(&self) -> Option<Instant> {
        let asked = self.asked.values().copied();
        asked.chain(self.looks.oldest()).min()
    }

    /// A visit waits now; `of` is the pass that it belongs to, and its reason has been
    /// known since then.
    pub(super) fn visit_added(&mut self, of: Option<u64>, since: Option<Instant>) {
        self.visits += 1;
        self.looks.add(since);
        if let Some(pass) = self.numbered(of) {
            pass.visits += 1;
        }
    }

    /// A visit is over, or will not be.
    pub(super) fn visit_ended(&mut self, of: Option<u64>, since: Option<Instant>) {
        self.visits -= 1;
        self.looks.remove(since);
        if let Some(pass) = self.numbered(of) {
            pass.visits -= 1;
        }
    }

    /// A job was pushed, for an entry that `is_new` to the queue or not.
    pub(super) fn job_added(&mut self, path: RelPath, of: Option<u64>, is_new: bool) {
        self.jobs += usize::from(is_new);
        if let Some(pass) = self.numbered(of) {
            pass.jobs.insert(path);
        }
    }

    /// An entry has left the queue.
    pub(super) fn job_ended(&mut self, path: &RelPath) {
        self.jobs = self.jobs.saturating_sub(1);
        if let Some(pass) = &mut self.pass {
            pass.jobs.remove(path);
        }
    }

    fn numbered(&mut self, number: Option<u64>) -> Option<&mut Pass> {
        self.pass
            .as_mut()
            .filter(|pass| Some(pass.number) == number)
    }
}
