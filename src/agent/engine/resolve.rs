//! Carrying out what a person decided about a conflict: the decision is recorded, the
//! place is visited, and whoever decided is told what became of it.

use crate::agent::engine::Engine;
use crate::agent::engine::passes::Of;
use crate::agent::job::Key;
use crate::agent::survey::{CHUNK, How, Place, Scope, Visit};
use crate::model::ids::VersionId;
use crate::model::item::Seen;
use crate::model::path::{LocalName, RelPath};
use crate::plan::action::{Action, DirPlan, Edit, Report};
use crate::plan::conflict::{self, CODES, Decision, Keep};
use crate::plan::policy::Quiet;
use crate::plan::queue::Rank;
use crate::store::error::Error as StoreError;
use std::time::Instant;
use tokio::sync::oneshot;

/// What a person decided.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// The mirror's name.
    pub(crate) mirror: String,
    /// Where in it.
    pub(crate) path: RelPath,
    /// What is wanted.
    pub(crate) keep: Keep,
    /// What the person saw on Box; else it is what was recorded last.
    pub(crate) shown: Option<Shown>,
}

/// What a person saw on Box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// This version.
    Version(VersionId),
    /// That the file is gone.
    Gone,
}

impl Shown {
    /// From a word: a version's ID, or "gone".
    pub(crate) fn of(word: &str) -> Self {
        match word {
            GONE => Self::Gone,
            id => Self::Version(VersionId::new(id)),
        }
    }

    /// As a word.
    pub(crate) fn word(&self) -> &str {
        match self {
            Self::Version(id) => id.as_str(),
            Self::Gone => GONE,
        }
    }
}

const GONE: &str = "gone";

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Resolved {
    /// This became of the entry.
    Became(Report),
    /// There was nothing to do; why.
    Nothing(String),
    /// It cannot be decided like this; why.
    Refused(String),
    /// The mirror stands still; why. The decision is kept.
    Halted(String),
}

/// Decisions that wait for their end; beyond that they are turned away.
const MOST: usize = 1_000;

/// Somebody who waits for the end of it.
pub(super) struct Resolver {
    key: Key,
    answer: oneshot::Sender<Resolved>,
    found: Option<Resolved>,
}

impl Engine {
    /// Records the decision and looks at its place.
    pub(crate) async fn resolve(
        &mut self,
        order: Order,
        answer: oneshot::Sender<Resolved>,
    ) -> Result<(), StoreError> {
        let turned_away = match self.record(&order).await? {
            Ok(mirror) => {
                let key = (mirror, order.path);
                self.visit_place(&key);
                let found = None;
                self.resolvers.push(Resolver { key, answer, found });
                return Ok(());
            }
            Err(turned_away) => turned_away,
        };
        // Whoever has left does not need the answer.
        drop(answer.send(turned_away));
        Ok(())
    }

    async fn record(&mut self, order: &Order) -> Result<Result<usize, Resolved>, StoreError> {
        let Some(number) = self.context.number_of(&order.mirror) else {
            let what = format!("the run that is on has no mirror {:?}", order.mirror);
            return Ok(Err(Resolved::Refused(what)));
        };
        if let Some(halt) = self.parts[number].halt.as_ref() {
            return Ok(Err(Resolved::Halted(halt.to_string())));
        }
        if let Some(pause) = self.pause_of(number) {
            return Ok(Err(Resolved::Halted(format!(
                "the mirror is paused: {pause}"
            ))));
        }
        if self.resolvers.len() >= MOST {
            let what = "too many decisions at once: try again in a moment".to_owned();
            return Ok(Err(Resolved::Refused(what)));
        }
        let mirror = &self.context.mirrors[number];
        let reader = self.context.readers.get()?;
        let root = reader.root(&mirror.name, &mirror.target_key())?;
        let entry = match root {
            Some(root) => reader.entry(root.key, &order.path)?,
            None => None,
        };
        drop(reader);
        let no_conflict = || Resolved::Refused("there is no conflict any more".to_owned());
        let Some((dir, name, mapped)) = entry else {
            return Ok(Err(no_conflict()));
        };
        let Some(item) = mapped.parked.get(&name) else {
            return Ok(Err(no_conflict()));
        };
        if let Some(why) = conflict::refusal(item, order.keep) {
            return Ok(Err(Resolved::Refused(why)));
        }
        // What an earlier version parked does not tell what it saw: a decision about
        // nothing fits nothing, and it is a conflict again, with everything recorded.
        let seen = item.obstacle.clone().unwrap_or(Seen {
            id: "".into(),
            version: None,
        });
        let version = match &order.shown {
            None => seen.version,
            Some(Shown::Gone) => None,
            Some(Shown::Version(id)) => Some(id.clone()),
        };
        let decision = Decision {
            keep: order.keep,
            seen: Seen { version, ..seen },
            left: None,
        };
        let edit = Edit::Decide(dir, name, decision);
        self.store.writer().apply(vec![edit]).await?;
        Ok(Ok(number))
    }

