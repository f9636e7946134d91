//! `boxup explain`: how one path stands, and why.

use crate::agent::explain::{self, Explained, Here, OnBox, State};
use crate::agent::notice::put_path;
use crate::cli::output::Output;
use crate::cli::resolve::places;
use crate::cli::wording::{bytes, printable, printable_path, wrapped};
use crate::cli::{exit, history, json};
use crate::config::Local;
use crate::local::rules::Decision;
use crate::model::path::RelPath;
use crate::model::reason::{AWAITS, Exclusion, FULL, LOCKED, SUCCEEDS};
use crate::model::stamp::{Nanos, Stamp};
use crate::plan::conflict::CODES;
use crate::plan::facts::ParkedItem;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// What comes after a label begins here.
const COLUMN: usize = 10;
/// After this long the service tries again what waits for something at Box.
const DAILY: Duration = Duration::from_secs(24 * 60 * 60);

/// Explains a path: one on the disk, or `MIRROR/path/in/it`.
pub(crate) async fn explain(local: Local, path: &Path, as_json: bool, mut output: Output) -> u8 {
    let mut refused = |message: String, code| {
        if as_json {
            let error = json!({ "message": message });
            output.say(&format!(
                "{}\n",
                json!({ "event": "summary", "error": error, "exit_code": code })
            ));
        }
        output.complain(&format!("error: {message}\n"));
        code
    };
    let Some((number, below)) = places::of(&local, path).into_iter().next() else {
        let shown = printable_path(path);
        let message = format!(
            "{shown} is in no mirror; there is {}",
            places::names(&local)
        );
        return refused(message, exit::USAGE);
    };
    let mirror = &local.mirrors[number];
    let explained = match explain::explain(&local.state_dir, mirror, &below).await {
        Ok(explained) => explained,
        Err(error) => return refused(error.to_string(), exit::STATE),
    };
    // A directory's would be about something in it.
    let is_directory = matches!(explained.here, Here::Directory);
    let last = || history::last_of(&local.state_dir, &mirror.name, &below);
    let (last, last_object) = (!is_directory).then(last).flatten().unzip();
    match as_json {
        true => {
            let mut object = object(&mirror.name, &below, &explained);
            object["last"] = json!(last_object);
            output.say(&format!("{object}\n"));
        }
        false => {
            let last = last.as_deref();
            let text = block(&mirror.name, &below, &explained, last, output.width());
            output.say(&text);
        }
    }
    exit::OK
}

fn object(mirror: &str, path: &RelPath, explained: &Explained) -> Value {
    let mut object = json!({
        "mirror": mirror,
        "state": explained.state.code(),
        "local": here_object(&explained.here),
        "rule": explain::rule(&explained.decision).map(json::rule),
        "excluded": match &explained.decision {
            Decision::Out(why) => json!({
                "reason": why.code(), "message": why.to_string(),
                "directory": explained.above.as_ref().map(ToString::to_string),
            }),
            Decision::Free | Decision::Kept(_) => Value::Null,
        },
        "box": explained.on_box.as_ref().map(box_object),
        "box_name": explained.on_box.as_ref().and_then(box_name).or(explained.would_be.as_deref()),
        "error": last_error(explained),
        "next": next(explained),
    });
    put_path(&mut object, path);
    object
}

fn here_object(here: &Here) -> Value {
    match here {
        Here::File(stamp) => {
            json!({ "kind": "file", "size": stamp.size, "mtime": time(stamp.mtime) })
        }
        Here::Directory => json!({ "kind": "directory" }),
        Here::Other(words) => json!({ "kind": "other", "message": words }),
        Here::Nothing => Value::Null,
        Here::Unknown(why) => json!({ "kind": "unreadable", "message": why }),
    }
}

fn box_name(on_box: &OnBox) -> Option<&str> {
    match on_box {
        OnBox::File(_, name, _) => Some(name),
        OnBox::Folder(_, name) => name.as_deref(),
    }
}

fn url(on_box: &OnBox) -> String {
    match on_box {
        OnBox::File(id, ..) => format!("https://app.box.com/file/{id}"),
        OnBox::Folder(id, _) => format!("https://app.box.com/folder/{id}"),
    }
}

fn box_object(on_box: &OnBox) -> Value {
    let (kind, id, version) = match on_box {
        OnBox::File(id, _, version) => ("file", id.as_str(), version.as_ref()),
        OnBox::Folder(id, _) => ("folder", id.as_str(), None),
    };
    let version = version.map(|version| version.as_str());
    json!({
        "kind": kind, "id": id, "name": box_name(on_box), "version": version,
        "url": url(on_box),
    })
}

/// Why it is not on Box, if there was a reason.
fn last_error(explained: &Explained) -> Value {
    let agent = &explained.agent;
    if !agent["halted"].is_null() {
        return agent["halted"].clone();
    }
    if !agent["failed"].is_null() {
        return agent["failed"].clone();
    }
    match &explained.parked {
        Some(item) => json!({ "code": item.code, "message": item.message }),
        None => Value::Null,
    }
}

fn block(
    mirror: &str,
    path: &RelPath,
    explained: &Explained,
    last: Option<&str>,
    width: usize,
) -> String {
    let mut text = format!("{}/{path}\n", printable(mirror));
    let mut add = |label: &str, words: &str| {
        for (number, line) in wrapped(words, width - COLUMN).iter().enumerate() {
            let label = if number == 0 { label } else { "" };
            text.push_str(&format!("  {label:8}{line}\n"));
        }
    };
    add("here", &here_words(&explained.here));
    add("rule", &rule_words(explained));
    match (&explained.on_box, &explained.would_be) {
        (Some(on_box), _) => {
            add("Box", &box_words(on_box));
            add("", &url(on_box));
        }
        (None, Some(name)) if explained.here != Here::Nothing => {
            add("Box", &format!("nothing yet; it would be \"{name}\""));
        }
        (None, _) => add("Box", "nothing"),
    }
    add("state", state_words(explained.state));
    if let Some(message) = last_error(explained)["message"].as_str() {
        add("error", message);
    }
    if let Some(last) = last {
        add("last", last);
    }
    add("next", &next(explained));
    text
}

