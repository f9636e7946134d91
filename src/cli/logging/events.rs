//! What the agent does, as records of the log: one for each thing that happens. The only
//! place that makes them. Their fields are those of the lines of `--json`.

use crate::agent::notice::{Ending, Notice, put_path};
use crate::cli::exit;
use crate::cli::json;
use crate::cli::logging::record::Record;
use crate::cli::memory::Memory;
use crate::cli::summary;
use crate::model::trouble::Said;
use crate::plan::action::Report;
use serde_json::{Value, json as object};
use std::collections::BTreeMap;
use tracing::Level;

/// The target that they have.
pub(crate) const TARGET: &str = "boxup::events";

/// The fields of a record, in this order; of those that a line has beside them, a program
/// reads in `--json`.
const FIELDS: [&str; 47] = [
    "event",
    "mirror",
    "path",
    "path_hex",
    "box_name",
    "from_mirror",
    "from",
    "file_id",
    "folder_id",
    "version_id",
    "bytes",
    "files",
    "duration_ms",
    "request_id",
    "reason",
    "since",
    "until",
    "by",
    "wait_ms",
    "would_trash",
    "mapped",
    "what",
    "local",
    "folder",
    "entries",
    "run",
    "scanned",
    "uploaded",
    "new_versions",
    "adopted",
    "unchanged",
    "excluded",
    "missing",
    "changed",
    "extra",
    "unread",
    "pending",
    "parked",
    "failed",
    "folders_created",
    "moved",
    "trashed",
    "bytes_sent",
    "requests",
    "elapsed_ms",
    "exit_code",
    "dry_run",
];

/// Makes records of notices. Remembers what it has said: what is said again and again is
/// told at debug.
#[derive(Debug)]
pub(crate) struct Events {
    would: bool,
    memory: Memory,
    excluded: BTreeMap<&'static str, u64>,
}

impl Events {
    /// Nothing said yet; `would`: of what is not done.
    pub(crate) fn new(would: bool) -> Self {
        Self {
            would,
            memory: Memory::default(),
            excluded: BTreeMap::new(),
        }
    }

    /// The record for a notice.
    pub(crate) fn of(&mut self, notice: &Notice) -> Record {
        let line = json::notice(notice, self.would).unwrap_or_else(|| without_line(notice));
        let words = words(&line);
        let level = self.level(notice, &words);
        let words = match self.would {
            true => format!("would: {words}"),
            false => words,
        };
        with_fields(Record::new(level, TARGET, &words), &line)
    }

    fn level(&mut self, notice: &Notice, words: &str) -> Level {
        match notice {
            Notice::Entry {
                mirror,
                path,
                report,
                ..
            } => {
                let place = path.to_string();
                if let Report::Excluded(why) = report {
                    *self.excluded.entry(why.code()).or_default() += 1;
                }
                match report {
                    Report::Unchanged | Report::Excluded(_) => Level::DEBUG,
                    Report::Parked(_) if self.memory.repeats(mirror, &place, words) => Level::DEBUG,
                    Report::Parked(_) => Level::WARN,
                    _ => {
                        self.memory.forget(mirror, &place);
                        match report {
                            Report::Failed(_) => Level::WARN,
                            _ => Level::INFO,
                        }
                    }
                }
            }
            Notice::Halted { mirror, .. } => match self.memory.repeats(mirror, "", words) {
                true => Level::DEBUG,
                false => Level::ERROR,
            },
            Notice::Passed { mirror, .. } => {
                // In order again: the next halt is news.
                self.memory.forget(mirror, "");
                Level::DEBUG
            }
            Notice::Verified { found, .. } if !found.is_in_sync() => Level::WARN,
            Notice::Unreachable(_) | Notice::Warning(_) | Notice::Paused(_) => Level::WARN,
            Notice::Throttled(_)
            | Notice::Resumed { .. }
            | Notice::Verified { .. }
            | Notice::Mirror(_)
            | Notice::Watching
            | Notice::Draining
            | Notice::Reloaded { .. } => Level::INFO,
        }
    }

