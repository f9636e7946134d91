//! The SHA-1 of a file, and proof that nobody wrote to it meanwhile.
//!
//! The state before and after reading is taken from the open file itself, so a file
//! that was swapped for another cannot pass for the one that was read.

use crate::local::error::Error;
use crate::local::root::{Root, stamp};
use crate::model::digest::Sha1Digest;
use crate::model::path::RelPath;
use crate::model::session::Slice;
use crate::model::stamp::{Nanos, Stamp, Tolerated};
use crate::plan::facts::{HashError, Hashed};
use sha1::{Digest, Sha1};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// How much is read at once.
pub(crate) const CHUNK: usize = 256 * 1024;

/// A file that is open for as long as it takes to read or to send it.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    file: Arc<File>,
    /// What it looked like when it was opened.
    pub(crate) stamp: Stamp,
    tolerated: Tolerated,
}

/// A digest that is made piece by piece.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hasher(Sha1);

impl Hasher {
    /// The next bytes.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all of them.
    pub(crate) fn finish(self) -> Sha1Digest {
        Sha1Digest::new(self.0.finalize().into())
    }
}

impl Source {
    /// Opens the file below `root`. Blocks.
    pub(crate) fn open(
        root: &Root,
        path: &RelPath,
        tolerated: Tolerated,
    ) -> Result<Self, HashError> {
        let (file, stamp) = root.open_file(path)?;
        let file = Arc::new(file);
        Ok(Self {
            file,
            stamp,
            tolerated,
        })
    }

    /// Opens the file, which must still be as `before`, as far as that is asked for; what
    /// is read of it is what was there then. Blocks.
    pub(crate) fn reopen(
        root: &Root,
        path: &RelPath,
        before: &Stamp,
        tolerated: Tolerated,
    ) -> Result<Self, HashError> {
        let source = Self::open(root, path, tolerated)?;
        if !tolerated.allows(before, &source.stamp) {
            return Err(HashError::Changing);
        }
        let created = source.stamp.created;
        let stamp = Stamp { created, ..*before };
        Ok(Self { stamp, ..source })
    }

    /// Everything, as one slice.
    pub(crate) fn all(&self) -> Slice {
        Slice {
            number: 0,
            offset: 0,
            size: self.stamp.size,
        }
    }

    /// Reads exactly this much. A file that ends early was cut while it was read.
    pub(crate) fn fill(&self, chunk: &mut [u8], at: u64) -> Result<(), HashError> {
        self.file.read_exact_at(chunk, at).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                return HashError::Changing;
            }
            HashError::Unreadable(error.to_string())
        })
    }

    /// Checks that the file is as it was when it was opened.
    pub(crate) fn check(&self) -> Result<(), HashError> {
        let now = self.file.metadata();
        let now = now.map_err(|error| HashError::Unreadable(error.to_string()))?;
        match self.tolerated.allows(&self.stamp, &stamp(&now)) {
            true => Ok(()),
            false => Err(HashError::Changing),
        }
    }

    /// The digest of one slice, which goes into `whole` as well. Blocks.
    pub(crate) fn digest(&self, slice: Slice, whole: &mut Hasher) -> Result<Sha1Digest, HashError> {
        let mut own = Hasher::default();
        self.read(slice, |bytes| {
            own.update(bytes);
            whole.update(bytes);
        })?;
        Ok(own.finish())
    }

    /// The digest of everything. Blocks.
    pub(crate) fn whole(&self) -> Result<Sha1Digest, HashError> {
        let mut whole = Hasher::default();
        self.read(self.all(), |bytes| whole.update(bytes))?;
        self.ends()?;
        Ok(whole.finish())
    }

    /// Checks that the file ends where its size says, or has grown where it may. Some that
    /// the system makes up, as in `/proc`, hold more than they ever say: what their size
    /// covers is not their content.
    pub(crate) fn ends(&self) -> Result<(), HashError> {
        let more = match self.file.read_at(&mut [0], self.stamp.size) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            read => read.map_err(|error| HashError::Unreadable(error.to_string()))?,
        };
        if more == 0 {
            return Ok(());
        }
        let now = self.file.metadata();
        let now = now.map_err(|error| HashError::Unreadable(error.to_string()))?;
        if now.len() == self.stamp.size {
            let why = "it holds more than its size says, as what the system makes up does";
            return Err(HashError::Unreadable(why.to_owned()));
        }
        match self.tolerated {
            Tolerated::Growth => Ok(()),
            Tolerated::Nothing => Err(HashError::Changing),
        }
    }

    fn read(&self, slice: Slice, mut take: impl FnMut(&[u8])) -> Result<(), HashError> {
        let mut buffer = vec![0; chunk_for(slice.size)];
        let (mut at, mut left) = (slice.offset, slice.size);
        while left > 0 {
            let chunk = &mut buffer[..chunk_for(left)];
            self.fill(chunk, at)?;
            take(chunk);
            at += chunk.len() as u64;
            left -= chunk.len() as u64;
        }
        self.check()
    }
}

