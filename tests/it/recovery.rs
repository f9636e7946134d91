//! A state that is lost, damaged or old is noticed and made good: what is on Box with the
//! same content is adopted, and what differs is left alone, whatever the policy says.

use crate::rig::{Rig, Run};
use std::fs;
use std::path::{Path, PathBuf};

/// Twelve files on Box, of which a colleague has changed one since.
fn synced() -> Rig {
    let rig = Rig::new()
        .mirror_key("on_existing = \"new_version\"")
        .mirror_key("on_remote_change = \"new_version\"");
    for number in 0..12 {
        rig.write(&format!("d{}/f{number}", number % 3), format!("{number}"));
    }
    rig.once_ok().expect(&[("uploaded", 12)]);
    rig
}

fn theirs(rig: &Rig, path: &str) {
    rig.cloud.put_file(&rig.folder, path, b"theirs");
}

fn database(rig: &Rig) -> PathBuf {
    rig.state().join("boxup.db")
}

/// What the state directory holds of databases that were set aside.
fn set_aside(rig: &Rig) -> usize {
    let entries = fs::read_dir(rig.state()).expect("listed").flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names
        .filter(|name| name.starts_with("boxup.db.damaged-"))
        .count()
}

/// The state is in doubt: nothing equal is sent, nothing that differs is touched.
#[track_caller]
fn expect_made_good(rig: &Rig, run: &Run, adopted: u64) {
    run.expect_code(1);
    run.expect(&[
        ("adopted", adopted),
        ("unchanged", 11 - adopted),
        ("parked", 1),
        ("bytes_sent", 0),
    ]);
    run.expect_event("d0/f0", "parked state_lost");
    rig.expect_versions("d0/f0", &["0", "theirs"]);
    // It stays so in later runs, which find nothing wrong any more, and also when the
    // local file has changed.
    rig.write("d0/f0", "ours as well");
    let later = rig.once();
    later.expect(&[("unchanged", 11), ("parked", 1), ("bytes_sent", 0)]);
    rig.expect_versions("d0/f0", &["0", "theirs"]);
    // A new change of another file goes up as ever.
    rig.write("d1/f1", "new").once();
    rig.expect_versions("d1/f1", &["1", "new"]);
    // A person decides.
    let decided = rig.resolve(&["mirror/d0/f0", "--keep", "local"]);
    decided.expect_code(0);
    rig.expect_versions("d0/f0", &["0", "theirs", "ours as well"]);
    rig.once_ok().expect(&[("unchanged", 12), ("requests", 0)]);
}

#[test]
fn every_damage_of_the_database_is_set_aside_and_made_good() {
    type Harm = fn(&Path);
    let harms: [(&str, Harm); 5] = [
        ("not a database", |db| {
            fs::write(db, "hello".repeat(5_000)).expect("written")
        }),
        ("zeros", |db| {
            let size = fs::metadata(db).expect("there").len();
            fs::write(db, vec![0; size as usize]).expect("written");
        }),
        ("cut in a page", |db| {
            let file = fs::File::options().write(true).open(db).expect("opened");
            file.set_len(10_000).expect("cut");
        }),
        ("another program's", |db| {
            fs::remove_file(db).expect("removed");
            let other = rusqlite::Connection::open(db).expect("made");
            other
                .execute_batch("CREATE TABLE theirs (x)")
                .expect("made");
        }),
        ("empty", |db| fs::write(db, "").expect("written")),
    ];
    for (what, harm) in harms {
        let rig = synced();
        theirs(&rig, "d0/f0");
        harm(&database(&rig));
        let run = rig.once();
        assert!(run.stderr.contains("set aside as"), "{what}: {run}");
        assert_eq!(set_aside(&rig), 1, "{what}");
        expect_made_good(&rig, &run, 11);
    }
}

#[test]
fn a_database_that_is_gone_leaves_doubt_and_a_deleted_directory_none() {
    let rig = synced();
    theirs(&rig, "d0/f0");
    fs::remove_file(database(&rig)).expect("removed");
    let run = rig.once();
    expect_made_good(&rig, &run, 11);

    let rig = synced();
    theirs(&rig, "d0/f0");
    fs::remove_dir_all(rig.state()).expect("removed");
    // That is a first run, for which the operator has decided.
    rig.once_ok()
        .expect(&[("adopted", 11), ("new_versions", 1)]);
    rig.expect_versions("d0/f0", &["0", "theirs", "0"]);
}

/// As a backup does it.
fn copy(from: &Path, to: &Path) {
    let status = std::process::Command::new("cp")
        .arg("-a")
        .arg(from)
        .arg(to)
        .status();
    assert!(status.is_ok_and(|status| status.success()));
}

