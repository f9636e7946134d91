//! Which object of a file system an entry is, whatever it is called.

use crate::model::stamp::Nanos;

/// What tells an object from every other. An inode number alone does not: it is given
/// away again as soon as its object is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    /// The file system's number, which may be another one after a reboot.
    pub(crate) device: u64,
    /// Inode number.
    pub(crate) inode: u64,
    /// When the object was made, where the file system knows it.
    pub(crate) born: Option<Nanos>,
}

/// Whether two identities are one object's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sameness {
    /// They are.
    Same,
    /// They are not.
    Other,
    /// Nothing that the file system tells decides it.
    Unknown,
}

impl Identity {
    /// Compares. Another device number is no proof of anything.
    pub(crate) fn compare(&self, other: &Self) -> Sameness {
        let born = self.born.zip(other.born);
        match born {
            _ if self.inode != other.inode => Sameness::Other,
            Some((a, b)) if a != b => Sameness::Other,
            Some(_) if self.device == other.device => Sameness::Same,
            _ => Sameness::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Identity, Sameness};
    use crate::model::stamp::Nanos;

    #[test]
    fn an_inode_is_proof_only_with_its_birth_and_on_its_device() {
        let identity = |device, inode, born: i64| Identity {
            device,
            inode,
            born: Some(born).filter(|born| *born > 0).map(Nanos),
        };
        let known = identity(1, 7, 5);
        for (other, expected) in [
            (identity(1, 7, 5), Sameness::Same),
            (identity(1, 8, 5), Sameness::Other),
            (identity(1, 7, 6), Sameness::Other),
            (identity(2, 7, 6), Sameness::Other),
            (identity(2, 7, 5), Sameness::Unknown),
            (identity(1, 7, 0), Sameness::Unknown),
        ] {
            assert_eq!(known.compare(&other), expected, "{other:?}");
            assert_eq!(other.compare(&known), expected, "{other:?}");
        }
    }
}
