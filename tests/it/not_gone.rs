//! Looks that fail: they say nothing about what is gone.

use crate::deletes::{LATER, ONCE, deletes, pass, rig};
use crate::rig::{Child, Run, other_clock, until};
use box_emulator::Fault;

/// By `ulimit -n`: so few that nothing can be opened, up to enough.
#[test]
fn without_file_descriptors_nothing_is_gone() {
    let rig = rig().mirror_key("max_deletes = \"100%\"");
    rig.write("sub/in/a.txt", "a").once_ok();
    let Some(variables) = other_clock(LATER) else {
        return;
    };
    let mut codes = std::collections::BTreeSet::new();
    for most in (6..30).chain([64, 256]) {
        let mut command = rig.command(&ONCE);
        command.envs(variables.clone());
        let mut limited = std::process::Command::new("prlimit");
        limited
            .arg(format!("--nofile={most}"))
            .arg(command.get_program())
            .args(command.get_args());
        let variables = command
            .get_envs()
            .filter_map(|(key, value)| Some((key, value?)));
        limited.env_clear().envs(variables).current_dir(rig.temp());
        codes.insert(Child::start(limited).finish().code);
        assert_eq!(deletes(&rig), 0, "{most}");
    }
    assert!(
        codes.len() > 1 && codes.contains(&0),
        "too few and enough: {codes:?}"
    );
    assert_eq!(rig.row_count("absent"), 0);
    rig.once_ok().expect(&[("unchanged", 101)]);
}

#[test]
fn a_file_that_vanishes_while_it_is_sent_is_one_that_is_gone() {
    let rig = rig();
    rig.write("a.txt", "a").once_ok();
    let id = rig.entry("a.txt").id;
    rig.write("a.txt", "longer");
    rig.cloud
        .inject(Fault::on("options_files_id_content").hold());
    let child = rig.begin();
    until("its preflight is held", || rig.cloud.held() == 1);
    rig.remove("a.txt");
    rig.cloud.release_holds();
    Run::of(child.finish()).expect(&[("unchanged", 100)]);
    rig.expect_versions("a.txt", &["a"]);
    rig.once_ok();
    let Some(run) = pass(&rig, LATER) else {
        return;
    };
    run.expect_code(0)
        .expect(&[("unchanged", 100), ("trashed", 1)]);
    assert!(rig.cloud.is_trashed(&id));
}

/// It may have moved to where this run does not look.
#[test]
fn a_run_of_some_mirrors_deletes_nothing() {
    let mut rig = rig();
    let second = rig.add_mirror("second");
    rig.write("moves.txt", "m").write("goes.txt", "g").once_ok();
    let ids = ["moves.txt", "goes.txt"].map(|path| rig.entry(path).id);
    let there = rig.config.local(1).join("moves.txt");
    std::fs::rename(rig.path("moves.txt"), there).expect("it can be moved");
    rig.remove("goes.txt");
    let alone = ["sync", "--once", "--json", "--mirror", "mirror"];
    for clock in ["+0s", LATER, "+4m"] {
        let Some(command) = rig.command_at(clock, &alone) else {
            return;
        };
        let run = Run::of(Child::start(command).finish());
        run.expect_code(0)
            .expect(&[("unchanged", 100), ("trashed", 0)]);
        let said = run.stderr.matches("deletes wait for a run of all mirrors");
        // When it is new.
        assert_eq!(said.count(), usize::from(clock == "+0s"), "{run}");
    }
    let dry = rig.sync(&["--once", "--dry-run", "--mirror", "mirror"]);
    assert_eq!(dry.count("trashed"), 0, "{dry}");
    assert_eq!(deletes(&rig), 0);
    let run = pass(&rig, "+6m").expect("it could be had before");
    run.expect_code(0)
        .expect(&[("unchanged", 101), ("moved", 1), ("trashed", 1)]);
    assert!(!rig.cloud.is_trashed(&ids[0]) && rig.cloud.is_trashed(&ids[1]));
    rig.expect_box_in(&second, ["moves.txt: m"]);
    assert!(!run.stderr.contains("deletes wait"), "{run}");
}

#[test]
fn what_is_gone_and_left_out_by_a_rule_is_noted_once() {
    let rig = rig();
    rig.write("a.log", "a").write("b.log", "b").once_ok();
    let rig = rig.exclude(&["*.log"]);
    rig.remove("a.log").remove("b.log").once_ok();
    rig.once_ok();
    let rows = rig.rows();
    for _ in 0..2 {
        rig.once_ok()
            .expect(&[("unchanged", 100), ("trashed", 0), ("requests", 0)]);
        let now = rig.rows();
        let other: Vec<_> = now.iter().filter(|row| !rows.contains(row)).collect();
        assert!(other.is_empty() && now.len() == rows.len(), "{other:?}");
    }
    let Some(run) = pass(&rig, LATER) else {
        return;
    };
    run.expect_code(0)
        .expect(&[("unchanged", 100), ("trashed", 0)]);
    assert_eq!((deletes(&rig), rig.row_count("absent")), (0, 2));
}
