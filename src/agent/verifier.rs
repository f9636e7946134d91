//! `[state] verify_every`: the service compares everything with Box now and then, one
//! folder after the other, and tells what has drifted. It repairs nothing.

use crate::agent::context::Context;
use crate::agent::engine::Event;
use crate::agent::verify::{Verified, verify};
use crate::store::Store;
use crate::store::verified::LastVerified;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// A start has enough to do with its first pass.
const FIRST: Duration = Duration::from_secs(10 * 60);

/// Verifies each mirror as often as this, until the run is over.
pub(crate) async fn now_and_then(
    context: Arc<Context>,
    store: Store,
    every: Duration,
    events: mpsc::Sender<Event>,
) {
    let mut wait = every.min(FIRST);
    loop {
        tokio::time::sleep(wait).await;
        wait = every;
        for number in 0..context.mirrors.len() {
            match left(&context, number, every) {
                Some(left) => wait = wait.min(left),
                None => {
                    if !one(&context, &store, number, &events).await {
                        return;
                    }
                }
            }
        }
    }
}

/// How long it is until the mirror is due; `None` when it is.
fn left(context: &Context, number: usize, every: Duration) -> Option<Duration> {
    let reader = context.readers.get().ok()?;
    let last = reader.last_verified(&context.mirrors[number].name).ok()??;
    let since = u64::try_from(crate::clock::nanos().since(last.at)).ok()?;
    every
        .checked_sub(Duration::from_nanos(since))
        .filter(|left| !left.is_zero())
}

/// Verifies one; `false` when nobody wants to know any more.
async fn one(
    context: &Arc<Context>,
    store: &Store,
    number: usize,
    events: &mpsc::Sender<Event>,
) -> bool {
    let mirror = context.mirrors[number].name.clone();
    let found = match verify(context, number, 1, &mut |_| {}).await {
        Ok(found) => found,
        Err(why) => {
            tracing::warn!(
                mirror,
                ?why,
                "it could not be verified; it is tried again later"
            );
            return !events.is_closed();
        }
    };
    let last = LastVerified {
        mirror: mirror.clone(),
        at: crate::clock::nanos(),
        found: numbers(&found),
    };
    if let Err(error) = store.writer().verified(last).await {
        tracing::warn!(mirror, %error, "what was verified could not be recorded");
    }
    events.send(Event::Verified(number, found)).await.is_ok()
}

fn numbers(found: &Verified) -> [u64; 4] {
    [found.missing, found.changed, found.extra, found.pending]
}
