//! Edits here and on Box at the same time, with the real program: nobody's version is lost
//! or has one of ours on top of it that was not meant for it.

use crate::rig::{Rig, each, sha1};
use std::collections::BTreeSet;

const FILES: usize = 24;
const ROUNDS: usize = 10;
/// Of the files, this many are edited on Box in each round.
const THEIRS: usize = 9;

/// What others wrote has none of ours on top: no two contents are alike here, so nothing
/// is adopted, and nobody decides anything.
#[track_caller]
fn check(rig: &Rig, written: &BTreeSet<String>) {
    let mut found = BTreeSet::new();
    for entry in rig.cloud.tree(&rig.folder) {
        let versions = rig.cloud.versions(&entry.id);
        let ours = |at: usize| versions[at].created_by.starts_with("AutomationUser");
        for at in 0..versions.len() {
            if !ours(at) {
                found.insert(versions[at].sha1.clone());
            }
            let is_over_theirs = at > 0 && ours(at) && !ours(at - 1);
            assert!(!is_over_theirs, "{}: {versions:?}", entry.path);
        }
    }
    assert_eq!(&found, written, "what others wrote");
}

#[test]
fn nobodys_edit_is_lost_or_superseded_unseen() {
    each(&["park", "keep_both"], |policy| {
        let rig = Rig::new()
            .mirror_key(&format!("on_existing = \"{policy}\""))
            .mirror_key(&format!("on_remote_change = \"{policy}\""));
        let service = rig.start();
        let mut written = BTreeSet::new();
        for round in 0..ROUNDS {
            // New ones in each round: what has met a conflict takes no further part.
            let name = |file: usize| format!("{round} {file:02}.txt");
            for file in 0..FILES {
                rig.write(&name(file), format!("{round} {file} first"));
            }
            service.wait(&rig);
            let theirs = |at: usize| {
                let file = (round * 7 + at * 5) % FILES;
                (file, format!("theirs {round} {at}"))
            };
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    for at in 0..THEIRS {
                        let (file, content) = theirs(at);
                        rig.cloud
                            .put_file(&rig.folder, &name(file), content.as_bytes());
                    }
                });
                for file in 0..FILES {
                    rig.write(&name(file), format!("ours {round} {file}"));
                }
            });
            written.extend((0..THEIRS).map(|at| sha1(theirs(at).1.as_bytes())));
            service.wait(&rig);
        }
        check(&rig, &written);
        if *policy == "keep_both" {
            service.wait_ok(&rig);
            let on_box = rig.cloud.tree(&rig.folder).into_iter();
            let on_box: BTreeSet<_> = on_box.filter_map(|entry| entry.sha1).collect();
            for last in (0..ROUNDS)
                .flat_map(|round| (0..FILES).map(move |file| format!("ours {round} {file}")))
            {
                assert!(on_box.contains(&sha1(last.as_bytes())), "{last}");
            }
        }
        service.term();
    });
}
