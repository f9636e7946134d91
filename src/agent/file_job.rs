//! A file on its way: drives [`Transfer`], asking Box and the mapping what it wants to
//! know, and stores what it settles.

use crate::agent::context::{Context, Mirror};
use crate::agent::folder_job::{finish, root_of};
use crate::agent::job::Ended;
use crate::agent::root_job::{self, Unusable};
use crate::agent::survey::Dir;
use crate::local::hash;
use crate::local::root::Root;
use crate::local::send::Upload;
use crate::model::ids::FileId;
use crate::model::item::RemoteFile;
use crate::model::name::RemoteName;
use crate::model::path::RelPath;
use crate::model::reason::Parked;
use crate::model::trouble::{Said, Trouble};
use crate::plan::action::{Edit, FileWork};
use crate::plan::facts::{HashError, Hashed, Intent};
use crate::plan::policy::DIRECT_LIMIT;
use crate::plan::settle::{self, Effect};
use crate::plan::transfer::{Ask, Base, Next, Outcome, Reply, Transfer};
use crate::plan::verdict::Verdict;
use crate::remote::files::{Content, UploadTarget};
use crate::remote::parcel::Parcel;
use crate::store::Store;
use crate::store::error::Error as StoreError;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// Sees that the content of the file `work` in `dir` is on Box.
pub(crate) async fn run(
    context: &Context,
    store: &Store,
    mirror: &Mirror,
    dir: &Dir,
    work: &FileWork,
) -> Result<Ended, StoreError> {
    let before = context.client.answers();
    // What an earlier try left behind is part of this one's facts.
    let mut work = work.clone();
    let name = std::slice::from_ref(&work.name);
    let mapped = context.readers.get()?.some(dir.folder.key, name)?;
    work.recall(&mapped);
    let work = &work;
    let root = match mirror.open_root() {
        Ok(root) => root,
        Err(halt) => return Ok(Ended::Effect(Effect::Halt(halt))),
    };
    let path = dir.path.join(&work.name);
    let hashed = match content_of(&root, &path, work).await {
        Ok(hashed) => hashed,
        Err(trouble) => {
            let verdict = Verdict::of(trouble);
            let stamp = Some(work.stamp);
            let settled = settle::verdict(dir.folder.key, &work.name, verdict, stamp, true);
            return finish(store, settled).await;
        }
    };
    if hashed.stamp.size > DIRECT_LIMIT {
        let why = Parked::TooLarge {
            size: hashed.stamp.size,
            limit: DIRECT_LIMIT,
        };
        let settled = settle::parked(dir.folder.key, &work.name, why, Some(hashed.stamp));
        return finish(store, settled).await;
    }
    let root_id = root_of(context, mirror)?;
    if let Err(why) = root_job::check_once(context, mirror, &root_id).await {
        return Ok(root_job::ended(why, context.client.answers() != before));
    }
    let scout = Scout {
        context,
        mirror,
        dir,
        work,
        size: hashed.stamp.size,
        target: None,
    };
    let errand = Errand {
        scout,
        store,
        root,
        path,
        hashed,
    };
    let outcome = errand.run().await?;
    let answered = context.client.answers() != before;
    finish(
        store,
        settle::file(dir.folder.key, work, &hashed, outcome, answered),
    )
    .await
}

/// The file's digest: the one that planning took, if the file is still in that state.
pub(crate) async fn content_of(
    root: &Arc<Root>,
    path: &RelPath,
    work: &FileWork,
) -> Result<Hashed, Trouble> {
    let (root, path, known) = (Arc::clone(root), path.clone(), work.hashed);
    blocking(move || {
        let (_, stamp) = root.open_file(&path).map_err(|error| local(error.into()))?;
        match known.filter(|known| known.stamp.same_file_state(&stamp)) {
            // The listing knows no birth time; opening does.
            Some(known) => Ok(Hashed { stamp, ..known }),
            None => hash::hash(&root, &path, crate::clock::nanos()).map_err(local),
        }
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Trouble> + Send + 'static,
) -> Result<T, Trouble> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(Trouble::LocalRead("reading it was cut short".to_owned())))
}

fn local(error: HashError) -> Trouble {
    match error {
        HashError::Changing => Trouble::LocalChanged,
        HashError::Vanished => Trouble::LocalGone,
        HashError::Unreadable(error) => Trouble::LocalRead(error),
    }
}

/// Answers what a transfer wants to know without changing anything.
pub(crate) struct Scout<'a> {
    pub(crate) context: &'a Context,
    pub(crate) mirror: &'a Mirror,
    pub(crate) dir: &'a Dir,
    pub(crate) work: &'a FileWork,
    /// The content's size in bytes.
    pub(crate) size: u64,
    /// Where the last preflight said to send the content.
    pub(crate) target: Option<UploadTarget>,
}

