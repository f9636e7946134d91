//! A large file takes no more memory than a small one.

use crate::rig::{PATIENCE, Rig, Run, say, sparse};
use box_emulator::Fault;

/// What a large file may add to the memory of a process that has not begun with it.
const MOST: u64 = 128 << 20;

#[test]
fn a_large_file_is_never_in_memory() {
    peak_of(256 << 20);
}

/// `cargo test --release --test it large_memory -- --ignored`
#[test]
#[ignore = "a gigabyte takes its time"]
fn a_gigabyte_is_never_in_memory() {
    peak_of(1 << 30);
}

/// The peak is looked at when all parts are on Box and the commit waits.
fn peak_of(size: u64) {
    let rig = Rig::new();
    sparse(&rig.path("large.bin"), size, 1 << 20);
    for operation in [
        "post_files_upload_sessions",
        "post_files_upload_sessions_id_commit",
    ] {
        rig.cloud.inject(Fault::on(operation).hold());
    }
    let run = rig.begin();
    let held = |cloud: &box_emulator::BoxEmulator| cloud.held() == 1;
    assert!(rig.cloud.wait_for(held, PATIENCE), "no session");
    let idle = peak(run.pid());
    rig.cloud.release_holds();
    let committing = "post_files_upload_sessions_id_commit";
    let held = |cloud: &box_emulator::BoxEmulator| cloud.held() == 1 && cloud.count(committing) > 0;
    assert!(rig.cloud.wait_for(held, PATIENCE), "no commit");
    let peak = peak(run.pid());
    rig.cloud.release_holds();
    Run::of(run.finish()).expect_code(0);
    assert_eq!(rig.entry("large.bin").size, size);
    say(&format!("idle {} KiB, peak {} KiB", idle >> 10, peak >> 10));
    assert!(idle > 0 && peak <= idle + MOST, "idle {idle}, peak {peak}");
}

/// The most memory that the process ever had, in bytes, as the kernel counts.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
    let kib: u64 = number.and_then(|n| n.parse().ok()).expect("a number");
    kib << 10
}
