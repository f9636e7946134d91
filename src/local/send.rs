//! The body of an upload: what was announced, or a request that cannot complete.
//!
//! The file is hashed while it is sent, and the last chunk is held back until the whole
//! content has been read and proved to be what was announced. Otherwise the body ends
//! in an error short of its announced length, and Box stores nothing. No more than the
//! announced size is ever handed over: a longer body would be cut silently on the wire.

use crate::local::hash::{Hasher, Source, chunk_for};
use crate::local::root::Root;
use crate::model::digest::Sha1Digest;
use crate::model::path::RelPath;
use crate::model::session::Slice;
use crate::model::stamp::Tolerated;
use crate::plan::facts::{HashError, Hashed};
use bytes::Bytes;
use futures_util::Stream;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How many chunks may wait for the network.
const AHEAD: usize = 2;

/// An upload that is being read.
#[derive(Debug)]
pub(crate) struct Upload {
    /// The body; goes into the request.
    pub(crate) chunks: Chunks,
    /// What is known about it; stays with whoever makes the request.
    pub(crate) progress: Progress,
}

/// The body's chunks, for one reader.
#[derive(Debug)]
pub(crate) struct Chunks {
    receiver: Receiver<io::Result<Bytes>>,
    handed_over: Arc<AtomicU64>,
}

/// How far an upload is, and what stopped it.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    handed_over: Arc<AtomicU64>,
    verdict: Arc<OnceLock<HashError>>,
}

impl Upload {
    /// Opens the file, which must still be in the state that was hashed, and starts
    /// reading it. Blocks for the opening; needs a tokio runtime around it.
    pub(crate) fn open(
        root: &Root,
        path: &RelPath,
        expected: &Hashed,
        tolerated: Tolerated,
    ) -> Result<Self, HashError> {
        let source = Source::reopen(root, path, &expected.stamp, tolerated)?;
        let all = source.all();
        Ok(Self::of(source, all, expected.sha1))
    }

    /// Starts reading one slice of an open file, which has this digest. Needs a tokio
    /// runtime around it.
    pub(crate) fn of(source: Source, slice: Slice, sha1: Sha1Digest) -> Self {
        let (sender, receiver) = channel(AHEAD);
        let handed_over = Arc::<AtomicU64>::default();
        let progress = Progress {
            handed_over: Arc::clone(&handed_over),
            verdict: Arc::default(),
        };
        let verdict = Arc::clone(&progress.verdict);
        tokio::task::spawn_blocking(move || {
            if let Err(Stop::Because(why)) = feed(&source, slice, sha1, &sender) {
                // The reason first: it must be there when the request has failed.
                verdict.get_or_init(|| why);
                // A reader that has gone knows already.
                drop(sender.blocking_send(Err(io::Error::other("the file is not as announced"))));
            }
        });
        let chunks = Chunks {
            receiver,
            handed_over,
        };
        Self { chunks, progress }
    }
}

impl Progress {
    /// Why the body was not completed; `None` as long as nothing is wrong with the file.
    pub(crate) fn verdict(&self) -> Option<HashError> {
        self.verdict.get().cloned()
    }

    /// How many bytes the request has taken so far.
    pub(crate) fn handed_over(&self) -> u64 {
        self.handed_over.load(Ordering::Relaxed)
    }
}

impl Stream for Chunks {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let next = this.receiver.poll_recv(cx);
        if let Poll::Ready(Some(Ok(chunk))) = &next {
            this.handed_over
                .fetch_add(chunk.len() as u64, Ordering::Relaxed);
        }
        next
    }
}

/// Why reading ended early.
enum Stop {
    /// Nobody reads the body any more.
    Unheard,
    /// The file is not what was announced, or cannot be read.
    Because(HashError),
}

impl From<HashError> for Stop {
    fn from(why: HashError) -> Self {
        Self::Because(why)
    }
}

type Body = Sender<io::Result<Bytes>>;

fn feed(source: &Source, slice: Slice, sha1: Sha1Digest, body: &Body) -> Result<(), Stop> {
    let mut hasher = Hasher::default();
    let mut held = None;
    let (mut at, mut left) = (slice.offset, slice.size);
    while left > 0 {
        let mut chunk = vec![0; chunk_for(left)];
        source.fill(&mut chunk, at)?;
        hasher.update(&chunk);
        at += chunk.len() as u64;
        left -= chunk.len() as u64;
        hand_over(held.replace(Bytes::from(chunk)), body)?;
    }
    source.check()?;
    if at == source.stamp.size {
        source.ends()?;
    }
    if hasher.finish() != sha1 {
        return Err(Stop::Because(HashError::Changing));
    }
    hand_over(held, body)
}

