//! What other people's folders let the service account do.

use box_emulator::Access;
use serde_json::json;

use crate::client::Client;

const DENIED: &str = "access_denied_insufficient_permissions";

#[test]
fn invisible_means_missing() {
    let client = Client::new();
    let folder = client.emulator.foreign_folder("Private", Access::None);
    let file = client.emulator.put_file(&folder, "a", b"1");
    client
        .get(&format!("/folders/{folder}"))
        .refused(404, "not_found");
    client
        .get(&format!("/files/{file}"))
        .refused(404, "not_found");
    client.upload(&folder, "b", b"1").refused(404, "not_found");
    assert_eq!(client.get("/folders/0/items").ok(200)["total_count"], 0);
    client.emulator.set_access(&folder, Access::Editor);
    client.get(&format!("/files/{file}")).ok(200);
    client.emulator.set_access(&folder, Access::None);
    client
        .get(&format!("/files/{file}"))
        .refused(404, "not_found");
}

#[test]
fn viewers_look() {
    let client = Client::new();
    let folder = client.emulator.foreign_folder("Shared", Access::Viewer);
    let file = client.emulator.put_file(&folder, "sub/a", b"1");
    let got = client
        .get(&format!("/folders/{folder}?fields=permissions"))
        .ok(200);
    assert_eq!(got["permissions"]["can_upload"], false);
    assert_eq!(client.get(&format!("/files/{file}/content")).status, 302);
    client.upload(&folder, "b", b"1").refused(403, DENIED);
    client
        .post(&format!("/files/{file}/content"), "", &json!({}), b"2")
        .refused(403, DENIED);
    client
        .send("PUT", &format!("/files/{file}"), &json!({"name": "b"}))
        .refused(403, DENIED);
    client
        .delete(&format!("/files/{file}"))
        .refused(403, DENIED);
}

#[test]
fn uploaders_add_but_do_not_replace() {
    let client = Client::new();
    let folder = client.emulator.foreign_folder("Inbox", Access::Uploader);
    let file = client.emulator.put_file(&folder, "a", b"1");
    client.file(&folder, "b", b"1");
    client
        .upload(&folder, "A", b"1")
        .refused(409, "item_name_in_use");
    client
        .post(&format!("/files/{file}/content"), "", &json!({}), b"2")
        .refused(403, DENIED);
    client
        .get(&format!("/files/{file}/content"))
        .refused(403, DENIED);
}

#[test]
fn editors_work_and_the_owner_pays() {
    let client = Client::new();
    let folder = client.emulator.foreign_folder("Work", Access::Editor);
    let file = client.file(&folder, "a", b"1234");
    let got = client.get(&format!("/files/{file}")).ok(200);
    assert_eq!(
        got["owned_by"]["id"],
        client.emulator.colleague_id().as_str()
    );
    assert_eq!(
        got["created_by"]["id"],
        client.emulator.service_account_id().as_str()
    );
    assert_eq!(client.emulator.space_used(), 0);
    client
        .send(
            "PUT",
            &format!("/files/{file}"),
            &json!({"parent": {"id": "0"}}),
        )
        .ok(200);
    assert_eq!(client.emulator.space_used(), 4);
}

#[test]
fn a_shared_folder_appears_in_ones_own_root() {
    let client = Client::new();
    let folder = client.emulator.foreign_folder("Shared", Access::Editor);
    let sub = client.emulator.make_folder(&folder, "Sub");
    let items = client.get("/folders/0/items").ok(200);
    assert_eq!(items["entries"][0]["id"], folder.as_str());
    let got = client.get(&format!("/folders/{folder}")).ok(200);
    assert_eq!(got["parent"]["id"], "0");
    let below = client.get(&format!("/folders/{sub}")).ok(200);
    let ids: Vec<&str> = below["path_collection"]["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["0", &folder]);
}

#[test]
fn only_editors_move_delete_and_restore() {
    let client = Client::new();
    let folder = client.emulator.foreign_folder("Shared", Access::Viewer);
    let sub = client.emulator.make_folder(&folder, "Sub");
    let file = client.emulator.put_file(&folder, "a", b"1");
    let gone = client.emulator.put_file(&folder, "gone", b"1");
    client.emulator.trash(&gone);
    let calls = [
        ("PUT", format!("/files/{file}"), json!({"name": "b"})),
        (
            "PUT",
            format!("/files/{file}"),
            json!({"parent": {"id": "0"}}),
        ),
        ("PUT", format!("/folders/{sub}"), json!({"name": "Other"})),
        (
            "PUT",
            format!("/folders/{sub}"),
            json!({"parent": {"id": "0"}}),
        ),
        ("DELETE", format!("/files/{file}"), json!(null)),
        (
            "DELETE",
            format!("/folders/{sub}?recursive=true"),
            json!(null),
        ),
        ("POST", format!("/files/{gone}"), json!({})),
        ("DELETE", format!("/files/{gone}/trash"), json!(null)),
    ];
    for access in [Access::Viewer, Access::Uploader] {
        client.emulator.set_access(&folder, access);
        for (method, path, body) in &calls {
            let body = (!body.is_null()).then_some(body);
            let answer = client.call(method, path, "", body);
            assert_eq!(
                answer.refused(403, DENIED)["status"],
                403,
                "{method} {path}"
            );
        }
    }
    client.emulator.set_access(&folder, Access::None);
    for (method, path, body) in &calls {
        let body = (!body.is_null()).then_some(body);
        let answer = client.call(method, path, "", body);
        answer.refused(404, "not_found");
    }
    client.emulator.set_access(&folder, Access::Editor);
    let back = client.send("POST", &format!("/files/{gone}"), &json!({}));
    assert_eq!(back.ok(201)["parent"]["id"], folder.as_str());
}
