//! How long a pause lasts, whatever the clock does.

use crate::model::stamp::Nanos;
use crate::plan::pause::Pause;
use std::time::Duration;

const HOUR: i64 = 3_600_000_000_000;
const BEGAN: i64 = 1_000 * HOUR;

fn pause(hours: Option<u64>) -> Pause {
    let span = hours.map(|hours| Duration::from_secs(hours * 3_600));
    Pause::new("m".into(), Nanos(BEGAN), span, "kim".into())
}

#[test]
fn it_is_over_when_its_time_is_up_and_never_lasts_longer_than_asked_for() {
    let hours = |hours: u64| Some(Duration::from_secs(hours * 3_600));
    for (asked, passed, left) in [
        (Some(2), 0, hours(2)),
        (Some(2), 1, hours(1)),
        (Some(2), 2, hours(0)),
        (Some(2), 500, hours(0)),
        // The clock was set back, by more than it lasts.
        (Some(2), -10, hours(2)),
        (None, 0, None),
        (None, 100_000, None),
        (None, -100, None),
    ] {
        let now = Nanos(BEGAN + passed * HOUR);
        let pause = pause(asked);
        assert_eq!(pause.left(now), left, "{asked:?} {passed}");
        assert_eq!(pause.is_over(now), left == hours(0), "{asked:?} {passed}");
    }
}

#[test]
fn more_time_than_there_is_has_no_end_that_can_be_reached() {
    let pause = Pause::new("m".into(), Nanos(BEGAN), Some(Duration::MAX), "kim".into());
    assert!(!pause.is_over(Nanos(BEGAN + 1_000 * HOUR)));
}

#[test]
fn it_says_who_asked_and_how_it_ends() {
    assert_eq!(
        pause(Some(2)).to_string(),
        "kim asked for it, until 1970-02-11T18:00:00Z; `boxup resume m` ends it sooner"
    );
    assert_eq!(
        pause(None).to_string(),
        "kim asked for it, until `boxup resume m`"
    );
}
