//! When an item that waits for something at Box is tried again, although nothing about
//! the item itself has changed.

use crate::model::reason::{AWAITS, DOUBTED, FULL, LOCKED, NAME_TAKEN, SUCCEEDS};
use crate::model::stamp::Nanos;
use crate::plan::conflict::CODES;
use crate::plan::facts::ParkedItem;
use crate::plan::policy::Policy;
use std::time::Duration;

/// A lock is looked at after five minutes, and then at growing intervals.
const LOCK: Duration = Duration::from_secs(5 * 60);
/// As long as this, however long it lasts.
const LONG_LOCK: Duration = Duration::from_secs(60 * 60);

/// What is timed by one clock is judged by another, which may be a little slower.
const SLACK: Duration = Duration::from_secs(2);

/// Whether it is time to try the item again.
pub(crate) fn is_due(item: &ParkedItem, now: Nanos, policy: &Policy) -> bool {
    let size = item.stamp.map_or(0, |stamp| stamp.size);
    let quiet = policy.quiet.parked;
    match item.code.as_str() {
        FULL => policy.no_room.is_none_or(|from| size < from),
        LOCKED => has_rested(item.tried_at, now, quiet.min(LOCK)),
        _ => has_rested(item.tried_at, now, quiet),
    }
}

/// What asking for another try does for an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnRequest {
    /// It is tried once more.
    Tried,
    /// A person has to decide: it is a conflict.
    Decided,
    /// Nothing: each look finds the cause anew, as long as it is there.
    Looked,
}

/// The same, by the code for which it waits.
pub(crate) fn on_request(code: &str) -> OnRequest {
    match code {
        code if !LEFT.contains(&code) => OnRequest::Tried,
        code if CODES.contains(&code) => OnRequest::Decided,
        _ => OnRequest::Looked,
    }
}

/// The codes of what another try does not change: conflicts, but for a folder that may be
/// back, and what planning finds by itself.
pub(crate) const LEFT: [&str; 10] = [
    "differs_on_box",
    "changed_on_box",
    "gone_from_box",
    DOUBTED,
    NAME_TAKEN,
    "name_invalid",
    "case_twin",
    "too_large",
    SUCCEEDS,
    AWAITS,
];

/// A try in the future was made by a clock that has been set back: it says nothing.
fn has_rested(tried_at: Nanos, now: Nanos, quiet: Duration) -> bool {
    let quiet = i64::try_from(quiet.as_nanos()).unwrap_or(i64::MAX);
    !(0..quiet).contains(&now.since(tried_at))
}

/// When to look at a lock again that has stood in the way so often in a row.
pub(crate) fn lock_delay(tries: u32) -> Duration {
    let doublings = tries.saturating_sub(1).min(10);
    LOCK.saturating_mul(1 << doublings).min(LONG_LOCK) + SLACK
}
