//! What is on Box already with our content is ours: nothing is sent twice.

use crate::rig::Rig;

fn filled() -> Rig {
    let rig = Rig::new();
    for number in 0..40 {
        rig.write(&format!("d{}/s/f{number}", number % 4), format!("{number}"));
    }
    rig.mkdir("empty").write("zero", "").write("top", "top");
    rig
}

#[test]
fn a_deleted_state_directory_adopts_everything_and_sends_nothing() {
    let rig = filled();
    rig.once_ok().expect(&[("uploaded", 42)]);
    let before = rig.cloud.tree(&rig.folder);
    std::fs::remove_dir_all(rig.state()).expect("removed");
    rig.cloud.clear_requests();
    let run = rig.once_ok();
    run.expect(&[("adopted", 42), ("bytes_sent", 0), ("folders_created", 0)]);
    assert_eq!(rig.writes(), 0);
    assert_eq!(
        rig.calls("options_files_content"),
        0,
        "listed, not asked one by one"
    );
    assert_eq!(rig.cloud.tree(&rig.folder), before);
    rig.cloud.clear_requests();
    rig.once_ok().expect(&[("unchanged", 42), ("requests", 0)]);
    rig.write("top", "new")
        .once_ok()
        .expect(&[("new_versions", 1), ("unchanged", 41)]);
    rig.expect_versions("top", &["top", "new"]);
}

#[test]
fn what_a_colleague_put_there_with_our_content_is_adopted() {
    let rig = Rig::new();
    rig.cloud.put_file(&rig.folder, "a.txt", b"same");
    rig.cloud.put_file(&rig.folder, "sub/b.txt", b"same too");
    rig.write("a.txt", "same").write("sub/b.txt", "same too");
    rig.write("sub/c.txt", "new");
    let run = rig.once_ok();
    run.expect(&[("adopted", 2), ("uploaded", 1), ("folders_created", 0)]);
    assert_eq!(run.count("folders_adopted"), 1);
    rig.expect_versions("a.txt", &["same"])
        .expect_same_as_disk();
}

#[test]
fn an_adopted_name_keeps_its_spelling_on_box() {
    let rig = Rig::new();
    rig.cloud.put_file(&rig.folder, "Report.TXT", b"same");
    rig.cloud.make_folder(&rig.folder, "SUB");
    rig.write("report.txt", "same").write("sub/x", "x");
    rig.once_ok().expect(&[("adopted", 1), ("uploaded", 1)]);
    rig.expect_box(["Report.TXT: same", "SUB/", "SUB/x: x"]);
    rig.write("report.txt", "edited")
        .once_ok()
        .expect(&[("new_versions", 1), ("unchanged", 1)]);
    rig.expect_box(["Report.TXT: edited", "SUB/", "SUB/x: x"]);
}

#[test]
fn a_folder_path_is_made_where_missing_and_found_afterwards() {
    let rig = Rig::new().folder_path("/Archive/Reports/2024");
    let archive = rig.cloud.folder("/Archive");
    rig.write("a.txt", "a").once_ok().expect(&[("uploaded", 1)]);
    rig.expect_box_in(
        &archive,
        ["Reports/", "Reports/2024/", "Reports/2024/a.txt: a"],
    );
    std::fs::remove_dir_all(rig.state()).expect("removed");
    rig.once_ok().expect(&[("adopted", 1)]);
    rig.expect_box_in(
        &archive,
        ["Reports/", "Reports/2024/", "Reports/2024/a.txt: a"],
    );
}

#[test]
fn a_large_listing_is_read_to_its_end() {
    let rig = Rig::new();
    for number in 0..2_100 {
        rig.cloud
            .put_file(&rig.folder, &format!("f{number}"), b"same");
    }
    for number in [0, 999, 1_000, 1_999, 2_000, 2_099] {
        rig.write(&format!("f{number}"), "same");
    }
    rig.write("new", "new");
    rig.once_ok().expect(&[("adopted", 6), ("uploaded", 1)]);
}
