//! Where a secret comes from, and which of several places wins.

use crate::config::problem::{Place, Problems};
use crate::config::reader::{Entry, State};
use crate::config::resolve::{Vault, World, nonempty, path};
use secrecy::{ExposeSecret, SecretString};

/// The variables that hold secrets. What boxup runs never inherits them.
pub(crate) const VARIABLES: [&str; 5] = [
    "BOXUP_CLIENT_SECRET",
    "BOXUP_DEVELOPER_TOKEN",
    "BOXUP_JWT_CONFIG",
    "BOXUP_WEBHOOK",
    "BOXUP_HEARTBEAT",
];

/// Where one secret may come from.
pub(super) struct Source<'a> {
    /// In the configuration itself, where that is possible.
    pub(super) inline: Option<&'a Entry<SecretString>>,
    /// A file that holds nothing else.
    pub(super) file: &'a Entry<String>,
    /// A command that prints nothing else.
    pub(super) command: &'a Entry<String>,
    /// One of [`VARIABLES`].
    pub(super) variable: &'static str,
    /// The name of a file in systemd's directory of credentials.
    pub(super) credential: &'static str,
    /// What it is called in a sentence.
    pub(super) called: &'static str,
    /// Where it is found, and where it can be put.
    pub(super) remedy: &'static str,
}

/// A secret, and where it came from.
pub(super) struct Found {
    pub(super) text: SecretString,
    pub(super) place: Place,
}

/// A secret that must be somewhere. `None` when something is wrong, and when nothing may be
/// looked at.
pub(super) fn find(
    source: &Source<'_>,
    world: &World<'_>,
    problems: &mut Problems,
) -> Option<Found> {
    match look(source, world, problems) {
        State::Set(found) => Some(found),
        State::Bad => None,
        State::Missing => {
            if world.vault.is_some() {
                let inline = source.inline.map(|entry| &entry.place);
                let what = format!("there is no {}", source.called);
                problems.add(inline.unwrap_or(&source.file.place), what, source.remedy);
            }
            None
        }
    }
}

/// The environment wins, so that a secret can be changed without touching the file; then
/// the one place that the file names; then systemd's credentials. Missing, too, when
/// nothing may be looked at.
pub(super) fn look(
    source: &Source<'_>,
    world: &World<'_>,
    problems: &mut Problems,
) -> State<Found> {
    if is_named_twice(source, problems) {
        return State::Bad;
    }
    let Some(vault) = world.vault.as_ref() else {
        return State::Missing;
    };
    if let Some(value) = world.env.get(source.variable) {
        let place = Place::nowhere(&format!("${}", source.variable));
        let Some(text) = value.to_str() else {
            problems.add(&place, "its value is not UTF-8 text", source.remedy);
            return State::Bad;
        };
        let text = SecretString::from(text);
        return State::Set(Found { text, place });
    }
    match named(source, vault, world, problems) {
        State::Missing => from_systemd(source, vault, world, problems),
        found => found,
    }
}

/// Two places would leave it open which of them is outdated.
fn is_named_twice(source: &Source<'_>, problems: &mut Problems) -> bool {
    let inline = source.inline.filter(|entry| !entry.is_missing());
    let others = [source.file, source.command];
    let others = others.into_iter().filter(|entry| !entry.is_missing());
    let places: Vec<&Place> = inline
        .map(|entry| &entry.place)
        .into_iter()
        .chain(others.map(|entry| &entry.place))
        .collect();
    let names: Vec<&str> = places.iter().map(|place| place.last()).collect();
    match (names.as_slice(), places.last()) {
        ([first @ .., second, last], Some(place)) => {
            let (first, all) = match first {
                [] => (String::new(), "both"),
                more => (format!("{}, ", more.join(", ")), "all"),
            };
            let what = format!("{first}{second} and {last} are {all} set");
            problems.add(place, what, "keep one of them");
            true
        }
        _ => false,
    }
}

/// The one place that the file names.
fn named(
    source: &Source<'_>,
    vault: &Vault<'_>,
    world: &World<'_>,
    problems: &mut Problems,
) -> State<Found> {
    match source.inline.map(|entry| (&entry.state, &entry.place)) {
        Some((State::Set(text), place)) => {
            return State::Set(Found {
                text: text.clone(),
                place: place.clone(),
            });
        }
        Some((State::Bad, _)) => return State::Bad,
        Some((State::Missing, _)) | None => {}
    }
    let (entry, read) = if !source.file.is_missing() {
        let Some(named) = path(source.file, world, problems) else {
            return State::Bad;
        };
        (source.file, (vault.read_file)(&named))
    } else if !source.command.is_missing() {
        let remedy = "write a command that prints the secret and nothing else";
        let Some(command) = nonempty(source.command, remedy, problems) else {
            return State::Bad;
        };
        (source.command, (vault.run)(&command))
    } else {
        return State::Missing;
    };
    let place = entry.place.clone();
    match read {
        Ok(text) => State::Set(Found { text, place }),
        Err(error) => {
            problems.add(&place, error.what, error.remedy);
            State::Bad
        }
    }
}

fn from_systemd(
    source: &Source<'_>,
    vault: &Vault<'_>,
    world: &World<'_>,
    problems: &mut Problems,
) -> State<Found> {
    let Some(directory) = world.env.path("CREDENTIALS_DIRECTORY") else {
        return State::Missing;
    };
    let named = directory.join(source.credential);
    let place = Place::nowhere(&format!("$CREDENTIALS_DIRECTORY/{}", source.credential));
    match (vault.read_file)(&named) {
        Ok(text) => State::Set(Found { text, place }),
        Err(error) if error.missing => State::Missing,
        Err(error) => {
            problems.add(&place, error.what, error.remedy);
            State::Bad
        }
    }
}

/// What is wrong with a secret's text. It travels in headers and forms: an empty one, or
/// one with a line break from a careless paste, would fail at Box with a message that
/// explains nothing.
pub(super) fn fault(secret: &SecretString) -> Option<&'static str> {
    let text = secret.expose_secret();
    if text.is_empty() {
        Some("it is empty")
    } else if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        Some("it holds a space, line break or control character")
    } else if !text.is_ascii() {
        Some("it holds a character that no secret of Box's has")
    } else {
        None
    }
}

/// A secret that can be sent.
pub(super) fn sendable(found: Found, problems: &mut Problems) -> Option<SecretString> {
    let Some(what) = fault(&found.text) else {
        return Some(found.text);
    };
    let remedy = "copy it again from Box's Developer Console";
    problems.add(&found.place, what, remedy);
    None
}
