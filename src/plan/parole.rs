//! When an item that waits for something at Box is tried again, although nothing about
//! the item itself has changed.

use crate::model::reason::{FULL, LOCKED};
use crate::model::stamp::Nanos;
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
