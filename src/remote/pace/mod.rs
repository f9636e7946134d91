//! How many requests may start, and when. Pure: told the time, it answers with the
//! time at which to ask again.
//!
//! Box counts per user and per minute, so the promise is about *every* window of 60
//! seconds, not about an average: at most the configured number starts in it. There are
//! two lanes, each with a number of its own ([`limiter`]); a 429 stops both for a while
//! ([`hold`]) and lowers the one that was throttled.

mod hold;
mod limiter;
#[cfg(test)]
mod simulation;
mod window;

pub(crate) use crate::remote::pace::limiter::Standing;

use crate::remote::pace::hold::Hold;
use std::time::{Duration, Instant};

/// A request's lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// A whole-file upload or a commit: counts against both limits.
    Upload,
    /// Any other call.
    Call,
    /// A request for a token: a call on behalf of another one, which may be the scout
    /// that all others wait for.
    Token,
}

/// The limits and what was started under them.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    uploads: limiter::Limiter,
    calls: limiter::Limiter,
    hold: Hold,
}

/// How both lanes stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standings {
    /// Whole-file uploads and commits.
    pub(crate) uploads: Standing,
    /// All calls.
    pub(crate) calls: Standing,
}

/// Above this part of its minute the lane of all calls is the one that ran out.
const FULL: f64 = 0.9;

impl Pace {
    /// At most so many uploads, and calls including uploads, per minute.
    pub(crate) fn new(uploads_per_minute: u32, requests_per_minute: u32, now: Instant) -> Self {
        Self {
            uploads: limiter::Limiter::new(uploads_per_minute, now),
            calls: limiter::Limiter::new(requests_per_minute, now),
            hold: Hold::default(),
        }
    }

    /// Goes on under its own limits where another one was: Box counts its minutes, and
    /// waits for as long as it said, whatever is configured here.
    pub(crate) fn go_on_from(&mut self, before: Self) {
        self.uploads.go_on_from(before.uploads);
        self.calls.go_on_from(before.calls);
        self.hold = before.hold;
    }

    /// Starts a request now, or says when to ask again.
    pub(crate) fn admit(&mut self, lane: Lane, now: Instant) -> Result<(), Instant> {
        match lane {
            Lane::Token => self.hold.check_time(now)?,
            Lane::Upload | Lane::Call => self.hold.check(now)?,
        }
        self.calls.check(now)?;
        if lane == Lane::Upload {
            self.uploads.check(now)?;
            self.uploads.start(now);
        }
        self.calls.start(now);
        if lane != Lane::Token {
            self.hold.start(now);
        }
        Ok(())
    }

    /// What started then got an answer other than 429.
    pub(crate) fn pass(&mut self, started: Instant) {
        self.hold.pass(started);
    }

    /// What started then got a 429. Nobody starts anything for as long as Box asks, or,
    /// where it asks for nothing that makes sense, for a wait of our own; `dice` is a
    /// random number from 0 to 1.
    pub(crate) fn refuse(
        &mut self,
        (lane, started): (Lane, Instant),
        asked: Option<Duration>,
        now: Instant,
        dice: f64,
    ) {
        self.hold.refuse(started, asked, now, dice);
        let until = self.hold.until().unwrap_or(now);
        let cost = until.saturating_duration_since(now);
        // Box does not tell which limit it was.
        let is_upload = lane == Lane::Upload && self.calls.fill(now) < FULL;
        match is_upload {
            true => self.uploads.refuse(started, cost, now),
            false => self.calls.refuse(started, cost, now),
        }
    }

    /// Until when everything is held.
    pub(crate) fn held_until(&self) -> Option<Instant> {
        self.hold.until()
    }

