//! Writing down what was done, in the same transaction as the mapping is told of it.

use crate::agent::context::Context;
use crate::model::deed::ItemId;
use crate::model::path::RelPath;
use crate::model::stamp::Nanos;
use crate::plan::action::{Edit, Moved};
use crate::plan::history::{Entry, Happening, What};
use crate::plan::moves::Item;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What is kept of the history.
#[derive(Debug)]
pub(crate) struct Diary {
    /// For how long; not at all when it is zero.
    keep: Duration,
    /// Something was done since it was last looked at what is too old.
    is_newer: AtomicBool,
}

impl Diary {
    /// What is this old is forgotten.
    pub(crate) fn new(keep: Duration) -> Self {
        Self {
            keep,
            is_newer: AtomicBool::new(false),
        }
    }

    /// What is older than this goes, if anything was done. By a clock that nobody sets: one
    /// that is wrong for a moment would take all of it.
    pub(crate) fn expired(&self) -> Option<Nanos> {
        let keep = i64::try_from(self.keep.as_nanos()).unwrap_or(i64::MAX);
        let is_newer = self.is_newer.swap(false, Ordering::Relaxed);
        is_newer.then(|| Nanos(crate::clock::steady().0.saturating_sub(keep)))
    }
}

impl Context {
    /// What tells the history of it; nothing where none is kept.
    pub(crate) fn note(&self, mirror: &str, path: &RelPath, happening: Happening) -> Option<Edit> {
        self.diary.is_newer.store(true, Ordering::Relaxed);
        let is_kept = !self.diary.keep.is_zero();
        is_kept.then(|| {
            Edit::Note(Box::new(Entry {
                at: crate::clock::nanos(),
                run: self.run.now(),
                mirror: mirror.to_owned(),
                path: path.clone(),
                happening,
            }))
        })
    }

    /// The same for what has moved, which the mapping has not been told yet. What merely
    /// made room has not arrived.
    pub(crate) fn note_move(&self, moved: &Moved) -> Option<Edit> {
        let reader = self.readers.get().ok()?;
        let place = |dir, name| {
            let (root, above) = reader.locate(dir).ok()??;
            let mirrors = self.mirrors.iter();
            let roots = mirrors.map(|mirror| reader.root(&mirror.name, &mirror.target_key()));
            let number = roots
                .into_iter()
                .position(|one| matches!(one, Ok(Some(folder)) if folder.key == root));
            let mirror = &self.mirrors[number?].name;
            Some((mirror.clone(), above.join(name)))
        };
        let (from, (mirror, path)) = (
            place(moved.from.0, &moved.from.1),
            place(moved.dir, &moved.name)?,
        );
        let item = match &moved.item {
            Item::File(id) => ItemId::File(id.clone()),
            Item::Folder(_, id) => ItemId::Folder(id.clone()),
        };
        let happening = Happening {
            from,
            ..Happening::new(What::Moved, item)
        };
        self.note(&mirror, &path, happening)
    }
}
