//! Files on Box: preflight, upload, new version, reading.

use crate::model::digest::Sha1Digest;
use crate::model::ids::{Etag, FileId, FolderId};
use crate::model::item::RemoteFile;
use crate::model::name::RemoteName;
use crate::model::stamp::{Nanos, Stamp};
use crate::model::trouble::{Said, Trouble};
use crate::remote::client::{Body, BoxClient, Call, FileBody};
use crate::remote::parcel::Open;
use crate::remote::wire;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use std::time::{Duration, UNIX_EPOCH};

/// A preflight's yes: where to send the content.
#[derive(Clone, Debug)]
pub(crate) struct UploadTarget(Url);

/// The content that goes up, described.
pub(crate) struct Content<'a> {
    /// Its SHA-1.
    pub(crate) sha1: Sha1Digest,
    /// The file's times and size.
    pub(crate) stamp: &'a Stamp,
    /// Opens it, once per try.
    pub(crate) open: Open<'a>,
}

impl BoxClient {
    /// Would Box take a new file? (`options_files_content`)
    ///
    /// # Errors
    /// [`Trouble::NameTaken`] tells who has the name; [`Trouble::Gone`] that the folder
    /// is not there or not visible.
    pub(crate) async fn preflight_new(
        &self,
        name: &RemoteName,
        parent: &FolderId,
        size: u64,
    ) -> Result<UploadTarget, Trouble> {
        let body = json!({
            "name": name.as_str(), "parent": {"id": parent.as_str()}, "size": size,
        });
        self.preflight("options_files_content", "files/content", body)
            .await
    }

    /// Would Box take a new version of the file? (`OPTIONS /files/:id/content`, in the
    /// guide "Pre-flight check" only.)
    ///
    /// # Errors
    /// [`Trouble::Gone`] when the file is not there or not visible.
    pub(crate) async fn preflight_version(
        &self,
        id: &FileId,
        size: u64,
    ) -> Result<UploadTarget, Trouble> {
        let path = format!("files/{id}/content");
        self.preflight("options_files_id_content", &path, json!({ "size": size }))
            .await
    }

    async fn preflight(
        &self,
        operation: &'static str,
        path: &str,
        body: Value,
    ) -> Result<UploadTarget, Trouble> {
        let url = self.hosts.api(path);
        let body = Body::Json(body);
        let call = Call {
            operation,
            method: Method::OPTIONS,
            url,
            if_match: None,
            body,
        };
        let answer = self.send(call).await?;
        match wire::text(&answer, "upload_url") {
            None => Ok(UploadTarget(self.hosts.upload(path))),
            Some(url) => self.hosts.check(&url).map(UploadTarget).map_err(|message| {
                let code = "foreign_upload_url".to_owned();
                Trouble::Refused(Said {
                    code,
                    message,
                    ..Said::default()
                })
            }),
        }
    }

    /// Uploads a new file. (`post_files_content`)
    ///
    /// # Errors
    /// [`Trouble::NameTaken`] when somebody took the name meanwhile;
    /// [`Trouble::LocalChanged`] when the content is not what was announced: nothing
    /// was stored then.
    pub(crate) async fn upload_new(
        &self,
        target: UploadTarget,
        name: &RemoteName,
        parent: &FolderId,
        content: &Content<'_>,
    ) -> Result<RemoteFile, Trouble> {
        let mut attributes = times(content.stamp, true);
        attributes["name"] = json!(name.as_str());
        attributes["parent"] = json!({ "id": parent.as_str() });
        self.upload_to("post_files_content", target, None, attributes, content)
            .await
    }

    /// Uploads a new version if the file's etag still is `etag`.
    /// (`post_files_id_content`) The name is sent because Box's specification demands
    /// it; it must be the one that the file has, or the upload would rename it.
    ///
    /// # Errors
    /// [`Trouble::Stale`] when the file has changed; else as [`Self::upload_new`].
    pub(crate) async fn upload_version(
        &self,
        target: UploadTarget,
        name: &RemoteName,
        etag: &Etag,
        content: &Content<'_>,
    ) -> Result<RemoteFile, Trouble> {
        let mut attributes = times(content.stamp, false);
        attributes["name"] = json!(name.as_str());
        let if_match = Some(etag.to_string());
        self.upload_to(
            "post_files_id_content",
            target,
            if_match,
            attributes,
            content,
        )
        .await
    }

