//! Looking: passes over whole mirrors, and visits of single places.

use crate::agent::engine::part::Part;
use crate::agent::engine::{Engine, Resolved, Stop};
use crate::agent::eyes::Opened;
use crate::agent::job::{Key, Work};
use crate::agent::notice::Notice;
use crate::agent::survey::{Dir, MANY, Scope, Surveyed, Visit};
use crate::model::path::{LocalName, RelPath};
use crate::model::reason::LOCKED;
use crate::plan::action::{Action, DirPlan, Edit, Report};
use crate::plan::debounce::{Hint, What};
use crate::plan::guard::Halt;
use crate::plan::history::Happening;
use crate::plan::policy::Quiet;
use crate::plan::queue::{Lane, Rank};
use crate::store::error::Error as StoreError;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// What a visit or a job belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Of {
    /// Which mirror.
    pub(super) mirror: usize,
    /// The pass that it is part of, if any.
    pub(super) pass: Option<u64>,
    /// Its rank.
    pub(super) rank: Rank,
    /// Since when its reason has been known; `None`: it is found now.
    pub(super) since: Option<Instant>,
}

impl Of {
    /// Part of the pass that is under way in a mirror, if one is.
    pub(super) fn pass(mirror: usize, pass: Option<u64>) -> Self {
        Self {
            mirror,
            pass,
            rank: Rank::Backfill,
            since: None,
        }
    }

    pub(super) fn ranked(self, rank: Rank) -> Self {
        Self { rank, ..self }
    }
}

impl Engine {
    /// Asks for a pass over a mirror that begins after now.
    pub(crate) fn request_pass(&mut self, mirror: usize, quiet: Quiet) -> Result<u64, StoreError> {
        let part = &mut self.parts[mirror];
        part.requested += 1;
        part.quiet = Some(part.quiet.map_or(quiet, |other| other.at_most(quiet)));
        let number = part.requested;
        self.begin_pass(mirror)?;
        Ok(number)
    }

    /// The same because something may have changed, as has been known since then.
    pub(super) fn request_look(&mut self, mirror: usize, since: Instant) -> Result<(), StoreError> {
        // It may come to its end at once.
        self.parts[mirror].look_asked(since);
        self.request_pass(mirror, self.temper.quiet)?;
        Ok(())
    }

    /// Begins the pass that was asked for, unless one is under way.
    fn begin_pass(&mut self, mirror: usize) -> Result<(), StoreError> {
        let part = &mut self.parts[mirror];
        if part.pass.is_some() || part.requested == part.done {
            return Ok(());
        }
        if part.pause.is_some() {
            part.skip();
            if !self.schedule.is_lasting() {
                self.tell_of_pause(mirror);
            }
            return Ok(());
        }
        part.begin(self.temper.quiet);
        if self.schedule.is_lasting() {
            self.context.run.renew();
        }
        let context = Arc::clone(&self.context);
        let of = &context.mirrors[mirror];
        self.eyes.ensure(mirror, of, &self.events);
        if let Ok(mut seen) = of.seen.try_lock() {
            *seen = false;
        }
        // What stood still because of Box goes on only when Box has been asked.
        let must_ask = matches!(
            self.parts[mirror].halt,
            Some(Halt::FolderInvisible(_) | Halt::FolderUnreadable(_))
        );
        let root = self
            .context
            .readers
            .get()?
            .root(&of.name, &of.target_key())?;
        match root.filter(|root| root.inventoried && !must_ask) {
            Some(folder) => {
                let moving = self.context.readers.get()?.moving_below(folder.key)?;
                if !moving.is_empty() && !self.is_moving(mirror) {
                    let pass = self.parts[mirror].pass.as_ref().map(|pass| pass.number);
                    self.push(
                        Of::pass(mirror, pass),
                        RelPath::root(),
                        Work::Moving(moving),
                    );
                } else if !self.weighs_first(mirror, &folder)? {
                    self.look_at_tree(mirror)?;
                }
            }
            None => match of.open_root() {
                // Nothing is asked of Box for a directory that is not there.
                Err(halt) => self.halt(mirror, halt),
                Ok(_) => {
                    let pass = self.parts[mirror].pass.as_ref().map(|pass| pass.number);
                    self.push(Of::pass(mirror, pass), RelPath::root(), Work::Root);
                }
            },
        }
        self.end_pass(mirror)
    }

