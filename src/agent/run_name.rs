//! What a run is called, so that what it did can be undone by name.

use crate::agent::snapshot::rfc3339;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Deeds older than this are forgotten: Box empties its trash after a month, unless an
/// administrator wants it otherwise.
const KEPT: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// The name of the run, and the last one under which something was done.
#[derive(Debug)]
pub(crate) struct RunName(Mutex<(String, Option<String>)>);

impl RunName {
    /// From now on.
    pub(crate) fn new() -> Self {
        Self(Mutex::new((called(crate::clock::wall()), None)))
    }

    /// A service has a name for each of its passes.
    pub(crate) fn renew(&self) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.0 = called(crate::clock::wall());
    }

    /// The name now.
    pub(crate) fn now(&self) -> String {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.0.clone()
    }

    /// The name for something that is about to be done, or has just been.
    pub(crate) fn of_deed(&self) -> String {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.1 = Some(names.0.clone());
        names.0.clone()
    }

    /// The last name under which something was done.
    pub(crate) fn used(&self) -> Option<String> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.1.clone()
    }
}

/// The name that a run of that time has.
fn called(at: SystemTime) -> String {
    let text = rfc3339(at);
    text.chars().filter(|c| !"-:".contains(*c)).collect()
}

/// The first run that is still remembered, by a clock that nobody sets.
pub(crate) fn oldest_kept() -> String {
    let now = u64::try_from(crate::clock::steady().0).unwrap_or(0);
    let since = Duration::from_nanos(now).saturating_sub(KEPT);
    called(SystemTime::UNIX_EPOCH + since)
}

#[cfg(test)]
mod tests {
    use super::called;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn names_tell_the_time_and_sort_by_it() {
        let at = |seconds| called(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(1_795_810_525), "20261127T201525Z");
        assert!(at(1) < at(1_000_000_000));
    }
}