    /// The records for the end of a run: what kept it from its end, and the accounts.
    pub(crate) fn end(&self, ending: &Ending, code: u8) -> Vec<Record> {
        let mut records = Vec::new();
        for (event, text) in summary::troubles(ending) {
            // Told when it began.
            if event == "halted" {
                continue;
            }
            let level = match event {
                "interrupted" | "time_up" => Level::INFO,
                _ => Level::ERROR,
            };
            let record = Record::new(level, TARGET, &one_line(&text));
            let record = record.with("event", object!(event));
            records.push(match (event, &ending.unauthorized) {
                ("unauthorized", Some(said)) => by(record, said),
                _ => record,
            });
        }
        let text = summary::text(ending, &self.excluded, self.would);
        let level = match code {
            exit::OK => Level::INFO,
            _ => Level::WARN,
        };
        let line = json::summary(ending, code, self.would);
        records.push(with_fields(
            Record::new(level, TARGET, &one_line(&text)),
            &line,
        ));
        records
    }
}

fn by(record: Record, said: &Said) -> Record {
    record.with("request_id", object!(said.request_id))
}

fn one_line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.strip_prefix("error: ").unwrap_or(&words).to_owned()
}

fn with_fields(record: Record, line: &Value) -> Record {
    let record = FIELDS.iter().fold(record, |record, key| {
        record.with(*key, line.get(*key).cloned().unwrap_or_default())
    });
    // What Box refused has the ID in its words.
    let refused = line.pointer("/error/box/request_id");
    match line.get("request_id") {
        None => record.with("request_id", refused.cloned().unwrap_or_default()),
        Some(_) => record,
    }
}

/// What has no line of `--json`.
fn without_line(notice: &Notice) -> Value {
    match notice {
        Notice::Warning(words) => object!({ "event": "warning", "message": words }),
        Notice::Entry { mirror, path, .. } => {
            let mut line = object!({ "event": "unchanged", "mirror": mirror });
            put_path(&mut line, path);
            line
        }
        _ => Value::Null,
    }
}

/// What happened, in a line that stands for itself.
fn words(line: &Value) -> String {
    let word = |key: &str| line[key].as_str().unwrap_or_default();
    let (mirror, message) = (word("mirror"), word("message"));
    let place = format!("{mirror}/{}", word("path"));
    match word("event") {
        "halted" => format!("mirror {mirror:?} stands still: {message}"),
        "paused" => format!("mirror {mirror:?} is not mirrored: {message}"),
        "resumed" => format!("mirror {mirror:?} goes on"),
        "throttled" => format!("Box asks to wait {} ms", line["wait_ms"]),
        "unreachable" => format!("{message}; trying again"),
        "verified" => format!(
            "{mirror} was compared with Box: {} missing, {} changed, {} extra, {} pending, {} parked",
            line["missing"], line["changed"], line["extra"], line["pending"], line["parked"]
        ),
        "passed" => format!("a look at {mirror} is over"),
        "mirror" | "warning" => message.to_owned(),
        "watching" => "every directory is watched".to_owned(),
        "draining" => "stopping: what is under way is finished".to_owned(),
        "reloaded" => "the configuration was read again".to_owned(),
        "moved" => format!("moved {}/{} to {place}", word("from_mirror"), word("from")),
        event if message.is_empty() => format!("{} {place}", event.replace('_', " ")),
        event => format!("{} {place}: {message}", event.replace('_', " ")),
    }
}

#[cfg(test)]
mod tests {
    use super::Events;
    use crate::agent::notice::{Effort, Ending, Notice};
    use crate::agent::verify::Verified;
    use crate::cli::logging::record::Record;
    use crate::model::deed::ItemId;
    use crate::model::ids::{FileId, FolderId, FolderKey, VersionId};
    use crate::model::item::RemoteFile;
    use crate::model::name::RemoteName;
    use crate::model::path::RelPath;
    use crate::model::reason::{Exclusion, Failed, Parked};
    use crate::model::trouble::Said;
    use crate::plan::action::Report;
    use crate::plan::guard::Halt;
    use crate::plan::moves::Item;
    use serde_json::Value;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;
    use std::time::Duration;
    use tracing::Level;

    fn path(text: &[u8]) -> RelPath {
        let top = Path::new("/r");
        RelPath::below(top, &top.join(OsStr::from_bytes(text))).unwrap()
    }

