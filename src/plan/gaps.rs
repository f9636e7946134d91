//! Was time lost? A machine that was suspended, or a program that was stopped, may have
//! missed what happened meanwhile. Pure: the caller reads the clocks.

use std::time::Duration;

/// More than this between two beats is a gap: clocks are not read at the same instant, and
/// a loaded machine is late.
const TOLERATED: Duration = Duration::from_secs(10);

/// What two clocks show at one time, each from a start of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beat {
    /// The clock that all waiting is done by; it stands still while the machine sleeps.
    pub(crate) awake: Duration,
    /// The clock that goes on.
    pub(crate) since_boot: Duration,
}

/// How long nobody was awake between two beats of which the second was to come after
/// `tick`; `None` when nothing was missed. Neither clock can be set by anybody.
pub(crate) fn gap(before: Beat, after: Beat, tick: Duration) -> Option<Duration> {
    let awake = after.awake.saturating_sub(before.awake);
    let passed = after
        .since_boot
        .saturating_sub(before.since_boot)
        .max(awake);
    let gap = passed.saturating_sub(tick);
    (gap > TOLERATED).then_some(gap)
}

#[cfg(test)]
mod tests {
    use super::{Beat, gap};
    use std::time::Duration;

    #[test]
    fn only_time_that_was_not_waited_for_is_a_gap() {
        let seconds = Duration::from_secs;
        let at = |awake, since_boot| Beat {
            awake: seconds(awake),
            since_boot: seconds(since_boot),
        };
        for (after, expected) in [
            (at(105, 1_005), None),
            (at(112, 1_012), None),
            // Asleep for eight hours.
            (at(105, 1_005 + 28_800), Some(28_800)),
            // Stopped for a minute: both clocks went on.
            (at(165, 1_065), Some(60)),
            // A clock that goes backwards says nothing.
            (at(90, 900), None),
            (at(105, 900), None),
        ] {
            let found = gap(at(100, 1_000), after, seconds(5));
            assert_eq!(found, expected.map(seconds), "{after:?}");
        }
    }
}
