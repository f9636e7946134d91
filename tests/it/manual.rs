//! The manual pages, and what the long help says of the environment.

use crate::rig::{Child, Rig, clean, not_run, program};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const SECTIONS: [&str; 8] = [
    "NAME",
    "SYNOPSIS",
    "DESCRIPTION",
    "OPTIONS",
    "EXAMPLES",
    "EXIT STATUS",
    "ENVIRONMENT",
    "FILES",
];

#[test]
fn each_page_has_its_sections_and_is_set_without_a_warning() {
    let rig = Rig::new();
    let dir = rig.temp().join("man");
    std::fs::create_dir(&dir).expect("made");
    let written = rig.run(&["man", dir.to_str().expect("text")]);
    assert_eq!(written.code, 0, "{written:?}");
    let pages = std::fs::read_dir(&dir).expect("listed").flatten();
    let pages: Vec<_> = pages.map(|page| page.path()).collect();
    assert!(pages.len() > 20, "{pages:?}");
    for page in &pages {
        let text = std::fs::read_to_string(page).expect("read");
        let has_commands = text.contains(".SH SUBCOMMANDS");
        for section in SECTIONS {
            let is_there = text.contains(&format!(".SH {section}\n"))
                || text.contains(&format!(".SH \"{section}\"\n"));
            let is_elsewhere = has_commands && section == "EXAMPLES";
            assert!(
                is_there || is_elsewhere,
                "{page:?} has no {section}: {text}"
            );
        }
        let Ok(probe) = Command::new("groff").arg("--version").output() else {
            not_run("there is no groff");
            return;
        };
        assert!(probe.status.success());
        let mut groff = clean(Command::new("groff"), rig.temp());
        groff
            .args(["-k", "-ww", "-man", "-Tutf8", "-rLL=80n"])
            .arg(page);
        let set = Child::start(groff).finish();
        assert_eq!((set.code, set.stderr.as_str()), (0, ""), "{page:?}");
        let plain = |line: &str| without_looks(line).chars().count();
        let widest = set.stdout.lines().max_by_key(|line| plain(line));
        let widest = widest.unwrap_or_default();
        assert!(plain(widest) <= 85, "{page:?}: {widest}");
    }
}

/// Bold is a letter over a letter, or a sequence of the terminal.
fn without_looks(line: &str) -> String {
    let mut struck = String::new();
    for c in line.chars() {
        match c {
            '\u{8}' => drop(struck.pop()),
            c => struck.push(c),
        }
    }
    let line = struck.as_str();
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.filter_map(|part| part.split_once('m'));
    rest.fold(first, |line, (_, text)| line + text)
}

/// The names that begin like this in a text.
fn names(text: &str, beginning: &str) -> BTreeSet<String> {
    let parts = text.split(beginning).skip(1);
    let name = |part: &str| {
        let end = part.find(|c: char| !c.is_ascii_uppercase() && c != '_');
        format!("{beginning}{}", &part[..end.unwrap_or(part.len())])
    };
    parts.map(name).collect()
}

fn sources(dir: &Path, into: &mut String) {
    for entry in std::fs::read_dir(dir).expect("listed").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.file_name().is_none_or(|name| name != "manual.rs") {
            into.push_str(&std::fs::read_to_string(&path).expect("read"));
        }
    }
}

#[test]
fn every_variable_that_is_heeded_is_told() {
    let rig = Rig::new();
    let mut command = program(rig.temp());
    command.arg("--help");
    let help = Child::start(command).finish().stdout;
    let section = help
        .split("Environment:\n")
        .nth(1)
        .expect("it has the section");
    let section = section.split("\n\n").next().unwrap_or_default();
    let mut text = String::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut text,
    );
    let named = |before: &str| -> BTreeSet<String> {
        let found = names(&text, &format!("{before}BOXUP_")).into_iter();
        found.map(|name| name[before.len()..].to_owned()).collect()
    };
    let heeded = named("get(\"");
    let literals = named("\"");
    let told = names(section, "BOXUP_");
    let untold: Vec<_> = heeded.difference(&told).collect();
    assert!(untold.is_empty(), "help does not tell of {untold:?}");
    let idle: Vec<_> = told.difference(&literals).collect();
    assert!(idle.is_empty(), "nothing heeds {idle:?}");
}
