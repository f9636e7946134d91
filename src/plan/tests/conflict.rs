//! What happens to a conflict, and under which name both are kept.

use super::{digest, hashed, stamp};
use crate::model::ids::VersionId;
use crate::model::item::Seen;
use crate::model::name::RemoteName;
use crate::plan::conflict::{Decision, Keep, Way, beside, family, way};
use crate::plan::facts::Local;
use crate::plan::policy::OnForeign;

fn seen(version: &str) -> Seen {
    Seen {
        id: "f".into(),
        version: Some(VersionId::new(version)).filter(|_| !version.is_empty()),
    }
}

/// A decision about version 1, and content 2 as it was shown, against what is found.
fn check(keep: Keep, left: Option<u8>, ours: u8, found: &str, expected: Way) {
    for policy in [OnForeign::NewVersion, OnForeign::Park, OnForeign::KeepBoth] {
        let left = left.map(digest);
        let decision = Decision {
            keep,
            seen: seen("1"),
            left,
        };
        let (shown, ours) = (stamp(2, 5), Local::from(hashed(ours, stamp(ours, 5), 9)));
        let got = way(policy, Some(&decision), Some(&shown), &ours, &seen(found));
        assert_eq!(got, expected, "{policy:?} {decision:?} {found:?}");
    }
}

#[test]
fn a_decision_is_good_for_the_version_that_was_shown_and_for_no_other() {
    for (keep, way) in [
        (Keep::Local, Way::Over),
        (Keep::Box, Way::Leave),
        (Keep::Both, Way::Beside),
    ] {
        check(keep, None, 2, "1", way);
        for other in ["2", ""] {
            check(keep, None, 2, other, Way::Park);
        }
    }
}

#[test]
fn what_was_changed_here_since_is_sent_but_not_left_out() {
    check(Keep::Local, None, 3, "1", Way::Over);
    check(Keep::Both, None, 3, "1", Way::Beside);
    check(Keep::Box, None, 3, "1", Way::Park);
}

#[test]
fn what_was_left_out_stays_out_until_its_content_changes() {
    let (decision, found) = (
        |left| Decision {
            keep: Keep::Box,
            seen: seen("1"),
            left: Some(digest(left)),
        },
        seen("2"),
    );
    let touched = Local::from(hashed(2, stamp(2, 8), 9));
    let of = |policy, left| way(policy, Some(&decision(left)), None, &touched, &found);
    assert_eq!(of(OnForeign::KeepBoth, 2), Way::Park, "Box has moved on");
    // It is over: the policy counts again.
    assert_eq!(of(OnForeign::KeepBoth, 1), Way::Beside);
    assert_eq!(of(OnForeign::NewVersion, 1), Way::Over);
    check(Keep::Box, Some(2), 2, "1", Way::Leave);
}

#[test]
fn the_name_beside_theirs_is_clear_and_keeps_its_ending() {
    let long = "x".repeat(255);
    let odd = format!("a.{}", "y".repeat(60));
    for (name, number, expected) in [
        ("report.pdf", 0, "report.pdf"),
        ("report.pdf", 1, "report (boxup).pdf"),
        ("report.pdf", 2, "report (boxup 2).pdf"),
        ("report (boxup).pdf", 1, "report (boxup) (boxup).pdf"),
        ("Makefile", 1, "Makefile (boxup)"),
        (".bashrc", 1, ".bashrc (boxup)"),
        ("a.tar.gz", 3, "a (boxup 3).tar.gz"),
        ("a.TAR.GZ", 1, "a (boxup).TAR.GZ"),
        (".tar.gz", 1, ".tar (boxup).gz"),
        ("v1.2.3", 1, "v1.2 (boxup).3"),
        ("dot.", 1, "dot (boxup)."),
        ("käse.txt", 1, "käse (boxup).txt"),
        (&odd, 1, &format!("{odd} (boxup)")),
        (&long, 1, &format!("{} (boxup)", "x".repeat(247))),
    ] {
        let got = beside(&RemoteName::from_box(name), number);
        assert_eq!(got.as_str(), expected);
    }
    let wide = format!("{}.pdf", "ü".repeat(251));
    let got = beside(&RemoteName::from_box(wide.as_str()), 12);
    assert_eq!(got.as_str().chars().count(), 255);
    assert!(got.as_str().ends_with("ü (boxup 12).pdf"));
}

#[test]
fn a_name_and_all_names_beside_it_are_one_family() {
    let long = format!("{}.pdf", "x".repeat(251));
    for name in ["report.pdf", "Makefile", "a.tar.gz", ".bashrc", &long] {
        for number in [0, 1, 2, 20] {
            let one = beside(&RemoteName::from_box(name), number);
            let two = beside(&one, 2);
            assert_eq!(family(one.as_str()), family(name), "{one}");
            assert_eq!(family(two.as_str()), family(name), "{two}");
        }
    }
    assert_ne!(family("a.pdf"), family("a.txt"));
    assert_ne!(family("a"), family("b"));
}
