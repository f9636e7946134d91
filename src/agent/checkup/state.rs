//! The state directory, and the mapping in it.

use crate::agent::checkup::check::{Blame, Check};
use crate::agent::checkup::memory::{PATIENCE, blocking};
use crate::agent::control;
use crate::config::Config;
use crate::model::figures::bytes;
use crate::model::path::{printable_path, shell_path};
use crate::plan::policy::Loss;
use crate::store::condition::{Condition, condition};
use crate::store::error::Error as StoreError;
use crate::store::{peek, recovery};
use rustix::fs::{Access, AtFlags, CWD, accessat, statvfs};
use serde_json::json;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// Below this, soon there is no room …
const LITTLE: u64 = 100_000_000;
/// … and below this there is none.
const NONE: u64 = 10_000_000;
/// How long a running service may take to answer.
const SERVICE: Duration = Duration::from_secs(3);

const NAME: &str = "state";

/// Everything about it, the worst first.
pub(crate) async fn check(config: &Config) -> Check {
    let dir = config.state_dir.clone();
    let looked = blocking(move || look(&dir)).await;
    let Some(mut findings) = looked else {
        let (dir, seconds) = (printable_path(&config.state_dir), PATIENCE.as_secs());
        return Check::fail(
            NAME,
            Blame::State,
            format!("{dir} could not be looked at within {seconds} seconds"),
            "A network file system whose server is gone? Point [state] dir to a local disk",
        );
    };
    if is_served(&config.state_dir).await {
        findings.push(Check::ok("", "a service is running on it"));
    }
    Check::merged(NAME, findings)
}

async fn is_served(dir: &Path) -> bool {
    let question = json!({ "verb": "status" });
    let asked = tokio::time::timeout(SERVICE, control::ask(dir, &question)).await;
    matches!(asked, Ok(Ok(Some(_))))
}

fn look(dir: &Path) -> Vec<Check> {
    let mut findings = match std::fs::metadata(dir) {
        Ok(found) if !found.is_dir() => return vec![not_usable(dir, "it is not a directory")],
        Ok(found) => there(dir, found.permissions().mode() & 0o7777),
        Err(error) if error.kind() == ErrorKind::NotFound => vec![to_be_made(dir)],
        Err(error) => return vec![not_usable(dir, &error.to_string())],
    };
    if findings.iter().any(Check::is_fail) {
        return findings;
    }
    // Of a directory that is still to be made, the nearest that there is.
    if let Some(near) = dir.ancestors().find(|near| near.is_dir()) {
        findings.extend(room(near));
        findings.extend(network(near));
    }
    findings
}

fn there(dir: &Path, mode: u32) -> Vec<Check> {
    if let Err(error) = may_write(dir) {
        return vec![not_usable(dir, &error)];
    }
    let shown = printable_path(dir);
    let found = match mode & 0o022 {
        0 => Check::ok("", format!("{shown} (mode {mode:04o})")),
        _ => Check::warn(
            "",
            format!("others may change what is in {shown} (mode {mode:04o})"),
            format!("Run: chmod 0700 {}", shell_path(dir)),
        ),
    };
    let mut findings = vec![found, database(dir)];
    findings.extend(doubt(dir));
    findings.extend(aside(dir));
    findings
}

/// What was lost and has not been compared with Box yet.
fn doubt(dir: &Path) -> Option<Check> {
    let loss = peek(dir).ok()?.loss().ok()??;
    let happened = match loss {
        Loss::Damaged => "the mapping was damaged and begun anew",
        Loss::Lost => "the mapping was lost and begun anew",
        Loss::Old => "the mapping is an old copy",
    };
    Some(Check::warn(
        "",
        format!("{happened}, and not everything has been compared with Box since"),
        "Run boxup sync; boxup conflicts then lists what differs",
    ))
}

fn aside(dir: &Path) -> Option<Check> {
    let found = recovery::aside(dir);
    let last = printable_path(found.last()?);
    let number = found.len();
    Some(Check::warn(
        "",
        format!("what is left of damaged mappings is still here: {number}, the last is {last}"),
        "Nothing needs them: they may be removed",
    ))
}

/// As this user is bound, not as the file says: also a read-only file system says no.
fn may_write(dir: &Path) -> Result<(), String> {
    let wish = Access::WRITE_OK | Access::EXEC_OK;
    accessat(CWD, dir, wish, AtFlags::EACCESS).map_err(|errno| errno.to_string())
}

fn to_be_made(dir: &Path) -> Check {
    let near = dir.ancestors().skip(1).find(|near| near.exists());
    let near = near.unwrap_or(Path::new("/"));
    match may_write(near) {
        Ok(()) => Check::ok(
            "",
            format!("{}: the first run will make it", printable_path(dir)),
        ),
        Err(error) => not_usable(
            dir,
            &format!("it cannot be made in {}: {error}", printable_path(near)),
        ),
    }
}

