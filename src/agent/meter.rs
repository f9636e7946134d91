//! What is under way, in figures, for whoever watches. Cheap, shared by all tasks of a
//! run, and of no consequence: nothing is decided by it.
//!
//! How to feed it:
//!
//! ```text
//! engine:  meter.found(&key, size)        a file waits to be sent
//!          meter.over(&key)               it has come to its end, whichever
//!          meter.dropped(&key)            it will not be tried (its mirror stands still)
//!          meter.tell(activity, heard)    each turn: what it is at; what was heard
//!                                         instead of Box, when it is silent
//! job:     let transfer = meter.begin(name, size)
//!                                         a file is at work until this is dropped
//!          let stretch = transfer.stretch(bytes)
//!                                         one try to send so many bytes of it: the whole,
//!                                         or a part; dropped before its end, it has not been
//!          stretch.moved(bytes)           a piece was handed over
//!          transfer.there(bytes)          Box has so many of its bytes already
//! ```

use crate::agent::job::Key;
use crate::remote::client::BoxClient;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The figures of a run. The transfers in it are as many as the queue is wide.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    backlog: Mutex<Backlog>,
    transfers: Arc<Transfers>,
    heard: Mutex<Option<String>>,
}

/// Files that wait or run, and those that are over since there was nothing to do.
#[derive(Debug, Default)]
struct Backlog {
    /// As many as the queue holds.
    sizes: HashMap<Key, u64>,
    left: u64,
    done: u64,
    bytes_done: u64,
    /// There was nothing to do: what is found next is counted anew.
    is_over: bool,
    activity: Activity,
}

/// What the engine is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Activity {
    /// Nothing is left to do.
    #[default]
    Idle,
    /// It looks for more.
    Looking,
    /// It works off what was found.
    Working,
}

#[derive(Debug, Default)]
struct Transfers {
    running: Mutex<BTreeMap<u64, Arc<Going>>>,
    next: AtomicU64,
    /// Bytes handed over in all, resends included.
    moved: AtomicU64,
}

#[derive(Debug)]
struct Going {
    name: String,
    size: u64,
    moved: AtomicU64,
}

/// A file at work.
#[derive(Debug)]
pub(crate) struct Transfer {
    all: Arc<Transfers>,
    number: u64,
    going: Arc<Going>,
}

/// One try to send some of it.
#[derive(Debug)]
pub(crate) struct Stretch {
    all: Arc<Transfers>,
    going: Arc<Going>,
    size: u64,
    moved: AtomicU64,
}

/// How it stands at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Files that have come to their end, and all that are known to need something.
    pub(crate) files: (u64, u64),
    /// The same in bytes of their content; of files at work, what was handed over.
    pub(crate) bytes: (u64, u64),
    /// Bytes handed over in all, resends included.
    pub(crate) moved: u64,
    /// Whether more may be found.
    pub(crate) is_looking: bool,
    /// Files at work.
    pub(crate) running: Vec<Running>,
    /// What everything, or most of it, waits for.
    pub(crate) wait: Option<Wait>,
}

/// A file at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Running {
    /// Its mirror and path.
    pub(crate) name: String,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Of these, handed over so far.
    pub(crate) moved: u64,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Box asked for it; so much is left.
    Asked(Duration),
    /// Nobody answers; what was heard instead.
    NoAnswer(String),
    /// As many uploads, or requests, as may start a minute have been started.
    Rate(&'static str, u32),
    /// The bandwidth that the operator allows, in bytes a second.
    Bandwidth(u64),
}

/// Told the figures, several times a second.
pub(crate) type Gauge = Box<dyn FnMut(&Figures) + Send>;

impl Meter {
    /// A file waits to be sent.
    pub(crate) fn found(&self, key: &Key, size: u64) {
        let mut backlog = self.backlog();
        if std::mem::take(&mut backlog.is_over) {
            (backlog.done, backlog.bytes_done) = (0, 0);
        }
        let before = backlog.sizes.insert(key.clone(), size);
        backlog.left = (backlog.left + size).saturating_sub(before.unwrap_or(0));
    }

    /// It has come to its end, whichever.
    pub(crate) fn over(&self, key: &Key) {
        let mut backlog = self.backlog();
        if let Some(size) = backlog.take(key) {
            backlog.done += 1;
            backlog.bytes_done += size;
        }
    }

    /// It will not be tried.
    pub(crate) fn dropped(&self, key: &Key) {
        self.backlog().take(key);
    }

    /// What the engine is at, and what was heard instead of Box.
    pub(crate) fn tell(&self, activity: Activity, heard: Option<&str>) {
        let mut backlog = self.backlog();
        backlog.activity = activity;
        backlog.is_over |= activity == Activity::Idle;
        drop(backlog);
        let mut known = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_deref() != heard {
            *known = heard.map(str::to_owned);
        }
    }

    /// A file is at work from now on.
    pub(crate) fn begin(&self, name: String, size: u64) -> Transfer {
        let all = Arc::clone(&self.transfers);
        let number = all.next.fetch_add(1, Ordering::Relaxed);
        let moved = AtomicU64::new(0);
        let going = Arc::new(Going { name, size, moved });
        all.running().insert(number, Arc::clone(&going));
        Transfer { all, number, going }
    }

