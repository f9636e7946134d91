//! How a record is written: for people, as JSON, or for the journal. Pure.

use crate::agent::snapshot::writable;
use crate::cli::logging::record::Record;
use crate::cli::output::spelled_out;
use crate::cli::wording::printable;
use crate::model::path::confuses;
use serde_json::Value;
use std::fmt::Write;
use std::time::SystemTime;
use tracing::Level;

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Text(Style),
    /// One JSON object on a line.
    Json,
    /// As the journal of systemd takes it.
    Journal,
}

/// How text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    /// With the time: not where whoever takes it adds one.
    pub(crate) time: bool,
    /// With colours.
    pub(crate) colour: bool,
}

/// A record as it is written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// With the line feed, if the form has one.
    pub(crate) bytes: Vec<u8>,
    /// What goes to standard error where there is no journal.
    pub(crate) otherwise: Vec<u8>,
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self {
            bytes: text.into_bytes(),
            otherwise: Vec::new(),
        }
    }
}

impl Form {
    /// The record in this form.
    pub(crate) fn line(self, record: &Record) -> Line {
        match self {
            Self::Text(style) => text(record, style).into(),
            Self::Json => json(record).into(),
            Self::Journal => {
                // sd-daemon(3): whoever takes it knows the time and reads the priority.
                let plain = Style {
                    time: false,
                    colour: false,
                };
                let plain = text(record, plain);
                Line {
                    bytes: journal(record),
                    otherwise: format!("<{}>{plain}", priority(record.level)).into_bytes(),
                }
            }
        }
    }
}

fn text(record: &Record, style: Style) -> String {
    let mut line = String::new();
    if style.time {
        line += &rfc3339(record.at);
        line.push(' ');
    }
    let level = format!("{:>5}", record.level.as_str());
    match style.colour {
        true => line += &format!("{}{level}\x1b[0m", colour(record.level)),
        false => line += &level,
    }
    let message = printable(&record.message);
    line += &format!(" {}: {message}", printable(&record.target));
    for (key, value) in &record.fields {
        let _ = write!(line, " {}={}", printable(key), shown(value));
    }
    line.push('\n');
    line
}

/// A value on one line: in quotes where it could be taken for more than one word.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text,
        other => return printable(&other.to_string()),
    };
    let is_word = |c: char| !c.is_whitespace() && !"\"=\\".contains(c) && !confuses(c);
    if !text.is_empty() && text.chars().all(is_word) {
        return text.clone();
    }
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", printable(&text))
}

/// Keys that a record has without any field.
const OWN: [&str; 4] = ["ts", "level", "target", "message"];

fn json(record: &Record) -> String {
    let level = record.level.as_str().to_ascii_lowercase();
    let own = [
        rfc3339(record.at),
        level,
        record.target.to_string(),
        record.message.clone(),
    ];
    let mut line = String::from("{");
    for (key, value) in OWN.iter().zip(own) {
        let _ = write!(line, "\"{key}\":{},", Value::String(value));
    }
    for (key, value) in &record.fields {
        let is_taken = OWN.contains(&&**key);
        let key = format!("{key}{}", if is_taken { "_" } else { "" });
        let _ = write!(line, "{}:{value},", Value::String(key));
    }
    line.pop();
    line.push_str("}\n");
    spelled_out(&line).into_owned()
}

/// The journal's own protocol: `KEY=value`, or where the value has a line feed the key, its
/// length as a little-endian number of 64 bits, and the value.
fn journal(record: &Record) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut put = |key: &str, value: &str| {
        bytes.extend_from_slice(key.as_bytes());
        match value.contains('\n') {
            true => {
                bytes.push(b'\n');
                bytes.extend_from_slice(&(value.len() as u64).to_le_bytes());
            }
            false => bytes.push(b'='),
        }
        bytes.extend_from_slice(value.as_bytes());
        bytes.push(b'\n');
    };
    put("PRIORITY", &priority(record.level).to_string());
    put("SYSLOG_IDENTIFIER", "boxup");
    put("MESSAGE", &printable(&record.message));
    put("BOXUP_TARGET", &record.target);
    for (key, value) in &record.fields {
        let key = journal_key(key);
        match value {
            Value::String(text) => put(&key, text),
            other => put(&key, &other.to_string()),
        }
    }
    bytes
}

/// Upper-case letters, digits and underscores, 64 at the most.
fn journal_key(key: &str) -> String {
    let letter = |c: char| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_uppercase(),
        false => '_',
    };
    let key: String = key.chars().map(letter).take(56).collect();
    match key.as_str() {
        "TARGET" => "BOXUP_TARGET_".to_owned(),
        key => format!("BOXUP_{key}"),
    }
}

/// As syslog(3) counts.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG => "\x1b[34m",
        Level::TRACE => "\x1b[35m",
    }
}

/// In UTC, with milliseconds. A clock that shows no year of four digits is not followed.
fn rfc3339(at: SystemTime) -> String {
    humantime::format_rfc3339_millis(writable(at)).to_string()
}

