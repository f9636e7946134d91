//! Faults in the middle of a chunked upload, operation by operation.

use std::time::Duration;

use box_emulator::{Effect, Fault};
use serde_json::{Value, json};

use crate::chunked::{Opened, PART, client, content, digest, sha1};
use crate::client::{Answer, Client};

const LONG: Duration = Duration::from_secs(20);
const CREATE: &str = "post_files_upload_sessions";
const PUT: &str = "put_files_upload_sessions_id";
const COMMIT: &str = "post_files_upload_sessions_id_commit";
const ABORT: &str = "delete_files_upload_sessions_id";

/// An upload of one part, step by step; each may end without an answer.
struct Upload {
    client: Client,
    bytes: Vec<u8>,
    session: Option<Opened>,
}

impl Upload {
    /// An upload that has come as far as to this operation.
    fn before(operation: &str) -> Upload {
        let mut upload = Upload {
            client: client(),
            bytes: content(PART),
            session: None,
        };
        if operation != CREATE {
            upload.session = Some(upload.client.open("a", PART));
        }
        if matches!(operation, COMMIT | ABORT) {
            upload.step(PUT).unwrap().ok(200);
        }
        upload
    }

    fn step(&self, operation: &str) -> Option<Answer> {
        let client = &self.client;
        let id = self.session.as_ref().map(|session| session.id.as_str());
        let path = format!("/api/2.0/files/upload_sessions/{}", id.unwrap_or_default());
        let auth = client.auth();
        let digest = format!("Digest: {}\r\n", digest(&self.bytes));
        match operation {
            CREATE => {
                let body = json!({"folder_id": "0", "file_size": PART, "file_name": "a"});
                let path = path.trim_end_matches('/');
                client.raw("POST", path, &auth, body.to_string().as_bytes())
            }
            PUT => {
                let headers = format!("{digest}Content-Range: bytes 0-999/1000\r\n");
                client.put_raw(id.unwrap(), &headers, &self.bytes)
            }
            COMMIT => {
                let body = self.parts().to_string();
                let path = format!("{path}/commit");
                client.raw("POST", &path, &format!("{auth}{digest}"), body.as_bytes())
            }
            _ => client.raw("DELETE", &path, &auth, b""),
        }
    }

    /// The commit's body, from what Box has.
    fn parts(&self) -> Value {
        let open = self.client.emulator.sessions();
        let parts = open.iter().flat_map(|session| &session.parts);
        let parts = parts
            .map(|part| json!({"part_id": part.part_id, "offset": part.offset, "size": part.size}));
        json!({ "parts": parts.collect::<Vec<_>>() })
    }

    /// Open sessions, parts that are in, files.
    fn traces(&self) -> (usize, usize, usize) {
        let emulator = &self.client.emulator;
        let open = emulator.sessions();
        let parts = open.iter().map(|session| session.parts.len()).sum();
        (open.len(), parts, emulator.tree("0").len())
    }
}

/// Each operation, and its traces when it was not and when it was processed.
type Traces = (usize, usize, usize);
const STEPS: [(&str, Traces, Traces); 4] = [
    (CREATE, (0, 0, 0), (1, 0, 0)),
    (PUT, (1, 0, 0), (1, 1, 0)),
    (COMMIT, (1, 1, 0), (0, 0, 1)),
    (ABORT, (1, 1, 0), (0, 0, 0)),
];

#[test]
fn what_is_refused_leaves_no_trace() {
    for (operation, before, after) in STEPS {
        let upload = Upload::before(operation);
        for fault in [
            Fault::on(operation).status(500, "internal_server_error"),
            Fault::on(operation).rate_limited(Some("1")),
            Fault::on(operation).effect(Effect::Html { status: 502 }),
            Fault::on(operation).expired_token(),
            Fault::on(operation).name("a").status(409, "conflict"),
            Fault::on(operation).drop_before(),
        ] {
            upload.client.emulator.inject(fault);
            let answer = upload.step(operation);
            assert!(answer.is_none_or(|answer| answer.status >= 400));
            assert_eq!(upload.client.emulator.faults_left(), 0, "{operation}");
            assert_eq!(upload.traces(), before, "{operation}");
        }
        assert!(upload.step(operation).unwrap().status < 300);
        assert_eq!(upload.traces(), after, "{operation}");
    }
}

