//! Files that never rest: when they are sent as they are.

use super::name;
use crate::model::path::RelPath;
use crate::plan::restless::Restless;
use std::time::{Duration, Instant};

fn entry(mirror: usize, text: &str) -> (usize, RelPath) {
    (mirror, RelPath::root().join(&name(text)))
}

/// Hears of a file at these seconds, asks after each whether to hand it over, and
/// compares the seconds at which that was so.
fn check(settle: u64, heard: &[u64], rests: &[u64], expected: &[u64]) {
    let start = Instant::now();
    let mut restless = Restless::new(Duration::from_secs(settle));
    let (file, other) = (entry(0, "log"), entry(1, "log"));
    let mut sent = Vec::new();
    for second in 0..1_000 {
        let now = start + Duration::from_secs(second);
        let over_at = heard
            .contains(&second)
            .then(|| restless.heard_of(&file, now).unwrap().latest);
        if rests.contains(&second) {
            restless.is_at_rest(&file);
        }
        assert!(!restless.hand_over(&other, now));
        if let Some(over_at) = over_at.filter(|_| !rests.contains(&second)) {
            let is_due = restless.hand_over(&file, now);
            assert_eq!(is_due, over_at <= now, "second {second}");
            if is_due {
                sent.push(second);
            }
        }
    }
    assert_eq!(sent, expected, "settle {settle}, {heard:?}");
}

#[test]
fn a_file_that_never_rests_is_sent_once_a_minute() {
    let all: Vec<u64> = (0..300).collect();
    check(2, &all, &[], &[30, 90, 150, 210, 270]);
    // Ten times the quiet time, where that is longer.
    check(10, &all, &[], &[100, 160, 220, 280]);
    let seldom: Vec<u64> = (0..300).step_by(25).collect();
    check(2, &seldom, &[], &[50, 125, 200, 275]);
}

#[test]
fn whoever_rests_begins_anew() {
    let all: Vec<u64> = (0..100).collect();
    check(2, &all, &[29], &[60]);
    check(2, &all, &[29, 59], &[90]);
    check(2, &all, &[40], &[30, 71]);
    // And so does a file that nothing was heard of for long.
    check(2, &[0, 310, 335, 345], &[], &[345]);
}

#[test]
fn only_so_many_are_remembered_and_those_that_are_over_make_room() {
    let (start, mut restless) = (Instant::now(), Restless::new(Duration::ZERO));
    let file = |number: u32| entry(0, &number.to_string());
    for number in 0..10_000 {
        assert!(restless.heard_of(&file(number), start).is_some());
    }
    assert_eq!(restless.heard_of(&file(10_000), start), None);
    let later = start + Duration::from_secs(299);
    assert!(restless.heard_of(&file(7), later).is_some());
    assert_eq!(restless.heard_of(&file(10_000), later), None);
    let later = later + Duration::from_secs(2);
    assert!(restless.heard_of(&file(10_000), later).is_some());
    assert!(restless.hand_over(&file(7), later), "it was forgotten");
    assert!(!restless.hand_over(&file(8), later));
}
