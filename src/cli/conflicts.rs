//! `boxup conflicts`: what waits for a decision, with both sides.

use crate::agent::access::{self, Traces};
use crate::agent::conflicts::{self, Conflict, Theirs};
use crate::agent::engine::Shown;
use crate::agent::notice::put_path;
use crate::cli::output::Output;
use crate::cli::progress::columns::columns;
use crate::cli::wording::{bytes, printable, shell_word, some, wrapped};
use crate::cli::{exit, failure, json as lines, sync};
use crate::config::Config;
use crate::model::stamp::Stamp;
use crate::model::trouble::Trouble;
use crate::plan::conflict::{Keep, refusal};
use serde_json::{Value, json};
use std::time::{Duration, UNIX_EPOCH};

const INDENT: usize = 4;

const CHOICES: &str = "\
--keep local  ours becomes a new version on top of theirs, which stays in the
              version history
--keep box    theirs stays; ours is not sent until it changes again (boxup
              never writes to a local file)
--keep both   ours becomes a file of its own beside theirs
";

/// Lists them.
pub(crate) async fn list(
    config: Config,
    mirrors: &[String],
    as_json: bool,
    mut output: Output,
) -> u8 {
    let refused = |message: &str, code, output: &mut Output| {
        if as_json {
            let error = json!({ "message": message.trim_end() });
            let line = json!({ "event": "summary", "error": error, "exit_code": code });
            output.say(&format!("{line}\n"));
        }
        output.complain(message);
        code
    };
    let config = match sync::select(config, mirrors) {
        Ok(config) => config,
        Err(message) => return refused(&message, exit::USAGE, &mut output),
    };
    let found = match conflicts::recorded(&config.state_dir, &config.mirrors) {
        Ok(found) => found,
        Err(error) => return refused(&format!("error: {error}\n"), exit::STATE, &mut output),
    };
    let (sides, trouble) = match access::client(&config, Traces::IfThere) {
        Ok(client) => conflicts::look(&client, &found).await,
        Err(fatal) => {
            let code = exit::of_fatal(&fatal);
            return refused(&format!("error: {fatal}\n"), code, &mut output);
        }
    };
    for (conflict, theirs) in found.iter().zip(&sides) {
        output.say(&match as_json {
            true => format!("{}\n", object(conflict, theirs)),
            false => block(conflict, theirs, output.width()),
        });
    }
    match as_json {
        true => output.say(&format!("{}\n", summary(&found, trouble.as_ref()))),
        false => output.relate(&closing(&found)),
    }
    if let Some(trouble) = &trouble {
        output.complain(&failure::words(trouble));
        output.complain("Box's side is told as it was last seen\n");
    }
    exit::OK
}

fn object(conflict: &Conflict, theirs: &Theirs) -> Value {
    let Conflict {
        mirror, path, item, ..
    } = conflict;
    let local = conflict.local.as_ref();
    let mut line = json!({
        "event": "conflict",
        "mirror": mirror,
        "reason": item.code,
        "message": item.message,
        "local": local.map(|stamp| json!({ "size": stamp.size, "mtime": time(stamp) })),
        "box": their_side(conflict, theirs),
    });
    put_path(&mut line, path);
    line
}

fn their_side(conflict: &Conflict, theirs: &Theirs) -> Value {
    let Some(seen) = &conflict.item.obstacle else {
        return Value::Null;
    };
    let version = seen.version.as_ref().map(|version| version.as_str());
    let mut side = json!({
        "id": seen.id, "version": version, "name": null, "size": null, "modified_at": null,
        "author": null, "state": "recorded",
    });
    match theirs {
        Theirs::Recorded => {}
        Theirs::Gone => side["state"] = json!("gone"),
        Theirs::Now(now) => {
            side["state"] = json!("now");
            side["version"] = json!(now.version.as_ref().map(|version| version.as_str()));
            side["name"] = json!(now.name.as_str());
            side["size"] = json!(now.size);
            side["modified_at"] = json!(now.modified_at);
            side["author"] = json!(now.author);
        }
    }
    side
}

fn summary(found: &[Conflict], trouble: Option<&Trouble>) -> Value {
    let mut line = json!({
        "event": "summary",
        "conflicts": found.len(),
        "box_asked": trouble.is_none(),
        "exit_code": exit::OK,
    });
    if let Some(trouble) = trouble {
        line["error"] = match trouble.said() {
            Some(said) => lines::refusal(said),
            None => failure::object(trouble),
        };
    }
    line
}

/// One conflict, for a person.
fn block(conflict: &Conflict, theirs: &Theirs, width: usize) -> String {
    let item = &conflict.item;
    let mut text = format!("{}/{}\n", printable(&conflict.mirror), conflict.path);
    let mut add = |lines: &str| {
        for line in wrapped(lines, width - INDENT) {
            text.push_str(&format!("{:INDENT$}{line}\n", ""));
        }
    };
    add(&item.message);
    add(&match &conflict.local {
        Some(stamp) => format!(
            "here: {}",
            changed(Some(stamp.size), time(stamp).as_deref())
        ),
        None => "here: a directory, or not there any more".to_owned(),
    });
    if let Some(side) = on_box(conflict, theirs) {
        add(&side);
    }
    // Both are kept, whatever the choice should have been: the best line to copy.
    if refusal(item, Keep::Both).is_none() {
        text.push_str(&command(conflict, theirs, width));
    }
    text.push('\n');
    text
}

