//! When an entry counts as gone.

use super::{DIR, SECOND, apply, hashed, identity, name, policy, remote, stamp};
use crate::model::ids::{FolderId, FolderKey};
use crate::model::reason::Parked;
use crate::model::stamp::Nanos;
use crate::model::trouble::Said;
use crate::plan::absence::{Absent, Mark};
use crate::plan::action::{DirPlan, Edit, Report, synced};
use crate::plan::brake::MaxDeletes;
use crate::plan::clearance::Clearance;
use crate::plan::directory::plan;
use crate::plan::facts::{
    Digests, DirFacts, LocalEntry, LocalKind, Mapped, ParkedItem, SyncedFolder,
};
use crate::plan::policy::{OnDelete, OnForeign, Policy};
use std::collections::BTreeSet;

const TRASH: OnDelete = OnDelete::Trash(MaxDeletes::Percent(10));

/// A file `f` and a directory `d` that are mapped.
fn mapped() -> Mapped {
    let row = synced(&remote("1", "1", "1", 1, "f"), &hashed(1, stamp(1, 1), 1));
    let row = crate::plan::facts::SyncedFile {
        provisional: false,
        ..row
    };
    let folder = SyncedFolder {
        key: FolderKey(2),
        id: FolderId::new("2"),
        name: None,
        inventoried: true,
        identity: Some(identity(1)),
    };
    Mapped {
        files: [(name("f"), row)].into(),
        folders: [(name("d"), folder)].into(),
        ..Mapped::default()
    }
}

fn looked(mapped: &Mapped, here: &[(&str, LocalKind)], on_delete: OnDelete, at: i64) -> DirPlan {
    look(mapped, here, on_delete, at, true)
}

fn look(
    mapped: &Mapped,
    here: &[(&str, LocalKind)],
    on_delete: OnDelete,
    at: i64,
    complete: bool,
) -> DirPlan {
    let entry = |(text, kind): &(&str, LocalKind)| LocalEntry {
        name: name(text),
        kind: kind.clone(),
    };
    let facts = DirFacts {
        local: here.iter().map(entry).collect(),
        complete,
        mapped: mapped.clone(),
        inventory: None,
        restless: BTreeSet::new(),
        now: Nanos(at),
        steady: Nanos(at),
    };
    let policy = Policy {
        on_delete,
        ..policy(OnForeign::Park, OnForeign::Park)
    };
    plan(DIR, &facts, &Digests::new(), &policy)
}

fn marks(plan: &DirPlan) -> Vec<String> {
    let marks = plan.edits.iter().filter_map(|edit| match edit {
        Edit::Mark(Mark::Absent(_, name, since)) => Some(format!("absent {name} {}", since.0)),
        Edit::Mark(Mark::Present(_, name)) => Some(format!("present {name}")),
        _ => None,
    });
    marks.collect()
}

fn file() -> LocalKind {
    LocalKind::File(stamp(1, 1))
}

#[test]
fn absence_is_noted_once_and_forgotten_with_whatever_is_there() {
    let mut known = mapped();
    let plan = looked(&known, &[], TRASH, 100);
    assert_eq!(marks(&plan), ["absent f 100", "absent d 100"]);
    assert_eq!(plan.missing, [name("f"), name("d")]);
    plan.edits
        .into_iter()
        .for_each(|edit| apply(&mut known, edit));
    let plan = looked(&known, &[], TRASH, 200);
    assert_eq!(marks(&plan), Vec::<String>::new(), "it is known");
    let excluded = crate::model::reason::Exclusion::Hidden;
    for there in [
        file(),
        LocalKind::Excluded(excluded),
        LocalKind::Unreadable("EACCES".to_owned()),
    ] {
        let plan = looked(&known, &[("f", there.clone())], TRASH, 300);
        assert_eq!(marks(&plan), ["present f"], "{there:?}");
        assert_eq!(plan.missing, [name("d")]);
    }
    // What is of another kind is another thing.
    let other = [("d", file()), ("f", LocalKind::Directory(identity(1)))];
    let plan = looked(&known, &other, TRASH, 300);
    assert_eq!(marks(&plan), Vec::<String>::new());
    assert_eq!(marks(&looked(&mapped(), &other, TRASH, 300)).len(), 2);
    assert_eq!(marks(&looked(&known, &other, OnDelete::Keep, 300)).len(), 2);
}

#[test]
fn a_look_at_single_entries_and_a_policy_that_keeps_note_nothing() {
    let known = mapped();
    let plan = look(&known, &[], TRASH, 100, false);
    assert_eq!(marks(&plan), Vec::<String>::new());
    assert_eq!(plan.missing, [name("f"), name("d")], "a reason to look");
    let plan = looked(&known, &[], OnDelete::Keep, 100);
    assert_eq!((marks(&plan), plan.missing), (Vec::new(), Vec::new()));
}

#[test]
fn what_was_noted_ends_with_the_policy_and_with_the_row() {
    let clearance = Clearance::None;
    let since = Nanos(50);
    let absent = Absent { since, clearance };
    let known = Mapped {
        absent: [(name("f"), absent), (name("gone"), absent)].into(),
        ..mapped()
    };
    let plan = looked(
        &known,
        &[("d", LocalKind::Directory(identity(1)))],
        OnDelete::Keep,
        100,
    );
    assert_eq!(marks(&plan), ["present f", "present gone"]);
    let plan = looked(
        &known,
        &[("d", LocalKind::Directory(identity(1)))],
        TRASH,
        100,
    );
    assert_eq!(marks(&plan), ["present gone"]);
    // The clock was set back: the time begins anew.
    let plan = looked(
        &known,
        &[("d", LocalKind::Directory(identity(1)))],
        TRASH,
        40,
    );
    assert_eq!(marks(&plan), ["present gone", "absent f 40"]);
}

#[test]
fn it_counts_after_a_minute() {
    let clearance = Clearance::None;
    let since = Nanos(100 * SECOND);
    let absent = Absent { since, clearance };
    for (now, wait) in [
        (100, Some(60 * SECOND)),
        (159, Some(SECOND)),
        (160, None),
        (1_000, None),
        (90, Some(70 * SECOND)),
    ] {
        assert_eq!(absent.wait(Nanos(now * SECOND)), wait, "{now}");
    }
}

#[test]
fn what_waits_on_box_is_told_until_it_is_tried_again() {
    let why = Parked::Refused(Said::default());
    let item = ParkedItem::new(&why, None);
    let known = Mapped {
        parked: [(name("f"), item.clone()), (name("other"), item)].into(),
        ..mapped()
    };
    let here = [("d", LocalKind::Directory(identity(1)))];
    // Tried at every look: nothing is told beforehand.
    let plan = looked(&known, &here, TRASH, 100);
    assert!(plan.reports.is_empty(), "{:?}", plan.reports);
    let is_unparked = |plan: &DirPlan, text: &str| {
        let edit = Edit::Unpark(DIR, name(text));
        plan.edits.contains(&edit)
    };
    assert!(!is_unparked(&plan, "f") && is_unparked(&plan, "other"));
    let plan = looked(&known, &here, OnDelete::Keep, 100);
    assert!(is_unparked(&plan, "f"));
    let why = Parked::WrongReply("odd".to_owned());
    let item = ParkedItem::new(&why, None);
    let known = Mapped {
        parked: [(name("f"), item)].into(),
        ..mapped()
    };
    let plan = looked(&known, &here, TRASH, 100);
    assert!(matches!(&plan.reports[..], [(_, Report::Parked(_))]));
}
