//! The SHA-1 of a file, and proof that nobody wrote to it meanwhile.
//!
//! The state before and after reading is taken from the open file itself, so a file
//! that was swapped for another cannot pass for the one that was read.

use crate::local::error::Error;
use crate::local::root::{Root, stamp};
use crate::model::digest::Sha1Digest;
use crate::model::path::RelPath;
use crate::model::stamp::{Nanos, Stamp};
use crate::plan::facts::{HashError, Hashed};
use sha1::{Digest, Sha1};
use std::fs::File;
use std::io::{self, Read};

/// How much is read at once.
pub(crate) const CHUNK: usize = 256 * 1024;

/// Reads the file below `root`; `at` is the time now. Blocks.
pub(crate) fn hash(root: &Root, path: &RelPath, at: Nanos) -> Result<Hashed, HashError> {
    let (mut file, before) = root.open_file(path)?;
    let mut buffer = vec![0; chunk_for(before.size)];
    let mut sha1 = Sha1::new();
    let mut left = before.size;
    while left > 0 {
        let chunk = &mut buffer[..chunk_for(left)];
        fill(&mut file, chunk)?;
        sha1.update(&*chunk);
        left -= chunk.len() as u64;
    }
    unchanged(&mut file, &before)?;
    Ok(Hashed {
        sha1: finish(sha1),
        stamp: before,
        at,
    })
}

/// How much of `left` bytes to read next.
pub(crate) fn chunk_for(left: u64) -> usize {
    usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK))
}

/// Reads exactly this much. A file that ends early was cut while it was read.
pub(crate) fn fill(file: &mut File, chunk: &mut [u8]) -> Result<(), HashError> {
    file.read_exact(chunk).map_err(|error| {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return HashError::Changing;
        }
        HashError::Unreadable(error.to_string())
    })
}

/// Checks, at the end of reading, that the file ends here and is as it was.
pub(crate) fn unchanged(file: &mut File, before: &Stamp) -> Result<(), HashError> {
    let words = |error: io::Error| HashError::Unreadable(error.to_string());
    let more = match file.read(&mut [0]) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
        read => read.map_err(words)?,
    };
    let after = stamp(&file.metadata().map_err(words)?);
    if more == 0 && after.same_file_state(before) {
        Ok(())
    } else {
        Err(HashError::Changing)
    }
}

/// The digest of what was read.
pub(crate) fn finish(sha1: Sha1) -> Sha1Digest {
    Sha1Digest::new(sha1.finalize().into())
}

impl From<Error> for HashError {
    fn from(error: Error) -> Self {
        match error {
            Error::Missing(_) | Error::NotDirectory(_) | Error::NotRegular(_) => Self::Vanished,
            // Whoever reports it names the path already.
            Error::Unreadable { source, .. } => Self::Unreadable(source.to_string()),
            Error::Unwatchable { .. } => Self::Unreadable(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, fill, hash, unchanged};
    use crate::local::test_rig::{Rig, rel};
    use crate::model::stamp::Nanos;
    use crate::plan::facts::HashError;
    use std::fs::{self, OpenOptions};
    use std::io::Write;
    use std::os::unix::fs::symlink;

    const NOW: Nanos = Nanos(7);

    fn check(content: &[u8], sha1: &str) {
        let rig = Rig::new().file("f", content);
        let hashed = hash(&rig.root, &rel("f"), NOW).unwrap();
        assert_eq!(hashed.sha1.to_string(), sha1);
        assert_eq!((hashed.stamp.size, hashed.at), (content.len() as u64, NOW));
    }

    #[test]
    fn digests_are_right_at_the_edges_of_a_chunk() {
        check(b"", "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        check(b"abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
        check(
            &vec![b'a'; CHUNK],
            "69f990968cdf7ac2bba8be0e24ecfc8c23a8b5e8",
        );
        check(
            &vec![b'a'; CHUNK + 1],
            "0c05a31cb7d66801be6ea4e61fa772988044b3b9",
        );
        check(
            &vec![b'a'; 1_000_000],
            "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
        );
    }

    #[test]
    fn what_is_not_a_regular_file_has_vanished() {
        let rig = Rig::new().dir("dir").fifo("pipe").file("real", "x");
        symlink("real", rig.path("link")).unwrap();
        for name in ["dir", "pipe", "link", "gone", "real/below"] {
            let error = hash(&rig.root, &rel(name), NOW).unwrap_err();
            assert_eq!(error, HashError::Vanished, "{name}");
        }
    }

    /// What one writer does between the two looks at the file.
    fn check_writer(write: impl FnOnce(&Rig)) {
        let rig = Rig::new().file("f", "before");
        let (mut file, stamp) = rig.root.open_file(&rel("f")).unwrap();
        fill(&mut file, &mut [0; 3]).unwrap();
        write(&rig);
        let rest = fill(&mut file, &mut [0; 3]);
        let verdict = rest.and_then(|()| unchanged(&mut file, &stamp));
        assert_eq!(verdict, Err(HashError::Changing));
    }

    #[test]
    fn a_file_that_is_written_to_meanwhile_is_caught() {
        check_writer(|rig| fs::write(rig.path("f"), "b").unwrap());
        let same_length = |path| fs::write(path, "BEFORE").unwrap();
        check_writer(|rig| rig.until_noticed("f", same_length));
        check_writer(|rig| {
            let file = OpenOptions::new().append(true).open(rig.path("f"));
            file.unwrap().write_all(b"more").unwrap();
        });
        // Content of the same length and the old time put back: the change time tells.
        check_writer(|rig| {
            let time = fs::metadata(rig.path("f")).unwrap().modified().unwrap();
            rig.until_noticed("f", same_length);
            let file = OpenOptions::new().write(true).open(rig.path("f")).unwrap();
            file.set_modified(time).unwrap();
        });
    }
}
