//! The loop: one task that owns the state of a run and is told everything.
//!
//! It routes: visits go to survey threads, their plans' actions into the queue, jobs to
//! tasks, settled outcomes into the accounts. A single pass, the service and the tests
//! run this same loop; they differ in the values of [`Temper`] and in the schedule.

mod asked;
mod deletes;
mod drain;
mod forget;
mod last;
mod outcomes;
mod part;
mod passes;
mod pause;
mod polls;
mod put_off;
mod repair;
mod resolve;
mod room;
mod silence;
mod standing;
mod status;
mod visits;

pub(crate) use crate::agent::engine::repair::Again;
pub(crate) use crate::agent::engine::resolve::{Order, Resolved, Shown};
pub(crate) use crate::agent::engine::status::{Command, Waited};

use crate::agent::context::Context;
use crate::agent::engine::part::Part;
use crate::agent::engine::passes::Of;
use crate::agent::engine::silence::Silence;
use crate::agent::engine::visits::Visits;
use crate::agent::eyes::{Eyes, Opened};
use crate::agent::job::{self, Ended, Key, Work};
use crate::agent::meter::Activity;
use crate::agent::notice::{Effort, Notice, Sink};
use crate::agent::notify_socket::Heartbeat;
use crate::agent::pulse::Noticed;
use crate::agent::schedule::Schedule;
use crate::agent::survey::{Broken, Looked, Surveyed};
use crate::agent::verify::Verified;
use crate::model::trouble::Said;
use crate::plan::debounce::Hint;
use crate::plan::owners::Owners;
use crate::plan::policy::Quiet;
use crate::plan::queue::{Lane, Patience, Queue, Rank, Ticket, Widths};
use crate::plan::tally::Tally;
use crate::remote::trail;
use crate::store::Store;
use crate::store::error::Error as StoreError;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// Folder jobs at once, each with a request of its own.
const FOLDERS: usize = 4;
/// Large files at once, beside the others.
const LARGE: usize = 2;
/// Events in flight between the tasks and the loop.
const EVENTS: usize = 256;

/// How a run behaves when Box does not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Temper {
    /// With a single entry.
    pub(crate) patience: Patience,
    /// The longest wait that Box may ask for; `None`: any.
    pub(crate) longest_wait: Option<Duration>,
    /// How long Box may stay silent; `None`: for ever.
    pub(crate) silence: Option<Duration>,
    /// How long things must have been left alone.
    pub(crate) quiet: Quiet,
}

/// Everything that can wake the loop, besides plans and time.
pub(crate) enum Event {
    /// A job ended.
    Ended(Box<Finished>),
    /// Something may have changed on the disk.
    Hint(Hint),
    /// Somebody asks.
    Command(Command),
    /// A root is watched from now on, or cannot be.
    Watched(Opened),
    /// Something has happened to this machine.
    Noticed(Noticed),
    /// A mirror has been compared with Box.
    Verified(usize, Verified),
    /// A person's approval of a mirror has been recorded, or could not be.
    Approved(
        usize,
        Result<Value, StoreError>,
        oneshot::Sender<Option<Value>>,
    ),
    /// Nobody lets us in, as somebody beside the jobs has found.
    Unauthorized(Said),
    /// Stop; what runs may end.
    Shutdown,
    /// Stop, as for a shutdown: a pass has taken as long as it may, which was this.
    TimeUp(Duration),
    /// Stop, as for a shutdown: another engine goes on with another configuration.
    Replace,
}

/// What survey threads send, in order.
enum News {
    Plan(Surveyed),
    Over(Of, Result<Looked, Broken>),
}

/// Why the loop should end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A signal.
    Interrupted,
    /// It has taken as long as it may.
    TimeUp(Duration),
    /// Another engine goes on.
    Replaced,
    /// Nobody lets us in.
    Unauthorized(Said),
    /// Box is silent.
    Unreachable(String),
    /// Box asks for a longer wait than this run sits out.
    Deferred(Duration),
    /// No mirror's folder can be seen, and only a person can change that.
    NoMirror,
}

/// A job that ended.
pub(crate) struct Finished {
    key: Key,
    ticket: Ticket,
    /// When this try began.
    began: Instant,
    effort: Effort,
    ended: Ended,
}

