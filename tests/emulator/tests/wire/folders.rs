//! Folders: create, read, rename, move, delete, and their conflicts.

use box_emulator::{BoxEmulator, Kind};
use serde_json::{Value, json};

use crate::client::Client;

fn named(name: &str, parent: &str) -> Value {
    json!({"name": name, "parent": {"id": parent}})
}

#[test]
fn a_new_folder_is_complete() {
    let client = Client::new();
    let made = client.send("POST", "/folders", &named("New", "0")).ok(201);
    assert_eq!(
        (&made["etag"], &made["sequence_id"]),
        (&json!("0"), &json!("0"))
    );
    assert_eq!(made["size"], 0);
    assert_eq!(made["folder_upload_email"], Value::Null);
    assert_eq!(
        made["item_collection"],
        json!({
            "total_count": 0, "entries": [], "offset": 0, "limit": 100,
            "order": [{"by": "type", "direction": "ASC"}, {"by": "name", "direction": "ASC"}],
        })
    );
    let root = json!({
        "type": "folder", "id": "0", "sequence_id": null, "etag": null, "name": "All Files",
    });
    assert_eq!(made["parent"], root);
    assert_eq!(
        made["path_collection"],
        json!({"total_count": 1, "entries": [root]})
    );
    assert!(made["created_at"].as_str().unwrap().ends_with("-07:00"));
}

#[test]
fn a_taken_name_is_told_in_an_array() {
    let client = Client::new();
    let id = client.folder("0", "Photos");
    let body = client
        .send("POST", "/folders", &named("pHOTOS", "0"))
        .refused(409, "item_name_in_use");
    assert_eq!(body["message"], "Item with the same name already exists");
    assert_eq!(
        body["context_info"],
        json!({"conflicts": [{
            "type": "folder", "id": id, "sequence_id": "0", "etag": "0", "name": "Photos",
        }]})
    );
    client.emulator.put_web_link("0", "Link");
    let body = client
        .send("POST", "/folders", &named("LINK", "0"))
        .refused(409, "item_name_in_use");
    assert_eq!(body["context_info"]["conflicts"][0]["type"], "web_link");
}

#[test]
fn names_are_judged_in_all_of_unicode() {
    let client = Client::new();
    client.folder("0", "Ärger");
    client
        .send("POST", "/folders", &named("äRGER", "0"))
        .refused(409, "item_name_in_use");
    let body = client
        .send("POST", "/folders", &named("a/b", "0"))
        .refused(400, "item_name_invalid");
    assert_eq!(body["message"], "Item name invalid");
    assert_eq!(
        body["context_info"],
        "Names cannot contain non-printable ASCII, / or \\, leading or trailing whitespace. \
         The special names \".\" or \"..\" are also unsupported."
    );
    let long = "x".repeat(256);
    client
        .send("POST", "/folders", &named(&long, "0"))
        .refused(400, "item_name_too_long");
    let lenient = BoxEmulator::builder().refuse_leading_space(false);
    let client = Client::with(lenient.start().unwrap());
    client.folder("0", " leading");
}

#[test]
fn bodies_are_validated() {
    let client = Client::new();
    let post = |body: Value| client.send("POST", "/folders", &body);
    let body = post(json!({"parent": {"id": "0"}})).refused(400, "bad_request");
    assert_eq!(body["context_info"]["errors"][0]["name"], "name");
    post(json!({"name": "x"})).refused(400, "bad_request");
    post(json!({"name": 1, "parent": {"id": "0"}})).refused(400, "bad_request");
    post(json!({"name": "x", "parent": {"id": 0}})).refused(400, "bad_request");
    post(json!({"name": "x", "parent": "0"})).refused(400, "bad_request");
    post(json!([])).refused(400, "bad_request");
    let headers = client.auth();
    let broken = client.raw("POST", "/2.0/folders", &headers, b"{").unwrap();
    broken.refused(400, "bad_request");
    post(named("x", "4711")).refused(404, "not_found");
}

#[test]
fn the_root_is_special() {
    let client = Client::new();
    client.folder("0", "A");
    let root = client.get("/folders/0").ok(200);
    for name in ["etag", "sequence_id", "created_at", "modified_at", "parent"] {
        assert_eq!(root[name], Value::Null, "{name}");
    }
    assert_eq!(root["name"], "All Files");
    assert_eq!(root["item_collection"]["total_count"], 1);
    assert_eq!(
        root["path_collection"],
        json!({"total_count": 0, "entries": []})
    );
    let put = client.send("PUT", "/folders/0", &json!({"name": "x"}));
    put.refused(403, "access_denied_insufficient_permissions");
    let gone = client.delete("/folders/0?recursive=true");
    gone.refused(403, "access_denied_insufficient_permissions");
}