    /// Looks at all of a mirror whose root folder is known.
    pub(super) fn look_at_tree(&mut self, mirror: usize) -> Result<(), StoreError> {
        let context = Arc::clone(&self.context);
        let of = &context.mirrors[mirror];
        let reader = context.readers.get()?;
        let Some(folder) = reader.root(&of.name, &of.target_key())? else {
            return Ok(());
        };
        let left = reader.sessions_below(folder.key)?;
        drop(reader);
        let pass = self.parts[mirror].pass.as_ref().map(|pass| pass.number);
        if !left.is_empty() {
            self.push(
                Of::pass(mirror, pass),
                RelPath::root(),
                Work::Leftovers(left),
            );
        }
        let top = Dir {
            path: RelPath::root(),
            folder,
        };
        self.look(mirror, Scope::Tree(top, None));
        Ok(())
    }

    /// Whether a job is at work, or waits, that may be moving something there.
    fn is_moving(&self, mirror: usize) -> bool {
        let waiting = |rank| self.queue.waiting_in(Lane::Folders, rank);
        let folders: usize = Rank::ALL.into_iter().map(waiting).sum();
        self.parts[mirror].jobs > 0 && folders + self.queue.running_in(Lane::Folders) > 0
    }

    /// Adds a visit of the pass under way.
    fn look(&mut self, mirror: usize, scope: Scope) {
        let pass = self.parts[mirror].pass.as_ref().map(|pass| pass.number);
        self.look_further(Of::pass(mirror, pass), scope);
    }

    /// Adds a visit of that pass, or, without one, of a hint.
    pub(super) fn look_further(&mut self, of: Of, scope: Scope) {
        let visit = self.visit_of(of, scope);
        self.add_visit(visit);
    }

    pub(super) fn add_visit(&mut self, visit: Visit) {
        self.parts[visit.mirror].visit_added(visit.pass, visit.since);
        self.visits_of(visit.rank).push(visit);
    }

    pub(super) fn visit_of(&self, of: Of, scope: Scope) -> Visit {
        let Of {
            mirror,
            pass,
            rank,
            since,
        } = of;
        let no_room = self.no_room_for(mirror).map(|no_room| no_room.from);
        // Who asks for it knows that it is good as it is, and wants to see what Box says.
        let is_asked = rank == Rank::Asked;
        Visit {
            mirror,
            pass,
            scope,
            rank,
            since,
            quiet: match is_asked {
                true => Quiet::NONE,
                false => self.quiet_of(mirror, pass),
            },
            no_room: no_room.filter(|_| !is_asked),
        }
    }

    /// How long things must have been left alone for that pass, or for a hint.
    pub(super) fn quiet_of(&self, mirror: usize, pass: Option<u64>) -> Quiet {
        let running = self.parts[mirror].pass.as_ref();
        let of_pass = running.filter(|running| Some(running.number) == pass);
        of_pass.map_or(self.temper.quiet, |pass| pass.quiet)
    }

    /// Ends the pass under way if nothing of it is left.
    pub(super) fn end_pass(&mut self, mirror: usize) -> Result<(), StoreError> {
        if self.weighs_last(mirror)? {
            return Ok(());
        }
        let queue = &self.queue;
        let is_queued = |path: &RelPath| queue.since(&(mirror, path.clone())).is_some();
        let Some(in_order) = self.parts[mirror].end(is_queued) else {
            return Ok(());
        };
        if self.stop.is_some() {
            // It may have left something: nothing is concluded from it, and nobody is told
            // that all is on Box.
            self.remember_pass(mirror, false);
            return Ok(());
        }
        if in_order.is_some() {
            self.parts[mirror].is_known_now();
        }
        self.remember_pass(mirror, in_order.is_some());
        // Before the next pass begins: it may find something else.
        self.answer_waiters()?;
        self.has_passed = true;
        if let Some(took) = in_order {
            self.note_compared(mirror);
            let mirror = self.context.mirrors[mirror].name.clone();
            (self.sink)(Notice::Passed { mirror, took });
        }
        self.begin_pass(mirror)
    }

