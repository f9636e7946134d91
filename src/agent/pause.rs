//! `boxup pause` and `boxup resume`: what is asked, how it is answered, and how it is done
//! where no service runs.

use crate::agent::run::Fatal;
use crate::config::Local;
use crate::model::stamp::Nanos;
use crate::plan::pause::Pause;
use crate::store::lock::{Role, StateLock};
use crate::store::pauses::Change;
use crate::store::{Store, make_state_dir};
use serde_json::{Value, json};
use std::time::Duration;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The mirrors' names; none: all.
    pub(crate) mirrors: Vec<String>,
    /// For how long; `None`: until somebody ends it.
    pub(crate) span: Option<Duration>,
    /// Who asks.
    pub(crate) by: String,
}

impl Asked {
    /// As a question to a service: `pause` or `resume`.
    pub(crate) fn question(&self, verb: &str) -> Value {
        json!({
            "verb": verb,
            "mirrors": self.mirrors,
            "seconds": self.span.map(|span| span.as_secs_f64()),
            "by": self.by,
        })
    }

    /// From a question.
    pub(crate) fn of(question: &Value) -> Option<Self> {
        let names = question.get("mirrors")?.as_array()?.iter();
        let names: Option<Vec<_>> = names.map(|name| Some(name.as_str()?.to_owned())).collect();
        let span = match question.get("seconds") {
            None | Some(Value::Null) => None,
            Some(seconds) => Some(Duration::try_from_secs_f64(seconds.as_f64()?).ok()?),
        };
        Some(Self {
            mirrors: names?,
            span,
            by: question.get("by")?.as_str()?.to_owned(),
        })
    }

    /// The names that are meant, of those that are configured; else the answer that one of
    /// them is unknown.
    pub(crate) fn names(&self, configured: &[String]) -> Result<Vec<String>, Value> {
        let is_unknown = |name: &&String| !configured.contains(name);
        match self.mirrors.iter().find(is_unknown) {
            Some(unknown) => Err(json!({ "unknown": unknown })),
            None if self.mirrors.is_empty() => Ok(configured.to_vec()),
            None => {
                let is_meant = |name: &&String| self.mirrors.contains(name);
                Ok(configured.iter().filter(is_meant).cloned().collect())
            }
        }
    }

    /// The pauses that begin.
    pub(crate) fn pauses(&self, names: &[String], now: Nanos) -> Vec<Pause> {
        let names = names.iter();
        let pause = |name: &String| Pause::new(name.clone(), now, self.span, self.by.clone());
        names.map(pause).collect()
    }
}

/// The answers.
pub(crate) mod told {
    use crate::plan::pause::{ASKED, Pause};
    use serde_json::{Value, json};

    /// Of all mirrors.
    pub(crate) fn all(mirrors: Vec<Value>) -> Value {
        json!({ "mirrors": mirrors })
    }

    /// One is paused now, and so much is under way yet.
    pub(crate) fn paused(pause: &Pause, in_flight: usize) -> Value {
        json!({
            "mirror": pause.mirror, "state": "paused", "until": pause.end(),
            "in_flight": in_flight,
        })
    }

    /// One is not paused any more, or never was.
    pub(crate) fn resumed(mirror: &str, was_paused: bool) -> Value {
        json!({ "mirror": mirror, "state": "resumed", "was_paused": was_paused })
    }

    /// How it is told in a status.
    pub(crate) fn standing(pause: &Pause) -> Value {
        json!({
            "reason": ASKED, "since": pause.beginning(), "until": pause.end(), "by": pause.by,
            "message": pause.to_string(),
        })
    }
}

/// Records it where no service runs.
pub(crate) async fn alone(local: &Local, asked: &Asked, is_end: bool) -> Result<Value, Fatal> {
    let names = local.mirrors.iter().map(|mirror| mirror.name.clone());
    let names = match asked.names(&names.collect::<Vec<_>>()) {
        Ok(names) => names,
        Err(unknown) => return Ok(unknown),
    };
    make_state_dir(&local.state_dir)?;
    let _lock = StateLock::acquire(&local.state_dir, Role::Command)?;
    let store = Store::open(&local.state_dir)?;
    let (change, lines) = if is_end {
        let recorded = store.reader()?.pauses()?;
        let paused: Vec<String> = recorded.into_iter().map(|pause| pause.mirror).collect();
        let lines = names.iter();
        let lines = lines.map(|name| told::resumed(name, paused.contains(name)));
        let lines = lines.collect();
        let ended = names.iter().filter(|name| paused.contains(name));
        (Change::End(ended.cloned().collect()), lines)
    } else {
        let pauses = asked.pauses(&names, crate::clock::nanos());
        let lines = pauses.iter().map(|pause| told::paused(pause, 0)).collect();
        (Change::Begin(pauses), lines)
    };
    let is_nothing = matches!(&change, Change::End(ended) if ended.is_empty());
    let recorded = match is_nothing {
        true => Ok(()),
        false => store.writer().put_pauses(change).await,
    };
    store.close().await;
    recorded?;
    Ok(told::all(lines))
}
