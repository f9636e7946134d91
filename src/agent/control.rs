//! The control socket of a running agent: one line of JSON in, one line out.
//!
//! It lies in the state directory, for its owner only. A state directory may have a
//! longer path than a socket address can hold, so it is reached through a directory
//! that is open.

use crate::agent::desk::Desk;
use crate::agent::door::{self, Door, Visitor};
use crate::agent::engine::{Again, Command, Order, Shown, Waited};
use crate::agent::notice::{path_of, put_path};
use crate::agent::pause::Asked;
use crate::agent::resolve;
use crate::agent::retry::Below;
use crate::agent::run::Fatal;
use crate::local::owner;
use crate::model::ids::FolderId;
use crate::model::path::printable_path;
use crate::plan::conflict::Keep;
use crate::store::lock::{self, Holder, Role};
use crate::store::witness::Witness;
use serde_json::{Value, json};
use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

const NAME: &str = "control.sock";
/// What it is called until somebody listens: one that is there under its own name answers.
const BEFORE: &str = "control.sock.new";
/// The longest question: a path may have 4,096 bytes, and JSON six for one of them.
const LONGEST: u64 = 32_768;
/// How long a service that starts may take until it can be asked, for who has other ways.
pub(crate) const STARTING: Duration = Duration::from_secs(10);
/// How soon a service that does not listen yet is asked again.
const AGAIN: Duration = Duration::from_millis(50);
/// How long somebody who connected may take to ask, and how long to take the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers until dropped.
pub(crate) struct Socket {
    socket: Witness,
    task: JoinHandle<()>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.task.abort();
        // Gone already is fine; another one is another's.
        if !self.socket.is_gone() {
            drop(std::fs::remove_file(self.socket.path()));
        }
    }
}

