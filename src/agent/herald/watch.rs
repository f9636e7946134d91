//! The service's own part: it looks when something has happened, and now and then.

use crate::agent::context::Context;
use crate::agent::desk::Desk;
use crate::agent::engine::Command;
use crate::agent::herald::{self, Post, troubles};
use crate::agent::notice::{Notice, Sink};
use crate::config::Config;
use crate::plan::action::Report;
use crate::plan::herald::Occasion;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// It looks this often, whatever was heard.
const LOOK: Duration = Duration::from_secs(60);
/// It does not look more often.
const APART: Duration = Duration::from_secs(2);
/// Two signs of life are at least so far apart, or as far as the operator wants them.
const BEATS_APART: Duration = Duration::from_secs(10);

/// Wakes whoever looks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bell(Arc<Notify>);

impl Bell {
    /// The same sink, which rings for what may be worth telling.
    pub(crate) fn on(&self, mut sink: Sink) -> Sink {
        let bell = Arc::clone(&self.0);
        Box::new(move |notice| {
            let rings = match &notice {
                Notice::Halted { .. } | Notice::Unreachable(_) | Notice::Passed { .. } => true,
                Notice::Entry { report, .. } => {
                    matches!(report, Report::Parked(_) | Report::Failed(_))
                }
                _ => false,
            };
            if rings {
                bell.notify_one();
            }
            sink(notice);
        })
    }
}

/// Looks, and tells, until it is aborted or the run ends.
pub(crate) async fn watch(config: Config, context: Arc<Context>, desk: Desk, bell: Bell) {
    let Some(mut post) = Post::open(&config, context.untold.clone()) else {
        return;
    };
    let stale_after = config.notify.rules.stale_after;
    let every = config.notify.heartbeat_every;
    let mut last_beat: Option<Instant> = None;
    let mut has_rung = true;
    loop {
        let Some(now) = desk.ask(Command::Status).await else {
            return;
        };
        let looked = Instant::now();
        let (sight, is_well) = troubles::of_snapshot(&now, &context, stale_after);
        post.tell(&sight, Occasion::Running, context.run.used())
            .await;
        let apart = if has_rung {
            BEATS_APART.min(every)
        } else {
            every
        };
        let is_due = last_beat.is_none_or(|last| last.elapsed() >= apart);
        if is_well && is_due && post.courier.has_heartbeat() {
            last_beat = Some(Instant::now());
            post.beat().await;
        }
        let due = post.herald.next().filter(|_| post.is_wanted);
        let due = due.map(|at| Duration::from_millis(at.saturating_sub(herald::now())));
        let beat = post.courier.has_heartbeat().then_some(every);
        let longest = [due, beat, Some(LOOK)].into_iter().flatten().min();
        let wait = longest.unwrap_or(LOOK);
        has_rung = tokio::time::timeout(wait, bell.0.notified()).await.is_ok();
        tokio::time::sleep_until((looked + APART).into()).await;
    }
}
