//! What follows from a job that ended.

use crate::agent::engine::passes::Of;
use crate::agent::engine::{Engine, Finished, Resolved, Stop};
use crate::agent::job::{Ended, Key, Moves, Work};
use crate::agent::notice::{Effort, Notice};
use crate::agent::survey::{Dir, How, Place, Scope};
use crate::model::reason::{Failed, Parked};
use crate::plan::action::Report;
use crate::plan::facts::{Inventory, SyncedFolder};
use crate::plan::guard::Halt;
use crate::plan::queue::{End, Fate, Lane, Rank};
use crate::plan::settle::Effect;
use crate::store::error::Error as StoreError;
use std::time::{Duration, Instant};

/// So often in a row a move may turn out not to be what it had looked like.
const MOST_STUMBLES: u32 = 20;

impl Engine {
    pub(super) fn on_finished(&mut self, mut finished: Finished) -> Result<(), StoreError> {
        self.effort = std::mem::take(&mut finished.effort);
        let done = self.on_ended(finished);
        self.effort = Effort::default();
        done
    }

    fn on_ended(&mut self, finished: Finished) -> Result<(), StoreError> {
        let Finished {
            key,
            ticket,
            began,
            effort: _,
            ended,
        } = finished;
        let lane = ticket.lane;
        let mirror = key.0;
        match ended {
            Ended::Store(error) => return Err(error),
            Ended::FolderReady {
                folder,
                inventory,
                report,
            } => self.on_folder(&key, ticket.rank, folder, (inventory, report)),
            Ended::Weighed(weighed) => self.on_weighed(&key, weighed)?,
            Ended::Young(_) | Ended::Moved(..) | Ended::Trashed(..) => {
                let ended = self.on_more(&key, ticket.rank, ended);
                let finished = Finished {
                    key,
                    ticket,
                    began,
                    effort: Effort::default(),
                    ended,
                };
                return self.on_ended(finished);
            }
            Ended::Effect(Effect::Done(report)) => self.on_done(key, report)?,
            Ended::Effect(Effect::Vanished) => {
                self.parts[mirror].failed.remove(&key);
                self.parts[mirror].late.remove(&key.1);
                let gone = Resolved::Nothing("the local file is gone".to_owned());
                self.tell_resolvers(&key, &gone);
                self.over(&key);
            }
            Ended::Effect(Effect::Full(said, size)) => self.on_full(key, said, size),
            Ended::Effect(Effect::Again(end, failed)) => {
                self.again(key, lane, began, end, failed);
            }
            Ended::Effect(Effect::Halt(halt)) => {
                self.over(&key);
                self.not_reached(mirror, lane);
                if !self.parts[mirror].is_stopped() {
                    self.halt(mirror, halt);
                }
            }
            Ended::Effect(Effect::Unauthorized(said)) => {
                self.over(&key);
                self.stop.get_or_insert(Stop::Unauthorized(said));
                self.not_reached(mirror, lane);
            }
        }
        self.end_pass(mirror)
    }

    fn on_folder(
        &mut self,
        key: &Key,
        rank: Rank,
        folder: SyncedFolder,
        (inventory, report): (Option<Inventory>, Option<Report>),
    ) {
        let pass = self.parts[key.0].pass_of(&key.1);
        let of = Of {
            mirror: key.0,
            pass,
            rank,
            since: self.queue.since(key).filter(|_| !key.1.is_root()),
        };
        if let Some(report) = report {
            self.account(key.clone(), report);
        }
        // First the visit: without it the pass might end here.
        self.visit(key, of, folder, inventory);
        self.over(key);
    }

    /// Sees to what there is beside how the entry itself ended, and returns that.
    fn on_more(&mut self, key: &Key, rank: Rank, ended: Ended) -> Ended {
        match ended {
            Ended::Young(effect) => {
                let path = key.1.clone();
                self.schedule.look_when_older(key.0, path, Instant::now());
                Ended::Effect(effect)
            }
            Ended::Trashed(reports, effect, is_awaited) => {
                if is_awaited && self.schedule.is_lasting() {
                    self.look_for_gone(key.0);
                }
                for (path, report) in reports {
                    self.account((key.0, path), report);
                }
                Ended::Effect(effect)
            }
            Ended::Moved(moves, then) => {
                self.on_moved(key, rank, moves);
                *then
            }
            other => other,
        }
    }