    /// A whole pass has found the mirror in order: if it was in doubt, it is no longer,
    /// provided that nothing was left out.
    fn note_compared(&mut self, mirror: usize) {
        let part = &self.parts[mirror];
        let is_whole = !part.is_partial && part.failed.is_empty() && self.stop.is_none();
        let was_cut = self.context.cut.load(Ordering::Relaxed);
        let doubted = &self.context.mirrors[mirror].doubted;
        if is_whole && !was_cut && doubted.swap(false, Ordering::Relaxed) {
            self.compared.push(mirror);
        }
    }

    /// Stores which mirrors are in doubt no longer.
    pub(super) async fn store_compared(&mut self) -> Result<(), StoreError> {
        for mirror in std::mem::take(&mut self.compared) {
            let name = &self.context.mirrors[mirror].name;
            let writer = self.store.writer();
            writer.compared(name, &self.context.configured).await?;
        }
        Ok(())
    }

    /// A root got a new watcher: what changed before that is found by looking.
    pub(super) fn on_watched(&mut self, opened: Opened) -> Result<(), StoreError> {
        let mirror = opened.mirror;
        let name = &self.context.mirrors[mirror].name;
        if self.eyes.opened(opened, name) {
            self.request_look(mirror, Instant::now())?;
        }
        Ok(())
    }

    pub(super) fn take_what_is_due(&mut self) -> Result<(), StoreError> {
        if self.fresh.are_enough() {
            // Hints are kept where they are bounded, until there is room.
            return Ok(());
        }
        self.probe_accounts()?;
        self.poll();
        let due = self.schedule.due(Instant::now());
        for mirror in due.mirrors {
            match due.since.get(&mirror) {
                Some(since) => self.request_look(mirror, *since)?,
                None => drop(self.request_pass(mirror, self.temper.quiet)?),
            }
        }
        let hinted = due.hinted.into_iter().map(|(mirror, places)| {
            let is_bulk = places.len() > MANY;
            let rank = [Rank::Fresh, Rank::Backfill][usize::from(is_bulk)];
            (mirror, places, rank)
        });
        let later = due.later.into_iter();
        let later = later.map(|(mirror, places)| (mirror, places, Rank::Backfill));
        for (mirror, places, rank) in hinted.chain(later) {
            if !self.parts[mirror].is_stopped() {
                let since = due.since.get(&mirror).copied();
                let of = Of {
                    since,
                    ..Of::pass(mirror, None).ranked(rank)
                };
                self.look_further(of, Scope::Places(places));
            }
        }
        Ok(())
    }

    pub(super) fn push(&mut self, of: Of, path: RelPath, work: Work) {
        let Of { mirror, pass, .. } = of;
        let key = (mirror, path.clone());
        let ticket = work.ticket(of.rank);
        if let Work::File(_, work) = &work {
            self.context.meter.found(&key, work.stamp.size);
        }
        let since = of.since.unwrap_or_else(Instant::now);
        let is_new = self.queue.push(ticket, key, work, since);
        self.parts[mirror].job_added(path, pass, is_new);
    }

    /// What the history is told of what planning has settled.
    fn notes(&self, mirror: usize, dir: &RelPath, reports: &[(LocalName, Report)]) -> Vec<Edit> {
        let of = &self.context.mirrors[mirror].name;
        let reports = reports.iter();
        let notes = reports.filter_map(|(name, report)| {
            let happening = Happening::of(report)?;
            self.context.note(of, &dir.join(name), happening)
        });
        notes.collect()
    }

