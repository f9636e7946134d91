//! What the emulator does not know, it says.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use serde_json::json;

use crate::client::Client;

#[test]
fn unknown_operations_are_loud() {
    let client = Client::new();
    let body = client
        .get("/events")
        .refused(501, "emulator_unknown_operation");
    assert!(
        body["message"]
            .as_str()
            .unwrap()
            .contains("GET /2.0/events")
    );
    client
        .send("POST", "/collaborations", &json!({}))
        .refused(501, "emulator_unknown_operation");
    client
        .raw("BREW", "/coffee", "", b"")
        .unwrap()
        .refused(501, "emulator_unknown_operation");
    let unknown = [
        "GET /2.0/events",
        "POST /2.0/collaborations",
        "BREW /coffee",
    ];
    assert_eq!(client.emulator.unknown_calls(), unknown);
    assert_eq!(client.emulator.count("unknown"), 3);
}

#[test]
fn each_host_keeps_to_its_operations() {
    let client = Client::new();
    let send =
        |method: &str, target: &str| client.raw(method, target, &client.auth(), b"").unwrap();
    for (method, target) in [
        ("POST", "/2.0/files/content"),
        ("POST", "/2.0/files/1/content"),
        ("POST", "/2.0/files/upload_sessions"),
        ("OPTIONS", "/api/2.0/files/content"),
        ("GET", "/api/2.0/folders/0"),
        ("POST", "/2.0/token"),
    ] {
        let body = send(method, target).refused(404, "not_found");
        assert!(
            body["message"].as_str().unwrap().contains("another host"),
            "{target}"
        );
    }
    assert_eq!(client.emulator.unknown_calls().len(), 6);
}

#[test]
fn unknown_sessions_are_told_from_malformed_ones() {
    let client = Client::new();
    let send = |method: &str, path: &str| {
        client
            .raw(
                method,
                &format!("/api/2.0/files{path}"),
                &client.auth(),
                b"",
            )
            .unwrap()
    };
    let lower = format!("/upload_sessions/{}", "a0".repeat(16));
    send("GET", &lower).refused(400, "invalid_upload_session_id");
    send("GET", "/upload_sessions/x").refused(400, "invalid_upload_session_id");
    let session = format!("/upload_sessions/{}", "A0".repeat(16));
    send("GET", &session).refused(404, "not_found");
    send("DELETE", &session).refused(404, "not_found");
    send("POST", &format!("{session}/commit")).refused(404, "not_found");
}

#[test]
fn every_answer_has_the_usual_headers() {
    let client = Client::new();
    for answer in [
        client.get("/users/me"),
        client.get("/nonsense"),
        client.get("/files/1"),
    ] {
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let date = answer.header("date").unwrap();
        assert!(date.ends_with(" GMT") && date.len() == 29, "{date}");
        assert!(answer.header("box-request-id").unwrap().len() > 10);
        assert!(answer.head.contains("\r\nContent-Length: "));
    }
    client.emulator.set_clock_skew(-10 * 365 * 86_400);
    let answer = client.get("/users/me");
    assert!(
        !answer.header("date").unwrap().contains("202 "),
        "{}",
        answer.head
    );
}

#[test]
fn undocumented_parameters_are_remarked() {
    let client = Client::new();
    client.get("/users/me?colour=red").ok(200);
    assert_eq!(
        client.emulator.remarks(),
        ["get_users_me: undocumented query parameter 'colour'"]
    );
    client
        .get("/users/me?fields=%g")
        .refused(400, "bad_request");
}

#[test]
fn garbage_does_no_harm() {
    let client = Client::new();
    let port = client.emulator.port();
    for garbage in [
        &b"\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/9.9\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(garbage).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    }
    client.get("/users/me").ok(200);
}
