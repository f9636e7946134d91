//! Rules that hold for the repository itself.

use std::path::{Path, PathBuf};

/// Each part of the program and the parts that it may know.
const LAYERS: [(&str, &[&str]); 9] = [
    ("model", &[]),
    ("clock", &["model"]),
    ("plan", &["model"]),
    ("config", &["model", "plan"]),
    ("local", &["model", "plan"]),
    ("store", &["model", "clock", "plan"]),
    ("remote", &["model", "clock"]),
    (
        "agent",
        &[
            "model", "clock", "plan", "config", "local", "store", "remote",
        ],
    ),
    (
        "cli",
        &[
            "model", "clock", "plan", "config", "local", "store", "remote", "agent",
        ],
    ),
];

/// What a part without effects must not name.
const EFFECTS: [&str; 5] = [
    "std::fs",
    "tokio",
    "SystemTime::now",
    "Instant::now",
    "std::env",
];

const LONGEST: usize = 600;

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for dir in ["src", "tests", "examples", "benches"] {
        collect(&root.join(dir), &mut found);
    }
    assert!(found.len() > 50, "the sources are not where they were");
    found
}

fn collect(dir: &Path, into: &mut Vec<(PathBuf, String)>) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).expect("it is text");
            into.push((path, text));
        }
    }
}

/// The part of the program that a file belongs to; none for tests.
fn layer(path: &Path) -> Option<&'static (&'static str, &'static [&'static str])> {
    let name = path.file_name()?.to_str()?;
    let is_test = path.iter().any(|part| part == "tests") || name.contains("test");
    if is_test {
        return None;
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let below = path.strip_prefix(src).ok()?;
    let first = below.components().next()?.as_os_str().to_str()?;
    let name = first.trim_end_matches(".rs");
    LAYERS.iter().find(|(layer, _)| *layer == name)
}

/// A file without its unit tests and comments.
fn code(text: &str) -> String {
    let before_tests = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    before_tests
        .lines()
        .filter(is_code)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn every_file_begins_by_saying_what_it_is_and_is_short() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(text.starts_with("//! "), "{path:?} does not say what it is");
        assert!(lines <= LONGEST, "{path:?} has {lines} lines");
    }
}

#[test]
fn every_part_knows_only_the_parts_below_it() {
    for (path, text) in sources() {
        let Some((own, allowed)) = layer(&path) else {
            continue;
        };
        for used in code(&text).split("crate::").skip(1) {
            let used: String = used
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            let is_layer = LAYERS.iter().any(|(layer, _)| *layer == used);
            assert!(
                !is_layer || used == *own || allowed.contains(&used.as_str()),
                "{path:?}: {own} may not know {used}"
            );
        }
    }
}

#[test]
fn words_and_decisions_have_no_effects() {
    for (path, text) in sources() {
        let is_pure = layer(&path).is_some_and(|(own, _)| ["model", "plan"].contains(own));
        for effect in EFFECTS.iter().filter(|_| is_pure) {
            assert!(!code(&text).contains(effect), "{path:?} names {effect}");
        }
    }
}

/// A path's own words would move the cursor of whoever reads them.
#[test]
fn no_path_is_shown_as_it_is() {
    let raw = [".dis", "play()"].concat();
    let is_code = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.iter().any(|part| part == "src")
            && !path.iter().any(|part| part == "tests")
            && !name.contains("test")
    };
    for (path, text) in sources() {
        let is_raw = is_code(&path) && code(&text).contains(&raw);
        assert!(!is_raw, "{path:?}: model::path::printable_path is the way");
    }
}

#[test]
fn nothing_is_left_for_later_and_nothing_is_of_one_machine() {
    // Put together here, so that this file does not find itself.
    let later = ["TO", "FIX", "XX"].iter().zip(["DO", "ME", "X"]);
    let mut words: Vec<String> = later.map(|(a, b)| format!("{a}{b}")).collect();
    words.extend([
        "/ro".to_owned() + "ot/",
        "/wo".to_owned() + "rk/",
        "/Us".to_owned() + "ers/",
    ]);
    for (path, text) in sources() {
        for word in &words {
            assert!(!text.contains(word.as_str()), "{path:?} says {word}");
        }
    }
}

#[test]
fn every_module_of_these_tests_is_run() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = std::fs::read_to_string(dir.join("main.rs")).expect("read");
    for entry in std::fs::read_dir(dir).expect("listed").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_data = entry.path().is_dir() && !entry.path().join("mod.rs").exists();
        if name == "FAULTS.md" || is_data {
            continue;
        }
        let module = name.trim_end_matches(".rs");
        let is_run = module == "main" || main.contains(&format!("mod {module};"));
        assert!(is_run, "{name} is forgotten");
    }
}

/// Where a test lets time pass, and why it waits for nothing by that. All others wait for
/// what they need, by `boxup wait` or by [`crate::rig::until`].
const PAUSES: [(&str, &str); 8] = [
    ("rig/mod.rs", "between two looks of `until`"),
    ("rig/middle.rs", "a slow network is what is made there"),
    (
        "rig/terminal.rs",
        "a person takes a moment before they press a key",
    ),
    ("hot.rs", "the pace at which somebody saves"),
    ("restless.rs", "the pace at which somebody writes"),
    (
        "machine.rs",
        "the rhythm in which a processor is taken away",
    ),
    ("stops.rs", "a random moment, which may be any"),
    (
        "supervised.rs",
        "that nothing is heard takes a while to be seen",
    ),
];

#[test]
fn no_test_sleeps_until_something_has_probably_happened() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut all = Vec::new();
    collect(&dir, &mut all);
    let ways = ["::sleep(", "park_timeout(", "sleep_until("];
    let mut found = Vec::new();
    for (path, text) in all {
        let name = path
            .strip_prefix(&dir)
            .expect("it is below")
            .to_string_lossy()
            .into_owned();
        let sleeps = text
            .lines()
            .filter(|line| ways.iter().any(|way| line.contains(way)));
        // The line above names them.
        let is_list = name == "tidy.rs";
        for line in sleeps.filter(|_| !is_list) {
            let reason = PAUSES.iter().find(|(file, _)| *file == name);
            assert!(
                reason.is_some(),
                "{name} sleeps: {line}; use `boxup wait` or `until`"
            );
            found.push(name.clone());
        }
    }
    for (file, reason) in PAUSES {
        let times = found.iter().filter(|name| *name == file).count();
        assert_eq!(times, 1, "{file} sleeps {times} times: {reason}");
    }
}
