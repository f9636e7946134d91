//! Who may ask at the control socket: however many connect and say nothing, or ask and do
//! not listen, there is room for one who asks.

use crate::local::owner;
use rustix::process::geteuid;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{AbortHandle, JoinHandle};

/// Connections that have not asked yet.
const SILENT: usize = 64;
/// Questions under way; most are waits.
const SEATS: usize = 256;

/// The door.
#[derive(Debug)]
pub(super) struct Door {
    silent: VecDeque<(Arc<AtomicBool>, AbortHandle)>,
    seats: Arc<Semaphore>,
}

/// Somebody who has come in and not asked yet.
#[derive(Debug)]
pub(super) struct Visitor {
    has_asked: Arc<AtomicBool>,
    seats: Arc<Semaphore>,
}

impl Door {
    pub(super) fn new() -> Self {
        Self {
            silent: VecDeque::new(),
            seats: Arc::new(Semaphore::new(SEATS)),
        }
    }

    /// Lets somebody in. Whoever has been silent for longest makes room.
    pub(super) fn admit(&mut self, serve: impl FnOnce(Visitor) -> JoinHandle<()>) {
        let is_silent = |(has_asked, task): &(Arc<AtomicBool>, AbortHandle)| {
            !has_asked.load(Ordering::Relaxed) && !task.is_finished()
        };
        self.silent.retain(is_silent);
        while self.silent.len() >= SILENT
            && let Some((_, oldest)) = self.silent.pop_front()
        {
            oldest.abort();
        }
        let has_asked = Arc::<AtomicBool>::default();
        let visitor = Visitor {
            has_asked: Arc::clone(&has_asked),
            seats: Arc::clone(&self.seats),
        };
        let task = serve(visitor).abort_handle();
        self.silent.push_back((has_asked, task));
    }
}

impl Visitor {
    /// They have asked; `None` when too many questions are under way.
    pub(super) fn sit(self) -> Option<OwnedSemaphorePermit> {
        self.has_asked.store(true, Ordering::Relaxed);
        self.seats.try_acquire_owned().ok()
    }
}

/// Why somebody is not answered, unless it is the user whose service this is, or root. The
/// socket's mode says the same; this holds also where somebody has opened it to others.
pub(super) fn stranger(uid: u32) -> Option<String> {
    let own = geteuid().as_raw();
    if is_welcome(uid, own) {
        return None;
    }
    let (theirs, own) = (owner::user(uid), owner::user(own));
    tracing::warn!(user = %theirs, "somebody else asked at the control socket, in vain");
    Some(format!(
        "this boxup is user {own}'s and answers only that user and root: sudo -u {own} boxup ..."
    ))
}

fn is_welcome(uid: u32, own: u32) -> bool {
    uid == own || uid == 0
}

#[cfg(test)]
mod tests {
    use super::is_welcome;
    use super::{Door, SEATS, SILENT};
    use std::future::pending;

    #[test]
    fn only_its_own_user_and_root_are_answered() {
        for (uid, own, is) in [(0, 0, true), (0, 990, true), (990, 990, true)] {
            assert_eq!(is_welcome(uid, own), is, "{uid} {own}");
        }
        for (uid, own) in [(990, 0), (991, 990), (u32::MAX, 990)] {
            assert!(!is_welcome(uid, own), "{uid} {own}");
        }
    }

    #[tokio::test]
    async fn the_silent_make_room_and_those_who_asked_stay() {
        let mut door = Door::new();
        let mut tasks = Vec::new();
        let mut seated = Vec::new();
        door.admit(|visitor| {
            seated.extend(visitor.sit());
            tokio::spawn(pending())
        });
        let first = tokio::spawn(pending());
        let handle = first.abort_handle();
        door.admit(|_| first);
        for _ in 0..SILENT {
            door.admit(|_| {
                let task = tokio::spawn(pending());
                tasks.push(task.abort_handle());
                task
            });
        }
        tokio::task::yield_now().await;
        assert!(handle.is_finished());
        assert!(tasks.iter().all(|task| !task.is_finished()));
        assert_eq!(seated.len(), 1);
    }

    #[tokio::test]
    async fn questions_under_way_are_bounded() {
        let mut door = Door::new();
        let mut seated = Vec::new();
        for _ in 0..SEATS + 3 {
            door.admit(|visitor| {
                seated.push(visitor.sit());
                tokio::spawn(async {})
            });
        }
        assert_eq!(seated.iter().flatten().count(), SEATS);
    }
}
