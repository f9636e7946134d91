//! Direct uploads of new files and new versions.

use box_emulator::BoxEmulator;
use serde_json::{Value, json};

use crate::client::{Client, multipart};

#[test]
fn a_new_file_is_complete() {
    let client = Client::new();
    let attributes = json!({
        "name": "foo.txt", "parent": {"id": "0"}, "description": "d",
        "content_created_at": "2012-12-12T10:53:43-08:00",
        "content_modified_at": "2024-05-01T10:00:00Z",
    });
    let file = client
        .post("/files/content", "", &attributes, b"foo")
        .entry(201);
    let sha1 = "0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33";
    assert_eq!(file["type"], "file");
    assert_eq!(
        (&file["etag"], &file["sequence_id"]),
        (&json!("0"), &json!("0"))
    );
    assert_eq!(
        (&file["sha1"], &file["file_version"]["sha1"]),
        (&json!(sha1), &json!(sha1))
    );
    assert_eq!(
        (&file["size"], &file["description"]),
        (&json!(3), &json!("d"))
    );
    assert_eq!(file["content_created_at"], "2012-12-12T11:53:43-07:00");
    assert_eq!(file["content_modified_at"], "2024-05-01T03:00:00-07:00");
    assert_eq!(file["parent"]["name"], "All Files");
    assert_eq!(file["item_status"], "active");
    assert_eq!(file["created_by"]["type"], "user");
    let entry = client.emulator.entry("0", "foo.txt").unwrap();
    assert_eq!(
        entry.content_modified_at.as_deref(),
        Some("2024-05-01T10:00:00Z")
    );
    assert_eq!(client.emulator.content(&entry.id).unwrap(), b"foo");
}

#[test]
fn attributes_are_validated() {
    let client = Client::new();
    let post = |attributes: Value| client.post("/files/content", "", &attributes, b"x");
    let parent = json!({"id": "0"});
    post(json!({"parent": parent})).refused(400, "bad_request");
    post(json!({"name": "x"})).refused(400, "bad_request");
    post(json!({"name": "x", "parent": {}})).refused(400, "bad_request");
    for date in ["2024-05-01", "1969-12-31T23:59:59Z", "soon"] {
        let attributes = json!({"name": "x", "parent": parent, "content_modified_at": date});
        post(attributes).refused(400, "bad_request");
    }
    post(json!({"name": "x ", "parent": parent})).refused(400, "item_name_invalid");
    post(json!({"name": "x", "parent": {"id": "9"}})).refused(404, "not_found");
    post(json!({"name": "x", "parent": parent, "colour": 1})).entry(201);
    assert!(
        client
            .emulator
            .remarks()
            .iter()
            .any(|remark| remark.contains("'colour'"))
    );
    let none = multipart("[1]", b"x");
    client
        .post_raw("/files/content", "", &none)
        .unwrap()
        .refused(400, "bad_request");
}

#[test]
fn the_digest_is_a_hexadecimal_sha1() {
    let client = Client::new();
    let attributes = json!({"name": "x", "parent": {"id": "0"}});
    let post = |digest: &str| {
        let header = format!("content-md5: {digest}\r\n");
        client.post("/files/content", &header, &attributes, b"foo")
    };
    let body = post("acbd18db4cc2f85cedef654fccc4a4d8").refused(400, "bad_digest");
    let text = "The specified content-md5 did not match what we received";
    assert_eq!(body["message"], text);
    post("C+7Hteo/D9vJXQ3UfzxbwnXaijM=").refused(400, "bad_digest");
    assert!(client.emulator.tree("0").is_empty());
    post("0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33").entry(201);
}

#[test]
fn a_taken_name_is_one_object() {
    let client = Client::new();
    let id = client.file("0", "a", b"1");
    let body = client
        .upload("0", "A", b"2")
        .refused(409, "item_name_in_use");
    assert_eq!(body["context_info"]["conflicts"]["id"], id.as_str());
    assert_eq!(client.emulator.versions(&id).len(), 1);
}

