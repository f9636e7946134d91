//! Very many files in one directory: found, compared, and looked at again within
//! the memory that a small tree takes.

use crate::rig::{Child, Rig, Run, say, until};
use std::fs;

/// What the program may take.
const MOST: u64 = 256 << 20;

#[test]
fn a_folder_of_very_many_files_stays_within_bounds() {
    folder_of(15_000);
}

/// `cargo test --release --test it large_folder -- --ignored --nocapture`
#[test]
#[ignore = "the emulated Box takes minutes for so many in one folder"]
fn a_hundred_thousand_files_in_one_folder_stay_within_bounds() {
    folder_of(100_000);
}

/// All of it is on Box already, so it is listed, read and adopted without an upload; then
/// it is looked at once more, and a file is saved.
fn folder_of(files: usize) {
    let rig = Rig::new();
    rig.cloud.set_request_log(false);
    let content = |number: usize| format!("{}", number % 10);
    for number in 0..files {
        let name = format!("f{number:06}");
        fs::write(rig.path(&name), content(number)).expect("written");
        rig.cloud
            .put_file(&rig.folder, &name, content(number).as_bytes());
    }
    let (run, first) = peak_of(&rig);
    run.expect(&[("adopted", files as u64)]);
    rig.write("f005000", "changed");
    let (run, second) = peak_of(&rig);
    run.expect(&[("unchanged", files as u64 - 1), ("new_versions", 1)]);
    rig.expect_versions("f005000", &["0", "changed"]);
    say(&format!(
        "first {} MiB, then {} MiB",
        first >> 20,
        second >> 20
    ));
    assert!(first < MOST && second < MOST, "{first} {second}");
}

/// A pass, and the most memory that it was ever seen with.
fn peak_of(rig: &Rig) -> (Run, u64) {
    let mut child: Child = rig.begin();
    let mut most = 0;
    until("it ends", || {
        most = most.max(peak(child.pid()).unwrap_or_default());
        child.has_ended()
    });
    let run = Run::of(child.finish());
    assert_eq!(run.code, 0, "{run}");
    assert!(most > 0, "it was never seen");
    (run, most)
}

fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib << 10)
}
