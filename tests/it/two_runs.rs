//! One writer per state directory: the second ends with 75 and has touched nothing.

use crate::rig::{PATIENCE, Rig, Run};
use box_emulator::Fault;

#[test]
fn the_second_run_ends_with_75_and_has_touched_nothing() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    rig.cloud.inject(Fault::on("post_files_content").hold());
    let first = rig.begin();
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
    let requests = rig.cloud.total_requests();
    rig.write("b.txt", "b");
    let second = rig.once();
    second.expect_code(75);
    assert!(
        second.stderr.contains("lock") || second.stderr.contains("another"),
        "{second}"
    );
    assert_eq!(rig.cloud.total_requests(), requests);
    rig.cloud.release_holds();
    Run::of(first.finish()).expect_code(0);
    rig.once_ok();
    rig.expect_same_as_disk();
}

#[test]
fn a_pass_beside_the_service_ends_with_75_and_looking_does_not() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    rig.once().expect_code(75);
    assert_eq!(rig.run(&["sync"]).code, 75);
    rig.sync(&["--once", "--dry-run"]).expect_code(0);
    assert_eq!(rig.run(&["status"]).code, 0);
    assert_eq!(rig.run(&["config", "check"]).code, 0);
    service.wait_ok(&rig);
    service.end();
    rig.once_ok();
}

#[test]
fn the_lock_of_a_killed_run_holds_nobody_up() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    service.kill();
    assert!(rig.state().join("control.sock").exists());
    assert_eq!(rig.run(&["wait"]).code, 69);
    rig.once_ok();
    let service = rig.start();
    crate::rig::until("the new service answers", || rig.run(&["status"]).code == 0);
    service.wait_ok(&rig);
}

#[test]
fn two_configurations_with_directories_of_their_own_do_not_meet() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    let text = rig.config.text().replace("/state\"", "/other-state\"");
    let other = rig.temp().join("other.toml");
    std::fs::copy(&rig.config.file, &other).expect("copied");
    std::fs::write(&other, text).expect("written");
    let mut command = crate::rig::program(rig.temp());
    command
        .arg("sync")
        .args(["--once", "--json", "--config"])
        .arg(other);
    let run = Run::of(crate::rig::Child::start(command).finish());
    run.expect_code(0);
    run.expect(&[("adopted", 1)]);
}
