//! What the operator decided beforehand, mirror by mirror.

use std::time::Duration;

/// What to do where Box already holds something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnForeign {
    /// Upload ours as a new version; theirs stays in the version history.
    NewVersion,
    /// Leave theirs alone and report it.
    Park,
    /// Leave theirs alone and upload ours beside it, as a file of its own.
    KeepBoth,
}

/// The decisions that planning needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    /// For a name on Box that we never saw, with other content.
    pub(crate) on_existing: OnForeign,
    /// For a file of ours that somebody else changed.
    pub(crate) on_remote_change: OnForeign,
    /// How long a file must have been quiet; zero means that it need not be.
    pub(crate) settle: Duration,
}

/// Files above this many bytes are not sent in one request. Box documents 50 MB for
/// direct uploads ("Direct file upload" guide); decimal, to stay on the safe side.
pub(crate) const DIRECT_LIMIT: u64 = 50_000_000;
