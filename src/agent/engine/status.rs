//! Answering those who ask how it stands, and those who wait until all is on Box.

use crate::agent::engine::{Again, Engine, Order, Resolved};
use crate::agent::eyes::Sight;
use crate::model::path::RelPath;
use crate::model::reason::FULL;
use crate::plan::policy::Quiet;
use crate::plan::sight::Cause;
use crate::remote::pace::Standing;
use crate::store::error::Error as StoreError;
use crate::store::verified::LastVerified;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::time::Instant;
use tokio::sync::oneshot;

/// What can be asked of a running agent.
pub(crate) enum Command {
    /// How does it stand?
    Status(oneshot::Sender<Value>),
    /// Look at everything now, and answer when nothing is left to do.
    Wait(oneshot::Sender<Waited>),
    /// What is being done about this entry of this mirror?
    Entry(String, RelPath, oneshot::Sender<Value>),
    /// Do what a person decided about a conflict, and answer when it is done.
    Resolve(Order, oneshot::Sender<Resolved>),
    /// Compare folders with Box once more, and answer when that is done.
    Again(Again, oneshot::Sender<Waited>),
    /// A person approves of what a mirror stands still for; `None`: there is no such mirror.
    Approve(String, oneshot::Sender<Option<Value>>),
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

/// Somebody who waits for a pass of every mirror.
pub(super) struct Waiter {
    passes: Vec<u64>,
    answer: oneshot::Sender<Waited>,
}

/// At most so many entries are named.
const MOST_NAMED: u32 = 1_000;

impl Waiter {
    /// Waits for that pass of one mirror.
    pub(super) fn of(mirror: usize, pass: u64, answer: oneshot::Sender<Waited>) -> Self {
        let mut passes = vec![0; mirror];
        passes.push(pass);
        Self { passes, answer }
    }

