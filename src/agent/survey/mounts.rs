//! Directories that lie behind another file system than the one that was mirrored.

use crate::agent::survey::{Broken, Dir, Surveyor};
use crate::local::ground;
use crate::model::ground::Ground;
use crate::model::path::RelPath;
use crate::model::reason::Failed;
use crate::plan::action::{DirPlan, Report};
use crate::plan::guard;

impl Surveyor<'_> {
    /// Whether the directory at this path is the one that was mirrored.
    pub(super) fn check_ground(
        &self,
        path: &RelPath,
        found: &ground::Found,
        is_used: bool,
    ) -> Result<Option<Ground>, Failed> {
        let known = self.grounds.get(path).map(|(_, ground)| ground);
        if path.is_root() {
            // Compared when it was opened.
            return Ok(Some(found.ground).filter(|_| known.is_none()));
        }
        guard::check_ground(known, &found.ground, found.is_mount, is_used)
    }

    /// A directory that lies behind another file system: as one that cannot be read.
    pub(super) fn hidden(&self, dir: &Dir, why: Failed) -> Option<DirPlan> {
        let (parent, name) = dir.path.split()?;
        let plan = DirPlan {
            reports: vec![(name, Report::Failed(why))],
            ..DirPlan::default()
        };
        let dir = Dir {
            path: parent,
            folder: dir.folder.clone(),
        };
        self.send(dir, Vec::new(), plan);
        None
    }

    /// Whether a directory, or one above it, lies behind another file system.
    pub(super) fn is_hidden(&self, dir: &Dir) -> Result<bool, Broken> {
        let mut at = RelPath::root();
        for name in dir.path.components() {
            at = at.join(&name);
            let Ok(found) = ground::look(&self.root, &at) else {
                return Ok(false);
            };
            let is_used = at != dir.path || self.reader.is_used(dir.folder.key)?;
            if let Err(why) = self.check_ground(&at, &found, is_used) {
                let folder = dir.folder.clone();
                self.hidden(&Dir { path: at, folder }, why);
                return Ok(true);
            }
        }
        Ok(false)
    }
}
