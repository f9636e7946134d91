//! One directory, as tables. Every row is planned a second time after its edits were
//! applied: then there must be nothing left to edit. For the words see [`words`].

mod words;

use super::policy;
use crate::model::stamp::{Nanos, Stamp};
use crate::plan::policy::{OnForeign, OnInvalidName};
use crate::plan::standing::age_left;
use std::time::Duration;
use words::{Given, check, check_listed, given};

#[test]
fn a_mapped_file_is_judged_by_its_stamp_and_then_by_its_content() {
    check("", "", "");
    check("a=1", "a=1", "unchanged 1");
    check("a=1 b=2", "a=1", "upload b unread; unchanged 1");
    check("a=2", "a=1", "version a");
    check("a=1~", "a=1", "refresh a; unchanged 1");
    check("a=0", "a=1", "version a");
    check("a=busy", "a=1", "version a unread");
    check("a=gone", "a=1", "");
    check("a=locked", "a=1", "fail a read_error");
    check("", "a=1", "");
}

#[test]
fn a_provisional_digest_is_checked_once_when_it_is_due() {
    check("a=1", "a=1p", "unchanged 1");
    check("a=1", "a=1q", "refresh a; unchanged 1");
    check("a=2", "a=1q", "version a");
    // Touched in between: a new state, which is young again.
    check("a=1^", "a=1q", "refresh a for now; unchanged 1");
    check("a=1^", "a=1", "refresh a for now; unchanged 1");
}

#[test]
fn a_file_must_be_quiet_before_it_is_looked_at() {
    check("a=1!", "", "wait a");
    check("a=2!", "a=1", "wait a");
    check("a=1^", "", "upload a unread");
}

#[test]
fn a_large_file_whose_size_tells_enough_is_not_read_by_planning() {
    check("a=1*", "", "upload a unread");
    check("a=1*", "a=2", "version a unread");
    check("a=1", "a=2", "version a");
}

#[test]
fn a_file_that_never_rests_is_taken_as_it_is() {
    check("a=1% b=1!", "", "upload a unread as it is; wait b");
    check("a=2%", "a=1", "version a as it is");
    check("a=1%", "a=1", "refresh a for now; unchanged 1");
    // It has come to rest meanwhile.
    check("a=2&", "a=1", "version a");
}

#[test]
fn what_cannot_go_to_box_is_parked_and_its_neighbours_go_on() {
    check(
        "a\\s=1 b\\c=1 c=1",
        "",
        "upload c unread; park a  name_invalid; park b\\c name_invalid",
    );
    check("b\\c/", "", "park b\\c name_invalid");
    check(
        "a- b? c=1",
        "c=1",
        "exclude a; fail b read_error; unchanged 1",
    );
}

#[test]
fn parked_for_a_cause_in_the_item_waits_until_the_item_changes() {
    check("a=1", "a@wrong_reply=1", "park a wrong_reply");
    check("a=2", "a@wrong_reply=1", "upload a in doubt unread");
    check("a=1", "a@wrong_reply=2", "upload a in doubt unread");
    // What earlier versions could not send.
    check("a=1", "a@too_large=1", "upload a in doubt unread");
    check("a/", "a@item_name_invalid=dir", "park a item_name_invalid");
    // What planning finds by itself it finds again, or not.
    check("a=1", "a@case_twin=1", "upload a in doubt unread");
    check("a=1", "a=1 a@case_twin=1", "unpark a; unchanged 1");
}

#[test]
fn parked_for_a_cause_at_box_is_tried_again() {
    check("a=1", "a#name_taken", "upload a in doubt unread");
    check("a=2", "a=1 a#changed_on_box", "version a in doubt");
    check("a/", "a#name_taken", "folder a");
    check("a/", "a/ a#name_taken", "unpark a; enter a");
}

#[test]
fn content_in_doubt_is_never_unchanged() {
    check("a=2", "a=1 a<2", "version a in doubt");
    check("a=1", "a<1", "upload a in doubt unread");
    // Back to the content that was agreed on: Box may have the other one.
    check("a=1~", "a=1 a<2", "version a in doubt");
    check("a=1", "a=1 a<2", "version a in doubt");
    check("a=1~", "a=1 a#changed_on_box", "version a in doubt");
    check("a=1~", "a=1 a@wrong_reply=2", "version a in doubt");
}

