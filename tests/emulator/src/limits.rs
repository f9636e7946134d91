//! Rate limits: at most so many calls of an account in any sliding window.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::world::UserId;

/// The two lanes, each per account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// Every API call.
    Requests,
    /// Whole-file uploads.
    Uploads,
}

/// What was let through lately.
#[derive(Default)]
pub(crate) struct RateLimits {
    passed: HashMap<(UserId, Lane), VecDeque<Instant>>,
}

impl RateLimits {
    /// Lets a call through, or says after how many seconds to come again.
    pub(crate) fn admit(
        &mut self,
        lanes: &[(Lane, Option<u32>)],
        user: UserId,
        window: Duration,
        now: Instant,
    ) -> Result<(), u64> {
        for (lane, limit) in lanes {
            if let Some(limit) = limit {
                self.check((user, *lane), *limit, window, now)?;
            }
        }
        for (lane, limit) in lanes {
            if limit.is_some() {
                self.passed.entry((user, *lane)).or_default().push_back(now);
            }
        }
        Ok(())
    }

    fn check(
        &mut self,
        who: (UserId, Lane),
        limit: u32,
        window: Duration,
        now: Instant,
    ) -> Result<(), u64> {
        let passed = self.passed.entry(who).or_default();
        while passed
            .front()
            .is_some_and(|at| now.saturating_duration_since(*at) >= window)
        {
            passed.pop_front();
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if passed.len() < limit {
            return Ok(());
        }
        let oldest = passed.front().copied().unwrap_or(now);
        let wait = window.saturating_sub(now.saturating_duration_since(oldest));
        Err(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_slides() {
        let start = Instant::now();
        let window = Duration::from_secs(60);
        let mut limits = RateLimits::default();
        let lanes = [(Lane::Requests, Some(2)), (Lane::Uploads, None)];
        let mut at =
            |seconds| limits.admit(&lanes, 0, window, start + Duration::from_secs(seconds));
        assert_eq!(at(0), Ok(()));
        assert_eq!(at(50), Ok(()));
        assert_eq!(at(51), Err(9));
        assert_eq!(at(60), Ok(()));
        assert_eq!(at(61), Err(49));
    }
}
