//! `boxup history`: what was done, line by line, the oldest first.

use crate::agent::notice::put_path;
use crate::agent::past::{Past, Question};
use crate::cli::args::HistoryArgs;
use crate::cli::output::{Looks, Output};
use crate::cli::resolve::places;
use crate::cli::text::{GREEN, PLAIN, YELLOW};
use crate::cli::wording::{bytes, count, printable, printable_path, some};
use crate::cli::{exit, failure, slip};
use crate::config::Local;
use crate::model::deed::ItemId;
use crate::model::path::RelPath;
use crate::model::stamp::Nanos;
use crate::plan::history::{Entry, Happening, What};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tells it.
pub(super) fn run(local: &Local, args: &HistoryArgs, looks: Looks, mut output: Output) -> u8 {
    let told = question(local, args).and_then(|question| {
        let past = question.ask(&local.state_dir);
        let past = past.map_err(|error| (error.to_string(), exit::STATE))?;
        let told = match args.json {
            true => lines(past, &mut output),
            false => text(past, local, args, looks, &mut output),
        };
        told.map_err(|error| (error, exit::STATE))
    });
    let Err((message, code)) = told else {
        return exit::OK;
    };
    if args.json {
        let mut line = failure::told(&message, code);
        line["entries"] = json!(0);
        output.say(&format!("{line}\n"));
    }
    output.complain(&format!("error: {message}\n"));
    code
}

fn question(local: &Local, args: &HistoryArgs) -> Result<Question, (String, u8)> {
    let known = |name: &String| local.mirrors.iter().any(|mirror| mirror.name == *name);
    if let Some(unknown) = args.mirrors.iter().find(|name| !known(name)) {
        let names = local.mirrors.iter().map(|mirror| mirror.name.as_str());
        return Err((slip::no_mirror(unknown, names), exit::USAGE));
    }
    let mut place = None;
    if let Some(path) = &args.path {
        let Some((number, below)) = places::of(local, path).into_iter().next() else {
            let (shown, names) = (printable_path(path), places::names(local));
            return Err((
                format!("{shown} is in no mirror; there is {names}"),
                exit::USAGE,
            ));
        };
        place = Some((local.mirrors[number].name.clone(), below));
    }
    let since = args.since.map(|since| {
        let time = since.time(crate::clock::wall());
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    });
    Ok(Question {
        place,
        mirrors: args.mirrors.clone(),
        since,
        run: args.run.clone(),
        limit: Some(args.limit).filter(|limit| *limit > 0),
    })
}

fn lines(mut past: Past, output: &mut Output) -> Result<(), String> {
    let mut told = 0;
    while let Some(entry) = past.next().map_err(|error| error.to_string())? {
        if !output.tell(&format!("{}\n", object(&entry, &past))) {
            return Ok(());
        }
        told += 1;
    }
    let mut line = json!({
        "event": "summary", "entries": told, "older": past.older,
        "unreadable": past.unreadable, "exit_code": exit::OK,
    });
    if let Some(damage) = &past.damage {
        line["damage"] = json!(damage);
    }
    output.say(&format!("{line}\n"));
    Ok(())
}

fn object(entry: &Entry, past: &Past) -> Value {
    let Happening {
        what,
        item,
        from,
        version,
        sha1,
        bytes,
        files,
        keep,
    } = &entry.happening;
    let mut line = json!({
        "event": what.code(), "at": time(entry.at, true), "run": entry.run,
        "undoable": past.undoable.contains(&entry.run), "mirror": entry.mirror,
    });
    put_path(&mut line, &entry.path);
    line[format!("{}_id", item.kind())] = json!(item.as_str());
    if let Some((mirror, path)) = from {
        let mut place = json!({});
        put_path(&mut place, path);
        line["from_mirror"] = json!(mirror);
        line["from"] = place["path"].take();
        if let Some(hex) = place.get_mut("path_hex") {
            line["from_hex"] = hex.take();
        }
    }
    if let Some(version) = version {
        line["version_id"] = json!(version.as_str());
    }
    if let Some(sha1) = sha1 {
        line["sha1"] = json!(sha1.to_string());
    }
    if let Some(bytes) = bytes {
        line["bytes"] = json!(bytes);
    }
    if let Some(files) = files {
        line["files"] = json!(files);
    }
    if let Some(keep) = keep {
        line["resolved"] = json!(keep.word());
    }
    line
}