fn here_words(here: &Here) -> String {
    match here {
        Here::File(Stamp { size, mtime, .. }) => {
            let changed = time(*mtime).map(|time| format!(", changed {time}"));
            format!("a file of {}{}", bytes(*size), changed.unwrap_or_default())
        }
        Here::Directory => "a directory".to_owned(),
        Here::Other(words) => words.clone(),
        Here::Nothing => "nothing".to_owned(),
        Here::Unknown(why) => format!("cannot be examined: {why}"),
    }
}

fn rule_words(explained: &Explained) -> String {
    match (&explained.decision, &explained.above) {
        (Decision::Free, _) => "none leaves it out".to_owned(),
        (Decision::Kept(rule), _) => format!("kept by {rule}"),
        (Decision::Out(why), Some(dir)) => {
            format!("the directory {dir} is left out with all that is in it: {why}")
        }
        (Decision::Out(why), None) => why.to_string(),
    }
}

fn box_words(on_box: &OnBox) -> String {
    let name = box_name(on_box).map(|name| format!("\"{}\", ", printable(name)));
    let name = name.unwrap_or_default();
    match on_box {
        OnBox::File(id, _, Some(version)) => format!("{name}file {id}, version {version}"),
        OnBox::File(id, _, None) => format!("{name}file {id}"),
        OnBox::Folder(id, _) => format!("{name}folder {id}"),
    }
}

fn state_words(state: State) -> &'static str {
    match state {
        State::Synced => "synced: Box has it as it is here",
        State::Changed => "changed since it was last sent, or at least touched",
        State::Pending => "pending: it was never sent",
        State::Queued => "on its way, or next in line",
        State::Parked => "parked: it waits",
        State::Failed => "given up for now",
        State::Excluded => "left out; what Box has of it stays as it is",
        State::Gone => "not here any more, and on Box",
        State::Absent => "neither here nor on Box, as far as boxup knows",
        State::Unreadable => "nothing is known about what is here, so nothing is done",
    }
}

/// What happens next, and when.
fn next(explained: &Explained) -> String {
    if !explained.agent["halted"].is_null() {
        return "the mirror goes on when what stops it is over".to_owned();
    }
    if let Some(why) = explained.agent["paused"]["message"].as_str() {
        return format!("nothing while the mirror is paused: {why}");
    }
    if explained.is_held && explained.state != State::Excluded {
        return "the mirror stands still: it goes on when the files that are gone are back, or \
                after `boxup approve` (`boxup sync --once` tells more)"
            .to_owned();
    }
    match (explained.state, &explained.parked) {
        (State::Synced, _) => "nothing, until it changes".to_owned(),
        (State::Absent, _) => "nothing".to_owned(),
        (State::Queued, _) => "it is sent".to_owned(),
        (State::Gone, _) => "what on_local_delete says, in a complete pass".to_owned(),
        (State::Failed, _) => "the service tries again within 5 minutes".to_owned(),
        (State::Unreadable, _) => "it is looked at again in each pass".to_owned(),
        (State::Excluded, _) => match &explained.decision {
            Decision::Out(Exclusion::TooYoung(_)) => "it is sent when it is old enough".to_owned(),
            Decision::Out(Exclusion::Special(_) | Exclusion::Link(_)) => {
                "nothing: what it is now is never mirrored".to_owned()
            }
            Decision::Out(Exclusion::SymbolicLink) => {
                "nothing (symlinks = \"follow\" mirrors what it leads to)".to_owned()
            }
            _ => "nothing, until the rule changes (include takes it back)".to_owned(),
        },
        (State::Parked, Some(item)) => next_try(item),
        _ if explained.agent.is_null() => {
            "the next `boxup sync` looks at it; no service runs now".to_owned()
        }
        _ => "the agent that runs looks at it when it is quiet, or in the next pass".to_owned(),
    }
}

fn next_try(item: &ParkedItem) -> String {
    let code = item.code.as_str();
    if CODES.contains(&code) && code != "folder_gone" {
        return "`boxup resolve` decides (`boxup conflicts` shows both sides)".to_owned();
    }
    if item.in_the_item {
        return "it is tried again when it has changed here".to_owned();
    }
    if code == AWAITS {
        return "it moves on Box when that mirror is resumed".to_owned();
    }
    if code == SUCCEEDS {
        return "it is sent in the first pass after that".to_owned();
    }
    let when = match code {
        FULL => "by the service when something gets through to that account again".to_owned(),
        LOCKED => "by the service within the hour".to_owned(),
        _ => {
            let at = item
                .tried_at
                .0
                .saturating_add_unsigned(DAILY.as_nanos() as u64);
            match time(Nanos(at)).filter(|_| item.tried_at.0 > 0) {
                Some(at) => format!("by the service at {at}"),
                None => "by the service within a day".to_owned(),
            }
        }
    };
    format!("it is tried again {when}, and in each `boxup sync --once` or `boxup wait`")
}

/// In UTC, to the second; none before 1970.
fn time(at: Nanos) -> Option<String> {
    let seconds = u64::try_from(at.seconds()).ok()?;
    let time = UNIX_EPOCH + Duration::from_secs(seconds);
    Some(humantime::format_rfc3339_seconds(time).to_string())
}