#[test]
fn an_old_state_is_compared_again_in_whichever_way_it_came_back() {
    type Restore = fn(&Rig, &Path);
    let ways: [(&str, Restore); 3] = [
        ("the file in its place", |rig, old| {
            let bytes = fs::read(old.join("boxup.db")).expect("read");
            fs::write(database(rig), bytes).expect("written");
        }),
        ("another file", |rig, old| {
            fs::remove_file(database(rig)).expect("removed");
            copy(&old.join("boxup.db"), &database(rig));
        }),
        ("the whole directory", |rig, old| {
            fs::remove_dir_all(rig.state()).expect("removed");
            copy(old, &rig.state());
        }),
    ];
    for (what, restore) in ways {
        let rig = synced();
        let old = rig.temp().join("backup");
        copy(&rig.state(), &old);
        // What came after the backup: an edit, a new file, and a colleague's change.
        rig.write("d1/f1", "edited")
            .write("d2/new", "new")
            .once_ok();
        rig.remove("d2/new").once();
        rig.cloud.trash(&rig.entry("d2/new").id);
        theirs(&rig, "d0/f0");
        restore(&rig, &old);
        rig.cloud.clear_requests();
        let run = rig.once();
        assert!(run.stderr.contains("an old copy"), "{what}: {run}");
        expect_made_good_after(&rig, &run, what);
    }
}

#[track_caller]
fn expect_made_good_after(rig: &Rig, run: &Run, what: &str) {
    run.expect_event("d1/f1", "adopted");
    assert_eq!(rig.writes(), 0, "{what}: {run}");
    rig.expect_versions("d1/f1", &["1", "edited"]);
    rig.write("d1/f1", "1");
    rig.once();
    rig.expect_versions("d1/f1", &["1", "edited", "1"]);
    rig.expect_versions("d0/f0", &["0", "theirs"]);
    // And it is known for what it is: no second alarm.
    let next = rig.once();
    assert!(!next.stderr.contains("old copy"), "{what}: {next}");
    next.expect(&[("unchanged", 11), ("parked", 1)]);
}

#[test]
fn flipped_bytes_overwrite_nothing_and_the_next_run_has_it_right() {
    let rig = synced();
    theirs(&rig, "d0/f0");
    rig.once();
    rig.cloud.put_file(&rig.folder, "d1/f1", b"theirs as well");
    let sound = fs::read(database(&rig)).expect("read");
    let kept = rig.temp().join("kept");
    copy(&rig.state(), &kept);
    let mut random = fastrand::Rng::with_seed(5);
    for round in 0..24 {
        // The directory itself stays, and with it the mark.
        let mut bytes = sound.clone();
        match round % 4 {
            0 => bytes.truncate(random.usize(1..sound.len())),
            _ => {
                for _ in 0..40 {
                    let at = random.usize(..bytes.len());
                    bytes[at] ^= random.u8(1..);
                }
            }
        }
        fs::write(database(&rig), &bytes).expect("written");
        let first = rig.once();
        assert!([0, 1, 74].contains(&first.code), "round {round}: {first}");
        let second = rig.once();
        assert!([0, 1].contains(&second.code), "round {round}: {second}");
        let third = rig.once();
        assert_eq!(third.count("bytes_sent"), 0, "round {round}: {third}");
        assert_eq!(
            third.count("parked") + third.count("unchanged"),
            12,
            "round {round}: {third}"
        );
        rig.expect_versions("d1/f1", &["1", "theirs as well"]);
        for number in 2..12 {
            let path = format!("d{}/f{number}", number % 3);
            rig.expect_versions(&path, &[&number.to_string()]);
        }
    }
}

/// The service that goes on with what is not there would be one of two, and nobody could ask
/// it anything.
#[test]
fn a_service_whose_state_is_taken_away_ends_and_harms_no_other() {
    type Take = fn(&Rig);
    let ways: [(&str, Take, Option<u64>); 3] = [
        (
            "removed",
            |rig| fs::remove_dir_all(rig.state()).expect("removed"),
            Some(0),
        ),
        (
            "another one's",
            |rig| {
                fs::rename(rig.state(), rig.temp().join("aside")).expect("renamed");
                rig.once_ok().expect(&[("adopted", 12)]);
            },
            Some(12),
        ),
        (
            "the database replaced",
            |rig| {
                let aside = rig.temp().join("aside.db");
                fs::copy(database(rig), &aside).expect("copied");
                fs::rename(&aside, database(rig)).expect("renamed");
            },
            // The copy lacks what is in the log beside it.
            None,
        ),
    ];
    crate::rig::each(&ways, |(what, take, unchanged)| {
        let rig = synced();
        let service = rig.start();
        service.wait_ok(&rig);
        take(&rig);
        let ended = service.finish();
        ended.expect_code(74);
        assert!(
            ended.stderr.contains("removed or replaced"),
            "{what}: {ended}"
        );
        // It tells nothing where another one is by now.
        let status = rig.run(&["status"]).stdout;
        let is_told = status.contains("removed or replaced");
        assert_eq!(is_told, unchanged.is_none(), "{what}: {status}");
        let sent = rig.writes();
        let next = rig.once();
        next.expect_code(0);
        let found = (next.count("unchanged"), next.count("adopted"));
        assert_eq!(found.0 + found.1, 12, "{what}: {next}");
        assert!(
            unchanged.is_none_or(|known| known == found.0),
            "{what}: {next}"
        );
        assert_eq!(rig.writes(), sent, "{what}: {next}");
        rig.once_ok().expect(&[("unchanged", 12), ("requests", 0)]);
    });
}
