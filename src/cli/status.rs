//! `boxup status` and `boxup wait`: asking the agent that runs.

use crate::agent::control;
use crate::agent::pause::told;
use crate::cli::args::WaitArgs;
use crate::cli::output::Output;
use crate::cli::wording::{bytes, count, duration, printable, some};
use crate::cli::{exit, failure, slip};
use crate::config::{Local, Mirror};
use crate::model::ids::FolderKey;
use crate::plan::guard::{BRAKE, Halt};
use crate::plan::pause::ASKED;
use crate::plan::policy::OnDelete;
use crate::store::error::Error as StoreError;
use crate::store::peek;
use crate::store::reader::Reader;
use serde_json::{Value, json};
use std::io;
use std::time::Duration;

/// How long the agent may take to say how it stands.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells how the agent stands; without one, what the last run left.
pub(crate) async fn status(config: &Local, as_json: bool, mut output: Output) -> u8 {
    let question = json!({ "verb": "status" });
    let asked = tokio::time::timeout(PATIENCE, control::ask(&config.state_dir, &question)).await;
    let (status, code) = match asked {
        Ok(Ok(Some(status))) => match status["error"].as_str() {
            Some(error) => return unanswered(&io::Error::other(error.to_owned()), &mut output),
            None => (status, exit::OK),
        },
        Ok(Ok(None)) => match last_known(config) {
            Ok(status) => (status, exit::UNREACHABLE),
            Err(error) => {
                output.complain(&format!("error: {error}\n"));
                return exit::STATE;
            }
        },
        Ok(Err(error)) => return unanswered(&error, &mut output),
        Err(_) => return unanswered(&io::Error::other("no answer in time"), &mut output),
    };
    match as_json {
        true => output.say(&format!("{status}\n")),
        false => output.say(&describe(&status)),
    }
    code
}

/// Waits until all is on Box.
pub(crate) async fn wait(config: &Local, args: &WaitArgs, mut output: Output) -> u8 {
    let (timeout, as_json) = (args.timeout, args.json);
    let is_known = |name: &&String| config.mirrors.iter().any(|one| one.name == **name);
    if let Some(unknown) = args.mirrors.iter().find(|name| !is_known(name)) {
        let known = config.mirrors.iter().map(|one| one.name.as_str());
        let what = slip::no_mirror(unknown, known);
        return failure::said(&what, exit::USAGE, as_json, &mut output);
    }
    let question = json!({ "verb": "wait", "mirrors": args.mirrors });
    let asked = tokio::time::timeout(timeout, control::ask(&config.state_dir, &question)).await;
    let (mut reply, code) = match asked {
        Ok(Ok(Some(reply))) => {
            let code = waited(&reply);
            (reply, code)
        }
        Ok(Ok(None)) => (
            json!({ "error": "no boxup is running for this state directory" }),
            exit::UNREACHABLE,
        ),
        Ok(Err(error)) => return unanswered(&error, &mut output),
        Err(_) => (json!({ "timed_out": true }), exit::INCOMPLETE),
    };
    reply["in_sync"] = json!(code == exit::OK);
    match as_json {
        true => output.say(&format!("{reply}\n")),
        false => output.say(&describe_wait(&reply, timeout)),
    }
    code
}

fn waited(reply: &Value) -> u8 {
    let is_empty = |key: &str| reply[key].as_array().is_none_or(Vec::is_empty);
    if reply.get("error").is_some() {
        exit::UNREACHABLE
    } else if !is_empty("halted") || !is_empty("paused") {
        exit::HALTED
    } else if !is_empty("left") {
        exit::INCOMPLETE
    } else {
        exit::OK
    }
}

fn unanswered(error: &io::Error, output: &mut Output) -> u8 {
    output.complain(&format!(
        "error: the running boxup cannot be asked: {error}\n"
    ));
    exit::UNREACHABLE
}

fn last_known(config: &Local) -> Result<Value, StoreError> {
    let reader = peek(&config.state_dir)?;
    let mut mirrors = Vec::new();
    let now = crate::clock::nanos();
    let pauses = reader.pauses()?.into_iter();
    let pauses: Vec<_> = pauses.filter(|pause| !pause.is_over(now)).collect();
    for mirror in &config.mirrors {
        let pause = pauses.iter().find(|pause| pause.mirror == mirror.name);
        let root = reader.root(&mirror.name, &mirror.target.key())?;
        let (synced, parked, halted) = match &root {
            Some(root) => (
                reader.synced_files(root.key)?,
                reader.parked_count(root.key)?,
                held(&reader, mirror, root.key)?,
            ),
            None => (0, 0, None),
        };
        mirrors.push(json!({
            "name": mirror.name,
            "local": mirror.local.to_string_lossy(),
            "folder_id": root.map(|root| root.id.to_string()),
            "state": match (&halted, pause) {
                (Some(_), _) => "halted",
                (None, Some(_)) => "paused",
                (None, None) => "stopped",
            },
            "halted": halted,
            "paused": pause.map(told::standing),
            "synced": synced,
            "pending": Value::Null,
            "in_flight": 0,
            "parked": parked,
            "oldest_unsynced_seconds": Value::Null,
            "last_pass": Value::Null,
        }));
    }
    let token = json!({ "method": Value::Null, "expires_in": Value::Null });
    Ok(json!({ "running": false, "mirrors": mirrors, "token": token }))
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
             waits until it is back, or for: boxup approve {name:?}"
        );
        (BRAKE, message)
    } else {
        return Ok(None);
    };
    Ok(Some(json!({ "reason": reason, "message": message })))
}

