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

/// Whether a text is what was expected, `…` standing for anything within a line. Where
/// lines and columns begin depends on how long paths and ports are, and does not count.
fn is_like(text: &str, expected: &str) -> bool {
    let narrow = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let whole = |text: &str| -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for line in text.lines() {
            match lines.last_mut() {
                Some(last) if line.starts_with("          ") => {
                    last.push(' ');
                    last.push_str(&narrow(line));
                }
                _ => lines.push(narrow(line)),
            }
        }
        lines
    };
    let (text, expected) = (whole(text), whole(expected));
    let mut pairs = text.iter().zip(&expected);
    text.len() == expected.len() && pairs.all(|(line, expected)| fits(line, expected))
}

fn fits(line: &str, expected: &str) -> bool {
    let Some((head, tail)) = expected.split_once('…') else {
        return line == expected;
    };
    let rest = line.strip_prefix(head);
    let mut ends = rest.into_iter().flat_map(|rest| {
        let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
        ends.map(|at| &rest[at..])
    });
    ends.any(|rest| fits(rest, tail))
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
    assert!(session.len() >= 3, "init, doctor and sync: {session:?}");
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
