//! A large file whose upload is killed again and again costs the parts in flight each
//! time, and no more.

use crate::rig::{PATIENCE, Rig, say, sparse};
use box_emulator::Fault;

/// How often it is killed.
const KILLS: u64 = 10;
/// Parts that are under way at once.
const WIDTH: u64 = 4;

#[test]
fn a_large_file_killed_ten_times_costs_the_parts_in_flight_and_no_more() {
    killed_ten_times(96 << 20, 2 << 20);
}

/// `cargo test --release --test it large_killed -- --ignored`
#[test]
#[ignore = "a gigabyte takes its time"]
fn a_gigabyte_killed_ten_times_costs_the_parts_in_flight_and_no_more() {
    killed_ten_times(1 << 30, 8 << 20);
}

fn killed_ten_times(size: u64, part: u64) {
    let rig = Rig::with(|builder| builder.part_size(part));
    sparse(&rig.path("large.bin"), size, part);
    let parts = size / part;
    let mut random = fastrand::Rng::with_seed(size);
    // Whatever is killed late has not ended.
    let committing = Fault::on("post_files_upload_sessions_id_commit");
    rig.cloud
        .inject(committing.forever().status(503, "unavailable"));
    let step = parts / (KILLS + 1);
    for kill in 1..=KILLS {
        let goal = kill * step + random.u64(..step);
        let run = rig.begin();
        let came = |cloud: &box_emulator::BoxEmulator| cloud.parts_stored() >= goal;
        assert!(rig.cloud.wait_for(came, PATIENCE), "part {goal} never came");
        let killed = run.kill();
        assert_eq!(killed.code, 128 + 9, "{killed:?}");
    }
    rig.cloud.clear_faults();
    rig.once_ok();
    rig.expect_same_as_disk();
    assert_eq!(rig.entry("large.bin").versions, 1);
    rig.once_ok().expect(&[("unchanged", 1), ("requests", 0)]);

    let requests = rig.cloud.requests();
    let bodies = requests
        .iter()
        .filter(|request| request.operation == "put_files_upload_sessions_id");
    let received: u64 = bodies.map(|request| request.body_bytes).sum();
    let most = size + KILLS * WIDTH * part;
    say(&format!("{received} bytes for {size}, {most} would be due"));
    assert!(received <= most, "{received} bytes, at most {most} are due");
    assert!(received > size, "no part was in flight in {KILLS} kills");
    assert_eq!(rig.cloud.parts_stored(), parts, "parts that Box had");
    assert_eq!(rig.cloud.sessions(), [], "left open");
}
