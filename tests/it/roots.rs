//! Local roots that are not as they should be: that mirror halts, the others go on.

use crate::rig::{Child, Rig, Run};
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_missing_root_halts_with_3_and_asks_nothing_of_box() {
    let rig = Rig::new();
    rig.remove("");
    let run = rig.once();
    run.expect_code(3);
    assert_eq!(run.summary["halted"][0]["reason"], "root_missing", "{run}");
    // How much there is, nobody knows.
    let new = run.events.iter().find(|event| event["event"] == "mirror");
    let new = new.unwrap_or_else(|| panic!("it is not announced: {run}"));
    let message = new["message"].as_str().unwrap_or_default();
    assert!(
        new["entries"].is_null() && message.contains("cannot be read now"),
        "{run}"
    );
    assert!(run.words().contains("local"), "{run}");
    assert_eq!(rig.cloud.total_requests(), 0);
    rig.sync(&["--once", "--dry-run"]).expect_code(3);
    std::fs::write(rig.local(), "a file").expect("written");
    rig.once().expect_code(3);
    std::fs::remove_file(rig.local()).expect("removed");
    rig.write("a.txt", "a").once_ok();
}

#[test]
fn a_root_that_went_missing_after_its_first_pass_is_no_delete() {
    let rig = Rig::new();
    rig.write("a.txt", "a").write("sub/b.txt", "b").once_ok();
    let (rows, aside) = (rig.rows(), rig.temp().join("aside"));
    std::fs::rename(rig.local(), &aside).expect("moved");
    rig.once().expect_code(3);
    assert_eq!(rig.rows(), rows);
    std::fs::rename(&aside, rig.local()).expect("moved back");
    rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
}

#[test]
fn an_emptied_root_halts_and_says_what_to_look_at() {
    let rig = Rig::new();
    rig.write("a.txt", "a").write("sub/b.txt", "b").once_ok();
    let rows = rig.rows();
    rig.remove("a.txt").remove("sub");
    for _ in 0..2 {
        let run = rig.once();
        run.expect_code(3);
        assert_eq!(run.summary["halted"][0]["reason"], "root_emptied", "{run}");
        assert!(run.words().contains("mounted"), "{run}");
    }
    rig.sync(&["--once", "--dry-run"]).expect_code(3);
    assert_eq!(rig.rows(), rows);
    rig.expect_box(["a.txt: a", "sub/", "sub/b.txt: b"]);
    rig.write("a.txt", "a").once_ok();
}

#[test]
fn a_root_that_was_always_empty_is_no_emptied_one() {
    let rig = Rig::new();
    rig.once_ok().expect(&[]);
    rig.once_ok().expect(&[("requests", 0)]);
}

#[test]
fn a_root_that_cannot_be_read_halts() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let Some(command) = rig.command_as_nobody(&["sync", "--once", "--json"]) else {
        return;
    };
    let mode = |mode| std::fs::set_permissions(rig.local(), PermissionsExt::from_mode(mode));
    mode(0o000).expect("set");
    let run = Run::of(Child::start(command).finish());
    mode(0o755).expect("set");
    run.expect_code(3);
    assert_eq!(
        run.summary["halted"][0]["reason"], "root_unreadable",
        "{run}"
    );
}

#[test]
fn several_mirrors_at_once_and_one_that_halts_stops_no_other() {
    let mut rig = Rig::new();
    let (second, third) = (rig.add_mirror("second"), rig.add_mirror("third"));
    rig.write("a.txt", "a");
    std::fs::write(rig.config.local(2).join("c.txt"), "c").expect("written");
    std::fs::remove_dir(rig.config.local(1)).expect("removed");
    let run = rig.once();
    run.expect_code(3);
    run.expect(&[("uploaded", 2)]);
    assert_eq!(run.summary["halted"][0]["mirror"], "second", "{run}");
    rig.expect_box(["a.txt: a"]).expect_box_in(&second, []);
    rig.expect_box_in(&third, ["c.txt: c"]);
    std::fs::create_dir(rig.config.local(1)).expect("made");
    std::fs::write(rig.config.local(1).join("b.txt"), "b").expect("written");
    rig.once_ok().expect(&[("uploaded", 1), ("unchanged", 2)]);
    rig.expect_box_in(&second, ["b.txt: b"]);
}

#[test]
fn the_code_that_needs_a_person_most_wins_over_several_mirrors() {
    let mut rig = Rig::new();
    rig.add_mirror("gone");
    std::fs::remove_dir(rig.config.local(1)).expect("removed");
    let hidden = rig
        .cloud
        .foreign_folder("Hidden", box_emulator::Access::None);
    let local = rig.temp().join("third");
    std::fs::create_dir(&local).expect("made");
    rig.config.add_mirror("third", &local, &hidden);
    let rig = rig.configured(|_| ());
    rig.write("a.txt", "a").write("trailing ", "x");
    std::fs::write(local.join("x"), "x").expect("written");
    rig.once().expect_code(77);
    rig.expect_box(["a.txt: a"]);
    rig.sync(&["--once", "--mirror", "mirror", "--mirror", "gone"])
        .expect_code(3);
    rig.sync(&["--once", "--mirror", "mirror"]).expect_code(1);
}

#[test]
fn only_the_mirrors_that_are_named_are_looked_at() {
    let mut rig = Rig::new();
    let second = rig.add_mirror("second");
    rig.write("a.txt", "a");
    std::fs::write(rig.config.local(1).join("b.txt"), "b").expect("written");
    let run = rig.sync(&["--once", "--mirror", "second"]);
    run.expect_code(0);
    run.expect(&[("uploaded", 1)]);
    rig.expect_box([]).expect_box_in(&second, ["b.txt: b"]);
    let before = rig.cloud.total_requests();
    let unknown = rig.sync(&["--once", "--mirror", "nobody"]);
    unknown.expect_code(2);
    for name in ["nobody", "second"] {
        assert!(unknown.stderr.contains(name), "{unknown}");
    }
    assert_eq!(rig.cloud.total_requests(), before);
    rig.once_ok().expect(&[("uploaded", 1), ("unchanged", 1)]);
}