/// Opens the socket. The state directory is locked, so a socket that is there is dead.
pub(crate) fn listen(state_dir: &Path, desk: Desk) -> Result<Socket, Fatal> {
    let path = state_dir.join(NAME);
    let bound = bind(state_dir, &path);
    let listener = bound.map_err(|source| Fatal::Control {
        path: printable_path(&path),
        source,
    })?;
    let socket = Witness::of(path)?;
    let task = tokio::spawn(async move {
        let mut door = Door::new();
        loop {
            match listener.accept().await {
                Ok((stream, _)) => door.admit(|visitor| {
                    let desk = desk.clone();
                    tokio::spawn(async move {
                        if let Err(error) = answer(stream, desk, visitor).await {
                            tracing::debug!(%error, "a question was left unanswered");
                        }
                    })
                }),
                Err(error) => {
                    tracing::warn!(%error, "the control socket does not accept");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    });
    Ok(Socket { socket, task })
}

fn bind(state_dir: &Path, path: &Path) -> io::Result<UnixListener> {
    let first = state_dir.join(BEFORE);
    match std::fs::remove_file(&first) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let dir = File::open(state_dir)?;
    let listener = UnixListener::bind(through(&dir, BEFORE))?;
    // The directory is closed to others, so nobody was faster.
    std::fs::set_permissions(&first, Permissions::from_mode(0o600))?;
    std::fs::rename(&first, path)?;
    Ok(listener)
}

fn through(dir: &File, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", dir.as_raw_fd())).join(name)
}

async fn answer(stream: UnixStream, desk: Desk, visitor: Visitor) -> io::Result<()> {
    let stranger = door::stranger(stream.peer_cred()?.uid());
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let mut read = BufReader::new(read.take(LONGEST));
    tokio::time::timeout(PATIENCE, read.read_line(&mut line)).await??;
    if let Some(why) = stranger {
        let reply = format!("{}\n", json!({ "error": why }));
        return tokio::time::timeout(PATIENCE, write.write_all(reply.as_bytes())).await?;
    }
    let seat = visitor.sit();
    let question: Value = serde_json::from_str(&line).unwrap_or(Value::Null);
    let name = |key: &str| question.get(key).and_then(Value::as_str).map(str::to_owned);
    let reply = match question.get("verb").and_then(Value::as_str) {
        _ if seat.is_none() => Some(json!({ "error": "too many questions are under way" })),
        Some("status") => desk.ask(Command::Status).await.map(|now| now.json()),
        Some("wait") => tokio::select! {
            reply = wait(&desk, &question) => reply,
            // Whoever asked has left: nobody needs the answer.
            _ = read.read_line(&mut line) => return Ok(()),
        },
        Some("entry") => entry(&desk, &question).await,
        Some("resolve") => match order(&question) {
            Some(order) => decide(&desk, order).await,
            None => Some(json!({ "error": "this is no decision about a conflict" })),
        },
        Some("repair") => match folders(&question) {
            Some(folders) => compare(&desk, folders).await,
            None => Some(json!({ "error": "this names no folders" })),
        },
        Some("approve") => match name("mirror") {
            Some(mirror) => approve(&desk, mirror).await,
            None => Some(json!({ "error": "there is no mirror in the question" })),
        },
        Some(verb @ ("pause" | "resume")) => pause(&desk, &question, verb == "resume").await,
        Some(verb @ ("bump" | "retry")) => push(&desk, &question, verb == "retry").await,
        Some("undo") => match name("run") {
            Some(run) => desk.ask(|answer| Command::Undo(run.clone(), answer)).await,
            None => Some(json!({ "error": "there is no run in the question" })),
        },
        _ => Some(json!({ "error": "this boxup does not know that question" })),
    };
    let reply = reply.unwrap_or_else(|| json!({ "error": "the agent is stopping" }));
    let reply = format!("{reply}\n");
    tokio::time::timeout(PATIENCE, write.write_all(reply.as_bytes())).await?
}

/// What the agent is doing about one entry.
async fn entry(desk: &Desk, question: &Value) -> Option<Value> {
    let mirror = question.get("mirror").and_then(Value::as_str);
    let Some((mirror, path)) = mirror.zip(path_of(question)) else {
        return Some(json!({ "error": "this names no entry" }));
    };
    desk.ask(|answer| Command::Entry(mirror.to_owned(), path.clone(), answer))
        .await
}

async fn wait(desk: &Desk, question: &Value) -> Option<Value> {
    let names = question.get("mirrors").and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    let names: Vec<String> = names.map(str::to_owned).collect();
    let found = desk.ask(|answer| Command::Wait(names.clone(), answer));
    found.await.map(waited)
}

/// Leave mirrors alone, or go on with them.
async fn pause(desk: &Desk, question: &Value, is_end: bool) -> Option<Value> {
    let Some(asked) = Asked::of(question) else {
        return Some(json!({ "error": "this names no mirrors" }));
    };
    let command = |answer| match is_end {
        true => Command::Resume(asked.clone(), answer),
        false => Command::Pause(asked.clone(), answer),
    };
    desk.ask(command).await
}

/// This goes next, or once more.
async fn push(desk: &Desk, question: &Value, is_retry: bool) -> Option<Value> {
    let Some(below) = Below::of(question) else {
        return Some(json!({ "error": "this names no entry" }));
    };
    let command = |answer| match is_retry {
        true => Command::Retry(below.clone(), answer),
        false => Command::Bump(below.clone(), answer),
    };
    desk.ask(command).await
}

fn waited(found: Waited) -> Value {
    let Waited {
        halted,
        paused,
        left,
    } = found;
    let told = |mirrors: Vec<(String, String)>| -> Vec<_> {
        let told = mirrors.into_iter();
        told.map(|(mirror, message)| json!({ "mirror": mirror, "message": message }))
            .collect()
    };
    let (halted, paused) = (told(halted), told(paused));
    let left: Vec<_> = left
        .into_iter()
        .map(|(mirror, path, reason, message)| {
            let mut line = json!({ "mirror": mirror, "reason": reason, "message": message });
            put_path(&mut line, &path);
            line
        })
        .collect();
    json!({ "halted": halted, "paused": paused, "left": left })
}

fn folders(question: &Value) -> Option<Again> {
    let ids = question.get("folders")?.as_array()?.iter();
    let folders: Option<Vec<_>> = ids.map(|id| Some(FolderId::new(id.as_str()?))).collect();
    Some(Again {
        mirror: question.get("mirror")?.as_str()?.to_owned(),
        folders: folders?,
        is_last: question.get("last")?.as_bool()?,
    })
}

/// The question for [`folders`].
pub(crate) fn again(again: &Again) -> Value {
    let folders: Vec<&str> = again.folders.iter().map(|id| id.as_str()).collect();
    json!({
        "verb": "repair", "mirror": again.mirror, "folders": folders, "last": again.is_last,
    })
}

async fn compare(desk: &Desk, again: Again) -> Option<Value> {
    let found = desk
        .ask(|answer| Command::Again(again.clone(), answer))
        .await?;
    Some(waited(found))
}

async fn approve(desk: &Desk, mirror: String) -> Option<Value> {
    let approved = desk
        .ask(|answer| Command::Approve(mirror.clone(), answer))
        .await?;
    Some(approved.unwrap_or_else(|| json!({ "result": "unknown" })))
}

fn order(question: &Value) -> Option<Order> {
    let word = |key: &str| question.get(key).and_then(Value::as_str);
    Some(Order {
        mirror: word("mirror")?.to_owned(),
        path: path_of(question)?,
        keep: Keep::of(word("keep")?)?,
        shown: word("seen").map(Shown::of),
    })
}

/// The question for [`order`]. `None` for a path that is no text: nothing of that name is
/// on Box.
pub(crate) fn decision(order: &Order) -> Option<Value> {
    let mut question = json!({
        "verb": "resolve",
        "mirror": order.mirror,
        "keep": order.keep.word(),
        "seen": order.shown.as_ref().map(Shown::word),
    });
    put_path(&mut question, &order.path);
    Some(question)
}

async fn decide(desk: &Desk, order: Order) -> Option<Value> {
    let question = |answer| Command::Resolve(order.clone(), answer);
    let resolved = desk.ask(question).await?;
    Some(resolve::value(&resolved))
}

/// Asks a running agent. `None` when none runs.
pub(crate) async fn ask(state_dir: &Path, question: &Value) -> io::Result<Option<Value>> {
    let connected = match File::open(state_dir) {
        Ok(dir) => UnixStream::connect(through(&dir, NAME)).await,
        Err(error) => Err(error),
    };
    let stream = match connected {
        Ok(stream) => stream,
        Err(error) if is_nobody(&error) => return Ok(None),
        Err(error) => return Err(closed(error, state_dir)),
    };
    let (read, mut write) = stream.into_split();
    write.write_all(format!("{question}\n").as_bytes()).await?;
    let mut line = String::new();
    BufReader::new(read).read_line(&mut line).await?;
    let invalid = |_| io::Error::other("the agent went away without an answer");
    serde_json::from_str(&line).map(Some).map_err(invalid)
}

/// The same for who can wait: a service that has the state already is about to listen, or
/// to end, and is asked again for as long as `patience`.
pub(crate) async fn ask_when_ready(
    state_dir: &Path,
    question: &Value,
    patience: Duration,
) -> io::Result<Option<Value>> {
    let began = Instant::now();
    let mut is_told = false;
    loop {
        let told = ask(state_dir, question).await?;
        let service = lock::holder(state_dir).filter(|who| who.role == Role::Service);
        let Some(who) = service.filter(|_| told.is_none() && began.elapsed() < patience) else {
            return Ok(told);
        };
        if !std::mem::replace(&mut is_told, true) {
            tracing::info!(holder = %who, "waits until the service can be asked");
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Who has the state though nobody answers, in a sentence; `None`: nobody.
pub(crate) fn whoever_is_on(state_dir: &Path) -> Option<String> {
    let Holder { pid, role } = lock::holder(state_dir)?;
    Some(match role {
        Role::Service => format!(
            "the service (process {pid}) is starting or about to end, and does not answer now"
        ),
        Role::Run => format!(
            "a single pass (process {pid}) is under way, which cannot be asked; no service runs"
        ),
        Role::Command => format!(
            "another command (process {pid}) is using the state in {}; no service runs",
            printable_path(state_dir)
        ),
    })
}

/// A state directory is its owner's alone: whose it is says more than that it is closed.
fn closed(error: io::Error, state_dir: &Path) -> io::Error {
    match owner::other(state_dir) {
        Some(user) if error.kind() == io::ErrorKind::PermissionDenied => io::Error::other(format!(
            "it is user {user}'s, whose state is in {}, and only {user} and root may ask it: \
             sudo -u {user} boxup ...",
            printable_path(state_dir)
        )),
        _ => error,
    }
}

fn is_nobody(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
    )
}
