//! The only reader of the wall clock. Everything else is told what time it is.

use crate::model::stamp::Nanos;
use crate::model::timetable::Moment;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustix::time::{ClockId, clock_gettime};
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Now, as the machine has it.
#[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// How long this machine runs, sleep included. Nobody can set this clock; where there is
/// none that goes on in sleep, it stands still.
pub(crate) fn since_boot() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Now, in the unit of file times.
pub(crate) fn nanos() -> Nanos {
    match wall().duration_since(UNIX_EPOCH) {
        Ok(since) => Nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)),
        Err(before) => Nanos(i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |n| -n)),
    }
}

/// What the wall clock showed when this process first asked, and so much later as has passed
/// since, sleep included: nobody makes a minute pass by setting a clock.
pub(crate) fn steady() -> Nanos {
    static START: OnceLock<(Nanos, Instant, Duration)> = OnceLock::new();
    let (shown, awake, boot) = START.get_or_init(|| (nanos(), Instant::now(), since_boot()));
    let passed = since_boot().saturating_sub(*boot).max(awake.elapsed());
    let passed = i64::try_from(passed.as_nanos()).unwrap_or(i64::MAX);
    Nanos(shown.0.saturating_add(passed))
}

/// What a clock on the wall shows here, by the system's time zone.
pub(crate) fn local() -> Moment {
    let now = Timestamp::try_from(wall()).unwrap_or(Timestamp::UNIX_EPOCH);
    let now = now.to_zoned_datetime(TimeZone::system());
    let weekday = now.weekday().to_monday_zero_offset().unsigned_abs();
    let minute = i16::from(now.hour()) * 60 + i16::from(now.minute());
    Moment {
        weekday,
        minute: minute.unsigned_abs(),
    }
}