    /// How it stands now.
    pub(crate) fn figures(&self, client: &BoxClient) -> Figures {
        let running: Vec<Running> = self
            .transfers
            .running()
            .values()
            .map(|it| it.now())
            .collect();
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = wait(client, heard.clone());
        drop(heard);
        let backlog = self.backlog();
        let under_way: u64 = running.iter().map(|file| file.moved).sum();
        Figures {
            files: (backlog.done, backlog.done + backlog.sizes.len() as u64),
            bytes: (
                backlog.bytes_done + under_way.min(backlog.left),
                backlog.bytes_done + backlog.left,
            ),
            moved: self.transfers.moved.load(Ordering::Relaxed),
            // Folders are made, and what is in them will be looked at.
            is_looking: match backlog.activity {
                Activity::Idle => false,
                Activity::Looking => true,
                Activity::Working => backlog.sizes.is_empty(),
            },
            running,
            wait,
        }
    }

    fn backlog(&self) -> MutexGuard<'_, Backlog> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backlog {
    fn take(&mut self, key: &Key) -> Option<u64> {
        let size = self.sizes.remove(key)?;
        self.left = self.left.saturating_sub(size);
        Some(size)
    }
}

/// What most is waited for, by what the client knows.
fn wait(client: &BoxClient, heard: Option<String>) -> Option<Wait> {
    let now = Instant::now();
    if let Some(until) = client.held_until().filter(|until| *until > now) {
        return Some(Wait::Asked(until - now));
    }
    if let Some(heard) = heard {
        return Some(Wait::NoAnswer(heard));
    }
    if client.is_waited_for() {
        let standings = client.standings();
        let (uploads, calls) = (standings.uploads, standings.calls);
        let fill = |used: u32, allowed: u32| f64::from(used) / f64::from(allowed.max(1));
        let is_upload = fill(uploads.used, uploads.allowed) >= fill(calls.used, calls.allowed);
        return Some(match is_upload {
            true => Wait::Rate("uploads", uploads.allowed),
            false => Wait::Rate("requests", calls.allowed),
        });
    }
    match client.bandwidth() {
        (Some(rate), true) => Some(Wait::Bandwidth(rate)),
        _ => None,
    }
}

impl Transfers {
    fn running(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Going>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Going {
    fn now(&self) -> Running {
        Running {
            name: self.name.clone(),
            size: self.size,
            moved: self.moved.load(Ordering::Relaxed).min(self.size),
        }
    }
}

impl Transfer {
    /// One try to send so many bytes of it.
    pub(crate) fn stretch(&self, size: u64) -> Stretch {
        Stretch {
            all: Arc::clone(&self.all),
            going: Arc::clone(&self.going),
            size,
            moved: AtomicU64::new(0),
        }
    }

    /// Box has so many of its bytes already.
    pub(crate) fn there(&self, bytes: u64) {
        self.going.moved.fetch_max(bytes, Ordering::Relaxed);
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.all.running().remove(&self.number);
    }
}

impl Stretch {
    /// How many bytes it is about.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// A piece was handed over.
    pub(crate) fn moved(&self, bytes: u64) {
        for count in [&self.moved, &self.going.moved, &self.all.moved] {
            count.fetch_add(bytes, Ordering::Relaxed);
        }
    }
}

impl Drop for Stretch {
    fn drop(&mut self) {
        let moved = self.moved.load(Ordering::Relaxed);
        if moved < self.size {
            self.going.moved.fetch_sub(moved, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Activity, Meter};
    use crate::agent::job::Key;
    use crate::model::path::RelPath;
    use std::path::Path;
    use std::sync::atomic::Ordering;

    fn key(name: &str) -> Key {
        let root = Path::new("/m");
        (0, RelPath::below(root, &root.join(name)).unwrap())
    }

    fn counts(meter: &Meter) -> (u64, usize, u64, u64) {
        let backlog = meter.backlog();
        let (done, waiting) = (backlog.done, backlog.sizes.len());
        (done, waiting, backlog.bytes_done, backlog.left)
    }

    #[test]
    fn what_is_found_comes_to_an_end_once() {
        let meter = Meter::default();
        meter.tell(Activity::Looking, None);
        meter.found(&key("a"), 10);
        meter.found(&key("b"), 5);
        // It has grown meanwhile.
        meter.found(&key("b"), 7);
        assert_eq!(counts(&meter), (0, 2, 0, 17));
        meter.over(&key("b"));
        meter.over(&key("b"));
        meter.dropped(&key("a"));
        assert_eq!(counts(&meter), (1, 0, 7, 0));
        // Not at an end: the same batch. Then nothing was to be done: another one.
        meter.tell(Activity::Working, None);
        meter.found(&key("c"), 1);
        assert_eq!(counts(&meter), (1, 1, 7, 1));
        meter.over(&key("c"));
        meter.tell(Activity::Idle, None);
        meter.tell(Activity::Looking, None);
        meter.found(&key("d"), 2);
        assert_eq!(counts(&meter), (0, 1, 0, 2));
    }

    #[test]
    fn a_try_that_breaks_off_has_not_been() {
        let meter = Meter::default();
        let transfer = meter.begin("m/a".to_owned(), 100);
        let moved = || meter.transfers.running()[&0].now().moved;
        let whole = transfer.stretch(60);
        whole.moved(60);
        drop(whole);
        let broken = transfer.stretch(40);
        broken.moved(15);
        assert_eq!(moved(), 75);
        drop(broken);
        assert_eq!(moved(), 60);
        transfer.there(80);
        transfer.there(10);
        assert_eq!(moved(), 80);
        // Sent twice is no more than there is, but it went over the wire.
        transfer.stretch(60).moved(60);
        let all = meter.transfers.moved.load(Ordering::Relaxed);
        assert_eq!((moved(), all), (100, 135));
        drop(transfer);
        assert!(meter.transfers.running().is_empty());
    }
}
