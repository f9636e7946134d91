//! Answering those who ask how it stands, and those who wait until all is on Box.

use crate::agent::engine::{Again, Engine, Order, Resolved};
use crate::agent::pause::{Asked, told};
use crate::agent::retry::Below;
use crate::agent::snapshot::{LaneNow, MirrorNow, NoRoomNow, Snapshot, State, age_of};
use crate::model::ids::FolderKey;
use crate::model::path::RelPath;
use crate::plan::lag::Waiting;
use crate::plan::policy::Quiet;
use crate::plan::queue::{Lane, Rank};
use crate::store::error::Error as StoreError;
use crate::store::reader::Reader;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::time::Instant;
use tokio::sync::oneshot;

/// What can be asked of a running agent.
pub(crate) enum Command {
    /// How does it stand?
    Status(oneshot::Sender<Snapshot>),
    /// Look at all of these mirrors now (none: at every one), and answer when nothing is
    /// left to do there.
    Wait(Vec<String>, oneshot::Sender<Waited>),
    /// What is being done about this entry of this mirror?
    Entry(String, RelPath, oneshot::Sender<Value>),
    /// Do what a person decided about a conflict, and answer when it is done.
    Resolve(Order, oneshot::Sender<Resolved>),
    /// Compare folders with Box once more, and answer when that is done.
    Again(Again, oneshot::Sender<Waited>),
    /// A person approves of what a mirror stands still for; `None`: there is no such mirror.
    Approve(String, oneshot::Sender<Option<Value>>),
    /// Leave mirrors alone for now.
    Pause(Asked, oneshot::Sender<Value>),
    /// Go on with them.
    Resume(Asked, oneshot::Sender<Value>),
    /// This goes before everything else.
    Bump(Below, oneshot::Sender<Value>),
    /// What waits there is tried once more.
    Retry(Below, oneshot::Sender<Value>),
    /// Take back what a run did on Box.
    Undo(String, oneshot::Sender<Value>),
}

/// What a wait found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waited {
    /// Mirrors that stand still, with the reason.
    pub(crate) halted: Vec<(String, String)>,
    /// Mirrors to which nothing is sent for now, with the reason.
    pub(crate) paused: Vec<(String, String)>,
    /// What waits or was given up: mirror, path, code, sentence.
    pub(crate) left: Vec<(String, RelPath, String, String)>,
}

impl Waited {
    /// Of a mirror that the run does not have.
    pub(super) fn not_run(mirror: &str) -> Self {
        let why = "the run that is on does not have this mirror".to_owned();
        Self {
            halted: vec![(mirror.to_owned(), why)],
            ..Self::default()
        }
    }
}

/// Somebody who waits for a pass of every mirror.
pub(super) struct Waiter {
    /// By mirror; `None` for those that nobody asks about.
    passes: Vec<Option<u64>>,
    answer: oneshot::Sender<Waited>,
}

/// At most so many entries are named.
const MOST_NAMED: u32 = 1_000;

impl Waiter {
    /// Waits for that pass of one mirror.
    pub(super) fn of(mirror: usize, pass: u64, answer: oneshot::Sender<Waited>) -> Self {
        let mut passes = vec![None; mirror];
        passes.push(Some(pass));
        Self { passes, answer }
    }

    /// Waits for that pass of the mirror as well.
    pub(super) fn extend(&mut self, mirror: usize, pass: u64) {
        if let Some(Some(wanted)) = self.passes.get_mut(mirror) {
            *wanted = pass.max(*wanted);
        }
    }
}

impl Engine {
    pub(super) async fn on_command(&mut self, command: Command) -> Result<(), StoreError> {
        match command {
            Command::Status(answer) => drop(answer.send(self.status()?)),
            Command::Wait(names, answer) => {
                let unknown = names
                    .iter()
                    .find(|name| self.context.number_of(name).is_none());
                if let Some(unknown) = unknown {
                    drop(answer.send(Waited::not_run(unknown)));
                    return Ok(());
                }
                let mut passes = Vec::new();
                for mirror in 0..self.parts.len() {
                    let name = &self.context.mirrors[mirror].name;
                    let is_meant = names.is_empty() || names.contains(name);
                    passes.push(match is_meant {
                        true => Some(self.request_pass(mirror, Quiet::NONE)?),
                        false => None,
                    });
                }
                self.waiters.push(Waiter { passes, answer });
                // Whoever waits wants to know whether there is room by now.
                self.owners.ask_now(Instant::now());
                self.probe_accounts()?;
            }
            Command::Entry(mirror, path, answer) => {
                drop(answer.send(self.entry(&mirror, path)));
            }
            Command::Resolve(order, answer) => self.resolve(order, answer).await?,
            Command::Again(again, answer) => self.on_again(again, answer).await?,
            Command::Approve(mirror, answer) => self.approve(&mirror, answer),
            // Whoever has left does not need the answer.
            Command::Pause(asked, answer) => drop(answer.send(self.pause(&asked).await?)),
            Command::Resume(asked, answer) => drop(answer.send(self.resume(&asked).await?)),
            Command::Bump(below, answer) => drop(answer.send(self.bump(&below))),
            Command::Retry(below, answer) => drop(answer.send(self.retry(&below).await?)),
            Command::Undo(run, answer) => self.undo(run, answer),
        }
        Ok(())
    }

