//! Chunked upload sessions, so far only as an honest refusal: creating one is
//! not emulated, so every session is unknown.

use super::{Ctx, Outcome};
use crate::wire::ApiError;

/// Session ids are 32 upper-case hexadecimal digits.
const ID_LENGTH: usize = 32;

/// `post_files_upload_sessions`, `post_files_id_upload_sessions`
pub(crate) fn not_yet(ctx: &mut Ctx<'_>) -> Outcome {
    let call = format!("{} {}", ctx.call.method, ctx.call.path);
    let refusal = ApiError::unknown_operation(&call);
    ctx.state.journal.unknown(call);
    Err(refusal)
}

/// Every operation on a session: malformed ids are told from unknown ones.
pub(crate) fn unknown_session(ctx: &mut Ctx<'_>) -> Outcome {
    let id = ctx.call.hole(0);
    let upper_hex = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
    if id.len() == ID_LENGTH && id.bytes().all(upper_hex) {
        Err(ApiError::known(404, "not_found"))
    } else {
        let message = format!("'{id}' is not an upload session");
        Err(ApiError::new(400, "invalid_upload_session_id", &message))
    }
}
