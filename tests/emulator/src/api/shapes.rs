//! Items and accounts as JSON, seen with one account's eyes.

use serde_json::{Value, json};

use super::Ctx;
use crate::clock;
use crate::settings::Settings;
use crate::shared::State;
use crate::world::{Item, ItemId, Kind, UserId, World};

/// Thirty days: how long the trash keeps things.
pub(super) const TRASH_LIFE: i64 = 30 * 86_400;

/// A view on the stored things.
pub(crate) struct Lens<'a> {
    pub(super) world: &'a World,
    pub(super) viewer: UserId,
    settings: &'a Settings,
}

impl<'a> Lens<'a> {
    /// The view of a request's account.
    pub(crate) fn new(ctx: &'a Ctx<'_>) -> Lens<'a> {
        Lens::of(ctx.state, ctx.user)
    }

    /// The view of any account.
    pub(crate) fn of(state: &'a State, viewer: UserId) -> Lens<'a> {
        Lens {
            world: &state.world,
            viewer,
            settings: &state.settings,
        }
    }

    /// The item's kind; of something gone, as a file.
    pub(super) fn kind(&self, id: ItemId) -> Kind {
        self.world.get(id).map_or(Kind::File, Item::kind)
    }

    /// One field of an item; `None` when the kind has no such field.
    pub(crate) fn field(&self, id: ItemId, name: &str) -> Option<Value> {
        let item = self.world.get(id)?;
        self.common(id, item, name).or_else(|| match item.kind() {
            Kind::File => self.file_field(id, item, name),
            Kind::Folder => self.folder_field(id, item, name),
            Kind::WebLink => item.url().filter(|_| name == "url").map(Value::from),
        })
    }

    fn common(&self, id: ItemId, item: &Item, name: &str) -> Option<Value> {
        let root = item.parent.is_none();
        Some(match name {
            "type" => json!(item.kind().wire()),
            "id" => json!(self.wire_id(id)),
            "etag" | "sequence_id" if root => Value::Null,
            "etag" | "sequence_id" => json!(item.etag.to_string()),
            "name" => json!(item.name),
            "description" => json!(item.description),
            "created_at" | "modified_at" | "content_created_at" | "content_modified_at" if root => {
                Value::Null
            }
            "created_at" => json!(self.date(item.times.created)),
            "modified_at" => json!(self.date(item.times.modified)),
            "content_created_at" => json!(self.date(item.times.content_created)),
            "content_modified_at" => json!(self.date(item.times.content_modified)),
            "trashed_at" => json!(item.trashed_at.map(|at| self.date(at))),
            "purged_at" => json!(item.trashed_at.map(|at| self.date(at + TRASH_LIFE))),
            "created_by" if root => json!({"type": "user", "id": "", "name": "", "login": ""}),
            "created_by" => self.user(item.created_by),
            "modified_by" => self.user(item.modified_by),
            "owned_by" => self.user(item.owner),
            "shared_link" => self.shared_link(item),
            "parent" => self.parent(id, item),
            "path_collection" => self.path_collection(id),
            "item_status" if self.world.is_trashed(id) => json!("trashed"),
            "item_status" => json!("active"),
            "tags" => json!(item.tags),
            "has_collaborations" => json!(self.is_shared(id)),
            "is_externally_owned" => json!(false),
            _ => return None,
        })
    }

    /// An id as the viewer knows it.
    pub(super) fn wire_id(&self, id: ItemId) -> String {
        match self.world.get(id) {
            Some(item) if item.parent.is_none() => "0".to_owned(),
            _ => id.to_string(),
        }
    }

    /// A user in its mini representation.
    pub(super) fn user(&self, user: UserId) -> Value {
        self.world.user(user).map_or(
            Value::Null,
            |user| json!({"type": "user", "id": user.id, "name": user.name, "login": user.login}),
        )
    }

    /// A date in the enterprise's zone.
    pub(super) fn date(&self, seconds: i64) -> String {
        clock::rfc3339(seconds, self.settings.utc_offset_minutes)
    }

    /// The folder above. A collaborator finds a shared folder in its own root.
    fn parent(&self, id: ItemId, item: &Item) -> Value {
        match item.parent {
            None => Value::Null,
            Some(_) if self.world.is_entrance(self.viewer, id) => {
                self.crumb(self.world.root(self.viewer))
            }
            Some(parent) => self.crumb(parent),
        }
    }

    fn path_collection(&self, id: ItemId) -> Value {
        if self.world.is_trashed(id) {
            let trash = json!({
                "type": "folder", "id": "1", "sequence_id": null, "etag": null, "name": "Trash",
            });
            return json!({"total_count": 1, "entries": [trash]});
        }
        let mut path: Vec<Value> = Vec::new();
        let mut below = id;
        for (above, _) in self.world.lineage(id).skip(1) {
            if self.world.is_entrance(self.viewer, below) {
                path.push(self.crumb(self.world.root(self.viewer)));
                break;
            }
            path.push(self.crumb(above));
            below = above;
        }
        path.reverse();
        json!({"total_count": path.len(), "entries": path})
    }

    fn crumb(&self, id: ItemId) -> Value {
        let field = |name| self.field(id, name).unwrap_or(Value::Null);
        json!({
            "type": "folder",
            "id": self.wire_id(id),
            "sequence_id": field("sequence_id"),
            "etag": field("etag"),
            "name": field("name"),
        })
    }

    fn is_shared(&self, id: ItemId) -> bool {
        self.world.lineage(id).any(|(_, item)| {
            item.folder()
                .is_some_and(|folder| !folder.shares.is_empty())
        })
    }
}