#[test]
fn fields_replace_the_default_set() {
    let client = Client::new();
    let id = client.folder("0", "A");
    let got = client
        .get(&format!("/folders/{id}?fields=permissions,size"))
        .ok(200);
    let keys: Vec<&String> = got.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["etag", "id", "permissions", "size", "type"]);
    assert_eq!(got["permissions"]["can_upload"], true);
    assert!(client.emulator.remarks().is_empty());
    client
        .get(&format!("/folders/{id}?fields=nonsense"))
        .ok(200);
    assert!(client.emulator.remarks()[0].contains("'nonsense'"));
}

#[test]
fn renaming_and_moving_are_two_calls() {
    let client = Client::new();
    let (a, b) = (client.folder("0", "A"), client.folder("0", "B"));
    let put = |body: Value| client.send("PUT", &format!("/folders/{a}"), &body);
    let both = put(json!({"name": "C", "parent": {"id": b}}));
    both.refused(403, "operation_limit_exceeded");
    let renamed = put(json!({"name": "C"})).ok(200);
    assert_eq!(
        (&renamed["name"], &renamed["etag"]),
        (&json!("C"), &json!("1"))
    );
    assert_eq!(put(json!({"name": "c"})).ok(200)["name"], "c");
    put(json!({"name": "b"})).refused(409, "item_name_in_use");
    let moved = put(json!({"parent": {"id": b}})).ok(200);
    assert_eq!(moved["parent"]["id"], b.as_str());
    assert_eq!(moved["path_collection"]["total_count"], 2);
    let cycle = client.send(
        "PUT",
        &format!("/folders/{b}"),
        &json!({"parent": {"id": a}}),
    );
    cycle.refused(400, "cyclical_folder_structure");
    let beyond = put(json!({"collections": [{"id": "1"}]}));
    beyond.refused(501, "emulator_unknown_operation");
    let long = put(json!({"description": "x".repeat(257)}));
    long.refused(400, "bad_request");
}

#[test]
fn one_call_may_do_both_if_asked() {
    let builder = BoxEmulator::builder().folder_move_with_name(true);
    let client = Client::with(builder.start().unwrap());
    let (a, b) = (client.folder("0", "A"), client.folder("0", "B"));
    client.folder("0", "C");
    let body = json!({"name": "C", "parent": {"id": b}});
    client.send("PUT", &format!("/folders/{a}"), &body).ok(200);
    let paths: Vec<String> = client
        .emulator
        .tree("0")
        .into_iter()
        .map(|entry| entry.path)
        .collect();
    assert_eq!(paths, ["B", "B/C", "C"]);
}

#[test]
fn full_folders_need_recursive() {
    let client = Client::new();
    let a = client.folder("0", "A");
    let file = client.file(&a, "x", b"1");
    client
        .delete(&format!("/folders/{a}"))
        .refused(400, "folder_not_empty");
    client
        .delete(&format!("/folders/{a}?recursive=yes"))
        .refused(400, "bad_request");
    let gone = client.delete(&format!("/folders/{a}?recursive=true"));
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    client.get(&format!("/folders/{a}")).refused(404, "trashed");
    client
        .get(&format!("/files/{file}"))
        .refused(404, "trashed");
    client.upload(&a, "y", b"1").refused(404, "trashed");
    assert!(client.emulator.tree("0").is_empty());
    // The name is free at once.
    client.folder("0", "a");
    assert_eq!(client.emulator.tree("0")[0].kind, Kind::Folder);
}

#[test]
fn missing_and_malformed_ids() {
    let client = Client::new();
    let body = client.get("/folders/4711").refused(404, "not_found");
    assert_eq!(
        body["context_info"]["errors"],
        json!([{
            "reason": "invalid_parameter", "name": "item",
            "message": "Invalid value 'd_4711'. 'item' with value 'd_4711' not found",
        }])
    );
    client
        .get("/folders/abc")
        .refused(405, "method_not_allowed");
    let file = client.file("0", "x", b"");
    client
        .get(&format!("/folders/{file}"))
        .refused(404, "not_found");
    client
        .get("/folders/99999999999999999999999")
        .refused(404, "not_found");
}
