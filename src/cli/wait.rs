//! `boxup wait`: until everything that is saved is on Box.

use crate::agent::control;
use crate::cli::args::WaitArgs;
use crate::cli::output::Output;
use crate::cli::wording::{duration, printable};
use crate::cli::{exit, failure, slip};
use crate::config::Local;
use serde_json::{Value, json};
use std::time::Duration;

const NOBODY: &str = "no boxup is running for this state directory";

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
    let asked = control::ask_when_ready(&config.state_dir, &question, timeout);
    let asked = tokio::time::timeout(timeout, asked).await;
    let (mut reply, code) = match asked {
        Ok(Ok(Some(reply))) => {
            let code = waited(&reply);
            (reply, code)
        }
        Ok(Ok(None)) => {
            let why = control::whoever_is_on(&config.state_dir);
            let why = why.unwrap_or_else(|| NOBODY.to_owned());
            (json!({ "error": why }), exit::UNREACHABLE)
        }
        Ok(Err(error)) => {
            let what = format!("the running boxup cannot be asked: {error}");
            return failure::said(&what, exit::UNREACHABLE, as_json, &mut output);
        }
        Err(_) => (json!({ "timed_out": true }), exit::INCOMPLETE),
    };
    reply["in_sync"] = json!(code == exit::OK);
    match as_json {
        true => output.say(&format!("{reply}\n")),
        false => output.relate(&describe_wait(&reply, timeout)),
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
