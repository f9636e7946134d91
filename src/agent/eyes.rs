//! Who watches which root. A root that was replaced, unmounted or came back gets a new
//! watcher; one that cannot be watched is left to the periodic rescan.

use crate::agent::context::Mirror;
use crate::agent::engine::Event;
use crate::local::error::Error;
use crate::local::watch::Watcher;
use crate::plan::debounce::Hint;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Device and inode of a root.
type Identity = (u64, u64);

/// A watcher that has been started, or why not.
pub(crate) struct Opened {
    /// Which mirror.
    pub(crate) mirror: usize,
    identity: Identity,
    watcher: Result<Watcher, Error>,
}

/// The watchers of a run.
pub(crate) struct Eyes {
    /// Where hints go; `None` for a run that does not watch.
    hints: Option<mpsc::Sender<Hint>>,
    open: BTreeMap<usize, (Identity, Watcher)>,
    opening: BTreeSet<usize>,
}

impl Eyes {
    /// For a run that does not watch.
    pub(crate) fn closed() -> Self {
        Self {
            hints: None,
            open: BTreeMap::new(),
            opening: BTreeSet::new(),
        }
    }

    /// For a run that does.
    pub(crate) fn new(hints: mpsc::Sender<Hint>) -> Self {
        Self {
            hints: Some(hints),
            ..Self::closed()
        }
    }

    /// Sees that the mirror's root, as it is now, is watched. The answer comes as an
    /// event, after which the mirror must be looked at.
    pub(crate) fn ensure(&mut self, number: usize, mirror: &Mirror, events: &mpsc::Sender<Event>) {
        let Some(hints) = self.hints.clone() else {
            return;
        };
        let Ok(root) = mirror.open_root() else {
            self.close(number);
            return;
        };
        let identity = root.identity();
        let is_watched = self
            .open
            .get(&number)
            .is_some_and(|(known, watcher)| *known == identity && !watcher.is_blind());
        if is_watched || !self.opening.insert(number) {
            return;
        }
        let (rules, events) = (Arc::clone(&mirror.rules), events.clone());
        tokio::task::spawn_blocking(move || {
            let watcher = Watcher::start(vec![(number, root, rules)], hints);
            let opened = Opened {
                mirror: number,
                identity,
                watcher,
            };
            drop(events.blocking_send(Event::Watched(opened)));
        });
    }

    /// Ends a watcher, on a thread that may wait for it.
    fn close(&mut self, number: usize) {
        if let Some((_, watcher)) = self.open.remove(&number) {
            tokio::task::spawn_blocking(move || drop(watcher));
        }
    }

    /// Takes in what [`Self::ensure`] began; tells whether the root is watched now.
    pub(crate) fn opened(&mut self, opened: Opened, name: &str) -> bool {
        self.opening.remove(&opened.mirror);
        match opened.watcher {
            Ok(watcher) => {
                self.close(opened.mirror);
                self.open.insert(opened.mirror, (opened.identity, watcher));
                true
            }
            Err(error) => {
                tracing::warn!(
                    mirror = name, %error,
                    "not watched; changes are found by the periodic rescan only"
                );
                false
            }
        }
    }

    /// Whether watchers are still being started.
    pub(crate) fn are_opening(&self) -> bool {
        !self.opening.is_empty()
    }

    /// How a mirror is watched, in a word.
    pub(crate) fn describe(&self, mirror: usize) -> &'static str {
        match self.open.get(&mirror) {
            Some((_, watcher)) if watcher.is_partial() => "partial",
            Some(_) => "native",
            None => "rescan",
        }
    }
}
