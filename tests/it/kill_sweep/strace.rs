//! Running a pass under strace, which counts the program's calls and kills it.

use super::places::{CALLS, Place, Places};
use crate::rig::{Child, Finished, Rig, clean, other_clock};
use std::process::Command;

/// Whether strace is there and may trace.
pub(super) fn works() -> bool {
    let tried = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "true"])
        .output();
    tried.is_ok_and(|tried| tried.status.success())
}

/// Runs a pass to its end and tells where it could have been killed.
#[track_caller]
pub(super) fn places(rig: &Rig, clock: Option<&str>) -> Places {
    let file = rig.temp().join("trace");
    let known: Vec<String> = CALLS.iter().map(|call| format!("?{call}")).collect();
    let mut strace = clean(Command::new("strace"), rig.temp());
    strace
        .args(["-f", "-y", "-qq", "-o"])
        .arg(&file)
        .args(["-e", &format!("trace={}", known.join(","))])
        .args(["-e", "signal=none"]);
    let finished = of_a_pass(strace, rig, clock);
    assert_eq!(finished.code, 0, "{finished:?}");
    let trace = std::fs::read_to_string(file).expect("strace wrote its trace");
    Places::read(&trace, &rig.state())
}

/// Runs a pass that is killed there; code 0 says that it never came there.
#[track_caller]
pub(super) fn killed_at(rig: &Rig, clock: Option<&str>, place: &Place) -> Finished {
    let Place { call, number, .. } = place;
    let mut strace = clean(Command::new("strace"), rig.temp());
    strace
        .args(["-f", "-qq", "-o", "/dev/null"])
        .args(["-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:signal=SIGKILL:when={number}")]);
    if let Some(file) = &place.file {
        strace.arg("-P").arg(rig.state().join(file));
    }
    of_a_pass(strace, rig, clock)
}

/// One worker, so that the numbers are the same from run to run, as far as they can be.
#[track_caller]
fn of_a_pass(mut strace: Command, rig: &Rig, clock: Option<&str>) -> Finished {
    for (name, value) in clock.and_then(other_clock).into_iter().flatten() {
        strace.args(["-E", &format!("{name}={value}")]);
    }
    // Or the library would leave something in the shared memory with every kill.
    strace.args(["-E", "FAKETIME_DISABLE_SHM=1"]);
    let command = rig.command(&["sync", "--once", "--json"]);
    strace
        .env("TOKIO_WORKER_THREADS", "1")
        .arg(command.get_program())
        .args(command.get_args());
    Child::start(strace).finish()
}
