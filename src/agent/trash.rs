//! Into the trash with one item: noted before, checked once in a run that there is a
//! trash, and settled after.

use crate::agent::context::{Context, Mirror};
use crate::agent::missing::Lost;
use crate::model::deed::{Deed, ItemId, Spot};
use crate::model::ids::{Etag, FolderId, FolderKey};
use crate::model::item::RemoteFile;
use crate::model::name::RemoteName;
use crate::model::path::RelPath;
use crate::model::trouble::{Said, Trouble};
use crate::plan::absence::Mark;
use crate::plan::action::Edit;
use crate::plan::history::{Happening, What};
use crate::remote::client::BoxClient;
use crate::store::Store;
use crate::store::error::Error as StoreError;
use tokio::sync::MutexGuard;

/// Whether Box keeps what is deleted. An enterprise may have it deleted for good.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Trash {
    /// Nobody has looked.
    #[default]
    Unknown,
    /// This was deleted, and nobody could look yet where it went.
    Unseen(ItemId),
    /// It was found there.
    Works,
    /// It was not.
    Missing,
}

/// What became of an item.
#[derive(Debug)]
pub(crate) enum Fate {
    /// It went to the trash.
    Trashed,
    /// It was gone before.
    Gone,
    /// It is back on the disk, or that cannot be told any more.
    Back,
    /// It is not as we know it, and stays; the file where it could be read.
    Changed(Option<Box<RemoteFile>>),
    /// It is gone for good: there is no trash.
    Trashless,
    /// Box is in the way.
    Trouble(Trouble),
}

/// Something that is to go.
pub(crate) struct Item<'a> {
    /// What.
    pub(crate) id: ItemId,
    /// The etag of the state that was judged.
    pub(crate) etag: Option<&'a Etag>,
    /// The local path that it had.
    pub(crate) path: RelPath,
    /// The folder that it is in, and its name.
    pub(crate) parent: FolderId,
    /// Its name on Box.
    pub(crate) name: RemoteName,
    /// How many files of ours go with a folder.
    pub(crate) files: Option<u64>,
    /// Whether a folder goes with what is in it.
    pub(crate) recursive: bool,
}

/// What it takes.
pub(crate) struct Bin<'a> {
    /// What is gone from the disk, with all that was in it.
    pub(crate) lost: &'a Lost<'a>,
    pub(crate) context: &'a Context,
    pub(crate) store: &'a Store,
    pub(crate) mirror: &'a Mirror,
    /// The mirror's root.
    pub(crate) root: FolderKey,
}

