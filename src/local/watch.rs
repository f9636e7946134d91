//! When to look again: the system's events, made into hints.
//!
//! A hint says where, never what: events arrive late, twice, in part or not at all, and
//! whoever gets a hint looks at the disk. Nothing is lost silently: whenever events may
//! be missing, the hint is [`What::Everything`]. Only the `watch` files of this
//! directory know the `notify` crate.

use crate::local::mounts::{self, Ground};
use crate::local::root::Root;
use crate::local::rules::Rules;
use crate::local::watch_events::{Meaning, meanings};
use crate::local::watch_inbox::{Inbox, Line, Waker};
use crate::local::watch_tree::{Blanks, WatchTree};
use crate::model::path::RelPath;
use crate::model::rules::{CACHE_TAG, IGNORE_FILE};
use crate::plan::debounce::{Hint, What};
use crate::plan::sight::{Cause, Mode};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc::error::TrySendError;

/// How often a hint that found no room is offered again.
const AGAIN: Duration = Duration::from_millis(20);

/// Watches a root until dropped.
#[derive(Debug)]
pub(crate) struct Watcher {
    ground: Arc<Ground>,
    unwatched: Blanks,
    blind: Arc<AtomicBool>,
    retry: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    wake: Waker,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Watches this root, whose hints will carry this number. Returns when every
    /// directory is watched or known to be one that is not, so a scan that begins then
    /// misses nothing. Blocks that long. The error says why the whole root is to be polled.
    ///
    /// A root that is removed or renamed yields [`What::Everything`] and no more after
    /// that: whoever finds it back starts a new watcher.
    pub(crate) fn start(
        number: usize,
        root: Arc<Root>,
        rules: Arc<Rules>,
        mode: Mode,
        hints: tokio::sync::mpsc::Sender<Hint>,
    ) -> Result<Self, Cause> {
        let ground = match mode {
            Mode::Poll => return Err(Cause::Asked),
            Mode::Native | Mode::Auto => Ground::of(&root, &mounts::all(), mode),
        };
        if let Some(kind) = ground.silent {
            return Err(Cause::FileSystem(kind));
        }
        Eye::open(number, root, rules, Arc::new(ground), hints)?.start()
    }

    /// The places that are not watched, each with all that is below it, and why. Only a
    /// scan sees changes there.
    pub(crate) fn unwatched(&self) -> (Vec<RelPath>, Vec<Cause>) {
        let unwatched = self.unwatched.lock();
        (unwatched.places().cloned().collect(), unwatched.causes())
    }

    /// Whether the root is not watched any more: it was lost, or could not be watched
    /// again. Only a new watcher helps.
    pub(crate) fn is_blind(&self) -> bool {
        self.blind.load(Ordering::Relaxed)
    }

    /// Tries once more to watch what could not be watched, if that may have changed.
    /// Where it works, a hint tells to look there.
    pub(crate) fn retry(&self) {
        if self.unwatched.lock().may_pass() {
            self.retry.store(true, Ordering::Relaxed);
            self.wake.wake();
        }
    }

