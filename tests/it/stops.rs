//! SIGTERM at any moment: it ends soon, and the next pass makes good what was cut off.

use crate::rig::{Child, Rig, say, signal};
use box_emulator::Fault;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How often, if `$BOXUP_STOPS` does not say.
const ROUNDS: u32 = 40;
/// What is promised, with a little for a machine that has other things to do.
const PROMISED: Duration = Duration::from_secs(11);

fn rounds() -> u32 {
    let wanted = std::env::var("BOXUP_STOPS").ok();
    wanted.and_then(|text| text.parse().ok()).unwrap_or(ROUNDS)
}

/// What a person does meanwhile: new files, edited ones, directories, a large one.
fn work(rig: &Rig, round: u32, random: &mut fastrand::Rng) {
    for number in 0..random.u32(1..12) {
        let (dir, file) = (random.u32(0..6), random.u32(0..20));
        let content = format!("{round} {number} {}", random.u64(..));
        rig.write(&format!("d{dir}/f{file}.txt"), &content);
    }
    rig.mkdir(&format!("empty{}", random.u32(0..50)));
    if random.u32(0..4) == 0 {
        let large: String = (0..60_000).map(|_| random.alphanumeric()).collect();
        rig.write(&format!("large{}.bin", random.u32(0..3)), large.repeat(5));
    }
}

#[test]
fn a_stop_at_any_moment_is_soon_over_and_loses_nothing() {
    let seed = fastrand::u64(..);
    say(&format!("seed {seed}"));
    let mut random = fastrand::Rng::with_seed(seed);
    // Box takes its time, so that there is always something under way.
    let rig = Rig::new().configured(|config| {
        config.limits.push("bandwidth = \"1 MB/s\"".to_owned());
    });
    for operation in [
        "post_files_content",
        "post_files_id_content",
        "post_folders",
    ] {
        rig.cloud.inject(
            Fault::on(operation)
                .forever()
                .delay(Duration::from_millis(40)),
        );
    }
    let mut longest = Duration::ZERO;
    let mut codes = BTreeMap::new();
    for round in 0..rounds() {
        work(&rig, round, &mut random);
        let args: &[&str] = match random.u32(0..4) {
            0 => &["sync", "--once", "--json"],
            _ => &["sync", "--json"],
        };
        let child = Child::start(rig.command(args));
        std::thread::park_timeout(Duration::from_millis(random.u64(0..700)));
        let asked = Instant::now();
        signal(child.pid(), "TERM");
        let finished = child.finish();
        let took = asked.elapsed();
        // So early that nobody listened for it yet.
        assert!(
            [0, 1, 143].contains(&finished.code),
            "seed {seed}: {finished:?}"
        );
        assert!(took < PROMISED, "seed {seed}: {took:?}: {finished:?}");
        *codes.entry(finished.code).or_insert(0) += 1;
        longest = longest.max(took);
        if random.u32(0..3) > 0 {
            continue;
        }
        rig.once_ok();
        rig.expect_same_as_disk();
    }
    rig.once_ok();
    rig.expect_same_as_disk();
    let idle = rig.once_ok();
    assert_eq!(idle.count("unchanged"), idle.count("scanned"), "{idle}");
    say(&format!(
        "{} stops, by exit code {codes:?}; the longest took {longest:?}",
        rounds()
    ));
    let is_cut = codes.keys().any(|code| *code != 0);
    assert!(is_cut, "seed {seed}: nothing was ever cut off");
}