    /// Tells of what has moved, and looks at where it went to, and at where it did not.
    fn on_moved(&mut self, key: &Key, rank: Rank, moves: Moves) {
        let pass = self.parts[key.0].pass_of(&key.1);
        let stumbles = &mut self.parts[key.0].stumbles;
        if moves.moved.is_empty() {
            let times = stumbles.entry(key.1.clone()).or_default();
            *times += 1;
            if *times > MOST_STUMBLES {
                self.schedule
                    .give_second_chance(key.0, key.1.clone(), Instant::now());
                return self.account(key.clone(), Report::Failed(Failed::Changing));
            }
        } else {
            stumbles.remove(&key.1);
        }
        for (item, from, to) in moves.moved {
            let from = self.context.named(from);
            self.account(to, Report::Moved(item, from));
        }
        for (mirror, path) in moves.look {
            if self.stop.is_some() || self.parts[mirror].is_stopped() {
                self.miss(mirror, 0, true);
                continue;
            }
            let pass = pass.filter(|_| mirror == key.0);
            let how = How::Below;
            let scope = Scope::Places(vec![Place { path, how }]);
            let since = self.queue.since(key);
            let of = Of {
                mirror,
                pass,
                rank,
                since,
            };
            let visit = self.visit_of(of, scope);
            self.add_visit(visit);
        }
    }

    fn on_done(&mut self, key: Key, report: Report) -> Result<(), StoreError> {
        if let Report::Parked(Parked::Locked(..)) = report {
            self.schedule.look_at_lock(&key, Instant::now());
        }
        self.notice_room(&key, &report)?;
        self.over(&key);
        self.account(key, report);
        Ok(())
    }

    /// The job is out of the queue, unless newer work waits for the same entry.
    pub(super) fn over(&mut self, key: &Key) {
        let fate = self
            .queue
            .finish(key, End::Done, Instant::now(), fastrand::f64());
        if fate == Fate::Gone {
            self.job_ended(key);
        }
    }

    fn job_ended(&mut self, key: &Key) {
        self.parts[key.0].job_ended(&key.1);
        self.context.meter.over(key);
    }

    fn visit(&mut self, key: &Key, of: Of, folder: SyncedFolder, inventory: Option<Inventory>) {
        let (mirror, path) = (key.0, key.1.clone());
        if self.stop.is_some() || self.parts[mirror].is_stopped() {
            self.miss(mirror, 0, true);
            return;
        }
        let scope = Scope::Tree(Dir { path, folder }, inventory);
        let visit = self.visit_of(of, scope);
        self.parts[mirror].visit_added(visit.pass, visit.since);
        self.visits_of(visit.rank).push_first(visit);
    }

    fn again(&mut self, key: Key, lane: Lane, began: Instant, end: End, failed: Failed) {
        // What is cut off because of the stop says nothing about Box.
        if self.stop.is_none() {
            self.listen(&failed, began);
        }
        self.tell_hold();
        let asked = match end {
            End::Failed(asked) | End::Busy(asked) | End::Innocent(asked) => asked,
            End::Done => None,
        };
        if let (Some(longest), Some(asked)) = (self.temper.longest_wait, asked)
            && asked > longest
        {
            self.stop.get_or_insert(Stop::Deferred(asked));
        }
        if self.stop.is_some() || self.parts[key.0].is_stopped() {
            self.over(&key);
            self.not_reached(key.0, lane);
            return;
        }
        if failed == Failed::Changing {
            self.queue.amend(&key, Work::changed_again);
        }
        let now = Instant::now();
        let since = self.queue.since(&key);
        match self.queue.finish(&key, end, now, fastrand::f64()) {
            Fate::Waits => {}
            Fate::Gone => self.job_ended(&key),
            Fate::GivenUp => {
                self.job_ended(&key);
                let late = &mut self.parts[key.0].late;
                late.add(key.1.clone(), since.unwrap_or(now));
                self.give_up(key, failed, now);
            }
        }
    }

    /// Directories are not counted: nobody knows what is in them.
    pub(super) fn not_reached(&mut self, mirror: usize, lane: Lane) {
        self.miss(mirror, u64::from(lane.sends()), !lane.sends());
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
    fn listen(&mut self, failed: &Failed, began: Instant) {
        let client = &self.context.client;
        self.silence.hear(client.answers());
        if client
            .held_until()
            .is_some_and(|until| until > Instant::now())
        {
            return self.silence.end();
        }
        let heard = match failed {
            Failed::NoAnswer(what) => what.clone(),
            Failed::Box(_) => failed.to_string(),
            Failed::Read(_) | Failed::Changing | Failed::Hidden(_) => return,
        };
        if self.silence.deepen(began, Instant::now(), &heard) {
            (self.sink)(Notice::Unreachable(heard));
        }
    }

    /// Stops when Box has been silent for too long.
    pub(super) fn end_silence(&mut self) {
        self.silence.hear(self.context.client.answers());
        if let Some(heard) = self.silence.too_long(self.temper.silence, Instant::now()) {
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
