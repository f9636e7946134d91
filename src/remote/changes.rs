//! Calls that change where an item is, what it is called, or whether it is there.

use crate::model::ids::{Etag, FileId, FolderId};
use crate::model::item::{RemoteFile, RemoteFolder};
use crate::model::name::RemoteName;
use crate::model::trouble::{Said, Trouble};
use crate::remote::client::{Body, BoxClient, Call};
use crate::remote::wire;
use reqwest::{Method, Url};
use serde_json::{Value, json};

const FOLDER_FIELDS: &str = "type,id,name,etag,item_status";

/// What becomes of a folder: Box refuses both at once (403
/// `operation_limit_exceeded`).
#[derive(Clone, Copy, Debug)]
pub(crate) enum FolderChange<'a> {
    /// It gets this name.
    Rename(&'a RemoteName),
    /// It gets this parent.
    Move(&'a FolderId),
}

/// Where an item is, and how it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Whereabouts<T> {
    /// The item.
    pub(crate) item: T,
    /// The folder that it is in; none where this account cannot see it.
    pub(crate) parent: Option<FolderId>,
}

impl BoxClient {
    /// Renames or moves a file, or both. (`put_files_id`) With `etag` a rename is refused
    /// when the file has changed; a move never is: Box moves what is there.
    ///
    /// # Errors
    /// [`Trouble::NameTaken`] tells who has the name, [`Trouble::Stale`] that the etag is
    /// old, [`Trouble::Gone`] that the file or the folder is not there.
    pub(crate) async fn change_file(
        &self,
        id: &FileId,
        name: Option<&RemoteName>,
        parent: Option<&FolderId>,
        etag: Option<&Etag>,
    ) -> Result<RemoteFile, Trouble> {
        let mut body = json!({});
        if let Some(name) = name {
            body["name"] = json!(name.as_str());
        }
        if let Some(parent) = parent {
            body["parent"] = json!({ "id": parent.as_str() });
        }
        let url = self.with_fields(&format!("files/{id}"), wire::FILE_FIELDS);
        let etag = etag.filter(|_| parent.is_none());
        let answer = self
            .change("put_files_id", Method::PUT, url, etag, body)
            .await?;
        wire::file(&answer).ok_or_else(|| half("a file"))
    }

    /// Renames or moves a folder with all that is in it. (`put_folders_id`) As with files,
    /// `etag` matters to a rename only.
    ///
    /// # Errors
    /// As [`Self::change_file`]; [`Trouble::Busy`] while Box is at work in one of the
    /// trees.
    pub(crate) async fn change_folder(
        &self,
        id: &FolderId,
        change: FolderChange<'_>,
        etag: Option<&Etag>,
    ) -> Result<RemoteFolder, Trouble> {
        let (body, etag) = match change {
            FolderChange::Rename(name) => (json!({ "name": name.as_str() }), etag),
            FolderChange::Move(parent) => (json!({ "parent": {"id": parent.as_str()} }), None),
        };
        let url = self.with_fields(&format!("folders/{id}"), FOLDER_FIELDS);
        let answer = self
            .change("put_folders_id", Method::PUT, url, etag, body)
            .await?;
        wire::folder(&answer).ok_or_else(|| half("a folder"))
    }

    /// Where a file is. (`get_files_id`)
    ///
    /// # Errors
    /// [`Trouble::Gone`] when it is not there, in the trash, or not visible.
    pub(crate) async fn find_file(&self, id: &FileId) -> Result<Whereabouts<RemoteFile>, Trouble> {
        let fields = format!("{},parent", wire::FILE_FIELDS);
        let url = self.with_fields(&format!("files/{id}"), &fields);
        let answer = active(self.get("get_files_id", url).await?)?;
        let item = wire::file(&answer).ok_or_else(|| half("a file"))?;
        let parent = parent(&answer);
        Ok(Whereabouts { item, parent })
    }

    /// Where a folder is. (`get_folders_id`)
    ///
    /// # Errors
    /// [`Trouble::Gone`] when it is not there, in the trash, or not visible.
    pub(crate) async fn find_folder(
        &self,
        id: &FolderId,
    ) -> Result<Whereabouts<RemoteFolder>, Trouble> {
        let fields = format!("{FOLDER_FIELDS},parent");
        let url = self.with_fields(&format!("folders/{id}"), &fields);
        let answer = active(self.get("get_folders_id", url).await?)?;
        let item = wire::folder(&answer).ok_or_else(|| half("a folder"))?;
        let parent = parent(&answer);
        Ok(Whereabouts { item, parent })
    }

    /// Puts a file into the trash, or, where the enterprise wants that, deletes it for
    /// good. (`delete_files_id`)
    ///
    /// # Errors
    /// [`Trouble::Stale`] when it is not the state of this etag, [`Trouble::Gone`] when
    /// it is not there.
    pub(crate) async fn trash_file(&self, id: &FileId, etag: &Etag) -> Result<(), Trouble> {
        let url = self.hosts.api(&format!("files/{id}"));
        self.delete("delete_files_id", url, Some(etag)).await
    }

