//! A second session for the same file: refused when told, else no matter.

use box_emulator::Access;
use serde_json::json;

use crate::chunked::{PART, client, small};
use crate::client::Client;

#[test]
fn an_equivalent_session_may_be_refused() {
    let client = Client::with(small().session_conflict(true).start().unwrap());
    let file = client.file("0", "old", b"1");
    let ask = |name: &str, size: usize| {
        client.new_session(&json!({"folder_id": "0", "file_size": size, "file_name": name}))
    };
    let first = client.open("a", 2 * PART);
    let part = vec![7; PART];
    client.put(&first, 0, &part).ok(200);
    let body = ask("A", 2 * PART).refused(409, "session_conflict");
    let mut resumed = first.object.clone();
    resumed["num_parts_processed"] = json!(1);
    assert_eq!(body["context_info"]["session"], resumed);
    ask("a", 2 * PART + 1).ok(201);
    ask("b", 2 * PART).ok(201);
    let version = client.open_version(&file, &json!({}), PART);
    let body = client
        .version_session(&file, &json!({"file_size": PART}))
        .refused(409, "session_conflict");
    assert_eq!(body["context_info"]["session"]["id"], json!(version.id));
    // What is over does not count either.
    client.emulator.expire_session(&first.id);
    let second = ask("a", 2 * PART).ok(201);
    assert_ne!(second["id"], json!(first.id));
}

#[test]
fn the_sessions_of_others_are_no_conflict() {
    let client = Client::with(small().session_conflict(true).start().unwrap());
    let shared = client.emulator.foreign_folder("Shared", Access::Editor);
    let body = json!({"folder_id": shared, "file_size": PART, "file_name": "a"});
    let json = "Content-Type: application/json\r\n";
    let theirs = format!("As-User: {}\r\n", client.emulator.colleague_id());
    let ask = |more: &str| {
        let headers = format!("{}{json}{more}", client.auth());
        let target = "/api/2.0/files/upload_sessions";
        let answer = client.raw("POST", target, &headers, body.to_string().as_bytes());
        answer.unwrap()
    };
    ask("").ok(201);
    ask(&theirs).ok(201);
    ask("").refused(409, "session_conflict");
    ask(&theirs).refused(409, "session_conflict");
}

#[test]
fn equivalent_sessions_usually_stand_side_by_side() {
    let client = client();
    let (first, second) = (client.open("a", PART), client.open("a", PART));
    assert_ne!(first.id, second.id);
    assert_eq!(client.emulator.sessions().len(), 2);
}
