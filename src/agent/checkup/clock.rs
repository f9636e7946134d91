//! This machine's clock against Box's.

use crate::agent::checkup::check::Check;
use crate::agent::checkup::network::Reach;
use crate::config::{Config, Method};
use std::time::{Duration, SystemTime};

/// A difference that matters to nothing: Box's answers count whole seconds, and a proxy
/// may keep them for a moment.
const MOST: Duration = Duration::from_secs(30);

const NAME: &str = "clock";

/// What the `Date` of an answer says.
pub(crate) fn check(config: &Config, reach: &Reach) -> Check {
    let Some(answer) = &reach.answer else {
        return Check::skipped(NAME, reach.blocked.as_deref().unwrap_or("network"));
    };
    match answer.date {
        Some(date) => judge(answer.at, date, is_signed(config)),
        None => Check::ok(NAME, "not compared: the answer carried no Date"),
    }
}

fn is_signed(config: &Config) -> bool {
    matches!(config.auth.method, Method::Jwt { .. })
}

/// Only a signed request tells the time to Box; there boxup corrects itself.
fn judge(ours: SystemTime, theirs: SystemTime, is_signed: bool) -> Check {
    let (difference, how) = match ours.duration_since(theirs) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    let seconds = difference.as_secs();
    if difference <= MOST {
        return Check::ok(
            NAME,
            format!("agrees with Box's (within {} s)", seconds + 1),
        );
    }
    let shown = humantime::format_duration(Duration::from_secs(seconds));
    let so_what = match is_signed {
        true => "boxup corrects for it when it signs in, but other programs do not",
        false => "times in logs are wrong, and certificates may seem expired or not yet valid",
    };
    Check::warn(
        NAME,
        format!("this machine's clock is {shown} {how} Box's: {so_what}"),
        "Have it set by the network: sudo timedatectl set-ntp true (or chrony, or ntpd)",
    )
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::agent::checkup::check::Status;
    use std::time::{Duration, SystemTime};

    #[test]
    fn more_than_half_a_minute_is_told_with_its_direction() {
        let box_time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        for (ahead, status, word) in [
            (0, Status::Ok, "agrees"),
            (30, Status::Ok, "agrees"),
            (-30, Status::Ok, "agrees"),
            (31, Status::Warn, "31s ahead of"),
            (-95, Status::Warn, "1m 35s behind"),
        ] {
            let span = Duration::from_secs(i64::unsigned_abs(ahead));
            let ours = match ahead < 0 {
                true => box_time - span,
                false => box_time + span,
            };
            let check = judge(ours, box_time, false);
            assert_eq!(check.status, status, "{ahead}");
            assert!(check.found.contains(word), "{}", check.found);
        }
    }
}
