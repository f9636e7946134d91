//! For how long what is not on Box has been waiting.

use super::name;
use crate::model::path::RelPath;
use crate::plan::lag::{Late, Looks, Waiting};
use std::time::{Duration, Instant};

#[test]
fn the_oldest_that_waits_says_how_stale_a_mirror_is() {
    let now = Instant::now();
    let ago = |seconds| now.checked_sub(Duration::from_secs(seconds));
    type Case = (fn(&mut Waiting) -> [&mut Option<Instant>; 2], [u64; 2]);
    let cases: [(Case, u64); 5] = [
        ((|of| [&mut of.queued, &mut of.late], [5, 300]), 300),
        ((|of| [&mut of.hinted, &mut of.put_off], [2, 7]), 7),
        ((|of| [&mut of.held_back, &mut of.queued], [600, 1]), 600),
        ((|of| [&mut of.unseen, &mut of.still], [40, 5]), 40),
        ((|of| [&mut of.silence, &mut of.hinted], [900, 1]), 900),
    ];
    for ((fields, seconds), expected) in cases {
        let mut waiting = Waiting::default();
        for (field, seconds) in fields(&mut waiting).into_iter().zip(seconds) {
            *field = ago(seconds);
        }
        let lag = waiting.lag(now).map(|lag| lag.as_secs());
        assert_eq!(lag, Some(expected), "{waiting:?}");
    }
    assert_eq!(Waiting::default().lag(now), None);
    // Box is silent, and nothing is to be sent.
    let silence = ago(900);
    let silent = Waiting {
        silence,
        ..Waiting::default()
    };
    assert_eq!(silent.lag(now), None);
}

#[test]
fn what_was_given_up_waits_since_it_was_first_known_of() {
    let start = Instant::now();
    let at = |second| start + Duration::from_secs(second);
    let path = |text: &str| RelPath::root().join(&name(text));
    let mut late = Late::default();
    assert_eq!(late.oldest(), None);
    late.add(path("a"), at(10));
    late.add(path("b"), at(20));
    // Again, after another try: it waits no shorter for that.
    late.add(path("a"), at(300));
    assert_eq!(late.oldest(), Some(at(10)));
    late.add(path("b"), at(5));
    assert_eq!(late.oldest(), Some(at(5)));
    late.remove(&path("b"));
    assert!(late.has(&path("a")) && !late.has(&path("b")));
    assert_eq!(late.oldest(), Some(at(10)));
    late.retain(|other| *other != path("a"));
    assert_eq!(late.oldest(), None);
}

#[test]
fn a_look_waits_until_it_is_over() {
    let start = Instant::now();
    let at = |second| Some(start + Duration::from_secs(second));
    let mut looks = Looks::default();
    looks.add(None);
    assert_eq!(looks.oldest(), None);
    looks.add(at(3));
    looks.add(at(1));
    looks.add(at(1));
    looks.remove(at(1));
    assert_eq!(looks.oldest(), at(1));
    looks.remove(at(1));
    looks.remove(None);
    assert_eq!(looks.oldest(), at(3));
    looks.remove(at(3));
    assert_eq!(looks.oldest(), None);
}