    /// What is being done about an entry.
    fn entry(&self, mirror: &str, path: RelPath) -> Value {
        let Some(number) = self.context.number_of(mirror) else {
            return json!({ "error": "no mirror of that name is run" });
        };
        let (key, part) = ((number, path), &self.parts[number]);
        let failed = part.failed.get(&key);
        let halt = part.halt.as_ref();
        json!({
            "queued": self.queue.ticket(&key).is_some() || self.queue.is_queued(&key),
            "failed": failed.map(|why| json!({ "code": why.code(), "message": why.to_string() })),
            "paused": self.pause_of(number).map(told::standing),
            "halted": halt.map(|halt| json!({ "code": halt.code(), "message": halt.to_string() })),
        })
    }

    /// Answers those whose passes are complete, and forgets those who left.
    pub(super) fn answer_waiters(&mut self) -> Result<(), StoreError> {
        self.waiters.retain(|waiter| !waiter.answer.is_closed());
        let parts = &self.parts;
        let is_over = |waiter: &mut Waiter| {
            waiter
                .passes
                .iter()
                .zip(parts)
                .all(|(pass, part)| pass.is_none_or(|pass| part.done >= pass))
        };
        let over: Vec<Waiter> = self.waiters.extract_if(.., is_over).collect();
        if over.is_empty() {
            return Ok(());
        }
        for waiter in over {
            let waited = self.waited(&waiter)?;
            drop(waiter.answer.send(waited));
        }
        Ok(())
    }

    fn waited(&self, waiter: &Waiter) -> Result<Waited, StoreError> {
        let mut waited = Waited::default();
        let reader = self.context.readers.get()?;
        for (number, (mirror, run)) in self.context.mirrors.iter().zip(&self.parts).enumerate() {
            if waiter.passes.get(number).copied().flatten().is_none() {
                continue;
            }
            let name = || mirror.name.clone();
            if let Some(halt) = &run.halt {
                waited.halted.push((name(), halt.to_string()));
            }
            if let Some(pause) = self.pause_of(number) {
                waited.paused.push((name(), pause.to_string()));
            } else if let Some(no_room) =
                self.no_room_for(number).filter(|no_room| no_room.from == 0)
            {
                waited.paused.push((name(), no_room.said.to_string()));
            }
            let failed = run
                .failed
                .iter()
                .take(MOST_NAMED as usize)
                .map(|((_, path), why)| {
                    (name(), path.clone(), why.code().to_owned(), why.to_string())
                });
            waited.left.extend(failed);
            if let Some(root) = reader.root(&mirror.name, &mirror.target_key())? {
                let parked = reader.parked_below(root.key, MOST_NAMED)?;
                waited.left.extend(
                    parked
                        .into_iter()
                        .map(|(path, item)| (name(), path, item.code, item.message)),
                );
            }
        }
        Ok(waited)
    }

    fn status(&self) -> Result<Snapshot, StoreError> {
        let mut mirrors = Vec::new();
        for number in 0..self.parts.len() {
            mirrors.push(self.mirror_status(number)?);
        }
        let client = &self.context.client;
        let now = Instant::now();
        Ok(Snapshot {
            mirrors,
            token: client.token_status(),
            requests: client.requests(),
            bytes_sent: client.bytes_sent(),
            lanes: client.standings(),
            held: client
                .held_until()
                .and_then(|until| until.checked_duration_since(now)),
            is_waited_for: client.is_waited_for(),
            bandwidth: client.bandwidth(),
            silence: self.silence.heard().map(str::to_owned),
            is_let_in: client.is_let_in(),
            started: (
                self.started.0,
                now.saturating_duration_since(self.started.1),
            ),
            figures: self.context.meter.figures(client),
            queue: Lane::ALL.map(|lane| self.lane(lane)).to_vec(),
            untold: self.context.untold.get(),
        })
    }

