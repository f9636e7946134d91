//! Files on Box, sent in parts: sessions, parts, commit. Box's guide "Chunked upload".
//!
//! A session's calls go to the addresses that Box gave for it, each of which is checked
//! before anything is sent there.

use crate::model::digest::Sha1Digest;
use crate::model::ids::{Etag, FileId, FolderId};
use crate::model::item::RemoteFile;
use crate::model::name::RemoteName;
use crate::model::session::{Part, Session, SessionFault, Slice};
use crate::model::stamp::Stamp;
use crate::model::trouble::{Said, Trouble};
use crate::remote::client::{Body, BoxClient, Call, PartBody};
use crate::remote::files::{stored, times};
use crate::remote::parcel::Open;
use crate::remote::wire;
use reqwest::{Method, StatusCode, Url};
use serde_json::{Value, json};
use std::time::Duration;

/// The most parts that one page of their list may have.
const PAGE: usize = 1_000;
/// How long to wait for a commit that is being worked on, where Box does not say.
const COMMIT_AGAIN: Duration = Duration::from_secs(3);

/// What a commit led to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Commit {
    /// The file is there.
    Stored(RemoteFile),
    /// Box is still putting it together: the same commit is to be sent again after this.
    Pending(Duration),
}

/// What a commit says besides the parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole<'a> {
    /// The SHA-1 of the whole content.
    pub(crate) sha1: Sha1Digest,
    /// The file's times.
    pub(crate) stamp: &'a Stamp,
    /// For a version: the etag that the file must still have.
    pub(crate) base: Option<&'a Etag>,
}

impl BoxClient {
    /// Opens a session for a new file, which is the preflight as well.
    /// (`post_files_upload_sessions`) With whether it was open before.
    ///
    /// # Errors
    /// [`Trouble::NameTaken`] tells who has the name; [`Trouble::Gone`] that the folder is
    /// not there or not visible; [`SessionFault::TooSmall`], [`SessionFault::Open`].
    pub(crate) async fn open_session(
        &self,
        name: &RemoteName,
        parent: &FolderId,
        size: u64,
    ) -> Result<(Session, bool), Trouble> {
        let body = json!({
            "folder_id": parent.as_str(), "file_name": name.as_str(), "file_size": size,
        });
        let url = self.hosts.upload("files/upload_sessions");
        self.open("post_files_upload_sessions", url, body, size)
            .await
    }

    /// Opens a session for a new version. (`post_files_id_upload_sessions`) No name is
    /// sent: the file keeps the one that it has.
    ///
    /// # Errors
    /// As [`Self::open_session`]; [`Trouble::Gone`] is about the file.
    pub(crate) async fn open_version_session(
        &self,
        id: &FileId,
        size: u64,
    ) -> Result<(Session, bool), Trouble> {
        let url = self.hosts.upload(&format!("files/{id}/upload_sessions"));
        let body = json!({ "file_size": size });
        self.open("post_files_id_upload_sessions", url, body, size)
            .await
    }

