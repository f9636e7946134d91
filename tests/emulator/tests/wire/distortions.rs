//! Answers of which no client may think that they cannot happen.

use box_emulator::Fault;
use serde_json::{Value, json};

use crate::chunked::client;
use crate::client::{Answer, Client};

const CREATE: &str = "post_files_upload_sessions";

fn open(client: &Client, fault: Fault) -> Answer {
    client.emulator.inject(fault);
    let body = json!({"folder_id": "0", "file_size": 2500, "file_name": "a"});
    client.upload_json("POST", "/upload_sessions", &body)
}

#[test]
fn fields_say_something_else() {
    let client = client();
    for odd in [
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1_000_000),
        json!("8388608"),
        Value::Null,
    ] {
        let fault = Fault::on(CREATE).wrong_field("/part_size", odd.clone());
        let answer = open(&client, fault).ok(201);
        assert_eq!(answer["part_size"], odd);
        assert_eq!(answer["total_parts"], 3);
    }
    let fault = Fault::on(CREATE).wrong_field("/session_endpoints/commit", "file:///etc");
    assert_eq!(
        open(&client, fault).ok(201)["session_endpoints"]["commit"],
        "file:///etc"
    );
    let fault = Fault::on(CREATE).without_field("/session_endpoints");
    assert!(
        open(&client, fault)
            .ok(201)
            .get("session_endpoints")
            .is_none()
    );
    let fault = Fault::on(CREATE).wrong_field("/no/such/place", 1);
    assert_eq!(open(&client, fault).ok(201)["part_size"], 1000);
    let fault = Fault::on("post_files_content").wrong_field("/entries/0", Value::Null);
    client.emulator.inject(fault);
    assert_eq!(
        client.upload("0", "b", b"1").ok(201)["entries"],
        json!([null])
    );
    assert_eq!(client.emulator.sessions().len(), 9);
}

#[test]
fn urls_lead_elsewhere() {
    let client = client();
    for origin in [
        "https://elsewhere.test",
        "http://10.0.0.1:81",
        "https://box.com.elsewhere.test",
    ] {
        let answer = open(&client, Fault::on(CREATE).other_origin(origin)).ok(201);
        let id = answer["id"].as_str().unwrap();
        for (name, url) in answer["session_endpoints"].as_object().unwrap() {
            let start = format!("{origin}/api/2.0/files/upload_sessions/{id}");
            assert!(url.as_str().unwrap().starts_with(&start), "{name}: {url}");
        }
    }
    client
        .emulator
        .inject(Fault::on("options_files_content").other_origin("https://elsewhere.test"));
    let body = json!({"name": "a", "parent": {"id": "0"}, "size": 1});
    let answer = client.send("OPTIONS", "/files/content", &body).ok(200);
    let url = answer["upload_url"].as_str().unwrap();
    assert!(url.starts_with("https://elsewhere.test/api/2.0/files/content?upload_session_id="));
}

#[test]
fn redirects_do_nothing_else() {
    let client = client();
    for status in [301, 302, 303, 307, 308] {
        let to = "https://elsewhere.test/?a=b";
        let answer = open(&client, Fault::on(CREATE).redirect(status, to));
        assert_eq!((answer.status, answer.body.len()), (status, 0));
        assert_eq!(answer.header("location"), Some(to));
        assert_eq!(answer.header("content-type"), None);
    }
    assert!(client.emulator.sessions().is_empty());
}

#[test]
fn answers_are_huge() {
    let client = client();
    let usual = open(&client, Fault::on(CREATE).skip(1)).body.len();
    client.emulator.clear_faults();
    let huge = open(&client, Fault::on(CREATE).bloated(3_000_000));
    assert!(huge.whole && huge.body.len() > 3_000_000 + usual);
    let body = huge.ok(201);
    assert_eq!(body["useless"].as_str().unwrap().len(), 3_000_000);
    assert_eq!(body["part_size"], 1000);
    let many = open(&client, Fault::on(CREATE).many_headers(10_000));
    assert_eq!(many.ok(201)["part_size"], 1000);
    let useless = many.head.matches("\r\nX-Useless-").count();
    assert_eq!(useless, 10_000);
}