    /// Puts a folder into the trash, with what is in it only if that is asked for.
    /// (`delete_folders_id`)
    ///
    /// # Errors
    /// As [`Self::trash_file`]; [`Trouble::Later`] when something is in it.
    pub(crate) async fn trash_folder(
        &self,
        id: &FolderId,
        etag: Option<&Etag>,
        recursive: bool,
    ) -> Result<(), Trouble> {
        let mut url = self.hosts.api(&format!("folders/{id}"));
        if recursive {
            url.query_pairs_mut().append_pair("recursive", "true");
        }
        self.delete("delete_folders_id", url, etag).await
    }

    /// Whether a file is in the trash. (`get_files_id_trash`)
    ///
    /// # Errors
    /// Whatever keeps Box from telling.
    pub(crate) async fn is_file_in_trash(&self, id: &FileId) -> Result<bool, Trouble> {
        let url = self.with_fields(&format!("files/{id}/trash"), "type,id");
        is_there(self.get("get_files_id_trash", url).await)
    }

    /// Whether a folder is in the trash. (`get_folders_id_trash`)
    ///
    /// # Errors
    /// Whatever keeps Box from telling.
    pub(crate) async fn is_folder_in_trash(&self, id: &FolderId) -> Result<bool, Trouble> {
        let url = self.with_fields(&format!("folders/{id}/trash"), "type,id");
        is_there(self.get("get_folders_id_trash", url).await)
    }

    /// Takes a file out of the trash, to where it was; to `parent` only if that folder is
    /// gone. (`post_files_id`)
    ///
    /// # Errors
    /// [`Trouble::NameTaken`] when its name is taken there, [`Trouble::Gone`] when it is
    /// not in the trash.
    pub(crate) async fn restore_file(
        &self,
        id: &FileId,
        name: Option<&RemoteName>,
        parent: Option<&FolderId>,
    ) -> Result<RemoteFile, Trouble> {
        let url = self.with_fields(&format!("files/{id}"), wire::FILE_FIELDS);
        let body = restored(name, parent);
        let answer = self
            .change("post_files_id", Method::POST, url, None, body)
            .await?;
        wire::file(&answer).ok_or_else(|| half("a file"))
    }

    /// As [`Self::restore_file`], for a folder with all that was trashed with it.
    /// (`post_folders_id`)
    ///
    /// # Errors
    /// As [`Self::restore_file`].
    pub(crate) async fn restore_folder(
        &self,
        id: &FolderId,
        name: Option<&RemoteName>,
        parent: Option<&FolderId>,
    ) -> Result<RemoteFolder, Trouble> {
        let url = self.with_fields(&format!("folders/{id}"), FOLDER_FIELDS);
        let body = restored(name, parent);
        let answer = self
            .change("post_folders_id", Method::POST, url, None, body)
            .await?;
        wire::folder(&answer).ok_or_else(|| half("a folder"))
    }

    fn with_fields(&self, path: &str, fields: &str) -> Url {
        let mut url = self.hosts.api(path);
        url.query_pairs_mut().append_pair("fields", fields);
        url
    }

    async fn change(
        &self,
        operation: &'static str,
        method: Method,
        url: Url,
        etag: Option<&Etag>,
        body: Value,
    ) -> Result<Value, Trouble> {
        let if_match = etag.map(ToString::to_string);
        let body = Body::Json(body);
        let call = Call {
            operation,
            method,
            url,
            if_match,
            body,
        };
        self.send(call).await
    }

    async fn delete(
        &self,
        operation: &'static str,
        url: Url,
        etag: Option<&Etag>,
    ) -> Result<(), Trouble> {
        let call = Call {
            operation,
            method: Method::DELETE,
            url,
            if_match: etag.map(ToString::to_string),
            body: Body::None,
        };
        self.send(call).await.map(drop)
    }
}

fn restored(name: Option<&RemoteName>, parent: Option<&FolderId>) -> Value {
    let mut body = json!({});
    if let Some(name) = name {
        body["name"] = json!(name.as_str());
    }
    if let Some(parent) = parent {
        body["parent"] = json!({ "id": parent.as_str() });
    }
    body
}

fn is_there(answer: Result<Value, Trouble>) -> Result<bool, Trouble> {
    match answer {
        Ok(_) => Ok(true),
        Err(Trouble::Gone(_)) => Ok(false),
        Err(trouble) => Err(trouble),
    }
}

fn parent(item: &Value) -> Option<FolderId> {
    let parent = item.get("parent");
    parent
        .and_then(|parent| wire::text(parent, "id"))
        .map(FolderId::new)
}

/// An item that is not in the trash.
fn active(item: Value) -> Result<Value, Trouble> {
    match wire::text(&item, "item_status").is_none_or(|status| status == "active") {
        true => Ok(item),
        false => Err(Trouble::Gone(Said {
            status: 404,
            message: "it is in the trash".to_owned(),
            ..Said::default()
        })),
    }
}

/// What was asked may have happened; it must be looked at.
fn half(what: &str) -> Trouble {
    Trouble::NoAnswer(format!("a change answered without {what}"))
}
