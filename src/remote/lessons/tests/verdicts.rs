//! What follows from every error that Box is known to send: from its code to the verdict.

use super::from_api;
use crate::model::reason::Parked;
use crate::plan::verdict::Verdict;
use serde_json::json;

/// In a word: what is done about an item that meets this.
fn consequence(status: u16, body: &str) -> &'static str {
    match Verdict::of(from_api(status, body, &[])) {
        Verdict::Retry { answered: true, .. } => "again",
        Verdict::Retry { .. } => "again, unheard",
        Verdict::Busy { .. } => "again for minutes",
        Verdict::Throttled(_) => "everybody waits",
        Verdict::Park(Parked::Locked(..)) => "park until unlocked",
        Verdict::Park(why) if why.is_in_the_item() => "park until it changes",
        Verdict::Park(_) => "park",
        Verdict::Full(_) => "pause the owner",
        Verdict::Unauthorized(_) => "halt all",
        Verdict::Fail(_) => "fail",
        Verdict::Vanished => "forget",
    }
}

/// Box's table of codes, row by row. "Again" is a look at the world as it is now before
/// anything is sent: it is how the outcome of a request in doubt is found, and how a
/// change on Box is met.
#[rustfmt::skip]
const CODES: &[(u16, &str, &str)] = &[
    (400, "bad_digest", "again"),
    (400, "bad_request", "park"),
    (400, "invalid_request_parameters", "park"),
    (400, "cannot_make_collaborated_subfolder_private", "park"),
    (400, "collaborations_not_available_on_root_folder", "park"),
    (400, "cyclical_folder_structure", "park"),
    (400, "digest_mismatch", "again"),
    (400, "file_size_too_small", "again"),
    (400, "folder_not_empty", "again"),
    (400, "invalid_collaboration_item", "park"),
    (400, "invalid_status", "park"),
    (400, "user_already_collaborator", "park"),
    (400, "external_collaboration_restricted", "park"),
    (400, "invalid_limit", "park"),
    (400, "invalid_offset", "park"),
    (400, "invalid_upload_session_id", "again"),
    (400, "item_name_invalid", "park until it changes"),
    (400, "item_name_too_long", "park until it changes"),
    (400, "metadata_after_file_contents", "park"),
    (400, "missing_destination", "park"),
    (400, "invalid_folder_id", "park"),
    (400, "missing_file_size", "park"),
    (400, "invalid_file_size", "park"),
    (400, "missing_file_name", "park"),
    (400, "parts_mismatch", "again"),
    (400, "password_reset_required", "halt all"),
    (400, "terms_of_service_required", "halt all"),
    (400, "sync_item_move_failure", "park"),
    (401, "unauthorized", "halt all"),
    (401, "", "halt all"),
    (403, "access_denied_insufficient_permissions", "park"),
    (403, "access_denied_item_locked", "park until unlocked"),
    (403, "access_from_location_blocked", "halt all"),
    (403, "file_size_limit_exceeded", "park until it changes"),
    (403, "forbidden", "park"),
    (403, "forbidden_by_policy", "park"),
    (403, "insufficient_scope", "halt all"),
    (403, "operation_limit_exceeded", "park"),
    (403, "storage_limit_exceeded", "pause the owner"),
    (409, "storage_limit_exceeded", "pause the owner"),
    (507, "storage_limit_exceeded", "pause the owner"),
    (507, "", "pause the owner"),
    (403, "user_email_confirmation_required", "halt all"),
    (403, "cors_origin_not_whitelisted", "park"),
    (404, "not_found", "again"),
    (404, "invalid_parameter", "again"),
    (404, "trashed", "again"),
    (404, "not_trashed", "again"),
    (405, "method_not_allowed", "park"),
    (409, "conflict", "again"),
    (409, "item_name_in_use", "again"),
    (409, "name_temporarily_reserved", "again for minutes"),
    (409, "operation_blocked_temporary", "again for minutes"),
    (409, "session_conflict", "again"),
    (409, "range_overlaps_existing_part", "again"),
    (410, "session_expired", "again"),
    (410, "upload_failed", "again"),
    (411, "length_required", "park"),
    (412, "precondition_failed", "again"),
    (412, "sync_state_precondition_failed", "again"),
    (413, "request_entity_too_large", "park until it changes"),
    (415, "unsupported_media_type", "park"),
    (416, "", "again"),
    (429, "rate_limit_exceeded", "everybody waits"),
    (429, "too_many_requests", "everybody waits"),
    (429, "", "everybody waits"),
    (500, "internal_server_error", "again"),
    (502, "bad_gateway", "again"),
    (503, "unavailable", "again"),
    (504, "", "again"),
    (509, "", "again"),
    // Where the code is new to us, the status has to do.
    (302, "news", "again, unheard"),
    (400, "news", "park"),
    (402, "news", "park"),
    (403, "news", "park"),
    (404, "news", "again"),
    (408, "news", "again"),
    (409, "news", "again"),
    (410, "news", "again"),
    (412, "news", "again"),
    (413, "news", "park"),
    (418, "news", "park"),
    (429, "news", "everybody waits"),
    (500, "news", "again"),
    (599, "news", "again"),
];

#[test]
fn every_code_has_its_consequence() {
    for (status, code, expected) in CODES {
        let body = json!({"type": "error", "status": status, "code": code}).to_string();
        assert_eq!(&consequence(*status, &body), expected, "{status} {code:?}");
    }
}

#[test]
fn a_code_means_the_same_under_another_status() {
    let settled = CODES.iter().filter(|(_, code, _)| {
        // These two mean something only together with their status.
        !code.is_empty() && !["news", "invalid_parameter"].contains(code)
    });
    for (own, code, expected) in settled {
        let body = json!({"type": "error", "code": code}).to_string();
        for status in [400, 403, 409, 422] {
            let found = consequence(status, &body);
            assert_eq!(&found, expected, "{code} with {status} instead of {own}");
        }
    }
}

#[test]
fn a_full_account_among_the_conflicts_is_known_by_its_words() {
    for (message, expected) in [
        ("Account storage limit reached", "pause the owner"),
        ("the account has run out of disk space", "pause the owner"),
        ("A resource with this value already exists", "again"),
        ("", "again"),
    ] {
        let body = json!({"code": "conflict", "message": message}).to_string();
        assert_eq!(consequence(409, &body), expected, "{message}");
    }
}
