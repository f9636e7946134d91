//! The fields that only folders have.

use serde_json::{Value, json};

use super::shapes::Lens;
use crate::world::{Item, ItemId};

impl Lens<'_> {
    /// One field of a folder. `item_collection` here is its first page; a
    /// request with paging parameters replaces it.
    pub(super) fn folder_field(&self, id: ItemId, _: &Item, name: &str) -> Option<Value> {
        Some(match name {
            "size" => json!(self.folder_size(id)),
            "folder_upload_email" => Value::Null,
            "item_collection" => self.first_page(id),
            "permissions" => self.folder_permissions(id),
            "sync_state" => json!("not_synced"),
            "can_non_owners_invite" | "can_non_owners_view_collaborators" => json!(true),
            "is_collaboration_restricted_to_enterprise" => json!(false),
            _ => return None,
        })
    }

    fn folder_size(&self, id: ItemId) -> u64 {
        let members = self.world.subtree(id).into_iter();
        members
            .filter_map(|member| self.world.get(member))
            .map(Item::stored)
            .sum()
    }

    fn folder_permissions(&self, id: ItemId) -> Value {
        let rights = self.world.rights(self.viewer, id);
        let root = self.world.get(id).is_some_and(|item| item.parent.is_none());
        json!({
            "can_delete": rights.edit && !root,
            "can_download": rights.download,
            "can_invite_collaborator": rights.edit && !root,
            "can_rename": rights.edit && !root,
            "can_set_share_access": rights.edit && !root,
            "can_share": rights.edit && !root,
            "can_upload": rights.upload,
        })
    }
}
