//! One leg, asked of Box.

use crate::agent::move_job::ready::Ready;
use crate::agent::move_job::{Carried, Job, is_untouched, vanished};
use crate::model::ids::{Etag, FolderId};
use crate::model::item::{RemoteFile, RemoteFolder};
use crate::model::name::RemoteName;
use crate::model::trouble::{Said, Trouble};
use crate::plan::action::{Edit, Moved};
use crate::plan::facts::SyncedFile;
use crate::plan::moves::Item;
use crate::remote::changes::FolderChange;
use crate::store::error::Error as StoreError;

impl Job<'_> {
    pub(super) async fn ask(&self, ready: &Ready, remote: &RemoteName) -> Result<Moved, Trouble> {
        let client = &self.context.client;
        let origin = &ready.origin;
        let now = ready.file.as_ref().map(|file| &file.name);
        let now = now.or(ready.known_as.as_ref());
        let is_another = origin.name != ready.name || now.is_some_and(|now| now != remote);
        let name = Some(remote).filter(|_| is_another);
        let parent = Some(&ready.dir.folder.id).filter(|_| origin.dir != ready.dir.folder.key);
        let (remote_name, etag) = match (&origin.item, &ready.file) {
            (Item::File(id), Some(row)) => {
                let asked = client
                    .change_file(id, name, parent, row.etag.as_ref())
                    .await;
                let file = match asked {
                    Err(Trouble::Stale(_)) => {
                        let found = client.find_file(id).await?;
                        // Somebody has renamed it on Box meanwhile: it keeps that name.
                        match found.item.name == row.name {
                            true => {
                                let etag = found.item.etag.as_ref();
                                client.change_file(id, name, parent, etag).await?
                            }
                            false => found.item,
                        }
                    }
                    other => other?,
                };
                let etag = etag_of(&file, row);
                (file.name, etag)
            }
            (Item::File(_), None) => return Err(vanished()),
            (Item::Folder(_, id), _) => {
                let folder = self.change_folder(id, name, parent, ready).await?;
                (folder.name, folder.etag)
            }
        };
        Ok(Moved {
            item: origin.item.clone(),
            from: (origin.dir, origin.name.clone()),
            dir: ready.dir.folder.key,
            name: ready.name.clone(),
            remote_name,
            etag,
        })
    }

    /// Gives a folder another name, another parent, or both.
    async fn change_folder(
        &self,
        id: &FolderId,
        name: Option<&RemoteName>,
        parent: Option<&FolderId>,
        ready: &Ready,
    ) -> Result<RemoteFolder, Trouble> {
        let client = &self.context.client;
        let change = |change| client.change_folder(id, change, None);
        match (name, parent) {
            (Some(name), None) => change(FolderChange::Rename(name)).await,
            (None, Some(parent)) => change(FolderChange::Move(parent)).await,
            (None, None) => client.find_folder(id).await.map(|found| found.item),
            (Some(name), Some(parent)) => {
                let (rename, to) = (FolderChange::Rename(name), FolderChange::Move(parent));
                let above = self.context.readers.get().ok();
                let above = above.and_then(|reader| reader.folder(ready.origin.dir).ok()?);
                let back = above.as_ref().map(|above| FolderChange::Move(&above.id));
                let was = ready.known_as.as_ref().map(FolderChange::Rename);
                match self.both(id, to, rename, back).await {
                    // Its old name is taken there: then the new name first.
                    Err(Trouble::NameTaken(..)) => self.both(id, rename, to, was).await,
                    other => other,
                }
            }
        }
    }

    /// Box takes a new parent and a new name in two calls. If it refuses the second, the
    /// first is taken back.
    async fn both(
        &self,
        id: &FolderId,
        first: FolderChange<'_>,
        second: FolderChange<'_>,
        back: Option<FolderChange<'_>>,
    ) -> Result<RemoteFolder, Trouble> {
        let client = &self.context.client;
        client.change_folder(id, first, None).await?;
        let done = client.change_folder(id, second, None).await;
        if let (Err(trouble), Some(back)) = (&done, back)
            && is_untouched(trouble)
        {
            client.change_folder(id, back, None).await?;
        }
        done
    }

    /// Something is not there. Is it the item, the folder that it goes to, or the whole
    /// mirror?
    pub(super) async fn gone(
        &self,
        ready: &Ready,
        remote_name: RemoteName,
        said: Said,
    ) -> Result<Carried, StoreError> {
        let client = &self.context.client;
        let is_there = match &ready.origin.item {
            Item::File(id) => client.find_file(id).await.map(|_| ()),
            Item::Folder(_, id) => client.find_folder(id).await.map(|_| ()),
        };
        let origin = &ready.origin;
        match is_there {
            Ok(()) => Ok(Carried::Trouble(Trouble::Gone(said))),
            // Deleted on Box: the mapping follows the disk, and the policy decides as if
            // the entry had stayed where it was.
            Err(Trouble::Gone(_)) => {
                let moved = Moved {
                    item: origin.item.clone(),
                    from: (origin.dir, origin.name.clone()),
                    dir: ready.dir.folder.key,
                    name: ready.name.clone(),
                    remote_name,
                    etag: None,
                };
                let edits = vec![
                    Edit::NotMoving(origin.item.clone()),
                    Edit::Moved(Box::new(moved)),
                ];
                self.store.writer().apply(edits).await?;
                Ok(Carried::Changed)
            }
            Err(trouble) => Ok(Carried::Trouble(trouble)),
        }
    }
}

/// The etag that goes into the mapping. With content that somebody else has written it
/// keeps the old one, which Box refuses: the next version does not take its place unseen.
pub(super) fn etag_of(found: &RemoteFile, row: &SyncedFile) -> Option<Etag> {
    match found.sha1 == Some(row.sha1) {
        true => found.etag.clone(),
        false => row.etag.clone(),
    }
}
