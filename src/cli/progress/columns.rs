//! Text by the columns that it takes on a terminal. Pure.

use unicode_width::UnicodeWidthChar;

/// What a name looks like on one line: nothing that moves the cursor, turns the direction
/// or makes the terminal join characters to others of a width that it alone knows.
pub(crate) fn plain(text: &str) -> String {
    let shown = |c: char| match c {
        '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{e0000}'..='\u{e0fff}' => None,
        c if c.is_control() => Some('?'),
        c => Some(c),
    };
    text.chars().filter_map(shown).collect()
}

/// How many columns it takes, or more, never fewer.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

fn width(c: char) -> usize {
    c.width_cjk().unwrap_or(0)
}

/// As much of its end as fits: of a path, that is the file's name.
pub(crate) fn tail(text: &str, most: usize) -> String {
    const DOTS: &str = "...";
    if columns(text) <= most {
        return text.to_owned();
    }
    let dots = &DOTS[..DOTS.len().min(most)];
    let mut left = most - dots.len();
    let mut kept: Vec<char> = Vec::new();
    for c in text.chars().rev() {
        if width(c) > left {
            break;
        }
        left -= width(c);
        kept.push(c);
    }
    // A mark without what it stands on would join the dots.
    while kept.last().is_some_and(|c| width(*c) == 0) {
        kept.pop();
    }
    kept.extend(dots.chars());
    kept.iter().rev().collect()
}

/// As much of its beginning as fits.
pub(crate) fn head(text: &str, most: usize) -> String {
    let mut left = most;
    let fits = |c: &char| {
        let fits = width(*c) <= left;
        left = left.saturating_sub(width(*c));
        fits
    };
    text.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::{columns, head, plain, tail};

    #[test]
    fn a_name_takes_one_line_whatever_is_in_it() {
        for (name, expected) in [
            ("a.txt", "a.txt"),
            ("a\nb\tc\x1b[2J\u{7f}", "a?b?c?[2J?"),
            ("\u{202e}exe.txt\u{2066}", "exe.txt"),
            ("👩\u{200d}🚀 ❤\u{fe0f}", "👩🚀 ❤"),
        ] {
            assert_eq!(plain(name), expected);
        }
    }

    #[test]
    fn what_does_not_fit_is_cut_between_characters() {
        for (text, most, tailed, headed) in [
            ("abcdef", 6, "abcdef", "abcdef"),
            ("abcdef", 5, "...ef", "abcde"),
            ("abcdef", 2, "..", "ab"),
            ("abcdef", 0, "", ""),
            // Wide ones take two columns each.
            ("報告書.csv", 10, "報告書.csv", "報告書.csv"),
            ("報告書.csv", 9, "...書.csv", "報告書.cs"),
            ("報告書.csv", 8, "....csv", "報告書.c"),
            ("報告書", 5, "...書", "報告"),
            // A mark stays with its letter or goes with it.
            ("xe\u{301}y", 2, "..", "xe\u{301}"),
            ("abce\u{301}yz", 5, "...yz", "abce\u{301}y"),
        ] {
            assert_eq!(tail(text, most), tailed, "{text} {most}");
            assert_eq!(head(text, most), headed, "{text} {most}");
            assert!(columns(&tail(text, most)) <= most);
        }
    }
}
