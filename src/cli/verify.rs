//! `boxup verify`: where disk and Box have drifted apart, and, when asked, making it good.

use crate::agent::access::Traces;
use crate::agent::account::AccountCheck;
use crate::agent::context::{Context, Readers};
use crate::agent::notice::{Ending, put_path};
use crate::agent::repair;
use crate::agent::root_job::{Unusable, of_trouble};
use crate::agent::run::{Fatal, context};
use crate::agent::verify::{Stopped, Told, Verified, verify};
use crate::cli::args::VerifyArgs;
use crate::cli::output::Output;
use crate::cli::wording::{count, printable, printable_path, some};
use crate::cli::{Place, exit, json as lines, refuse, summary, sync, unless_told};
use crate::config::{self, Config};
use crate::model::ids::FolderId;
use crate::plan::comparison::Drift;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Folders that are looked at at once.
const AT_ONCE: usize = 4;

/// What was found, mirror by mirror.
#[derive(Default)]
struct Outcome {
    total: Verified,
    /// What stood in the way.
    ending: Ending,
    /// Mirrors that have drifted, with the folders to compare again.
    drifted: Vec<(String, Vec<FolderId>)>,
}

/// Compares, tells, and repairs if that is wanted.
pub(super) async fn run(
    place: Place,
    args: VerifyArgs,
    mut stop: mpsc::Receiver<()>,
    mut output: Output,
) -> u8 {
    let config = match unless_told(&mut stop, place.load(config::load)).await {
        None => return cut_off(args.json, &mut output),
        Some(Ok(loaded)) => loaded.config,
        Some(Err(error)) => return refuse(&error, args.json, &mut output),
    };
    let config = match sync::select(config, &args.mirrors) {
        Ok(config) => config,
        Err(message) => return turned_away(&message, exit::USAGE, args.json, &mut output),
    };
    let compared = unless_told(&mut stop, compare(&config, args.json, &mut output)).await;
    let outcome = match compared {
        None => return cut_off(args.json, &mut output),
        Some(Ok(outcome)) => outcome,
        Some(Err(fatal)) => return failed(&fatal, args.json, &mut output),
    };
    let mut repaired = None;
    if args.repair && !outcome.drifted.is_empty() {
        match mend(&config, outcome.drifted.clone(), stop).await {
            Ok(done) => repaired = Some(done),
            Err(fatal) => return failed(&fatal, args.json, &mut output),
        }
    }
    report(&outcome, repaired.as_ref(), args.json, &mut output)
}

fn cut_off(as_json: bool, output: &mut Output) -> u8 {
    let message = "error: it was stopped before everything was compared\n";
    turned_away(message, exit::INCOMPLETE, as_json, output)
}

fn turned_away(message: &str, code: u8, as_json: bool, output: &mut Output) -> u8 {
    if as_json {
        let error = json!({ "message": message.trim_end() });
        let mut line = numbers(&Verified::default());
        line["error"] = error;
        line["exit_code"] = json!(code);
        output.say(&format!("{line}\n"));
    }
    output.complain(message);
    code
}

fn failed(fatal: &Fatal, as_json: bool, output: &mut Output) -> u8 {
    let message = format!("error: {fatal}\n");
    turned_away(&message, exit::of_fatal(fatal), as_json, output)
}

/// Every mirror, one after the other. What keeps one from being compared keeps no other.
async fn compare(config: &Config, as_json: bool, output: &mut Output) -> Result<Outcome, Fatal> {
    let readers = Readers::peeking(&config.state_dir);
    let account = AccountCheck::new(None);
    let context = Arc::new(context(config, readers, Traces::IfThere, account)?);
    let mut outcome = Outcome::default();
    for (number, mirror) in context.mirrors.iter().enumerate() {
        let mut folders = BTreeSet::new();
        let name = mirror.name.clone();
        let mut tell = |told: Told<'_>| {
            let is_there = matches!(told.drifted.drift, Drift::Missing | Drift::Changed);
            if let Some(folder) = told.folder.filter(|_| is_there) {
                folders.insert(folder.as_str().to_owned());
            }
            match as_json {
                true => output.say(&format!("{}\n", object(&name, &told))),
                false => output.relate(&line(&name, &told)),
            }
        };
        match verify(&context, number, AT_ONCE, &mut tell).await {
            Ok(found) => {
                outcome.total = outcome.total.plus(found);
                if found.missing + found.changed + found.pending + found.parked > 0 {
                    let folders = folders.into_iter().map(FolderId::new).collect();
                    outcome.drifted.push((mirror.name.clone(), folders));
                }
            }
            Err(Stopped::Store(error)) => return Err(error.into()),
            Err(Stopped::Root(why)) => stopped(&context, number, why, &mut outcome.ending),
        }
    }
    Ok(outcome)
}