    /// Takes in a directory's plan: the mapping first, then the accounts, then work.
    pub(super) async fn on_plan(&mut self, surveyed: Surveyed) -> Result<(), StoreError> {
        let Surveyed {
            mirror,
            pass,
            rank,
            since,
            dir,
            looked_at,
            rest,
            plan,
        } = surveyed;
        let of = Of {
            mirror,
            pass,
            rank,
            since,
        };
        if self.stop.is_some() || self.parts[mirror].is_stopped() {
            let files = plan
                .actions
                .iter()
                .filter(|action| matches!(action, Action::File(_)));
            let files = files.count() + plan.put_off.len();
            self.miss(mirror, files as u64, true);
            return Ok(());
        }
        if !rest.is_empty() {
            self.look_further(of.ranked(rank.of_the_rest()), Scope::Forest(rest));
        }
        self.tell_of_idle(mirror, &dir.path, &looked_at, &plan);
        if pass.is_none() && !plan.missing.is_empty() {
            self.look_for_gone(mirror);
        }
        self.note_looked_at(mirror, &dir.path, looked_at, &plan);
        let young = plan.edits.iter().filter_map(Edit::young);
        let young: Vec<_> = young.map(|name| dir.path.join(name)).collect();
        let mut edits = plan.edits;
        edits.extend(self.notes(mirror, &dir.path, &plan.reports));
        self.store.writer().apply(edits).await?;
        let now = Instant::now();
        for (name, report) in plan.reports {
            let entry = (mirror, dir.path.join(&name));
            if matches!(&report, Report::Parked(why) if why.code() == LOCKED) {
                self.schedule.remember_lock(&entry, now);
            }
            self.account(entry, report);
        }
        for path in young {
            self.schedule.look_when_older(mirror, path, now);
        }
        self.parts[mirror].is_partial |= !plan.unsettled.is_empty() || !plan.young.is_empty();
        self.look_later(mirror, &dir.path, plan.young, plan.unsettled);
        self.push_all(of, &dir, plan.actions);
        for name in plan.put_off {
            self.put_off(of, dir.path.join(&name));
        }
        Ok(())
    }

    /// What was hinted at, given up or not at rest has been looked at.
    fn note_looked_at(
        &mut self,
        mirror: usize,
        dir: &RelPath,
        looked_at: Vec<LocalName>,
        plan: &DirPlan,
    ) {
        let not_at_rest = plan.not_at_rest();
        for name in looked_at {
            let entry = (mirror, dir.join(&name));
            let part = &mut self.parts[mirror];
            part.failed.remove(&entry);
            if part.late.has(&entry.1) && !plan.goes_on(&name) {
                part.late.remove(&entry.1);
            }
            if !not_at_rest.contains(&name) {
                self.schedule.is_at_rest(&entry);
            }
        }
    }

    fn push_all(&mut self, of: Of, dir: &Dir, actions: Vec<Action>) {
        for action in actions {
            let path = dir.path.join(action.name());
            if !self.is_held_back(of, &path, &action) {
                self.act(of, dir, action);
            }
        }
    }

    /// Whether a file that had a version a moment ago gets no other one yet. Whoever waits
    /// for everything, or has decided about it, does not wait for that.
    fn is_held_back(&mut self, of: Of, path: &RelPath, action: &Action) -> bool {
        let Of {
            mirror, pass, rank, ..
        } = of;
        let interval = self.context.mirrors[mirror].policy.min_version_interval;
        let Action::File(work) = action else {
            return false;
        };
        if interval.is_zero() {
            return false;
        }
        let (entry, now) = ((mirror, path.clone()), Instant::now());
        let is_asked = rank == Rank::Asked || work.decision.is_some();
        let may_wait = !is_asked && self.quiet_of(mirror, pass) != Quiet::NONE;
        if may_wait && !self.schedule.hot.may_go(&entry, now) {
            return true;
        }
        self.schedule.hot.sent(&entry, interval, now);
        false
    }

    fn act(&mut self, of: Of, dir: &Dir, action: Action) {
        let path = dir.path.join(action.name());
        let (of, path, work) = match action {
            Action::Folder(work) => (of, path, Work::Folder(dir.clone(), work)),
            Action::File(work) => (of, path, Work::File(dir.clone(), work)),
            Action::Move(work) => {
                let (mirror, path) = work.at.clone();
                let pass = of.pass.filter(|_| mirror == of.mirror);
                let of = Of { mirror, pass, ..of };
                (of, path, Work::Move(dir.clone(), work))
            }
        };
        self.push(of, path, work);
    }

