//! Folders as a person looks at them who has to choose one.

use crate::model::ids::FolderId;
use crate::model::name::RemoteName;
use crate::model::trouble::Trouble;
use crate::remote::client::BoxClient;
use crate::remote::folders::permission;
use crate::remote::wire;
use serde_json::Value;

const FIELDS: &str = "type,id,name,item_status,permissions,owned_by";
/// Nobody chooses among more than that; who knows the folder's ID need not look.
const MOST_PAGES: usize = 10;

/// A folder, and what this account may do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    /// Its ID.
    pub(crate) id: FolderId,
    /// Its name.
    pub(crate) name: RemoteName,
    /// Whether something may be put into it; `None` where Box does not say.
    pub(crate) can_upload: Option<bool>,
    /// The ID of the account that it belongs to.
    pub(crate) owner: Option<String>,
}

impl BoxClient {
    /// The folders in a folder, by name. (`get_folders_id_items`)
    ///
    /// # Errors
    /// [`Trouble::Gone`] when it is not there or not visible.
    pub(crate) async fn sights_in(&self, id: &FolderId) -> Result<Vec<Sight>, Trouble> {
        let mut found = Vec::new();
        let mut marker: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let page = self.page(id, FIELDS, marker.as_deref()).await?;
            let entries = page.get("entries").and_then(Value::as_array);
            found.extend(entries.into_iter().flatten().filter_map(sight));
            marker = wire::text(&page, "next_marker").filter(|marker| !marker.is_empty());
            if marker.is_none() {
                break;
            }
        }
        found.sort_by_cached_key(|sight| sight.name.sibling_key());
        Ok(found)
    }
}

/// `None` for what is no folder, or none that can be used.
fn sight(value: &Value) -> Option<Sight> {
    let is_there = wire::text(value, "item_status").is_none_or(|status| status == "active");
    let is_folder = wire::text(value, "type").as_deref() == Some("folder");
    let folder = wire::folder(value).filter(|_| is_folder && is_there)?;
    Some(Sight {
        id: folder.id,
        name: folder.name,
        can_upload: permission(value, "can_upload"),
        owner: value
            .get("owned_by")
            .and_then(|owner| wire::text(owner, "id")),
    })
}
