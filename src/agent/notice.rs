//! What the agent tells whoever watches it, and how a run ended.

use crate::agent::verify::Verified;
use crate::model::path::RelPath;
use crate::model::trouble::Said;
use crate::plan::action::Report;
use crate::plan::announce::Announcement;
use crate::plan::guard::Halt;
use crate::plan::pause::Pause;
use crate::plan::tally::Tally;
use crate::store::error::Error as StoreError;
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

/// Something worth telling.
#[derive(Clone, Debug)]
pub(crate) enum Notice {
    /// This became of an entry, or would.
    Entry {
        /// The mirror's name.
        mirror: String,
        /// Where in it.
        path: RelPath,
        /// What.
        report: Report,
        /// What it took.
        effort: Effort,
    },
    /// A mirror stands still.
    Halted {
        /// The mirror's name.
        mirror: String,
        /// Why.
        halt: Halt,
    },
    /// Nothing is sent to a mirror for now, and nobody looks at it: somebody asked for that.
    Paused(Pause),
    /// That is over.
    Resumed {
        /// The mirror's name.
        mirror: String,
    },
    /// Everything waits: Box asked for it.
    Throttled(Duration),
    /// No answer for a while; trying on.
    Unreachable(String),
    /// A complete look at a mirror is over.
    Passed {
        /// The mirror's name.
        mirror: String,
        /// How long it took, what it found to do included.
        took: Duration,
    },
    /// A mirror has been compared with Box as a whole.
    Verified {
        /// The mirror's name.
        mirror: String,
        /// What was found.
        found: Verified,
    },
    /// Something works, but deserves a look.
    Warning(String),
    /// A mirror is another one than before.
    Mirror(Announcement),
    /// All roots are watched.
    Watching,
    /// Stopping: what runs is finished first.
    Draining,
    /// The configuration was read again, and it goes on by that.
    Reloaded {
        /// What the run until then is called, if it did something that can be undone.
        run: Option<String>,
    },
}

/// What it took to bring something about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effort {
    /// How long the last try was under way; `None` where there was nothing to try.
    pub(crate) took: Option<Duration>,
    /// The ID that Box gave to the request that did it, or to the last one.
    pub(crate) request_id: Option<String>,
}

/// Where notices go. Called from one task, in order.
pub(crate) type Sink = Box<dyn FnMut(Notice) + Send + Sync>;

/// How a run ended.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    /// The accounts.
    pub(crate) tally: Tally,
    /// Of a service: the files on Box by what it knows in the end.
    pub(crate) on_box: Option<u64>,
    /// Mirrors that stand still, by name.
    pub(crate) halted: Vec<(String, Halt)>,
    /// Mirrors that are left alone because somebody asked for it.
    pub(crate) paused: Vec<Pause>,
    /// Nobody let us in; Box's words.
    pub(crate) unauthorized: Option<Said>,
    /// Box did not answer; the last thing that was heard.
    pub(crate) unreachable: Option<String>,
    /// Box asked for a longer wait than a single run is willing to sit out.
    pub(crate) deferred: Option<Duration>,
    /// Whether Box is known to have let us in.
    pub(crate) is_let_in: bool,
    /// The state could not be used any longer.
    pub(crate) broken: Option<StoreError>,
    /// A signal ended it before it had looked at everything.
    pub(crate) cut_short: bool,
    /// That was because it had taken as long as it may, which was this.
    pub(crate) time_up: Option<Duration>,
    /// What the run is called, if it did something that can be undone.
    pub(crate) run: Option<String>,
    /// It ended for another configuration's sake: a run goes on after it.
    pub(crate) replaced: bool,
    /// File content handed to the network, in bytes, resends included.
    pub(crate) bytes_sent: u64,
    /// Requests, resends and token requests included.
    pub(crate) requests: u64,
    /// How long it took.
    pub(crate) elapsed: Duration,
}

impl Ending {
    /// Whether everything was looked at.
    pub(crate) fn is_whole(&self) -> bool {
        let is_stopped =
            self.broken.is_some() || self.unauthorized.is_some() || self.unreachable.is_some();
        let is_still = !self.halted.is_empty() || !self.paused.is_empty();
        !is_stopped && !self.cut_short && self.deferred.is_none() && !is_still
    }

    /// Whether every included file is on Box.
    pub(crate) fn is_good(&self) -> bool {
        self.is_whole() && self.tally.is_all_on_box()
    }

    /// The ending of two runs, one after the other.
    pub(crate) fn after(mut self, earlier: &Self) -> Self {
        self.tally = earlier.tally.done().plus(self.tally);
        if let Some(on_box) = self.on_box {
            self.tally.unchanged = self.tally.rest_of(on_box);
        }
        self.bytes_sent += earlier.bytes_sent;
        self.requests += earlier.requests;
        self.is_let_in |= earlier.is_let_in;
        self
    }
}

/// Puts a path into an object for machines. What is text stands there as it is; of other
/// names `path` shows the bytes as `\xNN`, and `path_hex` holds all of them in hexadecimal.
pub(crate) fn put_path(object: &mut Value, path: &RelPath) {
    let bytes = path.as_path().as_os_str().as_bytes();
    match std::str::from_utf8(bytes) {
        _ if path.is_root() => object["path"] = json!("."),
        Ok(text) => object["path"] = json!(text),
        Err(_) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            object["path"] = json!(path.to_string());
            object["path_hex"] = json!(hex);
        }
    }
}

/// Reads a path that [`put_path`] has put there; `None` for anything else.
pub(crate) fn path_of(object: &Value) -> Option<RelPath> {
    let word = |key: &str| object.get(key).and_then(Value::as_str);
    let bytes = match word("path_hex") {
        None => word("path")?.as_bytes().to_vec(),
        Some(hex) => {
            let pairs = hex.as_bytes().chunks(2).map(std::str::from_utf8);
            let pairs = pairs.map(|pair| u8::from_str_radix(pair.ok()?, 16).ok());
            pairs.collect::<Option<_>>()?
        }
    };
    let top = Path::new("/");
    RelPath::below(top, &top.join(OsStr::from_bytes(&bytes)))
}
