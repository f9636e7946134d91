//! What happens, for machines: one JSON object on a line, each with its `event`.

use crate::agent::notice::{Ending, Notice, put_path};
use crate::agent::pause::told;
use crate::model::deed::ItemId;
use crate::model::item::RemoteFile;
use crate::model::name::RemoteName;
use crate::model::path::RelPath;
use crate::model::reason::{Exclusion, Failed};
use crate::model::rules::Rule;
use crate::model::trouble::{Lesson, Said};
use crate::plan::action::Report;
use crate::plan::announce::{Announcement, folder};
use crate::plan::guard::Halt;
use crate::plan::moves::Item;
use crate::plan::pause::Pause;
use crate::plan::tally::Tally;
use crate::remote::lessons::finding;
use serde_json::{Value, json};

/// The line for a notice; `None` for what only people are told.
pub(crate) fn notice(notice: &Notice, dry_run: bool) -> Option<Value> {
    let mut line = match notice {
        Notice::Entry {
            mirror,
            path,
            report,
            effort,
        } => {
            let mut line = entry(report)?;
            if let Some(took) = effort.took {
                line["duration_ms"] = json!(millis(took));
            }
            if let Some(id) = &effort.request_id {
                line["request_id"] = json!(id);
            }
            line["mirror"] = json!(mirror);
            put_path(&mut line, path);
            if let Some(name) = told_name(path, report) {
                line["box_name"] = json!(name.as_str());
            }
            line
        }
        Notice::Halted { mirror, halt } => {
            let mut line = halted(mirror, halt);
            line["event"] = json!("halted");
            line
        }
        Notice::Paused(pause) => {
            let mut line = paused(pause);
            line["event"] = json!("paused");
            line
        }
        Notice::Resumed { mirror } => json!({ "event": "resumed", "mirror": mirror }),
        Notice::Throttled(wait) => json!({ "event": "throttled", "wait_ms": millis(*wait) }),
        Notice::Unreachable(why) => json!({ "event": "unreachable", "message": why }),
        Notice::Verified { mirror, found } => json!({
            "event": "verified", "mirror": mirror, "in_sync": found.agree,
            "missing": found.missing, "changed": found.changed, "extra": found.extra,
            "pending": found.pending, "parked": found.parked, "unread": found.unread,
        }),
        Notice::Passed { mirror, .. } => json!({ "event": "passed", "mirror": mirror }),
        Notice::Mirror(announcement) => announced(announcement),
        // Told on standard error.
        Notice::Warning(_) => return None,
        Notice::Watching => json!({ "event": "watching" }),
        Notice::Draining => json!({ "event": "draining" }),
        Notice::Reloaded { run } => json!({ "event": "reloaded", "run": run }),
    };
    if dry_run {
        line["dry_run"] = json!(true);
    }
    Some(line)
}

fn announced(announcement: &Announcement) -> Value {
    let Announcement {
        mirror,
        change,
        extent,
    } = announcement;
    let local = mirror.local.as_ref().map(|path| path.to_string_lossy());
    json!({
        "event": "mirror", "what": change.code(), "mirror": mirror.name, "local": local,
        "folder": folder(&mirror.target), "entries": extent.map(|extent| extent.entries),
        "message": announcement.to_string(),
    })
}

/// The name on Box, where it is not the entry's own.
pub(crate) fn told_name<'a>(path: &RelPath, report: &'a Report) -> Option<&'a RemoteName> {
    let name = report.box_name().filter(|name| !name.as_str().is_empty())?;
    let (_, own) = path.split()?;
    (!name.is_that_of(&own)).then_some(name)
}

fn moved(item: &Item, (mirror, from): &(String, RelPath)) -> Value {
    let mut line = json!({
        "event": "moved", "from": from.to_string(), "from_mirror": mirror,
    });
    match item {
        Item::File(id) => line["file_id"] = json!(id.as_str()),
        Item::Folder(_, id) => line["folder_id"] = json!(id.as_str()),
    }
    line
}

fn trashed(item: &ItemId, files: u64) -> Value {
    let key = format!("{}_id", item.kind());
    let mut line = json!({ "event": "trashed", "files": files });
    line[key] = json!(item.as_str());
    line
}

fn entry(report: &Report) -> Option<Value> {
    let sent = |event: &str, file: &RemoteFile, size: u64| {
        let id = Some(file.id.as_str()).filter(|id| !id.is_empty());
        json!({
            "event": event, "file_id": id, "name": file.name.as_str(),
            "version_id": file.version.as_ref().map(|version| version.as_str()),
            "sha1": file.sha1.map(|sha1| sha1.to_string()), "bytes": size,
        })
    };
    let with_reason = |event: &str, code: &str, message: String| json!({ "event": event, "reason": code, "message": message });
    Some(match report {
        Report::Unchanged => return None,
        Report::Left(file) => {
            let id = file.as_ref().map(|file| file.id.as_str());
            json!({ "event": "left", "file_id": id })
        }
        Report::Uploaded(file, size) => sent("uploaded", file, *size),
        Report::NewVersion(file, size) => sent("new_version", file, *size),
        Report::Adopted(file) => json!({ "event": "adopted", "file_id": file.id.as_str() }),
        Report::FolderCreated(id, _) => {
            let id = Some(id.as_str()).filter(|id| !id.is_empty());
            json!({ "event": "folder_created", "folder_id": id })
        }
        Report::Trashed(item, files) => trashed(item, *files),
        Report::FolderKept(id) => {
            json!({ "event": "folder_kept", "folder_id": id.as_str() })
        }
        Report::FolderAdopted(id, _) => {
            json!({ "event": "folder_adopted", "folder_id": id.as_str() })
        }
        Report::Moved(item, from) => moved(item, from),
        Report::Excluded(why) => {
            let mut line = with_reason("excluded", why.code(), why.to_string());
            if let Exclusion::Rule(decided) = why {
                line["rule"] = rule(decided);
            }
            line
        }
        Report::Parked(why) => {
            let mut line = with_reason("parked", why.code(), why.to_string());
            if let Some(said) = why.said() {
                line["error"] = error(said);
            }
            line
        }
        Report::Failed(why) => {
            let mut line = with_reason("failed", why.code(), why.to_string());
            if let Failed::Box(said) = why {
                line["error"] = error(said);
            }
            line
        }
    })
}