#[cfg(test)]
mod tests {
    use super::{Form, Style, journal_key, rfc3339};
    use crate::cli::logging::record::Record;
    use serde_json::{Value, json};
    use std::time::{Duration, UNIX_EPOCH};
    use tracing::Level;

    const HOSTILE: &str = "a\nINFO forged\t\u{1b}[2J\u{202e}\u{2028}\u{0}\"=\\z ä";

    fn record() -> Record {
        let record = Record {
            at: UNIX_EPOCH + Duration::from_millis(1_764_475_200_123),
            ..Record::new(Level::WARN, "boxup::events", &format!("parked {HOSTILE}"))
        };
        record
            .with("mirror", json!("docs"))
            .with("path", json!(HOSTILE))
            .with("bytes", json!(7))
            .with("nothing", Value::Null)
            .with("level", json!("taken"))
            .with("empty", json!(""))
    }

    fn written(form: Form) -> String {
        String::from_utf8(form.line(&record()).bytes).unwrap()
    }

    #[test]
    fn text_is_one_line_without_anything_that_moves_a_cursor() {
        let style = Style {
            time: true,
            colour: false,
        };
        let line = written(Form::Text(style));
        assert_eq!(
            line,
            "2025-11-30T04:00:00.123Z  WARN boxup::events: parked a\\nINFO \
             forged\\t\\u{1b}[2J\\u{202e}\\u{2028}\\u{0}\"=\\z ä mirror=docs \
             path=\"a\\nINFO forged\\t\\u{1b}[2J\\u{202e}\\u{2028}\\u{0}\\\"=\\\\z ä\" bytes=7 \
             level=taken empty=\"\"\n"
        );
        let bare = Style {
            time: false,
            colour: true,
        };
        assert!(written(Form::Text(bare)).starts_with("\x1b[33m WARN\x1b[0m boxup::events: "));
    }

    #[test]
    fn json_is_exact_harmless_and_flat() {
        let line = written(Form::Json);
        let body = line.strip_suffix('\n').unwrap();
        let is_harmless = |c: char| (' '..='~').contains(&c) || c == 'ä';
        assert!(body.chars().all(is_harmless), "{body}");
        let value: Value = serde_json::from_str(body).unwrap();
        let expected = json!({
            "ts": "2025-11-30T04:00:00.123Z", "level": "warn", "target": "boxup::events",
            "message": format!("parked {HOSTILE}"), "mirror": "docs", "path": HOSTILE,
            "bytes": 7, "level_": "taken", "empty": "",
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn the_journal_gets_fields_and_a_name_cannot_forge_one() {
        let line = Form::Journal.line(&record());
        let mut rest = &line.bytes[..];
        let mut fields = Vec::new();
        // As systemd-journald reads it.
        while !rest.is_empty() {
            let end = rest.iter().position(|b| *b == b'\n').unwrap();
            let head = std::str::from_utf8(&rest[..end]).unwrap();
            match head.split_once('=') {
                Some((key, value)) => {
                    fields.push((key.to_owned(), value.to_owned()));
                    rest = &rest[end + 1..];
                }
                None => {
                    let length = rest[end + 1..end + 9].try_into().unwrap();
                    let length = usize::try_from(u64::from_le_bytes(length)).unwrap();
                    let value = &rest[end + 9..end + 9 + length];
                    let value = String::from_utf8(value.to_vec()).unwrap();
                    fields.push((head.to_owned(), value));
                    assert_eq!(rest[end + 9 + length], b'\n');
                    rest = &rest[end + 10 + length..];
                }
            }
        }
        let keys: Vec<_> = fields.iter().map(|(key, _)| key.as_str()).collect();
        let expected = [
            "PRIORITY",
            "SYSLOG_IDENTIFIER",
            "MESSAGE",
            "BOXUP_TARGET",
            "BOXUP_MIRROR",
            "BOXUP_PATH",
            "BOXUP_BYTES",
            "BOXUP_LEVEL",
            "BOXUP_EMPTY",
        ];
        assert_eq!(keys, expected);
        assert_eq!((fields[0].1.as_str(), fields[5].1.as_str()), ("4", HOSTILE));
        let otherwise = String::from_utf8(line.otherwise).unwrap();
        assert!(
            otherwise.starts_with("<4> WARN boxup::events: parked a\\n"),
            "{otherwise}"
        );
        assert_eq!(otherwise.matches('\n').count(), 1, "{otherwise}");
    }

    #[test]
    fn keys_and_times_fit_whatever_they_are() {
        assert_eq!(journal_key("file.id"), "BOXUP_FILE_ID");
        assert_eq!(journal_key("target"), "BOXUP_TARGET_");
        assert_eq!(journal_key(&"ä".repeat(99)).len(), 62);
        let far = UNIX_EPOCH + Duration::from_secs(1 << 50);
        assert_eq!(rfc3339(far), "9999-12-31T23:59:59.999Z");
        let early = UNIX_EPOCH - Duration::from_secs(9);
        assert_eq!(rfc3339(early), "1970-01-01T00:00:00.000Z");
    }
}
