//! `boxup resolve` without a service: the lock, the decision, and a visit of that place,
//! along the same line as everything else. And what came of it, as a value for both ways.

use crate::agent::engine::{Order, Resolved};
use crate::agent::eyes::Eyes;
use crate::agent::notice::Ending;
use crate::agent::run::{Fatal, Parts, SINGLE, StopSignals, forward_signals};
use crate::agent::schedule::Schedule;
use crate::config::Config;
use crate::plan::action::Report;
use crate::store::lock::Role;
use serde_json::{Value, json};
use std::time::Instant;
use tokio::sync::oneshot;

/// Carries out what was decided; what came of each, as far as the run got, and how the
/// run ended.
pub(crate) async fn alone(
    config: &Config,
    orders: Vec<Order>,
    stop: StopSignals,
) -> Result<(Vec<Option<Resolved>>, Ending), Fatal> {
    let began = Instant::now();
    let parts = Parts::open(config, Role::Command)?;
    let (schedule, sink) = (Schedule::single(), Box::new(|_| {}));
    let mut engine = parts.engine(config, SINGLE, schedule, Eyes::closed(), sink)?;
    forward_signals(stop, engine.events());
    let mut answers = Vec::new();
    let mut ran = Ok(());
    for order in orders {
        let (answer, reply) = oneshot::channel();
        answers.push(reply);
        ran = engine.resolve(order, answer).await;
        if ran.is_err() {
            break;
        }
    }
    if ran.is_ok() {
        ran = engine.run_until_idle().await;
    }
    let ending = engine.finish(began, ran).await;
    parts.close().await;
    let answers = answers.iter_mut().map(|answer| answer.try_recv().ok());
    Ok((answers.collect(), ending))
}

/// What came of it, for the control socket and for programs.
pub(crate) fn value(resolved: &Resolved) -> Value {
    let report = match resolved {
        Resolved::Became(report) => report,
        Resolved::Nothing(message) => return told("nothing", message),
        Resolved::Refused(message) => return told("refused", message),
        Resolved::Halted(message) => return told("halted", message),
    };
    let (result, file) = match report {
        Report::Uploaded(file, _) => ("uploaded", file),
        Report::NewVersion(file, _) => ("new_version", file),
        Report::Adopted(file) => ("adopted", file),
        Report::Left(Some(file)) => ("left", file),
        Report::Left(None) | Report::Unchanged => return json!({ "result": "left" }),
        Report::Parked(why) => return reason("parked", why.code(), &why.to_string()),
        Report::Failed(why) => return reason("failed", why.code(), &why.to_string()),
        Report::Excluded(why) => return reason("excluded", why.code(), &why.to_string()),
        Report::Trashed(..) => return told("nothing", "the local file is gone"),
        Report::FolderCreated(..)
        | Report::FolderAdopted(..)
        | Report::FolderKept(_)
        | Report::Moved(..) => {
            return told("nothing", "it is a directory now");
        }
    };
    json!({
        "result": result,
        "file_id": file.id.as_str(),
        "version_id": file.version.as_ref().map(|version| version.as_str()),
        "name": file.name.as_str(),
    })
}

fn told(result: &str, message: &str) -> Value {
    json!({ "result": result, "message": message })
}

fn reason(result: &str, code: &str, message: &str) -> Value {
    json!({ "result": result, "reason": code, "message": message })
}
