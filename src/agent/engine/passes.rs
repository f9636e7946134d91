//! Looking: passes over whole mirrors, and visits of single places.

use crate::agent::engine::part::Part;
use crate::agent::engine::{Engine, Resolved, Stop};
use crate::agent::eyes::Opened;
use crate::agent::job::{Key, Work};
use crate::agent::notice::Notice;
use crate::agent::survey::{Broken, Dir, Scope, Surveyed, Visit};
use crate::model::path::RelPath;
use crate::plan::action::{Action, Edit, Report};
use crate::plan::debounce::{Hint, What};
use crate::plan::guard::Halt;
use crate::plan::queue::Lane;
use crate::store::error::Error as StoreError;
use std::time::{Duration, Instant};

impl Engine {
    /// Asks for a pass over a mirror that begins after now.
    pub(crate) fn request_pass(
        &mut self,
        mirror: usize,
        settle: Duration,
    ) -> Result<u64, StoreError> {
        let part = &mut self.parts[mirror];
        part.requested += 1;
        part.settle = Some(part.settle.map_or(settle, |other| other.min(settle)));
        let number = part.requested;
        self.begin_pass(mirror)?;
        Ok(number)
    }

    /// Begins the pass that was asked for, unless one is under way.
    fn begin_pass(&mut self, mirror: usize) -> Result<(), StoreError> {
        let part = &mut self.parts[mirror];
        if part.pass.is_some() || part.requested == part.done {
            return Ok(());
        }
        part.begin(self.temper.settle);
        let of = &self.context.mirrors[mirror];
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
                let top = Dir {
                    path: RelPath::root(),
                    folder,
                };
                self.look(mirror, Scope::Tree(top, None));
            }
            None => match of.open_root() {
                // Nothing is asked of Box for a directory that is not there.
                Err(halt) => self.halt(mirror, halt),
                Ok(_) => {
                    let pass = self.parts[mirror].pass.as_ref().map(|pass| pass.number);
                    self.push(mirror, pass, RelPath::root(), Work::Root);
                }
            },
        }
        self.end_pass(mirror)
    }

    /// Adds a visit of the pass under way.
    fn look(&mut self, mirror: usize, scope: Scope) {
        let pass = self.parts[mirror].pass.as_ref().map(|pass| pass.number);
        self.look_further(mirror, pass, scope);
    }

    /// Adds a visit of that pass, or, without one, of a hint.
    fn look_further(&mut self, mirror: usize, pass: Option<u64>, scope: Scope) {
        let settle = self.settle_of(mirror, pass);
        self.parts[mirror].visit_added(pass);
        self.visits.push_back(Visit {
            mirror,
            pass,
            scope,
            settle,
        });
    }

    /// How long a file must have been quiet for that pass, or for a hint.
    pub(super) fn settle_of(&self, mirror: usize, pass: Option<u64>) -> Duration {
        let running = self.parts[mirror].pass.as_ref();
        let of_pass = running.filter(|running| Some(running.number) == pass);
        of_pass.map_or(self.temper.settle, |pass| pass.settle)
    }

    /// Ends the pass under way if nothing of it is left.
    pub(super) fn end_pass(&mut self, mirror: usize) -> Result<(), StoreError> {
        let Some(is_in_order) = self.parts[mirror].end() else {
            return Ok(());
        };
        // Before the next pass begins: it may find something else.
        self.answer_waiters()?;
        if is_in_order {
            let mirror = self.context.mirrors[mirror].name.clone();
            (self.sink)(Notice::Passed { mirror });
        }
        self.begin_pass(mirror)
    }

    /// A root got a new watcher: what changed before that is found by looking.
    pub(super) fn on_watched(&mut self, opened: Opened) -> Result<(), StoreError> {
        let mirror = opened.mirror;
        let name = &self.context.mirrors[mirror].name;
        if self.eyes.opened(opened, name) {
            self.request_pass(mirror, self.temper.settle)?;
        }
        Ok(())
    }

    pub(super) fn take_what_is_due(&mut self) -> Result<(), StoreError> {
        let due = self.schedule.due(Instant::now());
        for mirror in due.mirrors {
            self.request_pass(mirror, self.temper.settle)?;
        }
        for (mirror, places) in due.places {
            if !self.parts[mirror].is_stopped() {
                self.look_further(mirror, None, Scope::Places(places));
            }
        }
        Ok(())
    }

    fn push(&mut self, mirror: usize, pass: Option<u64>, path: RelPath, work: Work) {
        let key = (mirror, path.clone());
        let is_new = self.queue.push(work.lane(), key, work, Instant::now());
        self.parts[mirror].job_added(path, pass, is_new);
    }

    /// Takes in a directory's plan: the mapping first, then the accounts, then work.
    pub(super) async fn on_plan(&mut self, surveyed: Surveyed) -> Result<(), StoreError> {
        let Surveyed {
            mirror,
            pass,
            dir,
            looked_at,
            rest,
            plan,
        } = surveyed;
        if self.stop.is_some() || self.parts[mirror].is_stopped() {
            let files = plan
                .actions
                .iter()
                .filter(|action| matches!(action, Action::File(_)));
            self.tally.pending += files.count() as u64;
            self.unseen = true;
            return Ok(());
        }
        if !rest.is_empty() {
            self.look_further(mirror, pass, Scope::Forest(rest));
        }
        self.tell_of_idle(mirror, &dir.path, &looked_at, &plan);
        for name in looked_at {
            self.parts[mirror]
                .failed
                .remove(&(mirror, dir.path.join(&name)));
        }
        let young = plan.edits.iter().filter_map(Edit::young);
        let young: Vec<_> = young.map(|name| dir.path.join(name)).collect();
        self.store.writer().apply(plan.edits).await?;
        for (name, report) in plan.reports {
            self.account((mirror, dir.path.join(&name)), report);
        }
        let now = Instant::now();
        for path in young {
            self.schedule.look_when_older(mirror, path, now);
        }
        for name in plan.unsettled {
            let what = What::Path(dir.path.join(&name));
            self.schedule.hint(Hint { root: mirror, what }, now);
        }
        for action in plan.actions {
            let path = dir.path.join(action.name());
            let work = match action {
                Action::Folder(work) => Work::Folder(dir.clone(), work),
                Action::File(work) => Work::File(dir.clone(), work),
            };
            self.push(mirror, pass, path, work);
        }
        Ok(())
    }

    pub(super) fn on_survey_over(
        &mut self,
        mirror: usize,
        pass: Option<u64>,
        result: Result<u64, Broken>,
    ) -> Result<(), StoreError> {
        self.surveys -= 1;
        self.parts[mirror].visit_ended(pass);
        match result {
            Ok(unchanged) if pass.is_some() => self.parts[mirror].tally.unchanged += unchanged,
            Ok(_) => {}
            Err(Broken::Halt(halt)) => self.halt(mirror, halt),
            Err(Broken::Store(error)) => return Err(error),
        }
        self.end_pass(mirror)
    }

    /// Stops a mirror where it stands. What it had queued was not reached.
    pub(super) fn halt(&mut self, mirror: usize, halt: Halt) {
        let is_meant = |key: &Key| key.0 == mirror;
        self.tally.pending += self.queue.waiting_in(Lane::Files, is_meant) as u64;
        let part = &mut self.parts[mirror];
        for (_, path) in self.queue.take_out(is_meant) {
            part.job_ended(&path);
        }
        self.visits.retain(|visit| {
            let stays = visit.mirror != mirror;
            if !stays {
                part.visit_ended(visit.pass);
            }
            stays
        });
        part.stop(halt.clone());
        self.halt_resolvers(mirror, &halt.to_string());
        self.schedule.look_again(mirror, Instant::now());
        let name = self.context.mirrors[mirror].name.clone();
        (self.sink)(Notice::Halted { mirror: name, halt });
        let is_hopeless = |part: &Part| part.halt.as_ref().is_some_and(Halt::needs_a_person);
        if self.parts.iter().all(is_hopeless) {
            self.stop.get_or_insert(Stop::NoMirror);
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
        let failed = &mut part.failed;
        match &report {
            Report::Failed(why) => drop(failed.insert(key.clone(), why.clone())),
            _ => drop(failed.remove(&key)),
        }
        let mirror = self.context.mirrors[key.0].name.clone();
        (self.sink)(Notice::Entry {
            mirror,
            path: key.1,
            report,
        });
    }
}
