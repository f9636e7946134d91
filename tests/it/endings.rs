//! What comes to an end: a wide tree, a mirror's old name, what failed, what waited, a
//! watch that was lost, a question that nobody wants answered any more.

use crate::rig::{Child, Rig, ask, signal, until};

#[test]
fn a_tree_of_more_directories_than_may_wait_comes_to_its_end() {
    let rig = Rig::new();
    for number in 0..4_500 {
        rig.mkdir(&format!("d{number}"));
    }
    rig.write("d7/last.txt", "last");
    let run = rig.once_ok();
    run.expect(&[("folders_created", 4_500), ("uploaded", 1)]);
    rig.expect_same_as_disk();
}

#[test]
fn a_renamed_mirror_keeps_its_mapping() {
    let mut rig = Rig::new();
    rig.write("a.txt", "a").write("sub/b.txt", "b").once_ok();
    rig = rig.configured(|config| config.mirrors[0][0] = "name = \"other\"".to_owned());
    rig.once_ok().expect(&[("unchanged", 2)]);
    rig.write("a.txt", "newer")
        .once_ok()
        .expect(&[("new_versions", 1), ("unchanged", 1)]);
    rig.expect_versions("a.txt", &["a", "newer"]);
}

#[test]
fn two_mirrors_cannot_have_one_folder_and_the_first_goes_on() {
    let mut rig = Rig::new();
    rig.write("sub/b.txt", "b").once_ok();
    let sub = rig.entry("sub").id;
    rig.add_mirror("second");
    rig = rig.configured(|config| config.mirrors[1][2] = format!("folder_id = {sub:?}"));
    rig.write("sub/b.txt", "newer");
    let run = rig.once();
    run.expect_code(78);
    assert_eq!(run.summary["halted"][0]["reason"], "misconfigured", "{run}");
    assert!(run.words().contains("\"mirror\""), "{run}");
    rig.expect_versions("sub/b.txt", &["b", "newer"]);
}

#[test]
fn what_failed_and_what_waited_is_forgotten_when_it_is_mended_or_gone() {
    let rig = Rig::new().exclude(&["*.bak"]);
    rig.write("bad\\name", "1")
        .write("sub/bad\\too", "2")
        .write("a.txt", "a");
    let service = rig.start();
    assert_eq!(
        service.wait(&rig).1["left"].as_array().map(Vec::len),
        Some(2)
    );
    rig.remove("sub").rename("bad\\name", "good name");
    service.wait_ok(&rig);
    assert_eq!(rig.row_count("parked"), 0);
    rig.write("x\\.txt", "3");
    assert_eq!(service.wait(&rig).0, 1);
    rig.rename("x\\.txt", "x\\.bak");
    service.wait_ok(&rig);
    service.end();
}

#[test]
fn a_path_may_become_something_else_once_box_has_room_for_it() {
    let rig = Rig::new();
    rig.write("thing", "a file").once_ok();
    let id = rig.entry("thing").id;
    rig.remove("thing").write("thing/in.txt", "in");
    rig.once().expect_code(1);
    rig.cloud.trash(&id);
    rig.once_ok();
    rig.expect_same_as_disk();
    let folder = rig.entry("thing").id;
    rig.remove("thing").write("thing", "a file again");
    rig.once().expect_code(1);
    rig.cloud.trash(&folder);
    rig.once_ok();
    rig.expect_same_as_disk();
}

#[test]
fn a_root_that_was_away_for_a_moment_is_watched_again() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    let aside = rig.temp().join("aside");
    std::fs::rename(rig.local(), &aside).expect("moved");
    assert_eq!(service.wait(&rig).0, 3);
    std::fs::rename(&aside, rig.local()).expect("moved back");
    service.wait_ok(&rig);
    until("watched again", || {
        let watched = service.status(&rig)["mirrors"][0]["watched"].clone();
        service.wait_ok(&rig);
        watched == "native"
    });
    rig.write("b.txt", "b").expect_arrival("b.txt", "b");
    service.end();
}

#[test]
fn a_state_directory_may_be_reached_through_a_link() {
    let rig = Rig::new();
    let (real, link) = (rig.temp().join("real"), rig.temp().join("link"));
    std::fs::create_dir(&real).expect("made");
    std::os::unix::fs::symlink(&real, &link).expect("linked");
    let rig = rig.configured(|config| config.state = link.join("state"));
    rig.write("a.txt", "a").once_ok().expect(&[("uploaded", 1)]);
    rig.once_ok().expect(&[("unchanged", 1), ("requests", 0)]);
    assert!(real.join("state/boxup.db").exists());
}

#[test]
fn a_question_can_be_withdrawn() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    rig.cloud.inject(
        box_emulator::Fault::on("post_files_content")
            .forever()
            .hold(),
    );
    let service = rig.start();
    let question = Child::start(rig.command(&["wait", "--timeout", "10m"]));
    until("an upload is held", || rig.cloud.held() == 1);
    signal(question.pid(), "INT");
    assert_eq!(question.finish().code, 1);
    let (code, _) = ask(&rig, &["status", "--json"]);
    assert_eq!(code, 0);
    rig.cloud.clear_faults();
    rig.cloud.release_holds();
    service.wait_ok(&rig);
    service.end();
}
