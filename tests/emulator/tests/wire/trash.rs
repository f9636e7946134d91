//! The trash.

use serde_json::{Value, json};

use crate::client::Client;
use box_emulator::{Access, BoxEmulator};

#[test]
fn a_trashed_file_is_seen_only_there() {
    let client = Client::new();
    let folder = client.folder("0", "F");
    let id = client.file(&folder, "a", b"1");
    let path = format!("/files/{id}");
    let trash = format!("{path}/trash");
    client.get(&trash).refused(404, "not_trashed");
    assert_eq!(client.delete(&path).status, 204);
    let body = client.get(&path).refused(404, "trashed");
    assert_eq!(body["message"], "Item is trashed");
    client.delete(&path).refused(404, "trashed");
    let file = client.get(&trash).ok(200);
    assert_eq!(file["item_status"], "trashed");
    assert_eq!(
        file["path_collection"]["entries"],
        json!([{"type": "folder", "id": "1", "sequence_id": null, "etag": null, "name": "Trash"}])
    );
    assert_eq!(file["parent"]["id"], folder.as_str());
    assert_ne!(file["purged_at"], Value::Null);
}

#[test]
fn restoring_needs_a_free_name() {
    let client = Client::new();
    let id = client.file("0", "a", b"1");
    client.delete(&format!("/files/{id}"));
    client.file("0", "a", b"2");
    let restore = |body: Value| client.send("POST", &format!("/files/{id}"), &body);
    restore(json!({})).refused(409, "item_name_in_use");
    assert_eq!(restore(json!({"name": "b"})).ok(201)["name"], "b");
    restore(json!({})).refused(404, "not_trashed");
    assert_eq!(client.emulator.tree("0").len(), 2);
}

#[test]
fn the_new_parent_counts_when_the_old_one_is_gone() {
    let client = Client::new();
    let folder = client.folder("0", "F");
    let id = client.file(&folder, "a", b"1");
    client.delete(&format!("/files/{id}"));
    client.delete(&format!("/folders/{folder}?recursive=true"));
    let path = format!("/files/{id}");
    client
        .send("POST", &path, &json!({}))
        .refused(404, "trashed");
    assert_eq!(
        client.delete(&format!("/folders/{folder}/trash")).status,
        204
    );
    client
        .get(&format!("/folders/{folder}/trash"))
        .refused(404, "not_found");
    let back = client
        .send("POST", &path, &json!({"parent": {"id": "0"}}))
        .ok(201);
    assert_eq!(back["parent"]["id"], "0");
}

#[test]
fn a_folder_comes_back_with_its_contents() {
    let client = Client::new();
    let folder = client.folder("0", "F");
    client.file(&folder, "a", b"1");
    client.delete(&format!("/folders/{folder}?recursive=true"));
    assert_eq!(
        client.get(&format!("/folders/{folder}/trash")).ok(200)["item_status"],
        "trashed"
    );
    client
        .send("POST", &format!("/folders/{folder}"), &json!({}))
        .ok(201);
    assert!(client.emulator.entry("0", "F/a").is_some());
}

#[test]
fn an_enterprise_may_have_things_deleted_for_good() {
    let client = Client::with(
        BoxEmulator::builder()
            .deletes_for_good(true)
            .start()
            .expect("it starts"),
    );
    let folder = client.folder("0", "F");
    let id = client.file(&folder, "a", b"1");
    assert_eq!(client.delete(&format!("/files/{id}")).status, 204);
    client
        .get(&format!("/files/{id}/trash"))
        .refused(404, "not_found");
    assert_eq!(client.delete(&format!("/folders/{folder}")).status, 204);
    client
        .get(&format!("/folders/{folder}/trash"))
        .refused(404, "not_found");
}

#[test]
fn restoring_elsewhere_needs_to_be_allowed_there() {
    let client = Client::new();
    let viewed = client.emulator.foreign_folder("Viewed", Access::Viewer);
    let folder = client.folder("0", "F");
    let id = client.file(&folder, "a", b"1");
    client.delete(&format!("/files/{id}"));
    client.delete(&format!("/folders/{folder}"));
    client.delete(&format!("/folders/{folder}/trash"));
    let restore = |parent: &str| {
        let body = json!({"parent": {"id": parent}});
        client.send("POST", &format!("/files/{id}"), &body)
    };
    restore(&viewed).refused(403, "access_denied_insufficient_permissions");
    restore("0").ok(201);
}
