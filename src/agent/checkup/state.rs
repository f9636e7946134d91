//! The state directory: there, ours, whole, with room, on a disk of this machine.

use crate::agent::checkup::{Check, Fault, Tell};
use crate::agent::control;
use crate::config::Config;
use crate::store::peek;
use rustix::fs::{Access, AtFlags, CWD, accessat};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Below this much room a sync may fail at any moment.
const NOTHING: u64 = 10_000_000;
/// Below this much it soon will.
const LITTLE: u64 = 100_000_000;
/// How long a running service may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// File systems over a network, by the numbers that statfs(2) gives them. SQLite's
/// memory-mapped log does not work on them.
const NETWORKS: [(u64, &str); 5] = [
    (0x6969, "NFS"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x517b, "SMB"),
    (0x0102_1997, "9p"),
];

/// One check for all of it.
pub(super) async fn examine(config: &Config, tell: Tell<'_>) {
    let question = json!({ "verb": "status" });
    let asked = tokio::time::timeout(PATIENCE, control::ask(&config.state_dir, &question)).await;
    let is_running = matches!(asked, Ok(Ok(Some(_))));
    let dir = config.state_dir.clone();
    let looked = tokio::task::spawn_blocking(move || look(&dir, is_running)).await;
    if let Ok(check) = looked {
        tell(check);
    }
}

fn look(dir: &Path, is_running: bool) -> Check {
    let name = "state";
    let fail = |found: String, next: &str| Check::fail(name, Fault::State, found, next);
    let existing = nearest(dir);
    let shown = dir.display();
    if !existing.is_dir() {
        let found = format!("{} is not a directory", existing.display());
        return fail(found, "Point [state] dir to a directory");
    }
    let may_write = accessat(
        CWD,
        &existing,
        Access::WRITE_OK | Access::EXEC_OK,
        AtFlags::EACCESS,
    );
    if may_write.is_err() {
        let found = format!("{shown} cannot be written to");
        return fail(
            found,
            "Run boxup as the user that owns it, or set [state] dir",
        );
    }
    let checked = peek(dir).and_then(|reader| reader.damage());
    match checked {
        Ok(None) => {}
        Ok(Some(damage)) => {
            let found = format!("the database in {shown} is damaged: {damage}");
            return fail(
                found,
                "Move boxup.db* out of the state directory and sync again: what is on Box with the same content is recognised",
            );
        }
        Err(error) => {
            return fail(
                error.to_string(),
                "Do what it says, and run boxup doctor again",
            );
        }
    }
    let room = room(&existing);
    if room.is_some_and(|room| room < NOTHING) {
        let found = format!("no room is left for {shown}");
        return fail(found, "Make room on that disk");
    }
    if let Some(network) = network(&existing) {
        let found = format!("{shown} lies on a network file system ({network})");
        let next = "Set [state] dir to a directory on a disk of this machine: a database is not \
                    safe on a network file system";
        return Check::warn(name, found, next);
    }
    if room.is_some_and(|room| room < LITTLE) {
        let found = format!("less than 100 MB are left for {shown}");
        return Check::warn(name, found, "Make room on that disk before it is full");
    }
    Check::ok(name, summary(dir, &existing, is_running))
}

fn summary(dir: &Path, existing: &Path, is_running: bool) -> String {
    let what = match (is_running, dir == existing) {
        (true, _) => "whole, and a service runs on it",
        (false, true) => "whole",
        (false, false) => "not there yet; the first sync makes it",
    };
    format!("{} is {what}", dir.display())
}

/// The directory, or what there is of the way to it.
fn nearest(dir: &Path) -> PathBuf {
    let existing = dir.ancestors().find(|path| path.exists());
    existing.map_or_else(|| PathBuf::from("/"), Path::to_path_buf)
}

fn room(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(target_os = "linux")]
fn network(path: &Path) -> Option<&'static str> {
    let kind = rustix::fs::statfs(path).ok()?.f_type.cast_unsigned();
    let known = NETWORKS
        .iter()
        .find(|(number, _)| *number == kind & 0xffff_ffff);
    known.map(|(_, name)| *name)
}

#[cfg(not(target_os = "linux"))]
fn network(_path: &Path) -> Option<&'static str> {
    None
}
