//! `boxup retry`: what waits is tried once more because somebody asks for it, whatever it
//! waits for. What is asked, how it is answered, and how it is done where no service runs.

use crate::agent::notice::{path_of, put_path};
use crate::agent::run::Fatal;
use crate::config::Local;
use crate::model::path::RelPath;
use crate::plan::action::Edit;
use crate::plan::parole::{OnRequest, on_request};
use crate::store::Store;
use crate::store::error::Error as StoreError;
use crate::store::lock::{Role, StateLock};
use crate::store::reader::Reader;
use serde_json::{Value, json};

/// At most so many entries are named.
const MOST_NAMED: u32 = 1_000;

/// A place of a mirror, and all below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Below {
    /// The mirror's name.
    pub(crate) mirror: String,
    /// Where in it.
    pub(crate) path: RelPath,
}

impl Below {
    /// As a question to a service: `retry` or `bump`.
    pub(crate) fn question(&self, verb: &str) -> Value {
        let mut question = json!({ "verb": verb, "mirror": self.mirror });
        put_path(&mut question, &self.path);
        question
    }

    /// From a question.
    pub(crate) fn of(question: &Value) -> Option<Self> {
        let mirror = question.get("mirror")?.as_str()?.to_owned();
        let path = match question.get("path")?.as_str()? {
            "." => RelPath::root(),
            _ => path_of(question)?,
        };
        Some(Self { mirror, path })
    }
}

/// What is recorded to wait at a place or below it.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    /// What the mapping must be told so that it is tried.
    pub(crate) edits: Vec<Edit>,
    tried: Vec<Value>,
    left: Vec<Value>,
}

impl Waits {
    /// Reads it.
    pub(crate) fn read(reader: &Reader, below: &Below, target: &str) -> Result<Self, StoreError> {
        let mut waits = Self::default();
        let Some(root) = reader.root(&below.mirror, target)? else {
            return Ok(waits);
        };
        let mut found = Vec::new();
        let mut dir = None;
        if below.path.is_root() {
            dir = Some(root.key);
        } else if let Some((above, name, mut mapped)) = reader.entry(root.key, &below.path)? {
            if let Some(item) = mapped.parked.remove(&name) {
                found.push((below.path.clone(), item));
                waits.edits.push(Edit::Retry(above, name.clone()));
            }
            dir = mapped.folders.remove(&name).map(|folder| folder.key);
        }
        if let Some(dir) = dir {
            found.extend(reader.parked_below(dir, MOST_NAMED)?);
            waits.edits.push(Edit::RetryBelow(dir));
        }
        for (path, item) in found {
            let request = on_request(&item.code);
            let mut line = json!({
                "reason": item.code,
                "message": item.message,
                "next": match request {
                    OnRequest::Tried => "it is tried once more",
                    OnRequest::Decided => "boxup resolve decides: boxup conflicts tells about it",
                    OnRequest::Looked => "it goes on by itself when that has changed",
                },
            });
            put_path(&mut line, &path);
            match request {
                OnRequest::Tried => waits.tried.push(line),
                OnRequest::Decided | OnRequest::Looked => waits.left.push(line),
            }
        }
        // Nothing is written where nothing is to be tried.
        if waits.tried.is_empty() {
            waits.edits.clear();
        }
        Ok(waits)
    }

    /// What is told of it.
    pub(crate) fn value(self, mirror: &str) -> Value {
        json!({ "mirror": mirror, "tried": self.tried, "left": self.left, "failed": [] })
    }
}

/// Records it where no service runs: the next run tries.
pub(crate) async fn alone(local: &Local, all: &[Below]) -> Result<Value, Fatal> {
    if !local.state_dir.exists() {
        let nothing = all
            .iter()
            .map(|below| Waits::default().value(&below.mirror));
        return Ok(json!({ "mirrors": nothing.collect::<Vec<_>>() }));
    }
    let _lock = StateLock::acquire(&local.state_dir, Role::Command)?;
    let store = Store::open(&local.state_dir)?;
    let done = record(local, &store, all).await;
    store.close().await;
    Ok(json!({ "mirrors": done? }))
}

async fn record(local: &Local, store: &Store, all: &[Below]) -> Result<Vec<Value>, StoreError> {
    let mut told = Vec::new();
    for below in all {
        let mirror = local.mirrors.iter().find(|one| one.name == below.mirror);
        let Some(mirror) = mirror else { continue };
        let mut waits = Waits::read(&store.reader()?, below, &mirror.target.key())?;
        let edits = std::mem::take(&mut waits.edits);
        store.writer().apply(edits).await?;
        told.push(waits.value(&below.mirror));
    }
    Ok(told)
}
