//! What the last runs left, for whoever asks when none runs: a small file beside the
//! database, which no decision depends on. One that is damaged or missing says nothing.

use crate::model::path::printable_path;
use crate::store::leaf::Leaf;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The file. After a power cut it may be the former one, or say nothing: nothing wrong.
const FILE: Leaf = Leaf {
    name: "standing.json",
    longest: 4_000_000,
    is_durable: false,
    room: 4_096,
};

/// Seconds since 1970.
pub(crate) type Seconds = u64;

/// Everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Last {
    /// The last run.
    pub(crate) run: Option<LastRun>,
    /// The last passes, by mirror.
    pub(crate) mirrors: BTreeMap<String, LastPass>,
}

/// A run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LastRun {
    /// When it began.
    pub(crate) began: Seconds,
    /// When it ended; `None`: it goes on, or was killed.
    pub(crate) ended: Option<Seconds>,
    /// Whether it was the service, or a single pass.
    pub(crate) is_service: bool,
    /// Why nobody let it in.
    pub(crate) unauthorized: Option<String>,
    /// What was heard instead of Box.
    pub(crate) unreachable: Option<String>,
    /// Why the state could not be used any more.
    pub(crate) broken: Option<String>,
}

/// How a mirror stood when it was last looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LastPass {
    /// Where it went: what is known of another folder says nothing about this one.
    pub(crate) target: String,
    /// When the last pass ended, whichever way.
    pub(crate) ended: Option<Seconds>,
    /// When the last one ended that looked at everything and did not halt.
    pub(crate) complete: Option<Seconds>,
    /// Everything that was saved by then, and does not wait for a person, is on Box.
    pub(crate) fresh: Option<Seconds>,
    /// Whether the last one was cut short.
    pub(crate) cut_short: bool,
    /// What it left: what was not tried, what was given up, and what waits.
    pub(crate) pending: u64,
    pub(crate) failed: u64,
    pub(crate) parked: u64,
    /// Why the mirror stood still, as a code and a sentence.
    pub(crate) halted: Option<(String, String)>,
}

impl Last {
    /// What is known of a mirror that goes there.
    pub(crate) fn of(&self, mirror: &str, target: &str) -> Option<&LastPass> {
        let known = self.mirrors.get(mirror);
        known.filter(|pass| pass.target == target)
    }
}

/// A time in the unit of this file.
pub(crate) fn seconds(at: SystemTime) -> Seconds {
    at.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// A time of this file.
pub(crate) fn at(seconds: Seconds) -> SystemTime {
    let since = Duration::from_secs(seconds);
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}

/// What the last runs left, as far as it can be read.
pub(crate) fn read(dir: &Path) -> Last {
    FILE.read(dir).unwrap_or_else(|error| {
        if error.kind() != io::ErrorKind::NotFound {
            tracing::debug!(
                "{} is not used: {error}",
                printable_path(&dir.join(FILE.name))
            );
        }
        Last::default()
    })
}

/// A person has approved of what held a mirror up: that it did says nothing any more.
pub(crate) fn forgive(dir: &Path, mirror: &str) {
    let mut last = read(dir);
    let held = last.mirrors.get_mut(mirror);
    if held.and_then(|pass| pass.halted.take()).is_some()
        && let Err(error) = write(dir, &last)
    {
        tracing::debug!(%error, "how it stands is not remembered");
    }
}

/// Keeps it. A reader sees the former or this, never half of it.
pub(crate) fn write(dir: &Path, last: &Last) -> io::Result<()> {
    FILE.write(dir, last)
}

#[cfg(test)]
mod tests {
    use super::{FILE, Last, LastPass, LastRun, read, write};
    use std::collections::BTreeMap;

    fn some() -> Last {
        let halted = Some(("brake".to_owned(), "too much is gone".to_owned()));
        let pass = LastPass {
            ended: Some(7),
            parked: 2,
            halted,
            ..LastPass::default()
        };
        let run = LastRun {
            began: 5,
            ended: Some(8),
            ..LastRun::default()
        };
        Last {
            run: Some(run),
            mirrors: BTreeMap::from([("m".to_owned(), pass)]),
        }
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()), Last::default());
        write(dir.path(), &some()).unwrap();
        assert_eq!(read(dir.path()), some());
    }

    #[test]
    fn what_is_known_of_another_folder_says_nothing() {
        let mut last = some();
        last.mirrors.get_mut("m").unwrap().target = "id:7".to_owned();
        assert!(last.of("m", "id:7").is_some());
        assert!(last.of("m", "id:8").is_none() && last.of("n", "id:7").is_none());
    }

    #[test]
    fn what_is_damaged_says_nothing() {
        for text in ["", "{", "[]", "{\"run\":7}", "\u{0}\u{0}"] {
            let dir = tempfile::tempdir().unwrap();
            std::fs::write(dir.path().join(FILE.name), text).unwrap();
            assert_eq!(read(dir.path()), Last::default(), "{text:?}");
        }
        // A later version says more.
        let dir = tempfile::tempdir().unwrap();
        let later = "{\"run\":{\"began\":5,\"colour\":1},\"x\":{}}";
        std::fs::write(dir.path().join(FILE.name), later).unwrap();
        assert_eq!(read(dir.path()).run.unwrap().began, 5);
    }
}
