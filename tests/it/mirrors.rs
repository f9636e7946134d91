//! Several mirrors: what changes about them is said first, once; they share nothing.

use crate::rig::apart::apart;
use crate::rig::{Child, Config, Rig, Run, program};
use std::os::unix::fs::symlink;

/// What was said about mirrors, as `what name`.
fn said(run: &Run) -> Vec<String> {
    let about = run.events.iter().filter(|event| event["event"] == "mirror");
    let shown = about.map(|event| {
        let word = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        assert!(run.stderr.contains(&word("message")), "{event}: {run}");
        format!("{} {}", word("what"), word("mirror"))
    });
    shown.collect()
}

/// A pass about which this is said first.
#[track_caller]
fn pass(rig: &Rig, expected: &[&str]) -> Run {
    let run = rig.once_ok();
    assert_eq!(said(&run), expected, "{run}");
    let first = run.events.iter().take(expected.len());
    assert!(
        first.into_iter().all(|event| event["event"] == "mirror"),
        "not first: {run}"
    );
    run
}

#[test]
fn a_change_of_the_mirrors_is_said_before_anything_is_done_and_said_once() {
    let mut rig = Rig::new();
    rig.write("a.txt", "a").write("sub/b.txt", "b");
    let run = rig.sync(&["--once", "--dry-run"]);
    assert_eq!(said(&run), ["new mirror"], "{run}");
    let run = pass(&rig, &["new mirror"]);
    let about = &run.events[0];
    assert_eq!(about["entries"], 3, "{about}");
    assert_eq!(about["folder"], format!("Box folder {}", rig.folder));
    pass(&rig, &[]);
    let second = rig.add_mirror("second");
    std::fs::write(rig.config.local(1).join("c.txt"), "c").expect("written");
    pass(&rig, &["new second"]);
    // A run of one mirror says nothing of the other.
    let run = rig.sync(&["--once", "--mirror", "mirror"]);
    assert_eq!(said(&run), Vec::<String>::new(), "{run}");
    rig = rig.configured(|config| config.mirrors[1][0] = "name = \"other\"".to_owned());
    pass(&rig, &["renamed other"]).expect(&[("unchanged", 3)]);
    rig = rig.configured(|config| drop(config.mirrors.pop()));
    pass(&rig, &["removed other"]).expect(&[("unchanged", 2)]);
    rig.expect_box_in(&second, ["c.txt: c"]);
    pass(&rig, &[]);
}

/// What was at the former folder stays; what is at the new one is compared.
#[test]
fn a_mirror_that_goes_elsewhere_leaves_everything_where_it_was() {
    let mut rig = Rig::new();
    rig.write("a.txt", "a").write("sub/b.txt", "b");
    pass(&rig, &["new mirror"]);
    let (former, elsewhere) = (rig.folder.clone(), rig.cloud.folder("/Elsewhere"));
    rig.cloud.put_file(&elsewhere, "a.txt", b"a");
    rig.cloud.put_file(&elsewhere, "theirs.txt", b"theirs");
    let before = rig.cloud.tree(&former);
    rig = rig.folder_id(&elsewhere);
    let run = pass(&rig, &["re-pointed mirror"]);
    run.expect(&[("adopted", 1), ("uploaded", 1), ("folders_created", 1)]);
    assert!(
        run.stderr.contains(&former) && run.stderr.contains(&elsewhere),
        "{run}"
    );
    rig.expect_box_in(
        &elsewhere,
        ["a.txt: a", "sub/", "sub/b.txt: b", "theirs.txt: theirs"],
    );
    assert_eq!(rig.cloud.tree(&former), before);
    assert_eq!(
        rig.calls("delete_files_id") + rig.calls("delete_folders_id"),
        0
    );
    pass(&rig, &[]);
    // And back: everything is found again.
    rig = rig.folder_id(&former);
    pass(&rig, &["re-pointed mirror"]).expect(&[("adopted", 2)]);
}

