//! `FAULTS.md` is whole and true.

use std::path::{Path, PathBuf};

fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it")
}

/// The rows: the class, and its tests as file and function.
fn rows() -> Vec<(String, Vec<(String, String)>)> {
    let text = std::fs::read_to_string(dir().join("FAULTS.md")).expect("it is there");
    let lines = text.lines().filter(|line| line.starts_with("| A"));
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [class, fault, expected, tests] = cells.as_slice() else {
            panic!("not four cells: {line}");
        };
        assert!(!fault.is_empty() && !expected.is_empty(), "{line}");
        let named = tests.split('`').skip(1).step_by(2);
        let named = named.map(|name| name.split_once("::").expect("file::function"));
        let named = named.map(|(file, test)| (file.to_owned(), test.to_owned()));
        ((*class).to_owned(), named.collect())
    };
    lines.map(row).collect()
}

#[test]
fn every_class_of_fault_has_its_row() {
    let classes: Vec<_> = rows().into_iter().map(|(class, _)| class).collect();
    let expected: Vec<_> = (1..=48).map(|number| format!("A{number}")).collect();
    assert_eq!(classes, expected);
}

#[test]
fn every_test_that_is_named_is_one() {
    for (class, tests) in rows() {
        assert!(!tests.is_empty(), "{class} has no test");
        for (file, test) in tests {
            let text = std::fs::read_to_string(dir().join(&file));
            let text = text.unwrap_or_else(|error| panic!("{class}: {file}: {error}"));
            let is_test = text.contains(&format!("#[test]\nfn {test}() {{"));
            assert!(is_test, "{class}: {file} has no test {test}");
        }
    }
}
