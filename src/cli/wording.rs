//! Words for people: numbers as they like to read them, and the words of others.

use crate::cli::progress::columns::columns;
pub(crate) use crate::model::figures::{bytes, count, duration, some};
pub(crate) use crate::model::path::{printable, printable_path, shell_path, shell_word};

/// How long ago, in the two units that matter: `42s`, `3m 20s`, `3h 12m`, `3d 4h`.
pub(crate) fn age(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{minutes}m {}s", seconds % 60),
        3600..86_400 => format!("{hours}h {}m", minutes % 60),
        _ => format!("{}d {}h", count(days), hours % 24),
    }
}

/// Breaks words into lines; a word that is too long keeps its line to itself.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let text = text.lines().map(printable).collect::<Vec<_>>().join(" ");
    for word in text.split_whitespace() {
        let needed = columns(word);
        let line = lines.last_mut().map(|line| (columns(line), line));
        match line {
            Some((0, line)) => line.push_str(word),
            Some((used, line)) if used + 1 + needed <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{age, wrapped};

    #[test]
    fn ages_are_told_in_two_units() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (200, "3m 20s"),
            (11_520, "3h 12m"),
            (273_600, "3d 4h"),
            (86_400_000, "1,000d 0h"),
        ] {
            assert_eq!(age(seconds), text);
        }
    }

    #[test]
    fn what_moves_the_cursor_is_spelled_out() {
        let lines = wrapped("a\u{1b}[2J b\nc", 10);
        assert_eq!(lines, ["a\\u{1b}[2J", "b c"]);
    }
}
