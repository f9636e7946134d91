//! The `fields` parameter, and which keys each representation has.

use serde_json::{Map, Value};

use super::Ctx;
use super::shapes::Lens;
use crate::world::{ItemId, Kind};

/// Always there.
const BASE: [&str; 3] = ["type", "id", "etag"];

const FILE_MINI: &[&str] = &[
    "type",
    "id",
    "etag",
    "sequence_id",
    "name",
    "sha1",
    "file_version",
];
const FILE_STANDARD: &[&str] = &[
    "type",
    "id",
    "etag",
    "sequence_id",
    "name",
    "sha1",
    "file_version",
    "description",
    "size",
    "path_collection",
    "created_at",
    "modified_at",
    "trashed_at",
    "purged_at",
    "content_created_at",
    "content_modified_at",
    "created_by",
    "modified_by",
    "owned_by",
    "shared_link",
    "parent",
    "item_status",
];
const FOLDER_MINI: &[&str] = &["type", "id", "etag", "sequence_id", "name"];
const FOLDER_STANDARD: &[&str] = &[
    "type",
    "id",
    "etag",
    "sequence_id",
    "name",
    "created_at",
    "modified_at",
    "description",
    "size",
    "path_collection",
    "created_by",
    "modified_by",
    "trashed_at",
    "purged_at",
    "content_created_at",
    "content_modified_at",
    "owned_by",
    "shared_link",
    "folder_upload_email",
    "parent",
    "item_status",
    "item_collection",
];
const LINK_MINI: &[&str] = &["type", "id", "etag", "sequence_id", "name", "url"];

/// Only on request.
const FULL: &[&str] = &[
    "can_non_owners_invite",
    "can_non_owners_view_collaborators",
    "comment_count",
    "extension",
    "has_collaborations",
    "is_collaboration_restricted_to_enterprise",
    "is_externally_owned",
    "is_package",
    "lock",
    "permissions",
    "sync_state",
    "tags",
    "uploader_display_name",
    "version_number",
];

/// The default set of a single item.
fn standard(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Folder => FOLDER_STANDARD,
        Kind::File => FILE_STANDARD,
        Kind::WebLink => LINK_MINI,
    }
}

/// The default set of an item in a list.
fn mini(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Folder => FOLDER_MINI,
        Kind::File => FILE_MINI,
        Kind::WebLink => LINK_MINI,
    }
}

impl Lens<'_> {
    /// An item as the only thing in a reply: `fields` replaces the default set
    /// and does not add to it.
    pub(crate) fn single(&self, id: ItemId, fields: Option<&[&str]>) -> Value {
        let kind = self.kind(id);
        self.object(id, fields.unwrap_or(standard(kind)))
    }

    /// An item in a list.
    pub(crate) fn entry(&self, id: ItemId, fields: Option<&[&str]>) -> Value {
        let kind = self.kind(id);
        self.object(id, fields.unwrap_or(mini(kind)))
    }

    /// The mini representation.
    pub(crate) fn mini(&self, id: ItemId) -> Value {
        self.entry(id, None)
    }

    fn object(&self, id: ItemId, names: &[&str]) -> Value {
        let mut object = Map::new();
        for name in BASE.iter().chain(names) {
            if let Some(value) = self.field(id, name) {
                object.insert((*name).to_owned(), value);
            }
        }
        Value::Object(object)
    }
}

impl Ctx<'_> {
    /// The item of a reply, by the request's `fields`.
    pub(crate) fn show(&mut self, id: ItemId) -> Value {
        self.remark_unknown_fields();
        let fields = self.call.fields();
        Lens::new(self).single(id, fields.as_deref())
    }

    /// Clients ask for files' and folders' fields alike, so only what neither
    /// has is odd.
    pub(super) fn remark_unknown_fields(&mut self) {
        let known = [FILE_STANDARD, FOLDER_STANDARD, LINK_MINI, FULL].concat();
        for name in self.call.fields().unwrap_or_default() {
            if !known.contains(&name) {
                self.remark(&format!("field '{name}' is not emulated"));
            }
        }
    }
}
