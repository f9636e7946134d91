//! Which directory it is that lies at a path: a mount can come and go under the same name.

use crate::model::identity::{Identity, Sameness};

/// A directory and its file system. Devices are numbered anew with every start of the
/// machine, and inodes from the same beginning: no single number says it all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ground {
    /// The directory.
    pub(crate) identity: Identity,
    /// The file system's own ID; 0 where it has none.
    pub(crate) fs: u64,
}

impl Ground {
    /// Whether `now` is this directory. Inode and time of birth decide where both are
    /// known; else the file system must be the same by its number or by its ID.
    pub(crate) fn is_same(&self, now: &Ground) -> bool {
        let (a, b) = (&self.identity, &now.identity);
        match a.compare(b) {
            Sameness::Same => true,
            Sameness::Other => false,
            Sameness::Unknown => {
                let has_birth = a.born.is_some() && b.born.is_some();
                has_birth || a.device == b.device || (self.fs != 0 && self.fs == now.fs)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ground;
    use crate::model::identity::Identity;
    use crate::model::stamp::Nanos;

    fn ground(device: u64, inode: u64, born: Option<i64>, fs: u64) -> Ground {
        let born = born.map(Nanos);
        let identity = Identity {
            device,
            inode,
            born,
        };
        Ground { identity, fs }
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
