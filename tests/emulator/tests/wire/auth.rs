//! Tokens: the grants, their refusals, and 401.

use std::time::Duration;

use box_emulator::BoxEmulator;
use serde_json::json;

use crate::client::Client;

#[test]
fn a_token_has_the_documented_shape() {
    let client = Client::new();
    let token = client.token("enterprise", "877840855").ok(200);
    assert_eq!(token["expires_in"], 4123);
    assert_eq!(token["restricted_to"], json!([]));
    assert_eq!(token["token_type"], "bearer");
    assert_eq!(token["access_token"].as_str().unwrap().len(), 32);
    assert_eq!(token.as_object().unwrap().len(), 4);
}

#[test]
fn refusals_of_the_token_endpoint() {
    let client = Client::new();
    let missing = "Invalid grant_type parameter or parameter missing";
    let app = "client_id=emulated-client&client_secret=emulated-secret";
    let ccg = format!("grant_type=client_credentials&{app}");
    let stranger = "grant_type=client_credentials&client_id=emulated-client&client_secret=x&box_subject_type=enterprise&box_subject_id=877840855";
    let group = format!("{ccg}&box_subject_type=group&box_subject_id=1");
    for (form, error, description) in [
        ("", "invalid_request", missing),
        ("grant_type=password", "invalid_request", missing),
        ("grant_type=client_credentials", "invalid_request", missing),
        (&ccg, "invalid_request", missing),
        (
            stranger,
            "invalid_client",
            "The client credentials are invalid",
        ),
        (
            &group,
            "unauthorized_client",
            "The \"box_subject_type\" value is unauthorized for this client_id",
        ),
    ] {
        client.form(form).denied(400, error, description);
    }
    let text = "Grant credentials are invalid";
    client
        .token("enterprise", "1")
        .denied(400, "invalid_grant", text);
    client.token("user", "1").denied(400, "invalid_grant", text);
}

#[test]
fn user_tokens_act_as_the_user() {
    let mut client = Client::new();
    let colleague = client.emulator.colleague_id();
    let token = client.token("user", &colleague).access_token();
    client.use_token(&token);
    assert_eq!(client.get("/users/me").ok(200)["id"], colleague.as_str());
    let text = "Cannot obtain user token based on the enterprise configuration for your app";
    let service = client.emulator.service_account_id();
    client
        .token("user", &service)
        .denied(400, "invalid_request", text);
    client.emulator.set_user_tokens(false);
    client
        .token("user", &colleague)
        .denied(400, "invalid_request", text);
}

#[test]
fn only_forms_are_token_requests() {
    let client = Client::new();
    let body = br#"{"grant_type":"client_credentials"}"#;
    let headers = "Content-Type: application/json\r\n";
    let answer = client.raw("POST", "/oauth2/token", headers, body).unwrap();
    let text = "Invalid grant_type parameter or parameter missing";
    answer.denied(400, "invalid_request", text);
}

#[test]
fn unknown_tokens_give_an_empty_401() {
    let mut client = Client::new();
    client.use_token("nonsense");
    let answer = client.get("/users/me");
    assert_eq!((answer.status, answer.body.len()), (401, 0));
    let challenge = answer.header("www-authenticate");
    assert_eq!(
        challenge,
        Some("Bearer realm=\"Service\", error=\"invalid_token\"")
    );
    let bare = client.raw("GET", "/2.0/users/me", "", b"").unwrap();
    assert_eq!(bare.status, 401);
    client.use_token("");
    client.get("/users/me").refused(400, "bad_request");
}

#[test]
fn expired_tokens_say_so() {
    let client = Client::with(BoxEmulator::builder().json_401(true).start().unwrap());
    client.emulator.expire_tokens();
    let answer = client.get("/users/me");
    answer.refused(401, "unauthorized");
    let challenge = answer.header("www-authenticate");
    assert_eq!(
        challenge,
        Some("Bearer realm=\"Service\", error=\"expired_token\"")
    );
}

#[test]
fn lives_below_a_second_are_possible() {
    let builder = BoxEmulator::builder().token_ttl(Duration::from_millis(1));
    let client = Client::with(builder.start().unwrap());
    let expired = client.emulator.wait_for(
        |_| client.get("/users/me").status == 401,
        Duration::from_secs(5),
    );
    assert!(expired);
    assert_eq!(
        client.token("enterprise", "877840855").ok(200)["expires_in"],
        1
    );
}

#[test]
fn developer_tokens_and_revocation() {
    let mut client = Client::new();
    client.emulator.add_developer_token("devtoken");
    client.use_token("devtoken");
    assert_eq!(client.get("/users/me").status, 200);
    let form = b"client_id=emulated-client&client_secret=emulated-secret&token=devtoken";
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    let answer = client
        .raw("POST", "/api/oauth2/revoke", headers, form)
        .unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(client.get("/users/me").status, 401);
}

#[test]
fn users_me_has_the_default_keys() {
    let client = Client::new();
    let me = client.get("/users/me").ok(200);
    let keys: Vec<&str> = me.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = vec![
        "type",
        "id",
        "name",
        "login",
        "created_at",
        "modified_at",
        "language",
        "timezone",
        "space_amount",
        "space_used",
        "max_upload_size",
        "status",
        "job_title",
        "phone",
        "address",
        "avatar_url",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    let only = client.get("/users/me?fields=enterprise,space_used").ok(200);
    assert_eq!(only.as_object().unwrap().len(), 4);
    assert_eq!(only["enterprise"]["id"], "877840855");
}
