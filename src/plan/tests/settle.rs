//! What outcomes mean for the mapping and for the queue.

use super::{DIR, hashed, name, remote, said, stamp};
use crate::model::reason::{Failed, Parked};
use crate::model::trouble::Trouble;
use crate::plan::action::{Edit, Report};
use crate::plan::queue::End;
use crate::plan::settle::{self, Effect};
use crate::plan::verdict::Verdict;
use std::time::Duration;

/// What becomes of a file that met this trouble. `answered`: Box spoke to somebody.
fn check(trouble: Trouble, answered: bool, expected: &Effect, parked: bool) {
    let stamp = Some(stamp(1, 1));
    let settled = settle::verdict(DIR, &name("a"), Verdict::of(trouble), stamp, answered);
    assert_eq!(settled.effect, *expected);
    let is_parked =
        matches!(settled.edits.as_slice(), [Edit::Park(_, _, item)] if item.stamp == stamp);
    assert_eq!(
        (is_parked, settled.edits.len()),
        (parked, usize::from(parked))
    );
}

#[test]
fn trouble_is_sorted_by_whose_fault_it_is() {
    let after = Some(Duration::from_secs(9));
    let by_box = || Failed::Box(said(503));
    let again = |end, failed| Effect::Again(end, failed);
    let lost = || Trouble::NoAnswer("reset".to_owned());
    let silence = || Failed::NoAnswer("reset".to_owned());
    let slow = Failed::NoAnswer("Box asked to slow down for too long".to_owned());
    check(lost(), true, &again(End::Failed(None), silence()), false);
    // Nobody gets through: the file is not to blame.
    check(lost(), false, &again(End::Innocent(None), silence()), false);
    let later = Trouble::Later(said(503), after);
    check(later, false, &again(End::Failed(after), by_box()), false);
    let throttled = Trouble::Throttled(said(429), after);
    check(throttled, true, &again(End::Innocent(after), slow), false);
    for moved in [
        Trouble::NameTaken(said(503), None),
        Trouble::Stale(said(503)),
        Trouble::Gone(said(503)),
        Trouble::Damaged(said(503)),
    ] {
        check(moved, true, &again(End::Failed(None), by_box()), false);
    }
    let refused = Effect::Done(Report::Parked(Parked::Refused(said(403))));
    check(Trouble::Refused(said(403)), true, &refused, true);
    check(
        Trouble::Unauthorized(said(401)),
        true,
        &Effect::Unauthorized(said(401)),
        false,
    );
    let changing = again(End::Failed(None), Failed::Changing);
    check(Trouble::LocalChanged, true, &changing, false);
    check(Trouble::LocalGone, true, &Effect::Vanished, false);
    let unreadable = Effect::Done(Report::Failed(Failed::Read("no".to_owned())));
    check(
        Trouble::LocalRead("no".to_owned()),
        true,
        &unreadable,
        false,
    );
}

#[test]
fn a_row_is_provisional_as_long_as_the_digest_may_be_out_of_date() {
    const YOUNG: i64 = crate::model::stamp::YOUNG;
    let row = |changed, read| {
        let file = remote("1", "1", "1", 1, "a");
        crate::plan::action::synced(&file, &hashed(1, stamp(1, changed), read))
    };
    assert!(row(0, 0).provisional);
    assert!(row(0, YOUNG - 1).provisional);
    assert!(!row(0, YOUNG).provisional);
    assert!(row(5, 0).provisional, "a change time in the future");
}
