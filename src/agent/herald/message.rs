//! A letter as it is sent: JSON, one line of text for each thing, and variables for
//! simple scripts.

use crate::agent::snapshot::rfc3339;
use crate::model::figures::some;
use crate::model::path::printable;
use crate::plan::herald::{Event, Item, Letter};
use serde_json::{Value, json};
use std::time::{Duration, UNIX_EPOCH};

/// So many things are named in the text, and in JSON.
const MOST: usize = 20;
/// A text is cut after so many characters: chats take a few thousand.
const LONGEST: usize = 2_000;

/// Who tells it.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    /// This machine's name.
    pub(crate) host: String,
    /// What the run is called, if it did something that can be undone.
    pub(crate) run: Option<String>,
}

/// What is sent.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// The whole of it.
    pub(crate) json: String,
    /// What a script finds in its environment.
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl Sender {
    /// From this machine.
    pub(crate) fn here(run: Option<String>) -> Self {
        let uname = rustix::system::uname();
        let host = printable(&uname.nodename().to_string_lossy());
        Self { host, run }
    }
}

impl Message {
    /// Of a letter, at this time in milliseconds since the epoch; by so many more the clock
    /// is ahead that people go by. The first thing in it is the worst, and stands for all.
    pub(crate) fn of(letter: &Letter, now: u64, ahead: i64, sender: &Sender) -> Self {
        let mut sentences: Vec<String> = letter.items.iter().take(MOST).map(sentence).collect();
        let more = letter.items.len().saturating_sub(MOST);
        if more > 0 {
            sentences.push(format!("… and {more} more"));
        }
        let text = cut(&format!(
            "boxup on {}: {}",
            sender.host,
            sentences.join("\n")
        ));
        let events: Vec<Value> = {
            let items = letter.items.iter().take(MOST);
            items.map(|one| item(one, ahead)).collect()
        };
        let mut whole = events.first().cloned().unwrap_or_else(|| json!({}));
        whole["at"] = json!(time(now.saturating_add_signed(ahead)));
        whole["host"] = json!(sender.host);
        whole["run"] = json!(sender.run);
        whole["version"] = json!(env!("CARGO_PKG_VERSION"));
        whole["text"] = json!(text);
        whole["events"] = json!(events);
        Self::from(&whole)
    }

    /// Something to see whether it arrives.
    pub(crate) fn test(now: u64, sender: &Sender) -> Self {
        let message = "this is a test, and nothing is wrong";
        Self::from(&json!({
            "event": "test",
            "at": time(now),
            "host": sender.host,
            "mirror": null,
            "reason": "test",
            "message": message,
            "next": "",
            "count": 0,
            "paths": [],
            "run": null,
            "since": time(now),
            "again": false,
            "version": env!("CARGO_PKG_VERSION"),
            "text": format!("boxup on {}: {message}", sender.host),
            "events": [],
        }))
    }

    fn from(whole: &Value) -> Self {
        let word = |key: &str| match &whole[key] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let names = [
            ("BOXUP_EVENT", "event"),
            ("BOXUP_HOST", "host"),
            ("BOXUP_MIRROR", "mirror"),
            ("BOXUP_REASON", "reason"),
            ("BOXUP_MESSAGE", "message"),
            ("BOXUP_NEXT", "next"),
            ("BOXUP_COUNT", "count"),
            ("BOXUP_TEXT", "text"),
        ];
        Self {
            json: whole.to_string(),
            variables: names.map(|(name, key)| (name, word(key))).into(),
        }
    }
}

fn item(item: &Item, ahead: i64) -> Value {
    let Item {
        event,
        trouble,
        since,
        again,
    } = item;
    json!({
        "event": event.word(),
        "mirror": trouble.key.mirror.as_deref().map(printable),
        "reason": trouble.key.reason,
        "message": printable(&trouble.message),
        "next": printable(&trouble.next),
        "count": trouble.count,
        "paths": trouble.paths,
        "since": time(since.saturating_add_signed(ahead)),
        "again": again,
    })
}