#[test]
fn roots_that_share_a_directory_by_a_link_are_refused() {
    let mut rig = Rig::new();
    rig.add_mirror("second");
    rig.mkdir("sub");
    for (to, expected) in [("mirror", "same directory"), ("mirror/sub", "lies inside")] {
        let link = rig.temp().join("link");
        drop(std::fs::remove_file(&link));
        symlink(rig.temp().join(to), &link).expect("made");
        rig.config.mirrors[1][1] = format!("local = {link:?}");
        rig.config.save();
        let run = rig.once();
        run.expect_code(78);
        assert!(run.stderr.contains(expected), "{run}");
    }
    assert_eq!(rig.cloud.total_requests(), 0);
}

#[test]
fn roots_that_share_a_directory_by_a_bind_mount_are_refused() {
    apart(
        "mirrors::roots_that_share_a_directory_by_a_bind_mount_are_refused",
        || {
            let mut rig = Rig::new();
            rig.add_mirror("second");
            rig.mkdir("sub/deep").mkdir("beside");
            let bind = "mount --bind sub ../second; mkdir -p ../second/deep/er";
            rig.shell(bind);
            let run = rig.once();
            run.expect_code(78);
            assert!(run.stderr.contains("by a bind mount"), "{run}");
            rig.config.mirrors[1][1] = format!("local = {:?}", rig.temp().join("second/deep"));
            rig.config.mirrors[0][1] = format!("local = {:?}", rig.path("beside"));
            rig.config.save();
            // Beside each other, they are two mirrors like any.
            rig.once_ok();
        },
    );
}

/// Two mirrors in one run, and two runs with state directories of their own, that need the
/// same folders at the same time.
#[test]
fn a_folder_path_that_many_need_at_once_is_made_once() {
    let mut rig = Rig::new().folder_path("/Team/Year/first");
    rig.add_mirror("second");
    rig.config.mirrors[1][2] = "folder_path = \"/Team/Year/second\"".to_owned();
    rig.config.save();
    rig.write("a.txt", "a");
    let mut other = Config::new(&rig.cloud, &rig.temp().join("other"), "0");
    std::fs::create_dir_all(rig.temp().join("other/mirror")).expect("made");
    std::fs::create_dir_all(rig.temp().join("other/home")).expect("made");
    other.mirrors[0][2] = "folder_path = \"/Team/Year/third\"".to_owned();
    other.save();
    let mut command = program(&rig.temp().join("other"));
    command.arg("--config").arg(&other.file);
    command.args(["sync", "--once", "--json"]);
    let (ours, theirs) = (rig.begin(), Child::start(command));
    for run in [ours, theirs] {
        Run::of(run.finish()).expect_code(0);
    }
    let team = rig.cloud.folder("/Team");
    let mut names: Vec<_> = rig
        .cloud
        .tree(&team)
        .into_iter()
        .map(|entry| entry.path)
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "Year",
            "Year/first",
            "Year/first/a.txt",
            "Year/second",
            "Year/third"
        ]
    );
    let mut top: Vec<_> = rig
        .cloud
        .tree("0")
        .into_iter()
        .map(|entry| entry.path)
        .collect();
    top.retain(|path| path == "Team");
    assert_eq!(top.len(), 1);
}

/// The second mirror's folder lies in the first one's, which only Box knows. Nothing of one
/// gets into the other's.
#[test]
fn a_folder_of_another_mirror_is_left_to_it_wherever_it_lies() {
    for is_outer_first in [true, false] {
        let mut rig = Rig::new();
        let inner = rig.cloud.folder("/Mirror/sub");
        rig.add_mirror("second");
        rig.config.mirrors[1][2] = format!("folder_id = {inner:?}");
        rig.config.save();
        rig.write("a.txt", "a").write("sub/ours.txt", "ours");
        std::fs::write(rig.config.local(1).join("theirs.txt"), "theirs").expect("written");
        let names = [["mirror", "second"], ["second", "mirror"]][usize::from(!is_outer_first)];
        for name in names {
            rig.sync(&["--once", "--mirror", name]);
        }
        let run = rig.once();
        assert_ne!(run.code, 0, "{run}");
        assert_ne!(run.code, 74, "{run}");
        let on_box = rig.names();
        let both = ["sub/ours.txt", "sub/theirs.txt"];
        let there = both
            .iter()
            .filter(|name| on_box.contains(&(**name).to_owned()));
        assert_eq!(there.count(), 1, "{on_box:?}: {run}");
    }
}
