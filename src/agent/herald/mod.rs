//! Telling people when something is wrong, and when it is over: `[notify]`.
//!
//! What is wrong is gathered from how the agent stands (`troubles`); what is told of it,
//! and when, is decided in [`crate::plan::herald`]; here it is sent (`courier`) and
//! remembered (`notebook`). A service looks now and then (`watch`), a single run once at
//! its end. Nothing of the mirroring waits for it.

pub(crate) mod courier;
pub(crate) mod message;
pub(crate) mod notebook;
mod troubles;
pub(crate) mod watch;

use crate::agent::context::Context;
use crate::agent::herald::courier::{Courier, Delivery};
use crate::agent::herald::message::{Message, Sender};
use crate::agent::herald::notebook::{Notebook, Notes};
use crate::agent::notice::Ending;
use crate::agent::run::{Fatal, StopSignals};
use crate::clock;
use crate::config::Config;
use crate::plan::herald::{Herald, Occasion, Sight};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a run that has ended may take to tell it.
const LAST_WORD: Duration = Duration::from_secs(40);

/// Ways by which nobody can be told at present, and why; for whoever asks how it stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Untold(Arc<Mutex<BTreeMap<String, String>>>);

impl Untold {
    /// By way, in a sentence each.
    pub(crate) fn get(&self) -> BTreeMap<String, String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.clone()
    }

    fn set(&self, failing: &BTreeMap<String, String>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.clone_from(failing);
    }
}

/// Milliseconds since the epoch, by a clock that nobody sets meanwhile.
fn now() -> u64 {
    u64::try_from(clock::steady().0 / 1_000_000).unwrap_or(0)
}

/// By so many milliseconds the clock on the wall is ahead of that by now.
fn ahead() -> i64 {
    clock::nanos().since(clock::steady()) / 1_000_000
}

/// Whoever tells.
struct Post {
    herald: Herald,
    notes: Notes,
    book: Notebook,
    courier: Courier,
    is_wanted: bool,
    untold: Untold,
}

impl Post {
    /// `None` where nobody wants to be told anything.
    fn open(config: &Config, untold: Untold) -> Option<Self> {
        let courier = Courier::new(config);
        let is_wanted = config.notify.is_wanted();
        if !is_wanted && !courier.has_heartbeat() {
            return None;
        }
        let (book, notes) = Notebook::open(&config.state_dir);
        untold.set(&notes.failing);
        Some(Self {
            herald: Herald::new(config.notify.rules.clone(), notes.memory.clone()),
            notes,
            book,
            courier,
            is_wanted,
            untold,
        })
    }

    /// It stands like this: what is to be told of it is told.
    async fn tell(&mut self, sight: &Sight, occasion: Occasion, run: Option<String>) {
        if !self.is_wanted {
            return;
        }
        let now = now();
        self.herald.look(now, sight);
        let letter = self.herald.due(now, occasion);
        let letter = self.herald.pass_over(now, letter);
        // What is seen for the first time has begun by now, whatever becomes of the rest.
        self.keep();
        if let Some(letter) = letter {
            let message = Message::of(&letter, now, ahead(), &Sender::here(run));
            let deliveries = self.courier.deliver(&message, false).await;
            match deliveries.iter().any(|(_, went)| went.is_ok()) {
                true => self.herald.told(self::now(), &letter),
                false => self.herald.missed(self::now()),
            }
            self.note(deliveries);
        }
    }

    /// All is well.
    async fn beat(&mut self) {
        let delivery = self.courier.beat().await;
        self.note(delivery);
    }

    /// Remembers how it went by each way; a way that fails is told of once.
    fn note(&mut self, deliveries: impl IntoIterator<Item = Delivery>) {
        for (way, went) in deliveries {
            let before = self.notes.failing.remove(way);
            match went {
                Ok(()) if before.is_some() => {
                    tracing::info!("notify: the {way} works again");
                }
                Ok(()) => {}
                Err(why) => {
                    if before.as_ref() != Some(&why) {
                        tracing::warn!(
                            "notify: nobody is told by the {way}: {why}; `boxup notify test` \
                             tries it"
                        );
                    }
                    self.notes.failing.insert(way.to_owned(), why);
                }
            }
        }
        self.untold.set(&self.notes.failing);
        self.keep();
    }

    fn keep(&mut self) {
        self.notes.memory = self.herald.memory().clone();
        self.book.keep(&self.notes);
    }
}

/// A single run has ended like this.
pub(super) async fn after_run(
    config: &Config,
    context: &Context,
    ending: &Ending,
    stop: Option<StopSignals>,
) {
    let Some(mut post) = Post::open(config, context.untold.clone()) else {
        return;
    };
    let now = now();
    let lag = match post.notes.last_good {
        Some(last) => Duration::from_millis(now.saturating_sub(last)),
        // Nobody knows of a good run: it may have been long ago.
        None => config.notify.rules.stale_after,
    };
    let sight = troubles::of_ending(ending, context, lag);
    let is_good = ending.is_good();
    if is_good && post.is_wanted {
        post.notes.last_good = Some(now);
    }
    let work = async {
        post.tell(&sight, Occasion::Ended, ending.run.clone()).await;
        if is_good {
            post.beat().await;
        }
    };
    unless_stopped(work, stop).await;
}

/// A service has ended by itself, like this.
pub(super) async fn last_word(
    config: &Config,
    context: &Context,
    ending: &Ending,
    stop: &mut StopSignals,
) {
    if let Some(mut post) = Post::open(config, context.untold.clone()) {
        let sight = troubles::of_ending(ending, context, Duration::ZERO);
        let work = post.tell(&sight, Occasion::LastWord, ending.run.clone());
        tokio::select! {
            () = bounded(work) => {}
            Some(()) = stop.recv() => {}
        }
    }
}

/// A run could not be.
pub(super) async fn without_run(config: &Config, fatal: &Fatal) {
    if let Some(sight) = troubles::of_fatal(fatal)
        && let Some(mut post) = Post::open(config, Untold::default())
    {
        bounded(post.tell(&sight, Occasion::LastWord, None)).await;
    }
}

async fn unless_stopped(work: impl Future<Output = ()>, stop: Option<StopSignals>) {
    let Some(mut stop) = stop else {
        return bounded(work).await;
    };
    tokio::select! {
        () = bounded(work) => {}
        Some(()) = stop.recv() => {}
    }
}

async fn bounded(work: impl Future<Output = ()>) {
    if tokio::time::timeout(LAST_WORD, work).await.is_err() {
        tracing::warn!("notify: it took too long to tell how the run ended");
    }
}

/// Tries every way with a message that says that it is a test; the heartbeat as well.
pub(crate) async fn test(config: &Config) -> Vec<Delivery> {
    let courier = Courier::new(config);
    let message = Message::test(now(), &Sender::here(None));
    let (mut went, beat) = tokio::join!(courier.deliver(&message, true), courier.beat());
    went.extend(beat);
    went
}
