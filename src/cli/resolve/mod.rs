//! `boxup resolve`: a person's decision about conflicts, told to the service, or carried
//! out here where none runs.

mod cases;
pub(super) mod places;
mod words;

use crate::agent::notice::{Ending, put_path};
use crate::agent::{control, resolve};
use crate::cli::args::ResolveArgs;
use crate::cli::output::Output;
use crate::cli::resolve::cases::{Case, Refused, cases};
use crate::cli::resolve::words::{is_done, sentence};
use crate::cli::wording::{printable, some, wrapped};
use crate::cli::{Place, exit, refuse, summary, unless_told};
use crate::config::{self, Config};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long the service may take for one of them. It may be waiting for Box.
const PATIENCE: Duration = Duration::from_secs(120);

/// What came of the decisions, one by one, and what kept the rest from being done.
struct Done {
    results: Vec<Value>,
    words: String,
    code: u8,
}

/// Decides.
pub(super) async fn run(
    place: Place,
    args: ResolveArgs,
    mut stop: mpsc::Receiver<()>,
    mut output: Output,
) -> u8 {
    let local = match unless_told(&mut stop, place.load(config::load_local)).await {
        None => return exit::INCOMPLETE,
        Some(Ok(local)) => local,
        Some(Err(error)) => return refuse(&error, args.json, &mut output),
    };
    // Looked at as a whole before anything is done.
    let cases = match cases(&local, &args) {
        Ok(cases) => cases,
        Err(refused) => return turn_away(&refused, args.json, &mut output),
    };
    let told = unless_told(&mut stop, tell(&local.state_dir, &cases)).await;
    let done = match told {
        None => return exit::INCOMPLETE,
        Some(Some(done)) => done,
        Some(None) => match place.load(config::load).await {
            Err(error) => return refuse(&error, args.json, &mut output),
            Ok(loaded) => alone(&loaded.config, &cases, stop).await,
        },
    };
    report(&cases, &done, args.json, &mut output)
}

fn turn_away(refused: &Refused, as_json: bool, output: &mut Output) -> u8 {
    let (message, code) = match refused {
        Refused::Usage(message) => (message.clone(), exit::USAGE),
        Refused::Store(error) => (error.to_string(), exit::STATE),
    };
    if as_json {
        let error = json!({ "message": message });
        let line = json!({
            "event": "summary", "resolved": 0, "unresolved": 0, "error": error,
            "exit_code": code,
        });
        output.say(&format!("{line}\n"));
    }
    output.complain(&format!("error: {message}\n"));
    code
}

/// Tells the service; `None` when none runs.
async fn tell(state_dir: &Path, cases: &[Case]) -> Option<Done> {
    let mut done = Done {
        results: Vec::new(),
        words: String::new(),
        code: exit::OK,
    };
    for case in cases {
        let question = control::decision(&case.order)?;
        let asked = control::ask_when_ready(state_dir, &question, control::STARTING);
        let reply = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(None)) if done.results.is_empty() => return None,
            Ok(Ok(Some(reply))) => reply,
            Ok(Ok(None)) => json!({ "error": "the service has ended" }),
            Ok(Err(error)) => json!({ "error": format!("the service cannot be asked: {error}") }),
            Err(_) => json!({
                "result": "pending",
                "message": "the service has taken note of it and is still at it: `boxup status` \
                            tells how it stands",
            }),
        };
        if let Some(error) = reply["error"].as_str() {
            done.words = format!(
                "error: {error}. If the service is of another version than this boxup, start it \
                 anew; or stop it, and decide without it\n"
            );
            done.code = exit::UNREACHABLE;
            return Some(done);
        }
        done.results.push(reply);
    }
    match cases.is_empty() {
        true => Some(done),
        false => Some(done).filter(|done| !done.results.is_empty()),
    }
}

/// Carries it out here.
async fn alone(config: &Config, cases: &[Case], stop: mpsc::Receiver<()>) -> Done {
    let orders = cases.iter().map(|case| case.order.clone()).collect();
    match resolve::alone(config, orders, stop).await {
        Ok((resolved, ending)) => {
            let results = resolved.iter().map(|one| match one {
                Some(resolved) => resolve::value(resolved),
                None => json!({
                    "result": "pending",
                    "message": "it was not reached; the next run does it",
                }),
            });
            let results: Vec<_> = results.collect();
            let is_over = results.iter().all(|result| result["result"] != "pending");
            Done {
                results,
                words: summary::trouble(&ending),
                code: if is_over { exit::OK } else { code_of(&ending) },
            }
        }
        Err(fatal) => Done {
            results: Vec::new(),
            words: format!("error: {fatal}\n"),
            code: exit::of_fatal(&fatal),
        },
    }
}

fn code_of(ending: &Ending) -> u8 {
    exit::of_ending(ending).max(exit::INCOMPLETE)
}

fn report(cases: &[Case], done: &Done, as_json: bool, output: &mut Output) -> u8 {
    let mut code = done.code;
    let mut resolved = 0;
    for (case, result) in cases.iter().zip(&done.results) {
        let is_resolved = is_done(result);
        resolved += u64::from(is_resolved);
        if code == exit::OK && !is_resolved {
            code = match result["result"].as_str() {
                Some("halted") => exit::HALTED,
                _ => exit::INCOMPLETE,
            };
        }
        let (order, words) = (&case.order, sentence(case, result));
        if as_json {
            let mut line = result.clone();
            let event = if is_resolved {
                "resolved"
            } else {
                "unresolved"
            };
            line["event"] = json!(event);
            line["mirror"] = json!(order.mirror);
            put_path(&mut line, &order.path);
            line["keep"] = json!(order.keep.word());
            line["message"] = json!(words);
            output.say(&format!("{line}\n"));
            continue;
        }
        output.say(&format!("{}/{}\n", printable(&order.mirror), order.path));
        for line in wrapped(&words, output.width() - 4) {
            output.say(&format!("    {line}\n"));
        }
    }
    let unresolved = cases.len() as u64 - resolved;
    if as_json {
        let mut line = json!({
            "event": "summary", "resolved": resolved, "unresolved": unresolved,
            "exit_code": code,
        });
        if !done.words.is_empty() {
            line["error"] = json!({ "message": done.words.trim_end() });
        }
        output.say(&format!("{line}\n"));
    } else if cases.is_empty() {
        output.say("no conflicts\n");
    } else if cases.len() > 1 {
        output.say(&format!(
            "{} of {}\n",
            resolved,
            some(cases.len() as u64, "conflict")
        ));
    }
    output.complain(&done.words);
    code
}
