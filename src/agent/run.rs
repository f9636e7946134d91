//! What both ways to run are made of: a single pass, which is in [`crate::agent::once`], and
//! the service, which watches after its pass, in [`crate::agent::serve`]. Both put the same
//! engine together.

use crate::agent::access::{self, Traces};
use crate::agent::account::AccountCheck;
use crate::agent::context::{Context, Mirror, Readers, own_files};
use crate::agent::engine::{Engine, Event, Temper};
use crate::agent::eyes::Eyes;
use crate::agent::herald::Untold;
use crate::agent::history::Diary;
use crate::agent::meter::{Gauge, Meter};
use crate::agent::mirrors;
use crate::agent::notice::{Ending, Sink};
use crate::agent::run_name::RunName;
use crate::agent::schedule::Schedule;
use crate::agent::warnings::Warnings;
use crate::config::{self, Config};
use crate::model::path::printable_path;
use crate::plan::backoff::Backoff;
use crate::plan::policy::{Policy, Quiet};
use crate::plan::queue::Patience;
use crate::remote::auth::file::Error as TokenFileError;
use crate::store::error::Error as StoreError;
use crate::store::lock::{self, Role, StateLock};
use crate::store::witness::Witness;
use crate::store::{Store, make_state_dir, recovery};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// How often the figures are told.
const GAUGED: Duration = Duration::from_millis(100);

/// Why a run could not begin, or had to end without an ending.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fatal {
    /// The state cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file that tokens are kept in cannot be used.
    #[error(transparent)]
    TokenFile(#[from] TokenFileError),
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot be set up: {0}")]
    Http(String),
    /// A mirror's rules cannot be used.
    #[error("{0}")]
    Rules(String),
    /// The control socket cannot be opened.
    #[error("the control socket {path} cannot be opened: {source}")]
    Control {
        /// Where it should be.
        path: String,
        /// The system's words.
        source: std::io::Error,
    },
}

/// Stops a run when something comes through: once to finish what runs, twice at once.
pub(crate) type StopSignals = mpsc::Receiver<()>;

/// A run that ends when there is nothing left to do.
pub(crate) const SINGLE: Temper = Temper {
    patience: Patience {
        tries: Some(5),
        busy: 5,
        throttles: 20,
        backoff: backoff(16),
    },
    longest_wait: Some(Duration::from_secs(300)),
    silence: Some(Duration::from_secs(60)),
    quiet: Quiet::NONE,
};
/// Who wants to know what happens.
pub(crate) struct Watcher {
    /// Told what becomes of entries, and the like.
    pub(crate) sink: Sink,
    /// Told how it stands.
    pub(crate) gauge: Option<Gauge>,
}

/// A database that turned out to be damaged is set aside, so that the next run can begin.
pub(super) fn recoverable(state_dir: &Path, ended: Result<Ending, Fatal>) -> Result<Ending, Fatal> {
    let error = match &ended {
        Ok(ending) => ending.broken.as_ref(),
        Err(Fatal::Store(error)) => Some(error),
        Err(_) => None,
    };
    if error.is_some_and(StoreError::is_damaged) {
        let aside = StateLock::acquire(state_dir, Role::Command).and_then(|lock| {
            let aside = recovery::give_up(state_dir);
            drop(lock);
            aside
        });
        match aside {
            Ok(Some(aside)) => {
                let aside = printable_path(&aside);
                tracing::warn!("the damaged state database was set aside as {aside}");
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "it could not be set aside"),
        }
    }
    ended
}

pub(super) const fn backoff(longest: u64) -> Backoff {
    Backoff {
        first: Duration::from_secs(1),
        longest: Duration::from_secs(longest),
    }
}

/// What a run holds on to: the lock, the store, and what its tasks share.
pub(crate) struct Parts {
    _lock: StateLock,
    /// The lock and the database.
    pub(super) held: [Witness; 2],
    pub(super) store: Store,
    pub(super) context: Arc<Context>,
}

impl Parts {
    /// Takes the lock and opens everything.
    pub(crate) fn open(config: &Config, role: Role) -> Result<Self, Fatal> {
        make_state_dir(&config.state_dir)?;
        let lock = StateLock::acquire(&config.state_dir, role)?;
        let store = Store::open(&config.state_dir)?;
        let held = [lock::witness(&config.state_dir)?, store.witness()?];
        if let Some(found) = store.found() {
            tracing::warn!("{found}");
        }
        let context = Arc::new(kept_context(config, &store)?);
        Ok(Self {
            _lock: lock,
            held,
            store,
            context,
        })
    }

    /// What tasks share.
    pub(crate) fn context(&self) -> Arc<Context> {
        Arc::clone(&self.context)
    }

