//! JSON as Box spells it, turned into our own words at once.
//!
//! Read leniently on purpose: Box documents some fields as strings that arrive as
//! numbers, writes large numbers as floats (`1.0034e+14`), and reports a conflict as
//! an object for files and as an array for folders.

use crate::model::digest::Sha1Digest;
use crate::model::ids::{Etag, FileId, FolderId, VersionId};
use crate::model::item::{Occupant, RemoteFile, RemoteFolder};
use crate::model::name::RemoteName;
use crate::model::session::{Cut, Part, Places, Session};
use serde_json::Value;

/// The fields that a file is asked for, wherever `fields` can be given.
pub(crate) const FILE_FIELDS: &str = "type,id,name,etag,sha1,size,file_version,item_status";

/// A string, or a number printed as one.
pub(crate) fn text(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A whole number of bytes, however it is written.
pub(crate) fn bytes(value: &Value, key: &str) -> Option<u64> {
    let value = value.get(key)?;
    let from_float = || value.as_f64().filter(|n| *n >= 0.0 && *n < 1.8e19);
    let from_text = || value.as_str().and_then(|text| text.parse().ok());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be in range one line above"
    )]
    value
        .as_u64()
        .or_else(|| from_float().map(|n| n as u64))
        .or_else(from_text)
}

/// Any item that takes up a name. `None` for what has no ID or name.
pub(crate) fn occupant(value: &Value) -> Option<Occupant> {
    let kind = text(value, "type")?;
    match kind.as_str() {
        "file" => file(value).map(Occupant::File),
        "folder" => folder(value).map(Occupant::Folder),
        _ => Some(Occupant::Other {
            kind,
            id: text(value, "id")?,
            name: name(value)?,
        }),
    }
}

/// A file. `None` without an ID or a name.
pub(crate) fn file(value: &Value) -> Option<RemoteFile> {
    let version = value
        .get("file_version")
        .and_then(|version| text(version, "id"));
    Some(RemoteFile {
        id: FileId::new(text(value, "id")?),
        version: version.map(VersionId::new),
        etag: text(value, "etag").map(Etag::new),
        sha1: text(value, "sha1")
            .as_deref()
            .and_then(Sha1Digest::from_hex),
        size: bytes(value, "size"),
        name: name(value)?,
    })
}

/// A folder. `None` without an ID; a nameless one has an empty name.
pub(crate) fn folder(value: &Value) -> Option<RemoteFolder> {
    Some(RemoteFolder {
        id: FolderId::new(text(value, "id")?),
        etag: text(value, "etag").map(Etag::new),
        name: name(value).unwrap_or_else(|| RemoteName::from_box("")),
    })
}

fn name(value: &Value) -> Option<RemoteName> {
    text(value, "name").map(RemoteName::from_box)
}

/// Who has the name: `context_info.conflicts`, an object for files and an array for
/// folders (Box's specification says array for both, its servers disagree).
pub(crate) fn conflict(error: &Value) -> Option<Occupant> {
    match error.get("context_info")?.get("conflicts")? {
        Value::Array(items) => items.first().and_then(occupant),
        item => occupant(item),
    }
}

/// Where the session that is in the way tells its state: `context_info.session`.
pub(crate) fn open_session(error: &Value) -> Option<String> {
    let session = error.get("context_info")?.get("session")?;
    text(session.get("session_endpoints")?, "status")
}

/// An upload session for `size` bytes.
///
/// # Errors
/// What in it cannot be.
pub(crate) fn session(value: &Value, size: u64) -> Result<Session, String> {
    let odd = |what: &str| format!("Box opened a session {what}");
    let id = text(value, "id").ok_or_else(|| odd("without an ID"))?;
    let part_size = bytes(value, "part_size").ok_or_else(|| odd("without a part size"))?;
    let total = bytes(value, "total_parts");
    let endpoints = value.get("session_endpoints");
    let place = |key: &str| {
        let place = endpoints.and_then(|all| text(all, key));
        place.ok_or_else(|| odd(&format!("without an address for {key}")))
    };
    let places = Places {
        part: place("upload_part")?,
        list: place("list_parts")?,
        status: place("status")?,
        commit: place("commit")?,
        abort: place("abort")?,
    };
    let cut = Cut::new(size, part_size, total)?;
    Ok(Session { id, cut, places })
}

/// A part that Box holds. `None` without one of its four facts.
pub(crate) fn part(value: &Value) -> Option<Part> {
    Some(Part {
        id: text(value, "part_id")?,
        offset: bytes(value, "offset")?,
        size: bytes(value, "size")?,
        sha1: Sha1Digest::from_hex(&text(value, "sha1")?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::{bytes, conflict, file};
    use crate::model::item::Occupant;
    use serde_json::json;

    #[test]
    fn numbers_arrive_in_every_spelling() {
        for (written, read) in [
            (json!(3), Some(3)),
            (json!(1.0034e14), Some(100_340_000_000_000)),
            (json!("17"), Some(17)),
            (json!(-1), None),
            (json!(null), None),
        ] {
            assert_eq!(bytes(&json!({ "size": written }), "size"), read);
        }
        assert_eq!(
            file(&json!({"id": 5, "name": "a"})).unwrap().id.as_str(),
            "5"
        );
    }

    #[test]
    fn a_conflict_is_an_object_or_an_array() {
        let item = json!({"type": "file", "id": "1", "name": "a", "etag": "0"});
        let object = json!({"context_info": {"conflicts": item}});
        let array = json!({"context_info": {"conflicts": [item]}});
        assert_eq!(conflict(&object), conflict(&array));
        assert!(matches!(conflict(&object), Some(Occupant::File(_))));
        for none in [
            json!({}),
            json!({"context_info": null}),
            json!({"context_info": "text"}),
        ] {
            assert_eq!(conflict(&none), None);
        }
    }
}
