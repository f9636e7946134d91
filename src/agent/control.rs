//! The control socket of a running agent: one line of JSON in, one line out.
//!
//! It lies in the state directory, for its owner only. A state directory may have a
//! longer path than a socket address can hold, so it is reached through a directory
//! that is open.

use crate::agent::door::{Door, Visitor};
use crate::agent::engine::{Command, Event, Order, Shown, Waited};
use crate::agent::notice::{path_of, put_path};
use crate::agent::resolve;
use crate::agent::run::Fatal;
use crate::plan::conflict::Keep;
use serde_json::{Value, json};
use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

const NAME: &str = "control.sock";
/// What it is called until somebody listens: one that is there under its own name answers.
const BEFORE: &str = "control.sock.new";
/// The longest question: a path may have 4,096 bytes, and JSON six for one of them.
const LONGEST: u64 = 32_768;
/// How long somebody who connected may take to ask, and how long to take the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers until dropped.
pub(crate) struct Socket {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.task.abort();
        // Gone already is fine.
        drop(std::fs::remove_file(&self.path));
    }
}

/// Opens the socket. The state directory is locked, so a socket that is there is dead.
pub(crate) fn listen(state_dir: &Path, events: mpsc::Sender<Event>) -> Result<Socket, Fatal> {
    let path = state_dir.join(NAME);
    let bound = bind(state_dir, &path);
    let listener = bound.map_err(|source| Fatal::Control {
        path: path.display().to_string(),
        source,
    })?;
    let task = tokio::spawn(async move {
        let mut door = Door::new();
        loop {
            match listener.accept().await {
                Ok((stream, _)) => door.admit(|visitor| {
                    let events = events.clone();
                    tokio::spawn(async move {
                        if let Err(error) = answer(stream, events, visitor).await {
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
    Ok(Socket { path, task })
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

async fn answer(
    stream: UnixStream,
    events: mpsc::Sender<Event>,
    visitor: Visitor,
) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let mut read = BufReader::new(read.take(LONGEST));
    tokio::time::timeout(PATIENCE, read.read_line(&mut line)).await??;
    let seat = visitor.sit();
    let question: Value = serde_json::from_str(&line).unwrap_or(Value::Null);
    let name = |key: &str| question.get(key).and_then(Value::as_str).map(str::to_owned);
    let reply = match question.get("verb").and_then(Value::as_str) {
        _ if seat.is_none() => Some(json!({ "error": "too many questions are under way" })),
        Some("status") => status(&events).await,
        Some("wait") => tokio::select! {
            reply = wait(&events) => reply,
            // Whoever asked has left: nobody needs the answer.
            _ = read.read_line(&mut line) => return Ok(()),
        },
        Some("resolve") => match order(&question) {
            Some(order) => decide(&events, order).await,
            None => Some(json!({ "error": "this is no decision about a conflict" })),
        },
        Some("approve") => match name("mirror") {
            Some(mirror) => approve(&events, mirror).await,
            None => Some(json!({ "error": "there is no mirror in the question" })),
        },
        Some("undo") => match name("run") {
            Some(run) => undo(&events, run).await,
            None => Some(json!({ "error": "there is no run in the question" })),
        },
        _ => Some(json!({ "error": "this boxup does not know that question" })),
    };
    let reply = reply.unwrap_or_else(|| json!({ "error": "the agent is stopping" }));
    let reply = format!("{reply}\n");
    tokio::time::timeout(PATIENCE, write.write_all(reply.as_bytes())).await?
}

async fn status(events: &mpsc::Sender<Event>) -> Option<Value> {
    let (answer, reply) = oneshot::channel();
    events
        .send(Event::Command(Command::Status(answer)))
        .await
        .ok()?;
    reply.await.ok()
}

async fn wait(events: &mpsc::Sender<Event>) -> Option<Value> {
    let (answer, reply) = oneshot::channel();
    events
        .send(Event::Command(Command::Wait(answer)))
        .await
        .ok()?;
    let Waited {
        halted,
        paused,
        left,
    } = reply.await.ok()?;
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
    Some(json!({ "halted": halted, "paused": paused, "left": left }))
}

async fn approve(events: &mpsc::Sender<Event>, mirror: String) -> Option<Value> {
    let (answer, reply) = oneshot::channel();
    let command = Command::Approve(mirror, answer);
    events.send(Event::Command(command)).await.ok()?;
    let approved = reply.await.ok()?;
    Some(approved.unwrap_or_else(|| json!({ "result": "unknown" })))
}

async fn undo(events: &mpsc::Sender<Event>, run: String) -> Option<Value> {
    let (answer, reply) = oneshot::channel();
    let command = Command::Undo(run, answer);
    events.send(Event::Command(command)).await.ok()?;
    reply.await.ok()
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

async fn decide(events: &mpsc::Sender<Event>, order: Order) -> Option<Value> {
    let (answer, reply) = oneshot::channel();
    let command = Command::Resolve(order, answer);
    events.send(Event::Command(command)).await.ok()?;
    reply.await.ok().map(|resolved| resolve::value(&resolved))
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
        Err(error) => return Err(error),
    };
    let (read, mut write) = stream.into_split();
    write.write_all(format!("{question}\n").as_bytes()).await?;
    let mut line = String::new();
    BufReader::new(read).read_line(&mut line).await?;
    let invalid = |_| io::Error::other("the agent went away without an answer");
    serde_json::from_str(&line).map(Some).map_err(invalid)
}

fn is_nobody(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
    )
}
