//! One transfer, as tables of questions and scripted answers. For the words see
//! [`words`].

mod conflicts;
mod words;

use super::{DIR, digest, name, policy};
use crate::plan::facts::Local;
use crate::plan::policy::OnForeign::{KeepBoth, NewVersion, Park};
use crate::plan::policy::OnInvalidName;
use crate::plan::settle::{self, Effect};
use crate::plan::transfer::{Ask, Next, Outcome, Reply, Transfer};
use words::{check, check_both, check_unread, file, ours, reply, work};

#[test]
fn a_new_file_is_sent_after_a_preflight() {
    let sent = "preflight > clear; send > stored x:2.1.1; uploaded x";
    check(Park, "", sent);
    check(NewVersion, "", sent);
}

#[test]
fn a_name_that_is_taken_is_looked_at_before_anything_else() {
    for first in ["preflight > ", "preflight > clear; send > "] {
        let check = |policy, rest: &str| check(policy, "", &format!("{first}{rest}"));
        check(Park, "taken x:2.1.1; owner x > owner -; adopted x");
        check(
            Park,
            "taken x:3.1.1; owner x > owner -; parked differs_on_box",
        );
        check(Park, "taken x:3.1.1; owner x > owner A; parked case_twin");
        check(Park, "taken x:2.1.1; owner x > owner A; parked case_twin");
        check(Park, "taken folder; parked name_taken");
        check(Park, "taken -; retry");
        check(
            Park,
            "taken x:-.1.1; read x > file x:2.1.1; owner x > owner -; adopted x",
        );
        check(
            Park,
            "taken x:3.1.-; read x > file x:2.1.1; owner x > owner -; adopted x",
        );
        check(Park, "taken x:-.1.1; read x > file x:-.1.1; retry");
        check(Park, "taken x:-.1.1; read x > gone; retry");
        check(
            NewVersion,
            "taken x:3.1.7; owner x > owner -; preflight x > clear; send x 7 > stored x:2.2.8; \
             new version x",
        );
    }
}

#[test]
fn a_file_in_the_listing_is_judged_without_asking_for_its_name() {
    check(Park, "existing x:2.1.1", "owner x > owner -; adopted x");
    check(
        Park,
        "existing x:3.1.1",
        "owner x > owner -; parked differs_on_box",
    );
    check(
        Park,
        "existing x:-.1.1",
        "read x > file x:2.1.1; owner x > owner -; adopted x",
    );
    // What is in doubt may be newer than the listing.
    let script = "read x > file x:2.9.9; owner x > owner -; adopted x";
    check(Park, "existing x:3.1.1, intent 2", script);
    let stale = "owner x > owner -; preflight x > clear; send x 1 > stale; read x > file x:3.2.2; \
                 owner x > owner -; preflight x > clear; send x 2 > stored x:2.3.3; new version x";
    check(NewVersion, "existing x:3.1.1", stale);
}

#[test]
fn a_mapped_file_gets_a_version_on_the_state_that_we_know() {
    check(Park, "known f:2.1.1", "unchanged");
    check(
        Park,
        "known f:1.1.1",
        "preflight f > clear; send f 1 > stored f:2.2.2; new version f",
    );
    let read =
        "read f > file f:1.1.5; preflight f > clear; send f 5 > stored f:2.2.6; new version f";
    check(Park, "known f:1.1.-", read);
    check(Park, "known f:1.-.1, parked", read);
}

#[test]
fn a_stale_etag_is_judged_by_what_box_has_now() {
    let check = |policy, rest: &str| {
        let script = format!("preflight f > clear; send f 1 > stale; read f > {rest}");
        check(policy, "known f:1.1.1", &script);
    };
    check(Park, "file f:2.2.2; adopted f");
    check(
        Park,
        "file f:1.1.2; preflight f > clear; send f 2 > stored f:2.2.3; new version f",
    );
    check(
        Park,
        "file f:1.-.2; preflight f > clear; send f 2 > stored f:2.2.3; new version f",
    );
    check(Park, "file f:3.2.2; parked changed_on_box");
    // The old content in a new version: somebody has been there.
    check(Park, "file f:1.2.2; parked changed_on_box");
    check(
        NewVersion,
        "file f:3.2.2; preflight f > clear; send f 2 > stored f:2.3.3; new version f",
    );
    check(Park, "file f:-.2.2; retry");
    check(Park, "file f:2.2.-; retry");
    check(Park, "gone; root > visible; parked gone_from_box");
}

#[test]
fn a_file_that_keeps_changing_on_box_is_left_for_later() {
    let mut script = String::from("preflight f > clear; send f 1 > stale");
    for etag in 2..5 {
        script +=
            &format!("; read f > file f:1.1.{etag}; preflight f > clear; send f {etag} > stale");
    }
    check(Park, "known f:1.1.1", &format!("{script}; retry"));
}