    fn visit_place(&mut self, key: &Key) {
        let place = Place {
            path: key.1.clone(),
            how: How::Itself,
        };
        let scope = Scope::Places(vec![place]);
        let of = Of {
            rank: Rank::Fresh,
            since: Some(Instant::now()),
            ..Of::pass(key.0, None)
        };
        let visit = Visit {
            quiet: Quiet::NONE,
            ..self.visit_of(of, scope)
        };
        self.parts[key.0].visit_added(None, visit.since);
        self.visits_of(visit.rank).push(visit);
    }

    /// This became of an entry.
    pub(super) fn tell_resolvers(&mut self, key: &Key, found: &Resolved) {
        let waiting = self.resolvers.iter_mut().filter(|one| one.key == *key);
        for resolver in waiting.filter(|one| one.found.is_none()) {
            resolver.found = Some(found.clone());
        }
    }

    /// A mirror stands still.
    pub(super) fn halt_resolvers(&mut self, mirror: usize, why: &str) {
        let waiting = self.resolvers.iter_mut().filter(|one| one.key.0 == mirror);
        for resolver in waiting {
            resolver.found = Some(Resolved::Halted(why.to_owned()));
        }
    }

    /// Entries that were looked at and need nothing: there is no more to wait for.
    pub(super) fn tell_of_idle(
        &mut self,
        mirror: usize,
        dir: &RelPath,
        looked_at: &[LocalName],
        plan: &DirPlan,
    ) {
        // Of many entries this is a part of the plan only; ours is looked at alone.
        if self.resolvers.is_empty() || looked_at.len() > CHUNK {
            return;
        }
        for name in looked_at {
            let acts = plan.actions.iter().map(Action::name).any(|one| one == name);
            let is_told = plan.reports.iter().any(|(one, _)| one == name);
            if !acts && !is_told && !plan.unsettled.contains(name) {
                let what = "the local file is gone, or is as it was sent".to_owned();
                self.tell_resolvers(&(mirror, dir.join(name)), &Resolved::Nothing(what));
            }
        }
    }

    /// Answers those whose decisions have come to their end.
    pub(super) fn answer_resolvers(&mut self) -> Result<(), StoreError> {
        self.resolvers.retain(|one| !one.answer.is_closed());
        let mut at = 0;
        while at < self.resolvers.len() {
            let Some(found) = self.resolvers[at].found.take() else {
                at += 1;
                continue;
            };
            if self.is_of_before(&self.resolvers[at].key, &found)? {
                at += 1;
                continue;
            }
            let resolver = self.resolvers.swap_remove(at);
            drop(resolver.answer.send(found));
        }
        Ok(())
    }

    /// A job that began before the decision was recorded knows nothing of it.
    fn is_of_before(&self, key: &Key, found: &Resolved) -> Result<bool, StoreError> {
        let Resolved::Became(Report::Parked(why)) = found else {
            return Ok(false);
        };
        if !CODES.contains(&why.code()) {
            return Ok(false);
        }
        let mirror = &self.context.mirrors[key.0];
        let reader = self.context.readers.get()?;
        let root = reader.root(&mirror.name, &mirror.target_key())?;
        let entry = match root {
            Some(root) => reader.entry(root.key, &key.1)?,
            None => None,
        };
        let pending = entry.is_some_and(|(_, name, mapped)| {
            let decision = mapped.decisions.get(&name);
            decision.is_some_and(|decision| decision.left.is_none())
        });
        Ok(pending)
    }
}
