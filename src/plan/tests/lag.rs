//! For how long what is not on Box has been waiting.

use super::name;
use crate::model::path::RelPath;
use crate::plan::lag::{Late, Looks, Waiting};
use std::time::{Duration, Instant};

#[test]
fn the_oldest_that_waits_says_how_stale_a_mirror_is() {
    let now = Instant::now();
    let ago = |seconds| now.checked_sub(Duration::from_secs(seconds));
    let none = Waiting::default();
    for (waiting, expected) in [
        (none, None),
        (
            Waiting {
                queued: ago(5),
                ..none
            },
            Some(5),
        ),
        (
            Waiting {
                queued: ago(5),
                late: ago(300),
                ..none
            },
            Some(300),
        ),
        (
            Waiting {
                hinted: ago(2),
                put_off: ago(7),
                held_back: ago(600),
                ..none
            },
            Some(600),
        ),
        (
            Waiting {
                unseen: ago(40),
                queued: ago(5),
                ..none
            },
            Some(40),
        ),
        (
            Waiting {
                still: ago(900),
                ..none
            },
            Some(900),
        ),
        // Box is silent, and nothing is to be sent.
        (
            Waiting {
                silence: ago(900),
                ..none
            },
            None,
        ),
        (
            Waiting {
                silence: ago(900),
                hinted: ago(1),
                ..none
            },
            Some(900),
        ),
        (
            Waiting {
                queued: Some(now + Duration::from_secs(1)),
                ..none
            },
            Some(0),
        ),
    ] {
        let lag = waiting.lag(now).map(|lag| lag.as_secs());
        assert_eq!(lag, expected, "{waiting:?}");
    }
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
