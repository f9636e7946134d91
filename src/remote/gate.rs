//! The one gate that every request goes through, whoever makes it: it waits until the
//! pace lets the request start, and learns from the answer.

use crate::model::trouble::Trouble;
use crate::remote::pace::{Lane, Pace, Standings};
use crate::remote::traffic::Traffic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// A turn that was not used for so long is another one's: Box counts what really starts.
const STALE: Duration = Duration::from_secs(1);

/// Shared by all that speak to Box in this process.
pub(crate) struct Gate {
    pace: Mutex<Pace>,
    /// Told of everything that went through.
    pub(super) traffic: Traffic,
    /// Who waits because a minute is full.
    waiting: AtomicUsize,
    /// Set when nothing new may start.
    closing: watch::Sender<bool>,
}

/// Leave to start one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    lane: Lane,
    at: Instant,
}

impl Turn {
    /// Whether it was given too long ago to be used.
    pub(crate) fn is_stale(self) -> bool {
        self.at.elapsed() > STALE
    }
}

impl Gate {
    /// An open gate.
    pub(crate) fn new(pace: Pace) -> Self {
        Self {
            pace: Mutex::new(pace),
            traffic: Traffic::default(),
            waiting: AtomicUsize::new(0),
            closing: watch::Sender::new(false),
        }
    }

    /// Goes on where another gate was, which nobody goes through any more.
    pub(crate) fn go_on_from(&self, before: &Self) {
        let before = before.pace().clone();
        self.pace().go_on_from(before);
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`Trouble::NoAnswer`] when nothing new starts any more.
    pub(crate) async fn turn(&self, lane: Lane) -> Result<Turn, Trouble> {
        let mut closing = self.closing.subscribe();
        let mut waiting = None;
        loop {
            if *closing.borrow_and_update() {
                return Err(Trouble::NoAnswer("boxup is stopping".to_owned()));
            }
            let now = Instant::now();
            let asked = self.pace().admit(lane, now);
            let Err(again) = asked else {
                return Ok(Turn { lane, at: now });
            };
            waiting.get_or_insert_with(|| Waiting::of(&self.waiting));
            // Closing ends the wait; the sender lives as long as we do.
            drop(tokio::time::timeout_at(again.into(), closing.changed()).await);
        }
    }

    /// What started with this turn was answered, by something other than 429.
    pub(crate) fn passed(&self, turn: Turn) {
        self.pace().pass(turn.at);
    }

    /// What started with this turn was answered by 429, with Box's wish for a wait.
    pub(crate) fn refused(&self, turn: Turn, asked: Option<Duration>) {
        let (started, now) = ((turn.lane, turn.at), Instant::now());
        self.pace().refuse(started, asked, now, fastrand::f64());
        let held = self.held_until().map(|until| until - now);
        tracing::info!(?asked, ?held, "Box asks to slow down");
    }

    /// From now on nothing new starts; what has started may end.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Whether nothing new may start.
    pub(crate) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// Returns when nothing new may start any more.
    pub(crate) async fn closed(&self) {
        // The sender lives as long as we do.
        drop(self.closing.subscribe().wait_for(|closing| *closing).await);
    }

    /// Until when Box asked everybody to wait.
    pub(crate) fn held_until(&self) -> Option<Instant> {
        self.pace().held_until()
    }

    /// How the lanes stand.
    pub(crate) fn standings(&self) -> Standings {
        self.pace().standings(Instant::now())
    }

    /// Whether somebody waits for a turn.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        // A panic while holding it cannot leave the counters half written.
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits, counted for as long as it lives.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn of(number: &'a AtomicUsize) -> Self {
        number.fetch_add(1, Ordering::Relaxed);
        Self(number)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
