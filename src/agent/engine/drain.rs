//! Stopping: what runs may end, within bounds; what waits is counted as not reached.

use crate::agent::engine::{Engine, Event, News, Stop};
use crate::agent::notice::Ending;
use crate::agent::survey::{Scope, Visit, survey};
use crate::plan::policy::Quiet;
use crate::plan::queue::{Lane, Rank};
use crate::plan::tally::Tally;
use crate::store::error::Error as StoreError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How long what runs may take after a signal. A service manager's patience is usually
/// ten seconds longer at least.
const AFTER_SIGNAL: Duration = Duration::from_secs(8);
/// How long a last look may take.
const A_LOOK: Duration = Duration::from_secs(2);
/// How long what is cut off may take to notice.
const A_MOMENT: Duration = Duration::from_millis(500);
/// How long when there is no hope that it gets through.
const WITHOUT_HOPE: Duration = Duration::from_secs(2);

impl Engine {
    /// Lets what runs come to its end, and tells how the run ended.
    pub(crate) async fn finish(mut self, began: Instant, ran: Result<(), StoreError>) -> Ending {
        let mut broken = ran.err();
        // Before the queue is emptied: what it held is waiting still.
        let mirrors = 0..self.parts.len();
        let waiting: Vec<_> = mirrors.map(|mirror| self.waiting(mirror).since()).collect();
        let asked = Instant::now();
        if broken.is_none() {
            broken = self.answer_resolvers().err();
            broken = broken.or(self.store_compared().await.err());
        }
        if self.stop.is_some() || broken.is_some() {
            self.unseen |= self.fresh.are_waiting() || self.visits.are_waiting();
            for part in &mut self.parts {
                part.tally.pending += part.put_off.len() as u64;
                part.put_off.clear();
            }
            let drained = self.drain().await;
            broken = broken.or(drained.err());
            self.unseen |= self.are_surveying() || self.context.cut.load(Ordering::Relaxed);
        }
        if self.stop.is_none() && broken.is_none() {
            self.forget_history().await;
        }
        self.unseen |= self.parts.iter().any(|part| part.is_unseen);
        let (tally, on_box) = self.accounts().unwrap_or((self.tally, None));
        let cut_short = self.unseen || tally.pending > 0;
        let mirrors = self.context.mirrors.iter().zip(&self.parts);
        let halted = mirrors.filter_map(|(mirror, run)| {
            run.halt
                .as_ref()
                .map(|halt| (mirror.name.clone(), halt.clone()))
        });
        let mut ending = Ending {
            tally,
            on_box,
            halted: halted.collect(),
            paused: self.pauses(),
            run: self.context.run.used(),
            bytes_sent: self.context.client.bytes_sent(),
            requests: self.context.client.requests(),
            is_let_in: self.context.client.is_let_in(),
            elapsed: began.elapsed(),
            broken,
            ..Ending::default()
        };
        match self.stop.take() {
            None | Some(Stop::NoMirror) => {}
            Some(Stop::Interrupted) => ending.cut_short = cut_short,
            Some(Stop::TimeUp(longest)) => {
                ending.cut_short = cut_short;
                ending.time_up = Some(longest).filter(|_| cut_short);
            }
            Some(Stop::Replaced) => ending.replaced = true,
            Some(Stop::Unauthorized(said)) => ending.unauthorized = Some(said),
            Some(Stop::Unreachable(why)) => ending.unreachable = Some(why),
            Some(Stop::Deferred(wait)) => ending.deferred = Some(wait),
        }
        self.remember_end(&ending, &waiting, asked);
        ending
    }

    /// The accounts: what was done in the whole run, and how everything else stood when
    /// it was last looked at. A service has looked many times, also at what it has done: it
    /// counts what the mapping holds, which comes with it.
    fn accounts(&self) -> Result<(Tally, Option<u64>), StoreError> {
        let parts = self.parts.iter().map(|part| part.tally);
        let mut tally = parts.fold(self.tally, Tally::plus);
        if !self.schedule.is_lasting() {
            return Ok((tally, None));
        }
        let mut on_box = 0;
        (tally.parked, tally.failed) = (0, 0);
        for (number, part) in self.parts.iter().enumerate() {
            on_box += self.synced_in(number)?;
            tally.failed += part.failed.len() as u64;
            tally.parked += self.parked_in(number)?;
        }
        tally.unchanged = tally.rest_of(on_box);
        Ok((tally, Some(on_box)))
    }

