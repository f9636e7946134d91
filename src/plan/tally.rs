//! The accounts of a run. They add up: every entry that is not a directory is in
//! exactly one column, and so is every directory that was excluded or refused.

use crate::plan::action::Report;

/// How many entries ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// New files on Box.
    pub(crate) uploaded: u64,
    /// New versions of files on Box.
    pub(crate) new_versions: u64,
    /// Box held the same content; nothing was sent.
    pub(crate) adopted: u64,
    /// As they were.
    pub(crate) unchanged: u64,
    /// Left out on purpose.
    pub(crate) excluded: u64,
    /// Wait for a change or a person.
    pub(crate) parked: u64,
    /// Given up in this run.
    pub(crate) failed: u64,
    /// Not reached, because the run was cut short.
    pub(crate) pending: u64,
    /// Files and folders that went to Box's trash.
    pub(crate) trashed: u64,
    /// New folders on Box.
    pub(crate) folders_created: u64,
    /// Existing folders on Box that became ours.
    pub(crate) folders_adopted: u64,
    /// Files and folders that moved on Box.
    pub(crate) moved: u64,
}

impl Tally {
    /// Every entry that was looked at.
    pub(crate) fn scanned(&self) -> u64 {
        self.uploaded
            + self.new_versions
            + self.adopted
            + self.unchanged
            + self.excluded
            + self.parked
            + self.failed
            + self.pending
    }

    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            uploaded: self.uploaded + other.uploaded,
            new_versions: self.new_versions + other.new_versions,
            adopted: self.adopted + other.adopted,
            unchanged: self.unchanged + other.unchanged,
            excluded: self.excluded + other.excluded,
            parked: self.parked + other.parked,
            failed: self.failed + other.failed,
            pending: self.pending + other.pending,
            trashed: self.trashed + other.trashed,
            folders_created: self.folders_created + other.folders_created,
            folders_adopted: self.folders_adopted + other.folders_adopted,
            moved: self.moved + other.moved,
        }
    }

    /// How many of so many files on Box are there without anything having been done. A file
    /// may have had several versions, so that this is no more than an estimate.
    pub(crate) fn rest_of(&self, on_box: u64) -> u64 {
        on_box.saturating_sub(self.uploaded + self.new_versions + self.adopted)
    }

    /// What was done, without how everything else stood.
    pub(crate) fn done(self) -> Self {
        Self {
            unchanged: 0,
            excluded: 0,
            parked: 0,
            failed: 0,
            pending: 0,
            ..self
        }
    }

    /// Counts one entry's end.
    pub(crate) fn count(&mut self, report: &Report) {
        let column = match report {
            Report::Trashed(..) => &mut self.trashed,
            Report::FolderKept(_) => return,
            Report::Uploaded(..) => &mut self.uploaded,
            Report::NewVersion(..) => &mut self.new_versions,
            Report::Adopted(_) => &mut self.adopted,
            Report::Unchanged | Report::Left(_) => &mut self.unchanged,
            Report::Excluded(_) => &mut self.excluded,
            Report::Parked(_) => &mut self.parked,
            Report::Failed(_) => &mut self.failed,
            Report::FolderCreated(..) => &mut self.folders_created,
            Report::FolderAdopted(..) => &mut self.folders_adopted,
            Report::Moved(..) => &mut self.moved,
        };
        *column += 1;
    }

    /// Whether every included entry is on Box.
    pub(crate) fn is_all_on_box(&self) -> bool {
        self.parked == 0 && self.failed == 0 && self.pending == 0
    }
}
