//! What goes next because somebody asks for it, and what is tried once more.

use crate::agent::engine::Engine;
use crate::agent::engine::passes::Of;
use crate::agent::job::Key;
use crate::agent::notice::put_path;
use crate::agent::retry::{Below, Waits};
use crate::agent::survey::{How, Place, Scope};
use crate::model::path::RelPath;
use crate::plan::policy::Quiet;
use crate::plan::queue::Rank;
use crate::store::error::Error as StoreError;
use serde_json::{Value, json};
use std::time::Instant;

impl Engine {
    /// Sends a place, and all below it, before everything else; what was found of it.
    pub(super) fn bump(&mut self, below: &Below) -> Value {
        let Some(number) = self.context.number_of(&below.mirror) else {
            return no_mirror(&below.mirror);
        };
        if let Some(why) = self.stands_still(number) {
            return why;
        }
        let is_meant = |key: &Key| key.0 == number && key.1.is_within(&below.path);
        let queued = self.queue.rouse(true, is_meant);
        let in_flight = self.queue.running_of(is_meant);
        self.look_at(number, below.path.clone());
        json!({ "queued": queued, "in_flight": in_flight })
    }

    /// Tries once more what waits at a place or below it; what that is.
    pub(super) async fn retry(&mut self, below: &Below) -> Result<Value, StoreError> {
        let Some(number) = self.context.number_of(&below.mirror) else {
            return Ok(no_mirror(&below.mirror));
        };
        let target = self.context.mirrors[number].target_key();
        let mut waits = Waits::read(&*self.context.readers.get()?, below, &target)?;
        let edits = std::mem::take(&mut waits.edits);
        self.store.writer().apply(edits).await?;
        let mut told = waits.value(&below.mirror);
        let failed = self.parts[number].failed.iter();
        let failed = failed.filter(|((_, path), _)| path.is_within(&below.path));
        let failed = failed.map(|((_, path), why)| {
            let mut line = json!({
                "reason": why.code(), "message": why.to_string(), "next": "it is tried once more",
            });
            put_path(&mut line, path);
            line
        });
        told["failed"] = failed.collect();
        if let Some(Value::Object(why)) = self.stands_still(number) {
            for (key, words) in why {
                told[key] = words;
            }
        }
        self.queue
            .rouse(false, |key| key.0 == number && key.1.is_within(&below.path));
        // A mirror that stands still has its root looked at again by a pass.
        if below.path.is_root() || self.parts[number].halt.is_some() {
            self.owners.ask_now(Instant::now());
            self.request_pass(number, Quiet::NONE)?;
            self.probe_accounts()?;
        } else if !self.parts[number].is_stopped() {
            self.look_at(number, below.path.clone());
        }
        Ok(json!({ "mirrors": [told] }))
    }

    /// Why nothing is done in a mirror now, if so.
    fn stands_still(&self, number: usize) -> Option<Value> {
        if let Some(pause) = self.pause_of(number) {
            return Some(json!({ "paused": pause.to_string() }));
        }
        let halt = self.parts[number].halt.as_ref()?;
        Some(json!({ "halted": halt.to_string() }))
    }

    fn look_at(&mut self, number: usize, path: RelPath) {
        let how = How::Below;
        let of = Of::pass(number, None).ranked(Rank::Asked);
        let visit = self.visit_of(of, Scope::Places(vec![Place { path, how }]));
        self.parts[number].visit_added(visit.pass, visit.since);
        self.visits_of(visit.rank).push_first(visit);
    }
}

fn no_mirror(name: &str) -> Value {
    json!({ "error": format!("the run that is on has no mirror {name:?}") })
}
