//! A run that has ended: its exit code and its lines of JSON, which must add up.

use super::Finished;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// What every summary must account for.
const PARTS: [&str; 8] = [
    "uploaded",
    "new_versions",
    "adopted",
    "unchanged",
    "excluded",
    "parked",
    "failed",
    "pending",
];

/// A run that has ended.
pub(crate) struct Run {
    /// Its exit code.
    pub(crate) code: i32,
    /// Its lines, but the last.
    pub(crate) events: Vec<Value>,
    /// Its last line.
    pub(crate) summary: Value,
    /// What it said to people.
    pub(crate) stderr: String,
}

impl Run {
    /// Reads what it said, and checks what holds for every run: one object on a line,
    /// each with its event, the summary last, the sum right, and a reason for each
    /// entry that is not on Box.
    #[track_caller]
    pub(crate) fn of(finished: Finished) -> Run {
        let Finished {
            code,
            stdout,
            stderr,
        } = finished;
        let object = |line: &str| {
            let value: Value = serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("{error}: {line:?}\n{stderr}"));
            assert!(value["event"].is_string(), "no event: {line}");
            value
        };
        let mut events: Vec<Value> = stdout.lines().map(object).collect();
        let summary = events.pop();
        let summary = summary.unwrap_or_else(|| panic!("it said nothing; {code}: {stderr}"));
        let run = Run {
            code,
            events,
            summary,
            stderr,
        };
        run.check();
        run
    }

    #[track_caller]
    fn check(&self) {
        assert_eq!(self.summary["event"], "summary", "{self}");
        let sum: u64 = PARTS.iter().map(|part| self.count(part)).sum();
        assert_eq!(self.count("scanned"), sum, "the sum is wrong: {self}");
        for key in ["bytes_sent", "requests", "elapsed_ms"] {
            assert!(self.summary[key].is_u64(), "no {key}: {self}");
        }
        assert!(
            self.events.iter().all(|event| event["event"] != "summary"),
            "two summaries: {self}"
        );
        let told: BTreeMap<&str, usize> =
            self.events.iter().fold(BTreeMap::new(), |mut told, event| {
                *told
                    .entry(event["event"].as_str().unwrap_or_default())
                    .or_default() += 1;
                told
            });
        for (event, counter) in [
            ("uploaded", "uploaded"),
            ("new_version", "new_versions"),
            ("adopted", "adopted"),
            ("excluded", "excluded"),
            ("parked", "parked"),
            ("failed", "failed"),
            ("folder_created", "folders_created"),
            ("trashed", "trashed"),
            ("moved", "moved"),
        ] {
            let lines = told.get(event).copied().unwrap_or_default() as u64;
            // A service tells in every pass what is left, and in the end how it stands.
            let is_standing = ["excluded", "parked", "failed"].contains(&event);
            if !(is_standing && told.contains_key("watching")) {
                assert_eq!(self.count(counter), lines, "lines of {event}: {self}");
            }
        }
        for event in &self.events {
            let is_left = ["excluded", "parked", "failed"]
                .iter()
                .any(|left| event["event"] == *left);
            if is_left {
                let reason = (event["reason"].as_str(), event["message"].as_str());
                let has_both =
                    matches!(reason, (Some(a), Some(b)) if !a.is_empty() && !b.is_empty());
                assert!(has_both, "no reason: {event}");
            }
        }
    }

    /// A number of the summary.
    #[track_caller]
    pub(crate) fn count(&self, key: &str) -> u64 {
        self.summary[key]
            .as_u64()
            .unwrap_or_else(|| panic!("the summary has no {key}: {self}"))
    }

    /// Checks numbers of the summary; all other parts must be 0.
    #[track_caller]
    pub(crate) fn expect(&self, counts: &[(&str, u64)]) -> &Run {
        for part in PARTS {
            let expected = counts.iter().find(|(name, _)| *name == part);
            let expected = expected.map_or(0, |(_, number)| *number);
            assert_eq!(self.count(part), expected, "{part}: {self}");
        }
        for (name, number) in counts {
            assert_eq!(self.count(name), *number, "{name}: {self}");
        }
        self
    }

    /// Checks the exit code.
    #[track_caller]
    pub(crate) fn expect_code(&self, code: i32) -> &Run {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// The one event about a path.
    #[track_caller]
    pub(crate) fn event(&self, path: &str) -> &Value {
        let mut about = self.events.iter().filter(|event| event["path"] == path);
        let found = about.next();
        let found = found.unwrap_or_else(|| panic!("nothing about {path:?}: {self}"));
        assert!(about.next().is_none(), "told twice: {path:?}: {self}");
        found
    }

    /// Checks what became of a path, as `event` or `event reason`.
    #[track_caller]
    pub(crate) fn expect_event(&self, path: &str, expected: &str) -> &Value {
        let event = self.event(path);
        let word = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        let told = format!("{} {}", word("event"), word("reason"));
        assert_eq!(told.trim(), expected, "{path}: {event}");
        event
    }

    /// What a person was told, in both forms.
    pub(crate) fn words(&self) -> String {
        format!("{self}")
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exit code {}", self.code)?;
        for event in self.events.iter().take(60) {
            writeln!(f, "  {event}")?;
        }
        writeln!(f, "  {}\n{}", self.summary, self.stderr)
    }
}
