//! When a token is renewed. Pure.

use std::time::{Duration, Instant};

/// A token is renewed when less than this is left of it, or a tenth of its life.
const MARGIN: Duration = Duration::from_secs(300);
/// What Box's documents show, for an answer that does not say.
pub(crate) const USUAL: Duration = Duration::from_secs(3600);
/// Nothing lives longer than a year, whatever an answer says.
pub(crate) const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// The two moments that matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    /// From here on it should be renewed.
    pub(crate) renew_at: Instant,
    /// From here on it is dead.
    pub(crate) expires_at: Instant,
}

/// What to do with the token at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Advice {
    /// Use it.
    Use,
    /// Get another one.
    Renew,
}

/// How much of a life is kept in reserve.
pub(crate) fn margin(whole: Duration) -> Duration {
    (whole / 10).min(MARGIN)
}

impl Life {
    /// Of a token with so much left of its whole life.
    pub(crate) fn new(now: Instant, left: Duration, whole: Duration) -> Self {
        let expires_at = now + left.min(LONGEST);
        let renew_at = now + left.min(LONGEST).saturating_sub(margin(whole));
        Self {
            renew_at,
            expires_at,
        }
    }

    /// What to do now. `is_shared` says that renewing ends the life of this token at
    /// once, as it does with a login: then bodies that are under way may end first.
    pub(crate) fn advise(self, now: Instant, is_shared: bool, bodies: usize) -> Advice {
        let may_wait = is_shared && bodies > 0 && now < self.expires_at;
        if now < self.renew_at || may_wait {
            Advice::Use
        } else {
            Advice::Renew
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Advice, Life};
    use std::time::{Duration, Instant};

    #[test]
    fn a_token_is_renewed_with_a_tenth_of_its_life_left_at_most_five_minutes() {
        let now = Instant::now();
        for (whole, renew) in [(10, 9), (3600, 3300), (4175, 3875), (0, 0)] {
            let whole = Duration::from_secs(whole);
            let life = Life::new(now, whole, whole);
            assert_eq!(life.renew_at, now + Duration::from_secs(renew), "{whole:?}");
            assert_eq!(life.expires_at, now + whole);
        }
    }

    #[test]
    fn only_a_login_waits_for_bodies_and_not_beyond_the_end() {
        let start = Instant::now();
        let life = Life::new(start, Duration::from_secs(100), Duration::from_secs(100));
        for (at, is_shared, bodies, expected) in [
            (0, false, 0, Advice::Use),
            (89, true, 3, Advice::Use),
            (90, false, 3, Advice::Renew),
            (90, true, 0, Advice::Renew),
            (90, true, 1, Advice::Use),
            (99, true, 1, Advice::Use),
            (100, true, 1, Advice::Renew),
        ] {
            let now = start + Duration::from_secs(at);
            assert_eq!(life.advise(now, is_shared, bodies), expected, "{at}");
        }
    }
}
