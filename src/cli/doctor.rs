//! `boxup doctor`: the checks, told one by one, and what follows from them.

use crate::agent::checkup;
use crate::agent::checkup::check::{Blame, Check, Status};
use crate::cli::output::{Looks, Output};
use crate::cli::wording::{printable, wrapped};
use crate::cli::{exit, json};
use crate::config::{ConfigError, Loaded};
use serde_json::{Value, json};

/// Where nobody tells how wide the terminal is.
const WIDTH: usize = 100;
/// Lines longer than this are hard to read.
const WIDEST: usize = 120;
/// The column that findings begin in, at most.
const COLUMN: usize = 28;

/// Makes all checks and returns the exit code.
pub(crate) async fn doctor(
    loaded: &Result<Loaded, ConfigError>,
    as_json: bool,
    looks: Looks,
    mut output: Output,
) -> u8 {
    let config = loaded.as_ref().ok().map(|loaded| &loaded.config);
    let page = Page::new(&checkup::names(config), looks, &output);
    let mut tally = Tally::default();
    let mut tell = |check: Check| {
        tally.count(&check);
        match as_json {
            true => output.say(&format!("{}\n", object(&check))),
            false => output.say(&page.check(&check)),
        }
    };
    match loaded {
        Ok(loaded) => checkup::run(loaded, &mut tell).await,
        Err(error) => checkup::without_config(error, &mut tell),
    }
    match as_json {
        true => output.say(&format!("{}\n", tally.object())),
        false => output.relate(&format!("\n{}\n", page.sentence(&tally))),
    }
    tally.code
}

/// What there was, and the exit code: the worst that failed.
#[derive(Debug, Default)]
struct Tally {
    ok: u64,
    warn: u64,
    fail: u64,
    skipped: u64,
    worst: Option<Blame>,
    code: u8,
}

impl Tally {
    fn count(&mut self, check: &Check) {
        let counter = match check.status {
            Status::Ok => &mut self.ok,
            Status::Warn => &mut self.warn,
            Status::Fail => &mut self.fail,
            Status::Skipped => &mut self.skipped,
        };
        *counter += 1;
        if check.is_fail() {
            self.worst = self.worst.max(check.blame);
            self.code = self.worst.map_or(exit::OK, exit::of_blame);
        }
    }

    fn all(&self) -> u64 {
        self.ok + self.warn + self.fail + self.skipped
    }

    fn object(&self) -> Value {
        json!({
            "event": "summary",
            "checks": self.all(),
            "ok": self.ok,
            "warn": self.warn,
            "fail": self.fail,
            "skipped": self.skipped,
            "exit_code": self.code,
        })
    }
}

/// A check for a program.
fn object(check: &Check) -> Value {
    let status = match check.status {
        Status::Ok => "ok",
        Status::Warn => "warn",
        Status::Fail => "fail",
        Status::Skipped => "skipped",
    };
    let mut line = json!({
        "event": "check",
        "name": check.name,
        "status": status,
        "found": check.found,
        "next": check.next,
    });
    if let Some(said) = &check.said {
        line["error"] = json::refusal(said);
    }
    line
}

/// How the checks are laid out for a person.
struct Page {
    colour: bool,
    /// The column that findings begin in.
    column: usize,
    width: usize,
}

impl Page {
    fn new(names: &[String], looks: Looks, output: &Output) -> Self {
        let longest = names.iter().map(|name| name.chars().count()).max();
        // As wide as the usual hosts, which are told first.
        let longest = longest.unwrap_or(0).max("network:upload.box.com".len());
        Self {
            colour: looks.colours(output.is_terminal()),
            column: (longest + 4).min(COLUMN),
            width: output.columns().unwrap_or(WIDTH).clamp(40, WIDEST),
        }
    }

