//! Shared links and tags.

use serde_json::{Value, json};

use crate::client::Client;

#[test]
fn a_shared_link_stays_with_its_item() {
    let client = Client::new();
    let folder = client.folder("0", "F");
    let other = client.folder("0", "G");
    let file = client.file("0", "a", b"1");
    for path in [format!("/files/{file}"), format!("/folders/{other}")] {
        let put = |body: Value| client.send("PUT", &path, &body).ok(200);
        assert_eq!(client.get(&path).ok(200)["shared_link"], Value::Null);
        let shared = put(json!({"shared_link": {"access": "company"}}));
        let link = shared["shared_link"].clone();
        assert_eq!(link["access"], "company");
        assert_eq!(link["effective_permission"], "can_download");
        let page = "https://app.box.com/s/";
        assert!(link["url"].as_str().unwrap().starts_with(page));
        assert_eq!(shared["etag"], "1");
        put(json!({"name": "renamed"}));
        let moved = put(json!({"parent": {"id": folder}}));
        assert_eq!(moved["shared_link"], link);
        let again = put(json!({"shared_link": {"access": "open", "password": "s3cret"}}));
        assert_eq!(again["shared_link"]["url"], link["url"]);
        assert_eq!(again["shared_link"]["is_password_enabled"], true);
        assert_eq!(
            put(json!({"shared_link": null}))["shared_link"],
            Value::Null
        );
        let tidy = client.delete(&path);
        assert_eq!(tidy.status, 204, "the name is needed again");
    }
}

#[test]
fn in_the_trash_no_link_is_active() {
    let client = Client::new();
    let id = client.file("0", "a", b"1");
    let path = format!("/files/{id}");
    client
        .send("PUT", &path, &json!({"shared_link": {}}))
        .ok(200);
    client.delete(&path);
    let gone = client.get(&format!("{path}/trash")).ok(200);
    assert_eq!(gone["shared_link"], Value::Null);
}

#[test]
fn links_and_tags_are_judged() {
    let client = Client::new();
    let id = client.file("0", "a", b"1");
    let put = |body: Value| client.send("PUT", &format!("/files/{id}?fields=tags"), &body);
    for bad in [
        json!({"shared_link": "open"}),
        json!({"shared_link": {"access": "everybody"}}),
        json!({"shared_link": {"access": "company", "password": "x"}}),
        json!({"tags": "a"}),
        json!({"tags": [1]}),
    ] {
        put(bad).refused(400, "bad_request");
    }
    let tagged = put(json!({"tags": ["a", "b"]})).ok(200);
    assert_eq!(tagged["tags"], json!(["a", "b"]));
    assert_eq!(put(json!({"name": "b"})).ok(200)["tags"], json!(["a", "b"]));
}
