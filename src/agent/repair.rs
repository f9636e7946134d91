//! `boxup verify --repair`: the folders that have drifted are compared once more, along
//! the same line as everything else, and what follows is what the policies say.

use crate::agent::control::{self, STARTING};
use crate::agent::engine::Again;
use crate::agent::eyes::Eyes;
use crate::agent::notice::{Ending, Sink};
use crate::agent::run::{Fatal, Parts, SINGLE, StopSignals, forward_signals};
use crate::agent::schedule::Schedule;
use crate::config::Config;
use crate::model::ids::FolderId;
use crate::store::lock::Role;
use serde_json::{Value, json};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// Folders in one question: a question is a line of limited length.
const AT_ONCE: usize = 500;
/// How long the service may take to note some of them.
const TO_NOTE: Duration = Duration::from_secs(60);
/// How long for the pass that compares them, and sends what differs.
const TO_DO: Duration = Duration::from_secs(60 * 60);

/// Has the running service do it, mirror by mirror; what it says of each. `None` when no
/// service runs.
pub(crate) async fn by_service(
    state_dir: &Path,
    drifted: &[(String, Vec<FolderId>)],
) -> io::Result<Option<Vec<Value>>> {
    let mut replies = Vec::new();
    for (mirror, folders) in drifted {
        let mut rest = folders.as_slice();
        loop {
            let (some, others) = rest.split_at(rest.len().min(AT_ONCE));
            let again = Again {
                mirror: mirror.clone(),
                folders: some.to_vec(),
                is_last: others.is_empty(),
            };
            let patience = if again.is_last { TO_DO } else { TO_NOTE };
            let Some((reply, is_late)) = ask(state_dir, &again, patience).await? else {
                return Ok(None);
            };
            if again.is_last || is_late {
                replies.push(reply);
                break;
            }
            rest = others;
        }
    }
    Ok(Some(replies))
}

/// What the service says of it, and whether it has not said anything in time.
async fn ask(
    state_dir: &Path,
    again: &Again,
    patience: Duration,
) -> io::Result<Option<(Value, bool)>> {
    let question = control::again(again);
    let asked = control::ask_when_ready(state_dir, &question, STARTING);
    match tokio::time::timeout(patience, asked).await {
        Ok(told) => Ok(told?.map(|reply| (reply, false))),
        Err(_) => {
            let left = json!({
                "mirror": again.mirror, "path": ".", "reason": "pending",
                "message": "the service is still at it: `boxup status` tells how it stands",
            });
            Ok(Some((json!({ "left": [left] }), true)))
        }
    }
}

/// Does it here, where no service runs.
pub(crate) async fn alone(
    config: &Config,
    drifted: Vec<(String, Vec<FolderId>)>,
    stop: StopSignals,
    sink: Sink,
) -> Result<Ending, Fatal> {
    let began = Instant::now();
    let parts = Parts::open(config, Role::Command)?;
    let schedule = Schedule::single();
    let mut engine = parts.engine(config, SINGLE, schedule, Eyes::closed(), sink)?;
    forward_signals(stop, engine.events());
    let mut ran = Ok(());
    for (name, folders) in drifted {
        let number = config.mirrors.iter().position(|one| one.name == name);
        if let Some(number) = number
            && ran.is_ok()
        {
            ran = engine.recompare(number, folders).await.map(drop);
        }
    }
    if ran.is_ok() {
        ran = engine.run_until_idle().await;
    }
    let ending = engine.finish(began, ran).await;
    parts.close().await;
    Ok(ending)
}
