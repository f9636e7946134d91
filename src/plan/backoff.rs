//! How long to wait before trying again. Returns the delay; who calls does the waiting.

use std::time::Duration;

/// A growing delay with equal jitter: half of it is fixed, half is chance, so that
/// many waiting items neither return at once nor return immediately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backoff {
    /// The delay after the first failure, before jitter.
    pub(crate) first: Duration,
    /// The delay never exceeds this.
    pub(crate) longest: Duration,
}

impl Backoff {
    /// The delay after the `failures`-th failure (from 1 on). `chance` lies in 0..=1.
    /// What Box asked for wins if it is longer.
    pub(crate) fn delay(&self, failures: u32, asked: Option<Duration>, chance: f64) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        let full = self.first.saturating_mul(1 << doublings).min(self.longest);
        let delay = full / 2 + (full / 2).mul_f64(chance.clamp(0.0, 1.0));
        delay.max(asked.unwrap_or(Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;
    use std::time::Duration;

    const BACKOFF: Backoff = Backoff {
        first: Duration::from_secs(1),
        longest: Duration::from_secs(300),
    };

    #[test]
    fn a_delay_is_at_least_half_and_at_most_the_full_step() {
        for failures in 1..100 {
            let full = Duration::from_secs(1 << (failures - 1).min(9)).min(BACKOFF.longest);
            assert_eq!(BACKOFF.delay(failures, None, 0.0), full / 2);
            assert_eq!(BACKOFF.delay(failures, None, 1.0), full);
        }
        assert_eq!(BACKOFF.delay(u32::MAX, None, 1.0), BACKOFF.longest);
    }

    #[test]
    fn what_box_asks_for_is_never_undercut() {
        let asked = Duration::from_secs(100);
        assert_eq!(BACKOFF.delay(1, Some(asked), 0.5), asked);
        assert!(BACKOFF.delay(9, Some(Duration::ZERO), 0.0) > Duration::from_secs(100));
    }
}
