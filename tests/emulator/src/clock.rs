//! The one place that reads the wall clock, and the date formats of the wire.
//!
//! Box answers with the enterprise's zone offset and takes any RFC 3339 date,
//! so dates are kept as seconds since 1970 and only written at the edge.

const DAY: i64 = 86_400;
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Seconds since 1970, by this machine's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "a server stamps what it stores; this is its only reading of the wall clock"
)]
pub(crate) fn wall_seconds() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        })
}

/// Writes a moment with the given offset: `2017-05-16T15:18:02-07:00`.
pub(crate) fn rfc3339(seconds: i64, offset_minutes: i32) -> String {
    let local = seconds.saturating_add(i64::from(offset_minutes) * 60);
    let (year, month, day) = civil(local.div_euclid(DAY));
    let (hour, minute, second) = time_of_day(local);
    let sign = if offset_minutes < 0 { '-' } else { '+' };
    let (zone_hours, zone_minutes) = (offset_minutes.abs() / 60, offset_minutes.abs() % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{sign}{zone_hours:02}:{zone_minutes:02}"
    )
}

/// The same in UTC with `Z`, as the Rust API hands dates to tests.
pub(crate) fn rfc3339_utc(seconds: i64) -> String {
    let written = rfc3339(seconds, 0);
    written.replace("+00:00", "Z")
}

/// The `Date` header's format: `Tue, 16 May 2017 22:18:02 GMT`.
pub(crate) fn http_date(seconds: i64) -> String {
    let days = seconds.div_euclid(DAY);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = time_of_day(seconds);
    let weekday = pick(&WEEKDAYS, days.rem_euclid(7));
    let month = pick(&MONTHS, month - 1);
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Reads an RFC 3339 date; `None` for anything else and for dates before 1970,
/// which Box documents as invalid.
pub(crate) fn parse_rfc3339(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let shape = bytes.get(4) == Some(&b'-')
        && bytes.get(7) == Some(&b'-')
        && matches!(bytes.get(10), Some(b'T' | b't'))
        && bytes.get(13) == Some(&b':')
        && bytes.get(16) == Some(&b':');
    if !shape || !text.is_ascii() {
        return None;
    }
    let (year, month, day) = (
        number(text, 0, 4)?,
        number(text, 5, 7)?,
        number(text, 8, 10)?,
    );
    let (hour, minute) = (number(text, 11, 13)?, number(text, 14, 16)?);
    let second = number(text, 17, 19)?;
    let in_range = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    let offset = zone(skip_fraction(text.get(19..)?)?)?;
    let seconds = days(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset;
    (in_range && seconds >= 0).then_some(seconds)
}

fn pick(names: &[&'static str], index: i64) -> &'static str {
    usize::try_from(index)
        .ok()
        .and_then(|index| names.get(index))
        .copied()
        .unwrap_or("")
}

fn number(text: &str, from: usize, to: usize) -> Option<i64> {
    let digits = text.get(from..to)?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        digits.parse().ok()
    } else {
        None
    }
}

fn skip_fraction(rest: &str) -> Option<&str> {
    let Some(fraction) = rest.strip_prefix('.') else {
        return Some(rest);
    };
    let after = fraction.trim_start_matches(|letter: char| letter.is_ascii_digit());
    (after.len() < fraction.len()).then_some(after)
}

/// Seconds east of Greenwich.
fn zone(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = (number(text, 1, 3)?, number(text, 4, 6)?);
    let whole = text.len() == 6 && text.as_bytes().get(3) == Some(&b':');
    (whole && hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn time_of_day(seconds: i64) -> (i64, i64, i64) {
    let rest = seconds.rem_euclid(DAY);
    (rest / 3600, rest / 60 % 60, rest % 60)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970 of a Gregorian date, counting years from March so that the
/// leap day comes last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days`].
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let part = (5 * of_year + 2) / 153;
    let month = if part < 10 { part + 3 } else { part - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * part + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_survive_the_round_trip() {
        for seconds in [0, 951_782_399, 951_868_800, 1_494_973_082, 4_102_444_799] {
            assert_eq!(parse_rfc3339(&rfc3339(seconds, -420)), Some(seconds));
            assert_eq!(parse_rfc3339(&rfc3339_utc(seconds)), Some(seconds));
        }
        assert_eq!(rfc3339(1_494_973_082, -420), "2017-05-16T15:18:02-07:00");
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn only_rfc3339_from_1970_on_is_a_date() {
        for bad in [
            "",
            "2017-05-16",
            "2017-05-16T15:18:02",
            "2017-02-29T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "2017-05-16T15:18:02.Z",
            "2017-05-16T15:18:02+0700",
            "2017-05-16 15:18:02Z",
            "١٠١٧-05-16T15:18:02Z",
        ] {
            assert_eq!(parse_rfc3339(bad), None, "{bad}");
        }
        assert_eq!(parse_rfc3339("1970-01-01T01:00:00.999+01:00"), Some(0));
    }
}