    fn lane(&self, lane: Lane) -> LaneNow {
        let waiting = Rank::ALL.map(|rank| self.queue.waiting_in(lane, rank));
        LaneNow {
            name: lane.word(),
            waiting: waiting.into_iter().sum(),
            running: self.queue.running_in(lane),
        }
    }

    fn mirror_status(&self, number: usize) -> Result<MirrorNow, StoreError> {
        let (mirror, run) = (&self.context.mirrors[number], &self.parts[number]);
        let is_own = |key: &(usize, RelPath)| key.0 == number;
        let in_flight = self.queue.running_of(is_own);
        let now = Instant::now();
        let reader = self.context.readers.get()?;
        let root = reader.root(&mirror.name, &mirror.target_key())?;
        let synced = match &root {
            Some(root) => reader.synced_files(root.key)?,
            None => 0,
        };
        let oldest_parked = match &root {
            Some(root) => reader.oldest_parked(root.key)?,
            None => None,
        };
        let no_room = self.no_room_for(number);
        Ok(MirrorNow {
            name: mirror.name.clone(),
            local: mirror.local.clone(),
            folder_id: root.map(|root| root.id.to_string()),
            state: self.state_of(number),
            sight: self.eyes.sight(number),
            halt: run.halt.clone(),
            pause: self.pause_of(number).cloned(),
            no_room: no_room.map(|no_room| NoRoomNow {
                message: no_room.said.to_string(),
                from_bytes: no_room.from,
                next_probe: no_room.probe_at.saturating_duration_since(now),
            }),
            synced: synced.cast_unsigned(),
            pending: run.jobs.saturating_sub(in_flight) + run.put_off.len(),
            in_flight,
            parked: self.parked_in(number)?,
            oldest_parked: oldest_parked.map(age_of),
            failed: run.failed.len(),
            held_back: self.schedule.hot.held_of(number),
            lag: self.waiting(number).lag(now),
            last_pass: run.last_pass,
            is_looked_at: run.unknown_since.is_none(),
            doubted: mirror.doubted.load(Ordering::Relaxed),
            verified: reader.last_verified(&mirror.name)?,
        })
    }

    /// How many entries of a mirror wait for a change or a person.
    pub(super) fn parked_in(&self, number: usize) -> Result<u64, StoreError> {
        self.counted(number, Reader::parked_count)
    }

    /// How many files of a mirror are on Box.
    pub(super) fn synced_in(&self, number: usize) -> Result<u64, StoreError> {
        self.counted(number, Reader::synced_files)
    }

    /// What is counted below the root of a mirror; nothing where that is not known yet.
    fn counted(
        &self,
        number: usize,
        count: impl FnOnce(&Reader, FolderKey) -> Result<i64, StoreError>,
    ) -> Result<u64, StoreError> {
        let mirror = &self.context.mirrors[number];
        let reader = self.context.readers.get()?;
        let root = reader.root(&mirror.name, &mirror.target_key())?;
        let counted = root.map_or(Ok(0), |root| count(&reader, root.key))?;
        Ok(counted.cast_unsigned())
    }

    /// What waits in a mirror, and since when.
    pub(super) fn waiting(&self, number: usize) -> Waiting {
        let part = &self.parts[number];
        let is_own = |key: &(usize, RelPath)| key.0 == number;
        let full = self.no_room_for(number).filter(|full| full.from == 0);
        Waiting {
            unseen: part.unknown_since,
            still: part
                .still
                .into_iter()
                .chain(full.map(|full| full.since))
                .min(),
            silence: self.silence.began(),
            hinted: part
                .oldest_look()
                .into_iter()
                .chain(self.schedule.oldest_hint(number))
                .min(),
            queued: self.queue.oldest(is_own),
            put_off: part.put_off.oldest(),
            held_back: self.schedule.hot.oldest_of(number),
            late: part.late.oldest(),
        }
    }

    fn state_of(&self, number: usize) -> State {
        let run = &self.parts[number];
        let is_full =
            || run.pause.is_some() || self.no_room_for(number).is_some_and(|full| full.from == 0);
        match (&run.halt, &run.pass, run.jobs, run.visits) {
            (Some(_), ..) => State::Halted,
            _ if is_full() => State::Paused,
            (None, _, jobs, _) if jobs > 0 => State::Uploading,
            (None, Some(_), ..) => State::Scanning,
            (None, None, _, visits) if visits > 0 => State::Scanning,
            (None, None, ..) => State::Watching,
        }
    }
}
