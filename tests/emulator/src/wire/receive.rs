//! Takes a request's body in, according to what the operation expects.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::body::{BodyReader, Trouble};
use super::call::Call;
use super::form::decode_pairs;
use super::multipart::{Multipart, boundary};
use super::part::{TakenPart, receive_part};
use super::reply::ApiError;
use super::route::BodyKind;
use crate::spool::{Blob, Spool, Writer};

/// Ten thousand parts, as a commit lists them, fit.
const MAX_JSON: usize = 4 * 1024 * 1024;
const MAX_ATTRIBUTES: usize = 64 * 1024;

/// A body, taken in.
pub(crate) enum Received {
    Nothing,
    Json(Map<String, Value>),
    Form(Vec<(String, String)>),
    Upload(Upload),
    /// A part of a chunked upload.
    Part(TakenPart),
    /// A token request whose body is not a form.
    NotAForm,
}

/// A multipart upload.
pub(crate) struct Upload {
    /// `None` when the part was left out, which a new version allows.
    pub(crate) attributes: Option<Map<String, Value>>,
    pub(crate) blob: Blob,
}

/// What bounds an upload.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) max_direct: u64,
    pub(crate) require_length: bool,
}

impl Received {
    /// The JSON fields, wherever they came.
    pub(crate) fn fields(&self) -> Option<&Map<String, Value>> {
        match self {
            Received::Json(fields) => Some(fields),
            Received::Upload(upload) => upload.attributes.as_ref(),
            Received::Nothing | Received::Form(_) | Received::Part(_) | Received::NotAForm => None,
        }
    }

    /// The item's name in the body, for faults that ask for one.
    pub(crate) fn name(&self) -> Option<&str> {
        let fields = self.fields()?;
        let name = fields.get("name").or_else(|| fields.get("file_name"));
        name?.as_str()
    }

    /// A field of a form.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let Received::Form(pairs) = self else {
            return None;
        };
        let found = pairs.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Bytes of file content.
    pub(crate) fn content_bytes(&self) -> u64 {
        match self {
            Received::Upload(upload) => upload.blob.size,
            Received::Part(part) => part.blob.size,
            Received::Nothing | Received::Json(_) | Received::Form(_) | Received::NotAForm => 0,
        }
    }
}

/// Takes a body in.
pub(crate) async fn receive(
    kind: BodyKind,
    call: &Call,
    body: &mut BodyReader,
    spool: &Arc<Spool>,
    limits: Limits,
) -> Result<Received, Trouble> {
    match kind {
        BodyKind::None | BodyKind::Any => {
            body.drain().await?;
            Ok(Received::Nothing)
        }
        BodyKind::Json => receive_json(body).await,
        BodyKind::Form => receive_form(call, body).await,
        BodyKind::Multipart => receive_upload(call, body, spool, limits).await,
        BodyKind::Part => {
            let part = receive_part(call, body, spool, limits).await?;
            Ok(Received::Part(part))
        }
    }
}

async fn receive_json(body: &mut BodyReader) -> Result<Received, Trouble> {
    let bytes = body.whole(MAX_JSON).await?;
    if bytes.is_empty() {
        return Ok(Received::Json(Map::new()));
    }
    Ok(Received::Json(json_object(&bytes, "entity-body")?))
}

async fn receive_form(call: &Call, body: &mut BodyReader) -> Result<Received, Trouble> {
    let bytes = body.whole(MAX_JSON).await?;
    if call.media_type() != "application/x-www-form-urlencoded" {
        return Ok(Received::NotAForm);
    }
    let pairs = std::str::from_utf8(&bytes).ok().and_then(decode_pairs);
    Ok(pairs.map_or(Received::NotAForm, Received::Form))
}

async fn receive_upload(
    call: &Call,
    body: &mut BodyReader,
    spool: &Arc<Spool>,
    limits: Limits,
) -> Result<Received, Trouble> {
    if call.media_type() != "multipart/form-data" {
        return Err(ApiError::known(415, "unsupported_media_type").into());
    }
    if limits.require_length && call.content_length().is_none() {
        return Err(ApiError::known(411, "length_required").into());
    }
    let content_type = call.header("content-type").unwrap_or_default();
    let boundary = boundary(content_type)
        .ok_or_else(|| ApiError::parameter("boundary", "the content type names no boundary"))?;
    let mut parts = Multipart::new(body, &boundary);
    parts.begin().await?;
    let attributes = first_part(&mut parts).await?;
    if attributes.is_some() {
        file_part(&mut parts).await?;
    }
    let writer = content(&mut parts, spool.writer(), limits.max_direct).await?;
    last_part(&mut parts).await?;
    let blob = writer.finish()?;
    check_digest(call, &blob)?;
    Ok(Received::Upload(Upload { attributes, blob }))
}

/// The attributes, or `None` when the first part already is the file and no
/// attributes follow, which only `last_part` can tell.
async fn first_part(parts: &mut Multipart<'_>) -> Result<Option<Map<String, Value>>, Trouble> {
    let head = parts.next_part().await?;
    let head = head.ok_or_else(|| ApiError::missing("attributes"))?;
    if head.filename.is_some() {
        return Ok(None);
    }
    if head.name.as_deref() != Some("attributes") {
        let message = "the first part must be named 'attributes'";
        return Err(ApiError::parameter("attributes", message).into());
    }
    let text = parts.text(MAX_ATTRIBUTES).await?;
    Ok(Some(json_object(&text, "attributes")?))
}

/// Any part with a filename is the file, whatever its name.
async fn file_part(parts: &mut Multipart<'_>) -> Result<(), Trouble> {
    match parts.next_part().await? {
        Some(head) if head.filename.is_some() => Ok(()),
        _ => Err(ApiError::missing("file").into()),
    }
}

async fn content(
    parts: &mut Multipart<'_>,
    mut writer: Writer,
    max_direct: u64,
) -> Result<Writer, Trouble> {
    while let Some(data) = parts.data().await? {
        writer.write(&data)?;
        if writer.size() > max_direct {
            return Err(ApiError::too_large().into());
        }
    }
    Ok(writer)
}

async fn last_part(parts: &mut Multipart<'_>) -> Result<(), Trouble> {
    match parts.next_part().await? {
        None => parts.end().await,
        Some(head) if head.name.as_deref() == Some("attributes") => {
            Err(ApiError::known(400, "metadata_after_file_contents").into())
        }
        Some(_) => Err(ApiError::parameter("file", "there are parts after the file").into()),
    }
}

/// `content-md5` carries a SHA-1, whatever its name says.
fn check_digest(call: &Call, blob: &Blob) -> Result<(), ApiError> {
    match call.header("content-md5") {
        Some(digest) if !digest.trim().eq_ignore_ascii_case(&blob.sha1) => {
            Err(ApiError::known(400, "bad_digest"))
        }
        _ => Ok(()),
    }
}

fn json_object(bytes: &[u8], what: &str) -> Result<Map<String, Value>, ApiError> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(ApiError::parameter(what, "a JSON object is expected")),
        Err(error) => Err(ApiError::parameter(
            what,
            &format!("not valid JSON: {error}"),
        )),
    }
}
