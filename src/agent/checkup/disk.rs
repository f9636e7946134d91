//! The local roots, and whether the system lets us watch them.

use crate::agent::checkup::{Check, Fault, Tell};
use crate::config::{Config, Mirror};
use crate::local::filter::Filter;
use crate::local::root::Root;
use crate::local::scan::subdirectories;
use crate::model::path::RelPath;
use crate::store::peek;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Counting directories ends here: the answer is clear by then.
const LONGEST: Duration = Duration::from_secs(20);
const MOST: usize = 2_000_000;
/// Of a hundred watches, how many may be used before it becomes tight.
const TIGHT: usize = 80;
const LIMIT: &str = "/proc/sys/fs/inotify/max_user_watches";

/// What was counted.
#[derive(Clone, Copy, Debug, Default)]
struct Directories {
    number: usize,
    unreadable: usize,
    is_cut: bool,
}

/// One check for each root, and one for the watches that all of them take.
pub(super) async fn examine(config: &Config, tell: Tell<'_>) {
    let mut all = Directories::default();
    for mirror in &config.mirrors {
        let (one, state_dir) = (mirror.clone(), config.state_dir.clone());
        let looked = tokio::task::spawn_blocking(move || root(&one, &state_dir)).await;
        // A thread that ended otherwise has said why.
        let Ok((check, found)) = looked else {
            continue;
        };
        tell(check);
        all.number += found.number;
        all.is_cut |= found.is_cut;
    }
    tell(watches(all, limit()));
}

fn root(mirror: &Mirror, state_dir: &std::path::Path) -> (Check, Directories) {
    let name = format!("local:{}", mirror.name);
    let none = Directories::default();
    let shown = mirror.local.display();
    let root = match Root::open(&mirror.local) {
        Ok(root) => root,
        Err(error) => {
            let next = "Create or mount it, or mend `local` in this [[mirror]]; nothing on Box \
                        changes meanwhile";
            return (
                Check::fail(name, Fault::Local, error.to_string(), next),
                none,
            );
        }
    };
    let is_empty = match std::fs::read_dir(&mirror.local) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => {
            let what = match error.kind() {
                ErrorKind::PermissionDenied => "boxup may not read it".to_owned(),
                _ => error.to_string(),
            };
            let next =
                format!("Let the user that boxup runs as read it: setfacl -R -m u:USER:rX {shown}");
            return (
                Check::fail(name, Fault::Local, format!("{shown}: {what}"), next),
                none,
            );
        }
    };
    if is_empty && knows_files(mirror, state_dir) {
        let found = format!("{shown} is empty, and files of it are on Box");
        let next = "Is a disk not mounted? boxup stands still until the files are back";
        return (Check::fail(name, Fault::Local, found, next), none);
    }
    let counted = count(&root, mirror);
    let found = format!("{shown} is readable, {}", directories(counted.number));
    let check = match counted.unreadable {
        0 => Check::ok(name, found),
        number => Check::warn(
            name,
            format!("{shown}: {} in it cannot be read", directories(number)),
            "What is in them is not mirrored, and reported in each sync: let the user that boxup \
             runs as read them, or exclude them",
        ),
    };
    (check, counted)
}

fn knows_files(mirror: &Mirror, state_dir: &std::path::Path) -> bool {
    let mapped = || {
        let reader = peek(state_dir).ok()?;
        let root = reader.root(&mirror.name, &mirror.target.key()).ok()??;
        reader.synced_files(root.key).ok()
    };
    mapped().is_some_and(|files| files > 0)
}

/// Counts what would be watched: everything that is not excluded.
fn count(root: &Root, mirror: &Mirror) -> Directories {
    let mut counted = Directories::default();
    let Ok(filter) = Filter::new(&mirror.exclude) else {
        return counted;
    };
    let (mut waiting, began) = (vec![RelPath::root()], Instant::now());
    while let Some(dir) = waiting.pop() {
        counted.number += 1;
        match subdirectories(root, &dir, &filter) {
            Ok(found) => waiting.extend(found),
            Err(_) => counted.unreadable += 1,
        }
        if counted.number >= MOST || began.elapsed() > LONGEST {
            counted.is_cut = !waiting.is_empty();
            break;
        }
    }
    counted
}

fn directories(number: usize) -> String {
    match number {
        1 => "1 directory".to_owned(),
        number => format!("{number} directories"),
    }
}

fn limit() -> Option<usize> {
    std::fs::read_to_string(PathBuf::from(LIMIT))
        .ok()?
        .trim()
        .parse()
        .ok()
}

fn watches(counted: Directories, limit: Option<usize>) -> Check {
    let Some(limit) = limit else {
        return Check::skipped(
            "watch",
            "this system has no limit on watches that could be read",
        );
    };
    let number = counted.number;
    let more = if counted.is_cut { "more than " } else { "" };
    let found = format!(
        "{more}{} to watch, {limit} watches allowed",
        directories(number)
    );
    if number * 100 <= limit * TIGHT {
        return Check::ok("watch", found);
    }
    let enough = (number * 2).next_power_of_two().max(524_288);
    Check::warn(
        "watch",
        found,
        format!(
            "Raise the limit, which all programs of the user share: echo \
             fs.inotify.max_user_watches={enough} | sudo tee /etc/sysctl.d/60-boxup.conf && sudo \
             sysctl --system"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::{Directories, watches};
    use crate::agent::checkup::Status;

    #[test]
    fn watches_that_get_scarce_come_with_the_line_that_helps() {
        for (number, limit, expected) in [
            (10, Some(8_192), Status::Ok),
            (6_553, Some(8_192), Status::Ok),
            (6_600, Some(8_192), Status::Warn),
            (9_000, Some(8_192), Status::Warn),
            (9_000, None, Status::Skipped),
        ] {
            let counted = Directories {
                number,
                ..Directories::default()
            };
            let check = watches(counted, limit);
            assert_eq!(check.status, expected, "{number} of {limit:?}");
            if expected == Status::Warn {
                let next = check.next.unwrap();
                assert!(
                    next.contains("fs.inotify.max_user_watches=524288"),
                    "{next}"
                );
            }
        }
    }
}