    /// Files that are too young are looked at when they no longer are, and those that were
    /// just written to when they are quiet.
    fn look_later(
        &mut self,
        mirror: usize,
        dir: &RelPath,
        young: Vec<(LocalName, Duration)>,
        unsettled: Vec<LocalName>,
    ) {
        let now = Instant::now();
        for (name, wait) in young {
            self.schedule.look_in(mirror, dir.join(&name), wait, now);
        }
        for name in unsettled {
            let what = What::Path(dir.join(&name));
            self.schedule.hint(Hint { root: mirror, what }, now);
        }
    }

    /// Stops a mirror where it stands. What it had queued was not reached.
    pub(super) fn halt(&mut self, mirror: usize, halt: Halt) {
        self.leave(mirror);
        self.parts[mirror].stop(halt.clone());
        self.halt_resolvers(mirror, &halt.to_string());
        self.schedule.look_again(mirror, Instant::now());
        let name = self.context.mirrors[mirror].name.clone();
        (self.sink)(Notice::Halted { mirror: name, halt });
        let is_hopeless = |part: &Part| part.halt.as_ref().is_some_and(Halt::needs_a_person);
        if self.parts.iter().all(is_hopeless) {
            self.stop.get_or_insert(Stop::NoMirror);
        }
    }

    /// Leaves a mirror where it stands; what runs comes to its end. The next pass finds
    /// what was queued.
    pub(super) fn leave(&mut self, mirror: usize) {
        let is_meant = |key: &Key| key.0 == mirror;
        let since = self.waiting(mirror).since();
        let part = &mut self.parts[mirror];
        part.still.get_or_insert(since.unwrap_or_else(Instant::now));
        for (key, lane, _) in self.queue.take_out(&Lane::ALL, is_meant) {
            part.tally.pending += u64::from(lane.sends());
            part.job_ended(&key.1);
            self.context.meter.dropped(&key);
        }
        part.tally.pending += part.put_off.len() as u64;
        part.put_off.clear();
        for visits in [&mut self.fresh, &mut self.visits] {
            visits.retain(|visit| {
                let stays = visit.mirror != mirror;
                if !stays {
                    part.visit_ended(visit.pass, visit.since);
                }
                stays
            });
        }
        part.break_off();
    }

    /// Something was not done, or not looked at, because of the stop or because the mirror
    /// stands still: then its next pass finds it.
    pub(super) fn miss(&mut self, mirror: usize, files: u64, is_unseen: bool) {
        let part = &mut self.parts[mirror];
        part.tally.pending += files;
        match self.stop.is_some() {
            true => self.unseen |= is_unseen,
            false => part.is_unseen |= is_unseen,
        }
    }

    /// Counts and tells what became of an entry.
    pub(super) fn account(&mut self, key: (usize, RelPath), report: Report) {
        self.tell_resolvers(&key, &Resolved::Became(report.clone()));
        let part = &mut self.parts[key.0];
        match &report {
            Report::Unchanged
            | Report::Left(_)
            | Report::Excluded(_)
            | Report::Parked(_)
            | Report::Failed(_) => {
                part.tally.count(&report);
            }
            _ => self.tally.count(&report),
        }
        let interval = self.context.mirrors[key.0].policy.min_version_interval;
        match &report {
            Report::Uploaded(..) | Report::NewVersion(..) => {
                self.schedule.hot.sent(&key, interval, Instant::now());
            }
            Report::Parked(_) | Report::Failed(_) => self.schedule.hot.failed(&key),
            _ => {}
        }
        let failed = &mut part.failed;
        if !matches!(report, Report::Parked(_)) {
            self.schedule.forget_lock(&key);
        }
        match &report {
            Report::Failed(why) => {
                part.late.add(key.1.clone(), Instant::now());
                failed.insert(key.clone(), why.clone());
            }
            _ => {
                part.late.remove(&key.1);
                failed.remove(&key);
            }
        }
        let mirror = self.context.mirrors[key.0].name.clone();
        (self.sink)(Notice::Entry {
            mirror,
            path: key.1,
            report,
            effort: self.effort.clone(),
        });
    }
}
