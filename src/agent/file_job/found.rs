//! The local file that a job is about, as the job has found it.

use crate::agent::meter::{Stretch, Transfer};
use crate::local::hash::{self, Source};
use crate::local::root::Root;
use crate::local::send::Upload;
use crate::model::path::RelPath;
use crate::model::stamp::{Stamp, Tolerated};
use crate::model::trouble::Trouble;
use crate::plan::action::FileWork;
use crate::plan::facts::{HashError, Hashed, Local};
use crate::plan::policy::CHUNKED_FROM;
use crate::remote::parcel::Parcel;
use futures_util::TryStreamExt;
use std::sync::Arc;

/// The file, and where it is.
pub(crate) struct Found {
    root: Arc<Root>,
    /// Its path below the root.
    pub(crate) path: RelPath,
    /// What is known of it.
    pub(crate) local: Local,
    /// What it may do while it is sent.
    pub(super) tolerated: Tolerated,
}

impl Found {
    /// Looks at the file. A small one is read at once; of a large one only what planning
    /// has read is known, if it is still in that state.
    pub(crate) async fn open(
        root: Arc<Root>,
        path: RelPath,
        work: &FileWork,
    ) -> Result<Self, Trouble> {
        let tolerated = work.tolerated();
        let (at, place, known) = (Arc::clone(&root), path.clone(), work.hashed);
        let local = blocking(move || {
            let (_, stamp) = at.open_file(&place).map_err(HashError::from)?;
            let known = known.filter(|known| known.stamp.same_file_state(&stamp));
            Ok(match known {
                // The listing knows no birth time; opening does.
                Some(known) => Local::from(Hashed { stamp, ..known }),
                None if stamp.size >= CHUNKED_FROM => Local {
                    stamp,
                    hashed: None,
                },
                None => hash::hash(&at, &place, crate::clock::nanos(), tolerated)?.into(),
            })
        });
        Ok(Self {
            local: local.await?,
            root,
            path,
            tolerated,
        })
    }

    /// The file's size in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.local.stamp.size
    }

    /// Its digest; it must still be in the state that it was found in.
    pub(crate) async fn hash(&self) -> Result<Hashed, Trouble> {
        if let Some(known) = self.local.hashed {
            return Ok(known);
        }
        let source = self.source(self.local.stamp).await?;
        let at = crate::clock::nanos();
        blocking(move || {
            let (sha1, stamp) = (source.whole()?, source.stamp);
            Ok(Hashed { sha1, stamp, at })
        })
        .await
    }

    /// Opens it, in the state that it was found in, or that it had once if it has only
    /// grown since and may.
    pub(super) async fn source(&self, stamp: Stamp) -> Result<Source, Trouble> {
        let (root, path) = (Arc::clone(&self.root), self.path.clone());
        let tolerated = self.tolerated;
        blocking(move || Source::reopen(&root, &path, &stamp, tolerated)).await
    }

    /// Its content, for one try to send it.
    pub(super) async fn parcel(
        &self,
        hashed: Hashed,
        transfer: &Transfer,
    ) -> Result<Parcel, Trouble> {
        let (root, path) = (Arc::clone(&self.root), self.path.clone());
        let tolerated = self.tolerated;
        let upload = blocking(move || Upload::open(&root, &path, &hashed, tolerated)).await?;
        Ok(parcel(upload, transfer.stretch(hashed.stamp.size)))
    }
}

/// Some of a file's bytes on their way.
pub(super) fn parcel(upload: Upload, stretch: Stretch) -> Parcel {
    let size = stretch.size();
    let (sent, fault) = (upload.progress.clone(), upload.progress);
    Parcel {
        size,
        body: reqwest::Body::wrap_stream(upload.chunks.inspect_ok(move |chunk| {
            stretch.moved(chunk.len() as u64);
        })),
        sent: Box::new(move || sent.handed_over()),
        fault: Box::new(move || fault.verdict().map(local)),
    }
}

/// Reading, on a thread that may wait for the disk.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
) -> Result<T, Trouble> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(local),
        Err(_) => Err(Trouble::LocalRead("reading it was cut short".to_owned())),
    }
}

fn local(error: HashError) -> Trouble {
    match error {
        HashError::Changing => Trouble::LocalChanged,
        HashError::Vanished => Trouble::LocalGone,
        HashError::Unreadable(error) => Trouble::LocalRead(error),
    }
}
