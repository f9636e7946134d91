//! A command that prints one object on a line, and then its summary.

use super::{Finished, Rig};
use serde_json::Value;
use std::fmt;

/// What such a command said.
pub(crate) struct Lines {
    /// Its exit code.
    pub(crate) code: i32,
    /// Its lines, but the last.
    pub(crate) lines: Vec<Value>,
    /// Its last line.
    pub(crate) summary: Value,
    /// What it said to people.
    pub(crate) stderr: String,
}

impl Lines {
    /// Reads what it said.
    #[track_caller]
    pub(crate) fn of(finished: Finished) -> Lines {
        let read = |line: &str| -> Value {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {finished:?}"))
        };
        let mut lines: Vec<Value> = finished.stdout.lines().map(read).collect();
        let summary = lines
            .pop()
            .unwrap_or_else(|| panic!("it said nothing: {finished:?}"));
        assert_eq!(summary["event"], "summary", "{finished:?}");
        assert_eq!(summary["exit_code"], finished.code, "{finished:?}");
        Lines {
            code: finished.code,
            lines,
            summary,
            stderr: finished.stderr,
        }
    }

    /// The one line about a path.
    #[track_caller]
    pub(crate) fn about(&self, path: &str) -> &Value {
        let mut about = self.lines.iter().filter(|line| line["path"] == path);
        let found = about.next();
        let found = found.unwrap_or_else(|| panic!("nothing about {path:?}: {self}"));
        assert!(about.next().is_none(), "told twice: {self}");
        found
    }

    /// Checks what became of a path.
    #[track_caller]
    pub(crate) fn expect(&self, path: &str, result: &str) -> &Value {
        let line = self.about(path);
        assert_eq!(line["result"], result, "{self}");
        line
    }

    /// Checks the exit code.
    #[track_caller]
    pub(crate) fn expect_code(&self, code: i32) -> &Lines {
        assert_eq!(self.code, code, "{self}");
        self
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exit code {}", self.code)?;
        for line in &self.lines {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "  {}\n{}", self.summary, self.stderr)
    }
}

impl Rig {
    /// `boxup conflicts --json`.
    #[track_caller]
    pub(crate) fn conflicts(&self) -> Lines {
        Lines::of(self.run(&["conflicts", "--json"]))
    }

    /// `boxup resolve --json` with these arguments.
    #[track_caller]
    pub(crate) fn resolve(&self, args: &[&str]) -> Lines {
        Lines::of(self.run(&[&["resolve", "--json"], args].concat()))
    }
}
