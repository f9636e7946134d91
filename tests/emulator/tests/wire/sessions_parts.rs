//! Parts: what is taken, what is refused, and what is told about them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::chunked::{Opened, PART, client, digest, sha1, small};
use crate::client::{Answer, Client};

impl Client {
    fn put_as(&self, session: &Opened, range: &str, bytes: &[u8]) -> Answer {
        let headers = format!("Digest: {}\r\nContent-Range: {range}\r\n", digest(bytes));
        self.put_raw(&session.id, &headers, bytes).unwrap()
    }

    fn digested(&self, session: &Opened, digest: &str, bytes: &[u8]) -> Answer {
        let range = session.range(0, bytes.len());
        let headers = format!("Digest: {digest}\r\nContent-Range: {range}\r\n");
        self.put_raw(&session.id, &headers, bytes).unwrap()
    }

    fn page(&self, session: &Opened, query: &str) -> Answer {
        self.session("GET", &format!("{}/parts{query}", session.id))
    }
}

#[test]
fn ranges_fit_the_session_or_are_refused() {
    let client = client();
    let session = client.open("a", 2 * PART + 500);
    for (range, bytes, status) in [
        // Not at the start of a part.
        ("bytes 1-1000/2500", 1000, 416),
        ("bytes 500-1499/2500", 1000, 416),
        // Shorter or longer than a part.
        ("bytes 0-998/2500", 999, 416),
        ("bytes 0-1000/2500", 1001, 416),
        ("bytes 0-1999/2500", 2000, 416),
        ("bytes 2000-2498/2500", 499, 416),
        // Beyond the end.
        ("bytes 2000-2999/2500", 1000, 416),
        ("bytes 3000-3999/2500", 1000, 416),
        (
            "bytes 18446744073709551615-18446744073709551615/2500",
            1,
            416,
        ),
        // Of another file.
        ("bytes 0-999/2499", 1000, 416),
        ("bytes 0-999/1000", 1000, 416),
        // Not ranges.
        ("bytes 0-999", 1000, 400),
        ("bytes 0-999/*", 1000, 400),
        ("bytes */2500", 0, 400),
        ("bytes 999-0/2500", 1000, 400),
        ("0-999/2500", 1000, 400),
        // Not the body's length.
        ("bytes 0-999/2500", 999, 400),
        ("bytes 0-999/2500", 1001, 400),
        ("bytes 0-999/2500", 0, 400),
    ] {
        let answer = client.put_as(&session, range, &vec![1; bytes]);
        let body = answer.ok(status);
        assert_eq!(body["type"], "error", "{range}");
    }
    assert_eq!(client.emulator.parts_stored(), 0);
    client
        .put_as(&session, "bytes 0-999/2500", &[1; 1000])
        .ok(200);
    client
        .put_as(&session, "Bytes 2000-2499/2500", &[1; 500])
        .ok(200);
    assert_eq!(client.emulator.parts_stored(), 2);
    assert_eq!(client.emulator.part_bytes_stored(), 1500);
}

#[test]
fn headers_are_required() {
    let client = client();
    let session = client.open("a", 3);
    let range = "Content-Range: bytes 0-2/3\r\n";
    let digest = format!("Digest: {}\r\n", digest(b"abc"));
    for (headers, name) in [(range, "digest"), (digest.as_str(), "content-range")] {
        let answer = client.put_raw(&session.id, headers, b"abc").unwrap();
        let body = answer.refused(400, "bad_request");
        assert_eq!(body["context_info"]["errors"][0]["name"], name);
    }
    let target = format!("/api/2.0/files/upload_sessions/{}", session.id);
    let headers = format!(
        "{}Content-Type: text/plain\r\n{range}{digest}",
        client.auth()
    );
    client
        .raw("PUT", &target, &headers, b"abc")
        .unwrap()
        .refused(415, "unsupported_media_type");
    assert_eq!(client.emulator.parts_stored(), 0);
}

#[test]
fn a_length_is_required_when_told() {
    for (required, status) in [(true, 411), (false, 200)] {
        let emulator = small().require_content_length(required).start();
        let client = Client::with(emulator.unwrap());
        let session = client.open("a", 3);
        let headers = format!(
            "Transfer-Encoding: chunked\r\nDigest: {}\r\nContent-Range: bytes 0-2/3\r\n",
            digest(b"abc")
        );
        let answer = client.put_raw(&session.id, &headers, b"3\r\nabc\r\n0\r\n\r\n");
        assert_eq!(answer.unwrap().status, status);
    }
}

#[test]
fn digests_are_sha1_in_base64() {
    let client = client();
    let good = digest(b"abc");
    let text = good.strip_prefix("sha=").unwrap();
    for (sent, status) in [
        (good.clone(), 200),
        (format!("SHA={text}"), 200),
        (format!("Sha={text}"), 200),
        (format!("md5=kAFQmDzST7DWlj99KOF/cg==, sha={text}"), 200),
        (text.to_owned(), 400),
        (format!("sha-256={text}"), 400),
        (format!("sha={}", sha1(b"abc")), 400),
        ("sha=".to_owned(), 400),
        ("sha=qZk+NkcGgWq6PiVxeFDCbJzQ2J".to_owned(), 400),
        ("sha=AAAA".to_owned(), 400),
        (digest(b"abd"), 412),
    ] {
        let session = client.open("a", 3);
        let answer = client.digested(&session, &sent, b"abc");
        let code = match status {
            200 => {
                assert_eq!(answer.ok(200)["part"]["sha1"], sha1(b"abc"), "{sent}");
                continue;
            }
            400 => "bad_request",
            _ => "precondition_failed",
        };
        answer.refused(status, code);
        client.put(&session, 0, b"abc").ok(200);
    }
}

