//! `boxup resolve`: a person's decision about conflicts, told to the service, or carried
//! out here where none runs.

use crate::agent::engine::{Order, Shown};
use crate::agent::notice::Ending;
use crate::agent::run::Fatal;
use crate::agent::{conflicts, control, resolve};
use crate::cli::args::ResolveArgs;
use crate::cli::output::Output;
use crate::cli::wording::{printable, some, wrapped};
use crate::cli::{Place, exit, refuse, summary, unless_told};
use crate::config::{self, Config, Local};
use crate::model::path::RelPath;
use crate::plan::conflict::{Keep, refusal};
use crate::plan::facts::{Mapped, ParkedItem};
use crate::store::error::Error as StoreError;
use crate::store::peek;
use crate::store::reader::Reader;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long the service may take for one of them. It may be waiting for Box.
const PATIENCE: Duration = Duration::from_secs(120);
const WIDTH: usize = 80;

/// One decision, and the conflict that it is about.
struct Case {
    order: Order,
    item: ParkedItem,
}

/// Why nothing was done.
enum Refused {
    /// The command line is about nothing that can be decided.
    Usage(String),
    /// The mapping cannot be read.
    Store(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

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

/// What is to be decided.
fn cases(local: &Local, args: &ResolveArgs) -> Result<Vec<Case>, Refused> {
    if args.seen.is_some() && args.paths.len() > 1 {
        let what = "--seen is about one file: give one PATH with it";
        return Err(Refused::Usage(what.to_owned()));
    }
    if let Some(mirror) = &args.mirror {
        return whole_mirror(local, mirror, args.keep);
    }
    let reader = peek(&local.state_dir)?;
    let one = |path: &std::path::PathBuf| case(local, &reader, path, args);
    args.paths.iter().map(one).collect()
}

/// Every conflict of a mirror that can be decided like this.
fn whole_mirror(local: &Local, name: &str, keep: Keep) -> Result<Vec<Case>, Refused> {
    let of: Vec<_> = local
        .mirrors
        .iter()
        .filter(|one| one.name == name)
        .collect();
    let [mirror] = of[..] else {
        let what = format!("no mirror is named {name:?}; there is {}", names(local));
        return Err(Refused::Usage(what));
    };
    let found = conflicts::recorded(&local.state_dir, std::slice::from_ref(mirror))?;
    let decidable = found
        .into_iter()
        .filter(|conflict| refusal(&conflict.item, keep).is_none());
    let case = |conflict: conflicts::Conflict| Case {
        order: Order {
            mirror: conflict.mirror,
            path: conflict.path,
            keep,
            shown: None,
        },
        item: conflict.item,
    };
    Ok(decidable.map(case).collect())
}

fn names(local: &Local) -> String {
    let names = local.mirrors.iter();
    let names: Vec<_> = names
        .map(|mirror| format!("{} ({})", mirror.name, mirror.local.display()))
        .collect();
    names.join(", ")
}

fn case(local: &Local, reader: &Reader, path: &Path, args: &ResolveArgs) -> Result<Case, Refused> {
    let mut standing = None;
    for (number, below) in places(local, path) {
        let mirror = &local.mirrors[number];
        let entry = match reader.root(&mirror.name, &mirror.target.key())? {
            Some(root) => reader.entry(root.key, &below)?,
            None => None,
        };
        let item = entry
            .as_ref()
            .and_then(|(_, name, mapped)| mapped.parked.get(name));
        let why_not = item.map(|item| refusal(item, args.keep));
        if let (Some(item), Some(None)) = (item, &why_not) {
            let order = Order {
                mirror: mirror.name.clone(),
                path: below,
                keep: args.keep,
                shown: args.seen.as_deref().map(Shown::of),
            };
            let item = item.clone();
            return Ok(Case { order, item });
        }
        let how = why_not.flatten().unwrap_or_else(|| {
            let known = entry.as_ref().map(|(_, name, mapped)| (name, mapped));
            stands(known)
        });
        standing.get_or_insert(format!("{}/{below}: {how}", mirror.name));
    }
    let shown = printable(&path.to_string_lossy());
    Err(Refused::Usage(standing.unwrap_or_else(|| {
        format!("{shown} is in no mirror; there is {}", names(local))
    })))
}

/// Where a path may be meant to be: below the working directory, or below a mirror's name.
fn places(local: &Local, path: &Path) -> Vec<(usize, RelPath)> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let above = absolute
        .parent()
        .and_then(|above| std::fs::canonicalize(above).ok());
    let real = above
        .zip(absolute.file_name())
        .map(|(above, name)| above.join(name));
    let mut found = Vec::new();
    for (number, mirror) in local.mirrors.iter().enumerate() {
        let root = std::fs::canonicalize(&mirror.local).ok();
        let by_link = root.zip(real.as_ref());
        let by_link = by_link.and_then(|(root, real)| RelPath::below(&root, real));
        let by_name = || {
            let inner = path.strip_prefix(&mirror.name).ok()?;
            let top = Path::new("/");
            RelPath::below(top, &top.join(inner))
        };
        let here = RelPath::below(&mirror.local, &absolute).or(by_link);
        found.extend(here.map(|below| (0, number, below)));
        found.extend(by_name().map(|below| (1, number, below)));
    }
    found.retain(|(_, _, below)| !below.is_root());
    found.sort_by_key(|(rank, ..)| *rank);
    found
        .into_iter()
        .map(|(_, number, below)| (number, below))
        .collect()
}

/// How an entry stands that is no conflict.
fn stands(known: Option<(&crate::model::path::LocalName, &Mapped)>) -> String {
    let Some((name, mapped)) = known else {
        return "boxup has not looked at it yet: `boxup sync` does".to_owned();
    };
    let decision = mapped.decisions.get(name);
    if decision.is_some_and(|decision| decision.left.is_some()) {
        return "it is decided already: Box's copy stays until the local file changes".to_owned();
    }
    match mapped.files.get(name) {
        Some(file) => {
            let version = file
                .version
                .as_ref()
                .map(|version| format!(", version {version}"));
            let version = version.unwrap_or_default();
            format!(
                "it is no conflict: it was last sent as file {}{version}",
                file.id
            )
        }
        None if mapped.folders.contains_key(name) => "it is a directory".to_owned(),
        None => "boxup knows of no conflict there: `boxup conflicts` lists them".to_owned(),
    }
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
        let asked = control::ask(state_dir, &question);
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
            words: locked(&fatal),
            code: exit::of_fatal(&fatal),
        },
    }
}

