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