#[test]
fn gone_means_something_only_under_a_root_that_is_there() {
    for (before, asked) in [
        ("known f:1.1.1", "preflight f > gone"),
        ("known f:1.1.1", "preflight f > clear; send f 1 > gone"),
        ("known f:1.1.1, parked", "read f > gone"),
    ] {
        check(Park, before, &format!("{asked}; root > gone; root gone"));
        check(Park, before, &format!("{asked}; root > silence; retry"));
        check(
            Park,
            before,
            &format!("{asked}; root > visible; parked gone_from_box"),
        );
    }
    for asked in ["preflight > gone", "preflight > clear; send > gone"] {
        check(Park, "", &format!("{asked}; root > gone; root gone"));
        check(
            NewVersion,
            "",
            &format!("{asked}; root > visible; parked folder_gone"),
        );
    }
    let again = "preflight f > gone; preflight > clear; send > stored x:2.1.1; uploaded x";
    check(NewVersion, "known f:1.1.1", again);
    let hidden = "preflight f > gone; preflight > gone; root > gone; root gone";
    check(NewVersion, "known f:1.1.1", hidden);
    check_both(
        Park,
        NewVersion,
        "known f:1.1.1",
        "preflight f > gone; preflight > taken x:3.1.1; owner x > owner -; parked differs_on_box",
    );
    check(
        NewVersion,
        "existing x:3.1.1",
        "owner x > owner -; preflight x > gone; retry",
    );
}

#[test]
fn after_doubt_box_is_asked_before_anything_is_sent() {
    // The request had come through, or not, or the disk has moved on since.
    check(
        Park,
        "known f:1.1.1, intent 2",
        "read f > file f:2.2.2; adopted f",
    );
    check(
        Park,
        "known f:1.1.1, intent 2",
        "read f > file f:1.1.1; preflight f > clear; send f 1 > stored f:2.2.2; new version f",
    );
    check(
        Park,
        "known f:1.1.1, intent 5",
        "read f > file f:5.2.2; landed f",
    );
    check(
        Park,
        "known f:1.1.1, intent 5",
        "read f > file f:3.2.2; parked changed_on_box",
    );
    // Back to what we had agreed on, while Box has what was sent in between.
    check(
        Park,
        "known f:2.1.1, intent 5",
        "read f > file f:5.2.2; landed f",
    );
    check(
        Park,
        "known f:2.1.1, parked",
        "read f > file f:2.1.1; adopted f",
    );
    check(
        Park,
        "intent 2",
        "preflight > taken x:2.1.1; owner x > owner -; adopted x",
    );
    check(
        Park,
        "intent 5",
        "preflight > taken x:5.1.1; owner x > owner -; landed x",
    );
    check(
        Park,
        "intent 5",
        "preflight > taken x:3.1.1; owner x > owner -; parked differs_on_box",
    );
    check(
        Park,
        "intent 2",
        "preflight > clear; send > stored x:2.1.1; uploaded x",
    );
}

#[test]
fn a_reply_is_believed_only_if_it_describes_what_was_sent() {
    let check = |rest: &str| {
        check(
            Park,
            "known f:1.1.1",
            &format!("preflight f > clear; send f 1 > stored {rest}"),
        );
    };
    check("f:3.2.2; read f > file f:2.2.2; new version f");
    check("g:2.2.2; read f > file f:2.2.2; new version f");
    check("f:-.2.2; read f > file f:2.2.2; new version f");
    check("f:2.2.-; read f > file f:2.2.2; new version f");
    check("f:3.2.2; read f > file f:3.2.2; parked wrong_reply");
    check("f:3.2.2; read f > silence; retry");
    check("f:3.2.2; read f > gone; retry");
}

#[test]
fn what_is_nobodys_fault_is_told_apart() {
    for (answer, end) in [
        ("later", "retry"),
        ("silence", "retry"),
        ("throttled", "throttled"),
        ("unauthorized", "unauthorized"),
        ("refused", "parked refused"),
    ] {
        check(Park, "", &format!("preflight > {answer}; {end}"));
        check(
            Park,
            "",
            &format!("preflight > clear; send > {answer}; {end}"),
        );
        check(
            Park,
            "known f:1.1.1",
            &format!("preflight f > {answer}; {end}"),
        );
        check(
            Park,
            "known f:1.1.1",
            &format!("preflight f > clear; send f 1 > {answer}; {end}"),
        );
        check(
            Park,
            "known f:1.1.1, parked",
            &format!("read f > {answer}; {end}"),
        );
    }
    check(Park, "", "preflight > clear; send > changed; retry");
    check(Park, "", "preflight > clear; send > vanished; vanished");
    check(Park, "", "preflight > stale; retry");
}

