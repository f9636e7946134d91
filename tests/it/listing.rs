//! `boxup conflicts`: what waits for a decision, with both sides.

use crate::rig::{Lines, Rig};

/// Four kinds of conflicts, one parked file that is none, and one that is well.
fn conflicts() -> Rig {
    let rig = Rig::new().mirror_key("on_existing = \"park\"");
    rig.cloud.put_file(&rig.folder, "differs.txt", b"theirs");
    rig.cloud.make_folder(&rig.folder, "taken.txt");
    for name in ["changed.txt", "gone.txt", "sub/in.txt", "well.txt"] {
        rig.write(name, "one");
    }
    rig.write("differs.txt", "ours").write("taken.txt", "ours");
    rig.write("trailing ", "no conflict");
    rig.once();
    rig.cloud
        .put_file(&rig.folder, "changed.txt", b"theirs too");
    rig.cloud.trash(&rig.entry("gone.txt").id);
    rig.write("changed.txt", "two").write("gone.txt", "two");
    rig.once().expect_code(1);
    rig
}

#[test]
fn every_conflict_is_listed_with_both_sides() {
    let rig = conflicts();
    let listed = rig.conflicts();
    listed.expect_code(0);
    let reasons: Vec<_> = listed
        .lines
        .iter()
        .map(|line| {
            (
                line["path"].as_str().unwrap(),
                line["reason"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("changed.txt", "changed_on_box"),
        ("differs.txt", "differs_on_box"),
        ("gone.txt", "gone_from_box"),
        ("taken.txt", "name_taken"),
    ];
    assert_eq!(reasons, expected);
    assert_eq!(listed.summary["conflicts"], 4);
    assert_eq!(listed.summary["box_asked"], true);
    let changed = listed.about("changed.txt");
    let entry = rig.entry("changed.txt");
    let version = rig.cloud.versions(&entry.id).pop().unwrap();
    assert_eq!(changed["event"], "conflict");
    assert_eq!(changed["mirror"], "mirror");
    assert_eq!(changed["local"]["size"], 3);
    assert!(changed["local"]["mtime"].as_str().unwrap().ends_with('Z'));
    let theirs = &changed["box"];
    assert_eq!(theirs["id"], entry.id);
    assert_eq!(theirs["version"], version.id);
    assert_eq!(
        (&theirs["size"], &theirs["state"]),
        (&10.into(), &"now".into())
    );
    assert!(theirs["modified_at"].is_string(), "{theirs}");
    let author = theirs["author"].as_str().unwrap();
    assert!(author.contains(&version.created_by), "{theirs}");
    assert_eq!(listed.about("gone.txt")["box"]["state"], "gone");
    assert_eq!(listed.about("taken.txt")["box"]["state"], "recorded");
    assert_eq!(
        listed.about("taken.txt")["box"]["id"],
        rig.entry("taken.txt").id
    );
    // Looking changes nothing: it is all still there, and nothing was written.
    let writes = rig.writes();
    assert_eq!(rig.conflicts().lines, listed.lines);
    assert_eq!(rig.writes(), writes);
}

#[test]
fn what_happened_on_box_since_is_told_as_it_is_now() {
    let rig = conflicts();
    rig.cloud
        .put_file(&rig.folder, "changed.txt", b"theirs once more");
    rig.cloud
        .rename(&rig.entry("differs.txt").id, "renamed.txt");
    let listed = rig.conflicts();
    assert_eq!(listed.about("changed.txt")["box"]["size"], 16);
    assert_eq!(listed.about("differs.txt")["box"]["name"], "renamed.txt");
    let text = rig.run(&["conflicts"]).stdout;
    let version = listed.about("changed.txt")["box"]["version"].clone();
    let command = format!(
        "boxup resolve mirror/changed.txt --keep both --seen {}",
        version.as_str().unwrap()
    );
    assert!(text.contains(&command), "{text}");
    assert!(
        text.contains("boxup resolve mirror/taken.txt --keep both\n"),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn without_box_its_side_is_told_as_it_was_last_seen() {
    let rig = conflicts();
    rig.cloud.set_app_authorized(false);
    rig.cloud.expire_tokens();
    std::fs::remove_file(rig.state().join("token-ccg.json")).ok();
    let listed = rig.conflicts();
    listed.expect_code(0);
    assert_eq!(listed.summary["box_asked"], false, "{listed}");
    assert!(listed.summary["error"].is_object(), "{listed}");
    let theirs = &listed.about("changed.txt")["box"];
    assert_eq!(theirs["state"], "recorded");
    assert_eq!(theirs["id"], rig.entry("changed.txt").id);
    assert!(
        theirs["version"].is_string() && theirs["size"].is_null(),
        "{theirs}"
    );
    assert!(listed.stderr.contains("as it was last seen"), "{listed}");
}

#[test]
fn nothing_is_an_answer_too_and_works_beside_the_service() {
    let mut rig = Rig::new();
    let none = rig.conflicts();
    none.expect_code(0);
    assert_eq!(
        (none.lines.len(), &none.summary["conflicts"]),
        (0, &0.into())
    );
    assert!(!rig.state().exists(), "looking makes no state");
    rig.add_mirror("second");
    rig.write("a.txt", "one").once_ok();
    let service = rig.start();
    service.wait_ok(&rig);
    rig.cloud.put_file(&rig.folder, "a.txt", b"theirs");
    rig.write("a.txt", "two");
    assert_eq!(service.wait(&rig).0, 1);
    assert_eq!(rig.conflicts().about("a.txt")["reason"], "changed_on_box");
    let second = rig.run(&["conflicts", "--json", "--mirror", "second"]);
    assert_eq!(Lines::of(second).summary["conflicts"], 0);
    let first = rig.run(&["conflicts", "--json", "--mirror", "mirror"]);
    assert_eq!(Lines::of(first).summary["conflicts"], 1);
    let unknown = Lines::of(rig.run(&["conflicts", "--json", "--mirror", "third"]));
    unknown.expect_code(2);
    assert!(unknown.stderr.contains("\"third\""), "{unknown}");
    service.term();
}

#[test]
fn a_folder_that_is_gone_is_listed_and_cannot_be_decided_about() {
    let rig = Rig::new();
    rig.write("sub/a.txt", "one").once_ok();
    rig.cloud.trash(&rig.entry("sub").id);
    rig.write("sub/b.txt", "new");
    rig.once().expect_code(1);
    let listed = rig.conflicts();
    assert_eq!(listed.about("sub/b.txt")["reason"], "folder_gone");
    assert!(listed.about("sub/b.txt")["box"].is_null());
    let text = rig.run(&["conflicts"]).stdout;
    assert!(!text.contains("boxup resolve mirror"), "{text}");
    let refused = rig.resolve(&["mirror/sub/b.txt", "--keep", "both"]);
    refused.expect_code(2);
    assert!(refused.stderr.contains("restore it"), "{refused}");
}
