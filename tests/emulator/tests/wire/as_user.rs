//! The As-User header.

use box_emulator::{AccessLevel, App, BoxEmulator};
use serde_json::json;

use crate::client::{Answer, Client};

fn me_as(client: &Client, user: &str) -> Answer {
    client.call("GET", "/users/me", &format!("As-User: {user}\r\n"), None)
}

#[test]
fn the_service_account_acts_for_a_user() {
    let client = Client::new();
    let colleague = client.emulator.colleague_id();
    assert_eq!(me_as(&client, &colleague).ok(200)["id"], colleague.as_str());
    let headers = format!("As-User: {colleague}\r\n");
    let attributes = json!({"name": "a", "parent": {"id": "0"}});
    let made = client
        .post("/files/content", &headers, &attributes, b"1")
        .entry(201);
    assert_eq!(made["owned_by"]["id"], colleague.as_str());
    assert!(client.emulator.tree("0").is_empty());
    let log = client.emulator.requests();
    assert_eq!(log[1].as_user.as_deref(), Some(colleague.as_str()));
    assert_eq!(log[0].as_user, None);
}

#[test]
fn strangers_are_not_found() {
    let client = Client::new();
    let body = me_as(&client, "4711").refused(404, "not_found");
    assert_eq!(body["message"], "On-Behalf-Of User not found");
    let context = json!({"invalid_user_id": {"id": "4711"}});
    assert_eq!(body["context_info"], context);
}

#[test]
fn who_may_not() {
    let mut client = Client::new();
    let colleague = client.emulator.colleague_id();
    let service = client.emulator.service_account_id();
    let refused = |client: &Client, user: &str| {
        me_as(client, user).refused(403, "insufficient_scope");
    };
    refused(&client, &service);
    client.emulator.set_as_user_allowed(false);
    refused(&client, &colleague);
    refused(&client, "4711");
    client.emulator.set_as_user_allowed(true);
    client.emulator.set_access_level(AccessLevel::AppOnly);
    client.emulator.reauthorize_app();
    refused(&client, &colleague);
    // An ordinary person may not either.
    let builder = BoxEmulator::builder().app(App::OAuth2);
    client = Client::bare(builder.start().unwrap());
    client.emulator.add_developer_token("main");
    client.use_token("main");
    refused(&client, &colleague);
    // The Colleague manages the enterprise.
    let refresh = client.emulator.issue_refresh_token();
    let answer = client.ask(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]);
    client.use_token(&answer.access_token());
    let main = client.emulator.service_account_id();
    assert_eq!(me_as(&client, &main).ok(200)["id"], main.as_str());
}

#[test]
fn limits_count_for_that_user() {
    let client = Client::new();
    let colleague = client.emulator.colleague_id();
    client.emulator.set_rate_limits(None, Some(1));
    client.get("/users/me").ok(200);
    client.get("/users/me").refused(429, "rate_limit_exceeded");
    me_as(&client, &colleague).ok(200);
    me_as(&client, &colleague).refused(429, "rate_limit_exceeded");
}
