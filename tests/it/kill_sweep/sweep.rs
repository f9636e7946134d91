//! Killing a scenario at one place after the other, on all cores, and telling.

use super::deletes;
use super::extent::{Extent, seed};
use super::places::{Place, Places};
use super::scenario::Scenario;
use super::strace;
use super::verdict::{self, Aftermath};
use crate::rig::{Rig, each, not_run, other_clock, say};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// What became of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    MadeGood,
    NeverReached,
    Violation,
}

/// Sweeps as much of the scenario as is asked for.
pub(super) fn run(scenario: Scenario, sample: usize) {
    let extent = Extent::of(scenario);
    if extent == Extent::Nothing {
        return;
    }
    if !strace::works() {
        not_run("there is no strace that may trace");
        return;
    }
    if scenario
        .clock()
        .is_some_and(|clock| other_clock(clock).is_none())
    {
        return;
    }
    let places = strace::places(&scenario.rig(), scenario.clock());
    let (chosen, enough) = match extent {
        Extent::Share { part, of } => (share(&places, part, of), usize::MAX),
        _ => (places.sample(seed()), sample),
    };
    let verdicts = each_of(scenario, &chosen, enough);
    report(scenario, &places, &verdicts);
}

fn share(places: &Places, part: usize, of: usize) -> Vec<Place> {
    let is_in = |place: &&Place| place.number % of == part % of;
    places.all.iter().filter(is_in).cloned().collect()
}

/// Kills the scenario there. The same run has its calls in another order now and then, so
/// a place that is not reached gets more than one chance.
fn at(scenario: Scenario, place: &Place) -> Verdict {
    for _ in 0..3 {
        let rig = scenario.rig();
        if scenario == Scenario::Deletes {
            let before = deletes::Before::of(&rig);
            if kill(&rig, scenario, place).is_some() {
                before.is_made_good(&rig, place.number.is_multiple_of(2));
                return Verdict::MadeGood;
            }
        } else if let Some(aftermath) = kill(&rig, scenario, place) {
            verdict::is_made_good(&rig, scenario, &[aftermath]);
            return Verdict::MadeGood;
        }
    }
    Verdict::NeverReached
}

/// Runs a pass that is killed there; `None` when it ended before.
#[track_caller]
fn kill(rig: &Rig, scenario: Scenario, place: &Place) -> Option<Aftermath> {
    let killed = strace::killed_at(rig, scenario.clock(), place);
    if killed.code == 0 {
        return None;
    }
    assert_eq!(killed.code, 128 + 9, "{killed:?}");
    Some(Aftermath::of(rig))
}

/// Kills at the places in turn until enough were reached; with what became of each.
fn each_of(scenario: Scenario, places: &[Place], enough: usize) -> BTreeMap<Place, Verdict> {
    let (next, reached) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let verdicts = Mutex::new(BTreeMap::new());
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let work = || {
        while reached.load(Ordering::Relaxed) < enough {
            let Some(place) = places.get(next.fetch_add(1, Ordering::Relaxed)) else {
                return;
            };
            let done = catch_unwind(AssertUnwindSafe(|| at(scenario, place)));
            let verdict = done.unwrap_or(Verdict::Violation);
            if verdict != Verdict::NeverReached {
                reached.fetch_add(1, Ordering::Relaxed);
            }
            say(&format!("{}, {place}, {verdict:?}", scenario.name()));
            let mut verdicts = verdicts.lock().unwrap_or_else(PoisonError::into_inner);
            verdicts.insert(place.clone(), verdict);
        }
    };
    std::thread::scope(|scope| {
        // Half of the time one waits for a child.
        for _ in 0..2 * cores {
            scope.spawn(work);
        }
    });
    verdicts
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
}