#[test]
fn an_answer_may_be_lost_or_late() {
    for (operation, before, after) in STEPS {
        let upload = Upload::before(operation);
        let emulator = &upload.client.emulator;
        emulator.inject(Fault::on(operation).drop_after());
        assert!(upload.step(operation).is_none());
        assert_eq!(upload.traces(), after, "{operation}");

        let upload = Upload::before(operation);
        let emulator = &upload.client.emulator;
        emulator.inject(Fault::on(operation).status_after(500, "internal_server_error"));
        let answer = upload.step(operation).unwrap();
        answer.refused(500, "internal_server_error");
        assert_eq!(upload.traces(), after, "{operation}");

        let upload = Upload::before(operation);
        let emulator = &upload.client.emulator;
        emulator.inject(Fault::on(operation).persist_later(None));
        let answer = upload.step(operation).unwrap();
        answer.refused(503, "unavailable");
        assert_eq!((emulator.pending(), upload.traces()), (1, before));
        emulator.persist_pending();
        assert!(emulator.wait_for(|emulator| emulator.pending() == 0, LONG));
        assert_eq!(upload.traces(), after, "{operation}");
    }
}

#[test]
fn a_lost_part_is_found_in_the_list() {
    let upload = Upload::before(PUT);
    let emulator = &upload.client.emulator;
    emulator.inject(Fault::on(PUT).persist_later(None));
    upload.step(PUT).unwrap().refused(503, "unavailable");
    // The repeat wins, and what was late is refused where nobody sees it.
    let part = upload.step(PUT).unwrap().ok(200)["part"].clone();
    emulator.persist_pending();
    assert!(emulator.wait_for(|emulator| emulator.pending() == 0, LONG));
    upload
        .step(PUT)
        .unwrap()
        .refused(409, "range_overlaps_existing_part");
    let id = &upload.session.as_ref().unwrap().id;
    let path = format!("{id}/parts?offset=0&limit=1");
    let list = upload.client.session("GET", &path).ok(200);
    assert_eq!(list["entries"], json!([part]));
    assert_eq!(emulator.parts_stored(), 1);
}

#[test]
fn answers_are_held() {
    for (operation, before, after) in STEPS {
        for (effect, traces) in [(Effect::Hold, after), (Effect::HoldBefore, before)] {
            let upload = Upload::before(operation);
            let emulator = &upload.client.emulator;
            emulator.inject(Fault::on(operation).effect(effect));
            std::thread::scope(|scope| {
                let held = scope.spawn(|| upload.step(operation));
                assert!(emulator.wait_for(|emulator| emulator.held() == 1, LONG));
                assert_eq!(upload.traces(), traces, "{operation}");
                emulator.release_holds();
                assert!(held.join().unwrap().unwrap().status < 300);
            });
            assert_eq!(upload.traces(), after, "{operation}");
        }
    }
}

#[test]
fn answers_lie_about_parts_and_files() {
    let wrong = json!("f".repeat(40));
    let right = json!(sha1(&content(PART)));
    for (effect, sha1, size) in [
        (Effect::WrongSha1, &wrong, PART),
        (Effect::WrongSize, &right, PART + 1),
    ] {
        let upload = Upload::before(PUT);
        let emulator = &upload.client.emulator;
        for operation in [PUT, COMMIT] {
            emulator.inject(Fault::on(operation).effect(effect.clone()));
        }
        let answer = upload.step(PUT).unwrap().ok(200);
        let part = &answer["part"];
        assert_eq!((&part["sha1"], &part["size"]), (sha1, &json!(size)));
        let id = part["part_id"].as_str().unwrap();
        let stored = &emulator.sessions()[0].parts[0];
        assert_eq!((stored.part_id.as_str(), stored.size), (id, PART as u64));
        let file = upload.step(COMMIT).unwrap().entry(201);
        assert_eq!((&file["sha1"], &file["size"]), (sha1, &json!(size)));
        let id = file["id"].as_str().unwrap();
        assert_eq!(emulator.content(id).unwrap(), upload.bytes);
    }
}

#[test]
fn a_part_breaks_off_in_the_middle() {
    let upload = Upload::before(PUT);
    let emulator = &upload.client.emulator;
    emulator.inject(Fault::on(PUT).mid_body_reset(10));
    assert!(upload.step(PUT).is_none());
    assert_eq!(emulator.parts_stored(), 0);
    emulator.inject(Fault::on(PUT).effect(Effect::EmptyBody));
    let answer = upload.step(PUT).unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(emulator.parts_stored(), 1);
    let received = emulator.bytes_received(PUT);
    let part = PART as u64;
    assert!((part + 10..=2 * part).contains(&received), "{received}");
}

#[test]
fn faults_know_the_session_by_its_files_name() {
    let client = client();
    let (first, second) = (client.open("a", 3), client.open("b", 3));
    let fault = Fault::on(PUT).name("b").status(410, "upload_failed");
    client.emulator.inject(fault);
    client.put(&first, 0, b"abc").ok(200);
    client.put(&second, 0, b"abc").refused(410, "upload_failed");
    client.put(&second, 0, b"abc").ok(200);
}
