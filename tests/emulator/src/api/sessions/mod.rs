//! Chunked uploads: a session is opened, takes parts, and is committed.

mod abort;
mod commit;
mod create;
mod list;
mod part;

pub(crate) use abort::{delete_files_upload_sessions_id, post_files_upload_sessions_id_log};
pub(crate) use commit::post_files_upload_sessions_id_commit;
pub(crate) use create::{post_files_id_upload_sessions, post_files_upload_sessions};
pub(crate) use list::{get_files_upload_sessions_id, get_files_upload_sessions_id_parts};
pub(crate) use part::put_files_upload_sessions_id;

use serde_json::{Value, json};

use super::Ctx;
use crate::clock;
use crate::wire::ApiError;
use crate::world::{Found, Part, Session};

/// Session ids are 32 upper-case hexadecimal digits.
const ID_LENGTH: usize = 32;

impl Ctx<'_> {
    /// The open session in the path. Malformed ids are told from unknown ones,
    /// and only the account that opened a session may use it.
    fn session(&mut self) -> Result<&mut Session, ApiError> {
        match self.look_up()? {
            Found::Open(session) => Ok(session),
            Found::Expired => Err(ApiError::known(410, "session_expired")),
            Found::Committed | Found::Unknown => Err(ApiError::known(404, "not_found")),
        }
    }

    /// What is under the id in the path.
    fn look_up(&mut self) -> Result<Found<'_>, ApiError> {
        let id = self.call.hole(0);
        let upper_hex = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
        if id.len() != ID_LENGTH || !id.bytes().all(upper_hex) {
            let message = format!("'{id}' is not an upload session");
            return Err(ApiError::new(400, "invalid_upload_session_id", &message));
        }
        let sessions = &mut self.state.sessions;
        if sessions.owner(id).is_some_and(|owner| owner != self.user) {
            return Err(ApiError::known(403, "forbidden"));
        }
        Ok(sessions.find(id, self.now))
    }
}

/// The session object.
fn show(id: &str, session: &Session) -> Value {
    let url = format!("{}/files/upload_sessions/{id}", session.base);
    json!({
        "id": id,
        "type": "upload_session",
        "session_expires_at": clock::rfc3339_utc(session.expires_at),
        "part_size": session.part_size,
        "total_parts": session.total_parts(),
        "num_parts_processed": session.processed(),
        "session_endpoints": {
            "upload_part": url,
            "commit": format!("{url}/commit"),
            "abort": url,
            "list_parts": format!("{url}/parts"),
            "status": url,
            "log_event": format!("{url}/log"),
        },
    })
}

/// A part's record.
fn show_part(offset: u64, part: &Part) -> Value {
    json!({
        "part_id": part.id,
        "offset": offset,
        "size": part.blob.size,
        "sha1": &*part.blob.sha1,
    })
}