fn stopped(context: &Context, number: usize, why: Unusable, ending: &mut Ending) {
    let name = context.mirrors[number].name.clone();
    match why {
        Unusable::Halt(halt) => ending.halted.push((name, halt)),
        Unusable::Trouble(trouble) => of_trouble(trouble, name, ending),
    }
}

/// What became of a repair.
struct Repaired {
    /// Things that still wait, with the reason: mirror, path, sentence.
    left: Vec<Value>,
    code: u8,
}

/// Has it done by the service, or does it here.
async fn mend(
    config: &Config,
    drifted: Vec<(String, Vec<FolderId>)>,
    stop: mpsc::Receiver<()>,
) -> Result<Repaired, Fatal> {
    let asked = repair::by_service(&config.state_dir, &drifted).await;
    let asked = asked.map_err(|source| Fatal::Control {
        path: printable_path(&config.state_dir),
        source,
    })?;
    if let Some(replies) = asked {
        return Ok(of_replies(&replies, &drifted));
    }
    let (left_in, mut left_out) = mpsc::unbounded_channel();
    let sink = Box::new(move |notice| {
        let line = lines::notice(&notice, false);
        let is_left = |line: &Value| {
            ["parked", "failed"]
                .map(Value::from)
                .contains(&line["event"])
        };
        if let Some(line) = line.filter(is_left) {
            // It is read below, when the run is over.
            drop(left_in.send(line));
        }
    });
    let ending = repair::alone(config, drifted, stop, sink).await?;
    let mut left = Vec::new();
    while let Ok(line) = left_out.try_recv() {
        left.push(line);
    }
    let code = exit::of_ending(&ending);
    Ok(Repaired { left, code })
}

fn of_replies(replies: &[Value], drifted: &[(String, Vec<FolderId>)]) -> Repaired {
    let mut left = Vec::new();
    let mut code = exit::OK;
    for (reply, (mirror, _)) in replies.iter().zip(drifted) {
        let of = |key: &str| {
            let all = reply[key].as_array().cloned().unwrap_or_default();
            let is_meant = |one: &Value| one["mirror"].as_str() == Some(mirror);
            all.into_iter().filter(is_meant).collect::<Vec<_>>()
        };
        let (stands, waits) = ([of("halted"), of("paused")].concat(), of("left"));
        if reply.get("error").is_some() || !stands.is_empty() {
            code = exit::HALTED;
        } else if !waits.is_empty() {
            code = code.max(exit::INCOMPLETE);
        }
        left.extend(stands);
        left.extend(waits);
    }
    Repaired { left, code }
}

fn object(mirror: &str, told: &Told<'_>) -> Value {
    let drifted = told.drifted;
    let mut object = json!({
        "event": word(&drifted.drift), "mirror": mirror, "box_id": drifted.item,
    });
    put_path(&mut object, &told.path);
    match &drifted.drift {
        Drift::Ours => object["ours"] = json!(true),
        Drift::Foreign => object["ours"] = json!(false),
        Drift::Parked(why) | Drift::Unread(why) => object["message"] = json!(why),
        Drift::Missing | Drift::Changed | Drift::Pending => {}
    }
    object
}

fn word(drift: &Drift) -> &'static str {
    match drift {
        Drift::Missing => "missing",
        Drift::Changed => "changed",
        Drift::Ours | Drift::Foreign => "extra",
        Drift::Pending => "pending",
        Drift::Parked(_) => "parked",
        Drift::Unread(_) => "unread",
    }
}

