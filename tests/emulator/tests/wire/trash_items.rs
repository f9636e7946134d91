//! The list of what lies in the trash.

use box_emulator::Access;
use serde_json::{Value, json};

use crate::client::Client;

fn names(page: &Value) -> Vec<&str> {
    let entries = page["entries"].as_array().unwrap().iter();
    entries
        .map(|entry| entry["name"].as_str().unwrap())
        .collect()
}

/// A folder with a file in it and two files, all thrown away.
fn filled() -> Client {
    let client = Client::new();
    let folder = client.folder("0", "z");
    client.file(&folder, "inside", b"1");
    for name in ["b", "a"] {
        let id = client.file("0", name, b"12");
        client.delete(&format!("/files/{id}"));
    }
    client.delete(&format!("/folders/{folder}?recursive=true"));
    client
}

#[test]
fn what_was_thrown_away_is_listed_and_what_was_in_it_is_not() {
    let client = filled();
    let page = client.get("/folders/trash/items").ok(200);
    assert_eq!(names(&page), ["z", "a", "b"]);
    assert_eq!(
        (&page["total_count"], &page["limit"]),
        (&json!(3), &json!(100))
    );
    assert_eq!(page["order"][1], json!({"by": "name", "direction": "ASC"}));
    let mut keys: Vec<&String> = page["entries"][1].as_object().unwrap().keys().collect();
    keys.sort_unstable();
    let mini = [
        "etag",
        "file_version",
        "id",
        "name",
        "sequence_id",
        "sha1",
        "type",
    ];
    assert_eq!(keys, mini);
    let page = client
        .get("/folders/trash/items?offset=1&limit=1&direction=DESC&fields=name,trashed_at,item_status")
        .ok(200);
    assert_eq!(names(&page), ["b"]);
    assert_eq!(page["entries"][0]["item_status"], "trashed");
    assert_ne!(page["entries"][0]["trashed_at"], Value::Null);
}

#[test]
fn by_marker_too() {
    let client = filled();
    let (mut found, mut marker) = (Vec::new(), String::new());
    loop {
        let path = format!("/folders/trash/items?usemarker=true&limit=2&marker={marker}");
        let page = client.get(&path).ok(200);
        assert!(page.get("total_count").is_none());
        found.extend(names(&page).into_iter().map(str::to_owned));
        match page["next_marker"].as_str() {
            Some(next) => next.clone_into(&mut marker),
            None => break,
        }
    }
    assert_eq!(found, ["z", "a", "b"]);
    for odd in [
        "usemarker=true&offset=1",
        "usemarker=true&sort=name",
        "usemarker=true&direction=ASC",
        "usemarker=true&marker=zzz",
        "marker=zzz",
    ] {
        let body = client
            .get(&format!("/folders/trash/items?{odd}"))
            .refused(400, "bad_request");
        let reason = &body["context_info"]["errors"][0]["reason"];
        assert_eq!(reason, "invalid_parameter", "{odd}");
    }
}

#[test]
fn the_trash_is_ones_own() {
    let client = Client::new();
    let folder = client.emulator.foreign_folder("Shared", Access::Editor);
    let mine = client.emulator.put_file(&folder, "by me", b"1");
    let theirs = client.emulator.put_file(&folder, "by them", b"1");
    client.delete(&format!("/files/{mine}"));
    client.emulator.trash(&theirs);
    let list = || client.get("/folders/trash/items").ok(200);
    assert_eq!(names(&list()), ["by me"]);
    client.emulator.set_access(&folder, Access::None);
    assert!(names(&list()).is_empty());
}

#[test]
fn what_is_restored_or_purged_leaves_it() {
    let client = Client::new();
    let ids = ["a", "b"].map(|name| client.file("0", name, b"1"));
    for id in &ids {
        client.delete(&format!("/files/{id}"));
    }
    client
        .send("POST", &format!("/files/{}", ids[0]), &json!({}))
        .ok(201);
    client.delete(&format!("/files/{}/trash", ids[1]));
    let page = client.get("/folders/trash/items").ok(200);
    assert_eq!(page["total_count"], 0);
}
