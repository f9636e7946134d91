//! Commits: what they ask for, and what they make.

use serde_json::{Value, json};

use crate::chunked::{Opened, PART, client, content, digest, sha1};
use crate::client::{Answer, Client};

/// A session with all of its parts in.
pub(crate) struct Ready {
    pub(crate) client: Client,
    session: Opened,
    bytes: Vec<u8>,
    parts: Vec<Value>,
}

impl Ready {
    pub(crate) fn new() -> Ready {
        let client = client();
        let session = client.open("a", 2 * PART + 500);
        Ready::of(client, session)
    }

    pub(crate) fn version(client: Client, file: &str, more: &Value) -> Ready {
        let session = client.open_version(file, more, 2 * PART + 500);
        Ready::of(client, session)
    }

    pub(crate) fn of(client: Client, session: Opened) -> Ready {
        let bytes = content(2 * PART + 500);
        let parts = client.put_all(&session, &bytes);
        Ready {
            client,
            session,
            bytes,
            parts,
        }
    }

    fn list(&self, parts: &Value) -> Answer {
        let body = json!({ "parts": parts });
        self.client.commit(&self.session, &self.bytes, &body)
    }

    pub(crate) fn commit(&self) -> Answer {
        self.list(&json!(self.parts))
    }

    pub(crate) fn with(&self, attributes: &Value) -> Answer {
        let body = json!({"parts": self.parts, "attributes": attributes});
        self.client.commit(&self.session, &self.bytes, &body)
    }

    fn headed(&self, headers: &str) -> Answer {
        let headers = format!("Digest: {}\r\n{headers}", digest(&self.bytes));
        let body = json!({ "parts": self.parts });
        self.client.commit_with(&self.session, &headers, &body)
    }
}

#[test]
fn the_list_is_all_parts_each_once() {
    let ready = Ready::new();
    let other = ready.client.open("b", 2 * PART + 500);
    let foreign = ready.client.put_all(&other, &ready.bytes)[0].clone();
    let [first, second, third] = &ready.parts[..] else {
        panic!("three parts");
    };
    let changed = |name: &str, value: Value| {
        let mut part = first.clone();
        part[name] = value;
        part
    };
    for parts in [
        json!([first, second]),
        json!([second, third]),
        json!([first, third]),
        json!([first, first, second, third]),
        // As long as the file, with a gap.
        json!([first, first, third]),
        json!([first, second, third, third]),
        json!([foreign, second, third]),
        json!([first, second, third, foreign]),
        json!([changed("part_id", json!("00000000")), second, third]),
        json!([changed("offset", json!(1)), second, third]),
        json!([changed("size", json!(999)), second, third]),
        json!([changed("sha1", json!("f".repeat(40))), second, third]),
        json!([]),
    ] {
        ready.list(&parts).refused(400, "parts_mismatch");
    }
    for parts in [
        json!(null),
        json!("x"),
        json!({}),
        json!([1]),
        json!([changed("part_id", Value::Null), second, third]),
        json!([changed("part_id", json!(1)), second, third]),
        json!([changed("offset", Value::Null), second, third]),
        json!([changed("offset", json!(-1)), second, third]),
        json!([changed("size", json!("1000")), second, third]),
        json!([changed("sha1", json!(1)), second, third]),
    ] {
        ready.list(&parts).refused(400, "bad_request");
    }
    let wrong = changed("size", json!(999));
    let body = ready.list(&json!([wrong])).refused(400, "parts_mismatch");
    let text = format!("No matching part found on server for {wrong}");
    assert_eq!(body["message"], text);
    let none = ready
        .client
        .commit(&ready.session, &ready.bytes, &json!({}))
        .refused(400, "bad_request");
    assert_eq!(none["context_info"]["errors"][0]["name"], "parts");
    assert_eq!(ready.client.emulator.sessions()[0].commits, 25);
    assert!(ready.client.emulator.tree("0").is_empty());
    ready.commit().entry(201);
}

#[test]
fn a_part_that_never_came_is_missed() {
    let client = client();
    let bytes = content(2 * PART);
    let session = client.open("a", bytes.len());
    let part = client.put(&session, 0, &bytes[..PART]).ok(200)["part"].clone();
    let list = json!({ "parts": [part] });
    client
        .commit(&session, &bytes, &list)
        .refused(400, "parts_mismatch");
}

#[test]
fn any_order_will_do_and_is_remarked() {
    let ready = Ready::new();
    let mut parts = ready.parts.clone();
    parts.reverse();
    let file = ready.list(&json!(parts)).entry(201);
    assert_eq!(file["sha1"], sha1(&ready.bytes));
    let remark = "post_files_upload_sessions_id_commit: the parts of the commit are not in the order of their offsets";
    assert_eq!(ready.client.emulator.remarks(), [remark]);
}

