//! Entries of one directory that Box takes for one, where both are to go there: whichever
//! comes first, whoever sees it first, and whatever becomes of the other.

use crate::rig::{Rig, Run, until};
use std::collections::BTreeMap;

const ENCODE: &str = "on_invalid_name = \"encode\"";

/// Pairs that Box takes for one: by case, by case beyond ASCII, and by composition.
const PAIRS: [[&str; 2]; 3] = [
    ["README.txt", "readme.txt"],
    ["\u{c4}rger", "\u{e4}rger"],
    ["caf\u{e9}.md", "cafe\u{301}.md"],
];

fn encoding() -> Rig {
    Rig::new().mirror_key(ENCODE)
}

/// What is on Box: each content with the name that it has.
fn by_content(rig: &Rig) -> BTreeMap<String, String> {
    let tree = rig.cloud.tree(&rig.folder);
    let files = tree.iter().filter_map(|entry| {
        let content = rig.cloud.content(&entry.id)?;
        Some((
            String::from_utf8_lossy(&content).into_owned(),
            entry.path.clone(),
        ))
    });
    files.collect()
}

/// Both are there, one under the plain name, the other told apart, with its ending.
fn expect_both(rig: &Rig, contents: [&str; 2], plain: &str) -> BTreeMap<String, String> {
    let found = by_content(rig);
    assert_eq!(found.keys().collect::<Vec<_>>(), contents, "{found:?}");
    let is_apart = |name: &&String| name.contains("\u{ff05}~");
    let apart: Vec<_> = found.values().filter(is_apart).collect();
    assert_eq!(apart.len(), 1, "{found:?}");
    let ending = plain.rfind('.').map_or("", |at| &plain[at..]);
    assert!(apart[0].ends_with(ending), "{found:?}");
    found
}

#[test]
fn twins_that_one_pass_finds_together_both_go_and_stay_what_they_are() {
    for [a, b] in PAIRS {
        let rig = encoding();
        rig.write(b, "second").write(a, "first");
        let run = rig.once_ok();
        run.expect(&[("uploaded", 2)]);
        let found = expect_both(&rig, ["first", "second"], a);
        // The first in byte order has the name.
        let winner = if a < b { "first" } else { "second" };
        assert!(!found[winner].contains('\u{ff05}'), "{found:?}");
        rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
        // Whatever happens to one of them, the other keeps its name.
        rig.write(a, "first 2").write(b, "second 2");
        rig.once_ok().expect(&[("new_versions", 2)]);
        let again = by_content(&rig);
        assert_eq!(again["first 2"], found["first"]);
        assert_eq!(again["second 2"], found["second"]);
        // So it is after everything was forgotten.
        std::fs::remove_dir_all(rig.state()).expect("removed");
        rig.once_ok().expect(&[("adopted", 2)]);
        assert_eq!(by_content(&rig), again);
    }
}

#[test]
fn the_one_that_was_there_first_keeps_the_name_in_either_order() {
    for [a, b] in PAIRS {
        for [first, second] in [[a, b], [b, a]] {
            let rig = encoding();
            rig.write(first, "first").once_ok();
            let id = rig.entry(&by_content(&rig)["first"]).id;
            rig.write(second, "second").once_ok();
            let found = expect_both(&rig, ["first", "second"], second);
            assert!(!found["first"].contains('\u{ff05}'), "{found:?}");
            assert_eq!(rig.entry(&found["first"]).id, id);
            // Without its twin it stays what it is.
            rig.remove(first).once();
            rig.write(second, "third").once();
            let after = by_content(&rig);
            assert_eq!(after["third"], found["second"], "{after:?}");
            // What was forgotten is found as it is, not as it would come out anew.
            rig.write(first, "first");
            std::fs::remove_dir_all(rig.state()).expect("removed");
            rig.once_ok().expect(&[("adopted", 2)]);
            assert_eq!(by_content(&rig), after);
        }
    }
}

#[test]
fn a_directory_and_a_file_that_are_twins_both_go() {
    for is_file_first in [true, false] {
        let rig = encoding();
        let file = |rig: &Rig| drop(rig.write("Name", "file").once_ok());
        let directory = |rig: &Rig| drop(rig.write("name/in", "in").once_ok());
        match is_file_first {
            true => (file(&rig), directory(&rig)),
            false => (directory(&rig), file(&rig)),
        };
        let found = by_content(&rig);
        assert_eq!(found.len(), 2, "{found:?}");
        rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
    }
    let rig = encoding();
    rig.write("Dir/a", "a")
        .write("dir/b", "b")
        .write("DIR", "c");
    rig.once_ok()
        .expect(&[("uploaded", 3), ("folders_created", 2)]);
    assert_eq!(by_content(&rig).len(), 3);
    rig.once_ok().expect(&[("unchanged", 3), ("requests", 0)]);
}

