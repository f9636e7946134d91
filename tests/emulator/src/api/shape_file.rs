//! The fields that only files have.

use serde_json::{Value, json};

use super::shapes::{Lens, TRASH_LIFE};
use crate::world::{Item, ItemId, Lock, Revision};

impl Lens<'_> {
    /// One field of a file.
    pub(super) fn file_field(&self, id: ItemId, item: &Item, name: &str) -> Option<Value> {
        let file = item.file()?;
        let current = file.revisions.last()?;
        Some(match name {
            "sha1" => json!(&*current.blob.sha1),
            "size" => json!(current.blob.size),
            "file_version" => version_mini(current),
            "version_number" => json!(file.revisions.len().to_string()),
            "lock" => file
                .lock
                .as_ref()
                .map_or(Value::Null, |lock| self.lock(lock)),
            "permissions" => self.file_permissions(id),
            "extension" => json!(extension(&item.name)),
            "is_package" => json!(false),
            "comment_count" => json!(0),
            "uploader_display_name" => self.uploader(item),
            _ => return None,
        })
    }

    /// A past version as `GET /files/:id/versions` lists it.
    pub(super) fn version(&self, revision: &Revision, number: usize) -> Value {
        json!({
            "type": "file_version",
            "id": revision.id.to_string(),
            "sha1": &*revision.blob.sha1,
            "name": revision.name,
            "size": revision.blob.size,
            "created_at": self.date(revision.at),
            "modified_at": self.date(revision.at),
            "modified_by": self.user(revision.by),
            "trashed_at": revision.trashed.map(|(at, _)| self.date(at)),
            "trashed_by": revision.trashed.map(|(_, by)| self.user(by)),
            "purged_at": revision.trashed.map(|(at, _)| self.date(at + TRASH_LIFE)),
            "version_number": number.to_string(),
        })
    }

    fn lock(&self, lock: &Lock) -> Value {
        json!({
            "type": "lock",
            "id": lock.id.to_string(),
            "created_by": self.user(lock.by),
            "created_at": self.date(lock.at),
            "expired_at": lock.expires.map(|at| self.date(at)),
            "is_download_prevented": lock.no_download,
            "app_type": null,
        })
    }

    fn file_permissions(&self, id: ItemId) -> Value {
        let rights = self.world.rights(self.viewer, id);
        json!({
            "can_delete": rights.edit,
            "can_download": rights.download,
            "can_invite_collaborator": rights.edit,
            "can_rename": rights.edit,
            "can_set_share_access": rights.edit,
            "can_share": rights.edit,
            "can_annotate": rights.edit,
            "can_comment": rights.download,
            "can_preview": rights.download,
            "can_upload": rights.edit,
            "can_view_annotations_all": rights.download,
            "can_view_annotations_self": rights.download,
        })
    }

    fn uploader(&self, item: &Item) -> Value {
        let user = self.world.user(item.created_by);
        user.map_or(Value::Null, |user| json!(user.name))
    }
}

fn version_mini(revision: &Revision) -> Value {
    json!({
        "type": "file_version",
        "id": revision.id.to_string(),
        "sha1": &*revision.blob.sha1,
    })
}

fn extension(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}
