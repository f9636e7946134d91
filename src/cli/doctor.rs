//! `boxup doctor`: looks at everything, and says what to do.

use crate::agent::checkup::{Check, Fault, Status, examine};
use crate::cli::output::Output;
use crate::cli::wording::{printable, some};
use crate::cli::{exit, json};
use crate::config::{ConfigError, Environment, Loaded};
use serde_json::json;

/// Where text ends on a terminal.
const WIDTH: usize = 96;
/// Where what was found begins.
const INDENT: usize = 4;

/// Runs all checks and returns the exit code of the worst.
pub(crate) async fn doctor(
    loaded: Result<Loaded, ConfigError>,
    environment: &Environment,
    as_json: bool,
    mut output: Output,
) -> u8 {
    let has_colour = output.is_terminal() && environment.get("NO_COLOR").is_none();
    let mut report = Report::default();
    let mut tell = |check: Check| {
        let line = match as_json {
            true => format!("{}\n", line(&check)),
            false => text(&check, has_colour),
        };
        Output::standard().say(&line);
        report.count(&check);
    };
    match loaded {
        Ok(loaded) => {
            configured(&loaded, &mut tell);
            examine(&loaded.config, environment, &mut tell).await;
        }
        Err(error) => mistaken(&error, &mut tell),
    }
    output.say(&match as_json {
        true => format!("{}\n", report.json()),
        false => report.text(),
    });
    report.code
}

/// What was counted.
#[derive(Default)]
struct Report {
    ok: u64,
    warn: u64,
    fail: u64,
    skipped: u64,
    code: u8,
}

impl Report {
    fn count(&mut self, check: &Check) {
        match check.status {
            Status::Ok => self.ok += 1,
            Status::Warn => self.warn += 1,
            Status::Skipped => self.skipped += 1,
            Status::Fail(fault) => {
                self.fail += 1;
                self.code = exit::worse(self.code, code(fault));
            }
        }
    }

    fn all(&self) -> u64 {
        self.ok + self.warn + self.fail + self.skipped
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "event": "summary", "checks": self.all(), "ok": self.ok, "warn": self.warn,
            "fail": self.fail, "skipped": self.skipped, "exit_code": self.code,
        })
    }

    fn text(&self) -> String {
        let all = some(self.all(), "check");
        match (self.fail, self.warn) {
            (0, 0) => format!("\n{all}: all is well. boxup sync --once can run.\n"),
            (0, warn) => format!(
                "\n{all}: boxup sync --once can run. Look at the {}.\n",
                some(warn, "warning")
            ),
            (fail, _) => format!("\n{all}, {fail} failed. Begin with the first ✘.\n"),
        }
    }
}

fn code(fault: Fault) -> u8 {
    match fault {
        Fault::Configuration => exit::CONFIG,
        Fault::State => exit::STATE,
        Fault::Unauthorized => exit::UNAUTHORIZED,
        Fault::Unreachable => exit::UNREACHABLE,
        Fault::Local => exit::HALTED,
    }
}

fn configured(loaded: &Loaded, tell: &mut dyn FnMut(Check)) {
    let config = &loaded.config;
    let mirrors = some(config.mirrors.len() as u64, "mirror");
    let found = format!("{} is right: {mirrors}", config.source.display());
    tell(Check::ok("config", found));
    for warning in &loaded.warnings {
        let next = "Nothing, if that is meant; sync.example.toml explains every key";
        tell(Check::warn("config", warning, next));
    }
}

fn mistaken(error: &ConfigError, tell: &mut dyn FnMut(Check)) {
    let file = error.file.as_ref().map(|file| file.display().to_string());
    let file = file.unwrap_or_default();
    for problem in &error.problems {
        let line = problem
            .line
            .map(|line| format!(":{line}"))
            .unwrap_or_default();
        let key = if problem.key == "file" {
            ""
        } else {
            &problem.key
        };
        let place = format!("{file}{line} {key}");
        let found = format!("{}: {}", place.trim(), problem.what);
        tell(Check::fail(
            "config",
            Fault::Configuration,
            found,
            &problem.remedy,
        ));
    }
    for name in [
        "file_modes",
        "network",
        "clock",
        "token",
        "identity",
        "scopes",
        "quota",
        "watch",
        "state",
    ] {
        tell(Check::skipped(name, "because of the configuration"));
    }
}

fn line(check: &Check) -> serde_json::Value {
    let status = match check.status {
        Status::Ok => "ok",
        Status::Warn => "warn",
        Status::Fail(_) => "fail",
        Status::Skipped => "skipped",
    };
    let mut line = json!({
        "event": "check", "name": check.name, "status": status, "found": check.found,
        "next": check.next,
    });
    if let Some(said) = &check.said {
        line["error"] = json::refusal(said);
    }
    line
}

fn text(check: &Check, has_colour: bool) -> String {
    let (sign, colour) = match check.status {
        Status::Ok => ("✔", "32"),
        Status::Warn => ("!", "33"),
        Status::Fail(_) => ("✘", "31"),
        Status::Skipped => ("–", "2"),
    };
    let sign = match has_colour {
        true => format!("\x1b[{colour}m{sign}\x1b[0m"),
        false => sign.to_owned(),
    };
    let mut text = format!(
        "{sign} {:<12} {}\n",
        check.name,
        wrapped(&check.found, 15, 15)
    );
    let causes = check
        .said
        .as_ref()
        .and_then(|said| said.lesson)
        .map(|lesson| lesson.causes);
    if let Some(causes) = causes.filter(|causes| !causes.is_empty()) {
        text.push_str(&format!("{:INDENT$}Likely causes, in this order:\n", ""));
        for (number, cause) in causes.iter().enumerate() {
            let cause = wrapped(cause, INDENT + 5, INDENT + 5);
            text.push_str(&format!("{:INDENT$}  {}. {cause}\n", "", number + 1));
        }
    }
    if let Some(next) = &check.next {
        let next = wrapped(next, INDENT + 6, INDENT + 6);
        text.push_str(&format!("{:INDENT$}next: {next}\n", ""));
    }
    if let Some(said) = check.said.as_ref().filter(|said| said.status != 0) {
        text.push_str(&format!("{:INDENT$}Box said: {}\n", "", said.words()));
    }
    text
}

/// Breaks lines between words; further ones begin at `indent`.
fn wrapped(text: &str, first: usize, indent: usize) -> String {
    let (mut lines, mut at) = (String::new(), first);
    for (number, word) in printable(text).split(' ').enumerate() {
        let length = word.chars().count();
        if number > 0 && at + 1 + length > WIDTH {
            lines.push_str(&format!("\n{:indent$}", ""));
            at = indent;
        } else if number > 0 {
            lines.push(' ');
            at += 1;
        }
        lines.push_str(word);
        at += length;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{text, wrapped};
    use crate::agent::checkup::{Check, Fault};

    #[test]
    fn what_to_do_stands_below_what_was_found() {
        let check = Check::fail("token", Fault::Unauthorized, "no", "do this");
        assert_eq!(
            text(&check, false),
            "✘ token        no\n    next: do this\n"
        );
        assert!(text(&check, true).starts_with("\x1b[31m✘\x1b[0m token"));
    }

    #[test]
    fn long_lines_are_broken_between_words() {
        let long = "word ".repeat(40);
        let broken = wrapped(long.trim(), 10, 4);
        assert!(broken.lines().count() > 1);
        assert!(
            broken
                .lines()
                .all(|line| line.chars().count() <= super::WIDTH)
        );
        assert!(
            broken
                .lines()
                .skip(1)
                .all(|line| line.starts_with("    word"))
        );
    }
}