/// The watcher tells of one entry at a time: that it has a twin is found on the way.
#[test]
fn the_service_sends_twins_in_either_order_without_waiting_for_a_pass() {
    let rig = encoding();
    let service = rig.start();
    service.wait_ok(&rig);
    for (number, [a, b]) in PAIRS.into_iter().enumerate() {
        for (order, [first, second]) in [[a, b], [b, a]].into_iter().enumerate() {
            let dir = format!("{number}{order}");
            let is_there = |content: &str| by_content(&rig).contains_key(content);
            let (one, two) = (format!("{dir} first"), format!("{dir} second"));
            rig.write(&format!("{dir}/{first}"), &one);
            until("the first has arrived", || is_there(&one));
            rig.write(&format!("{dir}/{second}"), &two);
            until("the second has arrived", || is_there(&two));
            let found = by_content(&rig);
            assert!(!found[&one].contains('\u{ff05}'), "{found:?}");
            assert!(found[&two].contains("\u{ff05}~"), "{found:?}");
        }
    }
    // A file and a directory.
    rig.write("kind", "kind file");
    until("the file has arrived", || {
        by_content(&rig).contains_key("kind file")
    });
    rig.write("KIND/in", "kind in");
    until("what is in the directory has arrived", || {
        by_content(&rig).contains_key("kind in")
    });
    rig.write("way/in", "way in");
    until("the directory has arrived", || {
        by_content(&rig).contains_key("way in")
    });
    rig.write("WAY", "way file");
    until("the file has arrived", || {
        by_content(&rig).contains_key("way file")
    });
    service.wait_ok(&rig);
    let before = by_content(&rig);
    service.end();
    rig.once_ok()
        .expect(&[("requests", 0), ("unchanged", before.len() as u64)]);
    assert_eq!(by_content(&rig), before);
}

/// Box takes more for one than we know of: then it says so, and nothing is overwritten.
#[test]
fn twins_by_compatibility_are_both_there_or_one_is_told_apart() {
    let rig = encoding();
    rig.write("\u{fb01}le.txt", "ligature")
        .write("file.txt", "letters");
    rig.once_ok().expect(&[("uploaded", 2)]);
    assert_eq!(by_content(&rig).len(), 2);
    rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
}

#[test]
fn a_preview_tells_the_same_names() {
    let rig = encoding();
    rig.write("A.txt", "1")
        .write("a.txt", "2")
        .write("b\\", "3")
        .write("d\\/x", "4");
    let told = |run: &Run| {
        let events = run.events.iter().filter(|event| !event["path"].is_null());
        let names = events.map(|event| (event["path"].clone(), event["box_name"].clone()));
        let mut names: Vec<_> = names.map(|pair| format!("{pair:?}")).collect();
        names.sort();
        names
    };
    let would = told(&rig.sync(&["--once", "--dry-run"]));
    assert_eq!(would, told(&rig.once_ok()));
    assert_eq!(
        would
            .iter()
            .filter(|pair| pair.contains('\u{ff05}'))
            .count(),
        3,
        "{would:?}"
    );
}

/// Where each content is: the name on Box and the ID.
fn places(rig: &Rig) -> BTreeMap<String, (String, String)> {
    let tree = rig.cloud.tree(&rig.folder);
    let files = tree.into_iter().filter_map(|entry| {
        let content = rig.cloud.content(&entry.id)?;
        let content = String::from_utf8_lossy(&content).into_owned();
        Some((content, (entry.path, entry.id)))
    });
    files.collect()
}

/// Files are renamed onto a twin's name and away from it; nothing is sent again.
fn renames(rig: &Rig, mut settle: impl FnMut()) {
    rig.write("a.txt", "one").write("b.txt", "two");
    settle();
    let before = places(rig);
    rig.rename("b.txt", "A.txt");
    settle();
    let now = places(rig);
    assert_eq!(now["one"], before["one"]);
    assert_eq!(now["two"].1, before["two"].1, "{now:?}");
    assert!(now["two"].0.contains("\u{ff05}~"), "{now:?}");
    // The one that has the name goes: the other stays what it is.
    rig.rename("a.txt", "c.txt");
    settle();
    let later = places(rig);
    assert_eq!(later["one"], ("c.txt".to_owned(), before["one"].1.clone()));
    assert_eq!(later["two"], now["two"]);
    // A change of its own name in case alone.
    rig.rename("A.txt", "a.txt");
    settle();
    let last = places(rig);
    assert_eq!(last["two"], ("a.txt".to_owned(), before["two"].1.clone()));
    // To and fro, twins of each other all the time.
    rig.rename("c.txt", "A.TXT");
    settle();
    rig.rename("a.txt", "x")
        .rename("A.TXT", "a.txt")
        .rename("x", "A.TXT");
    settle();
    let swapped = places(rig);
    assert_eq!(swapped.len(), 2, "{swapped:?}");
    assert_eq!(swapped["one"].1, before["one"].1);
    assert_eq!(swapped["two"].1, before["two"].1);
    assert_eq!(
        rig.cloud.count("post_files_content"),
        2,
        "something was sent again"
    );
}

#[test]
fn twins_that_are_renamed_keep_their_files_in_single_passes() {
    let rig = encoding();
    renames(&rig, || drop(rig.once_ok()));
    rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
}

#[test]
fn twins_that_are_renamed_keep_their_files_in_the_service() {
    let rig = encoding();
    let service = rig.start();
    renames(&rig, || service.wait_ok(&rig));
    service.end();
    rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
}

/// As above, by hints alone: nobody asks for a pass.
#[test]
fn a_file_that_is_renamed_onto_a_twins_name_goes_there_without_a_pass() {
    let rig = encoding();
    let service = rig.start();
    rig.write("a.txt", "one").write("b.txt", "two");
    service.wait_ok(&rig);
    let before = places(&rig);
    rig.rename("b.txt", "A.txt");
    until("it has another name", || {
        places(&rig)["two"].0.contains("\u{ff05}~")
    });
    rig.rename("A.txt", "d.txt");
    until("it has its own name again", || {
        places(&rig)["two"].0 == "d.txt"
    });
    service.wait_ok(&rig);
    assert_eq!(places(&rig)["one"], before["one"]);
    assert_eq!(places(&rig)["two"].1, before["two"].1);
    service.end();
}
