//! What is gone from the disk: when it is weighed, what then goes to the trash, and when
//! to look again.

use crate::agent::approve;
use crate::agent::engine::part::Stage;
use crate::agent::engine::passes::Of;
use crate::agent::engine::{Engine, Event};
use crate::agent::job::{Key, Work};
use crate::agent::undo;
use crate::agent::weigh_job::Weighed;
use crate::model::path::RelPath;
use crate::plan::facts::SyncedFolder;
use crate::plan::policy::{OnDelete, Policy};
use crate::store::error::Error as StoreError;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// A delete that was hinted at is looked for after this long: others follow, and one pass
/// finds them all.
const HINTED: Duration = Duration::from_secs(5);
/// A little later than when what is gone counts, so that it does.
const SLACK: Duration = Duration::from_secs(1);

impl Engine {
    /// Whether a pass must weigh before it looks: a brake has tripped, and holds until the
    /// files are back or a person has approved. If so, that has been begun.
    pub(super) fn weighs_first(
        &mut self,
        mirror: usize,
        root: &SyncedFolder,
    ) -> Result<bool, StoreError> {
        if !self.trashes(mirror) {
            return Ok(false);
        }
        let reader = self.context.readers.get()?;
        let holds = reader.is_held(root.key)? || reader.is_trashless(root.key)?;
        drop(reader);
        if holds {
            self.weigh(mirror, Stage::Before);
        }
        Ok(holds)
    }

    /// Whether a pass that has looked at everything, and done what was to be done, goes on
    /// with what is gone. If so, that has been begun.
    pub(super) fn weighs_last(&mut self, mirror: usize) -> Result<bool, StoreError> {
        if self.stop.is_some() || !self.trashes(mirror) || !self.parts[mirror].has_looked() {
            return Ok(false);
        }
        let of = &self.context.mirrors[mirror];
        let reader = self.context.readers.get()?;
        let root = reader.root(&of.name, &of.target_key())?;
        let is_due = match root {
            Some(root) => reader.has_absent(root.key)?,
            None => false,
        };
        drop(reader);
        let is_weighed = is_due && !self.context.deletes_wait();
        if is_weighed {
            self.weigh(mirror, Stage::After);
        }
        Ok(is_weighed)
    }

    fn trashes(&self, mirror: usize) -> bool {
        let mirror = &self.context.mirrors[mirror];
        // A mapping in doubt is compared first: what it says of Box may be long past.
        let is_in_doubt = mirror.doubted.load(Ordering::Relaxed);
        matches!(mirror.policy.on_delete, OnDelete::Trash(_)) && !is_in_doubt
    }

    fn weigh(&mut self, mirror: usize, stage: Stage) {
        let Some(pass) = self.parts[mirror].set_stage(stage) else {
            return;
        };
        let policy = Policy {
            quiet: self.quiet_of(mirror, Some(pass)),
            ..self.context.mirrors[mirror].policy
        };
        let of = Of::pass(mirror, Some(pass));
        self.push(of, RelPath::root(), Work::Weigh(policy));
    }

    /// It has been weighed, and nothing holds.
    pub(super) fn on_weighed(&mut self, key: &Key, weighed: Weighed) -> Result<(), StoreError> {
        let mirror = key.0;
        let pass = self.parts[mirror]
            .pass
            .as_ref()
            .map(|pass| (pass.number, pass.stage));
        let goes_on = self.stop.is_none() && !self.parts[mirror].is_stopped();
        // What follows is added first: without it the pass might end here.
        match pass {
            Some((_, Stage::Before)) if goes_on => {
                self.parts[mirror].set_stage(Stage::Looking);
                self.look_at_tree(mirror)?;
            }
            Some((number, Stage::After)) if goes_on => {
                self.parts[mirror].set_stage(Stage::Weighed);
                if let Some(wait) = weighed.wait {
                    self.schedule
                        .look_for_gone(mirror, Instant::now() + wait + SLACK);
                }
                for doomed in weighed.goes {
                    let of = Of::pass(mirror, Some(number));
                    self.push(of, doomed.path.clone(), Work::Trash(Box::new(doomed)));
                }
                for (path, report) in weighed.reports {
                    self.account((mirror, path), report);
                }
            }
            _ => self.unseen |= self.stop.is_some(),
        }
        self.over(key);
        Ok(())
    }

    /// Lets a mirror go on that stands still until a person approves. A disk that hangs
    /// keeps nobody else waiting.
    pub(super) fn approve(&mut self, name: &str, answer: oneshot::Sender<Option<Value>>) {
        let Some(number) = self.context.number_of(name) else {
            // Whoever has left does not need the answer.
            drop(answer.send(None));
            return;
        };
        let (context, store) = (Arc::clone(&self.context), self.store.clone());
        let events = self.events.clone();
        self.tasks.spawn(async move {
            let approved = approve::record(&context, &store, number).await;
            drop(events.send(Event::Approved(number, approved, answer)).await);
        });
    }

    /// It has been approved: the next pass acts on it.
    pub(super) fn on_approved(
        &mut self,
        number: usize,
        approved: Result<Value, StoreError>,
        answer: oneshot::Sender<Option<Value>>,
    ) -> Result<(), StoreError> {
        let approved = approved?;
        self.request_pass(number, self.temper.quiet)?;
        // Whoever has left does not need the answer.
        drop(answer.send(Some(approved)));
        Ok(())
    }

    /// Takes back what a run did, beside everything else.
    pub(super) fn undo(&mut self, run: String, answer: oneshot::Sender<Value>) {
        let (context, store) = (Arc::clone(&self.context), self.store.clone());
        self.tasks.spawn(async move {
            let undone = undo::run(&context, &store, &run, false).await;
            let undone = undone.unwrap_or_else(|error| json!({ "error": error.to_string() }));
            // Whoever has left does not need the answer.
            drop(answer.send(undone));
        });
    }

    /// A look at single entries did not find some: a pass finds out more.
    pub(super) fn look_for_gone(&mut self, mirror: usize) {
        if self.trashes(mirror) {
            self.schedule.look_for_gone(mirror, Instant::now() + HINTED);
        }
    }
}
