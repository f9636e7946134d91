//! Box does not answer at all.

use crate::rig::{Rig, Run};
use box_emulator::Fault;
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// A port at which nobody listens.
fn nobody() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    listener.local_addr().expect("bound").port()
}

/// A token that is at hand is no answer. Run by [`crate::a_minute`].
pub(crate) fn a_minute_of_silence_after_a_good_run_ends_with_69() {
    let rig = Rig::new();
    rig.write("a.txt", "a").once_ok();
    rig.cloud.inject(Fault::any().forever().drop_before());
    rig.write("b.txt", "b");
    let run = rig.once();
    run.expect_code(69);
    run.expect(&[("unchanged", 1), ("pending", 1)]);
    rig.cloud.clear_faults();
    rig.once_ok().expect(&[("unchanged", 1), ("uploaded", 1)]);
}

/// The run gives Box the minute that the contract names, so this takes as long.
/// Run by [`crate::a_minute`].
pub(crate) fn a_minute_without_any_answer_ends_with_69() {
    let rig = Rig::new();
    let port = rig.cloud.port().to_string();
    let rig = rig.configured(|config| config.replace(&port, &nobody().to_string()));
    rig.write("a.txt", "a").write("sub/b.txt", "b");
    let began = Instant::now();
    let run = rig.begin();
    let dry = rig.sync(&["--once", "--dry-run"]);
    dry.expect_code(69);
    let run = Run::of(run.finish());
    run.expect_code(69);
    let elapsed = began.elapsed();
    assert!(
        elapsed >= Duration::from_secs(55),
        "gave up after {elapsed:?}"
    );
    assert!(run.stderr.contains("cannot be reached"), "{run}");
    assert_eq!(run.count("failed") + run.count("parked"), 0, "{run}");
}
