//! Moves and renames while the service watches.

use crate::rig::{PATIENCE, Rig, Service};
use box_emulator::Fault;
use std::collections::BTreeMap;

/// The IDs on Box by content, which no two files here have in common.
fn ids(rig: &Rig) -> BTreeMap<String, String> {
    let tree = rig.cloud.tree(&rig.folder);
    let files = tree
        .into_iter()
        .filter_map(|entry| Some((entry.sha1?, entry.id)));
    files.collect()
}

/// Everything is where the disk has it, under the ID that it had, and no byte was sent.
#[track_caller]
fn expect_followed(rig: &Rig, service: &Service, before: &BTreeMap<String, String>) {
    service.wait_ok(rig);
    rig.expect_same_as_disk();
    assert_eq!(ids(rig), *before);
    for operation in ["post_files_content", "post_files_id_content"] {
        assert_eq!(rig.calls(operation), 0, "{operation}");
    }
}

#[test]
fn a_directory_of_ten_thousand_files_is_renamed_under_its_watcher() {
    let rig = Rig::new();
    for number in 0..10_000 {
        let (path, content) = (
            format!("before/{}/f{number}", number % 10),
            number.to_string(),
        );
        rig.write(&path, &content);
        rig.cloud.put_file(&rig.folder, &path, content.as_bytes());
    }
    rig.cloud.set_request_log(false);
    let service = rig.start();
    service.wait_ok(&rig);
    let before = ids(&rig);
    rig.rename("before", "after");
    let is_there =
        |cloud: &box_emulator::BoxEmulator| cloud.entry(&rig.folder, "after/9/f9").is_some();
    assert!(rig.cloud.wait_for(is_there, PATIENCE), "never renamed");
    expect_followed(&rig, &service, &before);
    assert_eq!(rig.calls("put_folders_id"), 1);
    assert_eq!(rig.calls("put_files_id") + rig.calls("post_folders"), 0);
    // What is written there goes on under the new name.
    rig.write("after/9/f9", "edited");
    rig.expect_arrival("after/9/f9", "edited");
    service.end();
}

/// The second look finds it as the first one did, for nothing is recorded yet.
#[test]
fn what_is_found_again_while_it_moves_is_not_asked_for_again() {
    let rig = Rig::new();
    for path in ["before/a.txt", "before/sub/b.txt"] {
        rig.write(path, path);
        rig.cloud.put_file(&rig.folder, path, path.as_bytes());
    }
    let service = rig.start();
    service.wait_ok(&rig);
    let listed = rig.calls("get_folders_id_items");
    rig.cloud.inject(Fault::on("put_folders_id").hold());
    rig.rename("before", "after");
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
    // Both are found by one look.
    rig.write("after/new.txt", "new")
        .write("other.txt", "other");
    rig.expect_arrival("other.txt", "other");
    rig.cloud.release_holds();
    service.wait_ok(&rig);
    rig.expect_same_as_disk();
    for (operation, calls) in [
        ("put_folders_id", 1),
        ("post_folders", 0),
        ("get_folders_id_items", listed),
    ] {
        assert_eq!(rig.calls(operation), calls, "{operation}");
    }
    // The same with a directory that is new.
    let listed = rig.calls("get_folders_id_items");
    rig.cloud
        .inject(Fault::on("post_folders").name("made").hold());
    rig.write("made/a.txt", "a");
    assert!(rig.cloud.wait_for(|cloud| cloud.held() == 1, PATIENCE));
    rig.write("made/new.txt", "new").write("one.txt", "one");
    rig.expect_arrival("one.txt", "one");
    rig.cloud.release_holds();
    service.wait_ok(&rig);
    rig.expect_same_as_disk();
    assert_eq!(rig.calls("post_folders"), 1);
    assert_eq!(rig.calls("get_folders_id_items"), listed);
    service.end();
}

#[test]
fn files_and_directories_that_change_places_are_followed() {
    let rig = Rig::new();
    for name in ["a", "b", "c", "d/x", "e/y", "d/deep/z", "f/g/h"] {
        let content = format!("this is {name}");
        rig.write(name, &content);
        rig.cloud.put_file(&rig.folder, name, content.as_bytes());
    }
    let service = rig.start();
    service.wait_ok(&rig);
    let before = ids(&rig);
    for line in [
        "mv a t; mv b a; mv t b",
        "mv d t; mv e d; mv t e",
        "mv a t; mv b a; mv c b; mv t c",
        "mv e/deep/z d/z; mv f/g g; mv f g/f",
        "mv a A; mv g G; mkdir n; mv G n/; mv A n/a",
    ] {
        rig.shell(line);
        expect_followed(&rig, &service, &before);
    }
    service.end();
}

/// Five thousand renames as fast as they go.
#[test]
fn a_storm_of_renames_leaves_every_file_its_id() {
    let rig = Rig::new().configured(|config| config.watch = vec!["settle = \"1s\"".into()]);
    let mut names: Vec<String> = (0..60)
        .map(|number| format!("{}/f{number}", number % 6))
        .collect();
    for name in &names {
        let content = format!("this is {name}");
        rig.write(name, &content);
        rig.cloud.put_file(&rig.folder, name, content.as_bytes());
    }
    let service = rig.start();
    service.wait_ok(&rig);
    let before = ids(&rig);
    let mut random = fastrand::Rng::with_seed(7);
    for number in 0..5_000 {
        let which = random.usize(..names.len());
        let dir = random.usize(..6);
        match random.u8(..3) {
            0 => {
                let other = random.usize(..names.len());
                if other != which {
                    rig.rename(&names[which], "aside")
                        .rename(&names[other], &names[which].clone());
                    rig.rename("aside", &names[other].clone());
                }
            }
            _ => {
                let to = format!("{dir}/n{number}");
                rig.rename(&names[which], &to);
                names[which] = to;
            }
        }
    }
    expect_followed(&rig, &service, &before);
    service.end();
}
