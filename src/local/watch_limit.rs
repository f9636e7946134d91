//! What the system allows: so many watches, and so many watchers.

/// What is proposed at least: the most that a current kernel chooses by itself is
/// twice that.
const PROPOSED: u64 = 524_288;
/// The least number of watchers that is proposed.
const INSTANCES: u64 = 1_024;

/// What the system allows a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Directories to watch.
    pub(crate) watches: u64,
    /// Roots to watch.
    pub(crate) instances: u64,
}

/// `None` where there is no such limit.
pub(crate) fn limits() -> Option<Limits> {
    Some(Limits {
        watches: number("/proc/sys/fs/inotify/max_user_watches")?,
        instances: number("/proc/sys/fs/inotify/max_user_instances")?,
    })
}

/// The setting that allows that many directories or more.
pub(crate) fn more_watches(needed: u64) -> String {
    let allowed = limits().map_or(0, |limits| limits.watches);
    // A container may have a limit of its own that is lower.
    match number("/proc/sys/user/max_inotify_watches") {
        Some(own) if own < allowed => {
            format!("user.max_inotify_watches={}", proposed(own, needed))
        }
        _ => format!("fs.inotify.max_user_watches={}", proposed(allowed, needed)),
    }
}

/// The setting that allows more roots.
pub(crate) fn more_instances(roots: u64) -> String {
    let proposed = roots.saturating_mul(2).max(INSTANCES);
    format!("fs.inotify.max_user_instances={proposed}")
}

fn proposed(allowed: u64, needed: u64) -> u64 {
    let wanted = allowed.max(needed).saturating_mul(2).max(PROPOSED);
    wanted.checked_next_power_of_two().unwrap_or(wanted)
}

fn number(path: &str) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{more_instances, proposed};

    #[test]
    fn what_is_proposed_is_more_than_what_there_is_and_than_what_is_needed() {
        assert_eq!(proposed(8_192, 10_000), 524_288);
        assert_eq!(proposed(524_288, 1), 1_048_576);
        assert_eq!(proposed(8_192, 600_000), 2_097_152);
        assert_eq!(proposed(u64::MAX, 1), u64::MAX);
        assert_eq!(more_instances(3), "fs.inotify.max_user_instances=1024");
    }
}