fn line(mirror: &str, told: &Told<'_>) -> String {
    let why = match &told.drifted.drift {
        Drift::Missing => "not on Box any more".to_owned(),
        Drift::Changed => "Box has something else".to_owned(),
        Drift::Ours => "on Box, and not here any more".to_owned(),
        Drift::Foreign => "on Box, and not known here".to_owned(),
        Drift::Parked(why) | Drift::Unread(why) => why.clone(),
        Drift::Pending => "not sent yet".to_owned(),
    };
    let (mirror, why) = (printable(mirror), printable(&why));
    format!(
        "{:8} {mirror}/{}: {why}\n",
        word(&told.drifted.drift),
        told.path
    )
}

fn numbers(found: &Verified) -> Value {
    json!({
        "event": "summary",
        "in_sync": found.agree,
        "missing": found.missing,
        "changed": found.changed,
        "extra": found.extra,
        "pending": found.pending,
        "parked": found.parked,
        "unread": found.unread,
    })
}

fn report(
    outcome: &Outcome,
    repaired: Option<&Repaired>,
    as_json: bool,
    output: &mut Output,
) -> u8 {
    let total = &outcome.total;
    let stopped = exit::of_ending(&outcome.ending);
    let code = match repaired {
        _ if stopped != exit::OK => stopped,
        Some(repaired) if repaired.code != exit::OK => repaired.code,
        // What is only on Box stays, and what cannot be read here cannot be repaired.
        Some(_) if total.extra + total.unread > 0 => exit::INCOMPLETE,
        Some(_) => exit::OK,
        None if total.is_in_sync() => exit::OK,
        None => exit::INCOMPLETE,
    };
    if as_json {
        let mut line = numbers(total);
        line["exit_code"] = json!(code);
        if let Some(repaired) = repaired {
            line["repaired"] = json!(repaired.code == exit::OK);
            line["left"] = json!(repaired.left);
        }
        lines::blame(&mut line, &outcome.ending);
        output.say(&format!("{line}\n"));
    } else {
        output.relate(&closing(total));
        output.relate(&repaired.map_or_else(|| next(total), told));
    }
    output.complain(&summary::trouble(&outcome.ending));
    code
}

fn closing(found: &Verified) -> String {
    let agree = some(found.agree, "file");
    match found.is_in_sync() {
        true => format!("{agree} compared: disk and Box are the same\n"),
        false => format!("{agree} the same; {}\n", differences(found)),
    }
}

/// `1 missing, 2 parked`.
pub(super) fn differences(found: &Verified) -> String {
    let all = [
        (found.missing, "missing"),
        (found.changed, "changed"),
        (found.extra, "extra"),
        (found.pending, "pending"),
        (found.parked, "parked"),
        (found.unread, "unread"),
    ];
    let there = all.into_iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = there
        .map(|(number, what)| format!("{} {what}", count(number)))
        .collect();
    parts.join(", ")
}

/// What can be done about it.
fn next(found: &Verified) -> String {
    let all = [
        (
            found.missing + found.changed,
            "`boxup verify --repair` for what is missing or changed",
        ),
        (
            found.pending,
            "`boxup sync --once`, or the running service, for what is pending",
        ),
        (found.parked, "`boxup explain PATH` for what is parked"),
        (
            found.extra,
            "what is extra was deleted here or is not known here, and stays on Box",
        ),
        (found.unread, "what is unread waits until it can be read"),
    ];
    let said = all.into_iter().filter(|(number, _)| *number > 0);
    let said: Vec<_> = said.map(|(_, what)| what).collect();
    match said.is_empty() {
        true => String::new(),
        false => format!("next: {}\n", said.join("; ")),
    }
}

fn told(repaired: &Repaired) -> String {
    if repaired.left.is_empty() {
        return match repaired.code {
            exit::OK => "repaired\n".to_owned(),
            _ => "not everything was repaired\n".to_owned(),
        };
    }
    let mut text = "what could not be repaired:\n".to_owned();
    for one in &repaired.left {
        let word = |key: &str| printable(one[key].as_str().unwrap_or("?"));
        text.push_str(&format!(
            "  {}/{}: {}\n",
            word("mirror"),
            word("path"),
            word("message")
        ));
    }
    text
}
