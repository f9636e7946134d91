//! What is stored in the emulated Box: accounts, folders, files, web links.
//!
//! The methods here change the tree and never refuse: names, rights, etags and
//! quota are checked by `api::checks` on behalf of a client, while the test's
//! own hands may do as they like.

mod access;
mod item;
mod names;
mod quota;
mod session;
mod users;

use std::collections::HashMap;

pub use access::Access;
pub(crate) use access::Rights;
pub use item::Kind;
pub(crate) use item::{Body, FileBody, FolderBody, Item, ItemId, Link, Lock, Revision, Times};
pub(crate) use names::{NameFault, key, verdict};
pub(crate) use session::{Found, Part, Session, Sessions, Target};
pub(crate) use users::{COLLEAGUE, SERVICE, User, UserId};

use crate::spool::Blob;

/// Everything stored.
pub(crate) struct World {
    items: HashMap<ItemId, Item>,
    users: Vec<User>,
    next_item: ItemId,
    next_revision: u64,
}

impl World {
    /// Two accounts, each with an empty tree: the main one, which is either the
    /// app's own or a person's, and the Colleague's.
    pub(crate) fn new(service_account: bool) -> World {
        let mut world = World {
            items: HashMap::new(),
            users: Vec::new(),
            next_item: 300_000_000_001,
            next_revision: 900_000_000_001,
        };
        let (name, login) = if service_account {
            ("Mirror Service", "AutomationUser_1_x@boxdevedition.com")
        } else {
            ("Mirror Owner", "owner@example.com")
        };
        world.add_user("17738362001", name, login);
        world.add_user("17738362002", "Colleague", "colleague@example.com");
        world
    }

    /// The item, whatever its state.
    pub(crate) fn get(&self, id: ItemId) -> Option<&Item> {
        self.items.get(&id)
    }

    /// The item, to be changed.
    pub(crate) fn get_mut(&mut self, id: ItemId) -> Option<&mut Item> {
        self.items.get_mut(&id)
    }

    /// The active child of that name, of whatever kind.
    pub(crate) fn child(&self, folder: ItemId, name: &str) -> Option<ItemId> {
        let children = &self.get(folder)?.folder()?.children;
        let key = key(name);
        [Kind::Folder, Kind::File, Kind::WebLink]
            .into_iter()
            .find_map(|kind| children.get(&(kind, key.clone())).copied())
    }

    /// Adds an item below `parent`, acting as `by`.
    pub(crate) fn add(
        &mut self,
        parent: ItemId,
        name: &str,
        by: UserId,
        times: Times,
        body: Body,
    ) -> ItemId {
        let id = self.next_item;
        self.next_item += 1;
        let owner = self.owner_of(parent);
        let item = Item::new(name, Some(parent), owner, by, times, body);
        self.charge(owner, item.stored(), item.stored_past());
        self.attach(parent, &item, id);
        self.items.insert(id, item);
        id
    }

    /// A new version's record.
    pub(crate) fn revision(&mut self, blob: Blob, name: &str, by: UserId, at: i64) -> Revision {
        let id = self.next_revision;
        self.next_revision += 1;
        Revision {
            id,
            blob,
            name: name.to_owned(),
            by,
            at,
            trashed: None,
        }
    }

    /// Makes `revision` the file's current version.
    pub(crate) fn push_revision(&mut self, file: ItemId, revision: Revision) {
        let Some(item) = self.items.get_mut(&file) else {
            return;
        };
        let (owner, before) = (item.owner, (item.stored(), item.stored_past()));
        if let Body::File(body) = &mut item.body {
            body.revisions.push(revision);
        }
        let after = (item.stored(), item.stored_past());
        self.discharge(owner, before.0, before.1);
        self.charge(owner, after.0, after.1);
    }

    /// Renames in place.
    pub(crate) fn rename(&mut self, id: ItemId, name: &str) {
        if let Some(parent) = self.get(id).and_then(|item| item.parent) {
            self.place(id, parent, name);
        }
    }

