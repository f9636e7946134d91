//! An upload in parts, as Box keeps it: the session, its parts, and how a file is cut.

use crate::model::digest::Sha1Digest;
use std::fmt;

/// A session that is open at Box. (`UploadSession`)
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    /// Its ID.
    pub(crate) id: String,
    /// How the file is cut; Box chooses.
    pub(crate) cut: Cut,
    /// Where its calls go.
    pub(crate) places: Places,
}

/// The absolute addresses that Box gave for a session, to be used as they are: it lives
/// in one data centre. Whether they may be followed is checked at each use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// For parts.
    pub(crate) part: String,
    /// For the list of the parts that Box holds.
    pub(crate) list: String,
    /// For the session's state.
    pub(crate) status: String,
    /// For the commit.
    pub(crate) commit: String,
    /// For giving it up.
    pub(crate) abort: String,
}

/// A part that Box holds. (`UploadPart`)
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its ID.
    pub(crate) id: String,
    /// Where it begins, in bytes.
    pub(crate) offset: u64,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Its SHA-1.
    pub(crate) sha1: Sha1Digest,
}

/// How a file is cut into parts: all of one size, but for the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    size: u64,
    part_size: u64,
}

/// One part's place in the file. Its number counts from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    /// Its number.
    pub(crate) number: u64,
    /// Where it begins, in bytes.
    pub(crate) offset: u64,
    /// How long it is, in bytes.
    pub(crate) size: u64,
}

/// More parts than this cannot be listed: Box takes offsets up to 10,000 and gives 1,000
/// in a page.
const MOST_PARTS: u64 = 11_000;

impl Cut {
    /// Cuts `size` bytes into parts of `part_size`, which `total` says how many are.
    /// The numbers come from a server and may be anything.
    pub(crate) fn new(size: u64, part_size: u64, total: Option<u64>) -> Result<Self, String> {
        let odd = |what: String| Err(format!("Box opened a session with {what}"));
        if size == 0 || part_size == 0 {
            return odd(format!("parts of {part_size} bytes for {size} bytes"));
        }
        let parts = size.div_ceil(part_size);
        if parts > MOST_PARTS {
            return odd(format!(
                "parts of {part_size} bytes for {size} bytes: that are {parts}"
            ));
        }
        match total {
            Some(total) if total != parts => odd(format!(
                "{total} parts of {part_size} bytes for {size} bytes"
            )),
            _ => Ok(Self { size, part_size }),
        }
    }

    /// The file's size in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The size of every part but the last, in bytes.
    pub(crate) fn part_size(&self) -> u64 {
        self.part_size
    }

    /// How many parts there are.
    pub(crate) fn parts(&self) -> u64 {
        self.size.div_ceil(self.part_size)
    }

    /// The part of this number, if there is one.
    pub(crate) fn slice(&self, number: u64) -> Option<Slice> {
        let offset = number.checked_mul(self.part_size)?;
        let left = self.size.checked_sub(offset).filter(|left| *left > 0)?;
        let size = left.min(self.part_size);
        Some(Slice {
            number,
            offset,
            size,
        })
    }

    /// The part that is at this place and of this size, if the cut has one there.
    pub(crate) fn at(&self, offset: u64, size: u64) -> Option<Slice> {
        let number = offset / self.part_size;
        self.slice(number)
            .filter(|slice| (slice.offset, slice.size) == (offset, size))
    }
}

impl Slice {
    /// As `Content-Range` says it.
    pub(crate) fn range(&self, cut: &Cut) -> String {
        let last = self.offset + self.size - 1;
        format!("bytes {}-{last}/{}", self.offset, cut.size)
    }
}

/// What a session's call met that no other call can meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SessionFault {
    /// The session is over: expired, given up, committed, or never there.
    Over,
    /// Box holds a part there already.
    Overlap,
    /// Box has not worked through the last parts yet.
    NotYet,
    /// The file is too small to be sent in parts.
    TooSmall,
    /// Another session for the same is open; where its state is told, if Box said so.
    Open(Option<String>),
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "part {} at {}", self.number, self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::Cut;

    #[test]
    fn a_cut_covers_every_byte_once() {
        for (size, part_size) in [(1, 1), (9, 4), (8, 4), (3, 8), (20_971_521, 8_388_608)] {
            let cut = Cut::new(size, part_size, None).unwrap();
            let mut at = 0;
            for number in 0..cut.parts() {
                let slice = cut.slice(number).unwrap();
                assert_eq!((slice.number, slice.offset), (number, at));
                assert_eq!(cut.at(slice.offset, slice.size), Some(slice));
                at += slice.size;
            }
            assert_eq!(at, size);
            assert_eq!(cut.slice(cut.parts()), None);
            assert_eq!(cut.slice(u64::MAX), None);
        }
    }

    #[test]
    fn ranges_are_told_with_their_last_byte() {
        let cut = Cut::new(9, 4, Some(3)).unwrap();
        let ranges: Vec<_> = (0..3).map(|n| cut.slice(n).unwrap().range(&cut)).collect();
        assert_eq!(ranges, ["bytes 0-3/9", "bytes 4-7/9", "bytes 8-8/9"]);
        assert_eq!(cut.at(4, 3), None);
        assert_eq!(cut.at(3, 4), None);
        assert_eq!(cut.at(8, 1).unwrap().number, 2);
    }

    #[test]
    fn a_cut_that_cannot_be_is_refused() {
        for (size, part_size, total) in [
            (9, 0, None),
            (0, 4, None),
            (9, 4, Some(2)),
            (9, 4, Some(0)),
            (u64::MAX, 1, None),
        ] {
            let why = Cut::new(size, part_size, total).unwrap_err();
            assert!(why.contains("bytes for"), "{why}");
        }
        assert!(Cut::new(9, u64::MAX, Some(1)).is_ok());
    }
}
