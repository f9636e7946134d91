//! Whoever asks for the figures in an odd way is told so, and keeps nobody else from them.

use crate::metrics::monitored_rig;
use crate::rig::{Monitored, Rig, until};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// Sends these bytes, and reads what comes back until the connection ends.
fn send(monitored: &Monitored, bytes: &str) -> String {
    let mut stream = connect(monitored);
    // A door that closes meanwhile is seen in the answer.
    let _ = stream.write_all(bytes.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn connect(monitored: &Monitored) -> TcpStream {
    let address = monitored.url.strip_prefix("http://").expect("plain http");
    let stream = TcpStream::connect(address).expect("it listens");
    let limit = Some(Duration::from_secs(60));
    stream.set_read_timeout(limit).expect("a limit can be set");
    stream
}

fn running(rig: &Rig) -> Monitored {
    let monitored = Monitored::start(rig);
    monitored.service.wait_ok(rig);
    monitored
}

#[test]
fn a_name_that_is_not_ours_is_refused() {
    let rig = monitored_rig();
    let rig = rig.configured(|config| config.metrics.push("hosts = [\"Files.example\"]".into()));
    let monitored = running(&rig);
    let ask = |head: &str| send(&monitored, &format!("{head}\r\n\r\n"));
    for head in [
        "GET /metrics HTTP/1.1\r\nHost: evil.example:9464",
        "GET /metrics HTTP/1.1\r\nHost: localhost.evil.example",
        "GET /healthz HTTP/1.1\r\nHost: 192.0.2.1",
        "POST /metrics HTTP/1.1\r\nHost: evil.example",
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example",
        "GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost",
        "GET /metrics HTTP/1.1",
        "GET /metrics HTTP/1.0",
    ] {
        let answer = ask(head);
        assert!(
            answer.starts_with("HTTP/1.") && answer.contains(" 421 "),
            "{head}: {answer}"
        );
        assert!(
            answer.contains("hosts in [metrics]") && !answer.contains("boxup_"),
            "{answer}"
        );
    }
    for host in [
        "localhost",
        "127.0.0.1:80",
        "[::1]:9464",
        "FILES.example:9464",
    ] {
        let answer = ask(&format!("GET /metrics HTTP/1.1\r\nHost: {host}"));
        assert!(
            answer.contains(" 200 OK") && answer.contains("boxup_engine_up 1"),
            "{host}: {answer}"
        );
    }
    monitored.service.end();
}

#[test]
fn it_is_read_and_nothing_else() {
    let rig = monitored_rig();
    let monitored = running(&rig);
    let ask = |line: &str| {
        send(
            &monitored,
            &format!("{line} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        )
    };
    for (line, status, part) in [
        ("POST /metrics", "405", "allow: GET, HEAD"),
        ("DELETE /healthz", "405", "allow: GET, HEAD"),
        ("OPTIONS *", "405", "allow: GET, HEAD"),
        ("GET /", "404", "/metrics and /healthz"),
        ("GET /metrics/../../etc/passwd", "404", ""),
        ("GET /metrics?name=x", "200", "text/plain; version=0.0.4"),
        ("HEAD /metrics", "200", "content-length: "),
        ("HEAD /healthz", "200", "content-length: 3"),
    ] {
        let answer = ask(line);
        let head = answer.split("\r\n\r\n").next().unwrap_or_default();
        assert!(
            answer.contains(&format!(" {status} ")) && answer.contains(part),
            "{line}: {answer}"
        );
        assert!(
            head.contains("nosniff") && head.contains("no-store"),
            "{line}: {head}"
        );
        if line.starts_with("HEAD") {
            assert!(answer.ends_with("\r\n\r\n"), "{answer}");
        }
    }
    monitored.service.end();
}

#[test]
fn what_is_no_request_ends_and_the_next_is_served() {
    let rig = monitored_rig();
    let monitored = running(&rig);
    let long = "x".repeat(100_000);
    let many = (0..2_000)
        .map(|number| format!("X-{number}: y\r\n"))
        .collect::<String>();
    for bytes in [
        format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n"),
        format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"),
        format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        "\u{16}\u{3}\u{1}\u{2}\u{0}".repeat(50) + "\r\n\r\n",
        "hello\r\n\r\n".to_owned(),
        "GET /metrics HTTP/9.9\r\n\r\n".to_owned(),
    ] {
        let answer = send(&monitored, &bytes);
        assert!(!answer.contains(" 200 "), "{}", &bytes[..60]);
    }
    assert_eq!(monitored.page().value("boxup_engine_up"), 1.0);
    let run = monitored.service.term();
    assert!(!run.stderr.contains("panicked"), "{run}");
}

#[test]
fn those_who_say_nothing_make_room_for_those_who_ask() {
    let rig = monitored_rig();
    let monitored = running(&rig);
    let mut silent = Vec::new();
    for _ in 0..200 {
        let mut stream = connect(&monitored);
        let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: loc");
        silent.push(stream);
        if silent.len() % 40 == 0 {
            assert_eq!(monitored.page().value("boxup_engine_up"), 1.0);
        }
    }
    // Nobody is left waiting for good: the oldest had to go at once, the others in time.
    let mut first = silent.remove(0);
    let mut rest = Vec::new();
    until("the oldest is let go", || {
        matches!(first.read(&mut [0; 64]), Ok(0) | Err(_))
    });
    let mut last = silent.pop().expect("there are more");
    let _ = last.read_to_end(&mut rest);
    // Whoever asks and leaves before the answer is no trouble either.
    for _ in 0..50 {
        let mut stream = connect(&monitored);
        let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let _ = stream.shutdown(Shutdown::Both);
    }
    rig.write("a.txt", "a");
    monitored.service.wait_ok(&rig);
    rig.expect_same_as_disk();
    assert_eq!(monitored.page().value("boxup_engine_up"), 1.0);
    monitored.service.end();
}
