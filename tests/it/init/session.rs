//! The terminal session in the README prints what the program prints.

use super::{SECRET, endpoints, ends};
use crate::rig::{Rig, clean};
use box_emulator::Access;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The terminal session in the README: each command, and what it prints.
fn session() -> Vec<(String, String)> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(readme).expect("it is there");
    let block = text.split("```console\n").nth(1).expect("it has a session");
    let block = block.split("```").next().unwrap_or_default();
    let commands = block.split("$ ").skip(1);
    commands
        .filter_map(|part| part.split_once('\n'))
        .map(|(command, printed)| (command.to_owned(), printed.to_owned()))
        .collect()
}

/// Whether a text is what was expected, `…` standing for anything within a line.
fn is_like(text: &str, expected: &str) -> bool {
    let mut lines = text.lines();
    let all = expected.lines().all(|expected| {
        let Some(line) = lines.next() else {
            return false;
        };
        let mut parts = expected.split('…');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = line.strip_prefix(first) else {
            return false;
        };
        let mut is_exact = true;
        for part in parts {
            is_exact = part.is_empty();
            let Some(at) = rest.find(part) else {
                return false;
            };
            rest = &rest[at + part.len()..];
            is_exact |= rest.is_empty();
        }
        is_exact && (rest.is_empty() || expected.ends_with('…'))
    });
    all && lines.next().is_none()
}

#[test]
fn the_session_in_the_readme_is_true() {
    let rig = Rig::with(|builder| builder.client_secret(SECRET));
    fs::remove_file(&rig.config.file).expect("removed");
    let config = rig.config.text();
    let app = config.split("client_id = \"").nth(1).expect("an app");
    let app = app.split('"').next().unwrap_or_default();
    let folder = rig.cloud.foreign_folder("Reports", Access::Editor);
    let reports = rig.temp().join("reports");
    fs::create_dir_all(reports.join("2026")).expect("made");
    fs::write(reports.join("2026/june.csv"), "a;b\n").expect("written");
    fs::write(rig.temp().join("secret"), SECRET).expect("written");
    let program = Path::new(env!("CARGO_BIN_EXE_boxup"));
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!(
        "{}:{path}",
        program.parent().expect("a directory").display()
    );
    let session = session();
    assert!(session.len() >= 2, "init and sync at least: {session:?}");
    for (line, printed) in session {
        let mut line = line.replace("123456789", &folder).replace("CLIENT_ID", app);
        if line.starts_with("boxup init") {
            let (command, input) = line.split_once(" <").unwrap_or((&line, " /dev/null"));
            line = format!("{command} {} <{input}", endpoints(&rig).join(" "));
        }
        let mut shell = clean(Command::new("sh"), rig.temp());
        shell
            .env("PATH", &path)
            .args(["-c", &format!("{line} 2>&1")]);
        let finished = ends(shell, 0);
        let expected = printed.replace("123456789", &folder);
        assert!(
            is_like(&finished.stdout, &expected),
            "{line}\nprinted:\n{}\nthe README says:\n{expected}",
            finished.stdout
        );
    }
}