    /// One check, with its line feed.
    fn check(&self, check: &Check) -> String {
        let (glyph, colour) = match check.status {
            Status::Ok => ("✔", GREEN),
            Status::Warn => ("!", YELLOW),
            Status::Fail => ("✘", RED),
            Status::Skipped => ("–", DIM),
        };
        let name = printable(&check.name);
        let glyph = self.painted(glyph, colour);
        let found = match check.status {
            Status::Skipped => format!("skipped {}", check.found),
            Status::Ok | Status::Warn | Status::Fail => check.found.clone(),
        };
        let mut text = self.head(&glyph, &name, &found, check.status == Status::Skipped);
        let causes = check.said.as_ref().and_then(|said| said.lesson);
        let causes = causes.map(|lesson| lesson.causes).unwrap_or_default();
        if !causes.is_empty() {
            text.push_str(&self.indented("", "Likely causes, in this order:"));
        }
        for (number, cause) in causes.iter().enumerate() {
            text.push_str(&self.indented(&format!("  {}. ", number + 1), cause));
        }
        if let Some(next) = &check.next {
            text.push_str(&self.indented("→ ", next));
        }
        if let Some(said) = &check.said {
            // Without a status the words are our own.
            let who = if said.status == 0 {
                "In detail"
            } else {
                "Box said"
            };
            text.push_str(&self.indented("", &format!("{who}: {}", said.words())));
        }
        text
    }

    fn head(&self, glyph: &str, name: &str, found: &str, is_dim: bool) -> String {
        let space = self.column - 2;
        let mut lines = wrapped(found, self.width - self.column).into_iter();
        let mut text = format!("{glyph} {name:<space$}");
        // A long name has a line of its own.
        if name.chars().count() < space {
            let first = lines.next().unwrap_or_default();
            let colour = if is_dim { DIM } else { "" };
            text.push_str(&self.painted(&first, colour));
        }
        text = format!("{}\n", text.trim_end());
        for line in lines {
            text.push_str(&format!("{:1$}{line}\n", "", self.column));
        }
        text
    }

    /// A paragraph below the findings, further lines below its first word.
    fn indented(&self, mark: &str, words: &str) -> String {
        let mark_width = mark.chars().count();
        let width = self.width - self.column - mark_width;
        let mut text = String::new();
        for (number, line) in wrapped(words, width).iter().enumerate() {
            let lead = match number {
                0 => self.painted(mark, BOLD),
                _ => " ".repeat(mark_width),
            };
            text.push_str(&format!("{:1$}{lead}{line}\n", "", self.column));
        }
        text
    }

    /// What follows from all of it.
    fn sentence(&self, tally: &Tally) -> String {
        let (all, warned) = (tally.all(), tally.warn);
        if tally.fail > 0 {
            let glyph = self.painted("✘", RED);
            let failed = tally.fail;
            return format!("{failed} of {all} checks failed. Begin with the first {glyph}.");
        }
        let ready = "`boxup sync --once` can run";
        match warned {
            0 => format!("All is well: {ready}."),
            1 => format!("{ready}; one of {all} checks deserves a look."),
            warned => format!("{ready}; {warned} of {all} checks deserve a look."),
        }
    }

    fn painted(&self, text: &str, colour: &str) -> String {
        match self.colour && !colour.is_empty() && !text.is_empty() {
            true => format!("{colour}{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";
const DIM: &str = "\x1b[2m";
const BOLD: &str = "\x1b[1m";

#[cfg(test)]
mod tests {
    use super::{Page, Tally};
    use crate::agent::checkup::check::{Blame, Check};

    fn page(colour: bool) -> Page {
        Page {
            colour,
            column: 10,
            width: 40,
        }
    }

    #[test]
    fn the_worst_blame_decides_whatever_comes_first() {
        for (blames, code) in [
            (vec![], 0),
            (vec![Blame::Files], 1),
            (vec![Blame::Files, Blame::Local], 3),
            (vec![Blame::Network, Blame::Local], 69),
            (vec![Blame::State, Blame::Network], 74),
            (vec![Blame::Access, Blame::State, Blame::Local], 77),
            (vec![Blame::Local, Blame::Config, Blame::Access], 78),
        ] {
            let mut tally = Tally::default();
            tally.count(&Check::warn("a", "b", "c"));
            for blame in blames {
                tally.count(&Check::fail("a", blame, "b", "c"));
            }
            assert_eq!(tally.code, code);
        }
    }

    #[test]
    fn lines_are_broken_between_words_and_indented() {
        let check = Check::fail(
            "token",
            Blame::Access,
            "something that takes more than one line to be told",
            "do this and that, and then again",
        );
        let expected = "\
✘ token   something that takes more than
          one line to be told
          → do this and that, and then
            again
";
        assert_eq!(page(false).check(&check), expected);
        let long = Check::skipped("mirror:documents", "token");
        let expected = "– mirror:documents\n          skipped because of token\n";
        assert_eq!(page(false).check(&long), expected);
        let coloured = page(true).check(&Check::ok("a", "b"));
        assert_eq!(coloured, "\x1b[32m✔\x1b[0m a       b\n");
    }
}
