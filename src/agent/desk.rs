//! Where a running agent is asked: the engine of the hour answers.

use crate::agent::engine::{Command, Event};
use tokio::sync::{mpsc, oneshot, watch};

/// The engine that answers: none while one makes room for another, gone when the run
/// ends.
#[derive(Clone)]
pub(crate) struct Desk(watch::Receiver<Option<mpsc::Sender<Event>>>);

/// Says which engine answers.
pub(crate) type Behind = watch::Sender<Option<mpsc::Sender<Event>>>;

impl Desk {
    /// Nobody answers yet.
    pub(crate) fn open() -> (Behind, Self) {
        let (behind, desk) = watch::channel(None);
        (behind, Self(desk))
    }

    /// Asks the engine; the next one, when that one makes room before it has answered.
    /// `None` when the run ends.
    pub(crate) async fn ask<T>(
        &self,
        question: impl Fn(oneshot::Sender<T>) -> Command,
    ) -> Option<T> {
        let mut desk = self.0.clone();
        loop {
            let engine = desk.wait_for(Option::is_some).await.ok()?.clone()?;
            let (answer, reply) = oneshot::channel();
            let asked = engine.send(Event::Command(question(answer))).await;
            if asked.is_ok()
                && let Ok(reply) = reply.await
            {
                return Some(reply);
            }
            let is_other = |now: &Option<mpsc::Sender<Event>>| {
                now.as_ref().is_none_or(|now| !now.same_channel(&engine))
            };
            drop(desk.wait_for(is_other).await.ok()?);
        }
    }
}