    async fn open(
        &self,
        operation: &'static str,
        url: Url,
        body: Value,
        size: u64,
    ) -> Result<(Session, bool), Trouble> {
        let create = || Call {
            operation,
            method: Method::POST,
            url: url.clone(),
            if_match: None,
            body: Body::Json(body.clone()),
        };
        let status = match self.send(create()).await {
            Err(Trouble::Session(_, SessionFault::Open(Some(status)))) => status,
            other => return Ok((self.session(&other?, size)?, false)),
        };
        // An earlier try opened it, its answer lost.
        match self.session_at(&status, size).await {
            Ok(session) => Ok((session, true)),
            // For something else, of another size perhaps: it makes room. (Where a session
            // tells its state, it is also given up.)
            Err(Trouble::Refused(_) | Trouble::Gone(_) | Trouble::Session(..)) => {
                self.abort_at(&status).await?;
                let answer = self.send(create()).await?;
                Ok((self.session(&answer, size)?, false))
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// What a session's state is: whether it can still be filled.
    /// (`get_files_upload_sessions_id`)
    ///
    /// # Errors
    /// [`SessionFault::Over`] or [`Trouble::Gone`] when it cannot.
    pub(crate) async fn session_state(&self, session: &Session) -> Result<Session, Trouble> {
        self.session_at(&session.places.status, session.cut.size())
            .await
    }

    async fn session_at(&self, status: &str, size: u64) -> Result<Session, Trouble> {
        let url = self.place(status)?;
        let answer = self.get("get_files_upload_sessions_id", url).await?;
        self.session(&answer, size)
    }

    /// A session that Box described, whose numbers and addresses can be believed.
    fn session(&self, answer: &Value, size: u64) -> Result<Session, Trouble> {
        let session = wire::session(answer, size).map_err(|what| odd("odd_session", what))?;
        let places = &session.places;
        for place in [
            &places.part,
            &places.list,
            &places.status,
            &places.commit,
            &places.abort,
        ] {
            self.place(place)?;
        }
        Ok(session)
    }

    fn place(&self, handed_out: &str) -> Result<Url, Trouble> {
        let checked = self.hosts.check(handed_out);
        checked.map_err(|what| odd("foreign_session_url", what))
    }

    /// Sends one part. (`put_files_upload_sessions_id`)
    ///
    /// # Errors
    /// [`SessionFault::Overlap`] when something is there already; [`SessionFault::Over`]
    /// or [`Trouble::Gone`] when the session is; [`Trouble::Damaged`] or
    /// [`Trouble::Stale`] when other bytes arrived than the digest says.
    pub(crate) async fn put_part(
        &self,
        session: &Session,
        slice: Slice,
        sha1: Sha1Digest,
        open: Open<'_>,
    ) -> Result<Part, Trouble> {
        let range = slice.range(&session.cut);
        let call = Call {
            operation: "put_files_upload_sessions_id",
            method: Method::PUT,
            url: self.place(&session.places.part)?,
            if_match: None,
            body: Body::Part(PartBody { range, sha1, open }),
        };
        let answer = self.send(call).await?;
        // Box's guide shows a part bare, its specification and its clients wrapped.
        let part = wire::part(answer.get("part").unwrap_or(&answer));
        part.ok_or_else(|| Trouble::NoAnswer("a part described without its digest".to_owned()))
    }

    /// Every part that Box holds. (`get_files_upload_sessions_id_parts`)
    pub(crate) async fn list_parts(&self, session: &Session) -> Result<Vec<Part>, Trouble> {
        let (mut parts, mut seen) = (Vec::new(), 0);
        loop {
            let mut url = self.place(&session.places.list)?;
            url.query_pairs_mut()
                .append_pair("offset", &seen.to_string())
                .append_pair("limit", &PAGE.to_string());
            let page = self.get("get_files_upload_sessions_id_parts", url).await?;
            let entries = page.get("entries").and_then(Value::as_array);
            let entries =
                entries.ok_or_else(|| Trouble::NoAnswer("a list without parts".to_owned()))?;
            parts.extend(entries.iter().filter_map(wire::part));
            seen += entries.len() as u64;
            let total = wire::bytes(&page, "total_count").unwrap_or(0);
            // More than there are parts is a list that does not end.
            if entries.is_empty() || seen >= total.min(session.cut.parts()) {
                return Ok(parts);
            }
        }
    }

    /// Has the parts put together. (`post_files_upload_sessions_id_commit`) `created`
    /// tells whether the file is new, and gets its date of birth.
    ///
    /// # Errors
    /// [`SessionFault::NotYet`] when parts are still being worked through;
    /// [`Trouble::NameTaken`], [`Trouble::Stale`] as for a direct upload;
    /// [`Trouble::Damaged`] when the whole has another digest.
    pub(crate) async fn commit(
        &self,
        session: &Session,
        parts: &[Part],
        whole: &Whole<'_>,
    ) -> Result<Commit, Trouble> {
        let parts: Vec<Value> = parts
            .iter()
            .map(|part| {
                json!({
                    "part_id": part.id, "offset": part.offset, "size": part.size,
                    "sha1": part.sha1.to_string(),
                })
            })
            .collect();
        let attributes = times(whole.stamp, whole.base.is_none());
        let body = json!({ "parts": parts, "attributes": attributes });
        let call = Call {
            operation: "post_files_upload_sessions_id_commit",
            method: Method::POST,
            url: self.place(&session.places.commit)?,
            if_match: whole.base.map(ToString::to_string),
            body: Body::Commit(body, whole.sha1),
        };
        let answer = self.answer(call).await?;
        match answer.status {
            StatusCode::ACCEPTED => Ok(Commit::Pending(answer.after.unwrap_or(COMMIT_AGAIN))),
            _ => stored(&answer.json).map(Commit::Stored),
        }
    }

    /// Gives a session up. (`delete_files_upload_sessions_id`) One that is over already
    /// is given up.
    pub(crate) async fn abort(&self, session: &Session) -> Result<(), Trouble> {
        self.abort_at(&session.places.abort).await
    }

    async fn abort_at(&self, place: &str) -> Result<(), Trouble> {
        let call = Call {
            operation: "delete_files_upload_sessions_id",
            method: Method::DELETE,
            url: self.place(place)?,
            if_match: None,
            body: Body::None,
        };
        match self.answer(call).await {
            Ok(_) | Err(Trouble::Gone(_) | Trouble::Session(..)) => Ok(()),
            Err(trouble) => Err(trouble),
        }
    }
}

/// A session that nothing is sent to.
fn odd(code: &str, message: String) -> Trouble {
    Trouble::Refused(Said {
        code: code.to_owned(),
        message,
        ..Said::default()
    })
}
