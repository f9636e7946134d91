//! Versions: one at a time, deleted, taken back, promoted.

use box_emulator::Access;
use serde_json::{Value, json};

use crate::client::Client;

/// A file with three versions; the ids of file and versions, oldest first.
fn file(client: &Client) -> (String, Vec<String>) {
    let id = client.file("0", "a", b"one");
    for content in [&b"two"[..], b"three"] {
        client
            .post(&format!("/files/{id}/content"), "", &json!({}), content)
            .entry(200);
    }
    let versions = client.emulator.versions(&id).into_iter();
    (id, versions.map(|version| version.id).collect())
}

#[test]
fn one_version_is_shown() {
    let client = Client::new();
    let (id, versions) = file(&client);
    let path = |version: &str| format!("/files/{id}/versions/{version}");
    let got = client.get(&path(&versions[0])).ok(200);
    assert_eq!(
        (&got["size"], &got["version_number"]),
        (&json!(3), &json!("1"))
    );
    assert_eq!(got["trashed_at"], Value::Null);
    let few = client
        .get(&format!("{}?fields=name", path(&versions[0])))
        .ok(200);
    let expected = json!({"type": "file_version", "id": versions[0], "name": "a"});
    assert_eq!(few, expected);
    client.get(&path("4711")).refused(404, "not_found");
}

#[test]
fn a_deleted_version_can_be_taken_back() {
    let client = Client::new();
    let (id, versions) = file(&client);
    let path = format!("/files/{id}/versions/{}", versions[0]);
    let stale = client.call("DELETE", &path, "If-Match: 0\r\n", None);
    stale.refused(412, "precondition_failed");
    assert_eq!(client.delete(&path).status, 204);
    let list = client.get(&format!("/files/{id}/versions")).ok(200);
    assert_eq!(list["total_count"], 2);
    assert_ne!(list["entries"][1]["trashed_at"], Value::Null);
    assert_eq!(list["entries"][0]["trashed_at"], Value::Null);
    let promote = json!({"type": "file_version", "id": versions[0]});
    client
        .send("POST", &format!("/files/{id}/versions/current"), &promote)
        .refused(404, "trashed");
    client
        .send("PUT", &path, &json!({"trashed_at": "2020-01-01T00:00:00Z"}))
        .refused(400, "bad_request");
    let back = client
        .send("PUT", &path, &json!({"trashed_at": null}))
        .ok(200);
    assert_eq!(back["trashed_at"], Value::Null);
    let current = format!("/files/{id}/versions/{}", versions[2]);
    client.delete(&current).refused(400, "bad_request");
}

#[test]
fn promoting_makes_a_new_version_with_the_old_name() {
    let client = Client::new();
    let (id, versions) = file(&client);
    client
        .send("PUT", &format!("/files/{id}"), &json!({"name": "b"}))
        .ok(200);
    let path = format!("/files/{id}/versions/current");
    let body = json!({"type": "file_version", "id": versions[0]});
    let promoted = client.send("POST", &path, &body).ok(201);
    assert_eq!(promoted["version_number"], "4");
    assert!(!versions.contains(&promoted["id"].as_str().unwrap().to_owned()));
    let file = client.get(&format!("/files/{id}")).ok(200);
    assert_eq!((&file["name"], &file["etag"]), (&json!("a"), &json!("4")));
    assert_eq!(file["sha1"], promoted["sha1"]);
    let list = client.get(&format!("/files/{id}/versions")).ok(200);
    assert_eq!(list["total_count"], 3);
    client
        .send("POST", &path, &json!({"type": "file_version"}))
        .refused(400, "bad_request");
}

#[test]
fn viewers_only_look_at_versions() {
    let client = Client::new();
    let folder = client.emulator.foreign_folder("Shared", Access::Viewer);
    let id = client.emulator.put_file(&folder, "a", b"1");
    client.emulator.put_file(&folder, "a", b"2");
    let first = client.emulator.versions(&id)[0].id.clone();
    let denied = "access_denied_insufficient_permissions";
    let path = format!("/files/{id}/versions/{first}");
    client.get(&path).ok(200);
    client.delete(&path).refused(403, denied);
    client
        .send("PUT", &path, &json!({"trashed_at": null}))
        .refused(403, denied);
    client
        .send(
            "POST",
            &format!("/files/{id}/versions/current"),
            &json!({"id": first}),
        )
        .refused(403, denied);
}