/// The state of a run.
pub(crate) struct Engine {
    context: Arc<Context>,
    store: Store,
    temper: Temper,
    schedule: Schedule,
    eyes: Eyes,
    queue: Queue<Key, Work>,
    owners: Owners,
    parts: Vec<Part>,
    /// Visits of what was just saved.
    fresh: Visits,
    /// All other visits.
    visits: Visits,
    waiters: Vec<status::Waiter>,
    resolvers: Vec<resolve::Resolver>,
    /// Mirrors that are in doubt no longer.
    compared: Vec<usize>,
    /// Mirrors whose recorded pause was over before this run began.
    lapsed: Vec<String>,
    tally: Tally,
    /// What the job took whose end is being dealt with; nothing in between.
    effort: Effort,
    sink: Sink,
    stop: Option<Stop>,
    silence: Silence,
    memory: Option<last::Memory>,
    /// When the agent did, that other engines may have served before.
    started: (SystemTime, Instant),
    told_hold: Option<Instant>,
    heartbeat: Heartbeat,
    /// A pass has ended.
    has_passed: bool,
    /// Something was not looked at because of the stop.
    unseen: bool,
    tasks: JoinSet<()>,
    events: mpsc::Sender<Event>,
    inbox: mpsc::Receiver<Event>,
}

impl Engine {
    /// An engine with nothing to do, which leaves alone what is paused.
    pub(crate) fn new(
        context: Arc<Context>,
        store: Store,
        temper: Temper,
        schedule: Schedule,
        eyes: Eyes,
        uploads: usize,
        sink: Sink,
    ) -> Result<Self, StoreError> {
        let (events, inbox) = mpsc::channel(EVENTS);
        let now = Instant::now();
        let parts = context.mirrors.iter().map(|_| Part::new(now)).collect();
        let widths = Widths {
            folders: FOLDERS,
            files: uploads,
            large: uploads.min(LARGE),
        };
        let mut engine = Self {
            store,
            schedule,
            eyes,
            queue: Queue::new(temper.patience, widths),
            owners: Owners::default(),
            temper,
            parts,
            fresh: Visits::new(),
            visits: Visits::new(),
            waiters: Vec::new(),
            resolvers: Vec::new(),
            compared: Vec::new(),
            lapsed: Vec::new(),
            tally: Tally::default(),
            effort: Effort::default(),
            sink,
            stop: None,
            silence: Silence::default(),
            memory: None,
            started: (crate::clock::wall(), now),
            told_hold: None,
            heartbeat: Heartbeat::default(),
            has_passed: false,
            unseen: false,
            tasks: JoinSet::new(),
            events,
            inbox,
            context,
        };
        engine.take_up_pauses()?;
        Ok(engine)
    }

    /// Where events go in.
    pub(crate) fn events(&self) -> mpsc::Sender<Event> {
        self.events.clone()
    }

    /// Watches every root, and returns when that is done.
    pub(crate) async fn open_eyes(&mut self) -> Result<(), StoreError> {
        for number in 0..self.parts.len() {
            self.eyes
                .ensure(number, &self.context.mirrors[number], &self.events);
        }
        while self.eyes.are_opening() && self.stop.is_none() {
            self.tell_supervisor()?;
            let event = tokio::select! {
                Some(event) = self.inbox.recv() => event,
                () = until(self.heartbeat.next()) => continue,
            };
            match event {
                // The first pass, which comes after this, looks at everything.
                Event::Watched(opened) => {
                    let name = &self.context.mirrors[opened.mirror].name;
                    self.eyes.opened(opened, name);
                }
                other => self.on_event(other).await?,
            }
        }
        if self.stop.is_none() {
            (self.sink)(Notice::Watching);
        }
        Ok(())
    }

    /// Runs until there is nothing left to do, or a reason to stop.
    pub(crate) async fn run_until_idle(&mut self) -> Result<(), StoreError> {
        while self.stop.is_none() && !self.is_idle() {
            self.turn().await?;
        }
        Ok(())
    }

    /// Runs until there is a reason to stop.
    pub(crate) async fn run_until_stopped(&mut self) -> Result<(), StoreError> {
        while self.stop.is_none() {
            self.turn().await?;
        }
        Ok(())
    }

    fn is_idle(&self) -> bool {
        self.fresh.is_idle()
            && self.visits.is_idle()
            && self.queue.is_idle()
            && self.parts.iter().all(|part| part.put_off.is_empty())
    }

