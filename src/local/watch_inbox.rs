//! The queue between `notify`'s thread, which must empty the kernel's short queue at
//! once, and ours, which walks new directories.
//!
//! Bounded: what finds no room is not kept, and the loss is told.

use notify::{Event, EventHandler};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::Duration;

/// More events than this are not kept.
const MOST: usize = 50_000;

/// How many events are taken together.
const BATCH: usize = 4_096;

/// Our end of the queue.
pub(super) struct Inbox {
    sender: Sender<Message>,
    receiver: Receiver<Message>,
    shared: Arc<Shared>,
}

/// What was in the queue.
pub(super) struct Taken {
    /// In the order in which they happened.
    pub(super) events: Vec<notify::Result<Event>>,
    /// Whether others found no room.
    pub(super) overflowed: bool,
}

/// Interrupts a wait for events.
#[derive(Debug)]
pub(super) struct Waker(Sender<Message>);

/// Tells when `notify` has let go of its handler, and so of its thread.
pub(super) struct Line(Receiver<Infallible>);

enum Message {
    Event(notify::Result<Event>),
    Wake,
}

#[derive(Default)]
struct Shared {
    waiting: AtomicUsize,
    overflowed: AtomicBool,
}

impl Default for Inbox {
    fn default() -> Self {
        let (sender, receiver) = channel();
        Self {
            sender,
            receiver,
            shared: Arc::default(),
        }
    }
}

impl Inbox {
    /// What puts events in, and what tells when it has ended.
    pub(super) fn connect(&self) -> (impl EventHandler, Line) {
        let (alive, line) = channel();
        let handler = Handler {
            waker: self.waker(),
            shared: Arc::clone(&self.shared),
            _alive: alive,
        };
        (handler, Line(line))
    }

    /// Interrupts [`Inbox::take`].
    pub(super) fn waker(&self) -> Waker {
        Waker(self.sender.clone())
    }

    /// Waits for something to be there, no longer than `limit`, and takes it.
    pub(super) fn take(&self, limit: Option<Duration>) -> Taken {
        let first = match limit {
            Some(limit) => self.receiver.recv_timeout(limit).ok(),
            None => self.receiver.recv().ok(),
        };
        let more = self.receiver.try_iter().take(BATCH);
        let events: Vec<_> = first.into_iter().chain(more).filter_map(event).collect();
        self.shared
            .waiting
            .fetch_sub(events.len(), Ordering::Relaxed);
        Taken {
            events,
            overflowed: self.shared.overflowed.swap(false, Ordering::Relaxed),
        }
    }

    /// Forgets what is there. Only while nothing is connected.
    pub(super) fn clear(&self) {
        while self.receiver.try_recv().is_ok() {}
        self.shared.waiting.store(0, Ordering::Relaxed);
        self.shared.overflowed.store(false, Ordering::Relaxed);
    }
}

impl Waker {
    /// Lets whoever waits go on; if nobody is there any more, nobody needs to.
    pub(super) fn wake(&self) {
        self.put(Message::Wake);
    }

    fn put(&self, message: Message) {
        drop(self.0.send(message));
    }
}

impl Line {
    /// Whether the other end has gone.
    pub(super) fn is_cut(&self) -> bool {
        matches!(self.0.try_recv(), Err(TryRecvError::Disconnected))
    }

    /// Waits until the other end has gone.
    pub(super) fn wait(&self) {
        while self.0.recv().is_ok() {}
    }
}

fn event(message: Message) -> Option<notify::Result<Event>> {
    match message {
        Message::Event(event) => Some(event),
        Message::Wake => None,
    }
}

struct Handler {
    waker: Waker,
    shared: Arc<Shared>,
    _alive: Sender<Infallible>,
}

impl EventHandler for Handler {
    fn handle_event(&mut self, event: notify::Result<Event>) {
        let shared = &self.shared;
        if shared.waiting.fetch_add(1, Ordering::Relaxed) < MOST {
            return self.waker.put(Message::Event(event));
        }
        shared.waiting.fetch_sub(1, Ordering::Relaxed);
        if !shared.overflowed.swap(true, Ordering::Relaxed) {
            self.waker.wake();
        }
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        self.waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::{BATCH, Inbox, MOST};
    use notify::{Event, EventHandler, EventKind};

    #[test]
    fn a_queue_that_is_full_tells_so_and_works_again_when_emptied() {
        let inbox = Inbox::default();
        let (mut handler, line) = inbox.connect();
        let mut put = |count: usize| {
            (0..count).for_each(|_| handler.handle_event(Ok(Event::new(EventKind::Any))));
        };
        put(MOST + 5);
        let taken = inbox.take(None);
        assert!(taken.overflowed && taken.events.len() > BATCH);
        inbox.clear();
        put(3);
        let taken = inbox.take(None);
        assert_eq!((taken.overflowed, taken.events.len()), (false, 3));
        assert!(!line.is_cut());
        drop(handler);
        line.wait();
        assert!(line.is_cut() && inbox.take(None).events.is_empty());
    }
}
