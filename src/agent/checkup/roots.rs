//! Each mirror's local root.

use crate::agent::checkup::check::{Blame, Check};
use crate::agent::checkup::memory::{Memory, PATIENCE, blocking};
use crate::config::{Config, Mirror};
use crate::local::error::Error;
use crate::local::root::Root;
use crate::local::rules::{Level, Rules};
use crate::local::scan;
use crate::model::figures::some;
use crate::model::path::{RelPath, printable_path, shell_path};
use crate::model::rules::Symlinks;
use crate::plan::facts::{LocalEntry, LocalKind};
use futures_util::future::join_all;
use std::path::Path;
use std::sync::Arc;

/// All of them at once: one that hangs keeps no other waiting.
pub(crate) async fn check(config: &Config, memory: &Memory) -> Vec<Check> {
    let looks = config.mirrors.iter().map(|mirror| {
        let known = memory
            .roots
            .get(&mirror.name)
            .map_or(0, |root| root.entries);
        let own = mirror.clone();
        async move {
            let found = blocking(move || look(&own, known)).await;
            found.unwrap_or_else(|| hangs(mirror))
        }
    });
    join_all(looks).await
}

fn name(mirror: &Mirror) -> String {
    format!("local:{}", mirror.name)
}

fn hangs(mirror: &Mirror) -> Check {
    let (path, seconds) = (printable_path(&mirror.local), PATIENCE.as_secs());
    Check::fail(
        name(mirror),
        Blame::Local,
        format!("{path} does not answer within {seconds} seconds"),
        "A network file system whose server is gone? See whether ls on it comes back",
    )
}

fn look(mirror: &Mirror, known: usize) -> Check {
    let path = &mirror.local;
    let listed = Root::open(path).and_then(|root| {
        let root = root.following(mirror.selection.symlinks == Symlinks::Follow);
        let level = Level::of_root(rules(mirror), &root)?;
        let entries = scan::list(&root, &RelPath::root(), &level)?;
        let refused = refused(&root, &entries);
        Ok((entries, refused))
    });
    match listed {
        Ok((entries, refused)) => judge(mirror, known, &entries, &refused),
        Err(error) => broken(mirror, &error),
    }
}

/// The rules, which reading the configuration has checked.
pub(crate) fn rules(mirror: &Mirror) -> Arc<Rules> {
    let rules = Rules::new(mirror.selection.clone(), None);
    Arc::new(rules.unwrap_or_else(|_| Rules::none()))
}

/// What at the top cannot be read. A whole walk belongs to a pass.
fn refused(root: &Root, entries: &[LocalEntry]) -> Vec<String> {
    let cannot = |entry: &&LocalEntry| match &entry.kind {
        LocalKind::Directory(_) => root
            .open_dir(&RelPath::root().join(&entry.name))
            .is_err_and(|error| error.is_refusal()),
        LocalKind::Unreadable(_) => true,
        LocalKind::File(_) | LocalKind::Excluded(_) => false,
    };
    let refused = entries.iter().filter(cannot);
    refused
        .map(|entry| RelPath::root().join(&entry.name).to_string())
        .collect()
}

fn broken(mirror: &Mirror, error: &Error) -> Check {
    let next = match error {
        Error::Missing(_) => format!(
            "Create it (mkdir -p {}), mount it, or correct `local` of this mirror in the \
             configuration",
            shell_path(&mirror.local)
        ),
        Error::NotDirectory(_) => "Correct `local` of this mirror in the configuration".to_owned(),
        error if error.is_refusal() => access(&mirror.local),
        _ => "Look at the disk (dmesg tells of faults)".to_owned(),
    };
    Check::fail(name(mirror), Blame::Local, error.to_string(), next)
}

fn access(path: &Path) -> String {
    let user = rustix::process::geteuid().as_raw();
    format!(
        "Let the user that boxup runs as read it: sudo setfacl -R -m u:{user}:rX {}",
        shell_path(path)
    )
}

fn judge(mirror: &Mirror, known: usize, entries: &[LocalEntry], refused: &[String]) -> Check {
    let path = printable_path(&mirror.local);
    if entries.is_empty() && known > 0 {
        return Check::fail(
            name(mirror),
            Blame::Local,
            format!(
                "{path} is empty, but {} of it had been mirrored",
                some(known as u64, "entry")
            ),
            "Is its disk mounted? Nothing on Box is changed; the mirror goes on as soon as there \
             is something in the directory",
        );
    }
    if let [first, ..] = refused {
        let more = match refused.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        return Check::warn(
            name(mirror),
            format!("{path}: {first:?}{more} cannot be read, and will not get to Box"),
            format!(
                "{}; or exclude what is not meant for Box",
                access(&mirror.local)
            ),
        );
    }
    let is_dir = |entry: &&LocalEntry| matches!(entry.kind, LocalKind::Directory(_));
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let directories = count(entries.iter().filter(is_dir).count());
    let others = count(entries.len()) - directories;
    let what = match entries.is_empty() {
        true => "empty".to_owned(),
        false => format!(
            "{} and {} at its top",
            some(directories, "folder"),
            some(others, "file")
        ),
    };
    Check::ok(name(mirror), format!("{path}: {what}"))
}
