//! Faults: each effect once, and how they are chosen.

use std::time::{Duration, Instant};

use box_emulator::{BoxEmulator, Effect, Fault};
use serde_json::json;

use crate::client::{Client, multipart};

const LONG: Duration = Duration::from_secs(20);

#[test]
fn errors_before_and_after() {
    let client = Client::new();
    let inject = |fault| client.emulator.inject(fault);
    inject(
        Fault::on("post_files_content")
            .status(503, "unavailable")
            .header("Retry-After", "2"),
    );
    let answer = client.upload("0", "a", b"1");
    answer.refused(503, "unavailable");
    assert_eq!(answer.header("retry-after"), Some("2"));
    assert!(client.emulator.tree("0").is_empty());
    inject(Fault::on("post_files_content").status_after(500, "internal_server_error"));
    client
        .upload("0", "a", b"1")
        .refused(500, "internal_server_error");
    assert_eq!(client.emulator.tree("0").len(), 1);
    inject(Fault::any().rate_limited(None));
    let answer = client.get("/users/me");
    answer.refused(429, "rate_limit_exceeded");
    assert_eq!(answer.header("retry-after"), None);
    inject(Fault::on("post_oauth2_token").status(400, "invalid_grant"));
    assert_eq!(
        client.token("enterprise", "877840855").ok(400)["error"],
        "invalid_grant"
    );
    assert_eq!(client.emulator.faults_left(), 0);
}

#[test]
fn connections_drop() {
    let client = Client::new();
    let attributes = "{\"name\":\"a\",\"parent\":{\"id\":\"0\"}}";
    let post = |size: usize| {
        let body = multipart(attributes, &vec![0; size]);
        client.post_raw("/files/content", "", &body)
    };
    client
        .emulator
        .inject(Fault::on("post_files_content").drop_before());
    assert!(post(5_000_000).is_none());
    client
        .emulator
        .inject(Fault::on("post_files_content").mid_body_reset(100_000));
    assert!(post(5_000_000).is_none());
    assert!(client.emulator.tree("0").is_empty());
    client
        .emulator
        .inject(Fault::on("post_files_content").drop_after());
    assert!(post(10).is_none());
    assert_eq!(client.emulator.tree("0").len(), 1);
    let noted = |_: &_| {
        let requests = client.emulator.requests();
        requests
            .iter()
            .filter(|request| request.operation == "post_files_content")
            .all(|r| r.status.is_none())
    };
    assert!(client.emulator.wait_for(noted, LONG));
}

