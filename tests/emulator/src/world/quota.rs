//! Whose storage an item uses: the owner's of the tree that it lies in.

use super::World;
use super::item::{Item, ItemId};
use super::users::{SERVICE, UserId};

impl World {
    /// The owner of everything put into this folder.
    pub(crate) fn owner_of(&self, folder: ItemId) -> UserId {
        self.get(folder).map_or(SERVICE, |item| item.owner)
    }

    /// Bytes that count against an account.
    pub(crate) fn used(&self, user: UserId, with_versions: bool) -> u64 {
        self.user(user).map_or(0, |user| {
            user.used + if with_versions { user.used_past } else { 0 }
        })
    }

    pub(super) fn charge(&mut self, user: UserId, current: u64, past: u64) {
        if let Some(user) = self.users_mut().get_mut(user) {
            user.used += current;
            user.used_past += past;
        }
    }

    pub(super) fn discharge(&mut self, user: UserId, current: u64, past: u64) {
        if let Some(user) = self.users_mut().get_mut(user) {
            user.used = user.used.saturating_sub(current);
            user.used_past = user.used_past.saturating_sub(past);
        }
    }

    pub(super) fn hand_over(&mut self, id: ItemId, owner: UserId) {
        let Some((before, current, past)) = self.get_mut(id).map(|item: &mut Item| {
            let before = std::mem::replace(&mut item.owner, owner);
            (before, item.stored(), item.stored_past())
        }) else {
            return;
        };
        self.discharge(before, current, past);
        self.charge(owner, current, past);
    }
}
