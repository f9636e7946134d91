//! Which directory it is that lies at a path: a mount can come and go under the same name.

use crate::model::stamp::Nanos;

/// A directory's identity. File systems number devices anew with every start of the
/// machine, and inodes from the same beginning: no single number says it all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ground {
    /// The device's number.
    pub(crate) device: u64,
    /// The inode's number.
    pub(crate) inode: u64,
    /// When it was made, where the file system knows.
    pub(crate) birth: Option<Nanos>,
    /// The file system's own ID; 0 where it has none.
    pub(crate) fs: u64,
}

impl Ground {
    /// Whether `now` is this directory. Inode and time of birth decide where both are
    /// known; else the file system must be the same by its number or by its ID.
    pub(crate) fn is_same(&self, now: &Ground) -> bool {
        if self.inode != now.inode {
            return false;
        }
        match (self.birth, now.birth) {
            (Some(before), Some(now)) => before == now,
            _ => self.device == now.device || (self.fs != 0 && self.fs == now.fs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ground;
    use crate::model::stamp::Nanos;

    fn ground(device: u64, inode: u64, birth: Option<i64>, fs: u64) -> Ground {
        let birth = birth.map(Nanos);
        Ground {
            device,
            inode,
            birth,
            fs,
        }
    }

    #[test]
    fn a_directory_is_known_again_after_a_restart_and_another_one_is_not() {
        let known = ground(1, 2, Some(5), 9);
        for (now, expected) in [
            (known, true),
            (ground(7, 2, Some(5), 9), true),
            (ground(7, 2, Some(5), 8), true),
            (ground(1, 3, Some(5), 9), false),
            (ground(1, 2, Some(6), 9), false),
            (ground(7, 2, None, 9), true),
            (ground(1, 2, None, 8), true),
            (ground(7, 2, None, 8), false),
        ] {
            assert_eq!(known.is_same(&now), expected, "{now:?}");
        }
        let old = ground(1, 2, None, 0);
        assert!(old.is_same(&ground(1, 2, Some(5), 0)));
        assert!(!old.is_same(&ground(7, 2, Some(5), 0)));
    }
}
