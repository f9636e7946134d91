//! What the documentation says of reasons, files and forms is so.

use super::book::pages;
use super::helps;
use super::stage::Stage;
use std::path::Path;

/// The codes that an enum's `code` gives, from its source.
fn codes(file: &str, of: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(path).expect("read");
    let part = text
        .split(&format!("\nimpl {of} {{"))
        .nth(1)
        .expect("it is there");
    let body = part.split("fn code(").nth(1).expect("it has a code");
    let body = body.split("\n    }\n").next().unwrap_or_default();
    let named = |name: &str| {
        let line = text.split(&format!("const {name}: &str = \"")).nth(1);
        line.and_then(|rest| rest.split('"').next())
            .map(str::to_owned)
    };
    let arms = body.lines().filter_map(|line| line.split_once("=> "));
    let codes = arms.filter_map(|(_, code)| match code.strip_prefix('"') {
        Some(literal) => literal.split('"').next().map(str::to_owned),
        None => named(code.trim_end_matches(',')),
    });
    let mut codes: Vec<String> = codes.collect();
    codes.sort();
    codes
}

#[test]
fn each_reason_is_in_the_troubleshooting_once() {
    let pages = pages();
    let page = pages
        .iter()
        .find(|page| page.name == "docs/troubleshooting.md");
    let text = &page.expect("it is there").text;
    // What the page on setting up quotes is what boxup says.
    let named = |name: &str| {
        &pages
            .iter()
            .find(|page| page.name == name)
            .expect("there")
            .text
    };
    let admin = named("docs/setup.md")
        .split("## What an admin has to mend")
        .nth(1);
    let rows = admin
        .unwrap_or_default()
        .lines()
        .skip_while(|line| !line.starts_with("| ---"));
    let rows = rows.skip(1).map_while(|line| line.strip_prefix("| "));
    for said in rows.filter_map(|row| row.split(" |").next()) {
        assert!(
            named("docs/box-errors.md").contains(said),
            "boxup does not say: {said}"
        );
    }
    for (section, file, of) in [
        ("### `parked`", "src/model/reason.rs", "Parked"),
        ("### `failed`", "src/model/reason.rs", "Failed"),
        ("### `excluded`", "src/model/reason.rs", "Exclusion"),
        ("## A mirror stands still", "src/plan/guard.rs", "Halt"),
    ] {
        let rest = text
            .split(&format!("\n{section}"))
            .nth(1)
            .expect("it has the section");
        let rest = rest.split("\n#").next().unwrap_or_default();
        let rows = rest.lines().filter_map(|line| line.strip_prefix("| `"));
        let mut told: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
        told.sort_unstable();
        assert_eq!(told, codes(file, of), "{section}");
    }
}

#[test]
fn each_link_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let anchor = |line: &str| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        let kept = words
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c })
            .collect::<String>()
    };
    for page in pages() {
        let here = root.join(&page.name);
        for link in page.text.split("](").skip(1) {
            let link = link.split(')').next().unwrap_or_default();
            if link.starts_with("http") {
                continue;
            }
            let (file, place) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => here.clone(),
                file => here.parent().expect("it is in one").join(file),
            };
            assert!(target.exists(), "{}: {link} leads nowhere", page.name);
            if !place.is_empty() {
                let text = std::fs::read_to_string(&target).expect("it is text");
                let headings = text.lines().filter(|line| line.starts_with('#'));
                let is_there = headings.map(anchor).any(|heading| heading == place);
                assert!(is_there, "{}: {link} leads nowhere", page.name);
            }
        }
    }
}

/// What prints no data: files, scripts, and what a person does once.
const WORDS: [&str; 10] = [
    "",
    "init",
    "login",
    "logout",
    "completions",
    "config",
    "service",
    "service print",
    "service install",
    "service uninstall",
];

#[test]
fn every_command_that_prints_data_prints_json() {
    for (command, help) in helps() {
        let name = command.join(" ");
        let is_group = help.contains("\nCommands:\n");
        let prints = help.contains("--json");
        let only_words = WORDS.contains(&name.as_str());
        assert!(
            prints != only_words || (is_group && !prints),
            "boxup {name}: {help}"
        );
    }
}

/// What a command takes beside `--json`, if it takes anything.
const GIVEN: [(&str, &str); 6] = [
    ("explain", "a.txt"),
    ("resolve", "a.txt --keep box"),
    ("approve", "reports"),
    ("undo", "20261127T201525Z"),
    ("bump", "a.txt"),
    ("sync", "--once"),
];

#[test]
fn a_command_that_cannot_work_says_so_to_programs() {
    let stage = Stage::new();
    stage.unconfigure();
    for (command, help) in helps() {
        let name = command.join(" ");
        // The unit is there or not, whatever is configured.
        if !help.contains("--json") || name == "service status" {
            continue;
        }
        let given = GIVEN.iter().find(|(of, _)| *of == name);
        let given = given.map_or("", |(_, given)| given);
        let refused = stage.run(&format!("boxup {name} --json {given}"));
        assert_eq!(refused.code, 78, "{name}: {refused:?}");
        let last = refused.stdout.lines().last().unwrap_or_default();
        let last: serde_json::Value = serde_json::from_str(last)
            .unwrap_or_else(|error| panic!("{name}: {error}: {refused:?}"));
        let found = (&last["event"], &last["exit_code"]);
        assert_eq!(found, (&"summary".into(), &78.into()), "{name}: {last}");
        if !["doctor", "config check"].contains(&name.as_str()) {
            let message = last["error"]["message"].as_str().unwrap_or_default();
            assert!(!message.is_empty(), "{name}: {last}");
        }
    }
}

#[test]
fn each_file_of_the_state_directory_is_told_and_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let mut stage = Stage::new();
    stage.serve();
    let pages = pages();
    let page = pages.iter().find(|page| page.name == "docs/safety.md");
    let text = &page.expect("it is there").text;
    let state = stage.rig.state();
    let mode = |path: &Path| {
        let found = std::fs::symlink_metadata(path).expect("it is there");
        found.permissions().mode() & 0o077
    };
    assert_eq!(mode(&state), 0, "others get in");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&state).expect("listed").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert_eq!(mode(&entry.path()), 0, "{name} is not for its owner only");
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        names.push(if stem == name {
            name
        } else {
            format!("{stem}N")
        });
    }
    let untold: Vec<_> = names
        .iter()
        .filter(|name| !text.contains(&format!("`{name}`")))
        .collect();
    assert!(
        untold.is_empty(),
        "not in docs/safety.md: {untold:?} of {names:?}"
    );
    stage.rest();
}