fn hand_over(chunk: Option<Bytes>, body: &Body) -> Result<(), Stop> {
    match chunk {
        Some(chunk) => body.blocking_send(Ok(chunk)).map_err(|_| Stop::Unheard),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{AHEAD, Chunks, Upload};
    use crate::local::hash::{CHUNK, hash};
    use crate::local::test_rig::{Rig, rel};
    use crate::model::digest::Sha1Digest;
    use crate::model::stamp::{Nanos, Tolerated};
    use crate::plan::facts::HashError;
    use futures_util::StreamExt;
    use std::fs::{self, OpenOptions};
    use std::io::{self, Seek, SeekFrom, Write};
    use std::sync::Arc;
    use std::time::Duration;

    fn content(chunks: usize, more: usize) -> Vec<u8> {
        (0..chunks * CHUNK + more)
            .map(|i| (i % 251) as u8)
            .collect()
    }

    fn upload(rig: &Rig) -> Upload {
        let hashed = hash(&rig.root, &rel("f"), Nanos(0), Tolerated::Nothing).unwrap();
        Upload::open(&rig.root, &rel("f"), &hashed, Tolerated::Nothing).unwrap()
    }

    async fn drain(chunks: &mut Chunks) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(chunk) = chunks.next().await {
            all.extend_from_slice(&chunk?);
        }
        Ok(all)
    }

    #[tokio::test]
    async fn an_unchanged_file_arrives_whole() {
        for (chunks, more) in [(0, 0), (0, 1), (1, 0), (1, 1), (5, 0), (5, 17)] {
            let bytes = content(chunks, more);
            let rig = Rig::new().file("f", &bytes);
            let mut upload = upload(&rig);
            assert!(drain(&mut upload.chunks).await.unwrap() == bytes);
            assert_eq!(upload.progress.verdict(), None);
            assert_eq!(upload.progress.handed_over(), bytes.len() as u64);
        }
    }

    /// Takes one chunk, so that the reader stands still at most `AHEAD` chunks and one
    /// held back later, lets `write` change the file, and takes the rest.
    async fn check_writer(write: impl FnOnce(&Rig)) {
        let bytes = content(AHEAD + 6, 5);
        let rig = Rig::new().file("f", &bytes);
        let mut upload = upload(&rig);
        let first = upload.chunks.next().await.unwrap().unwrap();
        write(&rig);
        let rest = drain(&mut upload.chunks).await;
        assert!(rest.is_err(), "the body was completed");
        assert_eq!(upload.progress.verdict(), Some(HashError::Changing));
        assert!(upload.progress.handed_over() < bytes.len() as u64);
        assert_eq!(first.len(), CHUNK);
    }

    fn overwrite(rig: &Rig, at: SeekFrom, bytes: &[u8]) {
        rig.until_noticed("f", |path| {
            let mut file = OpenOptions::new().write(true).open(path).unwrap();
            file.seek(at).unwrap();
            file.write_all(bytes).unwrap();
        });
    }

    #[tokio::test]
    async fn a_file_that_changes_while_it_is_sent_never_completes() {
        check_writer(|rig| overwrite(rig, SeekFrom::End(-1), b"!")).await;
        check_writer(|rig| overwrite(rig, SeekFrom::Start(0), b"!")).await;
        check_writer(|rig| overwrite(rig, SeekFrom::End(0), b"grown")).await;
        check_writer(|rig| fs::write(rig.path("f"), "cut").unwrap()).await;
        check_writer(|rig| fs::remove_file(rig.path("f")).unwrap()).await;
    }

    #[tokio::test]
    async fn a_file_that_changed_before_is_not_sent_at_all() {
        let rig = Rig::new().file("f", "before");
        let hashed = hash(&rig.root, &rel("f"), Nanos(0), Tolerated::Nothing).unwrap();
        rig.until_noticed("f", |path| fs::write(path, "after!").unwrap());
        let error = Upload::open(&rig.root, &rel("f"), &hashed, Tolerated::Nothing).unwrap_err();
        assert_eq!(error, HashError::Changing);
        fs::remove_file(rig.path("f")).unwrap();
        let error = Upload::open(&rig.root, &rel("f"), &hashed, Tolerated::Nothing).unwrap_err();
        assert_eq!(error, HashError::Vanished);
    }

    #[tokio::test]
    async fn a_digest_that_does_not_fit_is_caught_although_the_stamp_does() {
        let rig = Rig::new().file("f", "mapped memory was written");
        let mut hashed = hash(&rig.root, &rel("f"), Nanos(0), Tolerated::Nothing).unwrap();
        hashed.sha1 = Sha1Digest::new([0; 20]);
        let mut upload = Upload::open(&rig.root, &rel("f"), &hashed, Tolerated::Nothing).unwrap();
        assert!(drain(&mut upload.chunks).await.is_err());
        assert_eq!(upload.progress.handed_over(), 0);
        assert_eq!(upload.progress.verdict(), Some(HashError::Changing));
    }

    #[tokio::test]
    async fn dropping_the_body_stops_the_reader() {
        let rig = Rig::new().file("f", content(AHEAD + 6, 0));
        let Upload { chunks, progress } = upload(&rig);
        drop(chunks);
        let reader_gone = async {
            while Arc::strong_count(&progress.verdict) > 1 {
                tokio::task::yield_now().await;
            }
        };
        let limit = Duration::from_secs(10);
        tokio::time::timeout(limit, reader_gone).await.unwrap();
        assert_eq!(progress.verdict(), None);
    }
}
