//! What holds a mass delete: far more often a slip, a script or a lost disk than a wish.

use std::fmt;

/// How many files one pass may put into the trash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MaxDeletes {
    /// So many of a hundred of the mirror's files, rounded up.
    Percent(u8),
    /// So many.
    Number(u64),
}

impl MaxDeletes {
    /// Of a mirror with so many files.
    fn of(self, mapped: u64) -> u64 {
        match self {
            Self::Percent(part) => {
                let parts = u128::from(mapped) * u128::from(part);
                u64::try_from(parts.div_ceil(100)).unwrap_or(u64::MAX)
            }
            Self::Number(number) => number,
        }
    }
}

impl fmt::Display for MaxDeletes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(part) => write!(f, "{part}%"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

/// All that a pass would put into the trash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    /// Files that would go, approved or not. A directory without files counts as one.
    pub(crate) would: u64,
    /// Those of them that a person has approved.
    pub(crate) approved: u64,
    /// Files of the mirror that are on Box.
    pub(crate) mapped: u64,
    /// Nothing of what was mirrored is left.
    pub(crate) everything: bool,
}

/// Whether the pass must not delete anything.
pub(crate) fn holds(load: Load, limit: MaxDeletes) -> bool {
    let unasked = load.would.saturating_sub(load.approved);
    unasked > 0 && (load.everything || unasked > limit.of(load.mapped))
}
