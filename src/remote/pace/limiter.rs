//! One of Box's limits: how many may start a minute, and how closely one after the other.
//! Pure.
//!
//! The configured number is a promise. Box may allow less (its quality of service), and
//! says so by refusing. What it had let through in the minute before a refusal is what it
//! allows: the lane goes on with that. A refusal that comes after too few to be believed,
//! or without anything good since another, cuts harder. From there the way back up is
//! halved each clean while, and once in a while it is tried whether Box allows more again: rarely where
//! that was refused before, and where a refusal costs much.

use crate::remote::pace::window::{SLOT, WINDOW, Window};
use std::time::{Duration, Instant};

/// After so long at a rate without a refusal, the rate is good: however Box counts its
/// minutes, a whole one has been started at it.
const CLEAN: Duration = Duration::from_secs(125);
/// The first time that more is tried than Box was seen to allow, and the longest.
const FIRST_PROBE: Duration = Duration::from_secs(2 * 60);
const LONGEST_PROBE: Duration = Duration::from_secs(64 * 60);
/// Trying costs what Box then asks to wait: at most a sixtieth of the time.
const WORTH: u32 = 60;
/// How much more is tried, in parts of what was good; twice as much each time.
const FIRST_STEP: f64 = 0.05;
/// Close enough to what was refused to stay there.
const NEAR: f64 = 0.97;
/// Room for what is late on its way, in parts of what Box let through.
const SLACK: f64 = 0.01;

/// The limit and what was started under it.
#[derive(Clone, Debug)]
pub(super) struct Limiter {
    limit: u32,
    /// What may start a minute now: never more than the limit, never less than one.
    allowed: f64,
    /// What was refused, and is not tried before its time.
    ceiling: Option<f64>,
    starts: Window,
    refusals: Window,
    /// When the next one is due. They are spread, so that nobody has to wait a minute
    /// for what a crowd has used up in ten seconds.
    due: Option<Instant>,
    /// The last refusal that counted.
    cut: Option<Cut>,
    /// Since when this rate has been clean, and whether for long enough to be good.
    since: Instant,
    is_good: bool,
    /// What was good before more was tried, and by which part more was tried.
    trial: Option<(f64, f64)>,
    /// How long until more is tried.
    pause: Duration,
}

/// What was known when Box refused.
#[derive(Clone, Copy, Debug)]
struct Cut {
    at: Instant,
    /// What was allowed.
    before: f64,
    /// What Box had let through in the last minute.
    passed: u32,
    /// Whether nothing good was seen since the one before.
    is_repeated: bool,
    trial: Option<(f64, f64)>,
}

/// How a lane stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The configured number a minute.
    pub(crate) limit: u32,
    /// What may start a minute now.
    pub(crate) allowed: u32,
    /// Starts in the last minute.
    pub(crate) used: u32,
}

impl Limiter {
    pub(super) fn new(limit: u32, now: Instant) -> Self {
        Self {
            limit,
            allowed: f64::from(limit.max(1)),
            ceiling: None,
            starts: Window::default(),
            refusals: Window::default(),
            due: None,
            cut: None,
            since: now,
            is_good: true,
            trial: None,
            pause: FIRST_PROBE,
        }
    }

    /// Goes on under its own limit with what another one has started and learned.
    pub(super) fn go_on_from(&mut self, before: Self) {
        let limit = f64::from(self.limit.max(1));
        let is_lowered = before.allowed < f64::from(before.limit);
        *self = Self {
            limit: self.limit,
            allowed: match is_lowered {
                true => before.allowed.min(limit),
                false => limit,
            },
            // Spread at another limit.
            due: None,
            ..before
        };
    }

    /// May one start? If not, when to ask again.
    pub(super) fn check(&mut self, now: Instant) -> Result<(), Instant> {
        self.recover(now);
        let (used, allowed) = (self.starts.used(now), self.whole());
        if used >= allowed {
            return Err(self.starts.opens().unwrap_or(now + SLOT));
        }
        // A small run is over before it matters; a long one spreads what is left.
        let is_small = used < allowed.div_ceil(2) && !self.was_cut(now);
        match self.due.filter(|due| !is_small && *due > now + SLOT) {
            Some(due) => Err(due - SLOT),
            None => Ok(()),
        }
    }

