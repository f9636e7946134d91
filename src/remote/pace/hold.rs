//! Standing still because Box asked for it, and how everybody gets going again. Pure.
//!
//! Box's 429 concerns all workers. When the time is over, one request goes ahead and the
//! others follow when it was not refused: a crowd would only be refused as a crowd.

use std::time::{Duration, Instant};

/// Whatever Box asks for, somebody looks once an hour.
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// Where Box says nothing that makes sense: the first wait, doubled each time.
const FIRST: Duration = Duration::from_secs(1);
/// And the longest of them: by then every minute that Box counts has passed.
const LONGEST_OWN: Duration = Duration::from_secs(60);
/// A refusal comes at once or not at all: an upload may take minutes, and nobody waits
/// for its end.
const SCOUTING: Duration = Duration::from_secs(5);
/// How often those who wait for the scout look for it.
const GLANCE: Duration = Duration::from_millis(50);

/// Whether anybody may start anything.
#[derive(Clone, Debug, Default)]
pub(super) struct Hold {
    state: State,
    /// Refusals in a row.
    refusals: u32,
    /// When this began: what started before is no news.
    since: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Free,
    /// Nobody starts before that.
    Until(Instant),
    /// One request has gone ahead.
    Scouting(Instant),
}

impl Hold {
    /// May something start? If not, when to ask again.
    pub(super) fn check(&self, now: Instant) -> Result<(), Instant> {
        self.check_time(now)?;
        match self.state {
            State::Scouting(since) if since + SCOUTING > now => {
                Err((now + GLANCE).min(since + SCOUTING))
            }
            _ => Ok(()),
        }
    }

    /// The same for what a scout needs on its way.
    pub(super) fn check_time(&self, now: Instant) -> Result<(), Instant> {
        match self.state {
            State::Until(until) if until > now => Err(until),
            _ => Ok(()),
        }
    }

    /// Something starts.
    pub(super) fn start(&mut self, now: Instant) {
        self.state = match self.state {
            State::Until(_) => State::Scouting(now),
            State::Scouting(_) | State::Free => State::Free,
        };
    }

    /// What started then was not refused.
    pub(super) fn pass(&mut self, started: Instant) {
        if let State::Scouting(since) = self.state
            && started >= since
        {
            self.state = State::Free;
        }
        if self.since.is_none_or(|since| started > since) {
            self.refusals = 0;
        }
    }

    /// What started then was refused; Box asks for this wait, or for none that makes
    /// sense. `dice` from 0 to 1 keeps programs apart that were refused together.
    pub(super) fn refuse(
        &mut self,
        started: Instant,
        asked: Option<Duration>,
        now: Instant,
        dice: f64,
    ) {
        if self.since.is_none_or(|since| started > since) {
            self.refusals = self.refusals.saturating_add(1);
            self.since = Some(now);
        }
        let wait = match asked.filter(|asked| !asked.is_zero()) {
            Some(asked) => asked.min(LONGEST),
            None => self.own_wait(dice),
        };
        let until = match self.state {
            State::Until(until) => until.max(now + wait),
            State::Scouting(_) | State::Free => now + wait,
        };
        self.state = State::Until(until);
    }

    /// Equal jitter: never less than half of what is due.
    fn own_wait(&self, dice: f64) -> Duration {
        let doublings = self.refusals.saturating_sub(1).min(16);
        let due = FIRST.saturating_mul(1 << doublings).min(LONGEST_OWN);
        due.mul_f64(0.5 + dice.clamp(0.0, 1.0) / 2.0)
    }

    /// Until when everybody stands still.
    pub(super) fn until(&self) -> Option<Instant> {
        match self.state {
            State::Until(until) => Some(until),
            State::Scouting(_) | State::Free => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Hold, LONGEST, SCOUTING};
    use std::time::{Duration, Instant};

    fn seconds(number: f64) -> Duration {
        Duration::from_secs_f64(number)
    }

    #[test]
    fn what_box_asks_for_is_obeyed_and_what_makes_no_sense_is_replaced() {
        let now = Instant::now();
        for (asked, dice, expected) in [
            (Some(seconds(7.0)), 0.9, seconds(7.0)),
            (Some(seconds(0.25)), 0.9, seconds(0.25)),
            (Some(seconds(1e9)), 0.9, LONGEST),
            (Some(Duration::ZERO), 0.0, seconds(0.5)),
            (None, 0.0, seconds(0.5)),
            (None, 1.0, seconds(1.0)),
        ] {
            let mut hold = Hold::default();
            hold.refuse(now, asked, now, dice);
            assert_eq!(hold.until(), Some(now + expected), "{asked:?}");
            assert_eq!(hold.check(now), Err(now + expected), "{asked:?}");
            assert_eq!(hold.check(now + expected), Ok(()), "{asked:?}");
        }
    }

    #[test]
    fn our_own_wait_doubles_with_each_refusal_but_not_with_each_worker() {
        let mut now = Instant::now();
        let mut hold = Hold::default();
        for due in [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0] {
            let started = now;
            now += seconds(0.1);
            // Eight that were under way together.
            for _ in 0..8 {
                hold.refuse(started, None, now, 1.0);
            }
            assert_eq!(hold.until(), Some(now + seconds(due)));
            now += seconds(due);
            hold.start(now);
        }
        hold.pass(now);
        hold.refuse(now + seconds(1.0), None, now + seconds(2.0), 1.0);
        assert_eq!(hold.until(), Some(now + seconds(3.0)));
    }

    #[test]
    fn one_goes_ahead_and_the_others_follow_when_it_got_through() {
        let begin = Instant::now();
        let over = begin + seconds(9.0);
        let held = || {
            let mut hold = Hold::default();
            hold.refuse(begin, Some(seconds(9.0)), begin, 0.0);
            assert_eq!(hold.check(over), Ok(()));
            hold.start(over);
            assert!(hold.check(over).is_err(), "a second one went with it");
            hold
        };
        let mut hold = held();
        // What was sent before the hold proves nothing.
        hold.pass(begin);
        assert!(hold.check(over + seconds(1.0)).is_err());
        hold.pass(over);
        assert_eq!(hold.check(over + seconds(1.0)), Ok(()));
        // Refused again: nobody follows.
        let mut hold = held();
        hold.refuse(over, Some(seconds(5.0)), over + seconds(1.0), 0.0);
        assert_eq!(hold.check(over + seconds(2.0)), Err(over + seconds(6.0)));
        // A scout that is never heard of again holds up nobody for long.
        let hold = held();
        let again = hold.check(over + seconds(4.0)).unwrap_err();
        assert!(
            again > over + seconds(4.0),
            "asking again at once would spin"
        );
        assert_eq!(hold.check(over + SCOUTING), Ok(()));
    }

    #[test]
    fn a_shorter_wait_does_not_shorten_a_longer_one() {
        let now = Instant::now();
        let mut hold = Hold::default();
        hold.refuse(now, Some(seconds(9.0)), now, 0.0);
        hold.refuse(now, Some(seconds(2.0)), now, 0.0);
        assert_eq!(hold.until(), Some(now + seconds(9.0)));
    }
}
