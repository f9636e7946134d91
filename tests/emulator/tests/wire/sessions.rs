//! Chunked uploads from end to end.

use box_emulator::StoredPart;
use serde_json::json;

use crate::chunked::{PART, client, content, sha1};

#[test]
fn a_file_arrives_in_parts() {
    let client = client();
    let bytes = content(2 * PART + 1);
    let session = client.open("big.bin", bytes.len());
    let object = &session.object;
    assert!(session.id.len() == 32 && session.id == session.id.to_uppercase());
    assert_eq!(object["type"], "upload_session");
    assert_eq!(
        (&object["part_size"], &object["total_parts"]),
        (&json!(PART), &json!(3))
    );
    assert_eq!(object["num_parts_processed"], 0);
    let url = format!(
        "{}/api/2.0/files/upload_sessions/{}",
        client.emulator.base_url(),
        session.id
    );
    assert_eq!(
        object["session_endpoints"],
        json!({
            "upload_part": url, "abort": url, "status": url, "commit": format!("{url}/commit"),
            "list_parts": format!("{url}/parts"), "log_event": format!("{url}/log"),
        })
    );

    let last = client.put(&session, 2 * PART, &bytes[2 * PART..]).ok(200);
    assert_eq!(
        (&last["part"]["offset"], &last["part"]["size"]),
        (&json!(2 * PART), &json!(1))
    );
    assert_eq!(last["part"]["sha1"], sha1(&bytes[2 * PART..]));
    let id = last["part"]["part_id"].as_str().unwrap();
    assert!(id.len() == 8 && id == id.to_uppercase());
    client.put(&session, 0, &bytes[..PART]).ok(200);
    client.put(&session, PART, &bytes[PART..2 * PART]).ok(200);
    let status = client.session("GET", &session.id).ok(200);
    assert_eq!(status["num_parts_processed"], 3);

    let parts = client.session("GET", &format!("{}/parts", session.id));
    let parts = parts.ok(200)["entries"].clone();
    let body = json!({"parts": parts, "attributes": {
        "content_modified_at": "2024-05-01T10:00:00Z",
        "content_created_at": "2023-05-01T10:00:00Z", "description": "d",
    }});
    let file = client.commit(&session, &bytes, &body).entry(201);
    assert_eq!(
        (&file["type"], &file["etag"]),
        (&json!("file"), &json!("0"))
    );
    assert_eq!(
        (&file["sha1"], &file["size"]),
        (&json!(sha1(&bytes)), &json!(bytes.len()))
    );
    assert_eq!(file["content_modified_at"], "2024-05-01T03:00:00-07:00");
    assert_eq!(file["content_created_at"], "2023-05-01T03:00:00-07:00");
    assert_eq!(file["description"], "d");
    let id = file["id"].as_str().unwrap();
    assert_eq!(client.emulator.content(id).unwrap(), bytes);
    client.session("GET", &session.id).refused(404, "not_found");
    assert_eq!(client.session("DELETE", &session.id).status, 204);
    assert!(client.emulator.remarks().is_empty());
}

#[test]
fn a_version_may_be_renamed_and_moved() {
    let client = client();
    let folder = client.folder("0", "Archive");
    let file = client.file("0", "a.bin", b"1");
    let bytes = content(PART + 5);
    let more = json!({"file_name": "b.bin", "folder_id": folder});
    let session = client.open_version(&file, &more, bytes.len());
    let parts = client.put_all(&session, &bytes);
    let entry = client
        .commit(&session, &bytes, &json!({ "parts": parts }))
        .entry(201);
    assert_eq!(
        (&entry["id"], &entry["name"]),
        (&json!(file), &json!("b.bin"))
    );
    assert_eq!(entry["parent"]["id"], json!(folder));
    let versions = client.emulator.versions(&file);
    let names: Vec<&str> = versions.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["a.bin", "b.bin"]);
    assert!(client.emulator.entry(&folder, "b.bin").is_some());
    assert!(client.emulator.entry("0", "a.bin").is_none());
}

#[test]
fn the_handle_shows_what_is_open() {
    let client = client();
    let file = client.file("0", "old", b"1");
    let first = client.open("new", PART + 1);
    let second = client.open_version(&file, &json!({}), 3);
    client.put(&first, PART, b"x").ok(200);
    client.session("GET", &first.id).ok(200);
    let open = client.emulator.sessions();
    let ids: Vec<&str> = open.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, [&first.id, &second.id]);
    assert_eq!(
        (open[0].folder.as_deref(), open[0].name.as_deref()),
        (Some("0"), Some("new"))
    );
    assert_eq!(open[1].file.as_deref(), Some(file.as_str()));
    assert_eq!((open[0].size, open[0].total_parts), (PART as u64 + 1, 2));
    assert_eq!((open[0].status_requests, open[0].commits), (1, 0));
    let part = StoredPart {
        part_id: open[0].parts[0].part_id.clone(),
        offset: PART as u64,
        size: 1,
        sha1: sha1(b"x"),
    };
    assert_eq!(open[0].parts, [part]);
    assert_eq!(
        (
            client.emulator.parts_stored(),
            client.emulator.part_bytes_stored()
        ),
        (1, 1)
    );
    client.emulator.expire_session(&first.id);
    client
        .session("GET", &first.id)
        .refused(410, "session_expired");
    client.emulator.lose_session(&second.id);
    client.session("GET", &second.id).refused(404, "not_found");
    assert!(client.emulator.sessions().is_empty());
}
