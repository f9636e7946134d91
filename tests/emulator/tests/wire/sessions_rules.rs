//! Sessions in time: slow commits, the end of a session, rate limits.

use std::time::Duration;

use box_emulator::Slow;
use serde_json::{Value, json};

use crate::chunked::{Opened, PART, client, content, small};
use crate::client::{Answer, Client};

const DAY: i64 = 86_400;
const HOUR: i64 = 3600;

/// A session with all of its parts in, and the body of its commit.
fn ready(client: &Client, name: &str) -> (Opened, Value) {
    let session = client.open(name, PART + 1);
    let parts = client.put_all(&session, &content(PART + 1));
    (session, json!({ "parts": parts }))
}

fn commit(client: &Client, (session, body): &(Opened, Value)) -> Answer {
    client.commit(session, &content(PART + 1), body)
}

#[track_caller]
fn put_off(answer: &Answer, retry_after: Option<&str>) {
    assert_eq!((answer.status, answer.body.len()), (202, 0));
    assert_eq!(answer.header("retry-after"), retry_after);
}

#[test]
fn a_commit_is_put_off_so_many_times() {
    let client = Client::with(small().slow_commit(Slow::Times(2)).start().unwrap());
    let (first, second) = (ready(&client, "a"), ready(&client, "b"));
    // Each session on its own.
    for session in [&first, &second] {
        put_off(&commit(&client, session), Some("1"));
        put_off(&commit(&client, session), Some("1"));
    }
    assert!(client.emulator.tree("0").is_empty());
    assert_eq!(client.emulator.sessions()[0].commits, 2);
    for session in [&first, &second] {
        commit(&client, session).entry(201);
        commit(&client, session).refused(404, "not_found");
    }
    assert!(client.emulator.remarks().is_empty());
}

#[test]
fn retry_after_is_what_the_test_says() {
    for text in [None, Some("0.5"), Some("Wed, 21 Oct 2015 07:28:00 GMT")] {
        let builder = small().slow_commit(Slow::Forever);
        let builder = builder.commit_retry_after(text.map(str::to_owned));
        let client = Client::with(builder.start().unwrap());
        put_off(&commit(&client, &ready(&client, "a")), text);
    }
}

#[test]
fn a_commit_is_put_off_for_a_time_after_the_last_part() {
    let hour = Duration::from_hours(1);
    let client = Client::with(small().slow_commit(Slow::For(hour)).start().unwrap());
    let session = client.open("a", PART + 1);
    let bytes = content(PART + 1);
    let first = client.put(&session, 0, &bytes[..PART]).ok(200);
    client.emulator.set_clock_skew(2 * HOUR);
    let last = client.put(&session, PART, &bytes[PART..]).ok(200);
    let session = (session, json!({"parts": [first["part"], last["part"]]}));
    put_off(&commit(&client, &session), Some("1"));
    client.emulator.set_clock_skew(2 * HOUR + HOUR / 2);
    put_off(&commit(&client, &session), Some("1"));
    let processed = || client.session("GET", &session.0.id).ok(200)["num_parts_processed"].clone();
    assert_eq!(processed(), 1);
    client.emulator.set_clock_skew(3 * HOUR);
    assert_eq!(processed(), 2);
    commit(&client, &session).entry(201);
}

#[test]
fn a_commit_may_never_be_done() {
    let client = client();
    client.emulator.set_slow_commit(Slow::Forever);
    let session = ready(&client, "a");
    for _ in 0..5 {
        put_off(&commit(&client, &session), Some("1"));
    }
    client.emulator.set_slow_commit(Slow::Never);
    commit(&client, &session).entry(201);
}

#[test]
fn parts_may_be_slow_before_the_commit_is() {
    let builder = small().slow_parts(Slow::Times(2));
    let client = Client::with(builder.slow_commit(Slow::Times(1)).start().unwrap());
    let session = ready(&client, "a");
    for _ in 0..2 {
        let body = commit(&client, &session).refused(400, "parts_mismatch");
        let last = &session.1["parts"][1];
        let text = format!("No matching part found on server for {last}");
        assert_eq!(body["message"], text);
    }
    put_off(&commit(&client, &session), Some("1"));
    commit(&client, &session).entry(201);
}