/// Whether it is an answer to that question, other than trouble.
fn fits(ask: &Ask, answer: &str) -> bool {
    match ask {
        Ask::PreflightNew(_) | Ask::PreflightVersion(_) => answer == "clear",
        Ask::SendNew(_) | Ask::SendVersion(_) => answer.starts_with("stored"),
        Ask::Read(_) => answer.starts_with("file"),
        Ask::Owner(_) | Ask::FolderOwner(_) => answer.starts_with("owner"),
        Ask::Root => answer == "visible",
        Ask::Hash => answer == "hashed",
    }
}

#[test]
fn any_answers_lead_to_an_end() {
    let answers = [
        "taken x:3.1.1",
        "taken x:-.1.1",
        "taken folder",
        "stale",
        "gone",
        "later",
        "clear",
        "file f:1.1.1",
        "file f:1.1.2",
        "file f:3.3.3",
        "file f:2.2.2",
        "file x:-.1.1",
        "stored f:2.2.2",
        "stored x:3.1.1",
        "owner -",
        "owner A",
        "visible",
        "hashed",
    ];
    let befores = [
        "",
        "known f:1.1.1",
        "known f:1.1.-, intent 5",
        "existing x:3.1.1",
        "parked",
        "known f:1.1.1, local f 3",
        "known f:1.1.1, box f 3",
        "both x 1",
    ];
    let is_trouble = |answer: &str| matches!(reply(answer), Reply::Trouble(_));
    for seed in 0..20_000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let on_foreign = *rng.choice(&[Park, NewVersion, KeepBoth]).unwrap();
        let work = work(rng.choice(befores).unwrap());
        let mut policy = policy(on_foreign, on_foreign);
        if rng.bool() {
            policy.on_invalid_name = OnInvalidName::Encode;
        }
        let mut local = Local::from(ours());
        local.hashed = local.hashed.filter(|_| rng.bool());
        let mut transfer = Transfer::new(&work, local, policy, "1".into());
        let mut next = transfer.start();
        let mut asked = 0;
        while let Next::Ask(ask) = next {
            let possible: Vec<&str> = answers
                .into_iter()
                .filter(|answer| {
                    fits(&ask, answer)
                        || (is_trouble(answer)
                            && !matches!(ask, Ask::Owner(_) | Ask::FolderOwner(_)))
                })
                .collect();
            next = transfer.answer(reply(rng.choice(&possible).unwrap()));
            asked += 1;
            // Each name beside theirs takes three questions at most.
            assert!(asked < 90, "seed {seed} does not end");
        }
    }
}

#[test]
fn a_file_that_nobody_has_read_is_read_only_where_its_size_does_not_tell() {
    let check = |before, script: &str| check_unread(Park, before, script);
    check("", "preflight > clear; send > stored x:2.1.1; uploaded x");
    check("known f:2.1.1", "hash > hashed; unchanged");
    let sent = "preflight f > clear; send f 1 > stored f:2.2.2; new version f";
    check("known f:3.1.1", sent);
    check("known f:1.1.1", &format!("hash > hashed; {sent}"));
    check("known f:2.1.1", "hash > changed; retry");
    check("known f:2.1.1", "hash > vanished; vanished");
    let taken = |rest: &str| format!("preflight > taken {rest}");
    let other = "x:3.1.1; owner x > owner -; parked differs_on_box";
    check("", &taken(other));
    let same = "x:2.1.1; owner x > owner -; hash > hashed; adopted x";
    check("", &taken(same));
    check("", &taken("x:2.1.1; owner x > owner A; parked case_twin"));
    let stale = "preflight f > clear; send f 1 > stale; read f > ";
    let changed = format!("{stale}file f:5.2.2; parked changed_on_box");
    check("known f:3.1.1", &changed);
    let ours = format!("{stale}file f:2.2.2; hash > hashed; adopted f");
    check("known f:3.1.1", &ours);
    let in_doubt = "read f > file f:2.2.2; hash > hashed; adopted f";
    check("known f:1.1.1, intent 2", in_doubt);
    check("known f:1.1.1, intent 5", "read f > file f:5.2.2; landed f");
}

#[test]
fn what_landed_is_recorded_with_a_stamp_that_no_file_has() {
    let work = work("known f:1.1.1, intent 5");
    let settled = settle::file(
        DIR,
        &work,
        ours().stamp,
        Outcome::Landed(file("f:5.2.2")),
        true,
    );
    let mut mapped = crate::plan::facts::Mapped::default();
    settled
        .edits
        .into_iter()
        .for_each(|edit| super::apply(&mut mapped, edit));
    let row = &mapped.files[&name("a")];
    assert_eq!(row.sha1, digest(5));
    assert!(!row.stamp.same_file_state(&ours().stamp));
    assert!(matches!(settled.effect, Effect::Again(..)));
}
