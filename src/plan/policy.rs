//! What the operator decided beforehand, mirror by mirror.

use crate::model::name::{NameError, RemoteName};
use crate::model::path::LocalName;
use crate::plan::brake::MaxDeletes;
use std::time::Duration;

/// What to do where Box already holds something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnForeign {
    /// Upload ours as a new version; theirs stays in the version history.
    NewVersion,
    /// Leave theirs alone and report it.
    Park,
    /// Leave theirs alone and upload ours beside it, as a file of its own.
    KeepBoth,
}

/// Why what the mapping says, or fails to say, is in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// It was damaged, and begun anew.
    Damaged,
    /// It was gone, and begun anew.
    Lost,
    /// It is an old copy of itself.
    Old,
}

impl Loss {
    /// The word for it, in the mapping and for machines.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Lost => "lost",
            Self::Old => "old",
        }
    }

    /// What the word says.
    pub(crate) fn of(word: &str) -> Option<Self> {
        let all = [Self::Damaged, Self::Lost, Self::Old];
        all.into_iter().find(|loss| loss.word() == word)
    }
}

/// What to do with a local name that Box would refuse, or takes for another one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnInvalidName {
    /// Leave the entry alone and report it.
    Park,
    /// Give it another name on Box, which follows from its own.
    Encode,
}

/// What a file that is deleted on the disk means for its copy on Box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnDelete {
    /// Nothing: the copy stays.
    Keep,
    /// It goes to Box's trash; of one pass at most so many without asking.
    Trash(MaxDeletes),
}

/// The decisions that planning needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    /// For a name on Box that we never saw, with other content.
    pub(crate) on_existing: OnForeign,
    /// For a file of ours that somebody else changed.
    pub(crate) on_remote_change: OnForeign,
    /// Files that were changed less than this ago are left out.
    pub(crate) min_age: Duration,
    /// For a local name that Box would not take.
    pub(crate) on_invalid_name: OnInvalidName,
    /// A file gets at most one version in so much time while it is written to; zero: as
    /// many as there are.
    pub(crate) min_version_interval: Duration,
    /// For what is not on the disk any more.
    pub(crate) on_delete: OnDelete,
    /// How long things must have been left alone.
    pub(crate) quiet: Quiet,
    /// Where the owner of the folder on Box has no room: files that wait for it are left
    /// alone from this many bytes on.
    pub(crate) no_room: Option<u64>,
    /// What the mapping knew of Box may be lost: what differs there is parked, whatever
    /// else was decided beforehand.
    pub(crate) distrust: bool,
}

impl Policy {
    /// The name that a local entry gets on Box, unless another one has it there.
    pub(crate) fn name_of(&self, name: &LocalName) -> Result<RemoteName, NameError> {
        match self.on_invalid_name {
            OnInvalidName::Park => RemoteName::for_local(name),
            OnInvalidName::Encode => Ok(RemoteName::encoded(name)),
        }
    }
}

/// How long things must have been left alone before a look does something about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quiet {
    /// How long a file must not have changed; zero means that it need not be quiet.
    pub(crate) settle: Duration,
    /// How long ago an item that waits for something at Box must have been tried last;
    /// zero means that it is tried at every look.
    pub(crate) parked: Duration,
}

impl Quiet {
    /// Nothing need have been left alone.
    pub(crate) const NONE: Self = Self {
        settle: Duration::ZERO,
        parked: Duration::ZERO,
    };

    /// What fits both.
    pub(crate) fn at_most(self, other: Self) -> Self {
        Self {
            settle: self.settle.min(other.settle),
            parked: self.parked.min(other.parked),
        }
    }
}

/// Files above this many bytes are not sent in one request. Box documents 50 MB for
/// direct uploads ("Direct file upload" guide); decimal, to stay on the safe side.
pub(crate) const DIRECT_LIMIT: u64 = 50_000_000;

/// Files of this many bytes and more are sent in parts. Box takes sessions from "20 MB"
/// on, which may be either million; parts survive what breaks a request, and several
/// travel at once (`cargo bench --bench whole_or_parts`). They have a lane of their own.
pub(crate) const CHUNKED_FROM: u64 = 20 * 1024 * 1024;
