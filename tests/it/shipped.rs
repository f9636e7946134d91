//! What ships is right: the example, the help, the README.

use crate::rig::{Child, Rig, program};
use std::collections::BTreeMap;
use std::path::Path;

fn repository(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_example_is_a_right_configuration() {
    let rig = Rig::new();
    let example = std::fs::read_to_string(repository("sync.example.toml")).expect("read");
    rig.config.save_text(&example);
    let mut command = rig.command(&["config", "check"]);
    command.env("BOXUP_CLIENT_SECRET", "from-the-environment");
    let finished = Child::start(command).finish();
    assert_eq!(finished.code, 0, "{finished:?}");
    // Every key that the program knows is explained there: the emulator's
    // configuration uses nothing else.
    for line in rig.config.text().lines() {
        if let Some((key, _)) = line.split_once(" = ") {
            assert!(
                example.contains(&format!("{key} = ")),
                "{key} is not explained"
            );
        }
    }
}

#[test]
fn the_image_is_built_with_the_rust_that_the_program_asks_for() {
    let read = |path| std::fs::read_to_string(repository(path)).expect("read");
    let (image, manifest) = (read("Dockerfile"), read("Cargo.toml"));
    let rust = manifest.split("rust-version = \"").nth(1).expect("named");
    let rust = rust.split('"').next().unwrap_or_default();
    assert!(image.contains(&format!("FROM rust:{rust}-")), "{image}");
}

/// The exit codes of a text, with their first words.
fn codes(text: &str, split: char) -> BTreeMap<u8, String> {
    text.lines()
        .filter_map(|line| {
            let line = line.trim().trim_start_matches('|').trim();
            let (code, meaning) = line.split_once(split)?;
            Some((code.trim().parse().ok()?, meaning.trim().to_owned()))
        })
        .filter(|(_, meaning)| !meaning.is_empty())
        .collect()
}

#[test]
fn help_and_readme_list_every_exit_code() {
    let rig = Rig::new();
    let mut command = program(rig.temp());
    command.arg("--help");
    let help = Child::start(command).finish();
    assert_eq!((help.code, help.stderr.as_str()), (0, ""));
    let section = help
        .stdout
        .split("Exit codes:")
        .nth(1)
        .expect("it tells the codes");
    let section = section.split("\n\n").next().unwrap_or_default();
    let told = codes(section, ' ');
    for code in [0, 1, 2, 3, 69, 75, 77, 78] {
        assert!(told.contains_key(&code), "{code} is not in: {section}");
    }
    let Ok(readme) = std::fs::read_to_string(repository("README.md")) else {
        return;
    };
    let section = readme
        .split("## Exit codes")
        .nth(1)
        .expect("it has the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let written: Vec<u8> = codes(section, '|').into_keys().collect();
    assert_eq!(written, told.into_keys().collect::<Vec<_>>());
}

#[test]
fn a_reader_that_goes_away_stops_nothing() {
    let rig = Rig::new();
    for number in 0..50 {
        rig.write(&format!("f{number}"), "x");
    }
    let command = rig.command(&["sync", "--once"]);
    let mut shell = crate::rig::clean(std::process::Command::new("sh"), rig.temp());
    shell.args(["-c", "\"$@\" | head -n 1", "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    assert_eq!(Child::start(shell).finish().code, 0);
    let all_there = || rig.cloud.tree(&rig.folder).len() == 50;
    crate::rig::until("everything is on Box", all_there);
    crate::rig::until("the run has ended", || rig.once().code == 0);
}

#[test]
fn closed_streams_and_an_odd_environment_stop_nothing() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let command = rig.command(&["sync", "--once"]);
    let mut shell = crate::rig::clean(std::process::Command::new("sh"), rig.temp());
    shell.args(["-c", "unset HOME; LC_ALL=C exec \"$@\" <&- >&- 2>&-", "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    assert_eq!(Child::start(shell).finish().code, 0);
    rig.expect_same_as_disk();
}
