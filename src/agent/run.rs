//! The two ways to run: one pass, or a pass and then watching. Both put the same
//! engine together.

use crate::agent::access::{self, Traces};
use crate::agent::account::AccountCheck;
use crate::agent::context::{Context, Mirror, Readers, own_files};
use crate::agent::control;
use crate::agent::engine::{Engine, Event, Temper};
use crate::agent::eyes::Eyes;
use crate::agent::login;
use crate::agent::meter::{Gauge, Meter};
use crate::agent::mirrors;
use crate::agent::notice::{Ending, Notice, Sink};
use crate::agent::notify_socket::Supervisor;
use crate::agent::pulse;
use crate::agent::run_name::RunName;
use crate::agent::schedule::Schedule;
use crate::agent::verifier;
use crate::config::{self, Config};
use crate::plan::backoff::Backoff;
use crate::plan::policy::{Policy, Quiet};
use crate::plan::queue::Patience;
use crate::remote::auth::file::Error as TokenFileError;
use crate::store::error::Error as StoreError;
use crate::store::lock::StateLock;
use crate::store::{Store, make_state_dir, recovery};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};
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
    let ended = single(config, stop, watcher).await;
    recoverable(&config.state_dir, ended)
}

/// A database that turned out to be damaged is set aside, so that the next run can begin.
fn recoverable(state_dir: &Path, ended: Result<Ending, Fatal>) -> Result<Ending, Fatal> {
    let error = match &ended {
        Ok(ending) => ending.broken.as_ref(),
        Err(Fatal::Store(error)) => Some(error),
        Err(_) => None,
    };
    if error.is_some_and(StoreError::is_damaged) {
        let aside = StateLock::acquire(state_dir).and_then(|lock| {
            let aside = recovery::give_up(state_dir);
            drop(lock);
            aside
        });
        match aside {
            Ok(Some(aside)) => {
                let aside = aside.display();
                tracing::warn!("the damaged state database was set aside as {aside}");
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "it could not be set aside"),
        }
    }
    ended
}

