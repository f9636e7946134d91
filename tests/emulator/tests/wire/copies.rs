//! Copies of files and folders.

use box_emulator::Access;
use serde_json::{Value, json};

use crate::client::Client;

fn to(parent: &str) -> Value {
    json!({"parent": {"id": parent}})
}

#[test]
fn a_file_is_copied_with_its_dates_and_a_new_identity() {
    let client = Client::new();
    let folder = client.folder("0", "F");
    let attributes = json!({
        "name": "a", "parent": {"id": "0"}, "content_modified_at": "2020-02-29T11:00:00Z",
    });
    let old = client
        .post("/files/content", "", &attributes, b"one")
        .entry(201);
    let id = old["id"].as_str().unwrap();
    let path = format!("/files/{id}/copy");
    let body = client
        .send("POST", &path, &to("0"))
        .refused(409, "item_name_in_use");
    assert_eq!(body["context_info"]["conflicts"]["id"], id);
    let copy = client.send("POST", &path, &to(&folder)).ok(201);
    assert_eq!(copy["parent"]["id"], folder.as_str());
    assert_eq!((&copy["name"], &copy["etag"]), (&json!("a"), &json!("0")));
    for same in ["sha1", "content_modified_at", "size"] {
        assert_eq!(copy[same], old[same], "{same}");
    }
    assert_ne!(copy["id"], old["id"]);
    assert_ne!(copy["file_version"]["id"], old["file_version"]["id"]);
    assert_eq!(client.emulator.space_used(), 6);
}

#[test]
fn an_old_version_is_copied_under_another_name() {
    let client = Client::new();
    let id = client.file("0", "a", b"one");
    client
        .post(&format!("/files/{id}/content"), "", &json!({}), b"two")
        .entry(200);
    let first = client.emulator.versions(&id)[0].clone();
    let path = format!("/files/{id}/copy");
    let mut body = json!({"name": "b", "parent": {"id": "0"}, "version": first.id});
    let copy = client.send("POST", &path, &body).ok(201);
    assert_eq!(copy["sha1"], first.sha1.as_str());
    body["version"] = json!("4711");
    body["name"] = json!("c");
    client.send("POST", &path, &body).refused(404, "not_found");
    let missing = client.send("POST", &path, &json!({"name": "d"}));
    assert_eq!(
        missing.refused(400, "bad_request")["context_info"]["errors"][0]["name"],
        "parent"
    );
    let invalid = json!({"name": "a/b", "parent": {"id": "0"}});
    client
        .send("POST", &path, &invalid)
        .refused(400, "item_name_invalid");
}

#[test]
fn a_folder_is_copied_with_all_in_it() {
    let client = Client::new();
    let (a, b) = (client.folder("0", "A"), client.folder("0", "B"));
    let sub = client.folder(&a, "Sub");
    client.file(&sub, "x", b"1");
    let gone = client.file(&sub, "gone", b"1");
    client.delete(&format!("/files/{gone}"));
    client.emulator.put_web_link(&a, "link");
    let path = format!("/folders/{a}/copy");
    let body = client
        .send("POST", &path, &to("0"))
        .refused(409, "item_name_in_use");
    assert_eq!(body["context_info"]["conflicts"][0]["id"], a.as_str());
    client.send("POST", &path, &to(&b)).ok(201);
    let mut paths: Vec<String> = client
        .emulator
        .tree(&b)
        .into_iter()
        .map(|entry| entry.path)
        .collect();
    paths.sort_unstable();
    assert_eq!(paths, ["A", "A/Sub", "A/Sub/x", "A/link"]);
    assert_eq!(client.emulator.entry("0", "A/Sub").unwrap().id, sub);
    client
        .send("POST", &path, &to(&sub))
        .refused(400, "cyclical_folder_structure");
    client
        .send("POST", "/folders/0/copy", &to(&b))
        .refused(500, "internal_server_error");
}

#[test]
fn copying_needs_to_read_here_and_to_upload_there() {
    let client = Client::new();
    let denied = "access_denied_insufficient_permissions";
    let viewed = client.emulator.foreign_folder("Viewed", Access::Viewer);
    let inbox = client.emulator.foreign_folder("Inbox", Access::Uploader);
    let look = client.emulator.put_file(&viewed, "a", b"1");
    let blind = client.emulator.put_file(&inbox, "b", b"1");
    let copy =
        |id: &str, parent: &str| client.send("POST", &format!("/files/{id}/copy"), &to(parent));
    copy(&blind, "0").refused(403, denied);
    copy(&look, &viewed).refused(403, denied);
    copy(&look, &inbox).ok(201);
    copy(&look, "0").ok(201);
    client.emulator.trash(&look);
    copy(&look, "0").refused(404, "trashed");
}
