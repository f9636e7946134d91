//! A file on its way: drives [`Transfer`], asking Box, the disk and the mapping what it
//! wants to know, and stores what it settles.
//!
//! - `found`: the local file.
//! - `scout`: asks.
//! - `session`: opens a session for a large file, or takes up one that was left open.
//! - `parts`: fills a session and commits it.

mod found;
mod parts;
mod scout;
mod session;

pub(crate) use crate::agent::file_job::found::Found;
pub(crate) use crate::agent::file_job::scout::Scout;
pub(crate) use crate::agent::file_job::session::give_up_leftovers;

use crate::agent::context::{Context, Mirror};
use crate::agent::file_job::parts::Sent;
use crate::agent::file_job::scout::not_cleared;
use crate::agent::file_job::session::{Opened, Sessions};
use crate::agent::folder_job::{finish, root_of};
use crate::agent::job::Ended;
use crate::agent::root_job;
use crate::agent::survey::Dir;
use crate::model::item::RemoteFile;
use crate::model::name::RemoteName;
use crate::model::path::RelPath;
use crate::model::reason::Parked;
use crate::model::session::SessionFault;
use crate::model::trouble::Trouble;
use crate::plan::action::{Edit, FileWork};
use crate::plan::facts::{Goal, Hashed, Intent};
use crate::plan::history::Happening;
use crate::plan::policy::CHUNKED_FROM;
use crate::plan::settle::{self, Effect};
use crate::plan::transfer::{Ask, Base, Next, Outcome, Reply, Transfer};
use crate::plan::verdict::Verdict;
use crate::remote::files::Content;
use crate::store::Store;
use crate::store::error::Error as StoreError;
use futures_util::future::BoxFuture;

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
    let found = match Found::open(root, dir.path.join(&work.name), work).await {
        Ok(found) => found,
        Err(trouble) => {
            let verdict = Verdict::of(trouble);
            let stamp = Some(work.stamp);
            let settled = settle::verdict(dir.folder.key, &work.name, verdict, stamp, true);
            return finish(store, settle::paced(work, settled)).await;
        }
    };
    let root_id = root_of(context, mirror)?;
    if let Err(why) = root_job::check_once(context, mirror, &root_id).await {
        return Ok(root_job::ended(why, context.client.answers() != before));
    }
    let stamp = found.local.stamp;
    let path = found.path.clone();
    let shown = format!("{}/{}", mirror.name, found.path);
    let transfer = context.meter.begin(shown, found.size());
    let scout = Scout {
        context,
        mirror,
        dir,
        work,
        found: &found,
        target: None,
    };
    let errand = Errand {
        sessions: Sessions {
            context,
            store,
            dir,
            work,
            found: &found,
            transfer: &transfer,
        },
        scout,
        store,
        opened: None,
    };
    let outcome = with_lock_holder(context, errand.run().await?).await;
    let is_silence = matches!(&outcome, Outcome::Verdict(verdict) if verdict.is_silence());
    let answered = !is_silence || context.is_heard(before).await;
    let mut settled = settle::file(dir.folder.key, work, stamp, outcome, answered);
    let told = note(context, mirror, &path, work, &settled.effect);
    settled.edits.extend(told);
    finish(store, settled).await
}

/// For the history.
fn note(
    context: &Context,
    mirror: &Mirror,
    path: &RelPath,
    work: &FileWork,
    effect: &Effect,
) -> Option<Edit> {
    let Effect::Done(report) = effect else {
        return None;
    };
    let keep = work.decision.as_ref().map(|decision| decision.keep);
    let happening = Happening {
        keep,
        ..Happening::of(report)?
    };
    context.note(&mirror.name, path, happening)
}

/// A lock is told with who holds it, if Box says that.
async fn with_lock_holder(context: &Context, outcome: Outcome) -> Outcome {
    let Outcome::Locked(id, said) = outcome else {
        return outcome;
    };
    let by = context.client.lock_holder(&id).await;
    Outcome::Parked(Parked::Locked(said, by.ok().flatten()))
}

/// One transfer under way.
struct Errand<'a> {
    scout: Scout<'a>,
    sessions: Sessions<'a>,
    store: &'a Store,
    /// The session that the content goes to.
    opened: Option<Opened>,
}