/// A rule, and where it stands.
pub(crate) fn rule(rule: &Rule) -> Value {
    let place = rule.origin.place();
    json!({
        "pattern": &*rule.text,
        "origin": rule.origin.code(),
        "file": place.map(|(file, _)| file),
        "line": place.and_then(|(_, line)| line),
    })
}

fn halted(mirror: &str, halt: &Halt) -> Value {
    let mut line = json!({
        "mirror": mirror, "reason": halt.code(), "message": halt.to_string(),
    });
    if let Halt::Braked(brake) = halt {
        line["would_trash"] = json!(brake.would);
        line["would_trash_folders"] = json!(brake.hollow);
        line["mapped"] = json!(brake.mapped);
        let paths = brake.first.iter().map(ToString::to_string);
        line["paths"] = paths.collect();
    }
    if let Some(lesson) = finding(halt.code()) {
        line["error"] = taught(Some(lesson));
    }
    line
}

fn paused(pause: &Pause) -> Value {
    let mut line = told::standing(pause);
    line["mirror"] = json!(pause.mirror);
    line
}

/// What Box said and what can be learnt from it.
fn error(said: &Said) -> Value {
    let mut error = taught(said.lesson);
    error["box"] = json!({
        "status": said.status, "code": said.code, "message": said.message,
        "request_id": said.request_id,
    });
    error
}

fn taught(lesson: Option<&Lesson>) -> Value {
    json!({
        "happened": lesson.map(|lesson| lesson.happened),
        "causes": lesson.map(|lesson| lesson.causes).unwrap_or_default(),
        "next": lesson.map(|lesson| lesson.next),
        "box": null,
    })
}

/// Why nobody lets us in.
pub(crate) fn refusal(said: &Said) -> Value {
    let mut refusal = error(said);
    refusal["status"] = json!(said.status);
    refusal["code"] = json!(said.code);
    refusal["message"] = json!(said.message);
    refusal["request_id"] = json!(said.request_id);
    refusal
}

/// The last line.
pub(crate) fn summary(ending: &Ending, exit_code: u8, dry_run: bool) -> Value {
    let mut line = accounts(&ending.tally);
    line["event"] = json!("summary");
    line["bytes_sent"] = json!(ending.bytes_sent);
    line["requests"] = json!(ending.requests);
    line["elapsed_ms"] = json!(millis(ending.elapsed));
    line["exit_code"] = json!(exit_code);
    if let Some(run) = &ending.run {
        line["run"] = json!(run);
    }
    if ending.time_up.is_some() {
        line["time_up"] = json!(true);
    }
    blame(&mut line, ending);
    if dry_run {
        line["dry_run"] = json!(true);
    }
    line
}

/// Adds what stood in the way.
pub(crate) fn blame(line: &mut Value, ending: &Ending) {
    let all = ending.halted.iter();
    line["halted"] = all.map(|(mirror, halt)| halted(mirror, halt)).collect();
    if !ending.paused.is_empty() {
        line["paused"] = ending.paused.iter().map(paused).collect();
    }
    if let Some(said) = &ending.unauthorized {
        line["error"] = refusal(said);
    } else if let Some(error) = &ending.broken {
        line["error"] = json!({ "code": "state", "message": error.to_string() });
    } else if let Some(why) = &ending.unreachable {
        line["error"] = json!({ "code": "unreachable", "message": why });
    }
}

/// The line for so many lines that nobody took.
pub(crate) fn lost(lines: u64) -> Value {
    json!({ "event": "lost", "lines": lines })
}

/// The line that stands for a summary where no run came about.
pub(crate) fn fatal(message: &str, exit_code: u8) -> Value {
    let mut line = accounts(&Tally::default());
    line["event"] = json!("summary");
    line["bytes_sent"] = json!(0);
    line["requests"] = json!(0);
    line["elapsed_ms"] = json!(0);
    line["exit_code"] = json!(exit_code);
    line["error"] = json!({ "message": message });
    line
}

fn accounts(tally: &Tally) -> Value {
    json!({
        "scanned": tally.scanned(),
        "uploaded": tally.uploaded,
        "new_versions": tally.new_versions,
        "adopted": tally.adopted,
        "unchanged": tally.unchanged,
        "excluded": tally.excluded,
        "parked": tally.parked,
        "failed": tally.failed,
        "pending": tally.pending,
        "folders_created": tally.folders_created,
        "folders_adopted": tally.folders_adopted,
        "trashed": tally.trashed,
        "moved": tally.moved,
    })
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
