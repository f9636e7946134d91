//! What happens, for machines: one JSON object on a line, each with its `event`.

use crate::agent::notice::{Ending, Notice};
use crate::model::item::RemoteFile;
use crate::plan::action::Report;
use crate::plan::tally::Tally;
use serde_json::{Value, json};

/// The line for a notice; `None` for what only people are told.
pub(crate) fn notice(notice: &Notice, dry_run: bool) -> Option<Value> {
    let mut line = match notice {
        Notice::Entry {
            mirror,
            path,
            report,
        } => {
            let mut line = entry(report)?;
            line["mirror"] = json!(mirror);
            line["path"] = json!(path.to_string());
            line
        }
        Notice::Halted { mirror, halt } => json!({
            "event": "halted", "mirror": mirror, "reason": halt.code(),
            "message": halt.to_string(),
        }),
        Notice::Throttled(wait) => json!({ "event": "throttled", "wait_ms": millis(*wait) }),
        Notice::Unreachable(why) => json!({ "event": "unreachable", "message": why }),
        Notice::Passed { mirror } => json!({ "event": "passed", "mirror": mirror }),
        Notice::Watching => json!({ "event": "watching" }),
        Notice::Draining => json!({ "event": "draining" }),
    };
    if dry_run {
        line["dry_run"] = json!(true);
    }
    Some(line)
}

fn entry(report: &Report) -> Option<Value> {
    let sent = |event: &str, file: &RemoteFile, size: u64| {
        let id = Some(file.id.as_str()).filter(|id| !id.is_empty());
        json!({
            "event": event, "file_id": id,
            "version_id": file.version.as_ref().map(|version| version.as_str()),
            "sha1": file.sha1.map(|sha1| sha1.to_string()), "bytes": size,
        })
    };
    let with_reason = |event: &str, code: &str, message: String| json!({ "event": event, "reason": code, "message": message });
    Some(match report {
        Report::Unchanged => return None,
        Report::Uploaded(file, size) => sent("uploaded", file, *size),
        Report::NewVersion(file, size) => sent("new_version", file, *size),
        Report::Adopted(file) => json!({ "event": "adopted", "file_id": file.id.as_str() }),
        Report::FolderCreated(id) => {
            let id = Some(id.as_str()).filter(|id| !id.is_empty());
            json!({ "event": "folder_created", "folder_id": id })
        }
        Report::FolderAdopted(id) => {
            json!({ "event": "folder_adopted", "folder_id": id.as_str() })
        }
        Report::Excluded(why) => with_reason("excluded", why.code(), why.to_string()),
        Report::Parked(why) => with_reason("parked", why.code(), why.to_string()),
        Report::Failed(why) => with_reason("failed", why.code(), why.to_string()),
    })
}

/// The last line.
pub(crate) fn summary(ending: &Ending, exit_code: u8, dry_run: bool) -> Value {
    let mut line = accounts(&ending.tally);
    line["event"] = json!("summary");
    line["bytes_sent"] = json!(ending.bytes_sent);
    line["requests"] = json!(ending.requests);
    line["elapsed_ms"] = json!(millis(ending.elapsed));
    line["exit_code"] = json!(exit_code);
    let halted = ending.halted.iter().map(|(mirror, halt)| {
        json!({ "mirror": mirror, "reason": halt.code(), "message": halt.to_string() })
    });
    line["halted"] = halted.collect();
    if let Some(said) = &ending.unauthorized {
        line["error"] = json!({
            "status": said.status, "code": said.code, "message": said.message,
            "next": said.advice, "request_id": said.request_id,
        });
    } else if let Some(error) = &ending.broken {
        line["error"] = json!({ "code": "state", "message": error.to_string() });
    } else if let Some(why) = &ending.unreachable {
        line["error"] = json!({ "code": "unreachable", "message": why });
    }
    if dry_run {
        line["dry_run"] = json!(true);
    }
    line
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
    })
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
