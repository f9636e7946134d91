//! Sentences on a terminal: broken between words, where the terminal itself would break
//! them in the middle of one. Pure.

use crate::cli::progress::columns::columns;

/// The narrowest that is worth it.
const NARROWEST: usize = 20;
/// A word that says what a line is about stands in so many columns, with what parts it from
/// the rest.
const MARK: usize = 14;
/// How far what belongs to a line without such a word is moved in.
const STEP: usize = 2;

/// Each line that is wider than `width` on several, those after the first moved in. A word
/// that fits on no line keeps one to itself.
pub(crate) fn folded(text: &str, width: usize) -> String {
    if width < NARROWEST || text.lines().all(|line| columns(&visible(line)) <= width) {
        return text.to_owned();
    }
    text.split_inclusive('\n')
        .map(|line| one(line, width))
        .collect()
}

fn one(line: &str, width: usize) -> String {
    let (words, end) = line.strip_suffix('\n').map_or((line, ""), |it| (it, "\n"));
    if columns(&visible(words)) <= width {
        return line.to_owned();
    }
    let indent = " ".repeat(hanging(&visible(words)).min(width / 2));
    let mut out = String::new();
    let mut used = 0;
    let mut is_begun = false;
    for word in pieces(words) {
        let wide = columns(&visible(word));
        let is_gap = word.starts_with(' ');
        if is_begun && !is_gap && used + wide > width {
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
            out.push_str(&indent);
            used = indent.len();
        }
        is_begun |= !is_gap;
        out.push_str(word);
        used += wide;
        if !is_gap && used > width {
            // The terminal breaks it: what follows goes on behind its end.
            used %= width;
        }
    }
    out + end
}

/// Words, and what is between them.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.as_bytes()
        .chunk_by(|one, next| (*one == b' ') == (*next == b' '))
        .map(|bytes| std::str::from_utf8(bytes).unwrap_or_default())
}

/// Where what follows the first line begins: below the text behind a word that marks the
/// line, or a step further in than the line itself.
fn hanging(line: &str) -> usize {
    let own = line.len() - line.trim_start_matches(' ').len();
    let rest = &line[own..];
    let mark = rest.split_once("  ").map(|(mark, text)| {
        let gap = text.len() - text.trim_start_matches(' ').len();
        (mark.contains(' '), columns(mark) + 2 + gap)
    });
    match mark {
        Some((false, column)) if column <= MARK => own + column,
        // A paragraph.
        _ if rest.starts_with(char::is_uppercase) => own,
        _ => own + STEP,
    }
}

/// Without what only sets colours.
fn visible(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        let is_end = |c: char| ('@'..='~').contains(&c);
        rest = after.split_once(is_end).map_or("", |(_, rest)| rest);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::{columns, folded, visible};

    #[test]
    fn what_fits_stays_as_it_is() {
        for text in [
            "",
            "\n",
            "a b\n",
            "  a   b \n\nc",
            "error: no\n  next: yes\n",
        ] {
            assert_eq!(folded(text, 20), text);
        }
        let narrow = "more than a terminal of nineteen columns holds\n";
        assert_eq!(folded(narrow, 19), narrow);
    }

    #[test]
    fn lines_break_between_words_and_go_on_below_their_text() {
        for (text, expected) in [
            (
                "error: the quick brown fox jumps\n",
                "error: the quick\n  brown fox jumps\n",
            ),
            (
                "parked    m/name: it has no end\nnew       m/b\n",
                "parked    m/name: it\n          has no end\nnew       m/b\n",
            ),
            (
                "\u{1b}[33mparked   \u{1b}[0m m/name: it has no end",
                "\u{1b}[33mparked   \u{1b}[0m m/name: it\n          has no end",
            ),
            (
                "  1. open the folder that is meant\n",
                "  1. open the folder\n    that is meant\n",
            ),
            (
                "see https://app.box.com/developers/console now\n",
                "see\n  https://app.box.com/developers/console now\n",
            ),
            (
                "Nothing was written to the disk\n",
                "Nothing was written\nto the disk\n",
            ),
            (
                "日本語 日本語 日本語 日本語\n",
                "日本語 日本語 日本語\n  日本語\n",
            ),
        ] {
            assert_eq!(folded(text, 20), expected);
        }
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_unless_a_word_is() {
        let words = "sh and a few words of several lengths, none of them too long\n";
        for width in 20..90 {
            let text = folded(words, width);
            assert!(text.lines().all(|line| columns(line) <= width), "{text}");
            let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(joined, words.trim_end());
        }
        assert_eq!(visible("\u{1b}[1;31mred\u{1b}[0m"), "red");
    }
}
