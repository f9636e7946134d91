//! Watching: nothing is lost, nothing half written is sent, an edit is one version.

use crate::rig::{PATIENCE, Rig, Service};
use std::io::Write;

/// One to eight levels and a thousand files, made at once, ten times in a row.
#[test]
fn nested_directories_filled_at_once_lose_no_file_ten_times_in_a_row() {
    nested(10);
}

pub(crate) fn nested(rounds: u64) {
    let rig = Rig::new();
    let service = rig.start();
    service.wait_ok(&rig);
    rig.cloud.set_request_log(false);
    for round in 0..rounds {
        for number in 0..1_000 {
            let dirs = (0..number % 8).map(|level| format!("{}/", number % (level + 2)));
            let path = format!("r{round}/{}f{number}", dirs.collect::<String>());
            rig.write(&path, format!("{round} {number}"));
        }
    }
    let all = rounds * 1_000;
    let uploads = |cloud: &box_emulator::BoxEmulator| cloud.count_status("post_files_content", 201);
    let arrived = rig
        .cloud
        .wait_for(|cloud| uploads(cloud) == all, PATIENCE * 10);
    assert!(arrived, "{} of {all}", uploads(&rig.cloud));
    rig.expect_same_as_disk();
    service.wait_ok(&rig);
    service.end();
}

/// A service has looked at them again and again.
#[test]
fn what_a_service_sent_is_counted_once_in_the_end() {
    let rig = Rig::new();
    rig.write("a", "a").write("b", "b").write("d/c", "c");
    let service = rig.start();
    service.wait_ok(&rig);
    service.wait_ok(&rig);
    let run = service.term();
    let counts = ["scanned", "uploaded", "unchanged"].map(|key| run.count(key));
    assert_eq!(counts, [3, 3, 0], "{run}");
    let again = Service::start_command(&rig, rig.command(&["sync"]));
    again.wait_ok(&rig);
    rig.write("a", "another");
    again.wait_ok(&rig);
    let said = again.term_plain();
    assert!(
        said.contains("3 files on Box: 1 new version; 7 B sent ("),
        "{said}"
    );
}

#[test]
fn the_way_an_editor_saves_makes_one_version_of_the_same_file() {
    let dances = [
        ("truncate and write", "printf 2 > f.txt"),
        (
            "temporary and rename",
            "printf 2 > .f.txt.tmp; mv .f.txt.tmp f.txt",
        ),
        (
            "backup and rename",
            "mv f.txt f.txt~; printf 2 > f.txt; rm f.txt~",
        ),
        (
            "backup that stays",
            "cp f.txt f.txt.bak; mv f.txt f.old; printf 2 > f.txt; rm f.old f.txt.bak",
        ),
        ("remove and write", "rm f.txt; printf 2 > f.txt"),
        (
            "in pieces",
            ": > f.txt; printf '' >> f.txt; printf 2 >> f.txt",
        ),
        (
            "swap file",
            ": > .f.txt.swp; printf 2 > 4913; rm 4913; printf 2 > f.txt; rm .f.txt.swp",
        ),
    ];
    let rig = Rig::new().configured(|config| config.watch = vec!["settle = \"700ms\"".into()]);
    for number in 0..dances.len() {
        rig.write(&format!("{number}/f.txt"), "1");
    }
    let service = rig.start();
    service.wait_ok(&rig);
    let before: Vec<String> = (0..dances.len())
        .map(|number| rig.entry(&format!("{number}/f.txt")).id)
        .collect();
    for (number, (_, dance)) in dances.iter().enumerate() {
        rig.shell(&format!("cd {number}; {dance}"));
    }
    for (number, (what, _)) in dances.iter().enumerate() {
        let path = format!("{number}/f.txt");
        rig.expect_arrival(&path, "2");
        assert_eq!(rig.entry(&path).id, before[number], "{what}");
    }
    service.wait_ok(&rig);
    for (number, (what, _)) in dances.iter().enumerate() {
        let path = format!("{number}/f.txt");
        let versions = rig.cloud.versions(&rig.entry(&path).id);
        assert_eq!(versions.len(), 2, "{what}: {versions:?}");
    }
    rig.expect_same_as_disk();
    service.end();
}

/// As long as somebody writes, nothing is sent; when they stop, the whole is.
#[test]
fn a_file_that_is_being_written_is_not_sent_half() {
    let rig = Rig::new().configured(|config| config.watch = vec!["settle = \"3s\"".into()]);
    rig.write("quiet.txt", "quiet");
    let service = rig.start();
    service.wait_ok(&rig);
    let mut file = std::fs::File::create(rig.path("growing.txt")).expect("made");
    let mut content = String::new();
    // Each line waits for the arrival of a file that was written before it, so time
    // passes, and the service has had its chance.
    for line in 0..3 {
        let clock = format!("clock{line}");
        rig.write(&clock, "tick");
        let mut ticks = 0;
        crate::rig::until("the clock ticks", || {
            ticks += 1;
            if ticks % 50 == 0 {
                content += "line\n";
                file.write_all(b"line\n").expect("written");
            }
            rig.has(&clock, "tick")
        });
        assert!(
            rig.cloud.entry(&rig.folder, "growing.txt").is_none(),
            "sent half"
        );
    }
    drop(file);
    rig.expect_arrival("growing.txt", &content);
    service.wait_ok(&rig);
    rig.expect_versions("growing.txt", &[&content]);
    service.end();
}
