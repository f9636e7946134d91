//! The end of a session without a file, and what a client reports about it.

use crate::api::{Ctx, Outcome};
use crate::wire::{ApiError, Reply};
use crate::world::Found;

/// `delete_files_upload_sessions_id`: its parts are gone with it. After a
/// commit there is nothing to abort, and that is no error.
pub(crate) fn delete_files_upload_sessions_id(ctx: &mut Ctx<'_>) -> Outcome {
    let id = ctx.call.hole(0);
    match ctx.look_up()? {
        Found::Open(_) => {
            ctx.state.sessions.discard(id);
            Ok(Reply::empty(204))
        }
        Found::Committed => Ok(Reply::empty(204)),
        Found::Expired => Err(ApiError::known(410, "session_expired")),
        Found::Unknown => Err(ApiError::known(404, "not_found")),
    }
}

/// `log_event`, which Box's own uploader posts to and no document describes:
/// everything is taken.
pub(crate) fn post_files_upload_sessions_id_log(_: &mut Ctx<'_>) -> Outcome {
    Ok(Reply::empty(204))
}