fn on_box(conflict: &Conflict, theirs: &Theirs) -> Option<String> {
    let seen = conflict.item.obstacle.as_ref()?;
    Some(match theirs {
        Theirs::Gone => "Box: gone, or hidden from this account".to_owned(),
        Theirs::Now(now) => {
            let by = now.author.as_ref().map(|author| format!(" by {author}"));
            let version = now
                .version
                .as_ref()
                .map(|version| format!(", version {version}"));
            format!(
                "Box: {}{}, file {}{}",
                changed(now.size, now.modified_at.as_deref()),
                by.unwrap_or_default(),
                seen.id,
                version.unwrap_or_default(),
            )
        }
        Theirs::Recorded => match &seen.version {
            Some(version) => format!("Box: file {}, version {version} when last seen", seen.id),
            None => format!("Box: {} when last seen", seen.id),
        },
    })
}

fn changed(size: Option<u64>, at: Option<&str>) -> String {
    let size = size.map_or("unknown size".to_owned(), bytes);
    match at {
        Some(at) => format!("{size}, changed {at}"),
        None => size,
    }
}

/// What the listing shows of Box's side: a decision is about that.
fn shown(conflict: &Conflict, theirs: &Theirs) -> Option<Shown> {
    let recorded = conflict.item.obstacle.as_ref()?.version.clone();
    let version = match theirs {
        Theirs::Gone => return Some(Shown::Gone),
        Theirs::Now(now) => now.version.clone(),
        Theirs::Recorded if conflict.item.code == "gone_from_box" => return Some(Shown::Gone),
        Theirs::Recorded => recorded,
    };
    version.map(Shown::Version)
}

/// The line that decides.
fn command(conflict: &Conflict, theirs: &Theirs, width: usize) -> String {
    let shown = shown(conflict, theirs);
    let seen = shown.map(|shown| format!(" --seen {}", shown.word()));
    let place = [conflict.mirror.as_bytes(), b"/", conflict.path.as_bytes()].concat();
    let place = shell_word(&place);
    let choice = format!("--keep both{}", seen.unwrap_or_default());
    let line = format!("{:INDENT$}boxup resolve {place} {choice}\n", "");
    if columns(&line) <= width {
        return line;
    }
    format!(
        "{:INDENT$}boxup resolve {place} \\\n{:INDENT$}{:INDENT$}{choice}\n",
        "", "", ""
    )
}

fn closing(found: &[Conflict]) -> String {
    if found.is_empty() {
        return "no conflicts\n".to_owned();
    }
    format!("{}\n\n{CHOICES}", some(found.len() as u64, "conflict"))
}

/// In UTC, to the second; none before 1970.
fn time(stamp: &Stamp) -> Option<String> {
    let seconds = u64::try_from(stamp.mtime.seconds()).ok()?;
    let time = UNIX_EPOCH + Duration::from_secs(seconds);
    Some(humantime::format_rfc3339_seconds(time).to_string())
}

#[cfg(test)]
mod tests {
    use super::block;
    use crate::agent::conflicts::{Conflict, Theirs};
    use crate::model::ids::VersionId;
    use crate::model::item::Seen;
    use crate::model::name::RemoteName;
    use crate::model::path::RelPath;
    use crate::model::stamp::{Nanos, Stamp};
    use crate::plan::facts::ParkedItem;
    use crate::remote::glance::Glance;
    use std::path::Path;

    fn conflict(path: &str) -> Conflict {
        let stamp = Some(Stamp {
            mtime: Nanos::new(1_700_000_000, 5),
            ..Stamp::of_no_file(1_234)
        });
        Conflict {
            mirror: "reports".to_owned(),
            path: RelPath::below(Path::new("/"), &Path::new("/").join(path)).unwrap(),
            local: stamp,
            item: ParkedItem {
                code: "changed_on_box".to_owned(),
                message: "the file 42 (version 7) on Box was changed by somebody else since \
                          the last upload: it is left alone"
                    .to_owned(),
                in_the_item: false,
                stamp,
                tried_at: Nanos(0),
                obstacle: Some(Seen {
                    id: "42".into(),
                    version: Some(VersionId::new("7")),
                }),
            },
        }
    }

    #[test]
    fn a_conflict_is_a_block_of_eighty_columns() {
        let now = Theirs::Now(Glance {
            name: RemoteName::from_box("june.csv"),
            version: Some(VersionId::new("9")),
            size: Some(99),
            modified_at: Some("2026-11-27T09:04:01-08:00".to_owned()),
            author: Some("Colleague\u{1b}[2J (colleague@example.com)".to_owned()),
        });
        let expected = "\
reports/2026/june.csv
    the file 42 (version 7) on Box was changed by somebody else since the last
    upload: it is left alone
    here: 1.2 kB, changed 2023-11-14T22:13:20Z
    Box: 99 B, changed 2026-11-27T09:04:01-08:00 by Colleague\\u{1b}[2J
    (colleague@example.com), file 42, version 9
    boxup resolve reports/2026/june.csv --keep both --seen 9

";
        assert_eq!(block(&conflict("2026/june.csv"), &now, 80), expected);
        let long = format!("{}/b", "a".repeat(60));
        let text = block(&conflict(&long), &Theirs::Recorded, 80);
        let end = text.lines().rev().nth(1).unwrap();
        assert_eq!(end, "        --keep both --seen 7", "{text}");
        assert!(text.contains("version 7 when last seen"), "{text}");
    }
}
