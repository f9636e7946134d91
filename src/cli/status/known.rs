//! What is known without an agent: by the mapping, and by what the last runs left.

use crate::agent::pause::told;
use crate::agent::snapshot::{age_of, rfc3339};
use crate::clock;
use crate::config::{Local, Mirror};
use crate::model::ids::FolderKey;
use crate::model::path::shell_word;
use crate::plan::guard::{BRAKE, Halt};
use crate::plan::pause::Pause;
use crate::plan::policy::OnDelete;
use crate::remote::auth::file::{Kept, TokenFile};
use crate::store::error::Error as StoreError;
use crate::store::last::{self, Last, LastPass, LastRun, Seconds};
use crate::store::lock::{self, Role};
use crate::store::peek;
use crate::store::reader::Reader;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// A time that lies in the future by less is as good as now: clocks are set.
const SLACK: Duration = Duration::from_secs(300);

/// What the last runs left.
pub(super) fn known(config: &Local) -> Result<Value, StoreError> {
    let reader = peek(&config.state_dir)?;
    let last = last::read(&config.state_dir);
    let mut mirrors = Vec::new();
    let now = clock::nanos();
    let pauses = reader.pauses()?.into_iter();
    let pauses: Vec<_> = pauses.filter(|pause| !pause.is_over(now)).collect();
    let busy = lock::holder(&config.state_dir);
    let is_passing = busy.is_some_and(|who| who.role == Role::Run);
    for mirror in &config.mirrors {
        let pause = pauses.iter().find(|pause| pause.mirror == mirror.name);
        let mut told = of_mirror(&reader, mirror, &last, pause)?;
        if is_passing {
            passing(&mut told);
        }
        mirrors.push(told);
    }
    Ok(json!({
        "running": false,
        "busy": busy.map(|who| json!({ "pid": who.pid, "role": who.role.word() })),
        "last_run": last.run.as_ref().map(of_run),
        "mirrors": mirrors,
        "token": token(&config.state_dir),
    }))
}

fn of_mirror(
    reader: &Reader,
    mirror: &Mirror,
    last: &Last,
    pause: Option<&Pause>,
) -> Result<Value, StoreError> {
    let root = reader.root(&mirror.name, &mirror.target.key())?;
    let (synced, parked, oldest, held) = match &root {
        Some(root) => (
            reader.synced_files(root.key)?,
            reader.parked_count(root.key)?,
            reader.oldest_parked(root.key)?,
            held(reader, mirror, root.key)?,
        ),
        None => (0, 0, None, None),
    };
    let unknown = LastPass::default();
    let pass = last.of(&mirror.name, &mirror.target.key());
    let is_known = pass.is_some();
    let pass = pass.unwrap_or(&unknown);
    let halted = held.or_else(|| halted(pass));
    let state = match (&halted, pause) {
        (Some(_), _) => "halted",
        (None, Some(_)) => "paused",
        (None, None) => "stopped",
    };
    Ok(json!({
        "name": mirror.name,
        "local": mirror.local.to_string_lossy(),
        "folder_id": root.map(|root| root.id.to_string()),
        "state": state,
        "halted": halted,
        "paused": pause.map(told::standing),
        "synced": synced,
        "pending": is_known.then_some(pass.pending),
        "in_flight": 0,
        "parked": parked,
        "oldest_parked_seconds": oldest.map(|at| age_of(at).as_secs()),
        "failed": is_known.then_some(pass.failed),
        "oldest_unsynced_seconds": Value::Null,
        "lag_seconds": pass.fresh.and_then(age),
        "in_sync_at": pass.fresh.map(time),
        "last_pass": pass.complete.map(time),
        "last_pass_ended": pass.ended.map(time),
        "cut_short": pass.cut_short,
    }))
}

/// A single pass is under way, which cannot be asked: what the one before left is not what
/// there is to do now.
fn passing(mirror: &mut Value) {
    if mirror["state"] == "stopped" {
        mirror["state"] = json!("running");
    }
    for key in ["pending", "in_flight", "failed"] {
        mirror[key] = Value::Null;
    }
}

/// Why a mirror waits for a person, as far as the mapping tells.
fn held(reader: &Reader, mirror: &Mirror, root: FolderKey) -> Result<Option<Value>, StoreError> {
    let name = &mirror.name;
    let (reason, message) = if mirror.on_delete == OnDelete::Keep {
        return Ok(None);
    } else if reader.is_trashless(root)? {
        let halt = Halt::Trashless(name.clone());
        (halt.code(), halt.to_string())
    } else if reader.is_held(root)? {
        let message = format!(
            "more is gone from the disk than max_deletes lets go to Box's trash; the mirror \
             waits until it is back, or for: boxup approve {}",
            shell_word(name.as_bytes())
        );
        (BRAKE, message)
    } else {
        return Ok(None);
    };
    Ok(Some(json!({ "reason": reason, "message": message })))
}

/// Why it stood still when it was last looked at; what waits for an approval, the mapping
/// knows better.
fn halted(pass: &LastPass) -> Option<Value> {
    let (reason, message) = pass.halted.as_ref()?;
    let is_the_mappings = [BRAKE, Halt::Trashless(String::new()).code()].contains(&&**reason);
    (!is_the_mappings).then(|| json!({ "reason": reason, "message": message }))
}

fn of_run(run: &LastRun) -> Value {
    json!({
        "started_at": time(run.began),
        "ended_at": run.ended.map(time),
        "service": run.is_service,
        "unauthorized": run.unauthorized,
        "unreachable": run.unreachable,
        "broken": run.broken,
    })
}

/// The token that was got last, if one is kept.
fn token(state_dir: &Path) -> Value {
    let methods = ["ccg", "jwt", "oauth2"].into_iter();
    let kept = methods.filter_map(|method| {
        let kept = TokenFile::new(state_dir, method).read().ok()??;
        Some((method, kept))
    });
    let newest = kept.max_by_key(|(_, Kept { obtained_at, .. })| *obtained_at);
    let left = |kept: &Kept| {
        let left = kept.expires_at.duration_since(clock::wall());
        left.map_or(0, |left| left.as_secs())
    };
    json!({
        "method": newest.as_ref().map(|(method, _)| method),
        "expires_in": newest.as_ref().map(|(_, kept)| left(kept)),
    })
}

fn time(seconds: Seconds) -> String {
    rfc3339(last::at(seconds))
}

/// For how long that is past; `None` where the clock says that it is yet to come.
fn age(seconds: Seconds) -> Option<u64> {
    match clock::wall().duration_since(last::at(seconds)) {
        Ok(age) => Some(age.as_secs()),
        Err(ahead) => (ahead.duration() <= SLACK).then_some(0),
    }
}