    async fn upload_to<'a>(
        &self,
        operation: &'static str,
        target: UploadTarget,
        if_match: Option<String>,
        attributes: Value,
        content: &Content<'a>,
    ) -> Result<RemoteFile, Trouble> {
        let sha1 = content.sha1.to_string();
        let body = Body::File(FileBody {
            attributes,
            sha1,
            open: content.open,
        });
        let call = Call {
            operation,
            method: Method::POST,
            url: target.0,
            if_match,
            body,
        };
        self.send(call).await.and_then(|answer| stored(&answer))
    }

    /// A file's current state. (`get_files_id`)
    ///
    /// # Errors
    /// [`Trouble::Gone`] when it is not there, in the trash, or not visible.
    pub(crate) async fn read_file(&self, id: &FileId) -> Result<RemoteFile, Trouble> {
        let mut url = self.hosts.api(&format!("files/{id}"));
        url.query_pairs_mut()
            .append_pair("fields", wire::FILE_FIELDS);
        let answer = self.get("get_files_id", url).await?;
        let is_active = wire::text(&answer, "item_status").is_none_or(|status| status == "active");
        match wire::file(&answer) {
            Some(file) if is_active => Ok(file),
            Some(_) => {
                let message = "the file is in the trash".to_owned();
                Err(Trouble::Gone(Said {
                    status: 404,
                    message,
                    ..Said::default()
                }))
            }
            None => Err(Trouble::NoAnswer(
                "a file described without its ID or name".to_owned(),
            )),
        }
    }
}

/// The file that an upload's answer tells of. An answer that names none is half an
/// answer: what happened must be asked.
pub(super) fn stored(answer: &Value) -> Result<RemoteFile, Trouble> {
    answer
        .get("entries")
        .and_then(|entries| entries.get(0))
        .and_then(wire::file)
        .ok_or_else(|| Trouble::NoAnswer("an upload answered without a file".to_owned()))
}

/// The attributes that tell a file's times. Left out, Box would put the time of the
/// upload.
pub(super) fn times(stamp: &Stamp, is_new: bool) -> Value {
    let mut attributes = json!({});
    if is_new {
        set_time(&mut attributes, "content_created_at", created(stamp));
    }
    set_time(&mut attributes, "content_modified_at", stamp.mtime);
    attributes
}

/// When the file was made: as the file system says, but never after its last change.
fn created(stamp: &Stamp) -> Nanos {
    stamp
        .created
        .map_or(stamp.mtime, |created| created.min(stamp.mtime))
}

/// Box keeps whole seconds and refuses times before 1970; RFC 3339 ends with 9999.
fn set_time(attributes: &mut Value, key: &str, time: Nanos) {
    const YEAR_10000: u64 = 253_402_300_800;
    let seconds = u64::try_from(time.seconds())
        .ok()
        .filter(|s| *s < YEAR_10000);
    if let Some(seconds) = seconds {
        let time = UNIX_EPOCH + Duration::from_secs(seconds);
        attributes[key] = json!(humantime::format_rfc3339_seconds(time).to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::set_time;
    use crate::model::stamp::Nanos;
    use serde_json::json;

    #[test]
    fn times_are_whole_seconds_and_impossible_ones_are_left_out() {
        for (seconds, nanos, expected) in [
            (0, 0, Some("1970-01-01T00:00:00Z")),
            (1_700_000_000, 999_999_999, Some("2023-11-14T22:13:20Z")),
            (-1, 0, None),
            (i64::MAX, 0, Some("2262-04-11T23:47:16Z")),
        ] {
            let mut attributes = json!({});
            set_time(&mut attributes, "t", Nanos::new(seconds, nanos));
            assert_eq!(attributes.get("t").and_then(|t| t.as_str()), expected);
        }
    }
}
