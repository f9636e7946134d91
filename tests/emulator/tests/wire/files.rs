//! Files: read, rename, move, lock, delete, download, versions.

use serde_json::{Value, json};

use crate::client::{Answer, Client};

fn path(id: &str) -> String {
    format!("/files/{id}")
}

#[test]
fn a_file_is_shown_in_full_or_by_fields() {
    let client = Client::new();
    let id = client.file("0", "a.txt", b"abc");
    let file = client.get(&path(&id)).ok(200);
    let mut keys: Vec<&str> = file
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    let mut expected = vec![
        "id",
        "type",
        "etag",
        "sequence_id",
        "name",
        "sha1",
        "file_version",
        "description",
        "size",
        "path_collection",
        "created_at",
        "modified_at",
        "trashed_at",
        "purged_at",
        "content_created_at",
        "content_modified_at",
        "created_by",
        "modified_by",
        "owned_by",
        "shared_link",
        "parent",
        "item_status",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    let few = client
        .get(&format!("/files/{id}?fields=lock,version_number"))
        .ok(200);
    assert_eq!(
        few,
        json!({"type": "file", "id": id, "etag": "0", "lock": null, "version_number": "1"})
    );
}

#[test]
fn a_missing_file_is_told_by_its_letter() {
    let client = Client::new();
    let body = client.get("/files/61412404350").refused(404, "not_found");
    assert_eq!(body["message"], "Not Found");
    assert_eq!(
        body["context_info"],
        json!({"errors": [{
            "reason": "invalid_parameter", "name": "item",
            "message": "Invalid value 'f_61412404350'. 'item' with value 'f_61412404350' not found",
        }]})
    );
    client.get("/files/x1").refused(405, "method_not_allowed");
}

#[test]
fn name_and_parent_may_change_together() {
    let client = Client::new();
    let folder = client.folder("0", "F");
    let id = client.file("0", "a", b"1");
    // The new name is taken at the old place, which does not matter.
    client.file("0", "b", b"2");
    let put = |body: Value| client.send("PUT", &path(&id), &body);
    put(json!({"name": "b"})).refused(409, "item_name_in_use");
    let moved = put(json!({"name": "b", "parent": {"id": folder}})).ok(200);
    assert_eq!(
        (&moved["name"], &moved["parent"]["id"]),
        (&json!("b"), &json!(folder))
    );
    assert_eq!(moved["etag"], "1");
    assert!(client.emulator.entry("0", "b").is_some());
    assert!(client.emulator.entry("0", "F/b").is_some());
    put(json!({"parent": {"id": "4711"}})).refused(404, "not_found");
    put(json!({"description": "x".repeat(257)})).refused(400, "bad_request");
    put(json!({"collections": []})).refused(501, "emulator_unknown_operation");
    let dated = put(json!({"content_modified_at": "2020-02-29T12:00:00+01:00"})).ok(200);
    assert_eq!(dated["content_modified_at"], "2020-02-29T04:00:00-07:00");
    put(json!({"content_modified_at": "yesterday"})).refused(400, "bad_request");
}

#[test]
fn a_name_conflict_is_an_object() {
    let client = Client::new();
    let id = client.file("0", "a", b"1");
    let other = client.file("0", "b", b"2");
    let answer = client.send("PUT", &path(&id), &json!({"name": "B"}));
    let body = answer.refused(409, "item_name_in_use");
    assert_eq!(body["context_info"]["conflicts"]["id"], other.as_str());
}

#[test]
fn locks_bind_others() {
    let client = Client::new();
    let id = client.file("0", "a", b"1");
    let put = |body: Value| client.send("PUT", &format!("/files/{id}?fields=lock"), &body);
    let lock = json!({"lock": {"access": "lock", "expires_at": "2100-01-01T00:00:00Z"}});
    let locked = put(lock).ok(200);
    assert_eq!(locked["lock"]["expired_at"], "2099-12-31T17:00:00-07:00");
    // One's own lock does not.
    client
        .post(&format!("/files/{id}/content"), "", &json!({}), b"2")
        .entry(200);
    assert_eq!(put(json!({"lock": null})).ok(200)["lock"], Value::Null);
    put(json!({"lock": {"access": "key"}})).refused(400, "bad_request");

    client.emulator.lock(&id);
    let code = "access_denied_item_locked";
    put(json!({"name": "x"})).refused(403, code);
    client.delete(&path(&id)).refused(403, code);
    client
        .post(&format!("/files/{id}/content"), "", &json!({}), b"3")
        .refused(403, code);
    client
        .send(
            "OPTIONS",
            &format!("/files/{id}/content"),
            &json!({"size": 1}),
        )
        .refused(403, code);
    client.emulator.unlock(&id);
    put(json!({"name": "x"})).ok(200);
}

#[test]
fn versions_are_past_ones_newest_first() {
    let client = Client::new();
    let id = client.file("0", "a", b"one");
    for content in [&b"two"[..], b"two", b"three"] {
        client
            .post(&format!("/files/{id}/content"), "", &json!({}), content)
            .entry(200);
    }
    let versions = client.emulator.versions(&id);
    assert_eq!(versions.len(), 4);
    let list = client.get(&format!("/files/{id}/versions")).ok(200);
    assert_eq!(list["total_count"], 3);
    let ids: Vec<&str> = list["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [&versions[2].id, &versions[1].id, &versions[0].id]);
    assert_eq!(list["entries"][2]["size"], 3);
    assert_eq!(list["entries"][2]["sha1"], versions[0].sha1.as_str());
    let page = client
        .get(&format!("/files/{id}/versions?limit=1&offset=1"))
        .ok(200);
    assert_eq!(page["entries"][0]["id"], versions[1].id.as_str());
    client
        .get(&format!("/files/{id}/versions?offset=10001"))
        .refused(400, "bad_request");
}

#[test]
fn contents_come_by_redirect() {
    let client = Client::new();
    let content: Vec<u8> = (0..200_000).map(|index| (index % 253) as u8).collect();
    let id = client.file("0", "a", &content);
    let first = client.emulator.versions(&id)[0].id.clone();
    client
        .post(&format!("/files/{id}/content"), "", &json!({}), b"new")
        .entry(200);
    let fetch = |query: &str, headers: &str| -> Answer {
        let redirect = client.get(&format!("/files/{id}/content{query}"));
        assert_eq!((redirect.status, redirect.body.len()), (302, 0));
        let location = redirect.header("location").unwrap();
        let target = location.strip_prefix(&client.emulator.base_url()).unwrap();
        client.raw("GET", target, headers, b"").unwrap()
    };
    let current = fetch("", "");
    assert_eq!((current.status, &current.body[..]), (200, &b"new"[..]));
    let old = fetch(&format!("?version={first}"), "");
    assert_eq!(old.body, content);
    let part = fetch(
        &format!("?version={first}"),
        "Range: bytes=70000-150000\r\n",
    );
    assert_eq!(part.status, 206);
    assert_eq!(
        part.header("content-range"),
        Some("bytes 70000-150000/200000")
    );
    assert_eq!(part.body, &content[70000..=150_000]);
    assert_eq!(fetch("", "Range: bytes=3-\r\n").status, 416);
    assert_eq!(fetch("", "Range: bytes=-2\r\n").body, b"ew");
    client
        .raw("GET", "/dl/content/abc", "", b"")
        .unwrap()
        .refused(404, "not_found");
}