    /// How the lanes stand.
    pub(crate) fn standings(&mut self, now: Instant) -> Standings {
        Standings {
            uploads: self.uploads.standing(now),
            calls: self.calls.standing(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Lane, Pace};
    use std::time::{Duration, Instant};

    /// Starts as many as admitted over five minutes and returns when.
    fn run(pace: &mut Pace, lane: Lane, begin: Instant) -> Vec<Instant> {
        let (mut now, mut starts) = (begin, Vec::new());
        while now < begin + Duration::from_secs(300) {
            match pace.admit(lane, now) {
                Ok(()) => {
                    starts.push(now);
                    now += Duration::from_millis(17);
                }
                Err(again) => {
                    assert!(again > now, "asking again at once would spin");
                    now = again;
                }
            }
        }
        starts
    }

    #[test]
    fn no_window_of_a_minute_ever_exceeds_the_limit_and_little_is_left_unused() {
        for limit in [1, 3, 12, 240, 1000] {
            let begin = Instant::now();
            let starts = run(&mut Pace::new(limit, 1000, begin), Lane::Upload, begin);
            for (first, start) in starts.iter().enumerate() {
                let until = *start + Duration::from_secs(60);
                let in_window = starts[first..].iter().take_while(|at| **at < until).count();
                assert!(in_window <= limit as usize, "{in_window} in a window");
            }
            let (made, allowed) = (starts.len(), limit as usize * 5);
            assert!(made * 100 >= allowed * 95, "{made} of {allowed}");
        }
    }

    #[test]
    fn a_small_run_does_not_wait_and_a_long_one_is_spread() {
        let begin = Instant::now();
        let starts = run(&mut Pace::new(240, 1000, begin), Lane::Upload, begin);
        let within = |from: u64, to: u64| {
            let (from, to) = (Duration::from_secs(from), Duration::from_secs(to));
            let span = begin + from..begin + to;
            starts.iter().filter(|at| span.contains(at)).count()
        };
        assert!(within(0, 3) >= 120, "half of it at once");
        for from in (60..300).step_by(10) {
            let (busy, most) = (within(from, from + 10), 240 / 6 + 2);
            assert!(busy <= most, "{busy} from second {from}");
        }
    }

    #[test]
    fn a_limit_that_is_none_holds_nobody_up() {
        let now = Instant::now();
        let mut pace = Pace::new(1_000_000, 1_000_000, now);
        for _ in 0..100_000 {
            pace.admit(Lane::Upload, now).unwrap();
        }
    }

    #[test]
    fn uploads_count_as_calls_too() {
        let now = Instant::now();
        let mut pace = Pace::new(10, 3, now);
        for _ in 0..3 {
            let again = pace.admit(Lane::Upload, now);
            assert!(again.is_ok() || again > Err(now));
        }
        let later = now + Duration::from_secs(59);
        while pace.admit(Lane::Upload, later).is_ok() {}
        let standings = pace.standings(later);
        assert_eq!((standings.calls.used, standings.uploads.used), (3, 3));
        assert!(pace.admit(Lane::Call, later).is_err());
    }

    #[test]
    fn another_configuration_neither_empties_the_minute_nor_ends_the_wait() {
        let now = Instant::now();
        let mut before = Pace::new(4, 1000, now);
        while before.admit(Lane::Upload, now).is_ok() {}
        let used = before.standings(now).uploads.used;
        for limit in [used, 240] {
            let mut pace = Pace::new(limit, 1000, now);
            pace.go_on_from(before.clone());
            let uploads = pace.standings(now).uploads;
            assert_eq!(
                (uploads.limit, uploads.allowed, uploads.used),
                (limit, limit, used)
            );
            assert_eq!(pace.admit(Lane::Upload, now).is_ok(), used < limit);
        }
        before.refuse((Lane::Upload, now), Some(Duration::from_secs(9)), now, 0.0);
        let learned = before.standings(now).uploads.allowed;
        let mut pace = Pace::new(240, 1000, now);
        pace.go_on_from(before);
        assert_eq!(pace.standings(now).uploads.allowed, learned);
        let over = now + Duration::from_secs(9);
        assert_eq!(pace.admit(Lane::Call, now), Err(over));
    }

    #[test]
    fn a_refusal_stops_everybody_and_lowers_the_lane_that_was_throttled() {
        for (lane, uploads, calls) in [(Lane::Upload, 120, 1000), (Lane::Call, 240, 500)] {
            let now = Instant::now();
            let mut pace = Pace::new(240, 1000, now);
            pace.admit(lane, now).unwrap();
            let later = now + Duration::from_secs(1);
            pace.refuse((lane, now), Some(Duration::from_secs(9)), later, 0.0);
            for lane in [Lane::Upload, Lane::Call] {
                let over = later + Duration::from_secs(9);
                assert_eq!(pace.admit(lane, later), Err(over));
            }
            let standings = pace.standings(later);
            let allowed = (standings.uploads.allowed, standings.calls.allowed);
            assert_eq!(allowed, (uploads, calls));
        }
    }
}
