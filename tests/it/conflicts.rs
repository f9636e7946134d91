//! What others did on Box: never overwritten blindly, decided by the two policies.

use crate::rig::Rig;

const PARK_EXISTING: &str = "on_existing = \"park\"";
const REPLACE_CHANGED: &str = "on_remote_change = \"new_version\"";

#[test]
fn an_existing_file_gets_a_new_version_of_its_own_id() {
    let rig = Rig::new();
    let id = rig.cloud.put_file(&rig.folder, "a.txt", b"theirs");
    rig.write("a.txt", "ours");
    let run = rig.once_ok();
    run.expect(&[("new_versions", 1)]);
    assert_eq!(
        run.expect_event("a.txt", "new_version")["file_id"],
        id.as_str()
    );
    assert_eq!(rig.entry("a.txt").id, id);
    rig.expect_versions("a.txt", &["theirs", "ours"]);
}

#[test]
fn an_existing_file_is_left_alone_where_the_policy_says_so() {
    let rig = Rig::new().mirror_key(PARK_EXISTING);
    // The same size and another one: both ways of finding out.
    rig.cloud.put_file(&rig.folder, "a.txt", b"them");
    rig.cloud
        .put_file(&rig.folder, "b.txt", b"longer than ours");
    rig.write("a.txt", "ours").write("b.txt", "ours");
    for _ in 0..2 {
        let run = rig.once();
        run.expect_code(1);
        run.expect(&[("parked", 2)]);
        run.expect_event("a.txt", "parked differs_on_box");
        run.expect_event("b.txt", "parked differs_on_box");
        rig.expect_box(["a.txt: them", "b.txt: longer than ours"]);
    }
    assert_eq!(rig.writes(), 0);
    // The person decides: their copy gets another name.
    rig.cloud.rename(&rig.entry("a.txt").id, "a (theirs).txt");
    let run = rig.once();
    run.expect(&[("uploaded", 1), ("parked", 1)]);
    rig.expect_box([
        "a.txt: ours",
        "a (theirs).txt: them",
        "b.txt: longer than ours",
    ]);
}

#[test]
fn a_change_on_box_parks_our_edit() {
    let rig = Rig::new();
    rig.write("a.txt", "one").write("b.txt", "b").once_ok();
    rig.cloud.put_file(&rig.folder, "a.txt", b"theirs");
    // A change on Box alone is none of our business.
    rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
    rig.write("a.txt", "two").write("b.txt", "b2");
    for _ in 0..2 {
        let run = rig.once();
        run.expect_code(1);
        run.expect_event("a.txt", "parked changed_on_box");
        rig.expect_versions("a.txt", &["one", "theirs"]);
    }
    rig.expect_versions("b.txt", &["b", "b2"]);
    // Reverting the edit ends the conflict as far as the disk is concerned; taking over
    // their content agrees with Box.
    rig.write("a.txt", "theirs");
    rig.once_ok()
        .expect(&[("adopted", 1), ("unchanged", 1), ("bytes_sent", 0)]);
    rig.write("a.txt", "three").once_ok();
    rig.expect_versions("a.txt", &["one", "theirs", "three"]);
}

#[test]
fn a_change_on_box_is_superseded_where_the_policy_says_so() {
    let rig = Rig::new().mirror_key(REPLACE_CHANGED);
    rig.write("a.txt", "one").once_ok();
    rig.cloud.put_file(&rig.folder, "a.txt", b"theirs");
    rig.write("a.txt", "two")
        .once_ok()
        .expect(&[("new_versions", 1)]);
    rig.expect_versions("a.txt", &["one", "theirs", "two"]);
}

#[test]
fn a_change_of_metadata_alone_is_no_conflict_and_the_name_on_box_stays() {
    let rig = Rig::new();
    rig.write("a.txt", "one").write("b.txt", "one").once_ok();
    rig.cloud.touch(&rig.entry("a.txt").id);
    let renamed = rig.entry("b.txt").id;
    rig.cloud.rename(&renamed, "called otherwise.txt");
    rig.write("a.txt", "two").write("b.txt", "two");
    rig.once_ok().expect(&[("new_versions", 2)]);
    rig.expect_box(["a.txt: two", "called otherwise.txt: two"]);
    assert_eq!(rig.cloud.versions(&renamed).len(), 2);
    rig.cloud.clear_requests();
    rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
    rig.write("b.txt", "three").once_ok();
    rig.expect_box(["a.txt: two", "called otherwise.txt: three"]);
}

