//! Is an entry gone, right now? Asked before a delete is weighed and again before it is
//! carried out.

use crate::agent::context::{Context, Mirror};
use crate::local::descent::Descent;
use crate::local::root::Root;
use crate::local::rules::Rules;
use crate::local::{ground, scan};
use crate::model::ground::Ground;
use crate::model::ids::FolderKey;
use crate::model::path::RelPath;
use crate::plan::facts::LocalKind;
use crate::plan::guard;
use crate::store::error::Error as StoreError;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a look says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// It is not there, and everything around it is as it was.
    Gone,
    /// A file is where a directory was, or the other way round.
    Succeeded,
    /// Something is there, or a rule leaves out all that is in its directory.
    There,
    /// A rule leaves it out, there or not.
    LeftOut,
    /// Nothing can be said.
    Unknown,
}

impl Found {
    /// Whether what was there is gone.
    pub(crate) fn is_gone(self) -> bool {
        matches!(self, Self::Gone | Self::Succeeded)
    }
}

/// Looks at single entries.
pub(crate) struct Looker {
    root: Arc<Root>,
    descent: Descent,
    /// What the mount points in the mirror were.
    grounds: BTreeMap<RelPath, (FolderKey, Ground)>,
    /// The last directory that was looked at, and whether it is as it was: entries come
    /// directory by directory.
    last: Option<(RelPath, bool)>,
}

impl Looker {
    /// In a root that has just been opened, and so is the one that was mirrored.
    pub(crate) fn new(
        root: Arc<Root>,
        rules: Arc<Rules>,
        grounds: BTreeMap<RelPath, (FolderKey, Ground)>,
    ) -> Self {
        Self {
            root,
            descent: Descent::new(rules),
            grounds,
            last: None,
        }
    }

    /// Looks.
    pub(crate) fn look(&mut self, path: &RelPath, is_dir: bool) -> Found {
        let Some((dir, name)) = path.split() else {
            return Found::Unknown;
        };
        if !self.is_as_it_was(&dir) {
            return Found::Unknown;
        }
        let Ok(level) = self.descent.level(&self.root, &dir) else {
            return Found::Unknown;
        };
        // What a rule leaves out is none of our business any more, there or not.
        if level.shut().is_some() {
            return Found::There;
        }
        if level.excluded(path.as_path(), is_dir).is_some() {
            return Found::LeftOut;
        }
        match scan::look(&self.root, &dir, &[name], level) {
            Ok(found) if found.is_empty() => Found::Gone,
            Ok(found) if found.iter().all(|entry| is_other(&entry.kind, is_dir)) => {
                Found::Succeeded
            }
            Ok(_) => Found::There,
            Err(_) => Found::Unknown,
        }
    }

    /// Whether no mount has come or gone on the way to a directory.
    fn is_as_it_was(&mut self, dir: &RelPath) -> bool {
        if let Some((path, known)) = &self.last
            && path == dir
        {
            return *known;
        }
        let mut at = RelPath::root();
        let is = dir.components().all(|name| {
            at = at.join(&name);
            let known = self.grounds.get(&at).map(|(_, ground)| ground);
            ground::look(&self.root, &at).is_ok_and(|found| {
                guard::check_ground(known, &found.ground, found.is_mount, true).is_ok()
            })
        });
        self.last = Some((dir.clone(), is));
        is
    }
}

fn is_other(kind: &LocalKind, is_dir: bool) -> bool {
    match kind {
        LocalKind::File(_) => is_dir,
        LocalKind::Directory(_) => !is_dir,
        // A link, say, may lead to what was there.
        LocalKind::Excluded(_) | LocalKind::Unreadable(_) => false,
    }
}

/// An entry that is gone, for as long as it is.
pub(crate) struct Lost<'a> {
    pub(crate) context: &'a Context,
    pub(crate) mirror: &'a Mirror,
    pub(crate) root: FolderKey,
    pub(crate) path: RelPath,
    pub(crate) is_dir: bool,
}

impl Lost<'_> {
    /// Whether it is gone right now.
    pub(crate) async fn is_still(&self) -> Result<bool, StoreError> {
        Ok(self.look().await?.is_gone())
    }

    /// Looks at everything afresh.
    pub(crate) async fn look(&self) -> Result<Found, StoreError> {
        let grounds = self.context.readers.get()?.grounds(self.root)?;
        let Ok(root) = self.mirror.open_root() else {
            return Ok(Found::Unknown);
        };
        let rules = Arc::clone(&self.mirror.rules);
        let (path, is_dir) = (self.path.clone(), self.is_dir);
        let looked = tokio::task::spawn_blocking(move || {
            Looker::new(root, rules, grounds).look(&path, is_dir)
        });
        Ok(looked.await.unwrap_or(Found::Unknown))
    }
}