fn sentence(item: &Item) -> String {
    let Item {
        event,
        trouble,
        again,
        ..
    } = item;
    let mirror = trouble.key.mirror.as_deref();
    let what = match (event, mirror) {
        (Event::AuthFailed, _) => "Box does not let it in: ".to_owned(),
        (Event::Halted, Some(mirror)) => format!("mirror {mirror:?} stands still: "),
        (Event::Halted, None) => "nothing is mirrored: ".to_owned(),
        (Event::Stale | Event::Parked, Some(mirror)) => format!("mirror {mirror:?}: "),
        (Event::Stale | Event::Parked, None) => String::new(),
        (Event::Recovered, Some(mirror)) => format!("mirror {mirror:?}: this is over: "),
        (Event::Recovered, None) => "this is over: ".to_owned(),
    };
    let number = match (event, trouble.count) {
        (Event::Parked, 1) => "1 entry waits: ".to_owned(),
        (Event::Parked, more) => format!("{} wait: ", some(more, "entry")),
        _ => String::new(),
    };
    let path = match trouble.paths.as_slice() {
        [first, ..] => format!("{first}: "),
        [] => String::new(),
    };
    let still = if *again { "still: " } else { "" };
    let text = format!("{still}{what}{number}{path}{}", trouble.message);
    // A chat would take <…> for a command.
    printable(&text).replace('<', "‹").replace('>', "›")
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn time(millis: u64) -> String {
    rfc3339(UNIX_EPOCH + Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::{Message, Sender};
    use crate::plan::herald::{Event, Item, Key, Letter, Trouble};
    use serde_json::Value;
    use std::time::Duration;

    fn item(event: Event, mirror: Option<&str>, message: &str) -> Item {
        Item {
            event,
            trouble: Trouble {
                key: Key {
                    event,
                    mirror: mirror.map(str::to_owned),
                    reason: "why".to_owned(),
                },
                message: message.to_owned(),
                next: "boxup doctor".to_owned(),
                count: 2,
                paths: Vec::new(),
                marks: [].into(),
                age: Duration::ZERO,
            },
            since: 1_789_000_000_000,
            again: false,
        }
    }

    fn sent(items: Vec<Item>) -> (Value, Message) {
        let sender = Sender {
            host: "server".to_owned(),
            run: Some("20261127T201525Z".to_owned()),
        };
        let message = Message::of(&Letter { items }, 1_789_000_060_000, 1_000_000_000, &sender);
        (serde_json::from_str(&message.json).unwrap(), message)
    }

    #[test]
    fn the_worst_stands_for_all_and_a_script_finds_it_in_its_environment() {
        let (json, message) = sent(vec![
            item(Event::Halted, Some("reports"), "it is gone"),
            item(Event::Parked, Some("reports"), "no room"),
            item(Event::Recovered, None, "no answer"),
        ]);
        assert_eq!(json["event"], "halted");
        assert_eq!(json["mirror"], "reports");
        assert_eq!(json["at"], "2026-09-21T14:14:20Z");
        assert_eq!(json["since"], "2026-09-21T14:13:20Z");
        assert_eq!(json["run"], "20261127T201525Z");
        assert_eq!(json["events"].as_array().unwrap().len(), 3);
        assert_eq!(
            json["text"],
            "boxup on server: mirror \"reports\" stands still: it is gone\nmirror \"reports\": 2 \
             entries wait: no room\nthis is over: no answer"
        );
        let of = |name: &str| {
            let mut all = message.variables.iter();
            all.find(|(other, _)| *other == name).unwrap().1.clone()
        };
        assert_eq!(of("BOXUP_EVENT"), "halted");
        assert_eq!(of("BOXUP_COUNT"), "2");
        assert_eq!(of("BOXUP_MIRROR"), "reports");
        assert_eq!(of("BOXUP_TEXT"), json["text"].as_str().unwrap());
    }

    #[test]
    fn names_move_no_cursor_and_command_no_chat_and_much_is_cut() {
        let hostile = item(Event::Halted, Some("a\u{1b}[2J"), "<!channel>\n\0x");
        let (json, message) = sent(vec![hostile; 30]);
        let text = json["text"].as_str().unwrap();
        assert!(!text.contains(['\u{1b}', '\0', '<', '>']), "{text}");
        assert!(text.contains("‹!channel›\\n\\u{0}x"), "{text}");
        assert!(text.chars().count() <= 2_001);
        assert_eq!(json["events"].as_array().unwrap().len(), 20);
        assert!(
            message
                .variables
                .iter()
                .all(|(_, text)| !text.contains('\0'))
        );
    }

    #[test]
    fn a_test_says_that_it_is_one() {
        let sender = Sender {
            host: "server".to_owned(),
            run: None,
        };
        let json: Value = serde_json::from_str(&Message::test(0, &sender).json).unwrap();
        assert_eq!(json["event"], "test");
        assert!(json["text"].as_str().unwrap().contains("nothing is wrong"));
    }
}