#[test]
fn a_listing_is_compared_before_anything_is_sent() {
    check_listed("a=1", "", "upload a unread; compared");
    check_listed("a=1", "a=1", "adopt a; compared");
    check_listed("a=0", "a=0", "adopt a; compared");
    check_listed("a=1", "A=1", "adopt a; compared");
    check_listed("a=1", "a=2", "park a differs_on_box; compared");
    check_listed("a=1", "a=3", "park a differs_on_box; compared");
    check_listed("a=1", "a=?", "over a; compared");
    check_listed("a=busy", "a=9", "over a unread; compared");
    check_listed("a=gone", "a=9", "compared");
    check_listed("a=locked", "a=9", "fail a read_error; compared");
    check_listed("a=1", "a/", "park a name_taken; compared");
    check_listed("a=1", "a+", "park a name_taken; compared");
    check_listed("a/", "A/", "folder a 80; compared");
    check_listed("a/", "a=1", "park a name_taken; compared");
    check_listed("a/", "", "folder a; compared");
    check_listed("", "a=1", "compared");
}

#[test]
fn with_new_version_a_strangers_file_gets_ours_on_top() {
    let new_version = |disk, listing, expected| {
        let listing = Some(listing);
        let policy = policy(OnForeign::NewVersion, OnForeign::Park);
        Given {
            listing,
            policy,
            ..given(disk, "")
        }
        .check(expected);
    };
    new_version("a=1*", "a=2", "over a unread; compared");
    new_version("a=1", "a=2", "over a; compared");
    new_version("a=1", "a=3", "over a unread; compared");
    new_version("a=1", "a=1", "adopt a; compared");
    new_version("a=1", "a/", "park a name_taken; compared");
}

#[test]
fn with_keep_both_nothing_in_the_way_is_parked() {
    let keep_both = |listing, expected| {
        let policy = policy(OnForeign::KeepBoth, OnForeign::Park);
        Given {
            listing: Some(listing),
            policy,
            ..given("a=1", "")
        }
        .check(expected);
    };
    keep_both("a=2", "over a; compared");
    keep_both("a=3", "over a unread; compared");
    keep_both("a=1", "adopt a; compared");
    keep_both("a/", "upload a unread; compared");
    keep_both("a+", "upload a unread; compared");
}

#[test]
fn what_was_decided_is_for_the_transfer_to_do() {
    for (listing, expected) in [
        ("a=2", "over a; compared"),
        ("a/", "upload a unread; compared"),
    ] {
        Given {
            listing: Some(listing),
            ..given("a=1", "a%both")
        }
        .check(expected);
    }
}

#[test]
fn what_was_decided_does_not_wait() {
    check("a=2", "a=1 a@name_taken=2", "park a name_taken");
    check("a=2", "a=1 a@name_taken=2 a%both", "version a in doubt");
}

#[test]
fn what_was_left_out_by_decision_is_unchanged_until_its_content_changes() {
    check("a=2", "a=2 a%1", "unchanged 1");
    check("a=1~", "a=2 a%1", "refresh a; unchanged 1");
    check("a=3", "a=2 a%1", "version a");
    check("a=1~", "a=2 a%both", "version a");
    check("a=1~", "a=2 a%1 a#changed_on_box", "version a in doubt");
}

#[test]
fn an_unknown_outcome_is_no_strangers_file() {
    let listing = Some("a=2");
    Given {
        listing,
        ..given("a=1", "a<2")
    }
    .check("over a in doubt; compared");
}

#[test]
fn of_twins_the_mapped_one_keeps_the_name_and_else_the_first() {
    check("A=1 a=2", "", "upload A unread; park a case_twin");
    check("A=1 a=2", "a=2", "park A case_twin; unchanged 1");
    check("A=1 a=2", "a=1", "version a; park A case_twin");
    check("A/ a=1", "", "folder A; park a case_twin");
    check("A=1 a/", "a/", "park A case_twin; enter a");
    check(
        "A=1 A\\s=1 a-",
        "",
        "upload A unread; park A  name_invalid; exclude a",
    );
    // Its file is away, its claim is not: nobody has said that it is gone for good.
    check("A=1", "a=1", "park A case_twin");
}

