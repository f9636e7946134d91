//! `boxup status`: how the agent stands; without one, what the last runs left.
//!
//! The answer is an object of JSON, whoever it is for: `page` makes text of it, `verdict`
//! an exit code.

mod known;
mod page;
mod verdict;
mod watch;

use crate::agent::control;
use crate::cli::args::StatusArgs;
use crate::cli::output::{Looks, Output};
use crate::cli::status::page::{Look, page, text};
use crate::cli::wording::printable_path;
use crate::cli::{exit, failure, slip};
use crate::clock;
use crate::config::Local;
use serde_json::{Value, json};
use std::io::{self, ErrorKind};
use std::time::Duration;

/// How long the agent may take to say how it stands.
const PATIENCE: Duration = Duration::from_secs(10);

/// The directory that should have the socket in it cannot be gone into.
const UNUSABLE: [ErrorKind; 2] = [ErrorKind::NotADirectory, ErrorKind::PermissionDenied];

/// What there is to tell.
enum Found {
    /// An agent has answered.
    Running(Value),
    /// None runs; what is known without one.
    Stopped(Value),
    /// One runs and cannot be asked, or the state cannot be read: a sentence, and the exit
    /// code.
    Trouble(String, u8),
}

/// Tells how it stands.
pub(crate) async fn status(
    mut config: Local,
    args: StatusArgs,
    looks: Looks,
    mut output: Output,
) -> u8 {
    if let Err(what) = select(&mut config, &args.mirrors) {
        return failure::said(&what, exit::USAGE, args.json, &mut output);
    }
    if args.watch {
        return watch::watch(&config, args.json, looks, output).await;
    }
    let (mut status, mut code) = match look(&config).await {
        Found::Running(status) => (status, exit::OK),
        Found::Stopped(status) => (status, exit::UNREACHABLE),
        Found::Trouble(sentence, code) => {
            return untold(&sentence, code, &args, &mut output);
        }
    };
    let now = clock::wall();
    let judged = args.max_lag.map(|most| verdict::judge(&status, most));
    if let Some(judged) = &judged {
        code = judged.code;
        status["verdict"] = json!({ "code": code, "message": judged.line });
    }
    match (args.json, judged) {
        (true, _) => output.say(&format!("{status}\n")),
        (false, Some(judged)) => output.say(&format!("{}\n", judged.line)),
        (false, None) => {
            let look = Look {
                width: output.columns(),
                colour: looks.colours(output.is_terminal()),
                now,
            };
            output.say(&text(&page(&status, Vec::new(), &look)));
        }
    }
    code
}

/// Nobody could say how it stands. A monitor reads standard output, whatever happens.
fn untold(sentence: &str, code: u8, args: &StatusArgs, output: &mut Output) -> u8 {
    let verdict = args.max_lag.map(|most| verdict::unknown(sentence, most));
    match (args.json, verdict) {
        (false, None) => return failure::said(sentence, code, false, output),
        (false, Some(line)) => output.say(&format!("{line}\n")),
        (true, verdict) => {
            let mut line = failure::told(sentence, code);
            if let Some(verdict) = verdict {
                line["verdict"] = json!({ "code": code, "message": verdict });
            }
            output.say(&format!("{line}\n"));
            output.complain(&format!("error: {sentence}\n"));
        }
    }
    code
}

/// Keeps only the mirrors that were named, if any were.
fn select(config: &mut Local, names: &[String]) -> Result<(), String> {
    let is_known = |name: &&String| config.mirrors.iter().any(|one| one.name == **name);
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        let known = config.mirrors.iter().map(|one| one.name.as_str());
        return Err(slip::no_mirror(unknown, known));
    }
    if !names.is_empty() {
        config.mirrors.retain(|mirror| names.contains(&mirror.name));
    }
    Ok(())
}

/// Asks the agent, or looks at what the last runs left.
async fn look(config: &Local) -> Found {
    let question = json!({ "verb": "status" });
    let asked = tokio::time::timeout(PATIENCE, control::ask(&config.state_dir, &question)).await;
    match asked {
        Ok(Ok(Some(mut status))) => match status["error"].as_str() {
            Some(error) => unanswered(&io::Error::other(error.to_owned())),
            None => {
                only(&mut status, config);
                Found::Running(status)
            }
        },
        Ok(Ok(None)) => match known::known(config) {
            Ok(status) => Found::Stopped(status),
            Err(error) => Found::Trouble(error.to_string(), exit::STATE),
        },
        // Another user's is told as such. This one is ours, and of no use.
        Ok(Err(error)) if UNUSABLE.contains(&error.kind()) => {
            let dir = printable_path(&config.state_dir);
            let sentence = format!("the state in {dir} cannot be read: {error}");
            Found::Trouble(sentence, exit::STATE)
        }
        Ok(Err(error)) => unanswered(&error),
        Err(_) => unanswered(&io::Error::other("no answer in time")),
    }
}

fn unanswered(error: &io::Error) -> Found {
    let sentence = format!("the running boxup cannot be asked: {error}");
    Found::Trouble(sentence, exit::UNREACHABLE)
}

/// Leaves out the mirrors that were not asked for.
fn only(status: &mut Value, config: &Local) {
    if let Some(mirrors) = status["mirrors"].as_array_mut() {
        mirrors.retain(|mirror| {
            let is_wanted = |one: &crate::config::Mirror| mirror["name"] == *one.name;
            config.mirrors.iter().any(is_wanted)
        });
        for mirror in mirrors {
            mirror["lag_seconds"] = json!(mirror["oldest_unsynced_seconds"].as_u64().unwrap_or(0));
        }
    }
}