fn code_of(ending: &Ending) -> u8 {
    exit::of_ending(ending).max(exit::INCOMPLETE)
}

fn locked(fatal: &Fatal) -> String {
    format!("error: {fatal}\n")
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
            line["path"] = json!(order.path.to_string());
            line["keep"] = json!(order.keep.word());
            line["message"] = json!(words);
            output.say(&format!("{line}\n"));
            continue;
        }
        output.say(&format!("{}/{}\n", printable(&order.mirror), order.path));
        for line in wrapped(&words, WIDTH - 4) {
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

fn is_done(result: &Value) -> bool {
    let result = result["result"].as_str();
    matches!(
        result,
        Some("uploaded" | "new_version" | "adopted" | "left")
    )
}

/// What was done, in words.
fn sentence(case: &Case, result: &Value) -> String {
    let word = |key: &str| result[key].as_str().unwrap_or("?");
    let theirs = match &case.item.obstacle {
        Some(seen) => match &seen.version {
            Some(version) => format!("version {version}"),
            None => "what was there".to_owned(),
        },
        None => "what was there".to_owned(),
    };
    let ours = || format!("version {} of file {}", word("version_id"), word("file_id"));
    match word("result") {
        "new_version" => format!("ours is on Box as {}, on top of {theirs}", ours()),
        "uploaded" => {
            let name = printable(word("name"));
            format!(
                "ours is on Box as \"{name}\", {}; theirs is as it was",
                ours()
            )
        }
        "adopted" => format!("Box has our content already: {}", ours()),
        "left" => "Box's side stays as it is. The local file is as it was, and is not sent until \
                   it changes"
            .to_owned(),
        "parked" => format!(
            "it is a conflict again, and nothing was done: {}. Look at it with `boxup conflicts`, \
             then decide anew",
            word("message")
        ),
        "failed" => format!("not yet: {}", word("message")),
        "halted" => format!("the mirror stands still: {}", word("message")),
        _ => word("message").to_owned(),
    }
}
