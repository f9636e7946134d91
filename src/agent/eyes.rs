//! Who watches which root, and what nobody watches. A root that was replaced, unmounted or
//! came back gets a new watcher; what cannot be watched is polled.

use crate::agent::context::Mirror;
use crate::agent::engine::Event;
use crate::local::mounts::Ground;
use crate::local::watch::Watcher;
use crate::model::mounts::Mounts;
use crate::model::path::RelPath;
use crate::plan::debounce::Hint;
use crate::plan::sight::{Cause, Mode};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Device and inode of a root.
type Identity = (u64, u64);

/// A watcher that has been started, or why not.
pub(crate) struct Opened {
    /// Which mirror.
    pub(crate) mirror: usize,
    identity: Identity,
    watcher: Result<Watcher, Cause>,
}

/// How a mirror is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    /// In a word.
    pub(crate) word: &'static str,
    /// Why not all of it is.
    pub(crate) causes: Vec<Cause>,
    /// What is polled.
    pub(crate) polled: Vec<RelPath>,
}

/// The watchers of a run.
pub(crate) struct Eyes {
    /// Where hints go; `None` for a run that does not watch.
    hints: Option<mpsc::Sender<Hint>>,
    mode: Mode,
    poll_interval: Duration,
    open: BTreeMap<usize, (Identity, Watcher)>,
    opening: BTreeSet<usize>,
    /// Roots that nobody watches.
    unwatched: BTreeMap<usize, Cause>,
    /// When each mirror is polled next.
    polls: BTreeMap<usize, Instant>,
    /// What was said about a mirror already.
    said: BTreeSet<(usize, &'static str)>,
    tried: BTreeMap<usize, Instant>,
}

impl Eyes {
    /// For a run that does not watch.
    pub(crate) fn closed() -> Self {
        Self {
            hints: None,
            mode: Mode::Auto,
            poll_interval: Duration::MAX,
            open: BTreeMap::new(),
            opening: BTreeSet::new(),
            unwatched: BTreeMap::new(),
            polls: BTreeMap::new(),
            said: BTreeSet::new(),
            tried: BTreeMap::new(),
        }
    }

    /// For a run that does.
    pub(crate) fn new(hints: mpsc::Sender<Hint>, mode: Mode, poll_interval: Duration) -> Self {
        Self {
            hints: Some(hints),
            mode,
            poll_interval,
            ..Self::closed()
        }
    }

    /// Sees that the mirror's root, as it is now, is watched. The answer comes as an
    /// event, after which the mirror must be looked at.
    pub(crate) fn ensure(&mut self, number: usize, mirror: &Mirror, events: &mpsc::Sender<Event>) {
        let Some(hints) = self.hints.clone() else {
            return;
        };
        let now = Instant::now();
        self.polls
            .entry(number)
            .or_insert(now + jittered(self.poll_interval));
        let Ok(root) = mirror.open_root() else {
            self.close(number);
            return;
        };
        let identity = root.identity();
        let known = self.open.get(&number);
        let known = known.filter(|(known, watcher)| *known == identity && !watcher.is_blind());
        if let Some((_, watcher)) = known {
            // A try that succeeds leads to a look, and looks lead here.
            let tried = self.tried.entry(number).or_insert(now);
            if now.saturating_duration_since(*tried) >= self.poll_interval {
                *tried = now;
                watcher.retry();
            }
            return;
        }
        if !self.opening.insert(number) {
            return;
        }
        let (rules, events, mode) = (Arc::clone(&mirror.rules), events.clone(), self.mode);
        tokio::task::spawn_blocking(move || {
            let watcher = Watcher::start(number, root, rules, mode, hints);
            let opened = Opened {
                mirror: number,
                identity,
                watcher,
            };
            drop(events.blocking_send(Event::Watched(opened)));
        });
    }

    /// Ends a watcher, on a thread that may wait for it.
    pub(crate) fn close(&mut self, number: usize) {
        self.unwatched.remove(&number);
        if let Some((_, watcher)) = self.open.remove(&number) {
            tokio::task::spawn_blocking(move || drop(watcher));
        }
    }

    /// Takes in what [`Self::ensure`] began; tells whether the root is watched now.
    pub(crate) fn opened(&mut self, opened: Opened, name: &str) -> bool {
        let Opened {
            mirror,
            identity,
            watcher,
        } = opened;
        self.opening.remove(&mirror);
        self.close(mirror);
        let is_watched = watcher.is_ok();
        match watcher {
            Ok(watcher) => drop(self.open.insert(mirror, (identity, watcher))),
            Err(cause) => drop(self.unwatched.insert(mirror, cause)),
        }
        self.tell(mirror, name);
        is_watched
    }

    /// Whether watchers are still being started.
    pub(crate) fn are_opening(&self) -> bool {
        !self.opening.is_empty()
    }

    /// When something is polled next.
    pub(crate) fn next_poll(&self) -> Option<Instant> {
        self.polls.values().min().copied()
    }

    /// The mirrors that are due to be polled now. Each is due again after an interval.
    pub(crate) fn due_polls(&mut self, now: Instant) -> Vec<usize> {
        let mut due = Vec::new();
        for (mirror, at) in self.polls.iter_mut().filter(|(_, at)| **at <= now) {
            *at = now + jittered(self.poll_interval);
            due.push(*mirror);
        }
        due
    }

    /// The mirrors in which something was mounted or unmounted since they are watched.
    pub(crate) fn remounted(&self, mirrors: &[Mirror], mounts: &Mounts) -> Vec<usize> {
        let is_other = |(number, (identity, watcher)): (&usize, &(Identity, Watcher))| {
            let root = mirrors[*number].open_root().ok()?;
            let ground = Ground::of(&root, mounts, self.mode);
            let is_other = root.identity() != *identity || ground != *watcher.ground();
            is_other.then_some(*number)
        };
        self.open.iter().filter_map(is_other).collect()
    }

    /// How a mirror is watched.
    pub(crate) fn sight(&self, mirror: usize) -> Sight {
        let whole = |causes| Sight {
            word: "polling",
            causes,
            polled: vec![RelPath::root()],
        };
        let Some((_, watcher)) = self.open.get(&mirror) else {
            return whole(self.unwatched.get(&mirror).cloned().into_iter().collect());
        };
        let (polled, causes) = watcher.unwatched();
        if polled.iter().any(RelPath::is_root) {
            return whole(causes);
        }
        let word = ["native", "partial"][usize::from(!polled.is_empty())];
        Sight {
            word,
            causes,
            polled,
        }
    }

    /// Says once why something is polled.
    pub(crate) fn tell(&mut self, mirror: usize, name: &str) {
        let Sight { causes, polled, .. } = self.sight(mirror);
        for cause in &causes {
            if !self.said.insert((mirror, cause.code())) {
                continue;
            }
            let interval = humantime::format_duration(self.poll_interval);
            let what = match polled.as_slice() {
                [place] if place.is_root() => "all of it".to_owned(),
                [place] => place.to_string(),
                [place, ..] => format!("{} directories, {place} first", polled.len()),
                [] => continue,
            };
            match cause {
                Cause::Asked => tracing::info!(mirror = name, "polled every {interval}: {cause}"),
                _ => tracing::warn!(
                    mirror = name,
                    "{what} is looked at every {interval} instead of being watched: {cause}"
                ),
            }
        }
    }
}

/// Somewhere around that, so that not all mirrors, nor all machines, look at once.
fn jittered(span: Duration) -> Duration {
    span.mul_f64(0.9 + 0.2 * fastrand::f64())
}