    /// What was hinted at and not looked at is looked at, to tell what is not on Box.
    /// Says whether a second signal came meanwhile.
    async fn look_at_hints(&mut self, aside: &mut Vec<Event>) -> bool {
        let hinted = self.schedule.take_hints(Instant::now());
        self.unseen |= !hinted.mirrors.is_empty();
        let end = tokio::time::Instant::now() + A_LOOK;
        for (mirror, places) in hinted.hinted {
            let visit = Visit {
                mirror,
                pass: None,
                scope: Scope::Places(places),
                rank: Rank::Backfill,
                since: None,
                quiet: Quiet::NONE,
                no_room: None,
            };
            let context = Arc::clone(&self.context);
            let look = tokio::task::spawn_blocking(move || {
                let found = AtomicU64::new(0);
                let looked = survey(&context, visit, &|surveyed| {
                    let number = surveyed.plan.actions.len() as u64;
                    found.fetch_add(number, Ordering::Relaxed);
                    true
                });
                (looked.is_ok(), found.into_inner())
            });
            let looked = tokio::select! {
                looked = tokio::time::timeout_at(end, look) => looked,
                () = second_signal(&mut self.inbox, aside) => {
                    self.unseen = true;
                    return true;
                }
            };
            match looked {
                Ok(Ok((true, found))) => self.parts[mirror].tally.pending += found,
                _ => self.unseen = true,
            }
        }
        false
    }

    async fn drain(&mut self) -> Result<(), StoreError> {
        let is_hopeful = matches!(
            self.stop,
            Some(Stop::Interrupted | Stop::TimeUp(_) | Stop::Replaced)
        );
        let patience = if is_hopeful {
            AFTER_SIGNAL
        } else {
            WITHOUT_HOPE
        };
        let deadline = tokio::time::sleep(patience);
        tokio::pin!(deadline);
        self.context.client.close();
        self.fresh.clear();
        self.visits.clear();
        for (key, lane, _) in self.queue.take_out(&Lane::ALL, |_| true) {
            self.not_reached(key.0, lane);
        }
        let mut aside = Vec::new();
        // Whoever goes on looks at everything anyway.
        let is_replaced = matches!(self.stop, Some(Stop::Replaced));
        let mut is_hurried = !is_replaced && self.look_at_hints(&mut aside).await;
        self.context.cancelled.store(true, Ordering::Relaxed);
        for event in aside {
            is_hurried |= self.on_last_event(event)?;
        }
        while !is_hurried && (self.queue.running() > 0 || self.are_surveying()) {
            tokio::select! {
                Some(event) = self.inbox.recv() => is_hurried = self.on_last_event(event)?,
                Some(news) = self.fresh.news.recv() => self.on_last_news(news).await?,
                Some(news) = self.visits.news.recv() => self.on_last_news(news).await?,
                () = &mut deadline => break,
            }
        }
        // Whatever is cut off here is in doubt, and the next run asks Box about it.
        self.tasks.abort_all();
        let cut: Vec<_> = self
            .queue
            .under_way()
            .map(|(key, lane)| (key.0, lane))
            .collect();
        for (mirror, lane) in cut {
            self.not_reached(mirror, lane);
        }
        // Nothing of it may be at work beside whoever goes on.
        let gone = async { while self.tasks.join_next().await.is_some() {} };
        self.unseen |= tokio::time::timeout(A_MOMENT, gone).await.is_err();
        Ok(())
    }

    /// Says whether everything is to end at once.
    fn on_last_event(&mut self, event: Event) -> Result<bool, StoreError> {
        match event {
            Event::Ended(finished) => self.on_finished(*finished)?,
            // What was to make room for another configuration makes room for nobody.
            Event::Shutdown if matches!(self.stop, Some(Stop::Replaced)) => {
                self.stop = Some(Stop::Interrupted);
                self.unseen = true;
            }
            // A second signal.
            Event::Shutdown => return Ok(true),
            Event::Hint(_) => self.unseen = true,
            // It is recorded: whoever goes on acts on it. Whoever has left needs no answer.
            Event::Approved(_, approved, answer) => drop(answer.send(Some(approved?))),
            Event::Command(_)
            | Event::Watched(_)
            | Event::Noticed(_)
            | Event::Unauthorized(_)
            | Event::Verified(..)
            | Event::TimeUp(_)
            | Event::Replace => {}
        }
        Ok(false)
    }

    async fn on_last_news(&mut self, news: News) -> Result<(), StoreError> {
        match news {
            News::Plan(surveyed) => self.on_plan(surveyed).await,
            News::Over(of, _) => {
                self.visits_of(of.rank).ended();
                Ok(())
            }
        }
    }

    fn are_surveying(&self) -> bool {
        self.fresh.are_running() || self.visits.are_running()
    }
}

/// Returns when a signal comes, and keeps what came before it.
async fn second_signal(inbox: &mut mpsc::Receiver<Event>, aside: &mut Vec<Event>) {
    while let Some(event) = inbox.recv().await {
        match event {
            Event::Shutdown => return,
            // What is not looked at any more is counted as unseen, once is enough.
            Event::Hint(_) if aside.iter().any(|kept| matches!(kept, Event::Hint(_))) => {}
            other => aside.push(other),
        }
    }
    std::future::pending().await
}
