//! What follows from a job that ended.

use crate::agent::engine::{Engine, Stop};
use crate::agent::job::{Ended, Key};
use crate::agent::notice::Notice;
use crate::agent::survey::{Dir, Scope, Visit};
use crate::model::reason::Failed;
use crate::plan::action::Report;
use crate::plan::facts::{Inventory, SyncedFolder};
use crate::plan::guard::Halt;
use crate::plan::queue::{End, Fate};
use crate::plan::settle::Effect;
use crate::store::error::Error as StoreError;
use std::time::{Duration, Instant};

impl Engine {
    pub(super) fn on_ended(&mut self, key: Key, ended: Ended) -> Result<(), StoreError> {
        let mirror = key.0;
        match ended {
            Ended::Store(error) => return Err(error),
            Ended::Young(effect) => {
                let path = key.1.clone();
                self.schedule.look_when_older(mirror, path, Instant::now());
                return self.on_ended(key, Ended::Effect(effect));
            }
            Ended::FolderReady {
                folder,
                inventory,
                report,
            } => {
                self.over(&key);
                if let Some(report) = report {
                    self.account(key.clone(), report);
                }
                self.visit(key, folder, inventory);
            }
            Ended::Effect(Effect::Done(report)) => {
                self.over(&key);
                self.account(key, report);
            }
            Ended::Effect(Effect::Vanished) => self.over(&key),
            Ended::Effect(Effect::Again(end, failed)) => self.again(key, end, failed),
            Ended::Effect(Effect::Halt(halt)) => {
                self.over(&key);
                self.not_reached(&key);
                if self.runs[mirror].halt.is_none() {
                    self.halt(mirror, halt);
                }
            }
            Ended::Effect(Effect::Unauthorized(said)) => {
                self.over(&key);
                self.not_reached(&key);
                self.stop.get_or_insert(Stop::Unauthorized(said));
            }
        }
        self.end_pass(mirror)
    }

    /// The job is out of the queue, unless newer work waits for the same entry.
    fn over(&mut self, key: &Key) {
        if self
            .queue
            .finish(key, End::Done, Instant::now(), fastrand::f64())
            == Fate::Gone
        {
            self.runs[key.0].jobs -= 1;
        }
    }

    fn visit(&mut self, key: Key, folder: SyncedFolder, inventory: Option<Inventory>) {
        let (mirror, path) = key;
        if self.stop.is_some() || self.runs[mirror].halt.is_some() {
            self.unseen = true;
            return;
        }
        let scope = Scope::Tree(Dir { path, folder }, inventory);
        // Depth first: the visits that wait are those of one branch.
        self.visits.push_front(Visit {
            mirror,
            scope,
            settle: self.runs[mirror].pass_settle.unwrap_or(self.temper.settle),
        });
        self.runs[mirror].visits += 1;
    }

    fn again(&mut self, key: Key, end: End, failed: Failed) {
        let now = Instant::now();
        self.listen(&failed, now);
        self.tell_hold();
        if let (Some(longest), End::Failed(Some(asked)) | End::Innocent(Some(asked))) =
            (self.temper.longest_wait, end)
            && asked > longest
        {
            self.stop.get_or_insert(Stop::Deferred(asked));
        }
        if self.stop.is_some() || self.runs[key.0].halt.is_some() {
            self.over(&key);
            self.not_reached(&key);
            return;
        }
        match self.queue.finish(&key, end, now, fastrand::f64()) {
            Fate::Waits => {}
            Fate::Gone => self.runs[key.0].jobs -= 1,
            Fate::GivenUp => {
                self.runs[key.0].jobs -= 1;
                self.give_up(key, failed, now);
            }
        }
    }

    /// A root is no entry of anything.
    fn not_reached(&mut self, key: &Key) {
        self.tally.pending += u64::from(!key.1.is_root());
    }

    fn give_up(&mut self, key: Key, failed: Failed, now: Instant) {
        if key.1.is_root() {
            // Without its root folder nothing of the mirror can be compared.
            return self.halt(key.0, Halt::FolderUnreadable(failed.to_string()));
        }
        self.schedule.give_second_chance(key.0, key.1.clone(), now);
        self.account(key, Report::Failed(failed));
    }

    /// Notices whether Box has been silent to everybody.
    fn listen(&mut self, failed: &Failed, now: Instant) {
        let client = &self.context.client;
        // Asked to wait is answered.
        let is_held = client.held_until().is_some_and(|until| until > now);
        if self.heard_something() || is_held {
            self.silent = None;
        } else if self.silent.is_none() {
            let heard = heard_instead(failed);
            (self.sink)(Notice::Unreachable(heard.clone()));
            self.silent = Some((now, heard));
        }
    }

    /// Whether Box has answered anything since this was last asked.
    fn heard_something(&mut self) -> bool {
        let answers = self.context.client.answers();
        std::mem::replace(&mut self.answers, answers) != answers
    }

    /// When the silence becomes too long, if there is one.
    pub(super) fn silence_ends(&self) -> Option<Instant> {
        let (since, _) = self.silent.as_ref()?;
        Some(*since + self.temper.silence?)
    }

    /// Stops when the silence has become too long.
    pub(super) fn end_silence(&mut self, now: Instant) {
        if self.heard_something() {
            self.silent = None;
        }
        if self.silence_ends().is_some_and(|end| end <= now)
            && let Some((_, heard)) = self.silent.take()
        {
            self.stop.get_or_insert(Stop::Unreachable(heard));
        }
    }

    fn tell_hold(&mut self) {
        let hold = self.context.client.held_until();
        if hold != self.told_hold {
            self.told_hold = hold;
            let left = hold.map(|until| until.saturating_duration_since(Instant::now()));
            if let Some(left) = left.filter(|left| *left >= Duration::from_millis(500)) {
                (self.sink)(Notice::Throttled(left));
            }
        }
    }
}

/// What was heard instead of an answer.
fn heard_instead(failed: &Failed) -> String {
    match failed {
        Failed::NoAnswer(what) => what.clone(),
        other => other.to_string(),
    }
}
