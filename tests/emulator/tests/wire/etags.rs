//! `If-Match` and `If-None-Match`, operation by operation.

use box_emulator::BoxEmulator;
use serde_json::json;

use crate::client::Client;

const GOOD: &str = "If-Match: 0\r\n";
const QUOTED: &str = "If-Match: \"0\"\r\n";
const STALE: &str = "If-Match: 7\r\n";

#[test]
fn the_matrix_of_writes() {
    let client = Client::new();
    for (headers, status) in [(GOOD, 200), (QUOTED, 200), (STALE, 412), ("", 200)] {
        let id = client.file("0", "v", b"1");
        let version = client.post(&format!("/files/{id}/content"), headers, &json!({}), b"2");
        assert_eq!(version.status, status, "version upload, {headers}");
        client.emulator.purge(&id);

        let id = client.file("0", "p", b"1");
        let put = client.call(
            "PUT",
            &format!("/files/{id}"),
            headers,
            Some(&json!({"name": "q"})),
        );
        assert_eq!(put.status, status, "file update, {headers}");
        client.emulator.purge(&id);

        let id = client.folder("0", "f");
        let body = json!({"name": "g"});
        let put = client.call("PUT", &format!("/folders/{id}"), headers, Some(&body));
        assert_eq!(put.status, status, "folder update, {headers}");
        client.emulator.purge(&id);

        let gone = if status == 200 { 204 } else { 412 };
        let id = client.file("0", "d", b"1");
        let delete = client.call("DELETE", &format!("/files/{id}"), headers, None);
        assert_eq!(delete.status, gone, "file delete, {headers}");
        client.emulator.purge(&id);

        let id = client.folder("0", "e");
        let delete = client.call("DELETE", &format!("/folders/{id}"), headers, None);
        assert_eq!(delete.status, gone, "folder delete, {headers}");
        client.emulator.purge(&id);
    }
}

#[test]
fn a_refused_precondition_changes_nothing() {
    let client = Client::new();
    let id = client.file("0", "a", b"1");
    let answer = client.post(
        &format!("/files/{id}/content"),
        STALE,
        &json!({"name": "b"}),
        b"2",
    );
    let body = answer.refused(412, "precondition_failed");
    let text = "The resource has been modified. Retrieve the resource again and retry";
    assert_eq!(body["message"], text);
    assert_eq!(client.emulator.versions(&id).len(), 1);
    let entry = client.emulator.entry("0", "a").unwrap();
    assert_eq!(entry.etag.as_deref(), Some("0"));
}

#[test]
fn moves_are_never_blocked() {
    let client = Client::new();
    let folder = client.folder("0", "F");
    let file = client.file("0", "a", b"1");
    let other = client.folder("0", "G");
    let body = json!({"parent": {"id": folder}});
    for path in [format!("/files/{file}"), format!("/folders/{other}")] {
        assert_eq!(
            client.call("PUT", &path, STALE, Some(&body)).status,
            200,
            "{path}"
        );
    }
}

#[test]
fn every_change_moves_the_etag() {
    let client = Client::new();
    let id = client.file("0", "a", b"1");
    let etag = || client.get(&format!("/files/{id}")).ok(200)["etag"].clone();
    client.emulator.touch(&id);
    assert_eq!(etag(), "1");
    client.emulator.rename(&id, "b");
    assert_eq!(etag(), "2");
    client.emulator.put_file("0", "b", b"2");
    assert_eq!(etag(), "3");
    client.emulator.lock(&id);
    assert_eq!(etag(), "4");
}

#[test]
fn reads_can_be_conditional() {
    let client = Client::new();
    let paths = [
        format!("/files/{}", client.file("0", "a", b"1")),
        format!("/folders/{}", client.folder("0", "F")),
    ];
    for path in paths {
        let same = client.call("GET", &path, "If-None-Match: 0\r\n", None);
        assert_eq!((same.status, same.body.len()), (304, 0), "{path}");
        let other = client.call("GET", &path, "If-None-Match: 1\r\n", None);
        assert_eq!(other.status, 200, "{path}");
    }
    assert_eq!(
        client
            .call("GET", "/files/4711", "If-None-Match: 0\r\n", None)
            .status,
        404
    );
}

#[test]
fn the_guides_word_on_missing_items_is_a_switch() {
    for (switch, status) in [(false, 404), (true, 412)] {
        let builder = BoxEmulator::builder().missing_with_etag_is_412(switch);
        let client = Client::with(builder.start().unwrap());
        let id = client.file("0", "a", b"1");
        client.emulator.trash(&id);
        let path = format!("/files/{id}/content");
        let last = client.post(&path, "If-Match: 1\r\n", &json!({}), b"2");
        assert_eq!(last.status, status);
        assert_eq!(client.post(&path, GOOD, &json!({}), b"2").status, 404);
    }
}
