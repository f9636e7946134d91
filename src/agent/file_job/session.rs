//! Upload sessions of large files: opened, taken up again, given up.
//!
//! A session is on disk before anything is sent to it, so that a run that ends in the
//! middle costs the parts in flight and no more. It is good for one state of one file:
//! when either has changed, it is given up and another one is opened.

use crate::agent::context::{Context, Mirror};
use crate::agent::file_job::found::Found;
use crate::agent::job::Ended;
use crate::agent::meter::Transfer;
use crate::agent::survey::Dir;
use crate::local::error::Error as LocalError;
use crate::model::session::{Session, SessionFault};
use crate::model::stamp::Stamp;
use crate::model::trouble::Trouble;
use crate::plan::action::{Edit, FileWork};
use crate::plan::facts::{Goal, OpenSession};
use crate::plan::policy::DIRECT_LIMIT;
use crate::plan::settle::Effect;
use crate::store::Store;
use crate::store::error::Error as StoreError;
use crate::store::sessions::Left;

/// A session that can be filled.
pub(super) struct Opened {
    /// The session.
    pub(super) session: Session,
    /// Whether Box may hold parts already.
    pub(super) resumed: bool,
    /// The file's state that it is for.
    pub(super) stamp: Stamp,
}

/// The sessions of one file.
pub(super) struct Sessions<'a> {
    pub(super) context: &'a Context,
    pub(super) store: &'a Store,
    pub(super) dir: &'a Dir,
    pub(super) work: &'a FileWork,
    pub(super) found: &'a Found,
    pub(super) transfer: &'a Transfer,
}

impl Sessions<'_> {
    /// Takes up the session that an earlier try left, or opens one. `None` when Box wants
    /// the file as a whole.
    pub(super) async fn open(
        &self,
        goal: &Goal,
    ) -> Result<Result<Option<Opened>, Trouble>, StoreError> {
        let (stamp, tolerated) = (&self.found.local.stamp, self.found.tolerated);
        let (spare, left) = match self.left()? {
            Some(left) if left.is_for(goal, stamp, tolerated) => (None, Some(left)),
            // The question for its name may still come.
            Some(left) if left.may_be_for(goal, stamp) => (Some(left), None),
            left => (None, left),
        };
        if let Some(left) = left {
            match self.take_up(&left, goal).await {
                Ok(Some(session)) => {
                    return Ok(Ok(Some(Opened {
                        session,
                        resumed: true,
                        stamp: left.stamp,
                    })));
                }
                Ok(None) => self.end(&left.session).await?,
                Err(trouble) => return Ok(Err(trouble)),
            }
        }
        match self.create(goal).await {
            Ok(Some(opened)) => {
                if let Some(spare) = spare {
                    abort(self.context, &spare.session).await;
                }
                self.record(&opened.session, goal).await?;
                Ok(Ok(Some(opened)))
            }
            other => Ok(other),
        }
    }

    /// The session as Box has it now; `None` when it is over, or was for something else.
    async fn take_up(&self, left: &OpenSession, goal: &Goal) -> Result<Option<Session>, Trouble> {
        let (stamp, tolerated) = (&self.found.local.stamp, self.found.tolerated);
        if !left.is_for(goal, stamp, tolerated) {
            return Ok(None);
        }
        match self.context.client.session_state(&left.session).await {
            Ok(session) => Ok(Some(session).filter(|now| now.cut == left.session.cut)),
            Err(trouble) if is_passing(&trouble) => Err(trouble),
            Err(_) => Ok(None),
        }
    }

    async fn create(&self, goal: &Goal) -> Result<Option<Opened>, Trouble> {
        let (client, size) = (&self.context.client, self.found.size());
        let created = match goal {
            Goal::New(name) => client.open_session(name, &self.dir.folder.id, size).await,
            Goal::Version(id) => client.open_version_session(id, size).await,
        };
        match created {
            Ok((session, resumed)) => Ok(Some(Opened {
                session,
                resumed,
                stamp: self.found.local.stamp,
            })),
            Err(Trouble::Session(_, SessionFault::TooSmall)) if size <= DIRECT_LIMIT => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    async fn record(&self, session: &Session, goal: &Goal) -> Result<(), StoreError> {
        let open = OpenSession {
            session: session.clone(),
            goal: goal.clone(),
            stamp: self.found.local.stamp,
        };
        let (dir, name) = (self.dir.folder.key, self.work.name.clone());
        let edit = Edit::OpenSession(dir, name, Box::new(open));
        self.store.writer().apply(vec![edit]).await
    }

    /// Gives up the session that an earlier try left, if there is one.
    pub(super) async fn end_left(&self) -> Result<(), StoreError> {
        match self.left()? {
            Some(left) => self.end(&left.session).await,
            None => Ok(()),
        }
    }

    fn left(&self) -> Result<Option<OpenSession>, StoreError> {
        let reader = self.context.readers.get()?;
        reader.session(self.dir.folder.key, &self.work.name)
    }

    /// Gives a session up, here and at Box.
    pub(super) async fn end(&self, session: &Session) -> Result<(), StoreError> {
        let (dir, name) = (self.dir.folder.key, self.work.name.clone());
        abort(self.context, session).await;
        let edit = Edit::EndSession(dir, name, session.id.clone());
        self.store.writer().apply(vec![edit]).await
    }
}

/// Box gives up by itself, after seven days, what it cannot be told to give up now.
async fn abort(context: &Context, session: &Session) {
    if let Err(trouble) = context.client.abort(session).await {
        tracing::debug!(session = session.id, ?trouble, "left to expire");
    }
}

/// Whether asking again later may bring another answer.
fn is_passing(trouble: &Trouble) -> bool {
    matches!(
        trouble,
        Trouble::NoAnswer(_)
            | Trouble::Later(..)
            | Trouble::Throttled(..)
            | Trouble::Unauthorized(_)
    )
}

/// Gives up the sessions of files that are not there any more. (Whether a session's time
/// is over, Box tells: the local clock may be wrong.)
pub(crate) async fn give_up_leftovers(
    context: &Context,
    store: &Store,
    mirror: &Mirror,
    left: Vec<Left>,
) -> Result<Ended, StoreError> {
    let root = match mirror.open_root() {
        Ok(root) => root,
        Err(halt) => return Ok(Ended::Effect(Effect::Halt(halt))),
    };
    for Left {
        dir,
        name,
        path,
        open,
    } in left
    {
        let look = {
            let (root, path) = (std::sync::Arc::clone(&root), path.clone());
            tokio::task::spawn_blocking(move || root.open_file(&path).map(|_| ()))
        };
        let is_gone = matches!(
            look.await,
            Ok(Err(LocalError::Missing(_) | LocalError::NotRegular(_)))
        );
        if is_gone {
            abort(context, &open.session).await;
            let edit = Edit::EndSession(dir, name, open.session.id);
            store.writer().apply(vec![edit]).await?;
        }
    }
    Ok(Ended::Effect(Effect::Vanished))
}
