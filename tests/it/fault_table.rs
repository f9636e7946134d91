//! `FAULTS.md` is whole and true.

use std::path::{Path, PathBuf};

fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it")
}

/// A row of the table.
struct Row {
    /// The class: a letter and a number.
    class: String,
    /// Why it cannot be made on a machine like this, if it cannot.
    not_made: Option<String>,
    /// Its tests, or those of its simulation, as file and function.
    tests: Vec<(String, String)>,
}

/// `A` for the API and the network, `F` for the disk, `P` for the process.
fn is_class(cell: &str) -> bool {
    let number = cell.strip_prefix(['A', 'F', 'P']);
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

fn rows() -> Vec<Row> {
    let text = std::fs::read_to_string(dir().join("FAULTS.md")).expect("it is there");
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        if !cells.first().is_some_and(|cell| is_class(cell)) {
            return None;
        }
        let [class, fault, expected, tests] = cells.as_slice() else {
            panic!("not four cells: {line}");
        };
        assert!(!fault.is_empty() && !expected.is_empty(), "{line}");
        let named = tests.split('`').skip(1).step_by(2);
        let named = named.filter_map(|name| name.split_once("::"));
        let named = named.map(|(file, test)| (file.to_owned(), test.to_owned()));
        let reason = tests.strip_prefix("not made: ");
        Some(Row {
            class: (*class).to_owned(),
            not_made: reason.map(|text| text.split(';').next().unwrap_or_default().to_owned()),
            tests: named.collect(),
        })
    };
    text.lines().filter_map(row).collect()
}

/// Where a test is said to be: here, or in a source file.
fn whereabouts(file: &str) -> PathBuf {
    match file.starts_with("src/") {
        true => Path::new(env!("CARGO_MANIFEST_DIR")).join(file),
        false => dir().join(file),
    }
}

#[test]
fn every_class_of_fault_has_its_row() {
    let classes: Vec<_> = rows().into_iter().map(|row| row.class).collect();
    let all = [("A", 48), ("F", 40), ("P", 20)];
    let expected: Vec<_> = all
        .into_iter()
        .flat_map(|(kind, last)| (1..=last).map(move |number| format!("{kind}{number}")))
        .collect();
    assert_eq!(classes, expected);
}

#[test]
fn every_test_that_is_named_is_one() {
    for Row {
        class,
        not_made,
        tests,
    } in rows()
    {
        match not_made {
            Some(reason) => assert!(reason.len() > 20, "{class}: why is it not made? {reason:?}"),
            None => assert!(!tests.is_empty(), "{class} has no test"),
        }
        for (file, test) in tests {
            let text = std::fs::read_to_string(whereabouts(&file));
            let text = text.unwrap_or_else(|error| panic!("{class}: {file}: {error}"));
            let lines: Vec<_> = text.lines().map(str::trim).collect();
            let is_test = lines.windows(2).any(|pair| {
                let is_that = pair[1].ends_with(&format!("fn {test}() {{"));
                is_that && ["#[test]", "#[tokio::test]"].contains(&pair[0])
            });
            assert!(is_test, "{class}: {file} has no test {test}");
        }
    }
}