#[test]
fn the_repeat_of_a_commit_is_the_same_commit() {
    let client = Client::with(small().slow_commit(Slow::Times(1)).start().unwrap());
    let mut session = ready(&client, "a");
    // What is wrong is told before anything is put off, except for the digest.
    client
        .commit(&session.0, &content(PART + 1), &json!({"parts": []}))
        .refused(400, "parts_mismatch");
    put_off(&client.commit(&session.0, b"other", &session.1), Some("1"));
    client
        .commit(&session.0, b"other", &session.1)
        .refused(400, "digest_mismatch");
    assert!(client.emulator.remarks().is_empty());
    session.1["attributes"] = json!({"description": "d"});
    commit(&client, &session).entry(201);
    let remark = "post_files_upload_sessions_id_commit: a commit repeated after 202 is not the same as before";
    assert_eq!(client.emulator.remarks(), [remark]);
}

#[test]
fn sessions_live_for_seven_days() {
    let client = client();
    let session = client.open("a", 3);
    let ends = session.object["session_expires_at"].as_str().unwrap();
    assert_eq!(client.emulator.sessions()[0].expires_at, ends);
    assert!(ends.ends_with('Z') && ends.len() == 20, "{ends}");
    client.emulator.set_clock_skew(7 * DAY - HOUR);
    let status = client.session("GET", &session.id).ok(200);
    assert_eq!(status["session_expires_at"], ends);
    client.put(&session, 0, b"abc").ok(200);
    // A part does not prolong it.
    client.emulator.set_clock_skew(7 * DAY);
    client
        .session("GET", &session.id)
        .refused(410, "session_expired");
    assert!(client.emulator.sessions().is_empty());
}

#[test]
fn their_life_is_a_choice() {
    let hour = Duration::from_hours(1);
    let client = Client::with(small().session_lifetime(hour).start().unwrap());
    let session = client.open("a", 3);
    client.emulator.set_clock_skew(HOUR / 2);
    client.put(&session, 0, b"abc").ok(200);
    client.emulator.set_clock_skew(HOUR);
    client
        .put(&session, 0, b"abc")
        .refused(410, "session_expired");
}

#[test]
fn a_session_is_aborted_once() {
    let client = client();
    client.emulator.set_slow_commit(Slow::Forever);
    let session = ready(&client, "a");
    put_off(&commit(&client, &session), Some("1"));
    let id = &session.0.id;
    let answer = client.session("DELETE", id);
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    client.session("DELETE", id).refused(404, "not_found");
    commit(&client, &session).refused(404, "not_found");
    assert!(client.emulator.sessions().is_empty());
    assert!(client.emulator.tree("0").is_empty());
}

#[test]
fn the_log_takes_everything() {
    let client = client();
    let session = client.open("a", 3);
    let unknown = "A0".repeat(16);
    for id in [session.id.as_str(), &unknown, "x"] {
        let path = format!("/upload_sessions/{id}/log");
        let body = json!({"event_type": "retry", "event_info": "x"});
        let answer = client.upload_json("POST", &path, &body);
        assert_eq!((answer.status, answer.body.len()), (204, 0), "{id}");
    }
    assert_eq!(
        client.emulator.count("post_files_upload_sessions_id_log"),
        3
    );
    assert!(client.emulator.remarks().is_empty());
}

#[test]
fn commits_are_uploads_and_parts_are_not() {
    let client = client();
    client.emulator.set_rate_limits(Some(2), None);
    let session = client.open("a", 2 * PART);
    let bytes = content(2 * PART);
    let first = client.put(&session, 0, &bytes[..PART]).ok(200);
    let second = client.put(&session, PART, &bytes[PART..]).ok(200);
    let list = json!({"parts": [first["part"], second["part"]]});
    let commit = || client.commit(&session, &bytes, &list);
    client.file("0", "b", b"1");
    client
        .commit(&session, b"other", &list)
        .refused(400, "digest_mismatch");
    let answer = commit();
    answer.refused(429, "rate_limit_exceeded");
    assert!(answer.header("retry-after").is_some());
    client
        .upload("0", "c", b"1")
        .refused(429, "rate_limit_exceeded");
    client.session("GET", &session.id).ok(200);
    client.open("d", 3);
    assert_eq!(client.emulator.sessions()[0].commits, 1);
    client.emulator.set_rate_limits(None, None);
    commit().entry(201);
}

#[test]
fn every_call_of_a_session_counts() {
    let client = client();
    client.emulator.set_rate_limits(None, Some(4));
    let session = client.open("a", 2 * PART);
    client.put(&session, 0, &[1; PART]).ok(200);
    client.session("GET", &session.id).ok(200);
    let parts = format!("{}/parts", session.id);
    client.session("GET", &parts).ok(200);
    let answer = client.put(&session, PART, &[1; PART]);
    answer.refused(429, "rate_limit_exceeded");
    assert_eq!(client.emulator.parts_stored(), 1);
}