/// A table of what was done, and whether that is good enough.
fn report(scenario: Scenario, places: &Places, verdicts: &BTreeMap<Place, Verdict>) {
    let mut table: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for (place, verdict) in verdicts {
        for row in [place.call.as_str(), "total"] {
            table.entry(row).or_default()[*verdict as usize] += 1;
        }
    }
    say(&format!(
        "{}: {} places, {} more calls that cannot be told from these; seed {}",
        scenario.name(),
        places.all.len(),
        places.hidden,
        seed(),
    ));
    say("call          made good  never reached  violations");
    for (call, [good, never, bad]) in &table {
        say(&format!("{call:12} {good:10} {never:14} {bad:11}"));
    }
    let [good, never, bad] = table["total"];
    let is_bad = |(place, verdict): (&Place, &Verdict)| {
        (*verdict == Verdict::Violation).then(|| place.to_string())
    };
    let violations: Vec<String> = verdicts.iter().filter_map(is_bad).collect();
    assert!(bad == 0, "seed {}: violated at {violations:#?}", seed());
    assert!(never * 4 <= good, "only {good} of {} reached", never + good);
}

/// A run that makes good what a kill has left is killed as well, up to `depth` times.
pub(super) fn nested(cases: usize, depth: usize) {
    // A restart has less to do.
    let kills = any(cases, 12, |rig, scenario, places| {
        let mut after = Vec::new();
        for place in places.take(1 + depth) {
            after.extend(kill(rig, scenario, place));
        }
        verdict::is_made_good(rig, scenario, &after);
        after.len()
    });
    assert!(kills > 2 * cases, "only {kills} kills, seed {}", seed());
}

/// After the kill somebody edits the files. What the killed run wrote is no stranger's,
/// which a mirror that parks what it does not know would tell.
pub(super) fn edited(cases: usize) {
    let kills = any(cases, usize::MAX, |rig, scenario, places| {
        let after: Vec<_> = places
            .take(1)
            .filter_map(|place| kill(rig, scenario, place))
            .collect();
        for (path, found) in rig.tree_on_disk() {
            if let Some((size, _)) = found {
                let file = std::fs::File::options().write(true).open(rig.path(&path));
                let file = file.expect("it can be opened");
                std::os::unix::fs::FileExt::write_all_at(&file, b"edited", size / 2)
                    .expect("it can be written");
            }
        }
        verdict::is_brought_up_to_date(rig, scenario, &after);
        after.len()
    });
    assert!(kills * 2 > cases, "only {kills} kills, seed {}", seed());
}

/// Does this with so many rigs, and places of that scenario numbered up to `highest` in
/// an endless random order. Returns the sum of what it says.
fn any(
    cases: usize,
    highest: usize,
    check: impl Fn(&Rig, Scenario, &mut dyn Iterator<Item = &Place>) -> usize + Sync,
) -> usize {
    if std::env::var_os("BOXUP_SWEEP").is_some() {
        return usize::MAX / 2;
    }
    if !strace::works() {
        not_run("there is no strace that may trace");
        return usize::MAX / 2;
    }
    // One pass at the machine's time is to make it good.
    let now = Scenario::ALL.into_iter().filter(|s| s.clock().is_none());
    let lists: Vec<_> = now
        .map(|scenario| {
            let mut places = strace::places(&scenario.rig(), None);
            places.all.retain(|place| place.number <= highest);
            (scenario, places.sample(seed()))
        })
        .collect();
    let sum = AtomicUsize::new(0);
    let numbers: Vec<usize> = (0..cases).collect();
    each(&numbers, |case| {
        let (scenario, places) = &lists[case % lists.len()];
        let mut random = fastrand::Rng::with_seed(seed() + *case as u64);
        let strict = "on_existing = \"park\"\non_remote_change = \"park\"";
        let rig = scenario.rig().mirror_key(strict);
        let mut random = std::iter::repeat_with(|| {
            let place = &places[random.usize(..places.len())];
            say(&format!("{case}, {}, {place}", scenario.name()));
            place
        });
        let number = check(&rig, *scenario, &mut random);
        sum.fetch_add(number, Ordering::Relaxed);
    });
    sum.into_inner()
}