#[test]
fn answers_lie() {
    let client = Client::new();
    let lying = |effect: Effect, name: &str| {
        client
            .emulator
            .inject(Fault::on("post_files_content").effect(effect));
        client.upload("0", name, b"foo")
    };
    let sha1 = lying(Effect::WrongSha1, "a").entry(201);
    assert_eq!(
        (&sha1["sha1"], &sha1["file_version"]["sha1"]),
        (&json!("f".repeat(40)), &json!("f".repeat(40)))
    );
    assert_eq!(lying(Effect::WrongSize, "b").entry(201)["size"], 4);
    assert_eq!(lying(Effect::WrongName, "c").entry(201)["name"], "c (1)");
    let empty = lying(Effect::EmptyBody, "d");
    assert_eq!((empty.status, empty.body.len()), (201, 0));
    let half = lying(Effect::TruncatedJson, "e");
    assert!(half.whole && serde_json::from_slice::<serde_json::Value>(&half.body).is_err());
    let cut = lying(Effect::CutAnswer, "f");
    assert!(!cut.whole && cut.status == 201);
    let html = lying(Effect::Html { status: 502 }, "g");
    assert_eq!(
        (html.status, html.header("content-type")),
        (502, Some("text/html"))
    );
    let stored: Vec<String> = client
        .emulator
        .tree("0")
        .into_iter()
        .map(|entry| entry.path)
        .collect();
    assert_eq!(stored, ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn tokens_expire_for_one_request() {
    let client = Client::new();
    client
        .emulator
        .inject(Fault::on("get_users_me").expired_token());
    let answer = client.get("/users/me");
    assert_eq!(answer.status, 401);
    assert!(
        answer
            .header("www-authenticate")
            .unwrap()
            .contains("expired_token")
    );
    client.get("/users/me").ok(200);
}

#[test]
fn faults_are_chosen_by_name_and_path() {
    let client = Client::new();
    client.emulator.inject(
        Fault::on("post_files_content")
            .name("b")
            .forever()
            .status(500, "x"),
    );
    client.file("0", "a", b"1");
    client.upload("0", "b", b"1").refused(500, "x");
    client.upload("0", "b", b"1").refused(500, "x");
    client.emulator.clear_faults();
    let id = client.file("0", "b", b"1");
    client
        .emulator
        .inject(Fault::any().name("b").status(500, "y"));
    client.get("/users/me").ok(200);
    client.get(&format!("/files/{id}")).refused(500, "y");
    client
        .emulator
        .inject(Fault::any().path("/folders/").skip(1).times(1));
    client.get("/users/me").ok(200);
    client.get("/folders/0").ok(200);
    client.get("/folders/0").refused(503, "unavailable");
    client.get("/folders/0").ok(200);
}

#[test]
fn a_write_may_persist_later() {
    let client = Client::new();
    client
        .emulator
        .inject(Fault::on("post_files_content").persist_later(None));
    client.upload("0", "a", b"1").refused(503, "unavailable");
    assert_eq!(client.emulator.pending(), 1);
    assert!(client.emulator.tree("0").is_empty());
    client.emulator.persist_pending();
    assert!(
        client
            .emulator
            .wait_for(|emulator| emulator.tree("0").len() == 1, LONG)
    );
    assert_eq!(client.emulator.pending(), 0);
    let soon = Some(Duration::from_millis(20));
    client
        .emulator
        .inject(Fault::on("post_folders").persist_later(soon));
    let body = json!({"name": "F", "parent": {"id": "0"}});
    client
        .send("POST", "/folders", &body)
        .refused(503, "unavailable");
    assert!(
        client
            .emulator
            .wait_for(|emulator| emulator.tree("0").len() == 2, LONG)
    );
}

#[test]
fn folders_that_are_worked_on_refuse_changes() {
    let client = Client::new();
    let (from, to) = (client.folder("0", "from"), client.folder("0", "to"));
    let file = client.file(&from, "a", b"1");
    let beside = client.file(&to, "b", b"1");
    let fault = Fault::on("put_folders_id").persist_later(None);
    client.emulator.inject(fault);
    let path = format!("/folders/{from}");
    let body = json!({"parent": {"id": to}});
    let slow = client.send("PUT", &path, &body);
    slow.refused(503, "unavailable");
    let blocked = "operation_blocked_temporary";
    client.send("PUT", &path, &body).refused(409, blocked);
    client
        .delete(&format!("{path}?recursive=true"))
        .refused(409, blocked);
    client
        .delete(&format!("/files/{file}"))
        .refused(409, blocked);
    client.upload(&from, "c", b"1").refused(409, blocked);
    client.upload(&to, "c", b"1").refused(409, blocked);
    client
        .post(&format!("/files/{file}/content"), "", &json!({}), b"2")
        .refused(409, blocked);
    // Looking is allowed, and so is what goes on elsewhere.
    assert_eq!(client.get(&path).ok(200)["parent"]["id"], "0");
    client.file("0", "c", b"1");
    let rename = json!({"name": "b2"});
    client
        .send("PUT", &format!("/files/{beside}"), &rename)
        .ok(200);
    client.emulator.persist_pending();
    let done = |emulator: &BoxEmulator| emulator.pending() == 0;
    assert!(client.emulator.wait_for(done, LONG));
    assert_eq!(client.get(&path).ok(200)["parent"]["id"], to.as_str());
    client.upload(&from, "c", b"1").entry(201);
}

#[test]
fn answers_are_held_without_blocking_others() {
    for effect in [Effect::Hold, Effect::HoldBefore] {
        let client = Client::new();
        let before = effect == Effect::HoldBefore;
        client
            .emulator
            .inject(Fault::on("post_files_content").effect(effect));
        std::thread::scope(|scope| {
            let held = scope.spawn(|| client.upload("0", "a", b"1"));
            assert!(
                client
                    .emulator
                    .wait_for(|emulator| emulator.held() == 1, LONG)
            );
            client.get("/users/me").ok(200);
            assert_eq!(client.emulator.tree("0").is_empty(), before);
            client.emulator.release_holds();
            held.join().unwrap().entry(201);
        });
        assert_eq!(client.emulator.held(), 0);
    }
}

#[test]
fn a_held_client_that_leaves_is_forgotten() {
    use std::io::Write;
    let client = Client::new();
    client.emulator.inject(Fault::on("get_users_me").hold());
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", client.emulator.port())).unwrap();
    let request = format!(
        "GET /2.0/users/me HTTP/1.1\r\nHost: x\r\n{}\r\n",
        client.auth()
    );
    stream.write_all(request.as_bytes()).unwrap();
    assert!(
        client
            .emulator
            .wait_for(|emulator| emulator.held() == 1, LONG)
    );
    drop(stream);
    assert!(
        client
            .emulator
            .wait_for(|emulator| emulator.held() == 0, LONG)
    );
}

#[test]
fn delays_delay_one_only() {
    let client = Client::new();
    let delay = Duration::from_millis(300);
    client
        .emulator
        .inject(Fault::on("get_users_me").delay(delay));
    let start = Instant::now();
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| client.get("/users/me"));
        assert!(
            client
                .emulator
                .wait_for(|emulator| emulator.faults_left() == 0, LONG)
        );
        client.get("/users/me").ok(200);
        let quick = start.elapsed();
        slow.join().unwrap().ok(200);
        assert!(start.elapsed() >= delay && quick < start.elapsed());
    });
}
