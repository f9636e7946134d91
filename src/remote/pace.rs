//! How many requests may start, and when. Pure: told the time, it answers with the
//! time at which to ask again.
//!
//! Box counts per user and per minute, so the promise is about *every* window of 60
//! seconds, not about an average: at most the configured number starts in it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(60);
/// Starts are counted in slots, so that a limit of ten million needs no ten million
/// time stamps. A slot is forgotten when its *end* is a window ago: never too early.
const SLOT: Duration = Duration::from_millis(100);

/// A request's lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// A whole-file upload: counts against both limits.
    Upload,
    /// Any other call.
    Call,
}

/// The limits and what was started under them.
#[derive(Debug)]
pub(crate) struct Pace {
    uploads: SlidingWindow,
    calls: SlidingWindow,
    held_until: Option<Instant>,
}

impl Pace {
    /// At most so many uploads, and calls including uploads, per minute.
    pub(crate) fn new(uploads_per_minute: u32, requests_per_minute: u32) -> Self {
        Self {
            uploads: SlidingWindow::new(uploads_per_minute),
            calls: SlidingWindow::new(requests_per_minute),
            held_until: None,
        }
    }

    /// Starts a request now, or says when to ask again.
    pub(crate) fn admit(&mut self, lane: Lane, now: Instant) -> Result<(), Instant> {
        if let Some(until) = self.held_until.filter(|until| *until > now) {
            return Err(until);
        }
        self.calls.check(now)?;
        if lane == Lane::Upload {
            self.uploads.check(now)?;
            self.uploads.count(now);
        }
        self.calls.count(now);
        Ok(())
    }

    /// Nobody starts anything before `until`: Box asked for it.
    pub(crate) fn hold(&mut self, until: Instant) {
        self.held_until = Some(self.held_until.map_or(until, |held| held.max(until)));
    }

    /// Until when everything is held.
    pub(crate) fn held_until(&self) -> Option<Instant> {
        self.held_until
    }
}

#[derive(Debug)]
struct SlidingWindow {
    limit: u32,
    used: u32,
    /// When each slot began, and how many started in it.
    slots: VecDeque<(Instant, u32)>,
}

impl SlidingWindow {
    fn new(limit: u32) -> Self {
        Self {
            limit,
            used: 0,
            slots: VecDeque::new(),
        }
    }

    fn check(&mut self, now: Instant) -> Result<(), Instant> {
        while let Some((began, count)) = self.slots.front().copied() {
            if began + SLOT + WINDOW > now {
                break;
            }
            self.slots.pop_front();
            self.used -= count;
        }
        match self.slots.front() {
            Some((began, _)) if self.used >= self.limit => Err(*began + SLOT + WINDOW),
            _ => Ok(()),
        }
    }

    fn count(&mut self, now: Instant) {
        self.used += 1;
        match self.slots.back_mut() {
            Some((began, count)) if *began + SLOT > now => *count += 1,
            _ => self.slots.push_back((now, 1)),
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
        let begin = Instant::now();
        let starts = run(&mut Pace::new(240, 1000), Lane::Upload, begin);
        for (first, start) in starts.iter().enumerate() {
            let until = *start + Duration::from_secs(60);
            let in_window = starts[first..].iter().take_while(|at| **at < until).count();
            assert!(in_window <= 240, "{in_window} in a window");
        }
        assert!(
            starts.len() >= 240 * 5 * 95 / 100,
            "only {} in five minutes",
            starts.len()
        );
    }

    #[test]
    fn uploads_count_as_calls_too() {
        let now = Instant::now();
        let mut pace = Pace::new(10, 3);
        for _ in 0..3 {
            pace.admit(Lane::Upload, now).unwrap();
        }
        assert!(pace.admit(Lane::Call, now).is_err());
    }

    #[test]
    fn a_hold_stops_everybody_and_a_shorter_one_does_not_shorten_it() {
        let now = Instant::now();
        let mut pace = Pace::new(10, 10);
        pace.hold(now + Duration::from_secs(9));
        pace.hold(now + Duration::from_secs(2));
        assert_eq!(
            pace.admit(Lane::Call, now),
            Err(now + Duration::from_secs(9))
        );
        assert_eq!(pace.admit(Lane::Call, now + Duration::from_secs(9)), Ok(()));
    }
}
