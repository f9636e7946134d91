//! Listings by offset and by marker.

use serde_json::{Value, json};

use crate::client::Client;

fn names(page: &Value) -> Vec<&str> {
    let entries = page["entries"].as_array().unwrap();
    entries
        .iter()
        .map(|entry| entry["name"].as_str().unwrap())
        .collect()
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// Two folders, three files and a link, named across the kinds.
fn filled(client: &Client) -> String {
    let folder = client.folder("0", "F");
    client.file(&folder, "b", b"22");
    client.file(&folder, "A", b"333");
    client.folder(&folder, "z");
    client.emulator.put_web_link(&folder, "0");
    client.folder(&folder, "Y");
    client.file(&folder, "c", b"1");
    folder
}

#[test]
fn kinds_come_first_then_names() {
    let client = Client::new();
    let folder = filled(&client);
    let page = client.get(&format!("/folders/{folder}/items")).ok(200);
    assert_eq!(names(&page), ["Y", "z", "A", "b", "c", "0"]);
    assert_eq!(
        keys(&page),
        ["entries", "limit", "offset", "order", "total_count"]
    );
    assert_eq!(
        (&page["limit"], &page["total_count"]),
        (&json!(100), &json!(6))
    );
    assert_eq!(
        keys(&page["entries"][0]),
        ["etag", "id", "name", "sequence_id", "type"]
    );
    assert_eq!(
        keys(&page["entries"][2]),
        [
            "etag",
            "file_version",
            "id",
            "name",
            "sequence_id",
            "sha1",
            "type"
        ]
    );
    let order = json!([{"by": "type", "direction": "ASC"}, {"by": "name", "direction": "ASC"}]);
    assert_eq!(page["order"], order);
}

#[test]
fn other_orders() {
    let client = Client::new();
    let folder = filled(&client);
    let page = |query: &str| {
        client
            .get(&format!("/folders/{folder}/items?{query}"))
            .ok(200)
    };
    let page_names = |query: &str| names(&page(query)).join(" ");
    assert_eq!(page_names("direction=DESC"), "z Y c b A 0");
    assert_eq!(page_names("sort=size"), "Y z c b A 0");
    assert_eq!(page_names("sort=id"), "z Y b A c 0");
    assert_eq!(page_names("sort=size&direction=DESC"), "z Y A b c 0");
}

#[test]
fn offsets_page_and_cap() {
    let client = Client::new();
    let folder = filled(&client);
    let items = |query: &str| client.get(&format!("/folders/{folder}/items?{query}"));
    let page = items("offset=2&limit=3&fields=size").ok(200);
    assert_eq!((&page["offset"], &page["limit"]), (&json!(2), &json!(3)));
    assert_eq!(page["entries"].as_array().unwrap().len(), 3);
    assert_eq!(keys(&page["entries"][0]), ["etag", "id", "size", "type"]);
    assert_eq!(items("limit=5000").ok(200)["limit"], 1000);
    assert_eq!(items("offset=6").ok(200)["entries"], json!([]));
    for bad in [
        "offset=-1",
        "offset=x",
        "offset=300001",
        "limit=x",
        "sort=color",
        "direction=up",
    ] {
        let body = items(bad).refused(400, "bad_request");
        let error = &body["context_info"]["errors"][0];
        assert_eq!(error["reason"], "invalid_parameter");
        assert_eq!(error["name"], bad.split('=').next().unwrap());
    }
}

#[test]
fn markers_lead_to_the_end() {
    let client = Client::new();
    let folder = filled(&client);
    let mut seen = Vec::new();
    let mut marker = String::new();
    loop {
        let path = format!("/folders/{folder}/items?usemarker=true&limit=2{marker}");
        let page = client.get(&path).ok(200);
        assert_eq!(keys(&page), ["entries", "limit", "next_marker"]);
        seen.extend(names(&page).into_iter().map(str::to_owned));
        match page["next_marker"].as_str() {
            Some(next) => marker = format!("&marker={next}"),
            None => break,
        }
    }
    assert_eq!(seen.join(" "), "Y z A b c 0");
    assert!(client.emulator.remarks().is_empty());
}

#[test]
fn markers_survive_changes() {
    let client = Client::new();
    let folder = filled(&client);
    let path = format!("/folders/{folder}/items?usemarker=true&limit=3");
    let first = client.get(&path).ok(200);
    assert_eq!(names(&first), ["Y", "z", "A"]);
    let id = client.emulator.entry(&folder, "b").unwrap().id;
    client.emulator.trash(&id);
    client.emulator.put_file(&folder, "0new", b"");
    let marker = first["next_marker"].as_str().unwrap();
    let second = client.get(&format!("{path}&marker={marker}")).ok(200);
    assert_eq!(names(&second), ["c", "0"]);
    let elsewhere = client.get(&format!("/folders/0/items?usemarker=true&marker={marker}"));
    elsewhere.refused(400, "bad_request");
    client
        .get(&format!("{path}&marker=zz"))
        .refused(400, "bad_request");
}

#[test]
fn the_two_ways_do_not_mix() {
    let client = Client::new();
    client
        .get("/folders/0/items?usemarker=true&offset=1")
        .ok(200);
    client
        .get("/folders/0/items?usemarker=true&sort=size")
        .ok(200);
    assert_eq!(client.emulator.remarks().len(), 2);
    client
        .get("/folders/0/items?usemarker=maybe")
        .refused(400, "bad_request");
}

#[test]
fn get_folder_pages_its_collection() {
    let client = Client::new();
    let folder = filled(&client);
    let got = client
        .get(&format!("/folders/{folder}?limit=1&offset=1"))
        .ok(200);
    assert_eq!(names(&got["item_collection"]), ["z"]);
    assert_eq!(got["size"], 6);
}