impl Errand<'_> {
    async fn run(mut self) -> Result<Outcome, StoreError> {
        let Scout {
            work,
            mirror,
            dir,
            found,
            ..
        } = self.scout;
        let parent = dir.folder.id.to_string();
        let mut transfer = Transfer::new(work, found.local, mirror.policy, parent);
        let mut next = transfer.start();
        loop {
            let reply = match next {
                Next::Ask(ask) => self.ask(ask).await?,
                Next::End(outcome) => {
                    // Box has it without us: what was begun is of no more use.
                    if matches!(
                        outcome,
                        Outcome::Adopted(..) | Outcome::Unchanged(_) | Outcome::Left(..)
                    ) {
                        self.sessions.end_left().await?;
                    }
                    return Ok(outcome);
                }
            };
            next = transfer.answer(reply);
        }
    }

    async fn ask(&mut self, ask: Ask) -> Result<Reply, StoreError> {
        let is_large = self.scout.found.size() >= CHUNKED_FROM;
        match &ask {
            Ask::SendNew(name) => self.send(name, None).await,
            Ask::SendVersion(base) => self.send(&base.name, Some(base)).await,
            Ask::PreflightNew(name) if is_large => {
                self.open_session(&Goal::New(name.clone()), &ask).await
            }
            Ask::PreflightVersion(id) if is_large => {
                self.open_session(&Goal::Version(id.clone()), &ask).await
            }
            _ => self.scout.look(&ask).await,
        }
    }

    /// Opening a session is the preflight of a large file.
    async fn open_session(&mut self, goal: &Goal, ask: &Ask) -> Result<Reply, StoreError> {
        match self.sessions.open(goal).await? {
            Ok(Some(opened)) => {
                self.opened = Some(opened);
                Ok(Reply::Clear)
            }
            // Too small after all: it goes as a whole, with a preflight of its own.
            Ok(None) => self.scout.look(ask).await,
            Err(trouble) => Ok(Reply::Trouble(trouble)),
        }
    }

    /// Sends a new file of this name, or a new version of `base`.
    async fn send(&mut self, name: &RemoteName, base: Option<&Base>) -> Result<Reply, StoreError> {
        let stored = match self.opened.take() {
            Some(opened) => self.in_parts(&opened, name, base).await?,
            None => self.as_a_whole(name, base).await?,
        };
        if let (Some(base), Ok((stored, _))) = (base, &stored) {
            log_version(&self.scout.found.path, self.scout.work, base, stored);
        }
        Ok(match stored {
            Ok((file, sent)) => Reply::Stored(file, sent),
            Err(trouble) => Reply::Trouble(trouble),
        })
    }

    async fn in_parts(
        &mut self,
        opened: &Opened,
        name: &RemoteName,
        base: Option<&Base>,
    ) -> Result<Result<(RemoteFile, Hashed), Trouble>, StoreError> {
        let sent = {
            let base = base.map(|base| &base.etag);
            parts::send(&self.sessions, opened, base, name.is_apart()).await?
        };
        match sent {
            Sent::Stored(file, hashed) => Ok(Ok((file, hashed))),
            Sent::Later(trouble) => Ok(Err(trouble)),
            Sent::Useless(trouble) => {
                self.sessions.end(&opened.session).await?;
                Ok(Err(of_the_session(trouble)))
            }
        }
    }

    /// In one request. Before the first byte goes out it is on disk that it may have gone
    /// out.
    async fn as_a_whole(
        &mut self,
        name: &RemoteName,
        base: Option<&Base>,
    ) -> Result<Result<(RemoteFile, Hashed), Trouble>, StoreError> {
        let Scout {
            context,
            dir,
            work,
            found,
            ..
        } = self.scout;
        let Some(target) = self.scout.target.take() else {
            return Ok(Err(not_cleared()));
        };
        let hashed = match found.hash().await {
            Ok(hashed) => hashed,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let transfer = self.sessions.transfer;
        let intent = Intent {
            sha1: hashed.sha1,
            apart: name.is_apart(),
        };
        let edit = Edit::Intend(dir.folder.key, work.name.clone(), intent);
        self.store.writer().apply(vec![edit]).await?;
        let open = || -> BoxFuture<'_, _> { Box::pin(found.parcel(hashed, transfer)) };
        let content = Content {
            sha1: hashed.sha1,
            stamp: &hashed.stamp,
            open: &open,
        };
        let client = &context.client;
        let stored = match base {
            None => {
                let parent = &dir.folder.id;
                client.upload_new(target, name, parent, &content).await
            }
            Some(Base { etag, .. }) => client.upload_version(target, name, etag, &content).await,
        };
        Ok(stored.map(|file| (file, hashed)))
    }
}

/// What a session's addresses do not find is the session. Whether the folder or the file
/// is gone as well, opening another one tells.
fn of_the_session(trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Gone(said) => Trouble::Session(said, SessionFault::Over),
        other => other,
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