    /// What the root lay on when the watching began.
    pub(crate) fn ground(&self) -> &Ground {
        &self.ground
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.wake.wake();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// What watches one root, on a thread of its own.
struct Eye {
    number: usize,
    root: Arc<Root>,
    rules: Arc<Rules>,
    ground: Arc<Ground>,
    hints: tokio::sync::mpsc::Sender<Hint>,
    unwatched: Blanks,
    blind: Arc<AtomicBool>,
    retry: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    inbox: Inbox,
    /// `None` when the root is lost or could not be watched again.
    watch: Option<Watch>,
    /// A hint found no room: everything is owed in its stead.
    owed: bool,
}

struct Watch {
    tree: WatchTree,
    line: Line,
}

impl Eye {
    fn open(
        number: usize,
        root: Arc<Root>,
        rules: Arc<Rules>,
        ground: Arc<Ground>,
        hints: tokio::sync::mpsc::Sender<Hint>,
    ) -> Result<Self, Cause> {
        let mut eye = Self {
            number,
            root,
            rules,
            ground,
            hints,
            unwatched: Blanks::default(),
            blind: Arc::default(),
            retry: Arc::default(),
            stop: Arc::default(),
            inbox: Inbox::default(),
            watch: None,
            owed: false,
        };
        eye.watch = Some(eye.put_up()?);
        Ok(eye)
    }

    fn put_up(&mut self) -> Result<Watch, Cause> {
        let (handler, line) = self.inbox.connect();
        let (root, rules) = (Arc::clone(&self.root), Arc::clone(&self.rules));
        let (ground, unwatched) = (Arc::clone(&self.ground), self.unwatched.clone());
        let tree = WatchTree::new(root, rules, ground, unwatched, handler)?;
        Ok(Watch { tree, line })
    }

    fn start(self) -> Result<Watcher, Cause> {
        let mut watcher = Watcher {
            ground: Arc::clone(&self.ground),
            unwatched: self.unwatched.clone(),
            blind: Arc::clone(&self.blind),
            retry: Arc::clone(&self.retry),
            stop: Arc::clone(&self.stop),
            wake: self.inbox.waker(),
            thread: None,
        };
        let thread = std::thread::Builder::new().name("watch".to_owned());
        let started = thread.spawn(move || self.run());
        watcher.thread = Some(started.map_err(|error| Cause::Failed(error.to_string()))?);
        Ok(watcher)
    }

    fn run(mut self) {
        while !self.stop.load(Ordering::Relaxed) {
            if self.owed {
                self.offer(What::Everything);
            }
            let events = self.inbox.take(self.owed.then_some(AGAIN));
            let broken = self.watch.as_ref().is_some_and(|watch| watch.line.is_cut());
            if events.overflowed || broken {
                self.start_over();
            } else {
                self.digest(events.events);
                self.try_again();
            }
        }
        self.take_down();
    }

    fn digest(&mut self, events: Vec<notify::Result<notify::Event>>) {
        let mut arrived = BTreeSet::new();
        let mut touched = BTreeSet::new();
        for event in events {
            for meaning in meanings(self.root.path(), event) {
                match meaning {
                    Meaning::Lost => return self.start_over(),
                    Meaning::RootGone => return self.root_gone(),
                    Meaning::Doubt => self.offer(What::Everything),
                    Meaning::Arrived(path) => drop(arrived.insert(path)),
                    Meaning::Touched(path) => drop(touched.insert(path)),
                    Meaning::Mode(path) if self.was_refused(&path) => {
                        arrived.insert(path);
                    }
                    Meaning::Mode(path) => drop(touched.insert(path)),
                }
            }
        }
        let ruled: BTreeSet<RelPath> = arrived.iter().chain(&touched).filter_map(ruled).collect();
        if let Some(watch) = &mut self.watch {
            watch.tree.forget_rules();
        }
        let mut trees = self.arrivals(arrived, &mut touched);
        for dir in ruled {
            if let Some(watch) = &mut self.watch {
                watch.tree.rules_changed(&dir);
            }
            trees.push(dir);
        }
        for path in touched {
            // All of this happened before the trees were walked.
            if !trees.iter().any(|dir| path.is_within(dir)) && !self.is_excluded(&path) {
                self.offer(What::Path(path));
            }
        }
        for dir in trees {
            self.offer(What::Tree(dir));
        }
    }

    /// Watches what has arrived; returns the directories among it, and leaves the rest
    /// in `touched`.
    fn arrivals(
        &mut self,
        arrived: BTreeSet<RelPath>,
        touched: &mut BTreeSet<RelPath>,
    ) -> Vec<RelPath> {
        let mut trees: Vec<RelPath> = Vec::new();
        for path in arrived {
            if trees.last().is_some_and(|dir| path.is_within(dir)) {
                continue;
            }
            let tree = self.watch.as_mut().map(|watch| &mut watch.tree);
            if tree.is_some_and(|tree| tree.arrived(&path)) {
                trees.push(path);
            } else {
                touched.insert(path);
            }
        }
        trees
    }

    /// Watches what could not be watched before, where somebody asked for that.
    fn try_again(&mut self) {
        if !self.retry.swap(false, Ordering::Relaxed) {
            return;
        }
        let Some(watch) = &mut self.watch else {
            return;
        };
        match watch.tree.retry() {
            None => self.start_over(),
            // What changed before it was watched is found by looking.
            Some(dirs) => dirs.into_iter().for_each(|dir| self.offer(What::Tree(dir))),
        }
    }

    fn was_refused(&self, path: &RelPath) -> bool {
        let watch = self.watch.as_ref();
        watch.is_some_and(|watch| watch.tree.was_refused(path))
    }

    /// Whether it is left out whatever it is.
    fn is_excluded(&mut self, path: &RelPath) -> bool {
        let watch = self.watch.as_mut();
        watch.is_some_and(|watch| watch.tree.is_excluded(path))
    }

    /// Events are missing, so directories may have come that are not watched and gone
    /// that `notify` still takes for watched: nothing of the old watches is kept.
    fn start_over(&mut self) {
        tracing::debug!(root = ?self.root.path(), "events were lost; watching anew");
        self.take_down();
        match self.put_up() {
            Ok(watch) => self.watch = Some(watch),
            Err(cause) => self.go_blind(cause),
        }
        self.offer(What::Everything);
    }

    /// Whatever is reported from now on would carry a path that is no longer right.
    fn root_gone(&mut self) {
        self.go_blind(Cause::Failed("it was removed or renamed".to_owned()));
        self.take_down();
        self.offer(What::Everything);
    }

    fn go_blind(&self, cause: Cause) {
        self.unwatched.lock().add(RelPath::root(), cause);
        self.blind.store(true, Ordering::Relaxed);
    }

    fn take_down(&mut self) {
        if let Some(Watch { tree, line }) = self.watch.take() {
            if line.is_cut() {
                // Its thread has died, and taking leave of that would panic.
                std::mem::forget(tree);
            } else {
                drop(tree);
                line.wait();
            }
            self.inbox.clear();
        }
    }

    /// Hands a hint over if there is room. Never waits: whoever takes hints may itself
    /// be waiting for this thread to end.
    fn offer(&mut self, what: What) {
        let settles = what == What::Everything;
        if self.owed && !settles {
            return;
        }
        let root = self.number;
        match self.hints.try_send(Hint { root, what }) {
            Ok(()) => self.owed &= !settles,
            Err(TrySendError::Full(_)) => self.owed = true,
            Err(TrySendError::Closed(_)) => self.stop.store(true, Ordering::Relaxed),
        }
    }
}

/// The directory whose rules this entry holds, if it is one that does.
fn ruled(path: &RelPath) -> Option<RelPath> {
    let (dir, name) = path.split()?;
    let names = [IGNORE_FILE, CACHE_TAG].map(str::as_bytes);
    names.contains(&name.as_bytes()).then_some(dir)
}

#[cfg(test)]
mod tests {
    use super::Eye;
    use crate::local::test_rig::{Rig, rel, rules};
    use crate::plan::debounce::What;
    use std::fs;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::sync::mpsc::channel;
    use tokio::time::timeout;

    #[tokio::test]
    async fn after_a_loss_everything_is_hinted_and_watched_anew() {
        let rig = Rig::new().dir("old");
        let (sender, mut hints) = channel(100);
        let root = Arc::clone(&rig.root);
        let mut eye = Eye::open(3, root, rules(&[]), Arc::default(), sender).unwrap();
        // As if these events had been among the lost ones.
        let rig = rig.dir("new/deep");
        fs::remove_dir(rig.path("old")).unwrap();
        fs::create_dir(rig.path("old")).unwrap();
        eye.start_over();
        let hint = hints.recv().await.unwrap();
        assert_eq!((hint.root, hint.what), (3, What::Everything));
        let _running = eye.start().unwrap();
        for path in ["new/deep/f", "old/f"] {
            fs::write(rig.path(path), "x").unwrap();
            let found =
                async { while hints.recv().await.unwrap().what != What::Path(rel(path)) {} };
            timeout(Duration::from_secs(10), found).await.unwrap();
        }
    }
}
