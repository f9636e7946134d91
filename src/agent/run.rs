//! The two ways to run: one pass, or a pass and then watching. Both put the same
//! engine together.

use crate::agent::access::{self, Traces};
use crate::agent::account::AccountCheck;
use crate::agent::context::{Context, Mirror, Readers};
use crate::agent::control;
use crate::agent::engine::{Engine, Event, Temper};
use crate::agent::eyes::Eyes;
use crate::agent::login;
use crate::agent::meter::{Gauge, Meter};
use crate::agent::mirrors;
use crate::agent::notice::{Ending, Sink};
use crate::agent::pulse;
use crate::agent::run_name::RunName;
use crate::agent::schedule::Schedule;
use crate::config::Config;
use crate::plan::backoff::Backoff;
use crate::plan::policy::{Policy, Quiet};
use crate::plan::queue::Patience;
use crate::remote::auth::file::Error as TokenFileError;
use crate::store::error::Error as StoreError;
use crate::store::lock::StateLock;
use crate::store::{Store, make_state_dir};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// How long the service leaves an item alone that waits for something at Box.
const PARKED: Duration = Duration::from_secs(24 * 60 * 60);
/// Tries of the service while something at Box is in the way that passes by itself: some
/// ten minutes, which is as long as Box has been seen to reserve a name.
const BUSY: u32 = 16;
/// How often the figures are told.
const GAUGED: Duration = Duration::from_millis(100);
/// Hints in flight from the watcher.
const HINTS: usize = 4_096;

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

/// One pass over the mirrors.
pub(crate) async fn once(
    config: &Config,
    stop: StopSignals,
    watcher: Watcher,
) -> Result<Ending, Fatal> {
    let began = Instant::now();
    let parts = Parts::open(config)?;
    let Watcher { mut sink, gauge } = watcher;
    parts.announce(config, &mut sink).await?;
    let gauging = parts.gauge(gauge);
    let mut engine = parts.engine(config, SINGLE, Schedule::single(), Eyes::closed(), sink);
    forward_signals(stop, engine.events());
    for mirror in 0..config.mirrors.len() {
        engine.request_pass(mirror, SINGLE.quiet)?;
    }
    let ran = engine.run_until_idle().await;
    let ending = engine.finish(began, ran).await;
    gauging.end().await;
    parts.close().await;
    Ok(ending)
}

/// A pass over the mirrors, and then watching until told to stop.
pub(crate) async fn serve(
    config: &Config,
    stop: StopSignals,
    watcher: Watcher,
) -> Result<Ending, Fatal> {
    let began = Instant::now();
    let (settle, rescan) = (config.watch.settle, config.watch.rescan);
    let temper = Temper {
        patience: Patience {
            tries: Some(5),
            busy: BUSY,
            throttles: 20,
            backoff: backoff(60),
        },
        longest_wait: None,
        silence: None,
        quiet: Quiet {
            settle,
            parked: PARKED,
        },
    };
    let parts = Parts::open(config)?;
    let (hints_in, hints) = mpsc::channel(HINTS);
    let schedule = Schedule::lasting(config.mirrors.len(), settle, rescan, began);
    let eyes = Eyes::new(hints_in, config.watch.mode, config.watch.poll_interval);
    let Watcher { mut sink, gauge } = watcher;
    parts.announce(config, &mut sink).await?;
    let gauging = parts.gauge(gauge);
    let mut engine = parts.engine(config, temper, schedule, eyes, sink);
    forward_signals(stop, engine.events());
    forward_hints(hints, engine.events());
    let socket = control::listen(&config.state_dir, engine.events())?;
    let alive = tokio::spawn(login::keep_alive(
        Arc::clone(&parts.context),
        engine.events(),
    ));
    let pulse = tokio::spawn(pulse::beat(engine.events()));
    // Watching begins before the first look: what changes in between is hinted at.
    engine.open_eyes().await?;
    for mirror in 0..config.mirrors.len() {
        engine.request_pass(mirror, temper.quiet)?;
    }
    let ran = engine.run_until_stopped().await;
    let ending = engine.finish(began, ran).await;
    alive.abort();
    pulse.abort();
    drop(socket);
    gauging.end().await;
    parts.close().await;
    Ok(ending)
}