fn describe(status: &Value) -> String {
    let mut text = match status["running"].as_bool() {
        Some(true) => String::new(),
        _ => "boxup is not running; this is what the last run left.\n".to_owned(),
    };
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    for mirror in status["mirrors"].as_array().into_iter().flatten() {
        let name = mirror["name"].as_str().unwrap_or("?");
        let state = mirror["state"].as_str().unwrap_or("?");
        text.push_str(&format!(
            "{name}: {state}, {} on Box",
            some(number(&mirror["synced"]), "file")
        ));
        for key in ["pending", "in_flight", "held_back", "parked", "failed"] {
            if number(&mirror[key]) > 0 {
                let words = key.replace('_', " ");
                text.push_str(&format!(", {} {words}", count(number(&mirror[key]))));
            }
        }
        if let Some(age) = mirror["oldest_unsynced_seconds"].as_u64() {
            text.push_str(&format!(", oldest {}", duration(Duration::from_secs(age))));
        }
        text.push('\n');
        if mirror["doubted"].as_bool() == Some(true) {
            text.push_str(
                "    the state was lost or is an old copy: everything is being compared with Box\n",
            );
        }
        if let Some(message) = mirror["halted"]["message"].as_str() {
            text.push_str(&format!("    {message}\n"));
        }
        text.push_str(&describe_polling(&mirror["polled"]));
        if let Some(message) = mirror["paused"]["message"].as_str() {
            text.push_str(&describe_pause(&mirror["paused"], message));
        }
    }
    text.push_str(&describe_limits(status));
    let failing = status["notify"]["failing"].as_object();
    for (way, why) in failing.into_iter().flatten() {
        let why = printable(why.as_str().unwrap_or("?"));
        text.push_str(&format!("nobody is told by the {way}: {why}\n"));
    }
    text
}

/// What nobody watches, and why.
fn describe_polling(polled: &Value) -> String {
    let Some(first) = polled["first"].as_str() else {
        return String::new();
    };
    let what = match polled["places"].as_u64() {
        Some(1) if first == "." => "all of it".to_owned(),
        Some(1) | None => first.to_owned(),
        Some(places) => format!("{} directories", count(places)),
    };
    let why = polled["message"]
        .as_str()
        .unwrap_or("it is not watched yet");
    format!("    {what} is polled: {why}\n")
}

/// What slows it down, if anything does.
fn describe_limits(status: &Value) -> String {
    let mut text = String::new();
    let rate = &status["rate"];
    if let Some(seconds) = rate["held_seconds"].as_u64() {
        let wait = duration(Duration::from_secs(seconds));
        text.push_str(&format!("Box asks to wait {wait}\n"));
    }
    for what in ["uploads", "requests"] {
        let number = |key: &str| rate[what][key].as_u64().unwrap_or(0);
        if number("allowed") < number("limit") {
            let (allowed, limit) = (count(number("allowed")), count(number("limit")));
            text.push_str(&format!(
                "Box takes {allowed} of {limit} {what} a minute now\n"
            ));
        }
    }
    if let Some(limit) = status["bandwidth"]["limit"].as_u64() {
        text.push_str(&format!("bandwidth: {}/s\n", bytes(limit)));
    }
    text
}

fn describe_pause(paused: &Value, message: &str) -> String {
    if paused["reason"] == ASKED {
        return format!("    {}\n", printable(message));
    }
    let number = |key: &str| paused[key].as_u64().unwrap_or(0);
    let what = match number("from_bytes") {
        0 => "nothing is sent there".to_owned(),
        from => format!("files of {} and more are not sent there", bytes(from)),
    };
    let next = duration(Duration::from_secs(number("next_probe_seconds")));
    format!("    {what}, until one gets through; the next is tried in {next}: {message}\n")
}

fn describe_wait(reply: &Value, timeout: Duration) -> String {
    if let Some(error) = reply["error"].as_str() {
        return format!("{error}\n");
    }
    if reply["timed_out"].as_bool() == Some(true) {
        let waited = duration(timeout);
        return format!("not everything is on Box after {waited}; `boxup status` tells more\n");
    }
    if reply["in_sync"].as_bool() == Some(true) {
        return "everything is on Box\n".to_owned();
    }
    let mut text = String::new();
    let words = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    for halt in reply["halted"].as_array().into_iter().flatten() {
        let (mirror, message) = (words(&halt["mirror"]), words(&halt["message"]));
        text.push_str(&format!("{mirror} stands still: {message}\n"));
    }
    for pause in reply["paused"].as_array().into_iter().flatten() {
        let (mirror, message) = (words(&pause["mirror"]), words(&pause["message"]));
        text.push_str(&format!("{mirror} is paused: {message}\n"));
    }
    for entry in reply["left"].as_array().into_iter().flatten() {
        let (mirror, path) = (words(&entry["mirror"]), printable(&words(&entry["path"])));
        text.push_str(&format!("{mirror}/{path}: {}\n", words(&entry["message"])));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::describe_limits;
    use serde_json::json;

    #[test]
    fn only_what_slows_it_down_is_told() {
        let lane = |limit: u32, allowed: u32| json!({ "limit": limit, "allowed": allowed });
        for (status, expected) in [
            (json!({}), ""),
            (
                json!({
                    "rate": { "uploads": lane(240, 240), "requests": lane(1000, 1000) },
                    "bandwidth": { "limit": null },
                }),
                "",
            ),
            (
                json!({
                    "rate": {
                        "uploads": lane(240, 98),
                        "requests": lane(1000, 1000),
                        "held_seconds": 12,
                    },
                    "bandwidth": { "limit": 2_000_000 },
                }),
                "Box asks to wait 12s\nBox takes 98 of 240 uploads a minute now\n\
                 bandwidth: 2.0 MB/s\n",
            ),
        ] {
            assert_eq!(describe_limits(&status), expected);
        }
    }
}
