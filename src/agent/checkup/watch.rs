//! Can every directory be watched? The system allows so many watches and no more.

use crate::agent::checkup::check::Check;
use crate::agent::checkup::roots::rules;
use crate::config::{Config, Mirror};
use crate::local::descent::Descent;
use crate::local::mounts::{self, Ground};
use crate::local::root::Root;
use crate::local::scan;
use crate::local::watch_limit::{Limits, limits, more_instances, more_watches};
use crate::model::figures::{count, some};
use crate::model::path::RelPath;
use crate::plan::sight::{Cause, Mode};
use std::time::{Duration, Instant};

/// Counting takes this long at most …
const PATIENCE: Duration = Duration::from_secs(20);
/// … and goes up to here.
const MOST: u64 = 2_000_000;
const NAME: &str = "watch";

/// How many directories there are to watch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Counted {
    directories: u64,
    /// Whether counting was given up.
    is_cut: bool,
    /// Which places are polled, and why.
    polled: Vec<(String, Cause)>,
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
    let (mirrors, mode) = (config.mirrors.clone(), config.watch.mode);
    let roots = u64::try_from(mirrors.len()).unwrap_or(u64::MAX);
    let every = humantime::format_duration(config.watch.poll_interval).to_string();
    let counting = tokio::task::spawn_blocking(move || count_all(&mirrors, mode, end));
    // A disk that hangs does not look at the clock.
    let patience = PATIENCE + Duration::from_secs(2);
    match tokio::time::timeout(patience, counting).await {
        Ok(Ok(counted)) => judge(&counted, &every, roots, limits),
        Ok(Err(_)) | Err(_) => Check::warn(
            NAME,
            "the directories could not be counted in time",
            "A network file system whose server is gone? See whether ls -R comes back",
        ),
    }
}

fn count_all(mirrors: &[Mirror], mode: Mode, end: Instant) -> Counted {
    let mut counted = Counted::default();
    let mounts = mounts::all();
    for mirror in mirrors {
        if mode == Mode::Poll {
            counted.polled.push((mirror.name.clone(), Cause::Asked));
            continue;
        }
        let Ok(root) = Root::open(&mirror.local) else {
            continue;
        };
        let ground = Ground::of(&root, &mounts, mode);
        if let Some(kind) = &ground.silent {
            let cause = Cause::FileSystem(kind.clone());
            counted.polled.push((mirror.name.clone(), cause));
            continue;
        }
        let mut descent = Descent::new(rules(mirror));
        let mut stack = vec![RelPath::root()];
        while let Some(dir) = stack.pop() {
            if let Some(kind) = ground.silent_at(&dir) {
                let cause = Cause::FileSystem(kind.to_owned());
                let place = format!("{}/{dir}", mirror.name);
                counted.polled.push((place, cause));
                continue;
            }
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
fn judge(counted: &Counted, every: &str, roots: u64, limits: Limits) -> Check {
    let at_least = if counted.is_cut { "at least " } else { "" };
    let (directories, watches) = (counted.directories, limits.watches);
    let mut found = format!(
        "{at_least}{} to watch, {} allowed",
        some(directories, "directory"),
        count(watches)
    );
    for (place, cause) in &counted.polled {
        found.push_str(&format!("; {place} is polled every {every}: {cause}"));
    }
    let mut lines = Vec::new();
    if is_near(directories, watches) {
        lines.push(more_watches(directories));
    }
    if is_near(roots, limits.instances) {
        let instances = count(limits.instances);
        found.push_str(&format!("; {roots} roots, {instances} watchers allowed"));
        lines.push(more_instances(roots));
    }
    if lines.is_empty() {
        return Check::ok(NAME, found);
    }
    let lines = lines.join("\\n");
    Check::warn(
        NAME,
        format!("{found}: what is not watched is polled every {every}"),
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
    use super::{Counted, judge};
    use crate::agent::checkup::check::Status;
    use crate::local::watch_limit::Limits;
    use crate::plan::sight::Cause;

    const LIMITS: Limits = Limits {
        watches: 8_192,
        instances: 128,
    };

    #[test]
    fn four_fifths_of_the_limit_are_enough() {
        for (directories, roots, status, word) in [
            (1, 1, Status::Ok, "1 directory to watch, 8,192 allowed"),
            (6_553, 1, Status::Ok, "6,553 directories"),
            (6_554, 1, Status::Warn, "max_user_watches="),
            (1, 103, Status::Warn, "max_user_instances=1024"),
        ] {
            let counted = Counted {
                directories,
                ..Counted::default()
            };
            let check = judge(&counted, "1m", roots, LIMITS);
            assert_eq!(check.status, status, "{check:?}");
            let told = format!("{} {}", check.found, check.next.unwrap_or_default());
            assert!(told.contains(word), "{word:?} is not in {told:?}");
        }
    }

    #[test]
    fn a_count_that_was_cut_says_so_and_what_is_polled_is_named() {
        let limits = Limits {
            watches: 10_000_000,
            ..LIMITS
        };
        let counted = Counted {
            directories: 2_000_000,
            is_cut: true,
            polled: vec![("data/net".into(), Cause::FileSystem("nfs4".into()))],
        };
        let check = judge(&counted, "1m", 1, limits);
        assert!(check.found.starts_with("at least 2,000,000"), "{check:?}");
        let polled = "data/net is polled every 1m: it lies on nfs4";
        assert!(check.found.contains(polled), "{check:?}");
    }
}