    /// Waits for that pass of the mirror as well.
    pub(super) fn extend(&mut self, mirror: usize, pass: u64) {
        if let Some(wanted) = self.passes.get_mut(mirror) {
            *wanted = pass.max(*wanted);
        }
    }
}

impl Engine {
    pub(super) async fn on_command(&mut self, command: Command) -> Result<(), StoreError> {
        match command {
            Command::Status(answer) => drop(answer.send(self.status()?)),
            Command::Wait(answer) => {
                let mut passes = Vec::new();
                for mirror in 0..self.parts.len() {
                    passes.push(self.request_pass(mirror, Quiet::NONE)?);
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
            Command::Undo(run, answer) => self.undo(run, answer),
        }
        Ok(())
    }

    /// What is being done about an entry.
    fn entry(&self, mirror: &str, path: RelPath) -> Value {
        let mut mirrors = self.context.mirrors.iter();
        let Some(number) = mirrors.position(|one| one.name == mirror) else {
            return json!({ "error": "no mirror of that name is run" });
        };
        let (key, part) = ((number, path), &self.parts[number]);
        let failed = part.failed.get(&key);
        let halt = part.halt.as_ref();
        json!({
            "queued": self.queue.ticket(&key).is_some(),
            "failed": failed.map(|why| json!({ "code": why.code(), "message": why.to_string() })),
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
                .all(|(pass, part)| part.done >= *pass)
        };
        let over: Vec<Waiter> = self.waiters.extract_if(.., is_over).collect();
        if over.is_empty() {
            return Ok(());
        }
        let waited = self.waited()?;
        for waiter in over {
            drop(waiter.answer.send(waited.clone()));
        }
        Ok(())
    }

    fn waited(&self) -> Result<Waited, StoreError> {
        let mut waited = Waited::default();
        let reader = self.context.readers.get()?;
        for (number, (mirror, run)) in self.context.mirrors.iter().zip(&self.parts).enumerate() {
            let name = || mirror.name.clone();
            if let Some(halt) = &run.halt {
                waited.halted.push((name(), halt.to_string()));
            }
            if let Some(no_room) = self.no_room_for(number).filter(|no_room| no_room.from == 0) {
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

    fn status(&self) -> Result<Value, StoreError> {
        let mut mirrors = Vec::new();
        for number in 0..self.parts.len() {
            mirrors.push(self.mirror_status(number)?);
        }
        let (bandwidth, is_slowed) = self.context.client.bandwidth();
        let (method, expires_in) = self.context.client.token_status();
        Ok(json!({
            "running": true,
            "pid": std::process::id(),
            "version": env!("CARGO_PKG_VERSION"),
            "mirrors": mirrors,
            "token": { "method": method, "expires_in": expires_in },
            "requests": self.context.client.requests(),
            "bytes_sent": self.context.client.bytes_sent(),
            "rate": self.rate_status(),
            "bandwidth": { "limit": bandwidth, "waited_for": is_slowed },
        }))
    }

    /// The lanes, and for how long Box asked everybody to wait.
    fn rate_status(&self) -> Value {
        let lane = |Standing {
                        limit,
                        allowed,
                        used,
                    }| json!({ "limit": limit, "allowed": allowed, "used": used });
        let standings = self.context.client.standings();
        let now = Instant::now();
        let held = self
            .context
            .client
            .held_until()
            .filter(|until| *until > now);
        json!({
            "uploads": lane(standings.uploads),
            "requests": lane(standings.calls),
            "held_seconds": held.map(|until| (until - now).as_secs() + 1),
            "waited_for": self.context.client.is_waited_for(),
        })
    }

    fn mirror_status(&self, number: usize) -> Result<Value, StoreError> {
        let (mirror, run) = (&self.context.mirrors[number], &self.parts[number]);
        let is_own = |key: &(usize, RelPath)| key.0 == number;
        let in_flight = self.queue.running_of(is_own);
        let oldest = self.queue.oldest(is_own);
        let reader = self.context.readers.get()?;
        let root = reader.root(&mirror.name, &mirror.target_key())?;
        let (synced, parked) = match &root {
            Some(root) => (
                reader.synced_files(root.key)?,
                reader.parked_count(root.key)?,
            ),
            None => (0, 0),
        };
        let sight = self.eyes.sight(number);
        let no_room = self.no_room_for(number);
        let state = match (&run.halt, &run.pass, run.jobs, run.visits) {
            (Some(_), ..) => "halted",
            _ if no_room.is_some_and(|no_room| no_room.from == 0) => "paused",
            (None, _, jobs, _) if jobs > 0 => "uploading",
            (None, Some(_), ..) => "scanning",
            (None, None, _, visits) if visits > 0 => "scanning",
            (None, None, ..) => "watching",
        };
        let last_pass = run
            .last_pass
            .map(|at| humantime::format_rfc3339_seconds(at).to_string());
        Ok(json!({
            "name": mirror.name,
            "local": mirror.local.to_string_lossy(),
            "folder_id": root.map(|root| root.id.to_string()),
            "state": state,
            "watched": sight.word,
            "polled": polled(&sight),
            "halted": run.halt.as_ref().map(|halt| json!({
                "reason": halt.code(), "message": halt.to_string(),
            })),
            "paused": no_room.map(|no_room| json!({
                "reason": FULL,
                "message": no_room.said.to_string(),
                "from_bytes": no_room.from,
                "next_probe_seconds": seconds_until(no_room.probe_at),
            })),
            "synced": synced,
            "pending": run.jobs.saturating_sub(in_flight),
            "in_flight": in_flight,
            "parked": parked,
            "failed": run.failed.len(),
            "held_back": self.schedule.hot.held_of(number),
            "oldest_unsynced_seconds":
                oldest.map(|since| Instant::now().saturating_duration_since(since).as_secs()),
            "last_pass": last_pass,
            "doubted": mirror.doubted.load(Ordering::Relaxed),
            "verified": reader.last_verified(&mirror.name)?.as_ref().map(verified),
        }))
    }
}

/// What is polled, and why; nothing where all is watched.
fn polled(sight: &Sight) -> Value {
    let cause = sight.causes.first();
    match sight.polled.as_slice() {
        [] => Value::Null,
        places => json!({
            "places": places.len(),
            "first": places.first().map(ToString::to_string),
            "reason": cause.map(Cause::code),
            "message": cause.map(ToString::to_string),
        }),
    }
}

fn verified(last: &LastVerified) -> Value {
    let at = u64::try_from(last.at.0).unwrap_or(0);
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_nanos(at);
    let [missing, changed, extra, pending] = last.found;
    json!({
        "at": humantime::format_rfc3339_seconds(at).to_string(),
        "missing": missing, "changed": changed, "extra": extra, "pending": pending,
    })
}

fn seconds_until(at: Instant) -> u64 {
    at.saturating_duration_since(Instant::now()).as_secs()
}