#[test]
fn empty_and_large_files() {
    let client = Client::new();
    let empty = client.upload("0", "empty", b"").entry(201);
    assert_eq!(empty["size"], 0);
    assert_eq!(empty["sha1"], "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    let content: Vec<u8> = (0..3_000_000_u32).map(|index| (index % 13) as u8).collect();
    let id = client.file("0", "large", &content);
    assert_eq!(client.emulator.content(&id).unwrap(), content);
}

#[test]
fn limits_on_size() {
    let builder = BoxEmulator::builder()
        .max_direct_upload(10)
        .max_upload_size(8);
    let client = Client::with(builder.quota(Some(12)).start().unwrap());
    client
        .upload("0", "a", &[0; 11])
        .refused(413, "request_entity_too_large");
    client
        .upload("0", "a", &[0; 9])
        .refused(403, "file_size_limit_exceeded");
    let id = client.file("0", "a", &[0; 8]);
    client
        .upload("0", "b", &[0; 5])
        .refused(403, "storage_limit_exceeded");
    // What a new version replaces comes free.
    client
        .post(&format!("/files/{id}/content"), "", &json!({}), &[0; 7])
        .entry(200);
    assert_eq!(client.emulator.space_used(), 7);
    client.emulator.trash(&id);
    assert_eq!(client.emulator.space_used(), 7);
    client.emulator.purge(&id);
    assert_eq!(client.emulator.space_used(), 0);
}

#[test]
fn past_versions_may_count() {
    let builder = BoxEmulator::builder().versions_count_in_quota(true);
    let client = Client::with(builder.quota(Some(10)).start().unwrap());
    let id = client.file("0", "a", &[0; 6]);
    let path = format!("/files/{id}/content");
    client
        .post(&path, "", &json!({}), &[0; 6])
        .refused(403, "storage_limit_exceeded");
    client.post(&path, "", &json!({}), &[0; 4]).entry(200);
    assert_eq!(client.emulator.space_used(), 10);
}

#[test]
fn a_new_version_keeps_what_is_not_said() {
    let client = Client::new();
    let first = json!({
        "name": "a", "parent": {"id": "0"},
        "content_created_at": "2001-01-01T00:00:00Z", "content_modified_at": "2002-01-01T00:00:00Z",
    });
    let file = client.post("/files/content", "", &first, b"1").entry(201);
    let path = format!("/files/{}/content", file["id"].as_str().unwrap());
    let second = client.post(&path, "", &json!({}), b"2").entry(200);
    assert_eq!((&second["id"], &second["name"]), (&file["id"], &json!("a")));
    assert_eq!(
        (&second["etag"], &second["sequence_id"]),
        (&json!("1"), &json!("1"))
    );
    assert_ne!(second["file_version"]["id"], file["file_version"]["id"]);
    assert_eq!(second["content_created_at"], file["content_created_at"]);
    // Left out, the time of the upload is taken.
    assert_ne!(second["content_modified_at"], file["content_modified_at"]);
    // Everything that clients are known to send along.
    let all = json!({
        "name": "b", "parent": {"id": "0"},
        "content_created_at": "2003-01-01T00:00:00Z", "content_modified_at": "2004-01-01T00:00:00Z",
    });
    let third = client.post(&path, "", &all, b"2").entry(200);
    assert_eq!(third["name"], "b");
    assert_eq!(third["content_created_at"], "2002-12-31T17:00:00-07:00");
    let id = file["id"].as_str().unwrap();
    let names: Vec<String> = client
        .emulator
        .versions(id)
        .into_iter()
        .map(|v| v.name)
        .collect();
    assert_eq!(names, ["a", "a", "b"]);
    assert!(client.emulator.remarks().is_empty());
}

#[test]
fn a_version_needs_its_file_and_a_free_name() {
    let client = Client::new();
    let id = client.file("0", "a", b"1");
    client.folder("0", "dir");
    let path = format!("/files/{id}/content");
    client
        .post(&path, "", &json!({"name": "DIR"}), b"2")
        .refused(409, "item_name_in_use");
    client
        .post(&path, "", &json!({"name": "A"}), b"2")
        .entry(200);
    client
        .post("/files/4711/content", "", &json!({}), b"2")
        .refused(404, "not_found");
    client.emulator.trash(&id);
    client
        .post(&path, "", &json!({}), b"2")
        .refused(404, "trashed");
}

#[test]
fn the_status_of_a_version_is_a_switch() {
    let builder = BoxEmulator::builder().version_upload_status(201);
    let client = Client::with(builder.start().unwrap());
    let id = client.file("0", "a", b"1");
    client
        .post(&format!("/files/{id}/content"), "", &json!({}), b"2")
        .entry(201);
}

#[test]
fn fields_shape_the_entry() {
    let client = Client::new();
    let attributes = json!({"name": "a", "parent": {"id": "0"}});
    let entry = client
        .post("/files/content?fields=size", "", &attributes, b"1")
        .entry(201);
    assert_eq!(entry.as_object().unwrap().len(), 4);
}
