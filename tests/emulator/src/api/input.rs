//! Fields of a JSON body, each read or refused.

use serde_json::{Map, Value};

use super::Ctx;
use crate::clock;
use crate::wire::ApiError;
use crate::world::ItemId;

/// Box's limit on descriptions.
const MAX_DESCRIPTION: usize = 256;

/// A JSON object with the errors of a body.
pub(crate) struct Fields<'a>(pub(crate) &'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// A field that is present, `null` included.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name)
    }

    /// A string, absent or `null`.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(name, other, "a string")),
        }
    }

    /// A string that must be there.
    pub(crate) fn need_text(&self, name: &str) -> Result<&'a str, ApiError> {
        self.text(name)?.ok_or_else(|| ApiError::missing(name))
    }

    /// A description, which has at most 256 characters.
    pub(crate) fn description(&self) -> Result<Option<&'a str>, ApiError> {
        let text = self.text("description")?;
        if text.is_some_and(|text| text.chars().count() > MAX_DESCRIPTION) {
            let message = format!("'description' may have {MAX_DESCRIPTION} characters");
            return Err(ApiError::parameter("description", &message));
        }
        Ok(text)
    }

    /// An RFC 3339 date, as seconds.
    pub(crate) fn date(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        match clock::parse_rfc3339(text) {
            Some(seconds) => Ok(Some(seconds)),
            None => Err(wrong(
                name,
                &Value::from(text),
                "an RFC 3339 date from 1970 on",
            )),
        }
    }

    /// A size: a whole number from zero up, of any magnitude.
    pub(crate) fn size(&self, name: &str) -> Result<Option<u64>, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64() {
                Some(size) => Ok(Some(size)),
                None => Err(wrong(name, value, "a non-negative integer")),
            },
        }
    }

    /// The id inside `parent`, as text.
    pub(crate) fn parent(&self) -> Result<Option<&'a str>, ApiError> {
        match self.object("parent")? {
            None => Ok(None),
            Some(parent) => match parent.value("id") {
                Some(Value::String(id)) => Ok(Some(id)),
                Some(other) => Err(wrong("parent.id", other, "a string")),
                None => Err(ApiError::missing("parent.id")),
            },
        }
    }

    /// An object, absent or `null`.
    pub(crate) fn object(&self, name: &str) -> Result<Option<Fields<'a>>, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(Fields(fields))),
            Some(other) => Err(wrong(name, other, "an object")),
        }
    }

    /// A list of strings, absent or `null`.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, ApiError> {
        let all = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(all)) => all,
            Some(other) => return Err(wrong(name, other, "a list")),
        };
        let text = |value: &Value| match value {
            Value::String(text) => Ok(text.clone()),
            other => Err(wrong(name, other, "a list of strings")),
        };
        all.iter().map(text).collect::<Result<_, _>>().map(Some)
    }

    /// The fields outside this list.
    pub(crate) fn others(&self, known: &[&str]) -> Vec<String> {
        let unknown = self.0.keys().filter(|name| !known.contains(&name.as_str()));
        unknown.cloned().collect()
    }
}

impl Ctx<'_> {
    /// Takes the body's fields out of the request.
    pub(crate) fn take_fields(&mut self) -> Map<String, Value> {
        self.body.fields().cloned().unwrap_or_default()
    }

    /// Notes the fields of a body that Box does not document.
    pub(crate) fn remark_others(&mut self, fields: &Fields<'_>, known: &[&str]) {
        for name in fields.others(known) {
            self.remark(&format!("undocumented body field '{name}'"));
        }
    }
}

/// An id on the wire, or `None` when it is malformed.
pub(crate) fn parse_id(text: &str) -> Option<ItemId> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // A number too large for any item is well-formed and simply not found.
    digits.then(|| text.parse().unwrap_or(ItemId::MAX))
}

fn wrong(name: &str, value: &Value, expected: &str) -> ApiError {
    let message = format!("Invalid value '{value}'. '{name}' must be {expected}");
    ApiError::parameter(name, &message)
}