/// Reads the file below `root`; `at` is the time now. Blocks.
pub(crate) fn hash(
    root: &Root,
    path: &RelPath,
    at: Nanos,
    tolerated: Tolerated,
) -> Result<Hashed, HashError> {
    let source = Source::open(root, path, tolerated)?;
    Ok(Hashed {
        sha1: source.whole()?,
        stamp: source.stamp,
        at,
    })
}

/// How much of `left` bytes to read next.
pub(crate) fn chunk_for(left: u64) -> usize {
    usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK))
}

impl From<Error> for HashError {
    fn from(error: Error) -> Self {
        match error {
            Error::Missing(_) | Error::NotDirectory(_) | Error::NotRegular(_) => Self::Vanished,
            // Whoever reports it names the path already.
            Error::Unreadable { source, .. } => Self::Unreadable(source.to_string()),
            Error::Rules { .. } => Self::Unreadable(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, Hasher, Source, hash};
    use crate::local::root::Root;
    use crate::local::test_rig::{Rig, rel};
    use crate::model::session::Cut;
    use crate::model::stamp::{Nanos, Tolerated};
    use crate::plan::facts::HashError;
    use std::fs::{self, OpenOptions};
    use std::io::Write;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    const NOW: Nanos = Nanos(7);

    fn check(content: &[u8], sha1: &str) {
        let rig = Rig::new().file("f", content);
        let hashed = hash(&rig.root, &rel("f"), NOW, Tolerated::Nothing).unwrap();
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
            let error = hash(&rig.root, &rel(name), NOW, Tolerated::Nothing).unwrap_err();
            assert_eq!(error, HashError::Vanished, "{name}");
        }
    }

    /// What one writer does between the two looks at the file.
    fn check_writer(write: impl FnOnce(&Rig)) {
        let rig = Rig::new().file("f", "before");
        let source = Source::open(&rig.root, &rel("f"), Tolerated::Nothing).unwrap();
        source.fill(&mut [0; 3], 0).unwrap();
        write(&rig);
        let rest = source.fill(&mut [0; 3], 3);
        let verdict = rest.and_then(|()| source.check());
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

    #[test]
    fn a_log_is_read_as_far_as_it_was_and_nothing_else_is_tolerated() {
        let rig = Rig::new().file("f", "line 1\n");
        let source = Source::open(&rig.root, &rel("f"), Tolerated::Growth).unwrap();
        let before = source.whole().unwrap();
        let log = OpenOptions::new().append(true).open(rig.path("f"));
        log.unwrap().write_all(b"line 2\n").unwrap();
        assert_eq!(source.whole(), Ok(before));
        let again = Source::reopen(&rig.root, &rel("f"), &source.stamp, Tolerated::Growth);
        assert_eq!(again.unwrap().whole(), Ok(before));
        fs::write(rig.path("f"), "cut").unwrap();
        assert_eq!(source.whole(), Err(HashError::Changing));
        let again = Source::reopen(&rig.root, &rel("f"), &source.stamp, Tolerated::Growth);
        assert_eq!(again.unwrap_err(), HashError::Changing);
    }

    #[test]
    fn what_the_system_makes_up_is_never_taken_for_its_size() {
        let Ok(root) = Root::open(Path::new("/proc")) else {
            return;
        };
        for tolerated in [Tolerated::Nothing, Tolerated::Growth] {
            let error = hash(&root, &rel("version"), NOW, tolerated).unwrap_err();
            assert!(matches!(error, HashError::Unreadable(_)), "{error:?}");
        }
    }

    #[test]
    fn slices_have_digests_of_their_own_and_add_up_to_the_whole() {
        let content: Vec<u8> = (0..3 * CHUNK + 7).map(|i| (i % 251) as u8).collect();
        let rig = Rig::new().file("f", &content);
        let source = Source::open(&rig.root, &rel("f"), Tolerated::Nothing).unwrap();
        let cut = Cut::new(content.len() as u64, CHUNK as u64 + 1, None).unwrap();
        let mut whole = Hasher::default();
        for number in 0..cut.parts() {
            let slice = cut.slice(number).unwrap();
            let from = usize::try_from(slice.offset).unwrap();
            let mut own = Hasher::default();
            own.update(&content[from..from + usize::try_from(slice.size).unwrap()]);
            assert_eq!(source.digest(slice, &mut whole), Ok(own.finish()));
        }
        assert_eq!(whole.finish(), source.whole().unwrap());
    }
}
