//! `[watch]` and `[limits]`: numbers within bounds.

use crate::config::bandwidth;
use crate::config::file::{LimitsTable, WatchTable};
use crate::config::problem::Problems;
use crate::config::reader::{Entry, State};
use crate::config::resolve::choice;
use crate::config::{Limits, Watch};
use crate::plan::sight::Mode;
use std::ops::RangeInclusive;
use std::time::Duration;

const WEEK: Duration = Duration::from_secs(7 * 86_400);
const HOUR: Duration = Duration::from_secs(3600);
const SETTLE: RangeInclusive<Duration> = Duration::ZERO..=HOUR;
/// The upper bound keeps "now plus rescan" far from the end of the clock.
const RESCAN: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(365 * 86_400);
const POLL: Duration = Duration::from_secs(60);
const POLLS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(86_400);
const MODES: &[(&str, Mode)] = &[
    ("auto", Mode::Auto),
    ("native", Mode::Native),
    ("poll", Mode::Poll),
];
const HISTORY: Duration = Duration::from_secs(90 * 86_400);
/// Ten years are longer than a million entries last anywhere.
const KEPT: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(3_650 * 86_400);
/// What Box publishes for a user: uploads and API calls per minute.
const PUBLISHED: (u32, u32) = (240, 1000);
const RATE: RangeInclusive<u32> = 1..=10_000_000;
const AT_ONCE: RangeInclusive<u32> = 1..=64;
/// Box recommends three to five.
const PARTS: RangeInclusive<u32> = 1..=16;

/// `[watch]`
pub(super) fn watch(table: &WatchTable, problems: &mut Problems) -> Option<Watch> {
    let settle = span(&table.settle, Duration::from_secs(2), &SETTLE, problems);
    let rescan = span(&table.rescan, HOUR, &RESCAN, problems);
    let mode = choice(&table.mode, MODES, Some(Mode::Auto), problems);
    let poll_interval = span(&table.poll_interval, POLL, &POLLS, problems);
    Some(Watch {
        settle: settle?,
        rescan: rescan?,
        mode: mode?,
        poll_interval: poll_interval?,
    })
}

/// `[state] verify_every`: off where it is left out.
pub(super) fn verify_every(
    entry: &Entry<String>,
    problems: &mut Problems,
) -> Option<Option<Duration>> {
    match entry.is_missing() {
        true => Some(None),
        false => span(entry, WEEK, &RESCAN, problems).map(Some),
    }
}

/// `[state] history`: zero where it is off.
pub(super) fn history(entry: &Entry<String>, problems: &mut Problems) -> Option<Duration> {
    match &entry.state {
        State::Set(word) if word == "off" => Some(Duration::ZERO),
        _ => span(entry, HISTORY, &KEPT, problems),
    }
}

/// `[limits]`
pub(super) fn limits(table: &LimitsTable, problems: &mut Problems) -> Option<Limits> {
    let (uploads, requests) = PUBLISHED;
    let uploads = number(&table.uploads_per_minute, uploads, &RATE, problems);
    let requests = number(&table.requests_per_minute, requests, &RATE, problems);
    let at_once = number(&table.concurrent_uploads, 8, &AT_ONCE, problems);
    let parts = number(&table.concurrent_parts, 4, &PARTS, problems);
    let bandwidth = bandwidth::timetable(&table.bandwidth, problems);
    let limits = Limits {
        uploads_per_minute: uploads?,
        requests_per_minute: requests?,
        concurrent_uploads: usize::try_from(at_once?).ok()?,
        concurrent_parts: usize::try_from(parts?).ok()?,
        bandwidth: bandwidth?,
    };
    if limits.uploads_per_minute > PUBLISHED.0 || limits.requests_per_minute > PUBLISHED.1 {
        problems.warn(format!(
            "[limits] is above what Box publishes for a user ({} uploads and {} requests a \
             minute): expect Box to slow boxup down",
            PUBLISHED.0, PUBLISHED.1,
        ));
    }
    Some(limits)
}

fn number(
    entry: &Entry<i64>,
    default: u32,
    range: &RangeInclusive<u32>,
    problems: &mut Problems,
) -> Option<u32> {
    let number = match entry.state {
        State::Missing => return Some(default),
        State::Bad => return None,
        State::Set(number) => number,
    };
    let fitting = u32::try_from(number).ok().filter(|n| range.contains(n));
    if fitting.is_none() {
        let (low, high) = (range.start(), range.end());
        let what = format!("it must be between {low} and {high}");
        problems.add(&entry.place, what, format!("{default} is the default"));
    }
    fitting
}

pub(super) fn span(
    entry: &Entry<String>,
    default: Duration,
    range: &RangeInclusive<Duration>,
    problems: &mut Problems,
) -> Option<Duration> {
    let text = match &entry.state {
        State::Missing => return Some(default),
        State::Bad => return None,
        State::Set(text) => text,
    };
    let digits = text.trim();
    let (what, remedy) = match humantime::parse_duration(text) {
        Ok(span) if range.contains(&span) => return Some(span),
        Ok(_) => {
            let (low, high) = (range.start(), range.end());
            let shown = |span: &Duration| humantime::format_duration(*span).to_string();
            let what = format!("it must be between {} and {}", shown(low), shown(high));
            (what, format!("{:?} is the default", shown(&default)))
        }
        Err(_) if !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()) => {
            let what = "a time span needs a unit".to_owned();
            (what, format!("seconds are meant? Write \"{digits}s\""))
        }
        Err(error) => {
            let what = format!("{text:?} is no time span: {error}");
            (what, "write it like \"2s\", \"500ms\" or \"1h 30m\"".into())
        }
    };
    problems.add(&entry.place, what, remedy);
    None
}
