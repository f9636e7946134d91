//! `boxup bump` and `boxup retry`: this goes next, and this once more.

use crate::agent::control;
use crate::agent::explain::{self, Explained, Here, State};
use crate::agent::notice::put_path;
use crate::agent::retry::{self, Below};
use crate::cli::args::{BumpArgs, RetryArgs};
use crate::cli::errand::{self, PATIENCE, SLOW, Untold};
use crate::cli::output::Output;
use crate::cli::resolve::places;
use crate::cli::wording::{count as figure, printable, printable_path, some};
use crate::cli::{Place, exit, failure, refuse, slip};
use crate::config::{self, Local};
use crate::local::rules::Decision;
use crate::model::path::RelPath;
use crate::plan::facts::ParkedItem;
use crate::plan::parole::{OnRequest, on_request};
use serde_json::{Value, json};
use std::path::Path;

/// What is said where nothing can be bumped.
const NOBODY: &str = "no service runs, so that nothing waits in a line: `boxup sync --once` \
                      sends everything now";

/// What was found of a path: a word, a sentence, and the exit code.
type Found = (&'static str, String, u8);

/// Lets paths go next.
pub(super) async fn bump(local: &Local, args: &BumpArgs, mut output: Output) -> u8 {
    let json = args.json;
    let mut all = Vec::new();
    for path in &args.paths {
        match meant(local, path) {
            Ok(below) => all.push(below),
            Err(what) => return failure::said(&what, exit::USAGE, json, &mut output),
        }
    }
    let (mut worst, mut lines) = (exit::OK, Vec::new());
    for (number, below) in all {
        let mirror = &local.mirrors[number];
        let explained = match explain::explain(&local.state_dir, mirror, &below.path).await {
            Ok(explained) => explained,
            Err(error) => {
                return failure::said(&error.to_string(), exit::STATE, json, &mut output);
            }
        };
        let question = below.question("bump");
        let reply = match errand::ask(&local.state_dir, &question, PATIENCE, SLOW).await {
            Ok(Some(reply)) => reply,
            Ok(None) => {
                let why = control::whoever_is_on(&local.state_dir);
                let why = why.as_deref().unwrap_or(NOBODY);
                return failure::said(why, exit::UNREACHABLE, json, &mut output);
            }
            Err(Untold::Configuration(error)) => return refuse(&error, json, &mut output),
            Err(Untold::Failed(what, code)) => {
                return failure::said(&what, code, json, &mut output);
            }
        };
        let (state, message, code) = found(&explained, &reply);
        worst = worst.max(code);
        if !json {
            let place = placed(&below.mirror, &below.path);
            output.relate(&format!("{place}: {}\n", printable(&message)));
        }
        let mut line = json!({
            "mirror": below.mirror, "state": state, "message": message,
            "queued": reply["queued"], "in_flight": reply["in_flight"],
        });
        put_path(&mut line, &below.path);
        lines.push(line);
    }
    if json {
        output.say(&format!(
            "{}\n",
            json!({ "paths": lines, "exit_code": worst })
        ));
    }
    worst
}

/// How it stood, and what comes of it now.
fn found(explained: &Explained, reply: &Value) -> Found {
    if let Some(why) = reply["paused"].as_str() {
        let what = format!("its mirror is paused: {why}");
        return ("paused", what, exit::HALTED);
    }
    if let Some(why) = reply["halted"].as_str() {
        let what = format!("its mirror stands still: {why}");
        return ("halted", what, exit::HALTED);
    }
    let count = |key: &str| reply[key].as_u64().unwrap_or(0);
    let (queued, in_flight) = (count("queued"), count("in_flight"));
    let sends = |state, what: &str| (state, what.to_owned(), exit::OK);
    match (&explained.decision, &explained.here) {
        (Decision::Out(why), _) => ("excluded", why.to_string(), exit::INCOMPLETE),
        (_, Here::Unknown(why)) => {
            let what = format!("it cannot be examined: {why}");
            ("unreadable", what, exit::INCOMPLETE)
        }
        (_, Here::Nothing) => {
            let what = match explained.on_box {
                Some(_) => "it is not there any more: what on_local_delete says is done in a pass",
                None => "there is nothing of that name",
            };
            ("missing", what.to_owned(), exit::INCOMPLETE)
        }
        (_, Here::Directory) => {
            let waited = some(queued, "entry");
            let what = format!(
                "all that is new or changed in it goes next ({waited} waited, {} under way)",
                figure(in_flight)
            );
            ("next", what, exit::OK)
        }
        _ if in_flight > 0 => sends("under_way", "it is under way already"),
        _ if queued > 0 => sends("next", "it waited for its turn, and is next now"),
        _ if explained.state == State::Synced => {
            sends("on_box", "it is on Box already, as it is here")
        }
        _ => match &explained.parked {
            Some(item) => parked(item),
            None => sends("next", "it goes next"),
        },
    }
}

fn parked(item: &ParkedItem) -> Found {
    let message = &item.message;
    let what = match on_request(&item.code) {
        OnRequest::Decided => format!("{message} (boxup resolve decides)"),
        OnRequest::Looked => message.clone(),
        OnRequest::Tried if item.in_the_item => {
            format!("{message} (boxup retry tries it all the same)")
        }
        OnRequest::Tried => {
            let what = format!("it is tried now; it waited: {message}");
            return ("next", what, exit::OK);
        }
    };
    ("parked", what, exit::INCOMPLETE)
}

/// Tries once more what waits.
pub(super) async fn retry(place: &Place, args: RetryArgs, mut output: Output) -> u8 {
    let local = match place.load(config::load_local).await {
        Ok(local) => local,
        Err(error) => return refuse(&error, args.json, &mut output),
    };
    let all = match asked(&local, &args) {
        Ok(all) => all,
        Err(what) => return failure::said(&what, exit::USAGE, args.json, &mut output),
    };
    let mut mirrors = Vec::new();
    let mut is_noted = false;
    for below in &all {
        let question = below.question("retry");
        let alone = async |local: Local| {
            is_noted = true;
            retry::alone(&local, std::slice::from_ref(below)).await
        };
        let load = config::load_local;
        match errand::run(place, &question, PATIENCE, SLOW, load, alone).await {
            Ok(told) => mirrors.extend(told["mirrors"].as_array().cloned().unwrap_or_default()),
            Err(Untold::Configuration(error)) => return refuse(&error, args.json, &mut output),
            Err(Untold::Failed(what, code)) => {
                return failure::said(&what, code, args.json, &mut output);
            }
        }
    }
    if args.json {
        let line = json!({
            "mirrors": mirrors, "when": if is_noted { "next_run" } else { "now" },
            "exit_code": exit::OK,
        });
        output.say(&format!("{line}\n"));
    } else {
        output.relate(&described(&mirrors, is_noted));
    }
    exit::OK
}

fn asked(local: &Local, args: &RetryArgs) -> Result<Vec<Below>, String> {
    if !args.paths.is_empty() {
        let all = args.paths.iter().map(|path| meant(local, path));
        return all.map(|found| Ok(found?.1)).collect();
    }
    let names: Vec<_> = local.mirrors.iter().map(|one| one.name.clone()).collect();
    if let Some(unknown) = args.mirrors.iter().find(|name| !names.contains(name)) {
        return Err(slip::no_mirror(unknown, names.iter().map(String::as_str)));
    }
    let is_meant = |name: &String| args.mirrors.is_empty() || args.mirrors.contains(name);
    let whole = |mirror| Below {
        mirror,
        path: RelPath::root(),
    };
    Ok(names.into_iter().filter(is_meant).map(whole).collect())
}

/// Which entry of which mirror a path means.
fn meant(local: &Local, path: &Path) -> Result<(usize, Below), String> {
    let found = places::of(local, path).into_iter().next();
    let Some((number, path)) = found else {
        let shown = printable_path(path);
        return Err(format!(
            "{shown} is in no mirror; there is {}",
            places::names(local)
        ));
    };
    let mirror = local.mirrors[number].name.clone();
    Ok((number, Below { mirror, path }))
}

fn described(mirrors: &[Value], is_noted: bool) -> String {
    let mut text = String::new();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let when = match is_noted {
        true => "tried in the next run",
        false => "tried now",
    };
    for mirror in mirrors {
        let name = mirror["mirror"].as_str().unwrap_or("?");
        for (key, how) in [("paused", "is paused"), ("halted", "stands still")] {
            if let Some(why) = mirror[key].as_str() {
                let what = match key {
                    "halted" => "; it is looked at again now",
                    _ => "; it is tried when that is over",
                };
                text.push_str(&format!(
                    "mirror \"{}\" {how}: {}{what}\n",
                    printable(name),
                    printable(why)
                ));
            }
        }
        let tried = list(&mirror["tried"])
            .into_iter()
            .chain(list(&mirror["failed"]));
        let tried = tried.map(|line| (line, when));
        let left = list(&mirror["left"]).into_iter();
        let left = left.map(|line| (line, "left as it is"));
        for (line, how) in tried.chain(left) {
            let word = |key: &str| printable(line[key].as_str().unwrap_or("?"));
            let next = match how == when {
                true => String::new(),
                false => format!(" ({})", word("next")),
            };
            text.push_str(&format!(
                "{how}: {}/{}: {}{next}\n",
                printable(name),
                word("path"),
                word("message")
            ));
        }
    }
    if text.is_empty() {
        text.push_str("nothing is parked or failed\n");
    }
    text
}

fn placed(mirror: &str, path: &RelPath) -> String {
    match path.is_root() {
        true => printable(mirror),
        false => format!("{}/{path}", printable(mirror)),
    }
}
