//! What the documentation says to type, and what it shows.

use std::fs;
use std::path::Path;

/// One page.
pub(super) struct Page {
    /// As it is called in the repository.
    pub(super) name: String,
    /// Its text.
    pub(super) text: String,
}

/// A fenced block.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// The page that it is on.
    pub(super) page: String,
    /// The word behind the fence.
    pub(super) kind: String,
    /// What is in it.
    pub(super) text: String,
}

/// The README and everything in `docs`.
pub(super) fn pages() -> Vec<Page> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).expect("listed").flatten();
    let mut names: Vec<String> = docs
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.ends_with(".md"))
        .map(|name| format!("docs/{name}"))
        .collect();
    names.sort();
    names.insert(0, "README.md".to_owned());
    let page = |name: String| Page {
        text: fs::read_to_string(root.join(&name)).expect("read"),
        name,
    };
    names.into_iter().map(page).collect()
}

/// All blocks of all pages, in order.
pub(super) fn blocks() -> Vec<Block> {
    pages().iter().flat_map(Page::blocks).collect()
}

impl Page {
    fn blocks(&self) -> Vec<Block> {
        let mut found = Vec::new();
        let mut open: Option<Block> = None;
        for line in self.text.lines() {
            match (line.trim_start().strip_prefix("```"), open.as_mut()) {
                (Some(_), Some(_)) => found.extend(open.take()),
                (Some(kind), None) => {
                    open = Some(Block {
                        page: self.name.clone(),
                        kind: kind.trim().to_owned(),
                        text: String::new(),
                    });
                }
                (None, Some(block)) => block.text += &format!("{line}\n"),
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a fence is not closed", self.name);
        found
    }

    /// What stands between single backquotes outside of blocks.
    pub(super) fn spans(&self) -> Vec<String> {
        let fences = self.text.split("```").step_by(2);
        let text = fences.collect::<Vec<_>>().join("");
        let spans = text.split('`').skip(1).step_by(2);
        spans
            .map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    }
}

impl Block {
    /// The commands of a block of kind `sh`.
    pub(super) fn commands(&self) -> Vec<String> {
        let joined = self.text.replace("\\\n", " ");
        let lines = joined.lines().map(bare);
        lines.filter(|line| !line.is_empty()).collect()
    }

    /// The commands of a block of kind `console`, each with what it prints.
    pub(super) fn session(&self) -> Vec<(String, String)> {
        let commands = format!("\n{}", self.text);
        let commands = commands.split("\n$ ").skip(1);
        commands
            .map(|part| part.split_once('\n').unwrap_or((part, "")))
            .map(|(command, printed)| (bare(command), printed.to_owned()))
            .collect()
    }
}

/// A line without its comment and without more blanks than it needs.
pub(super) fn bare(line: &str) -> String {
    let line = match line.trim_start().starts_with('#') {
        true => "",
        false => line.split(" # ").next().unwrap_or_default(),
    };
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a text is what was expected: `…` stands for anything within a line, and alone
/// on a line for any lines; a number of four digits or more for any number, and so does a
/// time. Where lines and columns begin does not count.
pub(super) fn is_like(text: &str, expected: &str) -> bool {
    let (text, expected) = (folded(text), folded(expected));
    lines_fit(&text, &expected)
}

/// What is broken into lines at some width, joined; without numbers that mean nothing.
fn folded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let narrow = line.split_whitespace().collect::<Vec<_>>().join(" ");
        match lines.last_mut() {
            Some(last) if line.starts_with("    ") => {
                last.push(' ');
                last.push_str(&narrow);
            }
            _ => lines.push(narrow),
        }
    }
    lines.iter().map(|line| without_numbers(line)).collect()
}

fn without_numbers(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let is_time = word.len() >= 20 && word.as_bytes()[10] == b'T' && word.starts_with("20");
        if is_time {
            return "TIME".to_owned();
        }
        let mut out = String::new();
        let mut digits = String::new();
        for c in word.chars().chain(['\0']) {
            if c.is_ascii_digit() {
                digits.push(c);
                continue;
            }
            out += match digits.len() {
                0..4 => digits.as_str(),
                _ => "N",
            };
            digits.clear();
            out.extend(Some(c).filter(|c| *c != '\0'));
        }
        out
    });
    words.collect::<Vec<_>>().join(" ")
}

fn lines_fit(text: &[String], expected: &[String]) -> bool {
    match (expected.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((any, rest)), _) if any == "…" => {
            (0..=text.len()).any(|skipped| lines_fit(&text[skipped..], rest))
        }
        (Some((expected, others)), Some((line, rest))) => {
            fits(line, expected) && lines_fit(rest, others)
        }
        _ => false,
    }
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
fn what_is_shown_and_what_is_printed_can_be_told_apart() {
    for (printed, shown, expected) in [
        ("a 1 b", "a 1 b", true),
        ("a 1 b", "a 2 b", false),
        (
            "file 12345 of 2026-11-27T17:05:32Z",
            "file 9999 of 2020-01-01T00:00:00+01:00",
            true,
        ),
        ("file 123", "file 124", false),
        ("one\ntwo\nthree", "one\n…\nthree", true),
        ("one\nthree", "one\n…\nthree", true),
        ("one\ntwo", "one", false),
        ("in /tmp/x/y of z", "in … of z", true),
        ("long\n    and more", "long\n    and\n    more", true),
        ("left over", "", false),
    ] {
        assert_eq!(is_like(printed, shown), expected, "{printed:?} {shown:?}");
    }
}