impl Scout<'_> {
    /// Asks Box or the mapping. What is to be sent is not this one's business.
    pub(crate) async fn look(&mut self, ask: &Ask) -> Result<Reply, StoreError> {
        let client = &self.context.client;
        let reply = match ask {
            Ask::PreflightNew(name) => {
                let parent = &self.dir.folder.id;
                let answer = client.preflight_new(name, parent, self.size).await;
                self.clear(answer)
            }
            Ask::PreflightVersion(id) => {
                let answer = client.preflight_version(id, self.size).await;
                self.clear(answer)
            }
            Ask::Read(id) => client.read_file(id).await.map(Reply::File),
            Ask::Owner(id) => return self.owner(id).map(Reply::Owner),
            Ask::Root => self.root_visible().await?,
            Ask::SendNew(_) | Ask::SendVersion(_) => Err(not_cleared()),
        };
        Ok(reply.unwrap_or_else(Reply::Trouble))
    }

    fn clear(&mut self, answer: Result<UploadTarget, Trouble>) -> Result<Reply, Trouble> {
        self.target = Some(answer?);
        Ok(Reply::Clear)
    }

    /// The other entry that the mapping has for this file, if any.
    fn owner(&self, id: &FileId) -> Result<Option<String>, StoreError> {
        let owner = self.context.readers.get()?.owner(id)?;
        let own = (self.dir.folder.key, self.work.name.as_bytes());
        let other = owner.filter(|(dir, name)| (*dir, name.as_slice()) != own);
        Ok(other.map(|(_, name)| String::from_utf8_lossy(&name).into_owned()))
    }

    async fn root_visible(&self) -> Result<Result<Reply, Trouble>, StoreError> {
        let root = root_of(self.context, self.mirror)?;
        *self.mirror.seen.lock().await = false;
        Ok(
            match root_job::check_once(self.context, self.mirror, &root).await {
                Ok(()) => Ok(Reply::RootVisible),
                Err(Unusable::Halt(halt)) => {
                    let message = halt.to_string();
                    Err(Trouble::Gone(Said {
                        message,
                        ..Said::default()
                    }))
                }
                Err(Unusable::Trouble(trouble)) => Err(trouble),
            },
        )
    }
}

/// One transfer under way.
struct Errand<'a> {
    scout: Scout<'a>,
    store: &'a Store,
    root: Arc<Root>,
    path: RelPath,
    hashed: Hashed,
}

impl Errand<'_> {
    async fn run(mut self) -> Result<Outcome, StoreError> {
        let Scout {
            work, mirror, dir, ..
        } = self.scout;
        let parent = dir.folder.id.to_string();
        let mut transfer = Transfer::new(work, self.hashed, mirror.policy, parent);
        let mut next = transfer.start();
        loop {
            let reply = match next {
                Next::Ask(Ask::SendNew(name)) => self.send(&name, None).await?,
                Next::Ask(Ask::SendVersion(base)) => self.send(&base.name, Some(&base)).await?,
                Next::Ask(ask) => self.scout.look(&ask).await?,
                Next::End(outcome) => return Ok(outcome),
            };
            next = transfer.answer(reply);
        }
    }

    /// Sends a new file of this name, or a new version of `base`. Before the first byte
    /// goes out it is on disk that it may have gone out.
    async fn send(&mut self, name: &RemoteName, base: Option<&Base>) -> Result<Reply, StoreError> {
        let Scout {
            context, dir, work, ..
        } = self.scout;
        let intent = Intent {
            sha1: self.hashed.sha1,
        };
        let edit = Edit::Intend(dir.folder.key, work.name.clone(), intent);
        self.store.writer().apply(vec![edit]).await?;
        let Some(target) = self.scout.target.take() else {
            return Ok(Reply::Trouble(not_cleared()));
        };
        let (root, path, hashed) = (&self.root, &self.path, self.hashed);
        let open =
            || -> BoxFuture<'_, _> { Box::pin(open(Arc::clone(root), path.clone(), hashed)) };
        let content = Content {
            sha1: hashed.sha1,
            stamp: &hashed.stamp,
            open: &open,
        };
        let stored = match base {
            None => {
                let parent = &dir.folder.id;
                context
                    .client
                    .upload_new(target, name, parent, &content)
                    .await
            }
            Some(Base { etag, .. }) => {
                context
                    .client
                    .upload_version(target, name, etag, &content)
                    .await
            }
        };
        if let (Some(base), Ok(stored)) = (base, &stored) {
            log_version(&self.path, work, base, stored);
        }
        Ok(stored.map_or_else(Reply::Trouble, Reply::Stored))
    }
}

/// A version of somebody else is superseded only because a policy says so, and then both
/// IDs are on record.
fn log_version(path: &RelPath, work: &FileWork, base: &Base, stored: &RemoteFile) {
    let known = work
        .synced
        .as_ref()
        .and_then(|known| known.version.as_ref());
    let (file, over, new) = (&base.id, base.version.as_ref(), stored.version.as_ref());
    if over == known && known.is_some() {
        tracing::debug!(%path, %file, ?over, ?new, "a new version");
    } else {
        tracing::info!(%path, %file, ?over, ?new, "a new version over one that was not ours");
    }
}

fn not_cleared() -> Trouble {
    let message = "nothing is sent without a preflight".to_owned();
    Trouble::Refused(Said {
        message,
        ..Said::default()
    })
}

async fn open(root: Arc<Root>, path: RelPath, hashed: Hashed) -> Result<Parcel, Trouble> {
    let upload = blocking(move || Upload::open(&root, &path, &hashed).map_err(local)).await?;
    let (sent, fault) = (upload.progress.clone(), upload.progress);
    Ok(Parcel {
        size: hashed.stamp.size,
        body: reqwest::Body::wrap_stream(upload.chunks),
        sent: Box::new(move || sent.handed_over()),
        fault: Box::new(move || fault.verdict().map(local)),
    })
}
