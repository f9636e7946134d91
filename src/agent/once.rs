//! A single pass over the mirrors, as from cron.

use crate::agent::context::Context;
use crate::agent::engine::Event;
use crate::agent::eyes::Eyes;
use crate::agent::herald;
use crate::agent::notice::{Ending, Notice, Sink};
use crate::agent::run::{Fatal, Parts, SINGLE, StopSignals, Watcher, forward_signals, recoverable};
use crate::agent::schedule::Schedule;
use crate::config::Config;
use crate::store::error::Error as StoreError;
use crate::store::lock::Role;
use std::time::{Duration, Instant};

/// How often somebody who waits for the lock tries to take it.
const TRIES: Duration = Duration::from_millis(200);

/// What is wanted of a pass beside what the configuration says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    /// What the configuration deserves a look for.
    pub(crate) warnings: Vec<String>,
    /// Also tell what has been told by the pass before.
    pub(crate) repeats: bool,
    /// How long to wait for another run to end.
    pub(crate) wait_lock: Option<Duration>,
    /// How long the pass may take from when it has the lock, before it ends as for a signal.
    pub(crate) max_duration: Option<Duration>,
}

/// One pass over the mirrors.
pub(crate) async fn once(
    config: &Config,
    wishes: &Wishes,
    stop: StopSignals,
    watcher: Watcher,
) -> Result<Ending, Fatal> {
    let ended = single(config, wishes, stop, watcher).await;
    if let Err(fatal) = &ended {
        herald::without_run(config, fatal).await;
    }
    recoverable(&config.state_dir, ended)
}

async fn single(
    config: &Config,
    wishes: &Wishes,
    mut stop: StopSignals,
    watcher: Watcher,
) -> Result<Ending, Fatal> {
    let Some(parts) = patiently(config, wishes.wait_lock, &mut stop).await? else {
        return Ok(Ending {
            cut_short: true,
            ..Ending::default()
        });
    };
    let began = Instant::now();
    let Watcher { mut sink, gauge } = watcher;
    warn(&parts.context(), wishes, &mut sink)?;
    parts.announce(config, &mut sink).await?;
    let gauging = parts.gauge(gauge);
    let mut engine = parts.engine(config, SINGLE, Schedule::single(), Eyes::closed(), sink)?;
    engine.remember_in(&config.state_dir, (crate::clock::wall(), began));
    let signals = forward_signals(stop, engine.events());
    let clock = wishes.max_duration.map(|longest| {
        let (events, left) = (engine.events(), longest.saturating_sub(began.elapsed()));
        tokio::spawn(async move {
            tokio::time::sleep(left).await;
            // Whoever has ended before needs no clock.
            drop(events.send(Event::TimeUp(longest)).await);
        })
    });
    for mirror in 0..config.mirrors.len() {
        engine.request_pass(mirror, SINGLE.quiet)?;
    }
    let ran = engine.run_until_idle().await;
    let mut ending = engine.finish(began, ran).await;
    if let Some(clock) = clock {
        clock.abort();
    }
    gauging.end().await;
    if ending.broken.is_none() {
        ending.broken = remember(&parts, config, &ending).await.err();
    }
    // The engine is gone, so nobody takes signals but us.
    let stop = signals.await.ok();
    herald::after_run(config, &parts.context(), &ending, stop).await;
    parts.close().await;
    Ok(ending)
}

/// Opens everything, when whoever has the lock has let it go. `None`: told to stop.
async fn patiently(
    config: &Config,
    patience: Option<Duration>,
    stop: &mut StopSignals,
) -> Result<Option<Parts>, Fatal> {
    let began = Instant::now();
    let mut is_told = false;
    loop {
        let locked = match Parts::open(config, Role::Run) {
            Err(Fatal::Store(StoreError::Locked { path, holder, .. })) => (path, holder),
            other => return other.map(Some),
        };
        let left = patience.and_then(|patience| patience.checked_sub(began.elapsed()));
        let Some(left) = left else {
            let (path, holder) = locked;
            return Err(Fatal::Store(StoreError::Locked {
                path,
                holder,
                waited: patience,
            }));
        };
        if !is_told {
            let holder = locked
                .1
                .map_or_else(|| "not known".to_owned(), |who| who.to_string());
            tracing::info!(%holder, "waits until another run lets the state go");
            is_told = true;
        }
        tokio::select! {
            () = tokio::time::sleep(left.min(TRIES)) => {}
            Some(()) = stop.recv() => return Ok(None),
        }
    }
}

/// Gives the warnings of the configuration that are new, and sees that the pass gives no
/// others.
fn warn(context: &Context, wishes: &Wishes, sink: &mut Sink) -> Result<(), StoreError> {
    if !wishes.repeats {
        let before = context.readers.get()?.warned()?;
        for mirror in &context.mirrors {
            mirror.rules.were_told(before.clone());
        }
        context.warnings.were_given(before);
    }
    for words in &wishes.warnings {
        if context.warnings.is_new(words) {
            sink(Notice::Warning(words.clone()));
        }
    }
    Ok(())
}

async fn remember(parts: &Parts, config: &Config, ending: &Ending) -> Result<(), StoreError> {
    let context = parts.context();
    for mirror in &context.mirrors {
        for words in mirror.rules.told() {
            // It has been told.
            context.warnings.is_new(&words);
        }
    }
    let is_whole = ending.is_whole() && config.mirrors.len() == config.names.len();
    match context.warnings.to_remember(is_whole) {
        Some(all) => parts.store().writer().put_warned(all).await,
        None => Ok(()),
    }
}