#[test]
fn boxs_own_uploader_sends_another_digest() {
    let client = client();
    let session = client.open("a", 3);
    let sha256 = |bytes: &[u8]| {
        let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
        format!("sha-256={}", STANDARD.encode(digest))
    };
    client
        .digested(&session, &sha256(b"abd"), b"abc")
        .refused(412, "precondition_failed");
    assert!(client.emulator.remarks().is_empty());
    let part = client.digested(&session, &sha256(b"abc"), b"abc").ok(200);
    assert_eq!(part["part"]["sha1"], sha1(b"abc"));
    let remarks = client.emulator.remarks();
    assert!(remarks.iter().any(|remark| remark.contains("SHA-256")));
    let headers = format!("Digest: {}\r\n", sha256(b"abc"));
    let body = json!({ "parts": [part["part"]] });
    client
        .commit_with(&session, &headers, &body)
        .refused(400, "bad_request");
}

#[test]
fn the_documents_leave_two_statuses_open() {
    let builder = small().part_digest_status(400).part_overlap_status(416);
    let client = Client::with(builder.start().unwrap());
    let session = client.open("a", 3);
    client
        .digested(&session, &digest(b"abd"), b"abc")
        .refused(400, "bad_digest");
    client.put(&session, 0, b"abc").ok(200);
    client
        .put(&session, 0, b"abc")
        .refused(416, "range_overlaps_existing_part");
}

#[test]
fn parts_never_change() {
    let client = client();
    let session = client.open("a", PART + 3);
    let first = client.put(&session, PART, b"abc").ok(200);
    for (bytes, sent) in [(b"abc", b"abc"), (b"abd", b"abd"), (b"abc", b"abd")] {
        let range = session.range(PART, 3);
        let headers = format!("Digest: {}\r\nContent-Range: {range}\r\n", digest(sent));
        client
            .put_raw(&session.id, &headers, bytes)
            .unwrap()
            .refused(409, "range_overlaps_existing_part");
    }
    let listed = client.page(&session, "").ok(200);
    assert_eq!(listed["entries"], json!([first["part"]]));
    assert_eq!(client.emulator.parts_stored(), 1);
}

/// Every call on a session, with what it needs to be judged by its id only.
fn calls(client: &Client, id: &str, more: &str) -> Vec<(&'static str, Answer)> {
    let target = format!("/api/2.0/files/upload_sessions/{id}");
    let headers = format!(
        "{}{more}Digest: {}\r\nContent-Range: bytes 0-2/3\r\n",
        client.auth(),
        digest(b"abc")
    );
    let call = |method: &str, tail: &str, body: &[u8]| {
        let target = format!("{target}{tail}");
        client.raw(method, &target, &headers, body).unwrap()
    };
    vec![
        ("status", call("GET", "", b"")),
        ("part", call("PUT", "", b"abc")),
        ("list", call("GET", "/parts", b"")),
        ("commit", call("POST", "/commit", b"{\"parts\":[]}")),
        ("abort", call("DELETE", "", b"")),
    ]
}

#[test]
fn sessions_that_cannot_be_used() {
    let client = client();
    let id = |name: &str| client.open(name, 3).id;
    let (expired, lost, aborted) = (id("expired"), id("lost"), id("aborted"));
    client.emulator.expire_session(&expired);
    client.emulator.lose_session(&lost);
    assert_eq!(client.session("DELETE", &aborted).status, 204);
    let unknown = "0123456789ABCDEF".repeat(2);
    let (lower, long) = (unknown.to_lowercase(), format!("{unknown}0"));
    let foreign = format!("As-User: {}\r\n", client.emulator.colleague_id());
    let open = id("open");
    for (id, more, status, code) in [
        (expired.as_str(), "", 410, "session_expired"),
        (&lost, "", 404, "not_found"),
        (&aborted, "", 404, "not_found"),
        (&unknown, "", 404, "not_found"),
        (&lower, "", 400, "invalid_upload_session_id"),
        (&long, "", 400, "invalid_upload_session_id"),
        ("1", "", 400, "invalid_upload_session_id"),
        (&open, &foreign, 403, "forbidden"),
        (&expired, &foreign, 403, "forbidden"),
    ] {
        for (call, answer) in calls(&client, id, more) {
            let body: Value = answer.json();
            assert_eq!(
                (answer.status, &body["code"]),
                (status, &json!(code)),
                "{call} of {id}"
            );
        }
    }
    assert_eq!(
        client.session("GET", &open).ok(200)["num_parts_processed"],
        0
    );
    assert!(client.emulator.tree("0").is_empty());
}
