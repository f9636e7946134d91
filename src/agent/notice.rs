//! What the agent tells whoever watches it, and how a run ended.

use crate::model::path::RelPath;
use crate::model::trouble::Said;
use crate::plan::action::Report;
use crate::plan::guard::Halt;
use crate::plan::tally::Tally;
use crate::store::error::Error as StoreError;
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
    },
    /// A mirror stands still.
    Halted {
        /// The mirror's name.
        mirror: String,
        /// Why.
        halt: Halt,
    },
    /// Everything waits: Box asked for it.
    Throttled(Duration),
    /// No answer for a while; trying on.
    Unreachable(String),
    /// A complete look at a mirror is over.
    Passed {
        /// The mirror's name.
        mirror: String,
    },
    /// All roots are watched.
    Watching,
    /// Stopping: what runs is finished first.
    Draining,
}

/// Where notices go. Called from one task, in order.
pub(crate) type Sink = Box<dyn FnMut(Notice) + Send + Sync>;

/// How a run ended.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    /// The accounts.
    pub(crate) tally: Tally,
    /// Mirrors that stand still, by name.
    pub(crate) halted: Vec<(String, Halt)>,
    /// Nobody let us in; Box's words.
    pub(crate) unauthorized: Option<Said>,
    /// Box did not answer; the last thing that was heard.
    pub(crate) unreachable: Option<String>,
    /// Box asked for a longer wait than a single run is willing to sit out.
    pub(crate) deferred: Option<Duration>,
    /// The state could not be used any longer.
    pub(crate) broken: Option<StoreError>,
    /// A signal ended it before it had looked at everything.
    pub(crate) cut_short: bool,
    /// What the run is called, if it did something that can be undone.
    pub(crate) run: Option<String>,
    /// File content handed to the network, in bytes, resends included.
    pub(crate) bytes_sent: u64,
    /// Requests, resends and token requests included.
    pub(crate) requests: u64,
    /// How long it took.
    pub(crate) elapsed: Duration,
}
