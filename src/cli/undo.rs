//! `boxup undo`: told to the service, or done here where none runs.

use crate::agent::undo;
use crate::cli::errand::{self, Untold};
use crate::cli::output::Output;
use crate::cli::wording::{printable, some};
use crate::cli::{Place, exit, refuse, whole};
use crate::config::Config;
use serde_json::{Value, json};
use std::time::Duration;

/// How long the service may take: a run may have done a great deal.
const PATIENCE: Duration = Duration::from_secs(60 * 60);
/// What is said when it takes longer.
const SLOW: &str = "the service is still at it: run the same again to see how it stands";

/// Undoes.
pub(super) async fn run(place: &Place, run: &str, as_json: bool, mut output: Output) -> u8 {
    let question = json!({ "verb": "undo", "run": run });
    let alone = async |config: Config| undo::alone(&config, run).await;
    let told = match errand::run(place, &question, PATIENCE, SLOW, whole, alone).await {
        Ok(told) => told,
        Err(Untold::Configuration(error)) => return refuse(&error, as_json, &mut output),
        Err(Untold::Failed(what, code)) => return fail(&what, code, as_json, &mut output),
    };
    if told["result"] == "unknown" {
        return fail(&unknown(run, &told), exit::USAGE, as_json, &mut output);
    }
    report(run, &told, as_json, &mut output)
}

fn unknown(run: &str, told: &Value) -> String {
    let known = told["runs"].as_array();
    let known: Vec<_> = known
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let known = match known.as_slice() {
        [] => "no run has anything that could be undone".to_owned(),
        [one] => format!("the only one that can be undone is {one}"),
        several => format!("the last that can be undone are {}", several.join(", ")),
    };
    format!("run {run:?} has nothing that could be undone; {known}")
}

fn report(run: &str, told: &Value, as_json: bool, output: &mut Output) -> u8 {
    let items = told["items"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let left = items.iter().filter(|item| item["event"] == "left").count();
    let code = match (&told["stop"], left) {
        (Value::Object(stop), _) if stop["access"] == true => exit::UNAUTHORIZED,
        (Value::Object(_), _) => exit::UNREACHABLE,
        (_, 0) => exit::OK,
        (_, _) => exit::INCOMPLETE,
    };
    for item in items {
        let line = match as_json {
            true => item.to_string(),
            false => sentence(item),
        };
        output.say(&format!("{line}\n"));
    }
    let undone = items.len() - left;
    if as_json {
        let mut line = json!({
            "event": "summary", "run": run, "undone": undone, "left": left, "exit_code": code,
        });
        if let Some(message) = told["stop"]["message"].as_str() {
            line["error"] = json!({ "message": message });
        }
        output.say(&format!("{line}\n"));
    } else {
        let all = some(items.len() as u64, "item");
        output.say(&format!("{undone} of {all} back.\n"));
    }
    if let Some(message) = told["stop"]["message"].as_str() {
        output.complain(&format!("error: {message}\n"));
    }
    code
}

fn sentence(item: &Value) -> String {
    let word = |key: &str| printable(item[key].as_str().unwrap_or("?"));
    let place = format!("{}/{}", word("mirror"), word("path"));
    match item["event"].as_str() {
        Some("restored") => format!("restored  {place}"),
        Some("moved_back") => format!("back      {place}"),
        _ => format!("left      {place}: {}", word("message")),
    }
}

fn fail(what: &str, code: u8, as_json: bool, output: &mut Output) -> u8 {
    if as_json {
        let line = json!({
            "event": "summary", "undone": 0, "left": 0, "error": { "message": what },
            "exit_code": code,
        });
        output.say(&format!("{line}\n"));
    }
    output.complain(&format!("error: {what}\n"));
    code
}
