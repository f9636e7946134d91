//! Asking on behalf of a transfer, without changing anything.

use crate::agent::context::{Context, Mirror};
use crate::agent::file_job::found::Found;
use crate::agent::folder_job::root_of;
use crate::agent::root_job::{self, Unusable};
use crate::agent::survey::Dir;
use crate::model::ids::FolderKey;
use crate::model::trouble::{Said, Trouble};
use crate::plan::action::FileWork;
use crate::plan::transfer::{Ask, Reply};
use crate::remote::files::UploadTarget;
use crate::store::error::Error as StoreError;

/// Answers what a transfer wants to know.
pub(crate) struct Scout<'a> {
    pub(crate) context: &'a Context,
    pub(crate) mirror: &'a Mirror,
    pub(crate) dir: &'a Dir,
    pub(crate) work: &'a FileWork,
    /// The local file.
    pub(crate) found: &'a Found,
    /// Where the last preflight said to send the content.
    pub(crate) target: Option<UploadTarget>,
}

impl Scout<'_> {
    /// Asks Box, the disk or the mapping. What is to be sent is not this one's business.
    pub(crate) async fn look(&mut self, ask: &Ask) -> Result<Reply, StoreError> {
        let client = &self.context.client;
        let size = self.found.size();
        let reply = match ask {
            Ask::PreflightNew(name) => {
                let parent = &self.dir.folder.id;
                let answer = client.preflight_new(name, parent, size).await;
                self.clear(answer)
            }
            Ask::PreflightVersion(id) => {
                let answer = client.preflight_version(id, size).await;
                self.clear(answer)
            }
            Ask::Read(id) => client.read_file(id).await.map(Reply::File),
            Ask::Owner(id) => {
                let owner = self.context.readers.get()?.owner(id)?;
                return Ok(Reply::Owner(self.other(owner)));
            }
            Ask::FolderOwner(id) => {
                let owner = self.context.readers.get()?.folder_owner(id)?;
                return Ok(Reply::Owner(self.other(owner)));
            }
            Ask::Root => self.root_visible().await?,
            Ask::Hash => self.found.hash().await.map(Reply::Hashed),
            Ask::SendNew(_) | Ask::SendVersion(_) => Err(not_cleared()),
        };
        Ok(reply.unwrap_or_else(Reply::Trouble))
    }

    fn clear(&mut self, answer: Result<UploadTarget, Trouble>) -> Result<Reply, Trouble> {
        self.target = Some(answer?);
        Ok(Reply::Clear)
    }

    /// The entry that the mapping has for something, if it is another than ours.
    fn other(&self, owner: Option<(FolderKey, Vec<u8>)>) -> Option<String> {
        let own = (self.dir.folder.key, self.work.name.as_bytes());
        let other = owner.filter(|(dir, name)| (*dir, name.as_slice()) != own);
        other.map(|(_, name)| String::from_utf8_lossy(&name).into_owned())
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

/// What is asked to be sent without anybody having said where to.
pub(super) fn not_cleared() -> Trouble {
    let message = "nothing is sent without a preflight".to_owned();
    Trouble::Refused(Said {
        message,
        ..Said::default()
    })
}
