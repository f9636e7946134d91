//! Rate limits, when told.

use std::time::Duration;

use box_emulator::BoxEmulator;

use crate::client::Client;

#[test]
fn too_many_requests() {
    let client = Client::new();
    client.emulator.set_rate_limits(None, Some(2));
    client.get("/users/me").ok(200);
    client.get("/users/me").ok(200);
    let answer = client.get("/users/me");
    let body = answer.refused(429, "rate_limit_exceeded");
    assert_eq!(
        body["message"],
        "Request rate limit exceeded, please try again later"
    );
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    assert!(answer.head.contains("\r\nRetry-After: "));
    client.emulator.set_rate_limits(None, None);
    client.get("/users/me").ok(200);
}

#[test]
fn too_many_uploads() {
    let builder = BoxEmulator::builder()
        .uploads_per_minute(1)
        .rate_window(Duration::from_millis(300));
    let client = Client::with(builder.start().unwrap());
    client.file("0", "a", b"1");
    client
        .upload("0", "b", b"1")
        .refused(429, "rate_limit_exceeded");
    client.get("/users/me").ok(200);
    let again = |_: &BoxEmulator| client.upload("0", "b", b"1").status == 201;
    assert!(client.emulator.wait_for(again, Duration::from_secs(10)));
}
