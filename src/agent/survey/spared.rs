//! What is gone under one name and waits under another is not deleted: while it cannot go
//! to Box as what it is now, it stays there as what it was.

use crate::agent::survey::{Broken, Dir, Surveyor};
use crate::agent::tracker::{Looked, Tracker};
use crate::model::identity::{Identity, Sameness};
use crate::model::ids::FolderKey;
use crate::model::path::LocalName;
use crate::plan::absence::Mark;
use crate::plan::action::{DirPlan, Edit};
use crate::plan::facts::{DirFacts, LocalEntry, LocalKind, Mapped};
use crate::store::error::Error as StoreError;

impl Surveyor<'_> {
    /// Ends the absence of whatever an entry was mapped as before, and of what that is in.
    /// An entry that is mapped under its own name has nothing elsewhere to lose.
    pub(super) fn spare(
        &self,
        dir: &Dir,
        facts: &DirFacts,
        plan: &mut DirPlan,
    ) -> Result<(), Broken> {
        self.drop_idle(plan)?;
        if !self.reader.is_anything_absent()? {
            return Ok(());
        }
        let tracker = Tracker::new(self.context, &self.reader);
        for entry in &facts.local {
            let Some((inode, is_dir)) = unmapped(entry, &facts.mapped) else {
                continue;
            };
            let candidates = self.recorded(inode, is_dir)?;
            let spot = (self.number, dir.path.join(&entry.name));
            if candidates.is_empty() {
                continue;
            }
            let Looked::Object(object) = tracker.look(&spot, None) else {
                continue;
            };
            for (at, name, identity) in candidates {
                if identity.compare(&object.identity) != Sameness::Other {
                    self.is_present(at, name, plan)?;
                }
            }
        }
        Ok(())
    }

    /// Where nothing waits there is nothing to end, and nothing is written.
    fn drop_idle(&self, plan: &mut DirPlan) -> Result<(), Broken> {
        let edits = std::mem::take(&mut plan.edits);
        for edit in edits {
            let is_idle = match &edit {
                Edit::UnparkBelow(folder) => self.reader.parked_count(*folder)? == 0,
                _ => false,
            };
            if !is_idle {
                plan.edits.push(edit);
            }
        }
        Ok(())
    }

    /// Where the mapping has an inode number.
    fn recorded(
        &self,
        inode: u64,
        is_dir: bool,
    ) -> Result<Vec<(FolderKey, LocalName, Identity)>, StoreError> {
        Ok(match is_dir {
            true => {
                let found = self.reader.folders_of(inode)?.into_iter();
                found.map(|row| (row.dir, row.name, row.identity)).collect()
            }
            false => {
                let found = self.reader.files_of(inode)?.into_iter();
                found.map(|row| (row.dir, row.name, row.identity)).collect()
            }
        })
    }

    fn is_present(
        &self,
        mut dir: FolderKey,
        mut name: LocalName,
        plan: &mut DirPlan,
    ) -> Result<(), StoreError> {
        loop {
            let rows = self.reader.some(dir, std::slice::from_ref(&name))?;
            if rows.absent.contains_key(&name) {
                plan.edits.push(Edit::Mark(Mark::Present(dir, name)));
            }
            match self.reader.folder_row(dir)? {
                Some((above, its, _)) => (dir, name) = (above, its),
                None => return Ok(()),
            }
        }
    }
}

/// The inode number of an entry that the mapping does not have, or has as another object,
/// and whether it is a directory.
fn unmapped(entry: &LocalEntry, mapped: &Mapped) -> Option<(u64, bool)> {
    match &entry.kind {
        LocalKind::File(stamp) => {
            let known = mapped.files.get(&entry.name).map(|file| file.stamp.inode);
            (known != Some(stamp.inode)).then_some((stamp.inode, false))
        }
        LocalKind::Directory(identity) => {
            let known = mapped.folders.get(&entry.name);
            let known = known.and_then(|folder| folder.identity);
            (known != Some(*identity)).then_some((identity.inode, true))
        }
        LocalKind::Excluded(_) | LocalKind::Unreadable(_) => None,
    }
}