const fn backoff(longest: u64) -> Backoff {
    Backoff {
        first: Duration::from_secs(1),
        longest: Duration::from_secs(longest),
    }
}

/// What a run holds on to: the lock, the store, and what its tasks share.
pub(crate) struct Parts {
    _lock: StateLock,
    store: Store,
    context: Arc<Context>,
}

impl Parts {
    /// Takes the lock and opens everything.
    pub(crate) fn open(config: &Config) -> Result<Self, Fatal> {
        make_state_dir(&config.state_dir)?;
        let lock = StateLock::acquire(&config.state_dir)?;
        let store = Store::open(&config.state_dir)?;
        let account = AccountCheck::new(Some(store.writer().clone()));
        let context = Arc::new(context(
            config,
            Readers::of(store.clone()),
            Traces::Kept,
            account,
        )?);
        Ok(Self {
            _lock: lock,
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
    async fn announce(&self, config: &Config, sink: &mut Sink) -> Result<(), StoreError> {
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
    ) -> Engine {
        let uploads = config.limits.concurrent_uploads;
        let (context, store) = (Arc::clone(&self.context), self.store.clone());
        Engine::new(context, store, temper, schedule, eyes, uploads, sink)
    }

    /// Tells the figures several times a second, if somebody wants to know them.
    fn gauge(&self, gauge: Option<Gauge>) -> Gauging {
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
        } = self;
        drop(context);
        store.close().await;
    }
}

/// The figures being told, until it is dropped or ended.
struct Gauging(Option<JoinHandle<()>>);

impl Gauging {
    /// After this, nothing more is told.
    async fn end(mut self) {
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

/// What all parts of a run share.
pub(crate) fn context(
    config: &Config,
    readers: Readers,
    traces: Traces,
    account: AccountCheck,
) -> Result<Context, Fatal> {
    let client = access::client(config, traces)?;
    let mirrors = config.mirrors.iter().map(|mirror| {
        let policy = Policy {
            on_existing: mirror.on_existing,
            on_remote_change: mirror.on_remote_change,
            min_age: mirror.selection.min_age,
            on_invalid_name: mirror.on_invalid_name,
            min_version_interval: mirror.min_version_interval,
            on_delete: mirror.on_delete,
            quiet: Quiet::NONE,
            no_room: None,
        };
        let own = own_files(&mirror.local, &config.state_dir);
        Mirror::new(mirror, own, policy).map_err(Fatal::Rules)
    });
    let mirrors: Vec<Mirror> = mirrors.collect::<Result<_, _>>()?;
    for mirror in &mirrors {
        let reader = readers.get()?;
        if let Some(root) = reader.root(&mirror.name, &mirror.target_key())? {
            mirror.set_ground(reader.ground(root.key)?);
        }
    }
    Ok(Context {
        client,
        mirrors,
        configured: config.names.clone(),
        parts_at_once: config.limits.concurrent_parts,
        readers,
        meter: Meter::default(),
        run: RunName::new(),
        account,
        asking: tokio::sync::Mutex::default(),
        cancelled: AtomicBool::new(false),
        cut: AtomicBool::new(false),
    })
}

/// The rule that keeps our own state out of a mirror that contains it: it changes with
/// every upload.
fn own_files(local: &Path, state_dir: &Path) -> Option<String> {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let (local, state_dir) = (real(local), real(state_dir));
    let below = state_dir.strip_prefix(local).ok()?.to_str()?;
    // A path, not a pattern.
    let escape = |c: char| {
        ['\\']
            .into_iter()
            .filter(move |_| "\\*?[]{}!#".contains(c))
            .chain([c])
    };
    let below: String = below.chars().flat_map(escape).collect();
    (!below.is_empty()).then(|| format!("/{below}/"))
}

/// A signal becomes an event.
pub(crate) fn forward_signals(mut stop: StopSignals, events: mpsc::Sender<Event>) {
    tokio::spawn(async move {
        while stop.recv().await.is_some() {
            if events.send(Event::Shutdown).await.is_err() {
                return;
            }
        }
    });
}

fn forward_hints(
    mut hints: mpsc::Receiver<crate::plan::debounce::Hint>,
    events: mpsc::Sender<Event>,
) {
    tokio::spawn(async move {
        while let Some(hint) = hints.recv().await {
            if events.send(Event::Hint(hint)).await.is_err() {
                return;
            }
        }
    });
}
