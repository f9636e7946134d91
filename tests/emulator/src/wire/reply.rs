//! What the emulator answers: a reply, or an error in Box's envelope.

use serde_json::{Value, json};

use crate::spool::Blob;

const HELP: &str = "http://developers.box.com/docs/#errors";

/// The content of a reply.
pub(crate) enum Content {
    Empty,
    Json(Value),
    /// Anything but JSON, or JSON that a fault has broken.
    Raw {
        bytes: Vec<u8>,
        mime: &'static str,
    },
    /// A JSON object with so many useless bytes before the rest.
    Bloated {
        bytes: u64,
        rest: String,
    },
    /// Half of these bytes, promising all.
    Cut(Vec<u8>),
    /// Bytes `from..to` of a stored content.
    Stored {
        blob: Blob,
        from: u64,
        to: u64,
    },
}

/// A reply.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) content: Content,
}

impl Reply {
    /// A JSON reply.
    pub(crate) fn json(status: u16, value: Value) -> Reply {
        Reply {
            status,
            headers: Vec::new(),
            content: Content::Json(value),
        }
    }

    /// A reply without a body.
    pub(crate) fn empty(status: u16) -> Reply {
        Reply {
            status,
            headers: Vec::new(),
            content: Content::Empty,
        }
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// An error in Box's envelope.
#[derive(Clone, Debug)]
pub(crate) struct ApiError(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    status: u16,
    code: String,
    message: String,
    context: Option<Value>,
    headers: Vec<(String, String)>,
}

impl ApiError {
    /// An error with status, code and text.
    pub(crate) fn new(status: u16, code: &str, message: &str) -> ApiError {
        ApiError(Box::new(Parts {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
            context: None,
            headers: Vec::new(),
        }))
    }

    /// The error with Box's usual text for a code.
    pub(crate) fn known(status: u16, code: &str) -> ApiError {
        ApiError::new(status, code, usual_text(code))
    }

    /// Sets `context_info`.
    pub(crate) fn context(mut self, context: Value) -> ApiError {
        self.0.context = Some(context);
        self
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> ApiError {
        self.0.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// 400 `bad_request` about one parameter or field.
    pub(crate) fn parameter(name: &str, message: &str) -> ApiError {
        let errors = json!([{"reason": "invalid_parameter", "name": name, "message": message}]);
        ApiError::new(400, "bad_request", "Bad Request").context(json!({ "errors": errors }))
    }

    /// 400 `bad_request` about one that is required.
    pub(crate) fn missing(name: &str) -> ApiError {
        let message = format!("'{name}' is required");
        let errors = json!([{"reason": "missing_parameter", "name": name, "message": message}]);
        ApiError::new(400, "bad_request", "Bad Request").context(json!({ "errors": errors }))
    }

    /// 413.
    pub(crate) fn too_large() -> ApiError {
        ApiError::known(413, "request_entity_too_large")
    }

    /// 501: Box may know this, the emulator does not.
    pub(crate) fn unknown_operation(what: &str) -> ApiError {
        let message = format!("the emulator does not know {what}");
        ApiError::new(501, "emulator_unknown_operation", &message)
    }

    /// The code, to tell errors apart.
    pub(crate) fn code(&self) -> &str {
        &self.0.code
    }

    /// The reply; `request_id` is the body's, not the header's.
    pub(crate) fn into_reply(self, request_id: &str) -> Reply {
        let parts = *self.0;
        let mut body = json!({
            "type": "error",
            "status": parts.status,
            "code": parts.code,
            "help_url": HELP,
            "message": parts.message,
            "request_id": request_id,
        });
        if let (Some(context), Value::Object(fields)) = (parts.context, &mut body) {
            fields.insert("context_info".to_owned(), context);
        }
        let mut reply = Reply::json(parts.status, body);
        reply.headers = parts.headers;
        reply
    }
}

/// Box's texts, from its table of common errors.
fn usual_text(code: &str) -> &'static str {
    match code {
        "access_denied_insufficient_permissions" => "Access denied - insufficient permission",
        "access_denied_item_locked" => "Access denied - item locked",
        "bad_digest" => "The specified content-md5 did not match what we received",
        "conflict" => "A resource with this value already exists",
        "cyclical_folder_structure" => "Folder move creates cyclical folder structure",
        "file_size_too_small" => "The file size is below the minimum for an upload session",
        "file_size_limit_exceeded" => "File size exceeds the folder owner's file size limit",
        "forbidden" => "Forbidden",
        "folder_not_empty" => "Cannot delete - folder not empty",
        "insufficient_scope" => {
            "The request requires higher privileges than provided by the access token."
        }
        "invalid_file_size" => "'file_size' is not a valid number",
        "invalid_folder_id" => "'folder_id' is not valid",
        "invalid_parameter" => "Invalid value for a parameter",
        "internal_server_error" => "Internal Server Error",
        "item_name_in_use" => "Item with the same name already exists",
        "item_name_invalid" => "Item name invalid",
        "item_name_too_long" => "Item name too long",
        "length_required" => "Content-Length header is required",
        "metadata_after_file_contents" => "Metadata must be sent before file contents",
        "missing_destination" => "No 'folder_id' was provided",
        "missing_file_name" => "No 'file_name' was provided",
        "missing_file_size" => "No 'file_size' was provided",
        "method_not_allowed" => "Method Not Allowed",
        "name_temporarily_reserved" => {
            "The item name is reserved by another processing item. Wait and then retry the request, or wait and check the parent folder to see if the name is in use."
        }
        "not_found" => "Not Found",
        "not_trashed" => "Item is not in the trash",
        "operation_blocked_temporary" => "The operation is blocked by another ongoing operation",
        "operation_limit_exceeded" => "Too many actions in one request",
        "precondition_failed" => {
            "The resource has been modified. Retrieve the resource again and retry"
        }
        "range_overlaps_existing_part" => "The range overlaps a part that is already there",
        "rate_limit_exceeded" => "Request rate limit exceeded, please try again later",
        "request_entity_too_large" => "Request Entity Too Large",
        "session_conflict" => "An equivalent upload session is already open",
        "session_expired" => "The upload session has expired",
        "storage_limit_exceeded" => "Account storage limit reached",
        "trashed" => "Item is trashed",
        "unauthorized" => "Unauthorized - Cannot authorize with this service",
        "unavailable" => "Unavailable",
        "upload_failed" => "The upload has failed and cannot be completed",
        "unsupported_media_type" => "Unsupported Media Type",
        _ => "Bad Request",
    }
}
