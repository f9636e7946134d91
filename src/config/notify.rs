//! `[notify]`: whom to tell when something is wrong, and who expects a sign of life.

use crate::config::endpoints::is_loopback;
use crate::config::environment::Environment;
use crate::config::file::NotifyTable;
use crate::config::pace::span;
use crate::config::problem::{Problems, closest};
use crate::config::reader::{Entry, State};
use crate::config::resolve::{World, nonempty};
use crate::config::secret::{self, Found, Source};
use crate::plan::herald::{Event, Rules};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// What can be told, by the words of `on`.
pub(super) const EVENTS: [(&str, Event); 5] = [
    ("parked", Event::Parked),
    ("halted", Event::Halted),
    ("auth_failed", Event::AuthFailed),
    ("stale", Event::Stale),
    ("recovered", Event::Recovered),
];

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
const YEAR: Duration = Duration::from_secs(365 * 86_400);
const LASTING: (Duration, RangeInclusive<Duration>) =
    (Duration::from_secs(30), Duration::ZERO..=HOUR);
const STALE: (Duration, RangeInclusive<Duration>) = (Duration::from_secs(900), SECOND..=YEAR);
const REPEAT: (Duration, RangeInclusive<Duration>) = (DAY, SECOND..=YEAR);
const APART: (Duration, RangeInclusive<Duration>) =
    (Duration::from_secs(300), Duration::ZERO..=DAY);
const BEAT: (Duration, RangeInclusive<Duration>) = (Duration::from_secs(300), SECOND..=DAY);

const WHOLE: &str = "write the whole address, such as https://chat.example.com/hooks/…";
const ENCRYPTED: &str = "use https://; plain http is for this machine (127.0.0.1, [::1], \
                         localhost), or for everybody on the way to read: allow_http = true";

/// Whom to tell, and how often.
#[derive(Clone, Debug)]
pub(crate) struct Notify {
    /// Run by `sh -c` in `directory`, with the message on standard input.
    pub(crate) command: Option<String>,
    /// The configuration file's directory.
    pub(crate) directory: PathBuf,
    /// What the command inherits, before secrets are taken out.
    pub(crate) environment: Environment,
    /// Where messages are posted.
    pub(crate) webhook: Option<Address>,
    /// What is fetched when all is well.
    pub(crate) heartbeat: Option<Address>,
    /// How often a service says that all is well.
    pub(crate) heartbeat_every: Duration,
    /// What is told, and when.
    pub(crate) rules: Rules,
}

impl Notify {
    /// Whether anybody is told anything.
    pub(crate) fn is_wanted(&self) -> bool {
        self.command.is_some() || self.webhook.is_some()
    }
}

/// A web address that may be a secret as a whole: whoever knows it can use it. It is in
/// no message.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    whole: SecretString,
    is_loopback: bool,
}

impl Address {
    /// Checks an address; the error says what is wrong and what mends it, and repeats
    /// nothing.
    fn parse(text: &str, allow_http: bool) -> Result<Self, (&'static str, &'static str)> {
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(("it holds a space or control character", WHOLE));
        }
        let url = Url::parse(text).map_err(|_| ("this is no address", WHOLE))?;
        if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
            return Err(("it is no web address", "begin it with https://"));
        }
        if url.fragment().is_some() {
            return Err(("it has a fragment, which is never sent", "end it before #"));
        }
        let is_loopback = is_loopback(&url);
        if url.scheme() == "http" && !is_loopback && !allow_http {
            return Err(("it is not encrypted", ENCRYPTED));
        }
        let whole = text.into();
        Ok(Self { whole, is_loopback })
    }

    /// The address, for whoever connects.
    pub(crate) fn whole(&self) -> &SecretString {
        &self.whole
    }

    /// Whether it is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

/// `[notify]`
pub(super) fn resolve(
    table: &NotifyTable,
    world: &World<'_>,
    problems: &mut Problems,
) -> Option<Notify> {
    let allow_http = table.allow_http.get().copied().unwrap_or(false);
    let command = command(&table.command, problems);
    let webhook = address(&webhook(table), allow_http, world, problems);
    let heartbeat = address(&heartbeat(table), allow_http, world, problems);
    let time = |entry: &Entry<String>, (default, range): &(Duration, _), problems: &mut _| {
        span(entry, *default, range, problems)
    };
    let on = events(&table.on, problems);
    let lasting = time(&table.lasting, &LASTING, problems);
    let stale_after = time(&table.stale_after, &STALE, problems);
    let repeat = time(&table.repeat, &REPEAT, problems);
    let min_interval = time(&table.min_interval, &APART, problems);
    let heartbeat_every = time(&table.heartbeat_every, &BEAT, problems);
    let notify = Notify {
        command: command?,
        directory: world.base.to_owned(),
        environment: world.env.clone(),
        webhook: webhook?,
        heartbeat: heartbeat?,
        heartbeat_every: heartbeat_every?,
        rules: Rules {
            on: on?,
            lasting: lasting?,
            stale_after: stale_after?,
            repeat: repeat?,
            min_interval: min_interval?,
        },
    };
    let has_way = notify.is_wanted() || notify.heartbeat.is_some();
    if !has_way && says_how(table) && world.vault.is_some() {
        problems.warn("[notify] tells nobody: it names no command, webhook or heartbeat");
    }
    if notify.rules.min_interval < MINUTE && notify.is_wanted() {
        problems.warn("[notify] min_interval below 1m can flood whoever is told");
    }
    Some(notify)
}

