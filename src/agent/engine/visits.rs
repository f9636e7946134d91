//! The visits that wait, and the threads that make them.
//!
//! What somebody has just saved has visits, threads and a way back of its own: it waits
//! neither for a pass to get through a large tree nor for room in a full queue.

use crate::agent::engine::passes::Of;
use crate::agent::engine::{Engine, News};
use crate::agent::survey::{Broken, Looked, Visit, survey};
use crate::plan::queue::{Lane, Rank};
use crate::store::error::Error as StoreError;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Survey threads of each rank at once.
const SURVEYS: usize = 2;
/// Visits of a rank that may wait before no further folders are made, and no further
/// hints are heeded.
const MOST_VISITS: usize = 64;
/// Plans in flight between the survey threads and the loop.
const PLANS: usize = 4;

/// File jobs that may wait before no further plans are taken in. Large files wait in
/// greater number: small ones that are found after them must get past.
fn most_pending(lane: Lane, rank: Rank) -> usize {
    match (rank, lane) {
        (Rank::Asked | Rank::Fresh, _) => 1_000,
        (Rank::Backfill, Lane::Large) => 16_000,
        (Rank::Backfill, Lane::Files | Lane::Folders) => 4_000,
    }
}

/// The visits of one rank.
pub(super) struct Visits {
    waiting: VecDeque<Visit>,
    running: usize,
    news_out: mpsc::Sender<News>,
    /// What they tell, in order.
    pub(super) news: mpsc::Receiver<News>,
}

impl Visits {
    pub(super) fn new() -> Self {
        let (news_out, news) = mpsc::channel(PLANS);
        Self {
            waiting: VecDeque::new(),
            running: 0,
            news_out,
            news,
        }
    }

    /// Neither waits nor runs.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.running == 0
    }

    pub(super) fn are_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn are_running(&self) -> bool {
        self.running > 0
    }

    /// Whether as many wait as may.
    pub(super) fn are_enough(&self) -> bool {
        self.waiting.len() >= MOST_VISITS
    }

    pub(super) fn push(&mut self, visit: Visit) {
        self.waiting.push_back(visit);
    }

    /// Depth first: the visits that wait are those of one branch.
    pub(super) fn push_first(&mut self, visit: Visit) {
        self.waiting.push_front(visit);
    }

    pub(super) fn retain(&mut self, stays: impl FnMut(&Visit) -> bool) {
        self.waiting.retain(stays);
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// One of those that run has ended.
    pub(super) fn ended(&mut self) {
        self.running -= 1;
    }

    /// The next that may run.
    fn start(&mut self) -> Option<(Visit, mpsc::Sender<News>)> {
        if self.running >= SURVEYS {
            return None;
        }
        let visit = self.waiting.pop_front()?;
        self.running += 1;
        Some((visit, self.news_out.clone()))
    }
}

impl Engine {
    pub(super) fn visits_of(&mut self, rank: Rank) -> &mut Visits {
        match rank {
            Rank::Asked | Rank::Fresh => &mut self.fresh,
            Rank::Backfill => &mut self.visits,
        }
    }

    pub(super) fn start_surveys(&mut self) {
        for rank in [Rank::Fresh, Rank::Backfill] {
            while let Some((visit, news)) = self.visits_of(rank).start() {
                let context = Arc::clone(&self.context);
                tokio::task::spawn_blocking(move || {
                    let of = Of {
                        mirror: visit.mirror,
                        pass: visit.pass,
                        rank,
                        since: visit.since,
                    };
                    let result = survey(&context, visit, &|surveyed| {
                        news.blocking_send(News::Plan(surveyed)).is_ok()
                    });
                    // Nobody listens any more only when the run is over.
                    drop(news.blocking_send(News::Over(of, result)));
                });
            }
        }
    }

    /// Whether there is room for another plan of this rank. Only file jobs count: they
    /// drain whatever else stands, while folder jobs wait for visits, visits for plans to
    /// be taken in, and plans for this.
    pub(super) fn takes_plans(&self, rank: Rank) -> bool {
        let waiting = |lane: Lane| {
            // They come the same way.
            let asked = match rank {
                Rank::Asked | Rank::Fresh => self.queue.waiting_in(lane, Rank::Asked),
                Rank::Backfill => 0,
            };
            asked + self.queue.waiting_in(lane, rank)
        };
        let has_room = |lane: Lane| waiting(lane) < most_pending(lane, rank);
        Lane::SENDING.into_iter().all(has_room)
    }

    pub(super) async fn on_news(&mut self, news: News) -> Result<(), StoreError> {
        match news {
            News::Plan(surveyed) => self.on_plan(surveyed).await,
            News::Over(of, result) => {
                self.visits_of(of.rank).ended();
                self.on_survey_over(of, result)
            }
        }
    }

    fn on_survey_over(&mut self, of: Of, result: Result<Looked, Broken>) -> Result<(), StoreError> {
        let Of { mirror, pass, .. } = of;
        match result {
            Ok(Looked { unchanged, put_off }) => {
                if pass.is_some() {
                    self.parts[mirror].tally.unchanged += unchanged;
                }
                // Before the visit counts as over: without it the pass might end here.
                if let Some(visit) = put_off.filter(|_| !self.parts[mirror].is_stopped()) {
                    self.parts[mirror].visit_added(visit.pass, visit.since);
                    self.visits_of(visit.rank).push_first(visit);
                }
            }
            Err(Broken::Halt(halt)) => self.halt(mirror, halt),
            Err(Broken::Store(error)) => return Err(error),
        }
        self.parts[mirror].visit_ended(pass, of.since);
        self.end_pass(mirror)
    }
}
