//! What happens, in words, one line for each thing worth a line.

use crate::agent::notice::Notice;
use crate::cli::json::told_name;
use crate::cli::memory::Memory;
use crate::cli::verify::differences;
use crate::cli::wording::{bytes, duration, printable, some};
use crate::model::deed::ItemId;
use crate::model::name::RemoteName;
use crate::plan::action::Report;
use crate::plan::pause::Pause;
use std::collections::BTreeMap;

/// How the lines are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// With colours.
    pub(crate) colour: bool,
    /// Tell what would be done, not what was.
    pub(crate) would: bool,
    /// How much of it.
    pub(crate) volume: Volume,
}

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Volume {
    /// Only what is not on Box, and why.
    Quiet,
    /// What happens.
    Usual,
    /// Also what is left out on purpose.
    Verbose,
}

/// Turns notices into lines. Remembers what it has said: a service that looks every
/// hour does not repeat every hour that a file waits.
#[derive(Debug)]
pub(crate) struct Text {
    style: Style,
    said: Memory,
    /// What was left out, by reason, for the summary.
    pub(crate) excluded: BTreeMap<&'static str, u64>,
    /// Whether there was anything to tell.
    pub(crate) has_spoken: bool,
}

impl Text {
    /// Nothing said yet.
    pub(crate) fn new(style: Style) -> Self {
        Self {
            style,
            said: Memory::default(),
            excluded: BTreeMap::new(),
            has_spoken: false,
        }
    }

    /// The line for a notice, with its line feed; empty when there is nothing to say.
    pub(crate) fn line(&mut self, notice: &Notice) -> String {
        let had_spoken = self.has_spoken;
        let line = self.worded(notice);
        match self.style.volume == Volume::Quiet && !is_trouble(notice) {
            true => {
                self.has_spoken = had_spoken;
                String::new()
            }
            false => line,
        }
    }

    fn worded(&mut self, notice: &Notice) -> String {
        let line = match notice {
            Notice::Entry {
                mirror,
                path,
                report,
                ..
            } => {
                let place = format!("{mirror}/{path}");
                let name = told_name(path, report).map(RemoteName::as_str);
                let name = name.map(|name| format!("on Box as \"{}\"", printable(name)));
                return self.entry(mirror, &place, report, name.as_deref());
            }
            Notice::Halted { mirror, halt } => {
                let words = format!("mirror {mirror:?} stands still: {halt}");
                if self.said.repeats(mirror, "", &words) {
                    return String::new();
                }
                self.marked("halted", RED, &words)
            }
            Notice::Paused(pause) => self.paused(&pause.mirror, Some(pause)),
            Notice::Resumed { mirror } => self.paused(mirror, None),
            Notice::Throttled(wait) => {
                let words = format!("Box asks to wait {}", duration(*wait));
                self.marked("waiting", YELLOW, &words)
            }
            Notice::Unreachable(why) => {
                self.marked("waiting", YELLOW, &format!("{why}; trying again"))
            }
            Notice::Watching if self.style.volume == Volume::Verbose => {
                self.marked("watching", PLAIN, "every directory is watched")
            }
            Notice::Reloaded { run } => {
                let until = run.as_ref().map_or_else(String::new, |run| {
                    format!(" (`boxup undo {run}` takes back what was done until now)")
                });
                let words = format!("the configuration was read again{until}");
                self.marked("reloaded", PLAIN, &words)
            }
            Notice::Draining => self.marked("stopping", PLAIN, "what is under way is finished"),
            Notice::Passed { mirror, .. } => {
                // In order again: the next halt is news.
                self.said.forget(mirror, "");
                return String::new();
            }
            Notice::Verified { found, .. } if found.is_in_sync() => return String::new(),
            Notice::Verified { mirror, found } => {
                let found = differences(found);
                let words = format!("{mirror}: {found}; boxup verify tells which");
                self.marked("drifted", YELLOW, &words)
            }
            // Told on standard error.
            Notice::Watching | Notice::Mirror(_) | Notice::Warning(_) => return String::new(),
        };
        self.has_spoken = true;
        line
    }

