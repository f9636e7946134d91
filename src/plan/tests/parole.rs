//! When what waits for something at Box is tried again.

use super::{DIR, SECOND, name, policy, stamp};
use crate::model::item::Seen;
use crate::model::stamp::{Nanos, Stamp};
use crate::plan::conflict::CODES;
use crate::plan::conflict::{Decision, Keep};
use crate::plan::directory;
use crate::plan::facts::{Digests, DirFacts, LocalEntry, LocalKind, Mapped, ParkedItem};
use crate::plan::parole::{LEFT, OnRequest, is_due, lock_delay, on_request};
use crate::plan::policy::{OnForeign, Policy, Quiet};
use crate::plan::standing::DECIDED_HERE;
use std::time::Duration;

const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;
const NOW: Nanos = Nanos(100 * DAY);

fn item(code: &str, ago: i64) -> ParkedItem {
    ParkedItem {
        obstacle: None,
        code: code.to_owned(),
        message: "as before".to_owned(),
        in_the_item: false,
        stamp: Some(Stamp::of_no_file(5)),
        tried_at: Nanos(NOW.0 - ago),
    }
}

#[test]
fn daily_and_locks_more_often_and_a_full_account_when_there_is_room() {
    let once = policy(OnForeign::Park, OnForeign::Park);
    let service = Policy {
        quiet: Quiet {
            parked: Duration::from_secs(24 * 60 * 60),
            ..Quiet::NONE
        },
        ..once
    };
    let full_from = |no_room| Policy { no_room, ..service };
    let (lock, full) = ("access_denied_item_locked", "storage_limit_exceeded");
    for (code, ago, policy, expected) in [
        ("forbidden", DAY - 1, service, false),
        ("forbidden", DAY, service, true),
        ("forbidden", 0, once, true),
        // The clock was set back.
        ("forbidden", -1, service, true),
        ("forbidden", NOW.0, service, true),
        (lock, 5 * MINUTE - 1, service, false),
        (lock, 5 * MINUTE, service, true),
        (lock, 0, once, true),
        (full, 0, service, true),
        (full, 0, once, true),
        (full, DAY, full_from(Some(0)), false),
        (full, DAY, full_from(Some(5)), false),
        (full, 0, full_from(Some(6)), true),
    ] {
        let found = is_due(&item(code, ago), NOW, &policy);
        assert_eq!(found, expected, "{code}, {ago} ago, {policy:?}");
    }
}

#[test]
fn a_lock_is_looked_at_ever_more_seldom_and_at_least_once_an_hour() {
    let minutes = |tries| lock_delay(tries).as_secs() / 60;
    let all: Vec<u64> = (1..7).map(minutes).collect();
    assert_eq!(all, [5, 10, 20, 40, 60, 60]);
    assert_eq!(minutes(u32::MAX), 60);
}

/// Whether a file that waits, tried a moment ago, is taken up again.
fn is_taken_up(decision: Option<Decision>, no_room: Option<u64>, code: &str) -> bool {
    let (file, long_ago) = (name("a"), stamp(1, 0));
    let parked = ParkedItem {
        stamp: Some(long_ago),
        ..item(code, SECOND)
    };
    let mapped = Mapped {
        parked: [(file.clone(), parked)].into(),
        decisions: decision
            .map(|decision| (file.clone(), decision))
            .into_iter()
            .collect(),
        ..Mapped::default()
    };
    let kind = LocalKind::File(long_ago);
    let facts = DirFacts {
        local: vec![LocalEntry { name: file, kind }],
        complete: true,
        mapped,
        inventory: None,
        restless: std::collections::BTreeSet::new(),
        now: NOW,
        steady: NOW,
    };
    let quiet = Quiet {
        parked: Duration::from_secs(24 * 60 * 60),
        ..Quiet::NONE
    };
    let policy = Policy {
        quiet,
        no_room,
        ..policy(OnForeign::Park, OnForeign::Park)
    };
    let plan = directory::plan(DIR, &facts, &Digests::new(), &policy);
    assert_eq!(plan.actions.len() + plan.reports.len(), 1, "{plan:?}");
    !plan.actions.is_empty()
}

#[test]
fn what_waits_is_taken_up_when_it_is_due_or_a_person_has_decided() {
    let (conflict, full) = ("changed_on_box", "storage_limit_exceeded");
    let decided = |left| Decision {
        keep: Keep::Local,
        seen: Seen {
            id: "5".into(),
            version: None,
        },
        left,
    };
    assert!(!is_taken_up(None, None, conflict));
    assert!(is_taken_up(Some(decided(None)), None, conflict));
    // It has been done, and does not count any more.
    let done = Some(decided(Some(super::digest(1))));
    assert!(!is_taken_up(done, None, conflict));
    assert!(is_taken_up(None, None, full) && !is_taken_up(None, Some(0), full));
}

#[test]
fn another_try_is_for_what_it_may_change() {
    for code in CODES {
        let expected = match code {
            "folder_gone" => OnRequest::Tried,
            _ => OnRequest::Decided,
        };
        assert_eq!(on_request(code), expected, "{code}");
    }
    for code in DECIDED_HERE {
        assert_eq!(on_request(code), OnRequest::Looked, "{code}");
    }
    for code in [
        "access_denied_item_locked",
        "storage_limit_exceeded",
        "forbidden_by_policy",
        "item_name_invalid",
        "file_size_limit_exceeded",
    ] {
        assert_eq!(on_request(code), OnRequest::Tried, "{code}");
    }
    assert_eq!(LEFT.len(), CODES.len() - 1 + DECIDED_HERE.len());
}
