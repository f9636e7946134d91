//! What waits for a decision, seen from both sides. Nothing is changed, and no lock is
//! taken: it works beside a running service.

use crate::config::Mirror;
use crate::local::root::Root;
use crate::local::rules::{Level, Rules};
use crate::local::scan;
use crate::model::ids::FileId;
use crate::model::path::RelPath;
use crate::model::reason::DOUBTED;
use crate::model::rules::Symlinks;
use crate::model::stamp::Stamp;
use crate::model::trouble::Trouble;
use crate::plan::facts::{LocalKind, ParkedItem};
use crate::remote::client::BoxClient;
use crate::remote::glance::Glance;
use crate::store::error::Error as StoreError;
use crate::store::peek;
use futures_util::future::join_all;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// Questions at once.
const QUESTIONS: usize = 4;

/// One conflict, as far as this machine knows it.
#[derive(Clone, Debug)]
pub(crate) struct Conflict {
    /// The mirror's name.
    pub(crate) mirror: String,
    /// Where in it.
    pub(crate) path: RelPath,
    /// Why it waits, and what was seen on Box.
    pub(crate) item: ParkedItem,
    /// The local file as it is now, or else as it was when it was parked.
    pub(crate) local: Option<Stamp>,
}

/// Box's side of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Theirs {
    /// As it is now.
    Now(Glance),
    /// It is not there.
    Gone,
    /// Nobody looked: it is no file, or Box could not be asked.
    Recorded,
}

/// What is recorded, in the order of the mirrors and paths.
pub(crate) fn recorded(state_dir: &Path, mirrors: &[Mirror]) -> Result<Vec<Conflict>, StoreError> {
    let reader = peek(state_dir)?;
    let mut found = Vec::new();
    for mirror in mirrors {
        let Some(root) = reader.root(&mirror.name, &mirror.target.key())? else {
            continue;
        };
        let follow = mirror.selection.symlinks == Symlinks::Follow;
        let disk = Root::open(&mirror.local).ok();
        let disk = disk.map(|root| root.following(follow));
        for (path, item) in reader.conflicts_below(root.key)? {
            let now = disk.as_ref().and_then(|disk| stamp(disk, &path));
            found.push(Conflict {
                mirror: mirror.name.clone(),
                path,
                local: now.or(item.stamp),
                item,
            });
        }
    }
    Ok(found)
}

/// What the file looks like now.
fn stamp(root: &Root, path: &RelPath) -> Option<Stamp> {
    let (dir, name) = path.split()?;
    let all = Level::bare(Arc::new(Rules::none()));
    let found = scan::look(root, &dir, &[name], &all).ok()?;
    match found.first()?.kind {
        LocalKind::File(stamp) => Some(stamp),
        LocalKind::Directory(_) | LocalKind::Excluded(_) | LocalKind::Unreadable(_) => None,
    }
}

/// Looks at Box's side of all of them, as long as Box can be asked; with what kept it
/// from being asked.
pub(crate) async fn look(
    client: &BoxClient,
    conflicts: &[Conflict],
) -> (Vec<Theirs>, Option<Trouble>) {
    let broken = OnceLock::new();
    let mut sides = Vec::new();
    for some in conflicts.chunks(QUESTIONS) {
        let questions = some.iter().map(|conflict| one(client, conflict, &broken));
        sides.extend(join_all(questions).await);
    }
    (sides, broken.into_inner())
}

async fn one(client: &BoxClient, conflict: &Conflict, broken: &OnceLock<Trouble>) -> Theirs {
    let is_file = matches!(
        conflict.item.code.as_str(),
        "differs_on_box" | "changed_on_box" | "gone_from_box" | DOUBTED
    );
    let seen = conflict.item.obstacle.as_ref().filter(|_| is_file);
    let Some(seen) = seen.filter(|_| broken.get().is_none()) else {
        return Theirs::Recorded;
    };
    match client.glance_at(&FileId::new(seen.id.clone())).await {
        Ok(glance) => Theirs::Now(glance),
        Err(Trouble::Gone(_)) => Theirs::Gone,
        Err(trouble) => {
            // One is enough to know: whoever asked as well has met the same.
            drop(broken.set(trouble));
            Theirs::Recorded
        }
    }
}
