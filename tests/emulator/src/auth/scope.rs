//! What an app's scopes and a down-scoped token allow.

use serde_json::{Value, json};

use crate::wire::{ApiError, Call, Operation, Received};
use crate::world::{ItemId, UserId, World};

/// The scopes that Box documents for apps and for down-scoped tokens.
pub(crate) const KNOWN: &[&str] = &[
    "root_readwrite",
    "root_readonly",
    "base_explorer",
    "base_picker",
    "base_preview",
    "base_sidebar",
    "base_upload",
    "item_delete",
    "item_download",
    "item_preview",
    "item_readwrite",
    "item_rename",
    "item_share",
    "item_upload",
    "manage_webhook",
    "manage_enterprise_properties",
    "sign_requests.readwrite",
];

/// What a down-scoped token is limited to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Restriction {
    pub(crate) scopes: Vec<String>,
    /// The item, with all below it.
    pub(crate) within: Option<ItemId>,
}

impl Restriction {
    /// As the token's answer tells it.
    pub(crate) fn told(&self, world: &World) -> Value {
        let object = self.within.map(|id| {
            let kind = match world.get(id).and_then(|item| item.folder()) {
                Some(_) => "folder",
                None => "file",
            };
            json!({"type": kind, "id": id.to_string()})
        });
        let one = |scope: &String| match &object {
            Some(object) => json!({"scope": scope, "object": object}),
            None => json!({ "scope": scope }),
        };
        self.scopes.iter().map(one).collect()
    }

    /// Whether the operation, and the item that it is about, are within it.
    pub(crate) fn allows(
        &self,
        world: &World,
        user: UserId,
        operation: &Operation,
        call: &Call,
        body: &Received,
    ) -> bool {
        let scopes: Vec<&str> = self.scopes.iter().map(String::as_str).collect();
        let does = needed(operation.id);
        let may = does.is_empty() || does.iter().any(|scope| scopes.contains(scope));
        let Some(within) = self.within else {
            return may;
        };
        let Some(id) = target(world, user, operation, call, body) else {
            return may;
        };
        may && world.lineage(id).any(|(above, _)| above == within)
    }
}

/// The scopes of which one is needed; none for what every token may do.
fn needed(operation: &str) -> &'static [&'static str] {
    const ALL: &str = "root_readwrite";
    match operation {
        "options_files_content"
        | "options_files_id_content"
        | "post_files_content"
        | "post_files_id_content"
        | "post_files_upload_sessions"
        | "post_files_id_upload_sessions" => &[ALL, "base_upload", "item_upload", "item_readwrite"],
        "post_folders" => &[ALL, "base_upload", "base_explorer", "item_readwrite"],
        "put_files_id" | "put_folders_id" => &[ALL, "item_rename", "item_readwrite"],
        "delete_files_id" | "delete_folders_id" => &[ALL, "item_delete"],
        "get_files_id_content" => &[ALL, "root_readonly", "item_download", "item_readwrite"],
        _ => &[],
    }
}

/// Whether an operation changes something.
pub(crate) fn writes(operation: &str) -> bool {
    let reads = operation.starts_with("get_") || operation.starts_with("dl_");
    !reads && !operation.contains("oauth2") && operation != "unknown"
}

/// The item that a request is about: in its path, or the folder in its body.
fn target(
    world: &World,
    user: UserId,
    operation: &Operation,
    call: &Call,
    body: &Received,
) -> Option<ItemId> {
    let named = |id: &str| match id {
        "0" => Some(world.root(user)),
        id => id.parse().ok(),
    };
    let is_item =
        operation.path.starts_with("files/:id") || operation.path.starts_with("folders/:id");
    if is_item {
        return named(call.hole(0));
    }
    let parent = body.fields()?.get("parent")?.get("id")?;
    let text = parent.as_str().map(str::to_owned);
    named(&text.unwrap_or_else(|| parent.to_string()))
}

/// 403 for what needs more than the token has.
pub(crate) fn insufficient() -> ApiError {
    let message = "The request requires higher privileges than provided by the access token.";
    ApiError::new(403, "insufficient_scope", message)
}
