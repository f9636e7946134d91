//! The check before an upload.

use box_emulator::{Access, BoxEmulator};
use serde_json::{Value, json};

use crate::client::Client;

fn check(client: &Client, name: &str, parent: &str, size: Value) -> crate::client::Answer {
    let body = json!({"name": name, "parent": {"id": parent}, "size": size});
    client.send("OPTIONS", "/files/content", &body)
}

#[test]
fn it_hands_out_a_url_whose_query_counts() {
    let client = Client::new();
    let answer = check(&client, "a", "0", json!(3)).ok(200);
    assert_eq!(answer["upload_token"], Value::Null);
    let url = answer["upload_url"].as_str().unwrap();
    let base = format!("{}/api/2.0", client.emulator.base_url());
    let path = url.strip_prefix(&base).unwrap();
    let session = path
        .strip_prefix("/files/content?upload_session_id=")
        .unwrap();
    assert_eq!(session.len(), 32);
    assert!(
        session
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
    );
    let attributes = json!({"name": "a", "parent": {"id": "0"}});
    client.post(path, "", &attributes, b"abc").entry(201);
    let wrong = client.post(
        "/files/content?upload_session_id=X",
        "",
        &attributes,
        b"abc",
    );
    wrong.refused(400, "bad_request");
}

#[test]
fn urls_may_work_once_only() {
    let builder = BoxEmulator::builder().one_use_upload_urls(true);
    let client = Client::with(
        builder
            .upload_base("http://up.example/api/2.0/")
            .start()
            .unwrap(),
    );
    let answer = check(&client, "a", "0", json!(1)).ok(200);
    let url = answer["upload_url"].as_str().unwrap();
    let path = url.strip_prefix("http://up.example/api/2.0").unwrap();
    let attributes = json!({"name": "a", "parent": {"id": "0"}});
    client.post(path, "", &attributes, b"1").entry(201);
    client
        .post(path, "", &attributes, b"1")
        .refused(400, "bad_request");
}

#[test]
fn behind_boxs_own_host_names_the_url_is_boxs() {
    let client = Client::new();
    let body = json!({"name": "a", "parent": {"id": "0"}}).to_string();
    let request = format!(
        "OPTIONS /2.0/files/content/ HTTP/1.1\r\nHost: api.box.com\r\nConnection: close\r\n\
         {}Content-Length: {}\r\n\r\n{body}",
        client.auth(),
        body.len()
    );
    let answer = crate::client::exchange(client.emulator.port(), request.as_bytes()).unwrap();
    let url = answer.ok(200)["upload_url"].as_str().unwrap().to_owned();
    assert!(url.starts_with("https://upload.box.com/api/2.0/files/content?upload_session_id="));
}

#[test]
fn a_conflict_is_one_object() {
    let client = Client::new();
    let id = client.file("0", "a.txt", b"abc");
    let version = client.emulator.versions(&id)[0].clone();
    let body = check(&client, "A.TXT", "0", json!(3)).refused(409, "item_name_in_use");
    assert_eq!(body["message"], "Item with the same name already exists");
    assert_eq!(
        body["context_info"],
        json!({"conflicts": {
            "type": "file", "id": id, "sequence_id": "0", "etag": "0", "name": "a.txt",
            "sha1": version.sha1,
            "file_version": {"type": "file_version", "id": version.id, "sha1": version.sha1},
        }})
    );
    let folder = client.folder("0", "dir");
    let body = check(&client, "DIR", "0", json!(3)).refused(409, "item_name_in_use");
    assert_eq!(body["context_info"]["conflicts"]["type"], "folder");
    assert_eq!(body["context_info"]["conflicts"]["id"], folder.as_str());
}

#[test]
fn refusals_come_in_the_documented_order() {
    let client = Client::new();
    let emulator = &client.emulator;
    emulator.set_quota(Some(10));
    emulator.set_max_upload_size(5);
    let viewer = emulator.foreign_folder("viewer", Access::Viewer);
    emulator.put_file(&viewer, "taken", b"");
    client.file("0", "taken", b"");
    // Each has all the later faults as well.
    check(&client, "a/b", "4711", json!(99)).refused(404, "not_found");
    let code = "access_denied_insufficient_permissions";
    check(&client, "a/b", &viewer, json!(99)).refused(403, code);
    check(&client, "taken ", "0", json!(99)).refused(400, "item_name_invalid");
    check(&client, "taken", "0", json!(99)).refused(409, "item_name_in_use");
    check(&client, "free", "0", json!(99)).refused(403, "file_size_limit_exceeded");
    emulator.set_max_upload_size(99);
    check(&client, "free", "0", json!(99)).refused(403, "storage_limit_exceeded");
    check(&client, "free", "0", json!(10)).ok(200);
    check(&client, "free", "0", json!(-1)).refused(400, "bad_request");
    check(&client, "free", "0", json!(1.5)).refused(400, "bad_request");
    check(&client, "free", "0", json!("1")).refused(400, "bad_request");
}

#[test]
fn big_sizes_are_no_int32() {
    let client = Client::new();
    client.emulator.set_quota(None);
    client.emulator.set_max_upload_size(u64::MAX);
    check(&client, "big", "0", json!(5_000_000_000_u64)).ok(200);
}

#[test]
fn a_new_version_has_its_own_check() {
    let client = Client::new();
    let id = client.file("0", "a", b"1234");
    client.file("0", "b", b"");
    let path = format!("/files/{id}/content");
    let answer = client.send("OPTIONS", &path, &json!({"size": 3})).ok(200);
    let url = answer["upload_url"].as_str().unwrap();
    assert!(url.contains(&format!("/api/2.0/files/{id}/content?upload_session_id=")));
    assert_eq!(answer["download_url"], Value::Null);
    let (_, target) = url.split_once("/api/2.0").unwrap();
    client.post(target, "", &json!({}), b"new").entry(200);
    let other = format!("/files/content?{}", target.split_once('?').unwrap().1);
    let attributes = json!({"name": "c", "parent": {"id": "0"}});
    client
        .post(&other, "", &attributes, b"")
        .refused(400, "bad_request");

    let own = json!({"size": 3, "name": "A"});
    client.send("OPTIONS", &path, &own).ok(200);
    let taken = json!({"size": 3, "name": "B"});
    client
        .send("OPTIONS", &path, &taken)
        .refused(409, "item_name_in_use");
    client
        .send("OPTIONS", "/files/4711/content", &own)
        .refused(404, "not_found");
    client.emulator.trash(&id);
    client.send("OPTIONS", &path, &own).refused(404, "trashed");
}
