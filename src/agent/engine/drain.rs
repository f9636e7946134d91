//! Stopping: what runs may end, within bounds; what waits is counted as not reached.

use crate::agent::engine::{Engine, Event, News, Stop};
use crate::agent::notice::Ending;
use crate::plan::queue::Lane;
use crate::store::error::Error as StoreError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long what runs may take after a signal. A service manager's patience is usually
/// ten seconds longer at least.
const AFTER_SIGNAL: Duration = Duration::from_secs(8);
/// How long when there is no hope that it gets through.
const WITHOUT_HOPE: Duration = Duration::from_secs(2);

impl Engine {
    /// Lets what runs come to its end, and tells how the run ended.
    pub(crate) async fn finish(mut self, began: Instant) -> Result<Ending, StoreError> {
        if self.stop.is_some() {
            self.unseen |= !self.visits.is_empty();
            self.drain().await?;
            self.unseen |= self.surveys > 0 || self.context.cut.load(Ordering::Relaxed);
        }
        let cut_short = self.unseen || self.tally.pending > 0;
        let mirrors = self.context.mirrors.iter().zip(&self.parts);
        let halted = mirrors.filter_map(|(mirror, run)| {
            run.halt
                .as_ref()
                .map(|halt| (mirror.name.clone(), halt.clone()))
        });
        let mut ending = Ending {
            tally: self.tally,
            halted: halted.collect(),
            bytes_sent: self.context.client.bytes_sent(),
            requests: self.context.client.requests(),
            elapsed: began.elapsed(),
            ..Ending::default()
        };
        match self.stop.take() {
            None | Some(Stop::NoMirror) => {}
            Some(Stop::Interrupted) => ending.cut_short = cut_short,
            Some(Stop::Unauthorized(said)) => ending.unauthorized = Some(said),
            Some(Stop::Unreachable(why)) => ending.unreachable = Some(why),
            Some(Stop::Deferred(wait)) => ending.deferred = Some(wait),
        }
        Ok(ending)
    }

    async fn drain(&mut self) -> Result<(), StoreError> {
        self.context.cancelled.store(true, Ordering::Relaxed);
        self.context.client.close();
        self.visits.clear();
        self.tally.pending += self.queue.waiting_in(Lane::Files, |_| true) as u64;
        self.unseen |= self.queue.waiting_in(Lane::Folders, |_| true) > 0;
        self.queue.take_out(|_| true);
        // What was hinted at and not looked at may be anything.
        self.unseen |= self.schedule.has_hints();
        let patience = match self.stop {
            Some(Stop::Interrupted) => AFTER_SIGNAL,
            _ => WITHOUT_HOPE,
        };
        let deadline = tokio::time::sleep(patience);
        tokio::pin!(deadline);
        while self.queue.running() > 0 || self.surveys > 0 {
            tokio::select! {
                Some(event) = self.inbox.recv() => match event {
                    Event::Ended(finished) => self.on_ended(finished)?,
                    // A second signal: at once.
                    Event::Shutdown => break,
                    Event::Hint(_) => self.unseen = true,
                    Event::Command(_) | Event::Watched(_) => {}
                },
                Some(news) = self.news.recv() => match news {
                    News::Plan(surveyed) => self.on_plan(surveyed).await?,
                    News::Over(..) => self.surveys -= 1,
                },
                () = &mut deadline => break,
            }
        }
        // Whatever is cut off here is in doubt, and the next run asks Box about it.
        self.tasks.abort_all();
        self.tally.pending += self.queue.running_in(Lane::Files) as u64;
        self.unseen |= self.queue.running_in(Lane::Folders) > 0;
        Ok(())
    }
}
