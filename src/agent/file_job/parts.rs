//! Filling a session: does what [`Chunked`] says, several things at a time.
//!
//! Parts are read for their digests in order, and read again while they are sent: what
//! goes over the wire is hashed on its way, and no part is ever held in memory.

use crate::agent::file_job::found::{blocking, parcel};
use crate::agent::file_job::session::{Opened, Sessions};
use crate::local::hash::{Hasher, Source};
use crate::local::send::Upload;
use crate::model::digest::Sha1Digest;
use crate::model::ids::Etag;
use crate::model::item::RemoteFile;
use crate::model::session::{Part, Session, Slice};
use crate::model::stamp::{Nanos, Tolerated};
use crate::model::trouble::Trouble;
use crate::plan::action::Edit;
use crate::plan::chunked::{Chunked, Do, Done, End};
use crate::plan::facts::{Hashed, Intent};
use crate::remote::client::BoxClient;
use crate::remote::sessions::{Commit, Whole};
use crate::store::error::Error as StoreError;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

/// What became of it.
pub(super) enum Sent {
    /// It is on Box.
    Stored(RemoteFile, Hashed),
    /// Not now; the session stays.
    Later(Trouble),
    /// Not in this session.
    Useless(Trouble),
}

/// One session being filled.
struct Filling<'a> {
    sessions: &'a Sessions<'a>,
    client: &'a BoxClient,
    session: &'a Session,
    source: Source,
    /// When reading began.
    at: Nanos,
    /// The digest of what has been read so far.
    whole: Arc<Mutex<Hasher>>,
    /// The digest of the whole, once it has been proved: the commit that Box is working on
    /// is asked for again as it was, whatever becomes of the file.
    proved: OnceCell<Hashed>,
    /// For a version: the etag that the file must still have.
    base: Option<&'a Etag>,
    /// Whether the file's name tells it apart from a twin.
    apart: bool,
}

type Event = Result<Done<(RemoteFile, Hashed)>, StoreError>;

/// Fills the session and commits it.
pub(super) async fn send(
    sessions: &Sessions<'_>,
    opened: &Opened,
    base: Option<&Etag>,
    apart: bool,
) -> Result<Sent, StoreError> {
    let source = match sessions.found.source(opened.stamp).await {
        Ok(source) => source,
        Err(trouble) => return Ok(Sent::Useless(trouble)),
    };
    let filling = Filling {
        sessions,
        client: &sessions.context.client,
        session: &opened.session,
        source,
        at: crate::clock::nanos(),
        whole: Arc::default(),
        proved: OnceCell::new(),
        base,
        apart,
    };
    let width = sessions.context.parts_at_once;
    let machine = Chunked::new(opened.session.cut, width, opened.resumed);
    Ok(match filling.drive(machine).await? {
        End::Stored((file, hashed)) => Sent::Stored(file, hashed),
        End::Later(trouble) => Sent::Later(trouble),
        End::Useless(trouble) => Sent::Useless(trouble),
    })
}

impl Filling<'_> {
    async fn drive(
        &self,
        mut machine: Chunked<(RemoteFile, Hashed)>,
    ) -> Result<End<(RemoteFile, Hashed)>, StoreError> {
        let mut flying = FuturesUnordered::new();
        loop {
            // A run that ends lets what flies arrive, and starts nothing more.
            while !self.client.is_closing()
                && let Some(next) = machine.next()
            {
                flying.push(self.start(next));
            }
            if let Some(end) = machine.end() {
                return Ok(end);
            }
            let Some(done) = flying.next().await else {
                return Ok(End::Later(Trouble::NoAnswer(
                    "boxup is stopping".to_owned(),
                )));
            };
            machine.done(done?, fastrand::f64());
        }
    }

    fn start(&self, next: Do) -> BoxFuture<'_, Event> {
        match next {
            Do::List => Box::pin(async {
                let parts = self.client.list_parts(self.session).await;
                let there = parts.iter().flatten().map(|part| part.size);
                self.sessions.transfer.there(there.sum());
                Ok(Done::Listed(parts))
            }),
            Do::Read(slice) => Box::pin(async move { Ok(Done::Read(self.read(slice).await)) }),
            Do::Put(slice, sha1) => Box::pin(async move {
                let part = self.put(slice, sha1).await;
                Ok(Done::Put(slice.number, part))
            }),
            Do::Wait(delay) => Box::pin(async move {
                self.wait(delay).await;
                Ok(Done::Waited)
            }),
            Do::Commit(parts) => Box::pin(async move { self.commit(&parts).await }),
        }
    }

    async fn read(&self, slice: Slice) -> Result<Sha1Digest, Trouble> {
        let (source, whole) = (self.source.clone(), Arc::clone(&self.whole));
        blocking(move || {
            let mut whole = whole.lock().unwrap_or_else(PoisonError::into_inner);
            source.digest(slice, &mut whole)
        })
        .await
    }

    async fn put(&self, slice: Slice, sha1: Sha1Digest) -> Result<Part, Trouble> {
        let open = || -> BoxFuture<'_, _> {
            let upload = Upload::of(self.source.clone(), slice, sha1);
            let stretch = self.sessions.transfer.stretch(slice.size);
            Box::pin(std::future::ready(Ok(parcel(upload, stretch))))
        };
        self.client.put_part(self.session, slice, sha1, &open).await
    }

    async fn wait(&self, delay: Duration) {
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = self.client.closed() => {}
        }
    }

    /// Before the parts become a file, it is on disk that they may have.
    async fn commit(&self, parts: &[Part]) -> Event {
        let hashed = match self.proved.get_or_try_init(|| self.digest()).await {
            Ok(hashed) => *hashed,
            Err(trouble) => return Ok(Done::Committed(Err(trouble))),
        };
        let (dir, name) = (
            self.sessions.dir.folder.key,
            self.sessions.work.name.clone(),
        );
        let intent = Intent {
            sha1: hashed.sha1,
            apart: self.apart,
        };
        let edit = Edit::Intend(dir, name, intent);
        self.sessions.store.writer().apply(vec![edit]).await?;
        let whole = Whole {
            sha1: hashed.sha1,
            stamp: &hashed.stamp,
            base: self.base,
        };
        Ok(
            match self.client.commit(self.session, parts, &whole).await {
                Ok(Commit::Stored(file)) => Done::Committed(Ok((file, hashed))),
                Ok(Commit::Pending(delay)) => Done::Pending(delay),
                Err(trouble) => Done::Committed(Err(trouble)),
            },
        )
    }

    /// The digest of the whole, and proof that the file is what was read: it has rested
    /// all the time, or what was read of it is still there.
    async fn digest(&self) -> Result<Hashed, Trouble> {
        let sha1 = {
            let whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
            whole.clone().finish()
        };
        let (source, is_growing) = (
            self.source.clone(),
            self.sessions.found.tolerated == Tolerated::Growth,
        );
        let is_same = blocking(move || match is_growing {
            true => source.whole().map(|again| again == sha1),
            false => source.check().and_then(|()| source.ends()).map(|()| true),
        })
        .await?;
        let (stamp, at) = (self.source.stamp, self.at);
        match is_same {
            true => Ok(Hashed { sha1, stamp, at }),
            false => Err(Trouble::LocalChanged),
        }
    }
}
