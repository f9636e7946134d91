//! Files that come about in odd ways: with odd times, from a backup, by a log's rotation, or
//! through memory.

use crate::rig::{Child, Rig, Run};
use std::time::{Duration, SystemTime};

fn set_time(rig: &Rig, path: &str, time: SystemTime) {
    let file = std::fs::File::options().append(true).open(rig.path(path));
    let file = file.expect("opened");
    file.set_modified(time).expect("the disk takes this time");
}

/// From seconds before or after 1970.
fn at(seconds: i64) -> SystemTime {
    let span = Duration::from_secs(seconds.unsigned_abs());
    match seconds < 0 {
        true => SystemTime::UNIX_EPOCH - span,
        false => SystemTime::UNIX_EPOCH + span,
    }
}

#[test]
fn odd_times_go_and_come_like_any_other() {
    let rig = Rig::new();
    let times = [
        ("epoch", 0),
        ("before", -1),
        ("1902", -2_140_000_000),
        ("2038", 2_147_483_648),
        ("2200", 7_258_118_400),
        ("2400", 13_569_465_600),
    ];
    rig.write("tomorrow", "tomorrow");
    let now = std::fs::metadata(rig.path("tomorrow")).and_then(|found| found.modified());
    let now = now
        .expect("it has a time")
        .duration_since(SystemTime::UNIX_EPOCH);
    let soon = now.expect("it is later than 1970").as_secs() + 86_400;
    let soon = i64::try_from(soon).expect("it is not that late");
    let times: Vec<_> = times.into_iter().chain([("tomorrow", soon)]).collect();
    for (name, time) in &times {
        rig.write(name, name);
        set_time(&rig, name, at(*time));
    }
    let all = times.len() as u64;
    rig.once_ok().expect(&[("uploaded", all)]);
    rig.expect_same_as_disk();
    rig.once_ok().expect(&[("unchanged", all), ("requests", 0)]);
    // Another content of the same size, and the same odd time again.
    for (name, time) in &times {
        rig.write(name, name.to_uppercase() + "!")
            .write(name, name.to_uppercase());
        set_time(&rig, name, at(*time));
    }
    let is_another = |name: &str| name.to_uppercase() != name;
    let changed = times.iter().filter(|(name, _)| is_another(name)).count() as u64;
    let run = rig.once_ok();
    run.expect(&[("new_versions", changed), ("unchanged", all - changed)]);
    rig.expect_same_as_disk();
}

/// The old content comes back with its old times, as a backup program brings it.
#[test]
fn what_is_restored_from_a_backup_is_a_version_like_any_other() {
    let rig = Rig::new();
    rig.write("a.txt", "the old one")
        .write("b.txt", "stays")
        .once_ok();
    rig.shell("mkdir ../backup && cp -a a.txt b.txt ../backup/");
    rig.write("a.txt", "the new one").once_ok();
    rig.shell("rm a.txt b.txt && cp -a ../backup/a.txt ../backup/b.txt .");
    let run = rig.once_ok();
    run.expect(&[("new_versions", 1), ("unchanged", 1)]);
    rig.expect_versions("a.txt", &["the old one", "the new one", "the old one"]);
    rig.expect_versions("b.txt", &["stays"]);
    rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
}

#[test]
fn clones_and_rotated_logs_arrive_as_they_are() {
    let rig = Rig::new();
    rig.write("log", "one\n").write("data", "data");
    let service = rig.start();
    service.wait_ok(&rig);
    rig.shell("cp --reflink=auto data clone");
    for round in 0..10 {
        // What logrotate does with copytruncate.
        rig.shell(&format!(
            "cp log log.{round}; : > log; echo round {round} >> log"
        ));
    }
    service.wait_ok(&rig);
    rig.expect_same_as_disk();
    for entry in rig.cloud.tree(&rig.folder) {
        for version in rig.cloud.versions(&entry.id) {
            let is_empty = version.sha1 == crate::rig::sha1(b"");
            let is_round = (0..10)
                .any(|n| version.sha1 == crate::rig::sha1(format!("round {n}\n").as_bytes()));
            let is_first = [&b"one\n"[..], b"data"]
                .iter()
                .any(|c| version.sha1 == crate::rig::sha1(c));
            assert!(
                is_empty || is_round || is_first,
                "{}: a state that never was",
                entry.path
            );
        }
    }
    service.end();
}

/// A database's shared memory is written through a map, which tells no time: what it held
/// is read once more when it is older.
#[test]
fn what_is_written_through_memory_is_found_although_its_times_say_nothing() {
    let rig = Rig::new();
    let file = rig.path("live.db");
    let database = rusqlite::Connection::open(&file).expect("made");
    database
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (x); \
             INSERT INTO t VALUES (1)",
        )
        .expect("written");
    rig.once_ok();
    let stamp = || {
        let found = std::fs::metadata(rig.path("live.db-shm")).expect("it is there");
        (found.modified().expect("it has one"), found.len())
    };
    let shared = || std::fs::read(rig.path("live.db-shm")).expect("read");
    let (before, was) = (stamp(), shared());
    database
        .execute_batch("INSERT INTO t VALUES (2)")
        .expect("written");
    assert_ne!(shared(), was, "nothing went through memory");
    if stamp() != before {
        // The system has written the page out in between: then the times do tell.
        rig.once_ok();
        return;
    }
    let Some(later) = rig.command_at("+50", &["sync", "--once", "--json"]) else {
        return;
    };
    let run = Run::of(Child::start(later).finish());
    run.expect_code(0);
    rig.expect_same_as_disk();
    assert!(run.event("live.db-shm")["event"] == "new_version", "{run}");
    drop(database);
}