async fn single(config: &Config, stop: StopSignals, watcher: Watcher) -> Result<Ending, Fatal> {
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

/// Another configuration for a service that runs.
pub(crate) struct Reload {
    /// Read and checked.
    pub(crate) config: Config,
    /// Told whether it can be used; a sentence when not, and then everything goes on as
    /// it was.
    pub(crate) answer: oneshot::Sender<Result<(), String>>,
}

/// What a service is told from outside.
pub(crate) struct Orders {
    /// To stop.
    pub(crate) stop: StopSignals,
    /// To go on with another configuration.
    pub(crate) reloads: mpsc::Receiver<Reload>,
}

/// A pass over the mirrors, and then watching until told to stop. Another configuration
/// is taken over by another engine, in the same state and under the same lock: the first
/// ends as for a stop, and the other begins with a pass of its own.
pub(crate) async fn serve(
    config: Config,
    orders: Orders,
    watcher: Watcher,
    supervisor: Supervisor,
) -> Result<Ending, Fatal> {
    let state_dir = config.state_dir.clone();
    let ended = shifts(config, orders, watcher, supervisor).await;
    recoverable(&state_dir, ended)
}

async fn shifts(
    config: Config,
    orders: Orders,
    watcher: Watcher,
    supervisor: Supervisor,
) -> Result<Ending, Fatal> {
    let began = Instant::now();
    let mut parts = Parts::open(&config)?;
    let (desk_in, desk) = watch::channel(None);
    let socket = control::listen(&config.state_dir, desk)?;
    let shared = Shared {
        stop: Arc::new(tokio::sync::Mutex::new(orders.stop)),
        is_told: Arc::default(),
        reloads: Arc::new(tokio::sync::Mutex::new(orders.reloads)),
        sink: Arc::new(Mutex::new(watcher.sink)),
        gauge: watcher.gauge.map(|gauge| Arc::new(Mutex::new(gauge))),
        supervisor,
    };
    let mut config = config;
    let mut before = Ending::default();
    let mut is_first = true;
    loop {
        let shift = parts.shift(&config, &shared, &desk_in, is_first).await?;
        let ending = shift.ending.after(&before);
        match shift.next {
            Some((next, context)) if ending.replaced && !shared.is_told() => {
                config = next;
                parts.context = context;
                before = ending;
                is_first = false;
            }
            _ => {
                drop((desk_in, socket));
                parts.close().await;
                let elapsed = began.elapsed();
                let cut_short = ending.cut_short || ending.replaced;
                return Ok(Ending {
                    elapsed,
                    cut_short,
                    ..ending
                });
            }
        }
    }
}

/// What all engines of a service share.
struct Shared {
    stop: Arc<tokio::sync::Mutex<StopSignals>>,
    /// There was a signal to stop; the engine that it went to may have been ending already.
    is_told: Arc<AtomicBool>,
    reloads: Arc<tokio::sync::Mutex<mpsc::Receiver<Reload>>>,
    sink: Arc<Mutex<Sink>>,
    gauge: Option<Arc<Mutex<Gauge>>>,
    supervisor: Supervisor,
}

impl Shared {
    fn is_told(&self) -> bool {
        self.is_told.load(Ordering::Relaxed)
    }

    fn sink(&self) -> Sink {
        let sink = Arc::clone(&self.sink);
        Box::new(move |notice| {
            let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
            sink(notice);
        })
    }

    fn gauge(&self) -> Option<Gauge> {
        let gauge = Arc::clone(self.gauge.as_ref()?);
        Some(Box::new(move |figures| {
            let mut gauge = gauge.lock().unwrap_or_else(PoisonError::into_inner);
            gauge(figures);
        }))
    }
}

/// What goes on after the engine that runs.
type Next = Arc<Mutex<Option<(Config, Arc<Context>)>>>;

/// What one engine of a service came to.
struct Shift {
    ending: Ending,
    /// What goes on after it.
    next: Option<(Config, Arc<Context>)>,
}

/// How a service behaves when Box does not.
fn lasting(config: &Config) -> Temper {
    Temper {
        patience: Patience {
            tries: Some(5),
            busy: BUSY,
            throttles: 20,
            backoff: backoff(60),
        },
        longest_wait: None,
        silence: None,
        quiet: Quiet {
            settle: config.watch.settle,
            parked: PARKED,
        },
    }
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
        if let Some(found) = store.found() {
            tracing::warn!("{found}");
        }
        let context = Arc::new(kept_context(config, &store)?);
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

    /// One engine of a service, from its first look to its end.
    async fn shift(
        &self,
        config: &Config,
        shared: &Shared,
        desk: &watch::Sender<Option<mpsc::Sender<Event>>>,
        is_first: bool,
    ) -> Result<Shift, Fatal> {
        let began = Instant::now();
        let temper = lasting(config);
        let (settle, rescan) = (config.watch.settle, config.watch.rescan);
        let (hints_in, hints) = mpsc::channel(HINTS);
        let schedule = Schedule::lasting(config.mirrors.len(), settle, rescan, began);
        let eyes = Eyes::new(hints_in, config.watch.mode, config.watch.poll_interval);
        let mut sink = shared.sink();
        if !is_first {
            sink(Notice::Reloaded);
        }
        self.announce(config, &mut sink).await?;
        let mut engine = self.engine(config, temper, schedule, eyes, sink);
        engine.supervised_by(shared.supervisor.clone());
        let events = engine.events();
        let next = Next::default();
        let gauging = self.gauge(shared.gauge());
        let tasks = [
            tokio::spawn(forward_stops(
                Arc::clone(&shared.stop),
                Arc::clone(&shared.is_told),
                events.clone(),
            )),
            tokio::spawn(self.forward_reloads(config, shared, &next, events.clone())),
            tokio::spawn(forward_hints(hints, events.clone())),
            tokio::spawn(pulse::beat(events.clone())),
            tokio::spawn(login::keep_alive(Arc::clone(&self.context), events.clone())),
        ];
        let verifying = config.verify_every.map(|every| {
            let (context, store) = (Arc::clone(&self.context), self.store.clone());
            tokio::spawn(verifier::now_and_then(
                context,
                store,
                every,
                events.clone(),
            ))
        });
        desk.send_replace(Some(events));
        shared.supervisor.ready("looking at the folders");
        // Watching begins before the first look: what changes in between is hinted at.
        engine.open_eyes().await?;
        for mirror in 0..config.mirrors.len() {
            engine.request_pass(mirror, temper.quiet)?;
        }
        let ran = engine.run_until_stopped().await;
        desk.send_replace(None);
        if !engine.is_replaced() {
            shared.supervisor.stopping();
        }
        let ending = engine.finish(began, ran).await;
        tasks.iter().chain(&verifying).for_each(JoinHandle::abort);
        gauging.end().await;
        let next = next.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(Shift { ending, next })
    }

    /// Another configuration is made ready beside the engine that runs; only what can be
    /// used ends it.
    fn forward_reloads(
        &self,
        config: &Config,
        shared: &Shared,
        next: &Next,
        events: mpsc::Sender<Event>,
    ) -> impl Future<Output = ()> + use<> {
        let (store, state_dir) = (self.store.clone(), config.state_dir.clone());
        let (reloads, next) = (Arc::clone(&shared.reloads), Arc::clone(next));
        async move {
            // Held by the engine of the hour.
            let mut reloads = reloads.lock().await;
            while let Some(Reload { config, answer }) = reloads.recv().await {
                match successor(&config, &state_dir, &store) {
                    Ok(context) => {
                        *next.lock().unwrap_or_else(PoisonError::into_inner) =
                            Some((config, Arc::new(context)));
                        drop(answer.send(Ok(())));
                        if events.send(Event::Replace).await.is_err() {
                            return;
                        }
                    }
                    Err(sentence) => drop(answer.send(Err(sentence))),
                }
            }
            // Nobody reads it again; the others go on.
            std::future::pending().await
        }
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

/// What the engine shares that goes on after this one.
fn successor(config: &Config, state_dir: &Path, store: &Store) -> Result<Context, String> {
    if config.state_dir != state_dir {
        return Err(format!(
            "the state directory cannot change from {} to {} while it runs: start it again",
            state_dir.display(),
            config.state_dir.display()
        ));
    }
    kept_context(config, store).map_err(|fatal| fatal.to_string())
}

fn kept_context(config: &Config, store: &Store) -> Result<Context, Fatal> {
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

/// The same for a service, whose next engine may have to hear the next signal.
async fn forward_stops(
    stop: Arc<tokio::sync::Mutex<StopSignals>>,
    is_told: Arc<AtomicBool>,
    events: mpsc::Sender<Event>,
) {
    let mut stop = stop.lock().await;
    while stop.recv().await.is_some() {
        is_told.store(true, Ordering::Relaxed);
        if events.send(Event::Shutdown).await.is_err() {
            return;
        }
    }
}

async fn forward_hints(
    mut hints: mpsc::Receiver<crate::plan::debounce::Hint>,
    events: mpsc::Sender<Event>,
) {
    while let Some(hint) = hints.recv().await {
        if events.send(Event::Hint(hint)).await.is_err() {
            return;
        }
    }
}