#[test]
fn a_file_moved_on_box_is_followed_by_its_id() {
    let rig = Rig::new();
    rig.write("a.txt", "one").once_ok();
    let elsewhere = rig.cloud.folder("/Elsewhere");
    rig.cloud.move_to(&rig.entry("a.txt").id, &elsewhere);
    rig.write("a.txt", "two")
        .once_ok()
        .expect(&[("new_versions", 1)]);
    rig.expect_box([]);
    rig.expect_box_in(&elsewhere, ["a.txt: two"]);
}

#[test]
fn a_folder_moved_and_renamed_on_box_is_followed_by_its_id() {
    let rig = Rig::new();
    rig.write("sub/a.txt", "one").once_ok();
    let elsewhere = rig.cloud.folder("/Elsewhere");
    let sub = rig.entry("sub").id;
    rig.cloud.rename(&sub, "Sub of theirs");
    rig.cloud.move_to(&sub, &elsewhere);
    rig.write("sub/a.txt", "two").write("sub/b.txt", "b");
    rig.once_ok()
        .expect(&[("new_versions", 1), ("uploaded", 1)]);
    rig.expect_box([]);
    rig.expect_box_in(
        &elsewhere,
        [
            "Sub of theirs/",
            "Sub of theirs/a.txt: two",
            "Sub of theirs/b.txt: b",
        ],
    );
}

#[test]
fn a_trashed_file_parks_our_edit_and_is_not_brought_back_unasked() {
    let rig = Rig::new();
    rig.write("a.txt", "one").write("b.txt", "b").once_ok();
    let id = rig.entry("a.txt").id;
    rig.cloud.trash(&id);
    rig.once_ok().expect(&[("unchanged", 2)]);
    rig.write("a.txt", "two");
    let run = rig.once();
    run.expect_code(1);
    run.expect_event("a.txt", "parked gone_from_box");
    assert!(rig.cloud.is_trashed(&id));
    rig.expect_box(["b.txt: b"]);
    rig.cloud.untrash(&id);
    rig.once_ok()
        .expect(&[("new_versions", 1), ("unchanged", 1)]);
    rig.expect_versions("a.txt", &["one", "two"]);
}

#[test]
fn a_trashed_file_is_uploaded_again_where_the_policy_says_so() {
    for purge in [false, true] {
        let rig = Rig::new().mirror_key(REPLACE_CHANGED);
        rig.write("a.txt", "one").once_ok();
        let id = rig.entry("a.txt").id;
        rig.cloud.trash(&id);
        if purge {
            rig.cloud.purge(&id);
        }
        rig.write("a.txt", "two")
            .once_ok()
            .expect(&[("uploaded", 1)]);
        rig.expect_box(["a.txt: two"]);
        assert_ne!(rig.entry("a.txt").id, id);
        rig.write("a.txt", "three")
            .once_ok()
            .expect(&[("new_versions", 1)]);
        rig.expect_versions("a.txt", &["two", "three"]);
    }
}

#[test]
fn a_trashed_folder_parks_what_belongs_in_it_and_nothing_else() {
    let rig = Rig::new();
    rig.write("sub/a.txt", "one").write("b.txt", "b").once_ok();
    rig.cloud.trash(&rig.entry("sub").id);
    rig.write("sub/new.txt", "new").write("b.txt", "b2");
    let run = rig.once();
    run.expect_code(1);
    run.expect_event("sub/new.txt", "parked folder_gone");
    rig.expect_box(["b.txt: b2"]);
}

#[test]
fn box_moving_under_the_upload_is_noticed_by_the_etag() {
    let rig = Rig::new();
    rig.write("a.txt", "one").once_ok();
    rig.write("a.txt", "two");
    let hold = box_emulator::Effect::HoldBefore;
    rig.cloud
        .inject(box_emulator::Fault::on("post_files_id_content").effect(hold));
    let run = rig.begin();
    assert!(
        rig.cloud
            .wait_for(|cloud| cloud.held() == 1, crate::rig::PATIENCE)
    );
    rig.cloud.put_file(&rig.folder, "a.txt", b"theirs");
    rig.cloud.release_holds();
    let run = crate::rig::Run::of(run.finish());
    run.expect_code(1);
    run.expect_event("a.txt", "parked changed_on_box");
    rig.expect_versions("a.txt", &["one", "theirs"]);
    assert_eq!(rig.cloud.count_status("post_files_id_content", 412), 1);
}
