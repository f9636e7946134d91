//! Can every directory be watched? The system allows so many watches and no more.

use crate::agent::checkup::check::Check;
use crate::agent::checkup::roots::rules;
use crate::config::{Config, Mirror};
use crate::local::descent::Descent;
use crate::local::root::Root;
use crate::local::scan;
use crate::model::figures::{count, some};
use crate::model::path::RelPath;
use std::time::{Duration, Instant};

/// Counting takes this long at most …
const PATIENCE: Duration = Duration::from_secs(20);
/// … and goes up to here.
const MOST: u64 = 2_000_000;
/// What is proposed at least: the most that a current kernel chooses by itself is
/// twice that.
const PROPOSED: u64 = 524_288;

const NAME: &str = "watch";

/// How many directories there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counted {
    directories: u64,
    /// Whether counting was given up.
    is_cut: bool,
}

/// What the system allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limits {
    watches: u64,
    instances: u64,
}

/// Counts the directories of all roots and compares. `lost` is the first root that is
/// not to be had; the others count all the same.
pub(crate) async fn check(config: &Config, lost: Option<&str>) -> Check {
    let Some(limits) = limits() else {
        return Check::skipped(NAME, "this system, which has no such limit");
    };
    if let (Some(lost), [_]) = (lost, config.mirrors.as_slice()) {
        return Check::skipped(NAME, lost);
    }
    let end = Instant::now() + PATIENCE;
    let mirrors = config.mirrors.clone();
    let roots = u64::try_from(mirrors.len()).unwrap_or(u64::MAX);
    let counting = tokio::task::spawn_blocking(move || count_all(&mirrors, end));
    // A disk that hangs does not look at the clock.
    let patience = PATIENCE + Duration::from_secs(2);
    match tokio::time::timeout(patience, counting).await {
        Ok(Ok(counted)) => judge(counted, roots, limits),
        Ok(Err(_)) | Err(_) => Check::warn(
            NAME,
            "the directories could not be counted in time",
            "A network file system whose server is gone? See whether ls -R comes back",
        ),
    }
}

fn limits() -> Option<Limits> {
    let read = |name: &str| {
        let path = format!("/proc/sys/fs/inotify/{name}");
        let text = std::fs::read_to_string(path).ok()?;
        text.trim().parse().ok()
    };
    Some(Limits {
        watches: read("max_user_watches")?,
        instances: read("max_user_instances")?,
    })
}

fn count_all(mirrors: &[Mirror], end: Instant) -> Counted {
    let mut counted = Counted::default();
    for mirror in mirrors {
        let Ok(root) = Root::open(&mirror.local) else {
            continue;
        };
        let mut descent = Descent::new(rules(mirror));
        let mut stack = vec![RelPath::root()];
        while let Some(dir) = stack.pop() {
            counted.directories += 1;
            if counted.directories >= MOST || Instant::now() > end {
                counted.is_cut = true;
                return counted;
            }
            // What cannot be read cannot be watched either.
            let level = descent.level(&root, &dir);
            let below = level.and_then(|level| scan::subdirectories(&root, &dir, level));
            stack.extend(below.unwrap_or_default());
        }
    }
    counted
}

/// Above four fifths it is time to ask for more: other programs want some too.
fn judge(counted: Counted, roots: u64, limits: Limits) -> Check {
    let at_least = if counted.is_cut { "at least " } else { "" };
    let (directories, watches) = (counted.directories, limits.watches);
    let found = format!(
        "{at_least}{} to watch, {} allowed",
        some(directories, "directory").replace("directorys", "directories"),
        count(watches)
    );
    let mut lines = Vec::new();
    if is_near(directories, watches) {
        let proposed = (directories.saturating_mul(2)).max(PROPOSED);
        let proposed = proposed.checked_next_power_of_two().unwrap_or(proposed);
        lines.push(format!("fs.inotify.max_user_watches={proposed}"));
    }
    let mut found = found;
    if is_near(roots, limits.instances) {
        let instances = count(limits.instances);
        found.push_str(&format!("; {roots} roots, {instances} watchers allowed"));
        let proposed = (roots * 2).max(1_024);
        lines.push(format!("fs.inotify.max_user_instances={proposed}"));
    }
    if lines.is_empty() {
        return Check::ok(NAME, found);
    }
    let lines = lines.join("\\n");
    Check::warn(
        NAME,
        format!("{found}: what is not watched is noticed only by the next full pass"),
        format!(
            "Allow more: printf '{lines}\\n' | sudo tee /etc/sysctl.d/60-boxup.conf && sudo \
             sysctl --system"
        ),
    )
}

fn is_near(used: u64, most: u64) -> bool {
    used.saturating_mul(5) > most.saturating_mul(4)
}

#[cfg(test)]
mod tests {
    use super::{Counted, Limits, judge};
    use crate::agent::checkup::check::Status;

    #[test]
    fn four_fifths_of_the_limit_are_enough() {
        for (directories, roots, status, word) in [
            (1, 1, Status::Ok, "1 directory to watch, 8,192 allowed"),
            (6_553, 1, Status::Ok, "6,553 directories"),
            (6_554, 1, Status::Warn, "max_user_watches=524288"),
            (600_000, 1, Status::Warn, "max_user_watches=2097152"),
            (1, 103, Status::Warn, "max_user_instances=1024"),
        ] {
            let limits = Limits {
                watches: 8_192,
                instances: 128,
            };
            let is_cut = false;
            let counted = Counted {
                directories,
                is_cut,
            };
            let check = judge(counted, roots, limits);
            assert_eq!(check.status, status, "{check:?}");
            let told = format!("{} {}", check.found, check.next.unwrap_or_default());
            assert!(told.contains(word), "{word:?} is not in {told:?}");
        }
    }

    #[test]
    fn a_count_that_was_cut_says_so() {
        let limits = Limits {
            watches: 10_000_000,
            instances: 128,
        };
        let counted = Counted {
            directories: 2_000_000,
            is_cut: true,
        };
        let check = judge(counted, 1, limits);
        assert!(check.found.starts_with("at least 2,000,000"), "{check:?}");
    }
}
