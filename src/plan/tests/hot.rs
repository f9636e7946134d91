//! Versions of files that are saved all the time.

use crate::model::path::{LocalName, RelPath};
use crate::plan::hot::{Hot, MOST};
use std::time::{Duration, Instant};

const INTERVAL: u64 = 10;

fn entry(name: &str) -> (usize, RelPath) {
    let name = LocalName::new(name.as_bytes()).unwrap();
    (0, RelPath::root().join(&name))
}

/// A file is saved at these seconds, found at once, and sent within `takes` seconds; the
/// seconds at which a version arrives.
fn check(saves: &[u64], takes: u64, expected: &[u64]) {
    let (start, entry) = (Instant::now(), entry("a"));
    let at = |second| start + Duration::from_secs(second);
    let interval = Duration::from_secs(INTERVAL);
    let mut hot = Hot::default();
    let (mut arrives, mut got, mut unsent) = (None, Vec::new(), false);
    for second in 0..200 {
        if arrives == Some(second) {
            hot.sent(&entry, interval, at(second));
            got.push(second);
            arrives = None;
        }
        let promised = hot.next().is_some_and(|next| next <= at(second));
        let due = hot.due(at(second));
        assert_eq!(promised, !due.is_empty());
        unsent |= saves.contains(&second);
        let is_looked_at = saves.contains(&second) || !due.is_empty();
        if is_looked_at && unsent && hot.may_go(&entry, at(second)) {
            hot.sent(&entry, interval, at(second));
            (unsent, arrives) = (false, Some(second + takes));
            if takes == 0 {
                got.push(second);
                arrives = None;
            }
        }
    }
    assert_eq!(got, expected, "{saves:?}");
    assert!(!unsent, "the last save was never sent: {saves:?}");
    assert_eq!((hot.next(), hot.held_of(0)), (None, 0));
}

#[test]
fn a_file_gets_one_version_in_each_interval_and_one_after_its_last_save() {
    check(&[3], 0, &[3]);
    check(&[3, 20], 0, &[3, 20]);
    check(&[3, 4, 5, 6], 0, &[3, 13]);
    let often: Vec<u64> = (0..25).collect();
    check(&often, 0, &[0, 10, 20, 30]);
    // From one arrival to the next, however long the way is.
    check(&often, 3, &[3, 16, 29]);
    check(&[0, 12], 5, &[5, 20]);
}

#[test]
fn a_version_that_did_not_come_about_holds_nothing_back() {
    let (now, interval) = (Instant::now(), Duration::from_secs(INTERVAL));
    let mut hot = Hot::default();
    hot.sent(&entry("a"), interval, now);
    assert!(!hot.may_go(&entry("a"), now));
    hot.failed(&entry("a"));
    assert!(hot.may_go(&entry("a"), now));
}

#[test]
fn other_files_are_not_held_back_and_what_is_too_much_goes() {
    let (now, interval) = (Instant::now(), Duration::from_secs(INTERVAL));
    let mut hot = Hot::default();
    hot.sent(&entry("a"), interval, now);
    assert!(hot.may_go(&entry("b"), now) && !hot.may_go(&entry("a"), now));
    assert_eq!((hot.held_of(0), hot.held_of(1)), (1, 0));
    // Without an interval nothing is remembered.
    hot.sent(&entry("c"), Duration::ZERO, now);
    assert!(hot.may_go(&entry("c"), now));
    let many = || (0..MOST + 10).map(|number| entry(&number.to_string()));
    many().for_each(|entry| hot.sent(&entry, interval, now));
    let free = many().filter(|entry| hot.may_go(entry, now)).count();
    // Room for one was taken before.
    assert_eq!(free, 11);
    assert_eq!(hot.take_all().len(), MOST);
    assert_eq!(hot.held_of(0), 0);
}
