//! What a file looked like when it was last examined, without reading its content.

/// Nanoseconds since 1970-01-01 UTC; times outside the years 1678 to 2262 saturate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Nanos(pub(crate) i64);

impl Nanos {
    /// From seconds and nanoseconds as `stat` reports them.
    pub(crate) fn new(seconds: i64, nanos: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
    }

    /// Whole seconds, rounded down: Box keeps no finer time.
    pub(crate) fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// How many nanoseconds `self` lies after `earlier` (negative when before it).
    pub(crate) fn since(self, earlier: Nanos) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Two equal stamps mean that nobody wrote to the file in between, except through a
/// memory map (see [`YOUNG`]). The change time is part of it because it cannot be set
/// back by a program that restores the modification time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Size in bytes.
    pub(crate) size: u64,
    /// When the content last changed, as far as the file system was told.
    pub(crate) mtime: Nanos,
    /// When the inode last changed; kept by the kernel.
    pub(crate) ctime: Nanos,
    /// Inode number.
    pub(crate) inode: u64,
    /// When the file was created, where the file system knows it. Not compared.
    pub(crate) created: Option<Nanos>,
}

impl Stamp {
    /// The stamp of content that is on no disk any more: no file ever has it, because
    /// no file has the inode 0.
    pub(crate) fn of_no_file(size: u64) -> Self {
        let (mtime, ctime) = (Nanos(0), Nanos(0));
        let (inode, created) = (0, None);
        Self {
            size,
            mtime,
            ctime,
            inode,
            created,
        }
    }

    /// The size, if it was a file's: of content that is on no disk Box may not have told.
    pub(crate) fn size_of_a_file(&self) -> Option<u64> {
        Some(self.size).filter(|_| self.inode != 0)
    }

    /// Whether the file is, by its stamp, the one that `other` was taken of.
    pub(crate) fn same_file_state(&self, other: &Stamp) -> bool {
        (self.size, self.mtime, self.ctime, self.inode)
            == (other.size, other.mtime, other.ctime, other.inode)
    }

    /// Whether the file is the one that `earlier` was taken of, and has at most grown.
    pub(crate) fn has_grown_from(&self, earlier: &Stamp) -> bool {
        self.inode == earlier.inode && self.size >= earlier.size
    }

    /// Whether a digest taken at `hashed_at` may already be out of date although the
    /// stamp still fits: see [`YOUNG`].
    pub(crate) fn is_young_at(&self, hashed_at: Nanos) -> bool {
        hashed_at.since(self.ctime) < YOUNG
    }
}

/// What may happen to a file while it is read and sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tolerated {
    /// Nothing: it must rest.
    Nothing,
    /// It may grow: a log that never rests is sent as far as it was when it was opened,
    /// and read twice, so that what is sent is what it held at one moment in between.
    Growth,
}

impl Tolerated {
    /// Whether a file that looked like `before` may look like `now`.
    pub(crate) fn allows(self, before: &Stamp, now: &Stamp) -> bool {
        match self {
            Self::Nothing => now.same_file_state(before),
            Self::Growth => now.has_grown_from(before),
        }
    }
}

/// How long after its last recorded change a file's digest stays provisional.
///
/// A program that writes through a memory map moves the times only when a clean page
/// is first touched; later stores show up in the times after the kernel's writeback
/// (30 s and a 5 s tick on Linux). A digest taken within 40 s of the change time is
/// therefore checked once more, at least 40 s after it was taken.
pub(crate) const YOUNG: i64 = 40_000_000_000;

#[cfg(test)]
mod tests {
    use super::Nanos;

    #[test]
    fn odd_times_saturate_and_round_down() {
        assert_eq!(Nanos::new(i64::MAX, 5).0, i64::MAX);
        assert_eq!(Nanos::new(-1, 0).seconds(), -1);
        assert_eq!(Nanos(-1).seconds(), -1);
        assert_eq!(Nanos(1_999_999_999).seconds(), 1);
    }
}
