//! How a running agent stands at a moment: what `status`, metrics and notifications tell.

use crate::agent::eyes::Sight;
use crate::agent::meter::Figures;
use crate::agent::pause::told;
use crate::model::reason::FULL;
use crate::model::stamp::Nanos;
use crate::plan::guard::Halt;
use crate::plan::pause::Pause;
use crate::plan::sight::Cause;
use crate::remote::pace::{Standing, Standings};
use crate::store::verified::LastVerified;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Everything.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    /// The mirrors of this run, in the configuration's order.
    pub(crate) mirrors: Vec<MirrorNow>,
    /// How the token was got, and for how many seconds it is good.
    pub(crate) token: (&'static str, Option<u64>),
    /// Requests so far, resends and token requests included.
    pub(crate) requests: u64,
    /// File content handed to the network so far, in bytes, resends included.
    pub(crate) bytes_sent: u64,
    /// The rate limits.
    pub(crate) lanes: Standings,
    /// How long Box asked everybody to wait yet.
    pub(crate) held: Option<Duration>,
    /// Whether a request waits for its turn.
    pub(crate) is_waited_for: bool,
    /// The bytes of file content that may go out a second, and whether that slows it down.
    pub(crate) bandwidth: (Option<u64>, bool),
    /// What was heard instead of Box, while it does not answer.
    pub(crate) silence: Option<String>,
    /// Whether Box is known to let us in.
    pub(crate) is_let_in: bool,
    /// Ways of `[notify]` by which nobody can be told at present, and why.
    pub(crate) untold: BTreeMap<String, String>,
    /// When the agent began, and for how long it has been running.
    pub(crate) started: (SystemTime, Duration),
    /// What is under way.
    pub(crate) figures: Figures,
    /// What waits and what runs in each lane of the queue.
    pub(crate) queue: Vec<LaneNow>,
}

/// A lane of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LaneNow {
    /// Its name.
    pub(crate) name: &'static str,
    /// What waits in it, for its turn or for another try.
    pub(crate) waiting: usize,
    /// What runs.
    pub(crate) running: usize,
}

/// One mirror.
#[derive(Clone, Debug)]
pub(crate) struct MirrorNow {
    /// Its name.
    pub(crate) name: String,
    /// Its local root.
    pub(crate) local: PathBuf,
    /// The ID of its folder on Box, once it was seen.
    pub(crate) folder_id: Option<String>,
    /// What it is at.
    pub(crate) state: State,
    /// How its changes are noticed.
    pub(crate) sight: Sight,
    /// Why it stands still, if it does.
    pub(crate) halt: Option<Halt>,
    /// Who asked that it be left alone, and until when.
    pub(crate) pause: Option<Pause>,
    /// Why nothing is sent to its folder for now, though it does not stand still.
    pub(crate) no_room: Option<NoRoomNow>,
    /// Files that are on Box as they were when they were last looked at.
    pub(crate) synced: u64,
    /// Files and folders that wait for their turn.
    pub(crate) pending: usize,
    /// Files and folders under way.
    pub(crate) in_flight: usize,
    /// Entries that wait for a change or a person.
    pub(crate) parked: u64,
    /// For how long the oldest of them has been waiting.
    pub(crate) oldest_parked: Option<Duration>,
    /// Entries that were given up until the next pass.
    pub(crate) failed: usize,
    /// Files that `min_version_interval` holds back.
    pub(crate) held_back: usize,
    /// For how long the oldest change that is not on Box has been waiting, as far as boxup
    /// itself has to do something about it; `None`: the mirror is fresh.
    pub(crate) lag: Option<Duration>,
    /// When the last pass came to its end without a halt, whichever run that was.
    pub(crate) last_pass: Option<SystemTime>,
    /// Whether a pass of the engine that tells this has found it in order.
    pub(crate) is_looked_at: bool,
    /// Whether what the mapping knew may be lost, so that it is being compared with Box.
    pub(crate) doubted: bool,
    /// What the last verification found.
    pub(crate) verified: Option<LastVerified>,
}

/// What a mirror is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It stands still until a person, or the disk, says otherwise.
    Halted,
    /// Nothing is sent for now.
    Paused,
    /// Something is being sent, or waits for it.
    Uploading,
    /// It is being looked at.
    Scanning,
    /// Everything has been looked at and dealt with.
    Watching,
}

/// There is no room in the account that the folder belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoRoomNow {
    /// Box's words.
    pub(crate) message: String,
    /// Files from this many bytes on are not sent.
    pub(crate) from_bytes: u64,
    /// When one of them may try.
    pub(crate) next_probe: Duration,
}

impl State {
    /// All there are.
    pub(crate) const ALL: [Self; 5] = [
        Self::Halted,
        Self::Paused,
        Self::Uploading,
        Self::Scanning,
        Self::Watching,
    ];