    /// Gives an item its folder and its name in one step: on the way it must
    /// not stand where another item is. Ownership goes with the place.
    pub(crate) fn place(&mut self, id: ItemId, parent: ItemId, name: &str) {
        self.detach(id);
        if let Some(item) = self.items.get_mut(&id) {
            item.parent = Some(parent);
            name.clone_into(&mut item.name);
            if let Body::File(body) = &mut item.body
                && let Some(current) = body.revisions.last_mut()
            {
                name.clone_into(&mut current.name);
            }
        }
        self.reattach(id);
        let owner = self.owner_of(parent);
        if self.owner_of(id) != owner {
            for member in self.subtree(id) {
                self.hand_over(member, owner);
            }
        }
    }

    /// Puts an item, with all below it, into the trash.
    pub(crate) fn trash(&mut self, id: ItemId, by: UserId, at: i64) {
        self.detach(id);
        if let Some(item) = self.items.get_mut(&id) {
            item.trashed_at = Some(at);
            item.touch(by, at);
        }
    }

    /// Takes an item out of the trash, to where its `parent` says.
    pub(crate) fn restore(&mut self, id: ItemId, by: UserId, at: i64) {
        if let Some(item) = self.items.get_mut(&id) {
            item.trashed_at = None;
            item.touch(by, at);
        }
        self.reattach(id);
    }

    /// Removes an item, with all below it, for good.
    pub(crate) fn purge(&mut self, id: ItemId) {
        self.detach(id);
        for member in self.subtree(id) {
            if let Some(item) = self.items.remove(&member) {
                self.discharge(item.owner, item.stored(), item.stored_past());
            }
        }
    }

    /// Whether the item or a folder above it is in the trash.
    pub(crate) fn is_trashed(&self, id: ItemId) -> bool {
        self.lineage(id).any(|(_, item)| item.trashed_at.is_some())
    }

    /// What was itself put into the trash, in no order.
    pub(crate) fn trashed(&self) -> impl Iterator<Item = ItemId> {
        let trashed = self.items.iter();
        let trashed = trashed.filter(|(_, item)| item.trashed_at.is_some());
        trashed.map(|(id, _)| *id)
    }

    /// The item and all folders above it, from the inside out.
    pub(crate) fn lineage(&self, id: ItemId) -> impl Iterator<Item = (ItemId, &Item)> {
        let mut next = Some(id);
        std::iter::from_fn(move || {
            let id = next?;
            let item = self.items.get(&id)?;
            next = item.parent;
            Some((id, item))
        })
    }

    /// The item and everything active below it.
    pub(crate) fn subtree(&self, id: ItemId) -> Vec<ItemId> {
        let mut found = vec![id];
        let mut at = 0;
        while let Some(member) = found.get(at).copied() {
            if let Some(folder) = self.get(member).and_then(Item::folder) {
                found.extend(folder.children.values());
            }
            at += 1;
        }
        found
    }

    fn attach(&mut self, parent: ItemId, item: &Item, id: ItemId) {
        let entry = (item.kind(), key(&item.name));
        if let Some(Body::Folder(folder)) = self.items.get_mut(&parent).map(|item| &mut item.body) {
            folder.children.insert(entry, id);
        }
    }

    fn reattach(&mut self, id: ItemId) {
        let place = self
            .get(id)
            .filter(|item| item.trashed_at.is_none())
            .and_then(|item| Some((item.parent?, item.kind(), key(&item.name))));
        if let Some((parent, kind, key)) = place
            && let Some(Body::Folder(folder)) = self.items.get_mut(&parent).map(|up| &mut up.body)
        {
            folder.children.insert((kind, key), id);
        }
    }

    fn detach(&mut self, id: ItemId) {
        let place = self
            .get(id)
            .and_then(|item| Some((item.parent?, item.kind(), key(&item.name))));
        if let Some((parent, kind, key)) = place
            && let Some(Body::Folder(folder)) = self.items.get_mut(&parent).map(|up| &mut up.body)
            && folder.children.get(&(kind, key.clone())) == Some(&id)
        {
            folder.children.remove(&(kind, key));
        }
    }
}
