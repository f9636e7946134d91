//! Reads a TOML document key by key and notes every mistake on the way.
//!
//! A derived deserializer stops at the first mistake; a person wants to mend all of them
//! in one go. Each value keeps its place, and a mistake that was noted once leaves the
//! entry [`State::Bad`], so that nobody complains a second time that it is missing.

use crate::config::problem::{Place, Problems, closest};
use crate::config::wording::{Meaning, bare, kind, position, syntax_remedy, text_remedy};
use secrecy::SecretString;
use serde_json::Value;
use std::collections::BTreeSet;
use toml::de::{DeArray, DeTable, DeValue};

/// What became of a key.
#[derive(Clone, Debug)]
pub(crate) enum State<T> {
    /// Not in the file.
    Missing,
    /// In the file and wrong; the problem is noted already.
    Bad,
    /// In the file.
    Set(T),
}

/// A key of the file with its place.
#[derive(Clone, Debug)]
pub(crate) struct Entry<T> {
    /// Where it stands or should stand.
    pub(crate) place: Place,
    /// What became of it.
    pub(crate) state: State<T>,
}

impl<T> Entry<T> {
    /// The value, if it was there and right.
    pub(crate) fn get(&self) -> Option<&T> {
        match &self.state {
            State::Set(value) => Some(value),
            State::Missing | State::Bad => None,
        }
    }

    /// Whether the file says nothing about it.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self.state, State::Missing)
    }

    fn map<U>(self, convert: impl FnOnce(T) -> U) -> Entry<U> {
        let state = match self.state {
            State::Missing => State::Missing,
            State::Bad => State::Bad,
            State::Set(value) => State::Set(convert(value)),
        };
        Entry {
            place: self.place,
            state,
        }
    }
}

/// A key that somebody asked for, and what the file says about it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The key with its section, such as `mirror[0].local`.
    pub(crate) place: Place,
    /// Its value; `None` when the file does not say. Of a secret only that it is there.
    pub(crate) value: Option<Value>,
}

/// One table of the file.
pub(crate) struct Section<'a> {
    place: Place,
    source: &'a str,
    table: State<&'a DeTable<'a>>,
    known: Vec<&'static str>,
    refused: Vec<&'static str>,
    asked: &'a mut Vec<Asked>,
    problems: &'a mut Problems,
}

/// What a secret is shown as.
pub(crate) const REDACTED: &str = "[redacted]";

