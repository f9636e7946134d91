//! What the server thread and the test's handle share.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::api::{Downloads, UploadUrls};
use crate::auth::{Console, Tokens};
use crate::clock;
use crate::fault::FaultQueue;
use crate::ids::Ids;
use crate::journal::Journal;
use crate::limits::RateLimits;
use crate::serve::Work;
use crate::settings::Settings;
use crate::spool::Spool;
use crate::world::{Sessions, Target, World};

/// Everything that changes, behind one lock: an operation sees and leaves a
/// consistent Box.
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) world: World,
    pub(crate) tokens: Tokens,
    pub(crate) console: Console,
    pub(crate) ids: Ids,
    pub(crate) journal: Journal,
    pub(crate) faults: FaultQueue,
    pub(crate) rates: RateLimits,
    pub(crate) sessions: Sessions,
    pub(crate) upload_urls: UploadUrls,
    pub(crate) downloads: Downloads,
    pub(crate) next_lock: u64,
    /// When the accounts were made.
    pub(crate) born: i64,
    /// How far this Box's clock is ahead, in seconds.
    pub(crate) skew: i64,
    /// Answers being held.
    pub(crate) held: usize,
    /// Requests answered with an error and still to be processed.
    pub(crate) pending: usize,
    /// The folders that those of them work on.
    pub(crate) busy: Vec<Work>,
}

impl State {
    /// The time by this Box's clock.
    pub(crate) fn now(&self) -> i64 {
        clock::wall_seconds().saturating_add(self.skew)
    }

    /// The name of the item or of the upload session with this id.
    pub(crate) fn addressed(&self, id: &str) -> Option<String> {
        let item = id.parse().ok().and_then(|id| self.world.get(id));
        let name = item.map(|item| item.name.clone());
        name.or_else(|| self.session_name(id))
    }

    /// The name of the file that an upload session is for.
    pub(crate) fn session_name(&self, id: &str) -> Option<String> {
        match &self.sessions.get(id)?.target {
            Target::New { name, .. } => Some(name.clone()),
            Target::Version {
                name: Some(name), ..
            } => Some(name.clone()),
            Target::Version { file, .. } => Some(self.world.get(*file)?.name.clone()),
        }
    }
}

/// State, contents and signals.
pub(crate) struct Shared {
    state: Mutex<State>,
    pub(crate) spool: Arc<Spool>,
    /// Counts up with each release of held answers.
    pub(crate) releases: watch::Sender<u64>,
    /// Counts up with each order to process what is pending.
    pub(crate) persists: watch::Sender<u64>,
    changes: Mutex<u64>,
    changed: Condvar,
}

impl Shared {
    /// A fresh Box.
    pub(crate) fn new(settings: Settings) -> io::Result<Shared> {
        let spool = Spool::new(&settings.spool_dir)?;
        let console = Console::new(&settings);
        let console = console.map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
        Ok(Shared {
            state: Mutex::new(State {
                world: World::new(settings.app.has_service_account()),
                settings,
                tokens: Tokens::default(),
                console,
                ids: Ids::default(),
                journal: Journal::new(),
                faults: FaultQueue::default(),
                rates: RateLimits::default(),
                sessions: Sessions::default(),
                upload_urls: UploadUrls::default(),
                downloads: Downloads::default(),
                next_lock: 0,
                born: clock::wall_seconds(),
                skew: 0,
                held: 0,
                pending: 0,
                busy: Vec::new(),
            }),
            spool,
            releases: watch::Sender::new(0),
            persists: watch::Sender::new(0),
            changes: Mutex::new(0),
            changed: Condvar::new(),
        })
    }

    /// The state. A panic elsewhere does not end the emulator.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and tells those who wait for a change.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.tell();
        result
    }

    /// Tells those who wait that something may have changed.
    pub(crate) fn tell(&self) {
        *self.changes() += 1;
        self.changed.notify_all();
    }

    /// Blocks until the condition holds; `false` when the time is over first.
    pub(crate) fn wait_for(&self, holds: impl Fn() -> bool, timeout: Duration) -> bool {
        let end = Instant::now() + timeout;
        loop {
            let seen = *self.changes();
            if holds() {
                return true;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let unchanged = |now: &mut u64| *now == seen;
            // The result is the same guard either way: look again.
            let waited = self
                .changed
                .wait_timeout_while(self.changes(), left, unchanged);
            drop(waited);
        }
    }

    fn changes(&self) -> MutexGuard<'_, u64> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
