//! Who may do what: the owner of a tree everything, others by collaboration.

use super::World;
use super::item::{Body, ItemId};
use super::users::UserId;

/// A collaborator's role on a folder and all below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Not a collaborator: the folder answers 404.
    None,
    /// May see and download.
    Viewer,
    /// May see names and upload new files.
    Uploader,
    /// May do anything but own it.
    Editor,
}

/// What an account may do with an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "Box's permissions are independent flags on the wire as well"
)]
pub(crate) struct Rights {
    pub(crate) see: bool,
    pub(crate) download: bool,
    pub(crate) upload: bool,
    pub(crate) edit: bool,
}

impl Rights {
    const ALL: Rights = Rights {
        see: true,
        download: true,
        upload: true,
        edit: true,
    };

    fn add(&mut self, access: Access) {
        let (download, upload, edit) = match access {
            Access::None => return,
            Access::Viewer => (true, false, false),
            Access::Uploader => (false, true, false),
            Access::Editor => (true, true, true),
        };
        self.see = true;
        self.download |= download;
        self.upload |= upload;
        self.edit |= edit;
    }
}

impl World {
    /// What `user` may do with the item: roles add up from all folders above.
    /// What was trashed before its folder went for good still has its owner.
    pub(crate) fn rights(&self, user: UserId, id: ItemId) -> Rights {
        let mut rights = Rights::default();
        for (_, item) in self.lineage(id) {
            let top = item.parent.is_none_or(|above| self.get(above).is_none());
            if top && item.owner == user {
                return Rights::ALL;
            }
            for (with, access) in item.folder().map_or(&[][..], |folder| &folder.shares) {
                if *with == user {
                    rights.add(*access);
                }
            }
        }
        rights
    }

    /// Whether the item is the only one that may be reached, or below it. An
    /// account's own root holds all that the account sees.
    pub(crate) fn reaches(&self, user: UserId, within: Option<ItemId>, id: ItemId) -> bool {
        within.is_none_or(|within| {
            within == self.root(user) || self.lineage(id).any(|(above, _)| above == within)
        })
    }

    /// Sets what a collaborator may do with a folder.
    pub(crate) fn share(&mut self, folder: ItemId, with: UserId, access: Access) {
        if let Some(Body::Folder(folder)) = self.get_mut(folder).map(|item| &mut item.body) {
            folder.shares.retain(|(user, _)| *user != with);
            if access != Access::None {
                folder.shares.push((with, access));
            }
        }
    }

    /// The folders of others that an account sees in its own root.
    pub(crate) fn shared_with(&self, user: UserId) -> Vec<ItemId> {
        let mut found: Vec<ItemId> = self
            .roots()
            .filter(|(owner, _)| *owner != user)
            .flat_map(|(_, root)| self.children(root))
            .filter(|id| {
                self.get(*id)
                    .and_then(|item| item.folder())
                    .is_some_and(|folder| folder.shares.iter().any(|(with, _)| *with == user))
            })
            .collect();
        found.sort_unstable();
        found
    }

    /// Whether the account sees the item but not the folder above it.
    pub(crate) fn is_entrance(&self, user: UserId, id: ItemId) -> bool {
        self.get(id)
            .and_then(|item| item.parent)
            .is_some_and(|parent| !self.rights(user, parent).see)
    }

    fn roots(&self) -> impl Iterator<Item = (UserId, ItemId)> {
        self.users
            .iter()
            .enumerate()
            .map(|(user, account)| (user, account.root))
    }

    fn children(&self, folder: ItemId) -> Vec<ItemId> {
        self.get(folder)
            .and_then(|item| item.folder())
            .map(|folder| folder.children.values().copied().collect())
            .unwrap_or_default()
    }
}
