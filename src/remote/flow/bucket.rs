//! Who may hand over how many bytes, and when. Pure: told the time and the rate, so that
//! another rate counts from the next piece on.
//!
//! Those who wait stand in a line, and each takes one piece when it is its turn: whatever
//! there is room for is shared evenly. Whoever does not come for its piece loses its place,
//! or a connection that has died would hold up all others.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What may be saved up while nobody sends: this much time's worth.
const SAVED: f64 = 0.1;
/// How much time's worth of bytes is taken at once.
const PIECE: f64 = 0.05;
const SMALLEST: usize = 1024;
const LARGEST: usize = 64 * 1024;
/// Nobody waits longer than this without asking again: the rate may have changed.
const LONGEST_WAIT: Duration = Duration::from_millis(500);
const SHORTEST_WAIT: Duration = Duration::from_millis(1);
/// Whoever has not asked for so long is not in the line any more.
const PATIENCE: Duration = Duration::from_secs(1);

/// The bucket that all bodies take from.
#[derive(Debug)]
pub(super) struct Bucket {
    /// What may be handed over now; below zero after a large piece.
    bytes: f64,
    at: Instant,
    line: VecDeque<Place>,
    next: u64,
}

/// Somebody's place in the line.
#[derive(Debug)]
struct Place {
    ticket: u64,
    asked_at: Instant,
}

impl Bucket {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            bytes: 0.0,
            at: now,
            line: VecDeque::new(),
            next: 0,
        }
    }

    /// Takes up to so many bytes at that rate (bytes a second) and says how many; or says
    /// when to ask again, with the same ticket.
    pub(super) fn take(
        &mut self,
        ticket: &mut Option<u64>,
        wanted: usize,
        rate: u64,
        now: Instant,
    ) -> Result<usize, Instant> {
        let rate = exact(rate.max(1));
        self.fill(rate, now);
        let piece = wanted.min(piece(rate));
        // What those before it will take is theirs, whether they come first or not.
        let before = exact(self.place(ticket, now) as u64) * exact(piece as u64);
        if self.bytes <= before {
            let missing = before - self.bytes;
            let wait = Duration::try_from_secs_f64(missing / rate).unwrap_or(LONGEST_WAIT);
            return Err(now + wait.clamp(SHORTEST_WAIT, LONGEST_WAIT));
        }
        self.bytes -= exact(piece as u64);
        self.leave(ticket);
        Ok(piece)
    }

    /// Gives up a place in the line.
    pub(super) fn leave(&mut self, ticket: &mut Option<u64>) {
        if let Some(ticket) = ticket.take() {
            self.line.retain(|place| place.ticket != ticket);
        }
    }

    fn fill(&mut self, rate: f64, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = self.at.max(now);
        // What is owed at a lower rate is not owed for longer than a piece's time.
        let (least, most) = (-exact(piece(rate) as u64), rate * SAVED);
        self.bytes = (self.bytes.max(least) + passed * rate).min(most);
    }

    /// How many stand before this one; it joins the line if it does not stand in it.
    fn place(&mut self, ticket: &mut Option<u64>, now: Instant) -> usize {
        self.line
            .retain(|place| Some(place.ticket) == *ticket || place.asked_at + PATIENCE > now);
        let standing = self
            .line
            .iter_mut()
            .enumerate()
            .find(|(_, place)| Some(place.ticket) == *ticket);
        if let Some((number, place)) = standing {
            place.asked_at = now;
            return number;
        }
        self.next += 1;
        *ticket = Some(self.next);
        self.line.push_back(Place {
            ticket: self.next,
            asked_at: now,
        });
        self.line.len() - 1
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded on both sides right away"
)]
fn piece(rate: f64) -> usize {
    ((rate * PIECE) as usize).clamp(SMALLEST, LARGEST)
}

#[expect(clippy::cast_precision_loss, reason = "a rate of 2^53 is no limit")]
fn exact(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::{Bucket, PATIENCE};
    use std::time::{Duration, Instant};

    const KIB: u64 = 1024;

    /// Bodies without end for so many seconds; what each handed over. `rate` is asked all
    /// the time.
    fn run(bodies: usize, seconds: u64, rate: impl Fn(Duration) -> u64) -> Vec<u64> {
        let begin = Instant::now();
        let mut bucket = Bucket::new(begin);
        let mut wakes = vec![begin; bodies];
        let mut tickets = vec![None; bodies];
        let mut sent = vec![0; bodies];
        loop {
            let (body, now) = wakes
                .iter()
                .copied()
                .enumerate()
                .min_by_key(|(_, at)| *at)
                .unwrap();
            if now >= begin + Duration::from_secs(seconds) {
                return sent;
            }
            match bucket.take(&mut tickets[body], 256 << 10, rate(now - begin), now) {
                Ok(bytes) => sent[body] += bytes as u64,
                Err(again) => {
                    assert!(again > now, "asking again at once would spin");
                    wakes[body] = again;
                }
            }
        }
    }

    #[test]
    fn all_together_hand_over_what_is_allowed_and_each_the_same() {
        for (bodies, rate) in [
            (1, KIB),
            (8, KIB),
            (1, 300 * KIB),
            (3, 300 * KIB),
            (8, 20 << 20),
            (64, 300 * KIB),
            (64, 1 << 30),
        ] {
            let seconds = if rate > 100 << 20 { 3 } else { 60 };
            let sent = run(bodies, seconds, |_| rate);
            let (all, allowed) = (sent.iter().sum::<u64>(), rate * seconds);
            let off = all.abs_diff(allowed);
            assert!(off * 100 <= allowed * 4, "{bodies} at {rate}: {all}");
            let (least, most) = (sent.iter().min().unwrap(), sent.iter().max().unwrap());
            let piece = (rate / 20).clamp(KIB, 64 * KIB);
            let is_even = most - least <= (2 * piece).max(most / 4);
            assert!(is_even, "{bodies} at {rate}: {sent:?}");
        }
    }

    #[test]
    fn another_rate_counts_at_once() {
        for (slow, fast) in [(KIB, 10 << 20), (100 * KIB, 200 * KIB)] {
            let second = Duration::from_secs(1);
            let rate = |at: Duration| if at < 10 * second { slow } else { fast };
            let sent = run(4, 20, rate).iter().sum::<u64>();
            let allowed = slow * 10 + fast * 10;
            assert!(sent.abs_diff(allowed) * 100 <= allowed * 6, "{sent}");
            // And down again.
            let sent = run(4, 20, |at| if at < 10 * second { fast } else { slow });
            let sent = sent.iter().sum::<u64>();
            assert!(sent.abs_diff(allowed) * 100 <= allowed * 6, "{sent}");
        }
    }

    #[test]
    fn whoever_does_not_come_for_its_piece_holds_nobody_up() {
        let mut now = Instant::now();
        let mut bucket = Bucket::new(now);
        let (mut dead, mut alive) = (None, None);
        assert!(bucket.take(&mut dead, 5000, KIB, now).is_err());
        let mut got = 0;
        let end = now + PATIENCE * 10;
        while now < end {
            match bucket.take(&mut alive, 5000, KIB, now) {
                Ok(bytes) => got += bytes,
                Err(again) => now = again,
            }
        }
        assert!(got >= 8 * KIB as usize, "{got}");
        // When it comes after all, it has a place again.
        assert!(bucket.take(&mut dead, 5000, KIB, now).is_err());
        bucket.leave(&mut dead);
        assert_eq!((dead, bucket.line.len()), (None, 1));
    }
}
