//! The handle: the tree, other people's hands, the log, starting and stopping.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use box_emulator::{BoxEmulator, Kind};
use serde_json::{Value, json};

use crate::client::Client;

#[test]
fn folders_are_made_along_the_path() {
    let emulator = BoxEmulator::start();
    let b = emulator.folder("/A/B");
    assert_eq!(emulator.folder("A/B/"), b);
    assert_eq!(emulator.folder("/"), "0");
    let paths: Vec<String> = emulator
        .tree("0")
        .into_iter()
        .map(|entry| entry.path)
        .collect();
    assert_eq!(paths, ["A", "A/B"]);
    assert!(emulator.tree(&b).is_empty());
}

#[test]
fn other_hands_leave_their_name() {
    let emulator = BoxEmulator::start();
    let folder = emulator.folder("/A");
    let id = emulator.put_file(&folder, "x/y.txt", b"one");
    assert_eq!(emulator.put_file(&folder, "x/y.txt", b"two!"), id);
    let entry = emulator.entry(&folder, "x/y.txt").unwrap();
    assert_eq!((entry.kind, entry.size, entry.versions), (Kind::File, 4, 2));
    assert_eq!(entry.etag.as_deref(), Some("1"));
    assert!(emulator.entry(&folder, "X/y.txt").is_none());
    let versions = emulator.versions(&id);
    assert_eq!(versions[1].created_by, "colleague@example.com");
    assert_eq!(emulator.content(&id).unwrap(), b"two!");

    let link = emulator.put_web_link(&folder, "link");
    emulator.rename(&link, "link2");
    emulator.move_to(&id, &folder);
    let paths: Vec<String> = emulator
        .tree(&folder)
        .into_iter()
        .map(|entry| entry.path)
        .collect();
    assert_eq!(paths, ["link2", "x", "y.txt"]);
    emulator.trash(&id);
    assert!(emulator.is_trashed(&id) && emulator.entry(&folder, "y.txt").is_none());
    emulator.untrash(&id);
    assert!(emulator.entry(&folder, "y.txt").is_some());
}

#[test]
fn locks_tell_who_holds_them_and_how_long() {
    let client = Client::new();
    let id = client.file("0", "a", b"1");
    let lock = || client.get(&format!("/files/{id}?fields=lock")).ok(200)["lock"].clone();
    client.emulator.lock(&id);
    let held = lock();
    assert_eq!(
        (&held["type"], &held["expired_at"]),
        (&json!("lock"), &Value::Null)
    );
    assert!(held["id"].is_string() && held["created_at"].is_string());
    let by = json!({
        "type": "user", "id": "17738362002", "name": "Colleague",
        "login": "colleague@example.com",
    });
    assert_eq!(held["created_by"], by);
    client.emulator.lock_for(&id, Duration::from_secs(3600));
    assert!(lock()["expired_at"].is_string());
    let rename = || client.send("PUT", &format!("/files/{id}"), &json!({"name": "b"}));
    rename().refused(403, "access_denied_item_locked");
    client.emulator.set_clock_skew(3601);
    rename().ok(200);
    assert!(lock()["expired_at"].is_string());
}

#[test]
fn the_status_of_versions_changes_while_it_runs() {
    let client = Client::new();
    let id = client.file("0", "a", b"1");
    let path = format!("/files/{id}/content");
    let version = || client.post(&path, "", &json!({}), b"2").status;
    assert_eq!(version(), 200);
    client.emulator.set_version_upload_status(201);
    assert_eq!(version(), 201);
}

#[test]
#[should_panic(expected = "the name 'B' is taken there")]
fn other_hands_keep_names_unique() {
    let emulator = BoxEmulator::start();
    let a = emulator.put_file("0", "a", b"");
    emulator.put_file("0", "b", b"");
    emulator.rename(&a, "B");
}

#[test]
fn the_log_tells_what_was_asked() {
    let client = Client::new();
    client.emulator.clear_requests();
    client.upload("0", "a", b"123").entry(201);
    client.get("/users/me?fields=id").ok(200);
    let log = client.emulator.requests();
    assert_eq!(log.len(), 2);
    let upload = &log[0];
    assert_eq!(upload.operation, "post_files_content");
    assert_eq!((upload.status, upload.content_bytes), (Some(201), 3));
    assert_eq!(upload.name.as_deref(), Some("a"));
    assert_eq!(upload.content_length, Some(upload.body_bytes));
    assert_eq!(
        (log[1].path.as_str(), log[1].query.as_str()),
        ("/2.0/users/me", "fields=id")
    );
    assert_eq!(log[0].authorization, log[1].authorization);
    assert_eq!(log[0].authorization.as_ref().unwrap().len(), 8);
    assert!(log[0].at <= log[1].at && log[0].seq < log[1].seq);

    client.emulator.set_request_log(false);
    client.get("/users/me").ok(200);
    client.get("/files/1").refused(404, "not_found");
    assert_eq!(client.emulator.requests().len(), 2);
    assert_eq!(client.emulator.count("get_users_me"), 2);
    assert_eq!(client.emulator.count_status("get_files_id", 404), 1);
    assert_eq!(client.emulator.total_requests(), 4);
}

#[test]
fn the_configuration_is_complete() {
    let builder = BoxEmulator::builder()
        .client_id("a\"b")
        .client_secret("s")
        .enterprise_id("7");
    let emulator = builder.start().unwrap();
    let base = emulator.base_url();
    assert_eq!(base, format!("http://127.0.0.1:{}", emulator.port()));
    assert_eq!(
        emulator.config_fragment(),
        format!(
            "[auth]\nmethod = \"ccg\"\nclient_id = \"a\\\"b\"\nclient_secret = \"s\"\n\
             enterprise_id = \"7\"\n\n[endpoints]\napi = \"{base}/2.0\"\n\
             upload = \"{base}/api/2.0\"\ntoken = \"{base}/oauth2/token\"\n\
             authorize = \"{base}/api/oauth2/authorize\"\nrevoke = \"{base}/oauth2/revoke\"\n"
        )
    );
}

#[test]
fn dropping_stops_the_server() {
    let emulator = BoxEmulator::start();
    let port = emulator.port();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
    drop(emulator);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    let again = BoxEmulator::builder().port(port).start().unwrap();
    assert_eq!(again.port(), port);
}

#[test]
fn waiting_ends() {
    let client = Client::new();
    let start = Instant::now();
    let limit = Duration::from_millis(50);
    assert!(!client.emulator.wait_for(|_| false, limit));
    assert!(start.elapsed() >= limit);
    std::thread::scope(|scope| {
        scope.spawn(|| client.file("0", "a", b"1"));
        let there = |emulator: &BoxEmulator| emulator.entry("0", "a").is_some();
        assert!(client.emulator.wait_for(there, Duration::from_secs(20)));
    });
}

#[tokio::test]
async fn the_handle_works_inside_a_runtime() {
    let client = Client::new();
    client.file("0", "a", b"1");
    assert_eq!(client.emulator.tree("0").len(), 1);
}
