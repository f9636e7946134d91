//! How a run ended, in a paragraph.

use crate::agent::notice::Ending;
use crate::cli::wording::{bytes, count, duration, some};
use crate::model::trouble::{Lesson, Said};
use crate::remote::lessons::finding;
use std::collections::BTreeMap;
use std::time::Duration;

/// The closing words, with their line feed.
pub(crate) fn text(ending: &Ending, excluded: &BTreeMap<&'static str, u64>, would: bool) -> String {
    let tally = &ending.tally;
    let versions = if tally.new_versions == 1 {
        "new version"
    } else {
        "new versions"
    };
    let folders = if tally.folders_created == 1 {
        "new folder"
    } else {
        "new folders"
    };
    // A service has looked again and again: the number says nothing.
    let of_a_pass = |number| match ending.on_box {
        Some(_) => 0,
        None => number,
    };
    let left_out = format!("excluded ({})", by_reason(excluded));
    let parts = [
        (tally.uploaded, "new"),
        (tally.new_versions, versions),
        (tally.adopted, "adopted"),
        (of_a_pass(tally.unchanged), "unchanged"),
        (tally.excluded, &left_out),
        (tally.parked, "parked"),
        (tally.failed, "failed"),
        (tally.pending, "not reached"),
        (tally.folders_created, folders),
        (tally.trashed, "put into the trash"),
        (tally.moved, "moved"),
    ];
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    let parts: Vec<_> = parts
        .map(|(number, what)| format!("{} {what}", count(*number)))
        .collect();
    let what = match parts.is_empty() {
        true if ending.on_box.is_some() && ending.is_whole() => "nothing was to be done".to_owned(),
        true if ending.is_whole() => "nothing in it".to_owned(),
        true => "not looked at".to_owned(),
        false => parts.join(", "),
    };
    let sent = match (ending.bytes_sent, would) {
        (0, _) => String::new(),
        (sent, true) => format!("; {} would be sent", bytes(sent)),
        (sent, false) => format!("; {} sent", bytes(sent)),
    };
    let undo = match &ending.run {
        Some(run) => {
            format!("`boxup undo {run}` takes back what it moved or put into the trash.\n")
        }
        None => String::new(),
    };
    let all = match ending.on_box {
        Some(files) => format!("{} on Box", some(files, "file")),
        None => some(tally.scanned(), "file"),
    };
    format!(
        "{all}: {what}{sent} ({}, {}).\n{undo}",
        some(ending.requests, "request"),
        duration(ending.elapsed),
    )
}

fn by_reason(excluded: &BTreeMap<&'static str, u64>) -> String {
    let reasons = excluded.iter().map(|(reason, number)| match *reason {
        "symbolic_link" => some(*number, "symbolic link"),
        "special_file" => some(*number, "special file"),
        "rule" => format!("{} by rule", count(*number)),
        other => format!("{} {other}", count(*number)),
    });
    reasons.collect::<Vec<_>>().join(", ")
}

/// What kept a run from its end, each with the next step; empty when nothing did.
pub(crate) fn trouble(ending: &Ending) -> String {
    let texts = troubles(ending).into_iter().map(|(_, text)| text);
    texts.collect()
}

/// The same, one by one, each with a code.
pub(crate) fn troubles(ending: &Ending) -> Vec<(&'static str, String)> {
    let mut troubles = Vec::new();
    if let Some(said) = &ending.unauthorized {
        troubles.push(("unauthorized", refusal(NOT_IN, said)));
    }
    for (mirror, halt) in &ending.halted {
        if let Some(lesson) = finding(halt.code()) {
            let text = format!("error: mirror {mirror:?} stands still: {halt}\n");
            troubles.push(("halted", text + &steps(lesson)));
        }
    }
    if let Some(why) = &ending.unreachable {
        let text = format!(
            "error: Box cannot be reached: {why}. Nothing is lost: run it again when the network \
             or Box is back\n"
        );
        troubles.push(("unreachable", text));
    }
    if let Some(wait) = ending.deferred {
        let text = format!(
            "error: Box asks to wait {} before the next request; the rest is left to the next \
             run\n",
            duration(wait)
        );
        troubles.push(("deferred", text));
    }
    if let Some(error) = &ending.broken {
        troubles.push(("broken", format!("error: {error}\n")));
    }
    if let Some(longest) = ending.time_up {
        troubles.push(("time_up", time_up(longest, ending.tally.pending)));
    } else if ending.cut_short {
        let text = "interrupted: the rest is left to the next run\n";
        troubles.push(("interrupted", text.to_owned()));
    }
    troubles
}

/// A pass had no time left.
fn time_up(longest: Duration, pending: u64) -> String {
    let left = match pending {
        0 => "what was not looked at".to_owned(),
        pending => format!("{} and what was not looked at", some(pending, "file")),
    };
    let longest = humantime::format_duration(longest);
    format!(
        "the time is up ({longest}, --max-duration): {left} is left to the next run, which goes \
         on from here\n"
    )
}

/// How a refusal begins that concerns everything.
pub(crate) const NOT_IN: &str = "Box does not let boxup in";

/// All that there is to learn from a refusal, part by part.
pub(crate) fn refusal(what: &str, said: &Said) -> String {
    let Some(lesson) = said.lesson else {
        // Box had no part in it.
        let what = if said.status == 0 {
            "boxup cannot sign in"
        } else {
            what
        };
        return format!("error: {what}: {}\n", said.words());
    };
    // Without a status the words are our own.
    let who = match said.status {
        0 => "In detail",
        _ => "Box said",
    };
    format!(
        "error: {what}: {}.\n{}  {who}: {}\n",
        lesson.happened,
        steps(lesson),
        said.words()
    )
}

fn steps(lesson: &Lesson) -> String {
    let mut text = String::new();
    if let [_, ..] = lesson.causes {
        text.push_str("  Likely causes, in this order:\n");
    }
    for (number, cause) in lesson.causes.iter().enumerate() {
        text.push_str(&format!("    {}. {cause}\n", number + 1));
    }
    text.push_str(&format!("  What to do: {}.\n", lesson.next));
    text
}