impl Bin<'_> {
    /// Puts it into the trash. `forget` is what the mapping is told when it is not on Box
    /// any more, in the same transaction as the deed.
    pub(crate) async fn put(&self, item: &Item<'_>, forget: Mark) -> Result<Fate, StoreError> {
        let client = &self.context.client;
        let watched = match self.assured().await? {
            Ok(watched) => watched,
            Err(fate) => return Ok(fate),
        };
        // Listing a tree, or waiting for others, may have taken a while: it may be back, or a
        // mirror paused that it may have moved into.
        if self.context.deletes_wait() || !self.lost.is_still().await? {
            return Ok(Fate::Back);
        }
        // One that an earlier try may have trashed unheard.
        let doubtful = self.context.readers.get()?.intended(&item.id)?;
        let deed = self.deed(item, doubtful.as_ref());
        let intend = Edit::Mark(Mark::Intend(Box::new(deed.clone())));
        self.store.writer().apply(vec![intend]).await?;
        match delete(client, item).await {
            Ok(()) => {}
            Err(Trouble::Gone(_)) => {
                let ours =
                    doubtful.is_some() && is_in_trash(client, &item.id).await.is_ok_and(|is| is);
                return self.gone(deed, forget, ours).await;
            }
            Err(Trouble::Stale(said)) => {
                let ours = doubtful.is_some();
                return self.stale(item, deed, forget, ours, said).await;
            }
            Err(trouble) => {
                // Refused is not done; anything else may have happened.
                if matches!(
                    trouble,
                    Trouble::Refused(_) | Trouble::Locked(_) | Trouble::Throttled(..)
                ) {
                    self.store.writer().apply(vec![not_done(&deed)]).await?;
                }
                return Ok(Fate::Trouble(trouble));
            }
        }
        let did = Mark::Did(Box::new(deed.clone()));
        let mut done = vec![Edit::Mark(did), Edit::Mark(forget)];
        let Some(mut trash) = watched else {
            done.extend(self.note(What::Trashed, item.files, &deed));
            self.store.writer().apply(done).await?;
            return Ok(Fate::Trashed);
        };
        match is_in_trash(client, &item.id).await {
            Ok(true) => *trash = Trash::Works,
            Err(_) => *trash = Trash::Unseen(item.id.clone()),
            Ok(false) => {
                *trash = Trash::Missing;
                let note = self.note(What::Deleted, item.files, &deed);
                let edits = done
                    .into_iter()
                    .skip(1)
                    .chain([not_done(&deed)])
                    .chain(note);
                return self.trashless(edits.collect()).await;
            }
        }
        done.extend(self.note(What::Trashed, item.files, &deed));
        self.store.writer().apply(done).await?;
        Ok(Fate::Trashed)
    }

    /// For the history.
    fn note(&self, what: What, files: Option<u64>, deed: &Deed) -> Option<Edit> {
        let happening = Happening {
            files,
            ..Happening::new(what, deed.item.clone())
        };
        self.context.note(&self.mirror.name, &deed.path, happening)
    }

    /// That there is a trash. Until that is known, things go one at a time: whoever gets
    /// the lock is to look where its own went.
    async fn assured(&self) -> Result<Result<Option<MutexGuard<'_, Trash>>, Fate>, StoreError> {
        let mut trash = self.mirror.trash.lock().await;
        if let Trash::Unseen(before) = &*trash {
            match is_in_trash(&self.context.client, before).await {
                Ok(true) => *trash = Trash::Works,
                Ok(false) => {
                    *trash = Trash::Missing;
                    return self.trashless(Vec::new()).await.map(Err);
                }
                Err(trouble) => return Ok(Err(Fate::Trouble(trouble))),
            }
        }
        Ok(match *trash {
            Trash::Missing => Err(Fate::Trashless),
            Trash::Works => Ok(None),
            Trash::Unknown | Trash::Unseen(_) => Ok(Some(trash)),
        })
    }

    fn deed(&self, item: &Item<'_>, doubtful: Option<&Deed>) -> Deed {
        Deed {
            run: self.context.run.of_deed(),
            mirror: self.mirror.name.clone(),
            path: item.path.clone(),
            item: item.id.clone(),
            from: match doubtful {
                Some(before) => before.from.clone(),
                None => Spot {
                    parent: item.parent.clone(),
                    name: item.name.clone(),
                },
            },
            to: None,
        }
    }

    async fn trashless(&self, mut edits: Vec<Edit>) -> Result<Fate, StoreError> {
        edits.push(Edit::Mark(Mark::Trashless(self.root, true)));
        self.store.writer().apply(edits).await?;
        Ok(Fate::Trashless)
    }

    /// It was not there: by our own hand, if an earlier try was not heard.
    async fn gone(&self, deed: Deed, forget: Mark, ours: bool) -> Result<Fate, StoreError> {
        let what = match ours {
            true => Edit::Mark(Mark::Happened(deed.item.as_str().to_owned())),
            false => not_done(&deed),
        };
        let mut edits = vec![what, Edit::Mark(forget)];
        if ours {
            edits.extend(self.note(What::Trashed, None, &deed));
        }
        self.store.writer().apply(edits).await?;
        Ok(if ours { Fate::Trashed } else { Fate::Gone })
    }

    /// It is not in the state that was judged, or, as Box says the same of that, not there.
    async fn stale(
        &self,
        item: &Item<'_>,
        deed: Deed,
        forget: Mark,
        ours: bool,
        said: Said,
    ) -> Result<Fate, StoreError> {
        let client = &self.context.client;
        let found = match &item.id {
            ItemId::File(id) => client.find_file(id).await.map(|found| Some(found.item)),
            ItemId::Folder(id) => client.find_folder(id).await.map(|_| None),
        };
        match found {
            Ok(file) => {
                self.store.writer().apply(vec![not_done(&deed)]).await?;
                Ok(match item.id {
                    ItemId::File(_) => Fate::Changed(file.map(Box::new)),
                    // Its etag was read a moment ago: look again.
                    ItemId::Folder(_) => Fate::Trouble(Trouble::Stale(said)),
                })
            }
            Err(Trouble::Gone(_)) => {
                let ours = ours && is_in_trash(client, &item.id).await.is_ok_and(|is| is);
                self.gone(deed, forget, ours).await
            }
            Err(trouble) => Ok(Fate::Trouble(trouble)),
        }
    }
}

fn not_done(deed: &Deed) -> Edit {
    Edit::Mark(Mark::NotDone(deed.item.as_str().to_owned()))
}

async fn delete(client: &BoxClient, item: &Item<'_>) -> Result<(), Trouble> {
    match (&item.id, item.etag) {
        (ItemId::File(id), Some(etag)) => client.trash_file(id, etag).await,
        // Nothing is deleted unseen.
        (ItemId::File(_), None) => Err(Trouble::Stale(Said::default())),
        (ItemId::Folder(id), etag) => client.trash_folder(id, etag, item.recursive).await,
    }
}

async fn is_in_trash(client: &BoxClient, id: &ItemId) -> Result<bool, Trouble> {
    match id {
        ItemId::File(id) => client.is_file_in_trash(id).await,
        ItemId::Folder(id) => client.is_folder_in_trash(id).await,
    }
}
