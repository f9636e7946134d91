//! What must be true after a kill, and after the pass that makes it good.

use super::in_parts::{self, InParts};
use super::scenario::{PART, Scenario};
use crate::rig::{Rig, until};
use box_emulator::{Kind, Version};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};

/// How things stood after a kill: what Box had, and what had been sent for it.
pub(super) struct Aftermath {
    stored: BTreeSet<String>,
    sent: BTreeMap<String, usize>,
    in_parts: InParts,
}

impl Aftermath {
    /// Looks at both sides. The mapping is looked at as a copy: opening it would mend it.
    #[track_caller]
    pub(super) fn of(rig: &Rig) -> Aftermath {
        let copy = rig.temp().join("copy.db");
        for ending in ["", "-wal", "-journal"] {
            let from = rig.state().join(format!("boxup.db{ending}"));
            let to = rig.temp().join(format!("copy.db{ending}"));
            // What is not there is left out.
            let _ = std::fs::remove_file(&to);
            let _ = std::fs::copy(from, to);
        }
        let copy = copy
            .exists()
            .then(|| Connection::open(copy).expect("a copy can be opened"));
        copy.as_ref().map(whole);
        let mut seen = None;
        until("Box has done what it was asked for", || {
            let before = rig.cloud.total_requests();
            let found = Aftermath {
                stored: stored(rig),
                sent: sent(rig),
                in_parts: InParts::of(rig, copy.as_ref()),
            };
            let is_quiet = rig.cloud.under_way() == 0 && rig.cloud.total_requests() == before;
            seen = Some(found).filter(|_| is_quiet);
            is_quiet
        });
        seen.expect("it was quiet")
    }
}

/// One pass makes it good: Box equals the disk, with no version and no transfer too
/// many, and the next pass has nothing to do.
#[track_caller]
pub(super) fn is_made_good(rig: &Rig, scenario: Scenario, after: &[Aftermath]) {
    comes_to_rest(rig, after);
    versions(rig, |path, count| {
        assert_eq!(count, scenario.versions(path), "versions of {path}");
    });
    transfers(rig, scenario, after);
    in_parts::none_sent_again(rig, &sessions(after));
}

/// The same where the files have changed since the kill: what the killed run wrote is a
/// version of its own, or never came to be.
#[track_caller]
pub(super) fn is_brought_up_to_date(rig: &Rig, scenario: Scenario, after: &[Aftermath]) {
    comes_to_rest(rig, after);
    versions(rig, |path, count| {
        let before = scenario.versions(path);
        let possible = before..=before + 1;
        assert!(possible.contains(&count), "versions of {path}: {count}");
    });
}

/// One pass has everything on Box and owes nothing; the next has nothing to do.
#[track_caller]
fn comes_to_rest(rig: &Rig, after: &[Aftermath]) {
    let made_good = rig.once_ok();
    for part in ["parked", "failed", "pending", "excluded"] {
        assert_eq!(made_good.count(part), 0, "{part}: {made_good}");
    }
    rig.expect_same_as_disk();
    rig.once_ok()
        .expect(&[("unchanged", rig.entries_on_disk()), ("requests", 0)]);
    in_parts::none_left_open(rig, &sessions(after));
    remembered(rig);
}

fn sessions(after: &[Aftermath]) -> Vec<&InParts> {
    after.iter().map(|kill| &kill.in_parts).collect()
}

/// Each file has as many versions as it should, and no content twice.
#[track_caller]
fn versions(rig: &Rig, check: impl Fn(&str, usize)) {
    for entry in rig.cloud.tree(&rig.folder) {
        if entry.kind != Kind::File {
            continue;
        }
        let versions = rig.cloud.versions(&entry.id);
        let contents: Vec<&str> = versions.iter().map(sha1).collect();
        let distinct: BTreeSet<&str> = contents.iter().copied().collect();
        assert_eq!(distinct.len(), contents.len(), "doubled: {}", entry.path);
        check(&entry.path, contents.len());
    }
}

fn sha1(version: &Version) -> &str {
    &version.sha1
}

/// What Box has is not sent again, whatever we heard of it; of everything else only what
/// was in flight is sent once more for each kill, at the most.
#[track_caller]
fn transfers(rig: &Rig, scenario: Scenario, after: &[Aftermath]) {
    let total = sent(rig);
    for (path, sent) in &total {
        let (needed, in_flight) = scenario.transfers(path);
        let most = needed + in_flight * after.len();
        assert!(*sent <= most, "{path} was sent in {sent} requests");
        for aftermath in after {
            if aftermath.stored.contains(path) {
                let before = aftermath.sent.get(path).copied();
                assert_eq!(before, Some(*sent), "sent again: {path}");
            }
        }
    }
}

/// The mapping is whole and owes nothing; nothing half-made lies beside it.
#[track_caller]
fn remembered(rig: &Rig) {
    whole(&rig.database());
    for table in ["intent", "session", "parked", "moving"] {
        assert_eq!(rig.row_count(table), 0, "left over: {table}");
    }
    let mut marks = 0;
    let known = [
        "boxup.db",
        "lock",
        "token-ccg.json",
        "token.lock",
        "standing.json",
    ];
    for entry in std::fs::read_dir(rig.state()).expect("listed").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_mark = name.starts_with("generation.");
        marks += usize::from(is_mark);
        let is_known = is_mark || known.contains(&name.as_str());
        assert!(is_known, "left over: {name}");
    }
    assert_eq!(marks, 1, "marks of the database");
}

#[track_caller]
fn whole(database: &Connection) {
    let lines = |pragma: &str| {
        let mut found = database.prepare(pragma).expect("it is a pragma");
        let rows = found.query_map([], |row| row.get::<_, String>(0));
        let rows: Result<Vec<String>, _> = rows.expect("it can be asked").collect();
        rows.expect("it can be read")
    };
    assert_eq!(lines("PRAGMA integrity_check"), ["ok"]);
    let dangling = lines("PRAGMA foreign_key_check");
    assert!(dangling.is_empty(), "dangling: {dangling:?}");
}

/// The files that Box has as they are on the disk.
fn stored(rig: &Rig) -> BTreeSet<String> {
    let on_disk = rig.tree_on_disk();
    let is_equal = |path: &str, found: (u64, String)| on_disk.get(path) == Some(&Some(found));
    let tree = rig.cloud.tree(&rig.folder).into_iter();
    tree.filter_map(|entry| is_equal(&entry.path, (entry.size, entry.sha1?)).then_some(entry.path))
        .collect()
}

/// How many requests have brought content of each file. A new file is known by its name,
/// which no two files of a scenario have in common, a version by its ID, and parts by
/// being of the one large file.
fn sent(rig: &Rig) -> BTreeMap<String, usize> {
    let tree = rig.cloud.tree(&rig.folder);
    let mut times = BTreeMap::new();
    for request in rig.cloud.requests() {
        let file = tree.iter().find(|entry| match request.operation {
            "post_files_content" => entry.path.rsplit('/').next() == request.name.as_deref(),
            "post_files_id_content" => request.path.contains(&format!("/{}/", entry.id)),
            "put_files_upload_sessions_id" => entry.size >= PART,
            _ => false,
        });
        if let Some(file) = file.filter(|_| request.content_bytes > 0) {
            *times.entry(file.path.clone()).or_default() += 1;
        }
    }
    times
}
