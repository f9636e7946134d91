//! Both are kept, and what a person decided.

use super::words::{check, check_both, check_unread};
use crate::plan::policy::OnForeign::{KeepBoth, NewVersion, Park};

#[test]
fn ours_goes_beside_a_strangers_file_and_theirs_is_not_touched() {
    let beside = "preflight a (boxup) > clear; send a (boxup) > stored y:2.1.1 called a (boxup); \
                  uploaded y";
    let taken = "preflight > taken x:3.1.1; owner x > owner -";
    check(KeepBoth, "", &format!("{taken}; {beside}"));
    check(
        KeepBoth,
        "existing x:3.1.1",
        &format!("owner x > owner -; {beside}"),
    );
    // Somebody takes the name between the preflight and the upload.
    check(
        KeepBoth,
        "",
        &format!("preflight > clear; send > taken x:3.1.1; owner x > owner -; {beside}"),
    );
    check(KeepBoth, "", &format!("preflight > taken folder; {beside}"));
    check(
        KeepBoth,
        "",
        "preflight > taken x:2.1.1; owner x > owner -; adopted x",
    );
    // A name that Box made of ours is taken as it is, once Box has been asked.
    check(
        KeepBoth,
        "",
        &format!(
            "{taken}; preflight a (boxup) > clear; send a (boxup) > stored y:2.1.1; \
             read y > file y:2.1.1; uploaded y"
        ),
    );
}

#[test]
fn a_name_beside_theirs_that_is_ours_already_is_adopted_and_anothers_is_passed_by() {
    let taken = "preflight > taken x:3.1.1; owner x > owner -";
    check(
        KeepBoth,
        "",
        &format!("{taken}; preflight a (boxup) > taken y:2.1.1; owner y > owner -; adopted y"),
    );
    check(
        KeepBoth,
        "intent 5",
        &format!("{taken}; preflight a (boxup) > taken y:5.1.1; owner y > owner -; landed y"),
    );
    let next = "preflight a (boxup 2) > clear; \
                send a (boxup 2) > stored z:2.1.1 called a (boxup 2); uploaded z";
    for other in ["taken y:4.1.1; owner y > owner -", "taken folder"] {
        check(
            KeepBoth,
            "",
            &format!("{taken}; preflight a (boxup) > {other}; {next}"),
        );
    }
    // Another local file's, whatever it holds.
    check(
        KeepBoth,
        "",
        &format!("{taken}; preflight a (boxup) > taken y:2.1.1; owner y > owner b; {next}"),
    );
    // A twin but for case has no place beside its twin.
    check(
        KeepBoth,
        "",
        "preflight > taken x:3.1.1; owner x > owner A; parked case_twin",
    );
}

#[test]
fn names_beside_theirs_come_to_an_end() {
    let mut script = "preflight > taken x:3.1.1; owner x > owner -".to_owned();
    for number in 1..=20 {
        let mark = match number {
            1 => "boxup".to_owned(),
            number => format!("boxup {number}"),
        };
        script += &format!("; preflight a ({mark}) > taken x:3.1.1; owner x > owner -");
    }
    check(KeepBoth, "", &format!("{script}; parked differs_on_box"));
}

#[test]
fn our_file_that_somebody_changed_stays_theirs_and_ours_becomes_another() {
    let stale = "preflight f > clear; send f 1 > stale; read f > file f:3.2.2";
    let own = "preflight > taken f:3.2.2; owner f > owner -";
    let beside = "preflight a (boxup) > clear; send a (boxup) > stored y:2.1.1 called a (boxup); \
                  uploaded y";
    check(
        KeepBoth,
        "known f:1.1.1",
        &format!("{stale}; {own}; {beside}"),
    );
    // on_existing has no say in it any more.
    for on_existing in [Park, NewVersion] {
        check_both(
            on_existing,
            KeepBoth,
            "known f:1.1.1",
            &format!("{stale}; {own}; {beside}"),
        );
    }
    // They renamed it as well, or moved it: our own name is free.
    check(
        KeepBoth,
        "known f:1.1.1",
        &format!("{stale}; preflight > clear; send > stored y:2.1.1; uploaded y"),
    );
    check(
        KeepBoth,
        "known f:1.1.1",
        "preflight f > clear; send f 1 > stale; read f > file f:1.1.2; preflight f > clear; \
         send f 2 > stored f:2.2.3; new version f",
    );
}

#[test]
fn our_file_that_is_gone_is_uploaded_anew_beside_whatever_has_its_name() {
    check(
        KeepBoth,
        "known f:1.1.1",
        "preflight f > gone; preflight > clear; send > stored x:2.1.1; uploaded x",
    );
    check(
        KeepBoth,
        "known f:1.1.1",
        "preflight f > gone; preflight > taken x:3.1.1; owner x > owner -; \
         preflight a (boxup) > clear; send a (boxup) > stored y:2.1.1 called a (boxup); \
         uploaded y",
    );
    check(
        KeepBoth,
        "known f:1.1.1",
        "preflight f > gone; preflight > gone; root > gone; root gone",
    );
}