fn not_usable(dir: &Path, why: &str) -> Check {
    let user = rustix::process::geteuid().as_raw();
    let shown = printable_path(dir);
    Check::fail(
        "",
        Blame::State,
        format!("{shown} cannot be used: {why}"),
        format!(
            "Make it and give it to the user that boxup runs as (sudo install -d -m 0700 -o \
             {user} {}), or point [state] dir elsewhere",
            shell_path(dir)
        ),
    )
}

fn database(dir: &Path) -> Check {
    match condition(dir) {
        Ok(Condition::Missing) => Check::ok("", "no mapping yet"),
        Ok(Condition::Sound(version)) => {
            Check::ok("", format!("the mapping is sound (version {version})"))
        }
        Ok(Condition::Damaged(words)) => Check::fail(
            "",
            Blame::State,
            format!("the mapping is damaged: {words}"),
            REBUILD,
        ),
        Err(error) if error.is_damaged() => Check::fail(
            "",
            Blame::State,
            format!("the mapping is damaged: {}", error.words()),
            REBUILD,
        ),
        Err(error @ (StoreError::Sqlite(_) | StoreError::Directory { .. })) => Check::fail(
            "",
            Blame::State,
            error.to_string(),
            "See that the user that boxup runs as may read and write the files in it",
        ),
        Err(error) => Check::fail(
            "",
            Blame::State,
            error.to_string(),
            "Use the boxup that wrote it, or point [state] dir elsewhere",
        ),
    }
}

const REBUILD: &str = "Run boxup sync: it sets a damaged mapping aside; what is on Box with the \
                       same content is adopted, and what differs is left alone. If this is still told \
                       then, stop boxup and move boxup.db out of the state directory first";

fn room(dir: &Path) -> Option<Check> {
    let found = statvfs(dir).ok()?;
    Some(judge(found.f_bavail.saturating_mul(found.f_frsize)))
}

fn judge(free: u64) -> Check {
    let left = bytes(free);
    match free {
        free if free < NONE => Check::fail(
            "",
            Blame::State,
            format!("its disk is full ({left} free)"),
            "Make room on it; nothing is lost meanwhile",
        ),
        free if free < LITTLE => Check::warn(
            "",
            format!("its disk is nearly full ({left} free)"),
            "Make room on it: without a place to remember, boxup stops",
        ),
        _ => Check::ok("", format!("{left} free")),
    }
}

/// Locks and shared memory cannot be relied on there.
fn network(dir: &Path) -> Option<Check> {
    let kind = network_kind(dir)?;
    Some(Check::warn(
        "",
        format!("it is on a network file system ({kind}), where SQLite's locks may not hold"),
        "Point [state] dir to a local disk",
    ))
}

#[cfg(target_os = "linux")]
fn network_kind(dir: &Path) -> Option<&'static str> {
    const KINDS: [(u32, &str); 7] = [
        (0x6969, "NFS"),
        (0x517b, "SMB"),
        (0xff53_4d42, "CIFS"),
        (0xfe53_4d42, "SMB"),
        (0x5346_414f, "AFS"),
        (0x00c3_6400, "Ceph"),
        (0x0102_1997, "9p"),
    ];
    let magic = rustix::fs::statfs(dir).ok()?.f_type;
    // The field's width differs between systems; the numbers have 32 bits.
    let is = |kind: u32| i128::from(magic) & 0xffff_ffff == i128::from(kind);
    let found = KINDS.iter().find(|(kind, _)| is(*kind));
    found.map(|(_, name)| *name)
}

#[cfg(not(target_os = "linux"))]
fn network_kind(_: &Path) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::{judge, look};
    use crate::agent::checkup::check::Status;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_disk_without_room_fails_before_boxup_does() {
        for (free, status) in [
            (0, Status::Fail),
            (9_999_999, Status::Fail),
            (10_000_000, Status::Warn),
            (99_999_999, Status::Warn),
            (100_000_000, Status::Ok),
        ] {
            assert_eq!(judge(free).status, status, "{free}");
        }
    }

    #[test]
    fn a_directory_is_missing_right_open_to_others_or_none() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("a/b");
        let first = |dir: &std::path::Path| look(dir).remove(0);
        assert!(first(&dir).found.contains("the first run will make it"));
        assert!(!dir.exists());
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::set_permissions(&dir, Permissions::from_mode(0o700)).unwrap();
        assert_eq!(first(&dir).status, Status::Ok);
        std::fs::set_permissions(&dir, Permissions::from_mode(0o777)).unwrap();
        assert_eq!(first(&dir).status, Status::Warn);
        let file = dir.join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(first(&file).status, Status::Fail);
    }
}
