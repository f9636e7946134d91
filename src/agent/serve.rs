//! The service: one engine after the other, each with the configuration of its hour, in
//! the same state and under the same lock.

use crate::agent::context::Context;
use crate::agent::control;
use crate::agent::desk::{Behind, Desk};
use crate::agent::engine::{Event, Temper};
use crate::agent::eyes::Eyes;
use crate::agent::herald::{self, watch::Bell};
use crate::agent::login;
use crate::agent::meter::Gauge;
use crate::agent::metrics::Exporter;
use crate::agent::notice::{Ending, Notice, Sink};
use crate::agent::notify_socket::Supervisor;
use crate::agent::pulse;
use crate::agent::run::{Fatal, Parts, StopSignals, Watcher, backoff, kept_context, recoverable};
use crate::agent::schedule::Schedule;
use crate::agent::verifier;
use crate::config::Config;
use crate::model::path::printable_path;
use crate::plan::debounce::Hint;
use crate::plan::policy::Quiet;
use crate::plan::queue::Patience;
use crate::store::Store;
use crate::store::lock::Role;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// How long the service leaves an item alone that waits for something at Box.
const PARKED: Duration = Duration::from_secs(24 * 60 * 60);
/// Tries of the service while something at Box is in the way that passes by itself: some
/// ten minutes, which is as long as Box has been seen to reserve a name.
const BUSY: u32 = 16;
/// Hints in flight from the watcher.
const HINTS: usize = 4_096;

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
    let first = config.clone();
    let ended = shifts(config, orders, watcher, supervisor).await;
    if let Err(fatal) = &ended {
        herald::without_run(&first, fatal).await;
    }
    recoverable(&state_dir, ended)
}

async fn shifts(
    config: Config,
    orders: Orders,
    watcher: Watcher,
    supervisor: Supervisor,
) -> Result<Ending, Fatal> {
    let began = Instant::now();
    let mut parts = Parts::open(&config, Role::Service)?;
    let (desk_in, desk) = Desk::open();
    let socket = control::listen(&config.state_dir, desk.clone())?;
    let shared = Shared {
        stop: Arc::new(tokio::sync::Mutex::new(orders.stop)),
        is_told: Arc::default(),
        reloads: Arc::new(tokio::sync::Mutex::new(orders.reloads)),
        sink: Arc::new(Mutex::new(watcher.sink)),
        gauge: watcher.gauge.map(|gauge| Arc::new(Mutex::new(gauge))),
        supervisor,
        started: (crate::clock::wall(), began),
        exporter: Exporter::start(desk.clone()),
        desk,
    };
    let mut config = config;
    let mut before: Option<Ending> = None;
    loop {
        let shift = parts
            .shift(&config, &shared, &desk_in, before.as_ref())
            .await?;
        let ending = match &before {
            Some(before) => shift.ending.after(before),
            None => shift.ending,
        };
        let goes_on = ending.replaced && ending.broken.is_none() && !shared.is_told();
        match shift.next.filter(|_| goes_on) {
            Some((next, context)) => {
                config = next;
                context.client.go_on_from(&parts.context.client);
                parts.context = context;
                before = Some(ending);
            }
            None => {
                drop((desk_in, socket));
                // Whoever stopped it knows that it stands still.
                if !shared.is_told() {
                    let mut stop = shared.stop.lock().await;
                    herald::last_word(&config, &parts.context, &ending, &mut stop).await;
                }
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
    started: (SystemTime, Instant),
    desk: Desk,
    exporter: Exporter,
}

impl Shared {
    fn is_told(&self) -> bool {
        self.is_told.load(Ordering::Relaxed)
    }

    fn sink(&self) -> Sink {
        let (sink, count) = (Arc::clone(&self.sink), self.exporter.counter());
        Box::new(move |notice| {
            count(&notice);
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

impl Parts {
    /// One engine of a service, from its first look to its end.
    async fn shift(
        &self,
        config: &Config,
        shared: &Shared,
        desk: &Behind,
        before: Option<&Ending>,
    ) -> Result<Shift, Fatal> {
        let began = Instant::now();
        shared.exporter.follow(config, &self.context);
        let temper = lasting(config);
        let (settle, rescan) = (config.watch.settle, config.watch.rescan);
        let (hints_in, hints) = mpsc::channel(HINTS);
        let schedule = Schedule::lasting(config.mirrors.len(), settle, rescan, began);
        let eyes = Eyes::new(hints_in, config.watch.mode, config.watch.poll_interval);
        let bell = Bell::default();
        let mut sink = bell.on(shared.sink());
        if let Some(Ending { run, .. }) = before {
            sink(Notice::Reloaded { run: run.clone() });
        }
        self.announce(config, &mut sink).await?;
        let mut engine = self.engine(config, temper, schedule, eyes, sink)?;
        engine.supervised_by(shared.supervisor.clone());
        engine.remember_in(&config.state_dir, shared.started);
        let events = engine.events();
        let next = Next::default();
        let gauging = self.gauge(shared.gauge());
        let mut tasks = self.beside(config, shared, bell, &events);
        tasks.extend([
            tokio::spawn(self.forward_reloads(config, shared, &next, events.clone())),
            tokio::spawn(forward_hints(hints, events.clone())),
        ]);
        desk.send_replace(Some(events));
        shared.supervisor.ready("looking at the folders");
        engine.tell_of_pauses();
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
        for task in tasks {
            task.abort();
            // It was cut short on purpose; after this, it changes nothing any more.
            drop(task.await);
        }
        gauging.end().await;
        let next = next.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(Shift { ending, next })
    }

    /// What goes on beside an engine.
    fn beside(
        &self,
        config: &Config,
        shared: &Shared,
        bell: Bell,
        events: &mpsc::Sender<Event>,
    ) -> Vec<JoinHandle<()>> {
        let context = || Arc::clone(&self.context);
        let (stop, is_told) = (Arc::clone(&shared.stop), Arc::clone(&shared.is_told));
        let desk = shared.desk.clone();
        let verifying = config.verify_every.map(|every| {
            let store = self.store.clone();
            let verifying = verifier::now_and_then(context(), store, every, events.clone());
            tokio::spawn(verifying)
        });
        let tasks = [
            tokio::spawn(forward_stops(stop, is_told, events.clone())),
            tokio::spawn(pulse::beat(events.clone(), self.held.clone())),
            tokio::spawn(login::keep_alive(context(), events.clone())),
            tokio::spawn(herald::watch::watch(config.clone(), context(), desk, bell)),
        ];
        tasks.into_iter().chain(verifying).collect()
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
}

/// What the engine shares that goes on after this one.
fn successor(config: &Config, state_dir: &Path, store: &Store) -> Result<Context, String> {
    if config.state_dir != state_dir {
        return Err(format!(
            "the state directory cannot change from {} to {} while it runs: start it again",
            printable_path(state_dir),
            printable_path(&config.state_dir)
        ));
    }
    kept_context(config, store).map_err(|fatal| fatal.to_string())
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

async fn forward_hints(mut hints: mpsc::Receiver<Hint>, events: mpsc::Sender<Event>) {
    while let Some(hint) = hints.recv().await {
        if events.send(Event::Hint(hint)).await.is_err() {
            return;
        }
    }
}
