//! Words for people: numbers as they like to read them, and the words of others.

pub(crate) use crate::model::figures::{bytes, count, duration, some};

/// Somebody else's words on one line: what would move the cursor is spelled out.
pub(crate) fn printable(text: &str) -> String {
    let is_tricky = |c: char| c.is_control() || ('\u{200b}'..='\u{202e}').contains(&c);
    let escape = |c: char| match is_tricky(c) {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    text.chars().map(escape).collect()
}