    /// One starts.
    pub(super) fn start(&mut self, now: Instant) {
        self.starts.count(now);
        let apart = WINDOW + SLOT;
        let due = self.due.filter(|due| *due > now).unwrap_or(now);
        self.due = Some(due.min(now + SLOT) + apart.div_f64(self.allowed));
    }

    /// How full the last minute is, from 0 to 1.
    pub(super) fn fill(&mut self, now: Instant) -> f64 {
        f64::from(self.starts.used(now)) / self.allowed
    }

    /// What started then was refused, and everybody stands still for `cost`.
    pub(super) fn refuse(&mut self, started: Instant, cost: Duration, now: Instant) {
        self.refusals.count(now);
        match &mut self.cut {
            // It was under way with the one that is known.
            Some(cut) if started <= cut.at => cut.passed = cut.passed.saturating_sub(1),
            _ => {
                let refused = self.refusals.used(now);
                self.cut = Some(Cut {
                    at: now,
                    before: self.allowed,
                    passed: self.starts.used(now).saturating_sub(refused),
                    is_repeated: !std::mem::replace(&mut self.is_good, false),
                    trial: self.trial.take(),
                });
                if self.cut.is_some_and(|cut| cut.trial.is_some()) {
                    self.pause = (self.pause * 2).min(LONGEST_PROBE);
                }
                self.pause = self.pause.max(cost * WORTH);
            }
        }
        if let Some(cut) = self.cut {
            self.since = now + cost;
            let (allowed, ceiling) = cut.judge();
            self.allowed = allowed.clamp(1.0, f64::from(self.limit));
            self.ceiling = Some(ceiling.max(self.allowed));
        }
    }

    /// The way back up, a step for each clean while.
    fn recover(&mut self, now: Instant) {
        let limit = f64::from(self.limit);
        if self.allowed >= limit || now < self.since + CLEAN {
            return;
        }
        self.is_good = true;
        match self.ceiling {
            Some(ceiling) if self.allowed < ceiling * NEAR && self.allowed + 1.0 < ceiling => {
                self.allowed = f64::midpoint(self.allowed, ceiling);
            }
            Some(_) if now < self.since + self.pause => return,
            Some(_) => {
                self.ceiling = None;
                self.raise(FIRST_STEP);
            }
            None => {
                // The last step was good.
                self.pause = FIRST_PROBE;
                self.raise(self.trial.map_or(FIRST_STEP, |(_, step)| step * 2.0));
            }
        }
        self.since = now;
    }

    fn raise(&mut self, step: f64) {
        self.trial = Some((self.allowed, step));
        let more = (self.allowed * step).max(1.0);
        self.allowed = (self.allowed + more).min(f64::from(self.limit));
    }

    /// Whether the last minute has seen a refusal.
    fn was_cut(&self, now: Instant) -> bool {
        self.cut
            .is_some_and(|cut| now < cut.at.max(self.since) + WINDOW)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between one and a number that is a u32"
    )]
    fn whole(&self) -> u32 {
        (self.allowed + 1e-6) as u32
    }

    /// How it stands.
    pub(super) fn standing(&mut self, now: Instant) -> Standing {
        Standing {
            limit: self.limit,
            allowed: self.whole(),
            used: self.starts.used(now),
        }
    }
}

impl Cut {
    /// What is allowed from now on, and what is not tried again soon.
    fn judge(&self) -> (f64, f64) {
        let passed = f64::from(self.passed);
        let measured = passed - (passed * SLACK).floor();
        let part = passed / self.before;
        match (self.trial, self.is_repeated) {
            // More was tried and is not to be had: back to what was good.
            (Some((good, _)), false) if measured >= good * 0.9 => (good, passed.max(good)),
            // Full, and refused again: Box allows much less than it did.
            (_, true) if part >= 0.9 => (self.before * 0.7, self.before),
            // The minute was full: what passed is what is allowed.
            _ if part >= 0.75 => (measured.min(self.before), passed),
            _ => (measured.clamp(self.before * 0.5, self.before), self.before),
        }
    }
}
