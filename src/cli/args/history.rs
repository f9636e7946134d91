//! What to tell of the past.

use clap::Args as ClapArgs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// What to tell of the past.
#[derive(Debug, ClapArgs)]
pub(crate) struct HistoryArgs {
    /// A local path, there or not, or MIRROR/path/in/it: what is there, where it was before
    /// it moved, and, of a directory, all that is in it.
    #[arg(value_name = "PATH")]
    pub(crate) path: Option<PathBuf>,

    /// Only this mirror; may be given several times.
    #[arg(long = "mirror", value_name = "NAME")]
    pub(crate) mirrors: Vec<String>,

    /// Only what is newer: a span such as 1d or 2h 30m, a day such as 2026-11-30, or a time
    /// such as 2026-11-30T20:15:00Z. Without an offset it is UTC.
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub(crate) since: Option<Since>,

    /// Only what this run did.
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,

    /// At most so many, the newest of them; 0: all.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000)]
    pub(crate) limit: usize,

    /// Print one JSON object per entry, and then the summary.
    #[arg(long)]
    pub(crate) json: bool,
}

/// From when on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// So long ago.
    Ago(Duration),
    /// That time.
    At(SystemTime),
}

impl Since {
    /// The time, if it is this time now.
    pub(crate) fn time(self, now: SystemTime) -> SystemTime {
        match self {
            Self::Ago(span) => now.checked_sub(span).unwrap_or(SystemTime::UNIX_EPOCH),
            Self::At(time) => time,
        }
    }
}

fn since(text: &str) -> Result<Since, String> {
    let text = text.trim();
    if let Ok(span) = humantime::parse_duration(text) {
        return Ok(Since::Ago(span));
    }
    let is_day = text.len() == 10;
    let whole = match is_day {
        true => format!("{text}T00:00:00"),
        false => text.to_owned(),
    };
    let (local, offset) = offset(&whole);
    let time = humantime::parse_rfc3339_weak(local).ok();
    let time = time.and_then(|time| match offset? {
        (true, behind) => time.checked_add(behind),
        (false, ahead) => time.checked_sub(ahead),
    });
    time.map(Since::At).ok_or_else(|| {
        "give a span such as 1d, a day such as 2026-11-30 or a time such as 2026-11-30T20:15:00Z"
            .to_owned()
    })
}

/// A time without its offset from UTC, and that: whether it is behind, and how much. `None`
/// where it is none.
fn offset(text: &str) -> (&str, Option<(bool, Duration)>) {
    let Some((local, offset)) = text
        .len()
        .checked_sub(6)
        .and_then(|at| text.split_at_checked(at))
    else {
        return (text, Some((false, Duration::ZERO)));
    };
    let is_behind = match offset.as_bytes()[0] {
        b'-' => true,
        b'+' => false,
        _ => return (text, Some((false, Duration::ZERO))),
    };
    let number = |text: &str, end: u64| text.parse::<u64>().ok().filter(|number| *number < end);
    let parts = offset[1..].split_once(':');
    let parts = parts.and_then(|(hours, minutes)| Some((number(hours, 24)?, number(minutes, 60)?)));
    let span = parts.map(|(hours, minutes)| Duration::from_secs(hours * 3600 + minutes * 60));
    (local, span.map(|span| (is_behind, span)))
}

#[cfg(test)]
mod tests {
    use super::{Since, since};
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn spans_days_and_times_are_taken_and_nothing_else() {
        let at = |seconds| Some(Since::At(UNIX_EPOCH + Duration::from_secs(seconds)));
        for (text, expected) in [
            ("1d", Some(Since::Ago(Duration::from_secs(86_400)))),
            ("2h 30m", Some(Since::Ago(Duration::from_secs(9_000)))),
            ("2026-11-30", at(1_795_996_800)),
            ("2026-11-30T20:15:00Z", at(1_796_069_700)),
            ("2026-11-30 20:15:00", at(1_796_069_700)),
            ("2026-11-30T20:15:00+02:30", at(1_796_060_700)),
            ("2026-11-30T20:15:00-01:00", at(1_796_073_300)),
            ("2026-11-30T20:15:00+24:00", None),
            ("2026-11-30T20:15:00+0é:", None),
            ("2026-11-31", None),
            ("yesterday", None),
            ("86400", None),
            ("-1d", None),
            ("", None),
        ] {
            assert_eq!(since(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_span_that_is_longer_than_all_time_begins_with_it() {
        let now = UNIX_EPOCH + Duration::from_secs(10);
        let far = Since::Ago(Duration::from_secs(u64::MAX));
        assert_eq!(far.time(now), UNIX_EPOCH);
    }
}
