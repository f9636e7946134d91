//! The accounts. Each has a tree of its own whose root is called `0` by it.

use super::World;
use super::item::{Body, FolderBody, Item, ItemId, Times};

/// Position of an account.
pub(crate) type UserId = usize;
/// The main account: the app's service account, or under OAuth 2.0 a person's.
pub(crate) const SERVICE: UserId = 0;
/// The other people. They manage the enterprise.
pub(crate) const COLLEAGUE: UserId = 1;

/// One account.
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) login: String,
    pub(crate) root: ItemId,
    /// Bytes of its files' current versions, trashed ones included.
    pub(crate) used: u64,
    /// Bytes of past versions.
    pub(crate) used_past: u64,
}

impl World {
    /// Adds an account with an empty tree.
    pub(crate) fn add_user(&mut self, id: &str, name: &str, login: &str) -> UserId {
        let user = self.users.len();
        let root = self.next_item;
        self.next_item += 1;
        let body = Body::Folder(FolderBody::default());
        let item = Item::new("All Files", None, user, user, Times::all(0), body);
        self.items.insert(root, item);
        self.users.push(User {
            id: id.to_owned(),
            name: name.to_owned(),
            login: login.to_owned(),
            root,
            used: 0,
            used_past: 0,
        });
        user
    }

    /// The account.
    pub(crate) fn user(&self, user: UserId) -> Option<&User> {
        self.users.get(user)
    }

    /// The account with this id on the wire.
    pub(crate) fn user_by_id(&self, id: &str) -> Option<UserId> {
        self.users.iter().position(|user| user.id == id)
    }

    /// The root folder of an account.
    pub(crate) fn root(&self, user: UserId) -> ItemId {
        self.users.get(user).map_or(0, |user| user.root)
    }

    pub(super) fn users_mut(&mut self) -> &mut [User] {
        &mut self.users
    }
}
