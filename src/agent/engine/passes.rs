//! Looking: passes over whole mirrors, and visits of single places.

use crate::agent::engine::{Engine, Run, Stop};
use crate::agent::eyes::Opened;
use crate::agent::job::Work;
use crate::agent::notice::Notice;
use crate::agent::survey::{Broken, Dir, Scope, Surveyed, Visit};
use crate::model::path::RelPath;
use crate::plan::action::{Action, Edit, Report};
use crate::plan::debounce::{Hint, What};
use crate::plan::guard::Halt;
use crate::store::error::Error as StoreError;
use std::time::{Duration, Instant};

impl Engine {
    /// Asks for a pass over a mirror that begins after now.
    pub(crate) fn request_pass(
        &mut self,
        mirror: usize,
        settle: Duration,
    ) -> Result<u64, StoreError> {
        let run = &mut self.runs[mirror];
        run.requested += 1;
        run.settle = Some(run.settle.map_or(settle, |other| other.min(settle)));
        let number = run.requested;
        self.begin_pass(mirror)?;
        Ok(number)
    }

    /// Begins the pass that was asked for, unless one is under way.
    fn begin_pass(&mut self, mirror: usize) -> Result<(), StoreError> {
        let run = &mut self.runs[mirror];
        if run.running.is_some() || run.requested == run.done {
            return Ok(());
        }
        run.running = Some(run.requested);
        run.halt = None;
        self.eyes
            .ensure(mirror, &self.context.mirrors[mirror], &self.events);
        let settle = self.runs[mirror]
            .settle
            .take()
            .unwrap_or(self.temper.settle);
        self.runs[mirror].pass_settle = Some(settle);
        let of = &self.context.mirrors[mirror];
        if let Ok(mut seen) = of.seen.try_lock() {
            *seen = false;
        }
        let root = self
            .context
            .readers
            .get()?
            .root(&of.name, &of.target_key())?;
        match root.filter(|root| root.inventoried) {
            Some(folder) => {
                let top = Dir {
                    path: RelPath::root(),
                    folder,
                };
                self.visits.push_back(Visit {
                    mirror,
                    scope: Scope::Tree(top, None),
                    settle,
                });
                self.runs[mirror].visits += 1;
            }
            None => match of.open_root() {
                // Nothing is asked of Box for a directory that is not there.
                Err(halt) => self.halt(mirror, halt),
                Ok(_) => self.push(mirror, RelPath::root(), Work::Root),
            },
        }
        self.end_pass(mirror)
    }

    /// Ends the pass under way if nothing of it is left.
    pub(super) fn end_pass(&mut self, mirror: usize) -> Result<(), StoreError> {
        let run = &mut self.runs[mirror];
        if run.visits > 0 || run.jobs > 0 {
            return Ok(());
        }
        let Some(number) = run.running.take() else {
            return Ok(());
        };
        run.done = number;
        run.pass_settle = None;
        if run.halt.is_none() {
            run.last_pass = Some(crate::clock::wall());
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
            if self.runs[mirror].halt.is_none() {
                let settle = self.temper.settle;
                self.visits.push_back(Visit {
                    mirror,
                    scope: Scope::Places(places),
                    settle,
                });
                self.runs[mirror].visits += 1;
            }
        }
        Ok(())
    }

    pub(super) fn push(&mut self, mirror: usize, path: RelPath, work: Work) {
        let is_new = self
            .queue
            .push(work.lane(), (mirror, path), work, Instant::now());
        self.runs[mirror].jobs += usize::from(is_new);
    }

    /// Takes in a directory's plan: the mapping first, then the accounts, then work.
    pub(super) async fn on_plan(&mut self, surveyed: Surveyed) -> Result<(), StoreError> {
        let Surveyed { mirror, dir, plan } = surveyed;
        if self.stop.is_some() || self.runs[mirror].halt.is_some() {
            self.tally.pending += plan.actions.len() as u64;
            return Ok(());
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
            self.push(mirror, path, work);
        }
        Ok(())
    }

    pub(super) fn on_survey_over(
        &mut self,
        mirror: usize,
        result: Result<u64, Broken>,
    ) -> Result<(), StoreError> {
        self.surveys -= 1;
        self.runs[mirror].visits -= 1;
        match result {
            Ok(unchanged) => self.tally.unchanged += unchanged,
            Err(Broken::Halt(halt)) => self.halt(mirror, halt),
            Err(Broken::Store(error)) => return Err(error),
        }
        self.end_pass(mirror)
    }

    /// Stops a mirror where it stands. What it had queued was not reached.
    pub(super) fn halt(&mut self, mirror: usize, halt: Halt) {
        let out = self.queue.take_out(|key| key.0 == mirror);
        self.runs[mirror].jobs = self.runs[mirror].jobs.saturating_sub(out.len());
        let before = self.visits.len();
        self.visits.retain(|visit| visit.mirror != mirror);
        self.runs[mirror].visits -= before - self.visits.len();
        self.tally.pending += out.iter().filter(|key| !key.1.is_root()).count() as u64;
        self.schedule.look_again(mirror, Instant::now());
        let name = self.context.mirrors[mirror].name.clone();
        (self.sink)(Notice::Halted {
            mirror: name,
            halt: halt.clone(),
        });
        self.runs[mirror].halt = Some(halt);
        let is_hopeless = |run: &Run| matches!(run.halt, Some(Halt::FolderInvisible(_)));
        if self.runs.iter().all(is_hopeless) {
            self.stop.get_or_insert(Stop::NoMirror);
        }
    }

    /// Counts and tells what became of an entry.
    pub(super) fn account(&mut self, key: (usize, RelPath), report: Report) {
        self.tally.count(&report);
        let failed = &mut self.runs[key.0].failed;
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