    fn entry(at: &[u8], report: Report) -> Notice {
        Notice::Entry {
            mirror: "docs".to_owned(),
            path: path(at),
            report,
            effort: Effort {
                took: Some(Duration::from_millis(1_500)),
                request_id: Some("abc".to_owned()),
            },
        }
    }

    fn file() -> RemoteFile {
        RemoteFile {
            id: FileId::new("11"),
            version: Some(VersionId::new("22")),
            etag: None,
            sha1: None,
            size: Some(5),
            name: RemoteName::from_box("a.txt"),
        }
    }

    fn said() -> Said {
        Said {
            status: 403,
            code: "forbidden".to_owned(),
            message: "no".to_owned(),
            request_id: Some("body.head".to_owned()),
            lesson: None,
        }
    }

    /// Level, message, and the fields as `key=value`.
    fn told(record: &Record) -> String {
        let fields = record.fields.iter().map(|(key, value)| match value {
            Value::String(text) => format!(" {key}={text}"),
            other => format!(" {key}={other}"),
        });
        let fields: String = fields.collect();
        format!("{} {}{fields}", record.level, record.message)
    }

    /// Checks a report's record; `@` stands for where it is, `#` for what it took.
    #[track_caller]
    fn check(report: Report, begins: &str, ends: &str) {
        let told = told(&Events::new(false).of(&entry(b"a.txt", report)));
        let ends = ends.replace('@', "mirror=docs path=a.txt");
        let ends = ends.replace('#', "duration_ms=1500 request_id=abc");
        assert!(told.starts_with(begins), "{told}\n{begins}");
        assert!(told.ends_with(&ends), "{told}\n{ends}");
    }

    #[test]
    fn what_becomes_of_a_file_is_one_record() {
        let new = "event=uploaded @ file_id=11 version_id=22 bytes=5 #";
        check(
            Report::Uploaded(file(), 5),
            "INFO uploaded docs/a.txt ",
            new,
        );
        let version = "event=new_version @ file_id=11 version_id=22 bytes=5 #";
        check(
            Report::NewVersion(file(), 5),
            "INFO new version docs/a.txt ",
            version,
        );
        let adopted = "event=adopted @ file_id=11 #";
        check(Report::Adopted(file()), "INFO adopted docs/a.txt ", adopted);
        check(
            Report::Left(None),
            "INFO left docs/a.txt ",
            "event=left @ #",
        );
        check(
            Report::Unchanged,
            "DEBUG unchanged docs/a.txt ",
            "event=unchanged @",
        );
        let hidden = Report::Excluded(Exclusion::Hidden);
        check(
            hidden,
            "DEBUG excluded docs/a.txt: ",
            "event=excluded @ # reason=hidden",
        );
        let refused = Report::Parked(Parked::Refused(said()));
        check(
            refused,
            "WARN parked docs/a.txt: ",
            "event=parked @ # reason=forbidden",
        );
        let changing = Report::Failed(Failed::Changing);
        let reason = format!("event=failed @ # reason={}", Failed::Changing.code());
        check(changing, "WARN failed docs/a.txt: ", &reason);
        let trashed = Report::Trashed(ItemId::File(FileId::new("11")), 1);
        check(
            trashed,
            "INFO trashed docs/a.txt ",
            "event=trashed @ file_id=11 files=1 #",
        );
    }

    #[test]
    fn what_becomes_of_a_folder_is_one_record() {
        let folder = || FolderId::new("33");
        let kept = Report::FolderKept(folder());
        check(
            kept,
            "INFO folder kept docs/a.txt ",
            "event=folder_kept @ folder_id=33 #",
        );
        let made = Report::FolderCreated(folder(), None);
        check(
            made,
            "INFO folder created docs/a.txt ",
            "event=folder_created @ folder_id=33 #",
        );
        let found = Report::FolderAdopted(folder(), None);
        check(
            found,
            "INFO folder adopted docs/a.txt ",
            "event=folder_adopted @ folder_id=33 #",
        );
        let item = Item::Folder(FolderKey(1), folder());
        let moved = Report::Moved(item, ("old".into(), path(b"b")));
        let fields = "event=moved @ from_mirror=old from=b folder_id=33 #";
        check(moved, "INFO moved old/b to docs/a.txt ", fields);
    }