/// Whether it says how somebody is to be told.
fn says_how(table: &NotifyTable) -> bool {
    let times = [
        &table.lasting,
        &table.stale_after,
        &table.repeat,
        &table.min_interval,
        &table.heartbeat_every,
    ];
    !table.on.is_empty() || times.iter().any(|entry| !entry.is_missing())
}

fn command(entry: &Entry<String>, problems: &mut Problems) -> Option<Option<String>> {
    if entry.is_missing() {
        return Some(None);
    }
    let remedy = "write a command; it finds the message as JSON on its standard input";
    nonempty(entry, remedy, problems).map(Some)
}

fn webhook(table: &NotifyTable) -> Source<'_> {
    Source {
        inline: Some(&table.webhook),
        file: &table.webhook_file,
        command: &table.webhook_command,
        variable: "BOXUP_WEBHOOK",
        credential: "webhook",
        called: "webhook",
        remedy: WHOLE,
    }
}

fn heartbeat(table: &NotifyTable) -> Source<'_> {
    Source {
        inline: Some(&table.heartbeat),
        file: &table.heartbeat_file,
        command: &table.heartbeat_command,
        variable: "BOXUP_HEARTBEAT",
        credential: "heartbeat",
        called: "heartbeat",
        remedy: WHOLE,
    }
}

fn address(
    source: &Source<'_>,
    allow_http: bool,
    world: &World<'_>,
    problems: &mut Problems,
) -> Option<Option<Address>> {
    let Found { text, place } = match secret::look(source, world, problems) {
        State::Missing => return Some(None),
        State::Bad => return None,
        State::Set(found) => found,
    };
    Address::parse(text.expose_secret(), allow_http)
        .map_err(|(what, remedy)| problems.add(&place, what, remedy))
        .ok()
        .map(Some)
}

/// All of them where the file does not say.
fn events(entries: &[Entry<String>], problems: &mut Problems) -> Option<Vec<Event>> {
    if entries.is_empty() {
        return Some(EVENTS.map(|(_, event)| event).to_vec());
    }
    let mut all = Some(Vec::new());
    for entry in entries {
        let word = entry.get();
        let known = word.and_then(|word| EVENTS.iter().find(|(other, _)| other == word));
        match (known, &mut all) {
            (Some((_, event)), Some(all)) => all.push(*event),
            (Some(_), None) => {}
            (None, _) => all = None,
        }
        if let (Some(word), None) = (word, known) {
            let words = EVENTS.map(|(word, _)| word);
            let remedy = match closest(word, words) {
                Some(meant) => format!("did you mean {meant:?}?"),
                None => format!("known are {}", words.join(", ")),
            };
            problems.add(&entry.place, format!("{word:?} is not known here"), remedy);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for (text, expected) in [
            ("", "no address"),
            ("hooks.example/canary", "no address"),
            ("ftp://example.com/canary", "no web address"),
            ("https://exam ple.com/canary", "space"),
            ("https://example.com/canary\n", "space"),
            ("https://example.com/#canary", "fragment"),
            ("http://example.com/canary", "not encrypted"),
            ("http://10.0.0.1/canary", "not encrypted"),
        ] {
            let (what, remedy) = Address::parse(text, false).unwrap_err();
            assert!(what.contains(expected), "{text}: {what}");
            assert!(!what.contains("canary") && !remedy.contains("canary"));
        }
        for (text, allow_http, is_loopback) in [
            (
                "https://hooks.example.com/services/T0/B0/canary",
                false,
                false,
            ),
            ("https://me:canary@ntfy.example.com/boxup?x=1", false, false),
            ("http://127.0.0.1:8080/canary", false, true),
            ("http://[::1]/canary", false, true),
            ("http://10.0.0.1/canary", true, false),
        ] {
            let address = Address::parse(text, allow_http).unwrap();
            assert_eq!(address.is_loopback(), is_loopback, "{text}");
            assert!(!format!("{address:?}").contains("canary"));
        }
    }
}
