//! Words about TOML for people: positions, kinds of values, how to write it instead.

use toml::de::DeValue;

/// What `max_deletes` takes.
pub(super) const MAX_DELETES: &str =
    "write max_deletes = \"10%\" (whole, 0% to 100%) or max_deletes = 500";

/// What a text means, for the advice when it is no text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Any text.
    Plain,
    /// One of Box's IDs: digits, but a text all the same.
    Id,
    /// A time span in humantime's grammar.
    Duration,
    /// Bytes in a second.
    Rate,
    /// Bytes.
    Size,
}

/// Line and column of a byte, both counted from 1.
pub(super) fn position(source: &str, offset: usize) -> (usize, usize) {
    let before = source.get(..offset).unwrap_or(source);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.matches('\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

/// A key as a person may type it: quoted and escaped when it is not a bare one.
pub(super) fn bare(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(is_bare) {
        return key.to_owned();
    }
    format!("{key:?}")
}

/// What a value is.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// How to write a text that was written as something else.
pub(super) fn text_remedy(key: &str, value: &DeValue<'_>, meaning: Meaning) -> String {
    match (meaning, value.as_integer()) {
        (Meaning::Id, Some(number)) => {
            format!("Box's IDs are texts; put it in quotes: {key} = \"{number}\"")
        }
        (Meaning::Id, None) => format!("write the ID in quotes: {key} = \"123456789\""),
        (Meaning::Duration, Some(number)) => {
            format!("say in which unit: {key} = \"{number}s\"")
        }
        (Meaning::Duration, None) => format!("write a time span: {key} = \"2s\""),
        (Meaning::Rate, Some(number)) => {
            format!("say in which unit: {key} = \"{number} MiB/s\"")
        }
        (Meaning::Rate, None) => format!("write a rate: {key} = \"10 MiB/s\""),
        (Meaning::Size, Some(number)) => {
            format!("say in which unit: {key} = \"{number} MiB\"")
        }
        (Meaning::Size, None) => format!("write a size: {key} = \"2 GiB\""),
        (Meaning::Plain, Some(number)) => format!("put it in quotes: {key} = \"{number}\""),
        (Meaning::Plain, None) => format!("put it in quotes: {key} = \"…\""),
    }
}

/// What to look for where the parser stopped.
pub(super) fn syntax_remedy(message: &str) -> &'static str {
    if message.contains("duplicate key") {
        "this name was given before; keep one of the two"
    } else {
        "a line is `key = \"text\"`, `key = 123`, `[section]` or `# comment`"
    }
}
