//! What has moved: which object each entry is, and whether the mapping has it elsewhere.

use crate::agent::survey::{Broken, Dir, Surveyor};
use crate::agent::tracker::{self, Tracker};
use crate::model::identity::{Identity, Sameness};
use crate::model::path::{LocalName, RelPath};
use crate::plan::action::{DirPlan, Edit};
use crate::plan::facts::{Mapped, SyncedFolder};

impl Surveyor<'_> {
    /// Files at the top are on the root's device.
    pub(super) fn identify_root(&self, dir: &Dir, plan: &mut DirPlan) {
        let (device, inode) = self.root.identity();
        let now = Identity {
            device,
            inode,
            born: None,
        };
        if dir.path.is_root() && dir.folder.identity != Some(now) {
            plan.edits.push(Edit::Identify(dir.folder.key, now));
        }
    }

    pub(super) fn sort_out(
        &self,
        dir: &Dir,
        mapped: &Mapped,
        plan: &mut DirPlan,
        is_last: &dyn Fn(&LocalName) -> bool,
    ) -> Result<(), Broken> {
        let tracker = Tracker::new(self.context, &self.reader);
        Ok(tracker::sort_out(
            &tracker,
            self.number,
            dir,
            mapped,
            plan,
            is_last,
        )?)
    }

    /// Whether a mapped directory is another one than its row says: then the entry itself
    /// is to be looked at first.
    pub(super) fn is_replaced(&self, path: &RelPath, folder: &SyncedFolder) -> bool {
        let tracker = Tracker::new(self.context, &self.reader);
        match (
            tracker.look(&(self.number, path.clone()), None),
            folder.identity,
        ) {
            (tracker::Looked::Object(found), Some(known)) => {
                known.compare(&found.identity) == Sameness::Other
            }
            _ => false,
        }
    }
}