    /// The mapping.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Says what has changed about the mirrors.
    pub(super) async fn announce(
        &self,
        config: &Config,
        sink: &mut Sink,
    ) -> Result<(), StoreError> {
        let writer = Some(self.store.writer());
        mirrors::announce(config, &self.context, writer, sink).await
    }

    /// An engine with nothing to do.
    pub(crate) fn engine(
        &self,
        config: &Config,
        temper: Temper,
        schedule: Schedule,
        eyes: Eyes,
        sink: Sink,
    ) -> Result<Engine, StoreError> {
        let uploads = config.limits.concurrent_uploads;
        let (context, store) = (Arc::clone(&self.context), self.store.clone());
        Engine::new(context, store, temper, schedule, eyes, uploads, sink)
    }

    /// Tells the figures several times a second, if somebody wants to know them.
    pub(super) fn gauge(&self, gauge: Option<Gauge>) -> Gauging {
        let context = Arc::clone(&self.context);
        Gauging(gauge.map(|mut gauge| {
            tokio::spawn(async move {
                let mut ticks = tokio::time::interval(GAUGED);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                loop {
                    ticks.tick().await;
                    gauge(&context.meter.figures(&context.client));
                }
            })
        }))
    }

    /// Leaves everything tidy and lets the lock go.
    pub(crate) async fn close(self) {
        let Self {
            store,
            context,
            _lock,
            ..
        } = self;
        drop(context);
        store.close().await;
    }
}

/// The figures being told, until it is dropped or ended.
pub(super) struct Gauging(Option<JoinHandle<()>>);

impl Gauging {
    /// After this, nothing more is told.
    pub(super) async fn end(mut self) {
        if let Some(telling) = self.0.take() {
            telling.abort();
            // It was cut short on purpose.
            drop(telling.await);
        }
    }
}

impl Drop for Gauging {
    fn drop(&mut self) {
        if let Some(telling) = &self.0 {
            telling.abort();
        }
    }
}

pub(super) fn kept_context(config: &Config, store: &Store) -> Result<Context, Fatal> {
    let account = AccountCheck::new(Some(store.writer().clone()));
    let readers = Readers::of(store.clone());
    context(config, readers, Traces::Kept, account)
}

/// What all parts of a run share.
pub(crate) fn context(
    config: &Config,
    readers: Readers,
    traces: Traces,
    account: AccountCheck,
) -> Result<Context, Fatal> {
    let client = access::client(config, traces)?;
    let mirrors = config.mirrors.iter();
    let mirrors = mirrors.map(|one| mirror(one, &config.state_dir).map_err(Fatal::Rules));
    let mirrors: Vec<Mirror> = mirrors.collect::<Result<_, _>>()?;
    let reader = readers.get()?;
    for mirror in &mirrors {
        if let Some(root) = reader.root(&mirror.name, &mirror.target_key())? {
            mirror.set_ground(reader.ground(root.key)?);
        }
    }
    if reader.loss()?.is_some() {
        for mirror in &mirrors {
            let is_compared = reader.is_compared(&mirror.name)?;
            mirror.doubted.store(!is_compared, Ordering::Relaxed);
        }
    }
    drop(reader);
    Ok(Context {
        client,
        mirrors,
        configured: config.names.clone(),
        diary: Diary::new(config.history),
        warnings: Warnings::default(),
        parts_at_once: config.limits.concurrent_parts,
        readers,
        meter: Meter::default(),
        run: RunName::new(),
        untold: Untold::default(),
        account,
        asking: tokio::sync::Mutex::default(),
        cancelled: AtomicBool::new(false),
        cut: AtomicBool::new(false),
    })
}

/// A mirror as a run needs it; the error says why its rules cannot be used.
pub(crate) fn mirror(mirror: &config::Mirror, state_dir: &Path) -> Result<Mirror, String> {
    let policy = Policy {
        on_existing: mirror.on_existing,
        on_remote_change: mirror.on_remote_change,
        min_age: mirror.selection.min_age,
        on_invalid_name: mirror.on_invalid_name,
        min_version_interval: mirror.min_version_interval,
        on_delete: mirror.on_delete,
        quiet: Quiet::NONE,
        no_room: None,
        distrust: false,
    };
    Mirror::new(mirror, own_files(&mirror.local, state_dir), policy)
}

/// A signal becomes an event. Given back when the engine has ended.
pub(crate) fn forward_signals(
    mut stop: StopSignals,
    events: mpsc::Sender<Event>,
) -> JoinHandle<StopSignals> {
    tokio::spawn(async move {
        loop {
            tokio::select! {
                signal = stop.recv() => if signal.is_none() {
                    return stop;
                },
                () = events.closed() => return stop,
            }
            if events.send(Event::Shutdown).await.is_err() {
                return stop;
            }
        }
    })
}
