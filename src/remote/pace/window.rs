//! How many starts the last minute has seen. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A little more than Box's minute: what was a minute apart here may be closer together
/// when it gets there.
pub(super) const WINDOW: Duration = Duration::from_millis(60_500);
/// Starts are counted in slots, so that a limit of ten million needs no ten million
/// time stamps. A slot is forgotten when its *end* is a window ago: never too early.
pub(super) const SLOT: Duration = Duration::from_millis(100);

/// Counts what began within the window that ends now.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    used: u32,
    /// When each slot began, and how many started in it.
    slots: VecDeque<(Instant, u32)>,
}

impl Window {
    /// How many it has seen.
    pub(super) fn used(&mut self, now: Instant) -> u32 {
        while let Some((began, count)) = self.slots.front().copied() {
            if began + SLOT + WINDOW > now {
                break;
            }
            self.slots.pop_front();
            self.used -= count;
        }
        self.used
    }

    /// When the oldest of them is forgotten.
    pub(super) fn opens(&self) -> Option<Instant> {
        self.slots.front().map(|(began, _)| *began + SLOT + WINDOW)
    }

    /// One more.
    pub(super) fn count(&mut self, now: Instant) {
        self.used += 1;
        match self.slots.back_mut() {
            Some((began, count)) if *began + SLOT > now => *count += 1,
            _ => self.slots.push_back((now, 1)),
        }
    }
}