    #[test]
    fn what_is_said_again_is_told_at_debug_until_something_else_was_said() {
        let mut events = Events::new(false);
        let parked = entry(b"a", Report::Parked(Parked::FolderGone("gone".to_owned())));
        let halted = Notice::Halted {
            mirror: "docs".to_owned(),
            halt: Halt::RootMissing("it is not there".to_owned()),
        };
        let passed = Notice::Passed {
            mirror: "docs".to_owned(),
            took: Duration::ZERO,
        };
        let adopted = entry(b"a", Report::Adopted(file()));
        for (notice, level) in [
            (&parked, Level::WARN),
            (&parked, Level::DEBUG),
            (&adopted, Level::INFO),
            (&parked, Level::WARN),
            (&halted, Level::ERROR),
            (&halted, Level::DEBUG),
            (&passed, Level::DEBUG),
            (&halted, Level::ERROR),
        ] {
            assert_eq!(events.of(notice).level, level, "{notice:?}");
        }
    }

    #[test]
    fn what_is_about_no_entry_is_told_as_well() {
        let verified = |changed| Notice::Verified {
            mirror: "docs".to_owned(),
            found: Verified {
                changed,
                ..Verified::default()
            },
        };
        for (notice, expected) in [
            (
                Notice::Warning("mind".to_owned()),
                "WARN mind event=warning",
            ),
            (
                Notice::Watching,
                "INFO every directory is watched event=watching",
            ),
            (
                Notice::Draining,
                "INFO stopping: what is under way is finished event=draining",
            ),
            (
                Notice::Throttled(Duration::from_secs(2)),
                "INFO Box asks to wait 2000 ms event=throttled wait_ms=2000",
            ),
            (
                Notice::Unreachable("no route".to_owned()),
                "WARN no route; trying again event=unreachable",
            ),
            (
                verified(0),
                "INFO docs was compared with Box: 0 missing, 0 changed, 0 extra, 0 pending, 0 parked \
                 event=verified mirror=docs missing=0 changed=0 extra=0 unread=0 pending=0 \
                 parked=0",
            ),
            (
                verified(2),
                "WARN docs was compared with Box: 0 missing, 2 changed, 0 extra, 0 pending, 0 parked \
                 event=verified mirror=docs missing=0 changed=2 extra=0 unread=0 pending=0 \
                 parked=0",
            ),
            (
                Notice::Reloaded {
                    run: Some("r1".to_owned()),
                },
                "INFO the configuration was read again event=reloaded run=r1",
            ),
        ] {
            assert_eq!(told(&Events::new(false).of(&notice)), expected);
        }
    }

    #[test]
    fn a_plan_says_would_and_a_name_that_is_no_text_is_whole() {
        let record = Events::new(true).of(&entry(b"a\xff\n", Report::Uploaded(file(), 5)));
        assert_eq!(record.message, "would: uploaded docs/a\\xff\\u{a}");
        let told = told(&record);
        assert!(
            told.contains("path_hex=61ff0a") && told.ends_with("dry_run=true"),
            "{told}"
        );
    }

    #[test]
    fn the_end_says_what_was_in_the_way_and_then_the_accounts() {
        let ending = Ending {
            unauthorized: Some(said()),
            halted: vec![("docs".to_owned(), Halt::RootMissing("gone".to_owned()))],
            cut_short: true,
            ..Ending::default()
        };
        let records = Events::new(false).end(&ending, 77);
        let levels: Vec<_> = records.iter().map(|record| record.level).collect();
        assert_eq!(levels, [Level::ERROR, Level::INFO, Level::WARN]);
        let first = told(&records[0]);
        assert!(
            first.ends_with("event=unauthorized request_id=body.head"),
            "{first}"
        );
        assert!(told(&records[2]).contains("event=summary scanned=0"));
        let quiet = Events::new(false).end(&Ending::default(), 0);
        assert_eq!(quiet.len(), 1);
        assert_eq!(quiet[0].level, Level::INFO);
    }
}