    fn paused(&self, mirror: &str, pause: Option<&Pause>) -> String {
        match pause {
            Some(pause) => {
                let words = format!("mirror {mirror:?} is not mirrored: {pause}");
                self.marked("paused", YELLOW, &words)
            }
            None => self.marked("resumed", PLAIN, &format!("mirror {mirror:?} goes on")),
        }
    }

    /// `named` tells the name on Box where it is another.
    fn entry(&mut self, mirror: &str, place: &str, report: &Report, named: Option<&str>) -> String {
        let named = named.map(|named| format!(", {named}")).unwrap_or_default();
        let (word, colour, rest) = match report {
            Report::Excluded(why) => {
                *self.excluded.entry(why.code()).or_default() += 1;
                if self.style.volume != Volume::Verbose {
                    return String::new();
                }
                ("excluded", PLAIN, format!(": {why}"))
            }
            Report::Unchanged => return String::new(),
            Report::Left(_) => ("left", PLAIN, "  (Box's copy stays, as decided)".to_owned()),
            Report::Uploaded(_, size) => ("new", GREEN, format!("  ({}{named})", bytes(*size))),
            Report::NewVersion(_, size) => ("version", GREEN, format!("  ({})", bytes(*size))),
            Report::Adopted(_) => ("adopted", GREEN, format!("  (was on Box already{named})")),
            Report::FolderCreated(..) if named.is_empty() => ("folder", GREEN, String::new()),
            Report::FolderCreated(..) => ("folder", GREEN, format!("  ({})", &named[2..])),
            Report::Trashed(ItemId::File(_), _) => ("trashed", YELLOW, String::new()),
            Report::Trashed(ItemId::Folder(_), files) => {
                let files = some(*files, "file");
                ("trashed", YELLOW, format!("  (the folder, with {files})"))
            }
            Report::FolderKept(_) => (
                "kept",
                PLAIN,
                "  (the folder stays on Box: not all in it is ours)".to_owned(),
            ),
            Report::FolderAdopted(..) => (
                "adopted",
                GREEN,
                format!("  (the folder was on Box already{named})"),
            ),
            Report::Moved(_, (from, path)) => {
                self.has_spoken = true;
                let words = format!("{from}/{path} -> {place}");
                return self.marked("moved", GREEN, &words);
            }
            Report::Parked(why) => ("parked", YELLOW, format!(": {why}")),
            Report::Failed(why) => ("failed", RED, format!(": {why}")),
        };
        let is_lasting = matches!(report, Report::Excluded(_) | Report::Parked(_));
        if !is_lasting {
            self.said.forget(mirror, place);
        } else if self.said.repeats(mirror, place, &rest) {
            return String::new();
        }
        self.has_spoken = true;
        self.marked(word, colour, &format!("{place}{rest}"))
    }

    fn marked(&self, word: &str, colour: &str, rest: &str) -> String {
        let would = if self.style.would { "would: " } else { "" };
        if self.style.colour && !colour.is_empty() {
            format!("{would}{colour}{word:<9}\x1b[0m {rest}\n")
        } else {
            format!("{would}{word:<9} {rest}\n")
        }
    }
}

/// Whether something is not as it should be.
fn is_trouble(notice: &Notice) -> bool {
    match notice {
        Notice::Entry { report, .. } => matches!(report, Report::Parked(_) | Report::Failed(_)),
        Notice::Halted { .. }
        | Notice::Paused(_)
        | Notice::Unreachable(_)
        | Notice::Verified { .. } => true,
        Notice::Throttled(_)
        | Notice::Resumed { .. }
        | Notice::Passed { .. }
        | Notice::Mirror(_)
        | Notice::Warning(_)
        | Notice::Watching
        | Notice::Draining
        | Notice::Reloaded { .. } => false,
    }
}

/// Colours of a terminal.
pub(super) const PLAIN: &str = "";
pub(super) const GREEN: &str = "\x1b[32m";
pub(super) const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";
