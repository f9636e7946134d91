//! Accounts without room: what is held back, and what one upload that gets through means.

use super::{name, said};
use crate::model::path::RelPath;
use crate::plan::owners::{Owner, Owners};
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3600);

fn entry(mirror: usize, text: &str) -> (usize, RelPath) {
    (mirror, RelPath::root().join(&name(text)))
}

fn ann() -> Owner {
    Owner::Account("1".to_owned())
}

/// Plays a script against one account and checks which of the sizes 1 to 9 may go after
/// each step. `!5`: refused. `+5`: stored. `?5`: an hour later, a file of that size is the
/// probe.
fn check(script: &[(&str, &str)]) {
    let mut owners = Owners::default();
    let mut now = Instant::now();
    for (step, may_go) in script {
        let (what, size) = step.split_at(1);
        let (key, size) = (entry(0, size), size.parse().unwrap());
        match what {
            "!" => owners.refused(ann(), said(403), size, now),
            "+" => {
                let before = owners.of(&ann()).map_or(u64::MAX, |no_room| no_room.from);
                let is_news = owners.stored(&ann(), &key, size, now);
                let after = owners.of(&ann()).map_or(u64::MAX, |no_room| no_room.from);
                assert_eq!(is_news, after > before, "{step}");
            }
            _ => {
                now += HOUR;
                let due = owners.due(now);
                assert!(size >= due.first().unwrap().1, "{step}: {due:?}");
                owners.probe(&ann(), key, now);
                assert_eq!(owners.due(now), [], "one at a time");
            }
        }
        let goes = |size: &u64| {
            let key = entry(0, &size.to_string());
            owners.held_back(&ann(), &key, *size).is_none()
        };
        let goes: Vec<String> = (1..10).filter(goes).map(|size| size.to_string()).collect();
        assert_eq!(goes.concat(), *may_go, "{step} of {script:?}");
        assert_eq!(owners.next().is_none(), *may_go == "123456789");
    }
}

#[test]
fn what_was_refused_bars_what_is_as_large_and_a_second_time_everything() {
    check(&[
        ("!5", "1234"),
        ("!5", "1234"),
        ("!7", "1234"),
        ("!2", ""),
        ("!1", ""),
    ]);
    // What was under way before the refusal says little.
    check(&[("!5", "1234"), ("+2", "1234"), ("!4", ""), ("+2", "")]);
    // Something as large got through: there is room.
    check(&[("!5", "1234"), ("+5", "123456789")]);
    check(&[("!5", "1234"), ("!3", ""), ("+3", "123456789")]);
}

#[test]
fn one_upload_an_hour_asks_and_what_it_finds_counts() {
    // Still full.
    check(&[
        ("!5", "1234"),
        ("!2", ""),
        ("?2", "2"),
        ("!2", ""),
        ("?3", "3"),
    ]);
    // There is some room, and the large file does not keep the small ones any longer.
    check(&[("!9", "12345678"), ("!5", ""), ("?1", "1"), ("+1", "1234")]);
    check(&[
        ("!5", "1234"),
        ("?6", "12346"),
        ("!6", "1234"),
        ("?5", "12345"),
        ("+5", "123456789"),
    ]);
}

#[test]
fn an_account_is_held_back_in_all_its_mirrors_and_no_other_is() {
    let (mut owners, now) = (Owners::default(), Instant::now());
    owners.refused(ann(), said(403), 0, now);
    let goes =
        |owners: &Owners, owner, mirror| owners.held_back(&owner, &entry(mirror, "a"), 1).is_none();
    assert!(!goes(&owners, ann(), 0) && !goes(&owners, ann(), 7));
    assert!(goes(&owners, Owner::Account("2".to_owned()), 0));
    assert!(goes(&owners, Owner::Of(0), 0));
    assert_eq!(owners.next(), Some(now + HOUR));
    owners.ask_now(now);
    assert_eq!(owners.due(now), [(ann(), 0)]);
    owners.forget(&ann());
    assert!(goes(&owners, ann(), 0) && owners.next().is_none());
}