    /// Stable, for machines.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Halted => "halted",
            Self::Paused => "paused",
            Self::Uploading => "uploading",
            Self::Scanning => "scanning",
            Self::Watching => "watching",
        }
    }
}

impl Snapshot {
    /// For machines.
    pub(crate) fn json(&self) -> Value {
        let (method, expires_in) = self.token;
        let (bandwidth, is_slowed) = self.bandwidth;
        let mirrors: Vec<Value> = self.mirrors.iter().map(MirrorNow::json).collect();
        json!({
            "running": true,
            "pid": std::process::id(),
            "version": env!("CARGO_PKG_VERSION"),
            "mirrors": mirrors,
            "token": { "method": method, "expires_in": expires_in },
            "requests": self.requests,
            "bytes_sent": self.bytes_sent,
            "rate": {
                "uploads": lane(self.lanes.uploads),
                "requests": lane(self.lanes.calls),
                "held_seconds": self.held.map(|held| held.as_secs() + 1),
                "waited_for": self.is_waited_for,
            },
            "bandwidth": { "limit": bandwidth, "waited_for": is_slowed },
            "unreachable": self.silence,
            "started_at": rfc3339(self.started.0),
            "uptime_seconds": self.started.1.as_secs(),
            "running_files": running(&self.figures),
            "progress": progress(&self.figures),
            "queue": queue(&self.queue),
            "notify": { "failing": self.untold },
        })
    }
}

impl MirrorNow {
    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "local": self.local.to_string_lossy(),
            "folder_id": self.folder_id,
            "state": self.state.word(),
            "watched": self.sight.word,
            "polled": polled(&self.sight),
            "halted": self.halt.as_ref().map(|halt| json!({
                "reason": halt.code(), "message": halt.to_string(),
            })),
            "paused": self.pause.as_ref().map(told::standing).or(self.no_room.as_ref().map(|no_room| json!({
                "reason": FULL,
                "message": no_room.message,
                "from_bytes": no_room.from_bytes,
                "next_probe_seconds": no_room.next_probe.as_secs(),
            }))),
            "synced": self.synced,
            "pending": self.pending,
            "in_flight": self.in_flight,
            "parked": self.parked,
            "oldest_parked_seconds": self.oldest_parked.map(|age| age.as_secs()),
            "failed": self.failed,
            "held_back": self.held_back,
            "oldest_unsynced_seconds": self.lag.map(|lag| lag.as_secs()),
            "last_pass": self.last_pass.map(rfc3339),
            "doubted": self.doubted,
            "verified": self.verified.as_ref().map(verified),
        })
    }
}

fn running(figures: &Figures) -> Vec<Value> {
    let files = figures.running.iter();
    files
        .map(|file| json!({ "name": file.name, "size": file.size, "sent": file.moved }))
        .collect()
}

/// Of the batch that is under way: what is done, and all that is known of.
fn progress(figures: &Figures) -> Value {
    json!({
        "files_done": figures.files.0,
        "files": figures.files.1,
        "bytes_done": figures.bytes.0,
        "bytes": figures.bytes.1,
        "bytes_moved": figures.moved,
        "looking": figures.is_looking,
    })
}

fn queue(lanes: &[LaneNow]) -> Value {
    let lanes = lanes.iter().map(|lane| {
        let counts = json!({ "waiting": lane.waiting, "running": lane.running });
        (lane.name.to_owned(), counts)
    });
    Value::Object(lanes.collect())
}

fn lane(standing: Standing) -> Value {
    let Standing {
        limit,
        allowed,
        used,
    } = standing;
    json!({ "limit": limit, "allowed": allowed, "used": used })
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
    let at = Duration::from_nanos(u64::try_from(last.at.0).unwrap_or(0));
    let [missing, changed, extra, pending] = last.found;
    json!({
        "at": rfc3339(UNIX_EPOCH + at),
        "missing": missing, "changed": changed, "extra": extra, "pending": pending,
    })
}

/// For how long that has been so; a time in the future is as good as now.
pub(crate) fn age_of(at: Nanos) -> Duration {
    let age = crate::clock::nanos().since(at);
    Duration::from_nanos(u64::try_from(age).unwrap_or(0))
}

/// A time as machines and people can read it.
pub(crate) fn rfc3339(at: SystemTime) -> String {
    humantime::format_rfc3339_seconds(writable(at)).to_string()
}

/// The nearest time that can be written: from 1970, with a year of four digits.
pub(crate) fn writable(at: SystemTime) -> SystemTime {
    /// 9999-12-31T23:59:59.999Z.
    const LAST: Duration = Duration::from_millis(253_402_300_799_999);
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    UNIX_EPOCH + since.min(LAST)
}
