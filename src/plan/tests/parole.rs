//! When what waits for something at Box is tried again.

use super::{SECOND, policy};
use crate::model::stamp::{Nanos, Stamp};
use crate::plan::facts::ParkedItem;
use crate::plan::parole::{is_due, lock_delay};
use crate::plan::policy::{OnForeign, Policy, Quiet};
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
