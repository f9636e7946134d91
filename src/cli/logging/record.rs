//! One line of the log as a value, and how it is made of what the program's parts say.

use serde_json::Value;
use std::borrow::Cow;
use std::fmt::{Debug, Write};
use std::time::SystemTime;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// One line of the log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    /// When.
    pub(crate) at: SystemTime,
    /// How bad it is.
    pub(crate) level: Level,
    /// Which part of the program says it.
    pub(crate) target: Cow<'static, str>,
    /// A sentence.
    pub(crate) message: String,
    /// What a machine may want to know, in order.
    pub(crate) fields: Vec<(Cow<'static, str>, Value)>,
}

/// Beyond this, a text of a record is cut: it has to fit into one datagram.
const LONGEST: usize = 16 << 10;

impl Record {
    /// Says this, now.
    pub(crate) fn new(level: Level, target: &'static str, message: &str) -> Self {
        Self {
            at: crate::clock::wall(),
            level,
            target: Cow::Borrowed(target),
            message: cut(message),
            fields: Vec::new(),
        }
    }

    /// With one more field; nothing is added for null.
    pub(crate) fn with(mut self, key: impl Into<Cow<'static, str>>, value: Value) -> Self {
        let value = match value {
            Value::Null => return self,
            Value::String(text) => Value::String(cut(&text)),
            other => other,
        };
        self.fields.push((key.into(), value));
        self
    }
}

fn cut(text: &str) -> String {
    match text.len() <= LONGEST {
        true => text.to_owned(),
        false => format!("{}…", &text[..text.floor_char_boundary(LONGEST)]),
    }
}

/// Whether it is this program that speaks, and no library.
pub(super) fn is_ours(target: &str) -> bool {
    target == "boxup" || target.starts_with("boxup::")
}

/// Makes records of what the program's parts say, and hands them on. Of libraries nothing
/// beyond debug is taken, whoever asks: at trace they may show what they send.
pub(super) struct Catcher<F>(pub(super) F);

impl<S: Subscriber, F: Fn(Record) + 'static> Layer<S> for Catcher<F> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let meta = event.metadata();
        let (target, level) = (meta.target(), *meta.level());
        if level > Level::DEBUG && !is_ours(target) {
            return;
        }
        let mut record = Record::new(level, target, "");
        event.record(&mut Reading(&mut record));
        (self.0)(record);
    }
}

struct Reading<'a>(&'a mut Record);

impl Reading<'_> {
    fn put(&mut self, field: &Field, value: Value) {
        let record = &mut *self.0;
        match value {
            Value::String(text) if field.name() == "message" => record.message = cut(&text),
            Value::String(text) => {
                let value = Value::String(cut(&text));
                record.fields.push((field.name().into(), value));
            }
            other => record.fields.push((field.name().into(), other)),
        }
    }
}

impl Visit for Reading<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = String::new();
        // Writing into a string fails only where the value itself does.
        let _ = write!(text, "{value:?}");
        self.put(field, Value::String(text));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Value::String(value.to_owned()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::Bool(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::{Catcher, LONGEST, Record, is_ours};
    use serde_json::json;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::layer::SubscriberExt;

    fn caught(say: impl FnOnce()) -> Vec<Record> {
        let records = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&records);
        let catcher = Catcher(move |record| into.lock().unwrap().push(record));
        let subscriber = tracing_subscriber::registry().with(catcher);
        tracing::subscriber::with_default(subscriber, say);
        let records = records.lock().unwrap();
        records.clone()
    }

    #[test]
    fn an_event_becomes_a_record_with_its_fields_in_order() {
        let records = caught(|| {
            let error = "a \"b\"\n";
            tracing::warn!(target: "boxup::x", n = 7u64, yes = true, %error, why = ?Some(1), "so");
        });
        let [record] = &records[..] else {
            panic!("{records:?}");
        };
        assert_eq!(record.message, "so");
        assert_eq!(record.target, "boxup::x");
        let fields: Vec<_> = record.fields.iter().map(|(k, v)| (&**k, v)).collect();
        let expected = [
            ("n", &json!(7)),
            ("yes", &json!(true)),
            ("error", &json!("a \"b\"\n")),
            ("why", &json!("Some(1)")),
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn libraries_are_not_heard_beyond_debug() {
        let records = caught(|| {
            tracing::trace!(target: "hyper_util::client", "bytes");
            tracing::debug!(target: "hyper_util::client", "a connection");
            tracing::trace!(target: "boxup::remote", "ours");
            tracing::trace!(target: "boxupx", "not ours");
        });
        let told: Vec<_> = records.iter().map(|r| r.message.as_str()).collect();
        assert_eq!(told, ["a connection", "ours"]);
        assert!(is_ours("boxup") && !is_ours("boxups::x"));
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        let records = caught(|| tracing::error!(target: "boxup", "{}", "ä".repeat(LONGEST)));
        let message = &records[0].message;
        assert!(message.len() < LONGEST + 8 && message.ends_with("ä…"));
    }
}