fn text(
    mut past: Past,
    local: &Local,
    args: &HistoryArgs,
    looks: Looks,
    output: &mut Output,
) -> Result<(), String> {
    let is_empty = past.len() == 0;
    let is_coloured = looks.colours(output.is_terminal());
    let mut run = None;
    while let Some(entry) = past.next().map_err(|error| error.to_string())? {
        if run.as_ref() != Some(&entry.run) {
            output.relate(&heading(&entry.run, &past));
        }
        output.relate(&line(&entry, is_coloured));
        run = Some(entry.run);
    }
    if is_empty {
        let about = args.path.as_ref().map(|path| {
            let path = printable_path(path);
            format!(" about {path}")
        });
        let about = about.unwrap_or_default();
        output.say(&match local.history.is_zero() {
            true => "no history is kept: [state] history is off\n".to_owned(),
            false => format!("nothing is written down{about}\n"),
        });
    }
    if past.older > 0 {
        let older = count(past.older);
        output.say(&format!(
            "{older} older are not shown: --limit 0 shows all\n"
        ));
    }
    if past.unreadable > 0 {
        let lost = some(past.unreadable, "line");
        output.complain(&format!("warning: {lost} cannot be read\n"));
    }
    if let Some(damage) = &past.damage {
        output.complain(&format!(
            "warning: what is older cannot be read ({damage}); mirroring does not need it\n"
        ));
    }
    Ok(())
}

fn heading(run: &str, past: &Past) -> String {
    let run = printable(run);
    match past.undoable.contains(&run) {
        true => format!("run {run}, to be taken back by: boxup undo {run}\n"),
        false => format!("run {run}\n"),
    }
}

/// The newest entry about a file, as it is told everywhere, and the same for a program.
pub(super) fn last_of(state_dir: &Path, mirror: &str, path: &RelPath) -> Option<(String, Value)> {
    let question = Question {
        place: Some((mirror.to_owned(), path.clone())),
        limit: Some(1),
        ..Question::default()
    };
    let mut past = question.ask(state_dir).ok()?;
    let entry = past.next().ok()??;
    let happening = &entry.happening;
    let (at, (word, _)) = (time(entry.at, false), word(happening.what));
    let (what, run) = (details(happening), printable(&entry.run));
    let words = format!("{at} {word} ({what}), run {run}");
    Some((words, object(&entry, &past)))
}

fn word(what: What) -> (&'static str, &'static str) {
    match what {
        What::Uploaded => ("new", GREEN),
        What::NewVersion => ("version", GREEN),
        What::Adopted | What::FolderAdopted => ("adopted", GREEN),
        What::Left => ("left", PLAIN),
        What::FolderCreated => ("folder", GREEN),
        What::Moved => ("moved", GREEN),
        What::Trashed => ("trashed", YELLOW),
        What::Deleted => ("deleted", YELLOW),
        What::Restored => ("restored", GREEN),
        What::MovedBack => ("back", GREEN),
    }
}

fn line(entry: &Entry, is_coloured: bool) -> String {
    let happening = &entry.happening;
    let (word, colour) = word(happening.what);
    let word = match is_coloured && !colour.is_empty() {
        true => format!("{colour}{word:<9}\x1b[0m"),
        false => format!("{word:<9}"),
    };
    let from = happening.from.as_ref().map(|(mirror, path)| {
        let mirror = printable(mirror);
        format!("{mirror}/{path} -> ")
    });
    let (from, mirror) = (from.unwrap_or_default(), printable(&entry.mirror));
    let (at, path) = (time(entry.at, false), &entry.path);
    format!(
        "  {at}  {word} {from}{mirror}/{path}  ({})\n",
        details(happening)
    )
}

fn details(happening: &Happening) -> String {
    let size = happening.bytes.map(bytes);
    let files = happening.files.map(|files| some(files, "file"));
    let kind = match &happening.item {
        ItemId::File(id) => format!("file {}", printable(id.as_str())),
        ItemId::Folder(id) => format!("folder {}", printable(id.as_str())),
    };
    let version = happening.version.as_ref();
    let version = version.map(|version| format!("version {}", printable(version.as_str())));
    let keep = happening
        .keep
        .map(|keep| format!("decided: {}", keep.word()));
    let all = [size, files, Some(kind), version, keep];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// In UTC.
fn time(at: Nanos, is_exact: bool) -> String {
    let since = Duration::from_nanos(u64::try_from(at.0).unwrap_or(0));
    let time: SystemTime = UNIX_EPOCH + since;
    match is_exact {
        true => humantime::format_rfc3339_millis(time).to_string(),
        false => humantime::format_rfc3339_seconds(time).to_string(),
    }
}
