//! Folders on Box: reading, listing, making.

use crate::model::ids::FolderId;
use crate::model::item::{Occupant, RemoteFolder};
use crate::model::name::RemoteName;
use crate::model::trouble::{Said, Trouble};
use crate::remote::client::{Body, BoxClient, Call};
use crate::remote::wire;
use reqwest::Method;
use serde_json::{Value, json};

/// Entries in one page of a listing: the most that Box gives.
const PAGE: &str = "1000";
/// A listing that never ends would fill the memory: a thousand pages are a million
/// entries in one folder.
const MOST_PAGES: usize = 1_000;

/// A folder as its account sees it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Described {
    /// Names from the top down, as far as the account sees them; the last is its own.
    pub(crate) path: Vec<String>,
    /// Whether files may be put into it; `None` where Box does not say.
    pub(crate) can_upload: Option<bool>,
    /// Whether what is in it may be read.
    pub(crate) can_download: Option<bool>,
    /// Whose it is: a user's ID.
    pub(crate) owner: Option<String>,
}

/// What a mirror must know of its root before anything is sent there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Welcome {
    /// Whether files may be put into it; `None` where Box does not say.
    pub(crate) can_upload: Option<bool>,
    /// Whose it is: a user's ID.
    pub(crate) owner: Option<String>,
}

/// Whose a folder is, where Box says it.
fn owner(folder: &Value) -> Option<String> {
    let owner = folder.get("owned_by");
    owner.and_then(|owner| wire::text(owner, "id"))
}

/// What this account may do with a folder; `None` where Box does not say.
pub(super) fn permission(folder: &Value, name: &str) -> Option<bool> {
    let all = folder.get("permissions");
    all.and_then(|all| all.get(name)).and_then(Value::as_bool)
}

impl BoxClient {
    /// Whether this account may put something into a folder, and whose room that takes.
    /// (`get_folders_id`)
    ///
    /// # Errors
    /// [`Trouble::Gone`] when it is not there, in the trash, or not visible.
    pub(crate) async fn welcome(&self, id: &FolderId) -> Result<Welcome, Trouble> {
        let answer = self
            .folder(id, "type,id,name,item_status,permissions,owned_by")
            .await?;
        Ok(Welcome {
            can_upload: permission(&answer, "can_upload"),
            owner: owner(&answer),
        })
    }

    /// A folder that is there, with these fields.
    async fn folder(&self, id: &FolderId, fields: &str) -> Result<Value, Trouble> {
        let mut url = self.hosts.api(&format!("folders/{id}"));
        url.query_pairs_mut().append_pair("fields", fields);
        let answer = self.get("get_folders_id", url).await?;
        if wire::folder(&answer).is_none() {
            return Err(Trouble::NoAnswer(
                "a folder described without its ID".to_owned(),
            ));
        }
        if wire::text(&answer, "item_status").is_some_and(|status| status != "active") {
            let message = "the folder is in the trash".to_owned();
            return Err(Trouble::Gone(Said {
                status: 404,
                message,
                ..Said::default()
            }));
        }
        Ok(answer)
    }

    /// All that a person wants to know of a folder before it is used. (`get_folders_id`)
    ///
    /// # Errors
    /// [`Trouble::Gone`] when it is not there, in the trash, or not visible.
    pub(crate) async fn describe_folder(&self, id: &FolderId) -> Result<Described, Trouble> {
        const FIELDS: &str = "type,id,name,item_status,permissions,path_collection,owned_by";
        let answer = self.folder(id, FIELDS).await?;
        let above = answer.get("path_collection");
        let above = above.and_then(|above| above.get("entries")?.as_array());
        let names = above.into_iter().flatten();
        let path = names.filter_map(|folder| wire::text(folder, "name"));
        Ok(Described {
            path: path.chain(wire::text(&answer, "name")).collect(),
            can_upload: permission(&answer, "can_upload"),
            can_download: permission(&answer, "can_download"),
            owner: owner(&answer),
        })
    }

    /// Everything in a folder. (`get_folders_id_items`, by marker: offsets skip and
    /// repeat entries while others change the folder.)
    ///
    /// # Errors
    /// [`Trouble::Gone`] when it is not there or not visible.
    pub(crate) async fn list_folder(&self, id: &FolderId) -> Result<Vec<Occupant>, Trouble> {
        let mut items = Vec::new();
        let mut marker: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let page = self.page(id, wire::FILE_FIELDS, marker.as_deref()).await?;
            let entries = page.get("entries").and_then(Value::as_array);
            let entries =
                entries.ok_or_else(|| Trouble::NoAnswer("a listing without entries".to_owned()))?;
            items.extend(entries.iter().filter_map(wire::occupant));
            // The end is spelled null, absent or empty.
            marker = wire::text(&page, "next_marker").filter(|marker| !marker.is_empty());
            if marker.is_none() {
                return Ok(items);
            }
        }
        Err(Trouble::NoAnswer(format!(
            "a listing of more than {MOST_PAGES} pages"
        )))
    }

    /// One page of a listing, after the one that gave this marker.
    pub(super) async fn page(
        &self,
        id: &FolderId,
        fields: &str,
        marker: Option<&str>,
    ) -> Result<Value, Trouble> {
        let mut url = self.hosts.api(&format!("folders/{id}/items"));
        url.query_pairs_mut()
            .append_pair("fields", fields)
            .append_pair("limit", PAGE)
            .append_pair("usemarker", "true");
        if let Some(marker) = marker {
            url.query_pairs_mut().append_pair("marker", marker);
        }
        self.get("get_folders_id_items", url).await
    }

    /// Makes a folder. (`post_folders`)
    ///
    /// # Errors
    /// [`Trouble::NameTaken`] tells who has the name.
    pub(crate) async fn create_folder(
        &self,
        name: &RemoteName,
        parent: &FolderId,
    ) -> Result<RemoteFolder, Trouble> {
        let body = json!({ "name": name.as_str(), "parent": {"id": parent.as_str()} });
        let call = Call {
            operation: "post_folders",
            method: Method::POST,
            url: self.hosts.api("folders"),
            if_match: None,
            body: Body::Json(body),
        };
        let answer = self.send(call).await?;
        wire::folder(&answer)
            .ok_or_else(|| Trouble::NoAnswer("a new folder described without its ID".to_owned()))
    }
}
