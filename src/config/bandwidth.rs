//! `[limits] bandwidth`: a rate, or rates with their hours.

use crate::config::problem::{Place, Problems};
use crate::config::reader::{Entry, State};
use crate::model::timetable::{Days, Hours, Rate, Timetable};

/// Less than this, and a large file never arrives; more, and it is no limit.
const RANGE: std::ops::RangeInclusive<f64> = 1024.0..=1_099_511_627_776.0;
pub(super) const UNITS: [(&str, f64); 10] = [
    ("b", 1.0),
    ("kb", 1e3),
    ("mb", 1e6),
    ("gb", 1e9),
    ("kib", 1024.0),
    ("mib", 1_048_576.0),
    ("gib", 1_073_741_824.0),
    ("kbit", 1e3 / 8.0),
    ("mbit", 1e6 / 8.0),
    ("gbit", 1e9 / 8.0),
];
const WEEK: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY: u16 = 24 * 60;

/// What is wrong and what is right.
type Wrong = (String, &'static str);

const RIGHT_RATE: &str = "write it like \"10 MiB/s\", \"500 KiB/s\" or \"20 Mbit/s\", or \"off\" \
                          for no limit";
const RIGHT_HOURS: &str =
    "write it like \"08:00-18:00 2 MiB/s\" or \"Mon-Fri 22:00-06:00 off\", by the local clock";
const RIGHT_DAYS: &str = "write \"Mon\", \"Mon-Fri\" or \"Sat,Sun\" in front of the hours";

/// The timetable; without one, no limit.
pub(super) fn timetable(entries: &[Entry<String>], problems: &mut Problems) -> Option<Timetable> {
    let mut table = Timetable::default();
    let mut rest: Option<&Place> = None;
    let mut is_right = true;
    for Entry { place, state } in entries {
        let text = match state {
            State::Missing => continue,
            State::Bad => {
                is_right = false;
                continue;
            }
            State::Set(text) => text,
        };
        let read = match (rest, line(text)) {
            (Some(_), _) => Err((
                "it comes after the one without hours, so it never counts".to_owned(),
                "put the one without hours last: it is for the rest of the time",
            )),
            (None, read) => read,
        };
        match read {
            Ok((None, rate)) => (table.otherwise, rest) = (rate, Some(place)),
            Ok((Some(hours), _)) => table.hours.push(hours),
            Err((what, remedy)) => {
                is_right = false;
                problems.add(place, what, remedy);
            }
        }
    }
    is_right.then_some(table)
}

/// `[days ][hours ]rate`
fn line(text: &str) -> Result<(Option<Hours>, Rate), Wrong> {
    let text = text.trim();
    let Some((before, after)) = around_hours(text) else {
        let first = text.split_whitespace().next().unwrap_or_default();
        return match days(first) {
            Ok(_) => Err((format!("{text:?} has days but no hours"), RIGHT_HOURS)),
            Err(_) => Ok((None, rate(text)?)),
        };
    };
    let mut words = before.split_whitespace();
    let hours_text = words.next_back().unwrap_or_default();
    let days_text = words.collect::<Vec<_>>().join(" ");
    let days = match days_text.is_empty() {
        true => Days::ALL,
        false => days(&days_text)?,
    };
    let (from, to) = span(hours_text)?;
    let rate = rate(after)?;
    let hours = Hours {
        days,
        from,
        to,
        rate,
    };
    Ok((Some(hours), rate))
}

/// The text up to the end of its hours, and what comes then.
fn around_hours(text: &str) -> Option<(&str, &str)> {
    let colon = text.rfind(':')?;
    let end = text[colon..].find(char::is_whitespace);
    let end = end.map_or(text.len(), |end| colon + end);
    Some(text.split_at(end))
}

fn span(text: &str) -> Result<(u16, u16), Wrong> {
    let wrong = || (format!("{text:?} are no hours"), RIGHT_HOURS);
    let (from, to) = text.split_once('-').ok_or_else(wrong)?;
    let (from, to) = (clock(from).ok_or_else(wrong)?, clock(to).ok_or_else(wrong)?);
    if from == to || from == DAY {
        return Err((
            format!("{text:?} is no time at all"),
            "the whole day is \"00:00-24:00\"",
        ));
    }
    Ok((from, to))
}

/// `8:05`; `24:00` is the day's end.
fn clock(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let is_written = (1..=2).contains(&hour.len()) && minute.len() == 2;
    let digits = |text: &str| {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| is_number)
    };
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    let is_there = is_written && minute < 60 && (hour < 24 || hour == 24 && minute == 0);
    is_there.then_some(hour * 60 + minute)
}

fn days(text: &str) -> Result<Days, Wrong> {
    let wrong = || (format!("{text:?} are no days"), RIGHT_DAYS);
    let number = |name: &str| {
        let name = name.to_lowercase();
        let found = WEEK.iter().position(|day| *day == name);
        found.and_then(|day| u8::try_from(day).ok())
    };
    let mut days = Days::NONE;
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let first = number(first).ok_or_else(wrong)?;
        let last = number(last).ok_or_else(wrong)?;
        // Sat-Mon goes over the end of the week.
        let length = (last + 7 - first) % 7;
        days = (first..=first + length).fold(days, Days::with);
    }
    Ok(days)
}

fn rate(text: &str) -> Result<Rate, Wrong> {
    let text = text.trim();
    let lower = text.to_lowercase();
    if lower == "off" || lower == "unlimited" {
        return Ok(None);
    }
    let wrong = |why: &str| (format!("{text:?} {why}"), RIGHT_RATE);
    let unit_at = lower.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, unit) = lower.split_at(unit_at.unwrap_or(lower.len()));
    let number: f64 = number.parse().map_err(|_| wrong("is no rate"))?;
    let unit = unit.trim();
    let unit = match unit.strip_suffix("/s") {
        Some(unit) => unit.trim_end(),
        None if unit.is_empty() => return Err(wrong("has no unit")),
        None => return Err(wrong("does not end in /s")),
    };
    let known = UNITS.iter().find(|(name, _)| *name == unit);
    let (_, factor) = known.ok_or_else(|| wrong("has a unit that is not known"))?;
    let bytes = number * factor;
    if !RANGE.contains(&bytes) {
        return Err(wrong("is not between 1 KiB/s and 1024 GiB/s"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within the range, which is far within a u64"
    )]
    let bytes = bytes as u64;
    Ok(Some(bytes))
}