/// The same where all of them are to go.
#[test]
fn names_that_are_encoded_leave_nobody_behind() {
    let with = |disk, mapping, listing, expected| {
        let mut given = given(disk, mapping);
        given.policy.on_invalid_name = OnInvalidName::Encode;
        Given { listing, ..given }.check(expected);
    };
    let check = |disk, mapping, expected| with(disk, mapping, None, expected);
    check("A=1 a=2", "", "upload A unread; upload a apart unread");
    check("A=1 a=2", "a=2", "upload A apart unread; unchanged 1");
    check("A=2 a=1", "A=1 a=1", "version A; unchanged 1");
    check("A/ a=1", "", "folder A; upload a apart unread");
    check("A=1 a/", "a/", "upload A apart unread; enter a");
    check("A/ a/", "", "folder A; folder a apart");
    check("a\\s=1", "", "upload a  as a\u{ff05}20 unread");
    check("b\\c/", "", "folder b\\c as b\u{ff05}5Cc");
    check(
        "b\\c=1 B\\c=1",
        "",
        "upload B\\c as B\u{ff05}5Cc unread; upload b\\c apart unread",
    );
    // What may have been sent under one name is not sent under another.
    check("a=1", "a<1~", "upload a apart in doubt unread");
    check(
        "A=1 a=2",
        "A<1~",
        "upload A apart in doubt unread; upload a unread",
    );
    // Whoever waits for what has the name has it.
    let waits = "upload A apart unread; park a differs_on_box";
    check("A=1 a=2", "a@differs_on_box=2", waits);
    // Whoever has the name on Box in this spelling has it here.
    let listed = |disk, listing, expected| with(disk, "", Some(listing), expected);
    listed("A=1 a=2", "a=2", "upload A apart unread; adopt a; compared");
    // What Box refused under its own name goes under another.
    check("a=1", "a@item_name_invalid=1", "park a item_name_invalid");
    check(
        "b\\c=1",
        "b\\c@item_name_invalid=1",
        "upload b\\c as b\u{ff05}5Cc in doubt unread",
    );
    check("a=1", "a@case_twin=1", "upload a in doubt unread");
}

#[test]
fn what_a_path_was_before_is_for_box_to_say() {
    // Box refuses the name as long as the old item is there; if a person has removed it,
    // the new one goes up.
    check("a/", "a=1", "folder a");
    check("a=1", "a/", "upload a unread");
}

#[test]
fn a_folder_is_entered_once_it_was_compared() {
    check("d/", "d/", "enter d");
    check("d/", "d/?", "folder d 70");
}

#[test]
fn absence_means_something_only_where_all_was_looked_at() {
    check("", "a#name_taken", "unpark a");
    let glimpse = |disk, mapping, listing, expected| {
        let complete = false;
        Given {
            complete,
            listing,
            ..given(disk, mapping)
        }
        .check(expected);
    };
    // What never was on Box is gone when it is not there; of the rest only a pass knows.
    glimpse("", "a#name_taken", None, "unpark a");
    glimpse("", "a=1 a#name_taken", None, "");
    glimpse("b=1", "a=1 a#name_taken b=1", None, "unchanged 1");
    glimpse("b=1", "a=1 a<2 b=1", None, "unchanged 1");
    glimpse("b=1", "", Some("b=1"), "adopt b");
}

#[test]
fn a_file_is_too_young_until_its_age_is_reached_and_never_in_the_future() {
    let second = |number: i64| Nanos(number * 1_000_000_000);
    for (changed, now, left) in [
        (100, 100, Some(60)),
        (100, 130, Some(30)),
        (100, 160, None),
        (100, 500, None),
        (200, 100, None),
        (-100, 100, None),
    ] {
        let stamp = Stamp {
            mtime: second(changed),
            ..Stamp::of_no_file(1)
        };
        let found = age_left(&stamp, second(now), Duration::from_secs(60));
        assert_eq!(found, left.map(Duration::from_secs), "{changed} {now}");
        assert_eq!(age_left(&stamp, second(now), Duration::ZERO), None);
    }
}