#[test]
fn the_sha1_of_a_part_may_be_left_out_or_upper_case() {
    let ready = Ready::new();
    let mut parts = ready.parts.clone();
    parts[0].as_object_mut().unwrap().remove("sha1");
    parts[1]["sha1"] = Value::Null;
    parts[2]["sha1"] = json!(parts[2]["sha1"].as_str().unwrap().to_uppercase());
    ready.list(&json!(parts)).entry(201);
    assert!(ready.client.emulator.remarks().is_empty());
}

#[test]
fn the_digest_is_the_whole_files() {
    let ready = Ready::new();
    let body = json!({ "parts": ready.parts });
    let ask = |headers: &str| ready.client.commit_with(&ready.session, headers, &body);
    let error = ask("").refused(400, "bad_request");
    assert_eq!(error["context_info"]["errors"][0]["name"], "digest");
    let (good, wrong) = (digest(&ready.bytes), digest(b"other"));
    let base64 = |digest: &str| digest.strip_prefix("sha=").unwrap().to_owned();
    for bad in [
        base64(&good),
        format!("sha={}", sha1(&ready.bytes)),
        format!("sha-256={}", base64(&good)),
    ] {
        ask(&format!("Digest: {bad}\r\n")).refused(400, "bad_request");
    }
    let error = ask(&format!("Digest: {wrong}\r\n")).refused(400, "digest_mismatch");
    let text = format!(
        "File digest was incorrect. Actual: {} Expected: {}",
        base64(&good),
        base64(&wrong)
    );
    assert_eq!(error["message"], text);
    assert!(ready.client.emulator.tree("0").is_empty());
    ask(&format!("Digest: SHA={}\r\n", base64(&good))).entry(201);
}

#[test]
fn attributes_are_those_of_a_direct_upload() {
    for bad in [
        json!("x"),
        json!([]),
        json!({"content_modified_at": "yesterday"}),
        json!({"content_created_at": "1969-12-31T23:59:59Z"}),
        json!({"content_modified_at": 1}),
        json!({"description": 1}),
        json!({"name": ""}),
    ] {
        Ready::new().with(&bad).refused(400, "bad_request");
    }
    let ready = Ready::new();
    ready
        .with(&json!({"name": "a/b"}))
        .refused(400, "item_name_invalid");
    let wishes = json!({
        "name": "b", "content_modified_at": "2024-05-01T10:00:00Z", "colour": "red",
    });
    let file = ready.with(&wishes).entry(201);
    assert_eq!(file["name"], "b");
    assert_eq!(file["content_modified_at"], "2024-05-01T03:00:00-07:00");
    let remark = "post_files_upload_sessions_id_commit: undocumented body field 'colour'";
    assert_eq!(ready.client.emulator.remarks(), [remark]);
    Ready::new().with(&Value::Null).entry(201);
}

#[test]
fn if_match_guards_a_version() {
    for (headers, status) in [
        ("", 201),
        ("If-Match: 1\r\n", 201),
        ("If-Match: \"1\"\r\n", 201),
        ("If-Match: 0\r\n", 412),
    ] {
        let client = client();
        let file = client.file("0", "a", b"1");
        let ready = Ready::version(client, &file, &json!({}));
        ready.client.emulator.touch(&file);
        let answer = ready.headed(headers);
        if status == 412 {
            answer.refused(412, "precondition_failed");
            assert_eq!(ready.client.emulator.versions(&file).len(), 1);
            ready.headed("If-Match: 1\r\n").entry(201);
        } else {
            assert_eq!(answer.entry(201)["etag"], "2", "{headers}");
        }
        assert_eq!(ready.client.emulator.versions(&file).len(), 2);
    }
    let ready = Ready::new();
    ready.headed("If-Match: 7\r\n").entry(201);
    let remark =
        "post_files_upload_sessions_id_commit: 'If-Match' at the commit of a new file is ignored";
    assert_eq!(ready.client.emulator.remarks(), [remark]);
}

#[test]
fn a_session_is_over_after_its_commit() {
    let ready = Ready::new();
    ready.commit().entry(201);
    let (client, session) = (&ready.client, &ready.session);
    ready.commit().refused(404, "not_found");
    let first = &ready.bytes[..PART];
    client.put(session, 0, first).refused(404, "not_found");
    for path in [session.id.clone(), format!("{}/parts", session.id)] {
        client.session("GET", &path).refused(404, "not_found");
    }
    for _ in 0..2 {
        assert_eq!(client.session("DELETE", &session.id).status, 204);
    }
    let again = format!("As-User: {}\r\n", client.emulator.colleague_id());
    ready.headed(&again).refused(403, "forbidden");
    assert!(client.emulator.sessions().is_empty());
    assert_eq!(client.emulator.tree("0").len(), 1);
}
