//! What the client owes to Box, checked over the request log of every test.

use box_emulator::{BoxEmulator, Request};
use std::collections::HashMap;

/// Nothing unknown, nothing odd, and every upload as Box's documents ask for it.
pub(crate) fn check(cloud: &BoxEmulator) {
    assert_eq!(cloud.unknown_calls(), Vec::<String>::new(), "unknown calls");
    assert_eq!(cloud.remarks(), Vec::<String>::new(), "remarks");
    let mut cleared: HashMap<String, i64> = HashMap::new();
    for request in cloud.requests() {
        let agent = request.user_agent.as_deref().unwrap_or_default();
        assert!(agent.starts_with("boxup/"), "no name: {request:?}");
        match request.operation {
            "options_files_content" if request.status == Some(200) => {
                let name = request.name.clone().unwrap_or_default();
                *cleared.entry(name).or_default() += 1;
            }
            "options_files_id_content" if request.status == Some(200) => {
                *cleared.entry(request.path.clone()).or_default() += 1;
            }
            "post_files_content" => {
                upload(&request);
                assert_eq!(request.if_match, None, "{request:?}");
                if let Some(name) = &request.name {
                    take(&mut cleared, name, &request);
                }
            }
            "post_files_id_content" => {
                upload(&request);
                assert!(request.if_match.is_some(), "no If-Match: {request:?}");
                let path = request.path.replacen("/api/2.0/", "/2.0/", 1);
                take(&mut cleared, &path, &request);
            }
            "delete_files_id" => {
                assert!(request.if_match.is_some(), "no If-Match: {request:?}");
            }
            "put_files_upload_sessions_id" => part(&request),
            "post_files_upload_sessions_id_commit" => {
                let is_sha1 = |text: &str| text.starts_with("sha=") && text.len() == 32;
                let has_digest = request.digest.as_deref().is_some_and(is_sha1);
                assert!(has_digest, "no digest: {request:?}");
            }
            _ => {}
        }
    }
}

fn part(request: &Request) {
    let has_range = request.content_range.as_deref();
    assert!(has_range.is_some_and(|range| range.starts_with("bytes ")));
    assert!(request.digest.is_some(), "no digest: {request:?}");
    assert!(request.content_length.is_some(), "no length: {request:?}");
    assert_eq!(request.transfer_encoding, None, "{request:?}");
    assert_eq!(request.if_match, None, "a part has no etag: {request:?}");
}

/// Each preflight is good for one upload; a replay after a 401 is the same one.
fn take(cleared: &mut HashMap<String, i64>, what: &str, request: &Request) {
    if request.status == Some(401) {
        return;
    }
    let left = cleared.entry(what.to_owned()).or_default();
    *left -= 1;
    assert!(*left >= 0, "no preflight: {request:?}");
}

fn upload(request: &Request) {
    assert!(
        request.query.contains("upload_session_id="),
        "upload_url is not used: {request:?}"
    );
    let is_sha1 = |text: &str| text.len() == 40 && !text.contains(|c: char| c.is_uppercase());
    let has_md5 = request.content_md5.as_deref().is_some_and(is_sha1);
    assert!(has_md5, "no content-md5: {request:?}");
    assert!(request.content_length.is_some(), "no length: {request:?}");
    assert_eq!(request.transfer_encoding, None, "{request:?}");
}
