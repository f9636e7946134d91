//! Times as systemd.time(7) writes them, for `--timer`.

use crate::cli::service::tools::Tools;
use crate::cli::wording::printable;
use crate::config::Environment;

/// Words for a whole expression.
const WORDS: [&str; 12] = [
    "minutely",
    "hourly",
    "daily",
    "weekly",
    "monthly",
    "quarterly",
    "semiannually",
    "semi-annually",
    "biannually",
    "bi-annually",
    "yearly",
    "annually",
];

const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// Refuses what systemd would not take for a time: then no pass would ever be made. systemd
/// itself is asked where it is; without it only what can be no time is refused.
pub(super) async fn check(when: &str, environment: &Environment) -> Result<(), String> {
    let tools = Tools {
        is_user: false,
        root: None,
        environment: environment.clone(),
    };
    let is_known = may_be_time(when) && tools.knows_time(when).await != Some(false);
    match is_known {
        true => Ok(()),
        false => Err(format!(
            "--timer \"{}\" is no time that systemd knows (systemd.time(7), calendar events): \
             write hourly, daily or \"Mon..Fri 08..18:00\"; `systemd-analyze calendar` tries one",
            printable(when)
        )),
    }
}

/// Whether it begins as a calendar event can: by a word for all of it, by days of the week,
/// or by a date or a time.
fn may_be_time(when: &str) -> bool {
    let when = when.to_ascii_lowercase();
    let is_usual = |c: char| c.is_ascii_alphanumeric() || " ,.:*/~+_@-".contains(c);
    let first = when.split(' ').next().unwrap_or_default();
    let is_day = |word: &str| DAYS.iter().any(|day| *day == word || day[..3] == *word);
    let days = first.split([',', '.', '-']).filter(|word| !word.is_empty());
    when.chars().all(is_usual)
        && (WORDS.contains(&first)
            || first.starts_with(|c: char| c.is_ascii_digit() || "*@".contains(c))
            || (first.starts_with(|c: char| c.is_ascii_alphabetic())
                && days.into_iter().all(is_day)))
}

#[cfg(test)]
mod tests {
    use super::may_be_time;

    /// The left column of systemd.time(7), and what else its parser takes.
    const TIMES: [&str; 40] = [
        "Sat,Thu,Mon..Wed,Sat..Sun",
        "Mon,Sun 12-*-* 2,1:23",
        "Wed *-1",
        "Wed..Wed,Wed *-1",
        "Wed, 17:48",
        "Wed..Sat,Tue 12-10-15 1:2:3",
        "*-*-7 0:0:0",
        "10-15",
        "monday *-12-* 17:00",
        "Mon,Fri *-*-3,1,2 *:30:45",
        "12,14,13,12:20,10,30",
        "12..14:10,20,30",
        "mon,fri *-1/2-1,3 *:30:45",
        "03-05 08:05:40",
        "08:05:40",
        "05:40",
        "Sat,Sun 12-05 08:05:40",
        "Sat,Sun 08:05:40",
        "2003-03-05 05:40",
        "05:40:23.4200004/3.1700005",
        "2003-02..04-05",
        "2003-03-05 05:40 UTC",
        "2003-03-05",
        "03-05",
        "hourly",
        "daily",
        "daily UTC",
        "monthly",
        "weekly",
        "weekly Pacific/Auckland",
        "yearly",
        "annually",
        "*:2/3",
        "*-*~1 00:00",
        "Mon-Fri 9:00 Europe/Berlin",
        "Mon *-05~07/1",
        "@1395716396",
        "HOURLY",
        "Mon UTC",
        "*:0/15 America/Port-au-Prince",
    ];

    #[test]
    fn no_time_is_refused_and_nonsense_is() {
        for when in TIMES {
            assert!(may_be_time(when), "{when}");
        }
        for when in [
            "nonsense",
            "every day",
            "0 3 * * * root; rm",
            "Mond 12:00",
            "noon",
            "UTC",
            "10:00 am?",
            "täglich",
            "..",
            "-1",
        ] {
            assert!(!may_be_time(when), "{when}");
        }
    }
}