/// Reads the whole document, and tells every key that was asked for. `None` when it is no
/// TOML at all.
pub(crate) fn read_document<T>(
    source: &str,
    problems: &mut Problems,
    read: impl FnOnce(&mut Section<'_>) -> T,
) -> Option<(T, Vec<Asked>)> {
    let (document, errors) = DeTable::parse_recoverable(source);
    let mut lines = BTreeSet::new();
    for error in &errors {
        let (line, column) = position(source, error.span().map_or(0, |span| span.start));
        // One slip makes the parser stumble several times on the same line.
        if lines.insert(line) {
            let place = Place {
                key: "file".into(),
                line: Some(line),
            };
            // Not the error's own rendering: it repeats the line, which may be a secret's.
            let what = format!("column {column} is no TOML: {}", error.message());
            problems.add(&place, what, syntax_remedy(error.message()));
        }
    }
    if !errors.is_empty() {
        return None;
    }
    let mut asked = Vec::new();
    let mut root = Section {
        place: Place::nowhere(""),
        source,
        table: State::Set(document.get_ref()),
        known: Vec::new(),
        refused: Vec::new(),
        asked: &mut asked,
        problems,
    };
    let value = read(&mut root);
    root.report_unknown();
    Some((value, asked))
}

impl<'a> Section<'a> {
    /// The section itself, to say that it is missing.
    pub(crate) fn here(&self) -> Entry<()> {
        Entry {
            place: self.place.clone(),
            state: match self.table {
                State::Missing => State::Missing,
                State::Bad => State::Bad,
                State::Set(_) => State::Set(()),
            },
        }
    }

    /// A text.
    pub(crate) fn text(&mut self, key: &'static str, meaning: Meaning) -> Entry<String> {
        let entry = self.value(
            key,
            |value| value.as_str().map(str::to_owned),
            |value| text_remedy(key, value, meaning),
        );
        self.note(&entry.place, entry.get().map(|text| text.as_str().into()));
        entry
    }

    /// A text that must not be shown.
    pub(crate) fn secret(&mut self, key: &'static str) -> Entry<SecretString> {
        let read = |value: &DeValue<'_>| value.as_str().map(SecretString::from);
        let entry = self.value(key, read, |_| format!("put it in quotes: {key} = \"…\""));
        self.note(&entry.place, entry.get().map(|_| REDACTED.into()));
        entry
    }

    /// A whole number. One that does not fit is as far out of every range as `i64::MAX`.
    pub(crate) fn integer(&mut self, key: &'static str) -> Entry<i64> {
        let read = |value: &DeValue<'_>| {
            let integer = value.as_integer()?;
            Some(i64::from_str_radix(integer.as_str(), integer.radix()).unwrap_or(i64::MAX))
        };
        let entry = self.value(key, read, |value| match value.as_str() {
            Some(digits) if digits.parse::<i64>().is_ok() => {
                format!("leave out the quotes: {key} = {digits}")
            }
            Some(_) | None => format!("write a whole number: {key} = 8"),
        });
        self.note(&entry.place, entry.get().map(|number| (*number).into()));
        entry
    }

    /// Yes or no.
    pub(crate) fn flag(&mut self, key: &'static str) -> Entry<bool> {
        let entry = self.value(
            key,
            |value| value.as_bool(),
            |value| match value.as_str() {
                Some(text @ ("true" | "false")) => format!("leave out the quotes: {key} = {text}"),
                Some(_) | None => format!("write true or false: {key} = true"),
            },
        );
        self.note(&entry.place, entry.get().map(|flag| (*flag).into()));
        entry
    }

    /// A text, or a whole number that is taken for its digits.
    pub(crate) fn text_or_integer(&mut self, key: &'static str, remedy: &str) -> Entry<String> {
        let read = |value: &DeValue<'_>| match value.as_integer() {
            Some(number) => Some(number.as_str().to_owned()),
            None => value.as_str().map(str::to_owned),
        };
        let entry = self.value(key, read, |_| remedy.to_owned());
        self.note(&entry.place, entry.get().map(|text| text.as_str().into()));
        entry
    }

    /// A text, or a list of them.
    pub(crate) fn one_or_more(&mut self, key: &'static str) -> Vec<Entry<String>> {
        let is_list = match self.table {
            State::Set(table) => table
                .get(key)
                .is_some_and(|value| value.get_ref().is_array()),
            State::Missing | State::Bad => false,
        };
        match is_list {
            true => self.texts(key),
            false => vec![self.text(key, Meaning::Rate)],
        }
    }

    /// A list of texts, each with its own line.
    pub(crate) fn texts(&mut self, key: &'static str) -> Vec<Entry<String>> {
        let list = self.value(
            key,
            |value| value.as_array(),
            |value| match value.as_str() {
                Some(text) => format!("make it a list: {key} = [{text:?}]"),
                None => format!("make it a list of texts: {key} = [\"…\"]"),
            },
        );
        let shown = |list: &DeArray<'_>| {
            let texts = list.iter().filter_map(|item| item.get_ref().as_str());
            texts.map(Value::from).collect()
        };
        self.note(&list.place, list.get().map(|list| shown(list)));
        let Some(list) = list.get() else {
            return Vec::new();
        };
        let mut texts = Vec::new();
        for (index, item) in list.iter().enumerate() {
            let place = self.place_of(&format!("{key}[{index}]"), item.span().start);
            let state = match item.get_ref().as_str() {
                Some(text) => State::Set(text.to_owned()),
                None => {
                    let what = format!("this is {}, not a text", kind(item.get_ref()));
                    self.problems.add(&place, what, "put it in quotes");
                    State::Bad
                }
            };
            texts.push(Entry { place, state });
        }
        texts
    }

    /// Keys that are not taken on purpose, which is told to whoever writes one of them.
    pub(crate) fn never(&mut self, keys: &'static [&'static str], what: &str, remedy: &str) {
        let State::Set(table) = self.table else {
            return;
        };
        for key in keys {
            if let Some((name, _)) = table.get_key_value(*key) {
                let place = self.place_of(key, name.span().start);
                self.problems.add(&place, what, remedy);
                self.refused.push(key);
            }
        }
    }

    /// A table. A missing one is read as a table without keys.
    pub(crate) fn section<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> T {
        let found = self.value(
            key,
            |value| value.as_table(),
            |_| format!("write it as a section: [{key}]"),
        );
        self.read_table(found.place, found.state, read)
    }

    /// A list of tables.
    pub(crate) fn sections<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&mut Section<'_>) -> T,
    ) -> Entry<Vec<T>> {
        let list = self.value(
            key,
            |value| value.as_array(),
            |_| format!("write each with two brackets: [[{key}]]"),
        );
        list.map(|list| {
            let mut tables = Vec::new();
            for (index, item) in list.iter().enumerate() {
                let place = self.place_of(&format!("{key}[{index}]"), item.span().start);
                let table = match item.get_ref().as_table() {
                    Some(table) => State::Set(table),
                    None => {
                        let what = format!("this is {}, not a table", kind(item.get_ref()));
                        self.problems
                            .add(&place, what, format!("write it as [[{key}]]"));
                        State::Bad
                    }
                };
                tables.push(self.read_table(place, table, &read));
            }
            tables
        })
    }

    fn read_table<T>(
        &mut self,
        place: Place,
        table: State<&DeTable<'_>>,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> T {
        let mut section = Section {
            place,
            source: self.source,
            table,
            known: Vec::new(),
            refused: Vec::new(),
            asked: self.asked,
            problems: self.problems,
        };
        let value = read(&mut section);
        section.report_unknown();
        value
    }

    /// Looks a key up and converts it; a value of the wrong type becomes a problem.
    fn value<T>(
        &mut self,
        key: &'static str,
        convert: impl FnOnce(&'a DeValue<'a>) -> Option<T>,
        remedy: impl FnOnce(&DeValue<'_>) -> String,
    ) -> Entry<T> {
        self.known.push(key);
        let mut place = Place {
            key: self.path(key),
            line: self.place.line,
        };
        let table = match self.table {
            State::Missing => return missing(place),
            State::Bad => {
                let state = State::Bad;
                return Entry { place, state };
            }
            State::Set(table) => table,
        };
        let Some((name, value)) = table.get_key_value(key) else {
            return missing(place);
        };
        place.line = Some(position(self.source, name.span().start).0);
        let state = match convert(value.get_ref()) {
            Some(value) => State::Set(value),
            None => {
                let what = format!("this cannot be {}", kind(value.get_ref()));
                self.problems.add(&place, what, remedy(value.get_ref()));
                State::Bad
            }
        };
        Entry { place, state }
    }

    fn note(&mut self, place: &Place, value: Option<Value>) {
        let place = place.clone();
        self.asked.push(Asked { place, value });
    }

    /// Complains about every key that nobody asked for.
    fn report_unknown(&mut self) {
        let State::Set(table) = self.table else {
            return;
        };
        for name in table.keys() {
            let key: &str = name.get_ref();
            if self.known.contains(&key) || self.refused.contains(&key) {
                continue;
            }
            let place = self.place_of(&bare(key), name.span().start);
            let remedy = match closest(key, self.known.iter().copied()) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("remove it; the keys here are {}", self.known.join(", ")),
            };
            self.problems.add(&place, "there is no such key", remedy);
        }
    }

    fn place_of(&self, key: &str, offset: usize) -> Place {
        Place {
            key: self.path(key),
            line: Some(position(self.source, offset).0),
        }
    }

    fn path(&self, key: &str) -> String {
        if self.place.key.is_empty() {
            return key.to_owned();
        }
        format!("{}.{key}", self.place.key)
    }
}

fn missing<T>(place: Place) -> Entry<T> {
    Entry {
        place,
        state: State::Missing,
    }
}