    fn activity(&self) -> Activity {
        match self.fresh.is_idle() && self.visits.is_idle() {
            true if self.queue.is_idle() => Activity::Idle,
            true => Activity::Working,
            false => Activity::Looking,
        }
    }

    /// Starts what can start, waits for one thing to happen, and deals with it.
    async fn turn(&mut self) -> Result<(), StoreError> {
        self.end_pauses().await?;
        self.take_what_is_due()?;
        self.take_up_what_was_put_off();
        self.start_surveys();
        self.start_jobs();
        self.answer_waiters()?;
        self.answer_resolvers()?;
        self.store_compared().await?;
        if std::mem::take(&mut self.has_passed) {
            self.forget_history().await;
        }
        self.end_silence();
        self.context
            .meter
            .tell(self.activity(), self.silence.heard());
        self.tell_supervisor()?;
        if self.stop.is_some() {
            return Ok(());
        }
        if self.is_idle() && self.schedule.next().is_none() && self.stop.is_none() {
            return Ok(());
        }
        let takes_fresh = self.takes_plans(Rank::Fresh);
        let takes_plans = self.takes_plans(Rank::Backfill);
        let takes_due = !self.fresh.are_enough();
        let wake = [
            self.queue.next_wake(),
            self.schedule.next().filter(|_| takes_due),
            self.eyes.next_poll().filter(|_| takes_due),
            self.silence.ends(self.temper.silence),
            self.next_of_put_off(),
            self.next_of_pauses(),
            self.heartbeat.next(),
            self.owners
                .next()
                .filter(|_| takes_due && self.schedule.is_lasting()),
        ]
        .into_iter()
        .flatten()
        .min();
        tokio::select! {
            Some(event) = self.inbox.recv() => self.on_event(event).await,
            Some(news) = self.fresh.news.recv(), if takes_fresh => self.on_news(news).await,
            Some(news) = self.visits.news.recv(), if takes_plans => self.on_news(news).await,
            () = until(wake) => Ok(()),
        }
    }

    async fn on_event(&mut self, event: Event) -> Result<(), StoreError> {
        match event {
            Event::Ended(finished) => self.on_finished(*finished)?,
            Event::Hint(hint) => self.schedule.hint(hint, Instant::now()),
            Event::Command(command) => self.on_command(command).await?,
            Event::Watched(opened) => self.on_watched(opened)?,
            Event::Noticed(noticed) => self.on_noticed(noticed)?,
            Event::Verified(mirror, found) => {
                let mirror = self.context.mirrors[mirror].name.clone();
                (self.sink)(Notice::Verified { mirror, found });
            }
            Event::Approved(mirror, approved, answer) => {
                self.on_approved(mirror, approved, answer)?;
            }
            Event::Unauthorized(said) => {
                self.stop.get_or_insert(Stop::Unauthorized(said));
            }
            Event::Shutdown => {
                (self.sink)(Notice::Draining);
                self.stop = Some(Stop::Interrupted);
            }
            Event::TimeUp(longest) => {
                self.stop.get_or_insert(Stop::TimeUp(longest));
            }
            Event::Replace => {
                self.stop.get_or_insert(Stop::Replaced);
            }
        }
        Ok(())
    }

    fn start_jobs(&mut self) {
        let folders_may_start = |rank| match rank {
            Rank::Asked | Rank::Fresh => !self.fresh.are_enough(),
            Rank::Backfill => !self.visits.are_enough(),
        };
        let is_open = |lane, rank| lane != Lane::Folders || folders_may_start(rank);
        while let Some((key, work)) = self.queue.start(Instant::now(), is_open) {
            let ticket = self.queue.ticket(&key).expect("it has just been started");
            let work = match ticket.rank {
                Rank::Asked => work,
                Rank::Fresh | Rank::Backfill => self.unless_held_back(&key, work),
            };
            let (context, store) = (Arc::clone(&self.context), self.store.clone());
            let events = self.events.clone();
            self.tasks.spawn(async move {
                let began = Instant::now();
                let work = job::run(&context, &store, &key, work);
                let (ended, request_id) = trail::followed(work).await;
                let effort = Effort {
                    took: Some(began.elapsed()),
                    request_id,
                };
                let finished = Finished {
                    key,
                    ticket,
                    began,
                    effort,
                    ended,
                };
                drop(events.send(Event::Ended(Box::new(finished))).await);
            });
        }
        while self.tasks.try_join_next().is_some() {}
    }
}

/// Sleeps until then; for ever without a time.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