#[test]
fn what_a_person_decided_about_this_version_is_done() {
    let before = |keep| format!("known f:1.1.1, {keep} f 3");
    let read = "read f > file f:3.3.3";
    for policy in [Park, NewVersion, KeepBoth] {
        check(
            policy,
            &before("local"),
            &format!("{read}; preflight f > clear; send f 3 > stored f:2.4.4; new version f"),
        );
        check(policy, &before("box"), &format!("{read}; left f"));
        check(
            policy,
            &before("both"),
            &format!(
                "{read}; preflight > taken f:3.3.3; owner f > owner -; \
                 preflight a (boxup) > clear; \
                 send a (boxup) > stored y:2.1.1 called a (boxup); uploaded y"
            ),
        );
    }
}

#[test]
fn what_a_person_decided_about_another_version_is_a_conflict_again() {
    for policy in [Park, NewVersion, KeepBoth] {
        for keep in ["local", "box", "both"] {
            let before = format!("known f:1.1.1, {keep} f 3");
            check(
                policy,
                &before,
                "read f > file f:5.4.4; parked changed_on_box",
            );
            check(
                policy,
                &before,
                "read f > gone; root > visible; parked gone_from_box",
            );
            let existing = format!("existing x:3.1.1, {keep} x 9");
            check(
                policy,
                &existing,
                "read x > file x:3.1.1; owner x > owner -; parked differs_on_box",
            );
        }
        // It changes between the question and the upload.
        check(
            policy,
            "known f:1.1.1, local f 3",
            "read f > file f:3.3.3; preflight f > clear; send f 3 > stale; \
             read f > file f:5.4.4; parked changed_on_box",
        );
        // Only its metadata does.
        check(
            policy,
            "known f:1.1.1, local f 3",
            "read f > file f:3.3.3; preflight f > clear; send f 3 > stale; \
             read f > file f:3.3.4; preflight f > clear; send f 4 > stored f:2.5.5; \
             new version f",
        );
        // The conflict is gone by itself.
        check(
            policy,
            "known f:1.1.1, box f 3",
            "read f > file f:2.4.4; adopted f",
        );
    }
}

#[test]
fn what_a_person_decided_about_a_file_that_is_gone() {
    let gone = "read f > gone";
    check(
        Park,
        "known f:1.1.1, local f",
        &format!("{gone}; preflight > clear; send > stored x:2.1.1; uploaded x"),
    );
    check(
        Park,
        "known f:1.1.1, both f",
        &format!("{gone}; preflight > clear; send > stored x:2.1.1; uploaded x"),
    );
    check(
        Park,
        "known f:1.1.1, box f",
        &format!("{gone}; root > visible; left"),
    );
    // Somebody else has taken the name since: that was not decided about.
    check_both(
        NewVersion,
        Park,
        "known f:1.1.1, local f",
        &format!("{gone}; preflight > taken x:3.1.1; owner x > owner -; parked differs_on_box"),
    );
}

#[test]
fn a_file_beside_a_folder_in_the_way() {
    check(
        Park,
        "both 8",
        "preflight > taken folder; preflight a (boxup) > clear; \
         send a (boxup) > stored y:2.1.1 called a (boxup); uploaded y",
    );
    for keep in ["local", "box"] {
        check(
            Park,
            &format!("{keep} 8"),
            "preflight > taken folder; parked name_taken",
        );
    }
}

#[test]
fn what_nobody_has_read_is_read_before_it_is_left_out() {
    // 4 and 3 have one size, ours another: only what is left out needs a digest.
    let read = "read f > file f:3.3.3";
    check_unread(
        Park,
        "known f:1.1.1, box f 3",
        &format!("{read}; hash > hashed; left f"),
    );
    check_unread(
        Park,
        "known f:1.1.1, local f 3",
        &format!("{read}; preflight f > clear; send f 3 > stored f:2.4.4; new version f"),
    );
    check_unread(
        Park,
        "known f:1.1.1, box f",
        "read f > gone; hash > hashed; root > visible; left",
    );
    check_unread(
        KeepBoth,
        "",
        "preflight > taken x:3.1.1; owner x > owner -; preflight a (boxup) > taken y:2.1.1; \
         owner y > owner -; hash > hashed; adopted y",
    );
}

#[test]
fn a_file_of_another_name_is_not_what_is_meant() {
    // Box takes some names for one that are two to us.
    let taken = "preflight > taken x:3.1.1 called b; owner x > owner -";
    for policy in [Park, NewVersion] {
        check(policy, "", &format!("{taken}; parked name_taken"));
    }
    check(
        KeepBoth,
        "",
        &format!(
            "{taken}; preflight a (boxup) > clear; \
             send a (boxup) > stored y:2.1.1 called a (boxup); uploaded y"
        ),
    );
}
