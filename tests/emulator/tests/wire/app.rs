//! The app's kind and state, its scopes, and the accounts behind it.

use box_emulator::{App, BoxEmulator, Person};
use serde_json::{Value, json};

use crate::client::Client;

const GRANTS: [(&str, App); 4] = [
    ("client_credentials", App::ClientCredentials),
    ("urn:ietf:params:oauth:grant-type:jwt-bearer", App::Jwt),
    ("authorization_code", App::OAuth2),
    ("refresh_token", App::OAuth2),
];

fn start(app: App) -> Client {
    Client::bare(BoxEmulator::builder().app(app).start().unwrap())
}

#[test]
fn each_kind_of_app_has_its_grants() {
    let other = "The grant type is unauthorized for this client_id";
    let missing = "Invalid grant_type parameter or parameter missing";
    for kind in [App::ClientCredentials, App::Jwt, App::OAuth2] {
        let client = start(kind);
        for (grant, of) in GRANTS {
            let answer = client.ask(&[("grant_type", grant)]);
            match (of == kind, grant) {
                (false, _) => answer.denied(400, "unauthorized_client", other),
                (true, "refresh_token") => {
                    let text = "No refresh token parameter found";
                    answer.denied(400, "invalid_request", text);
                }
                (true, _) => answer.denied(400, "invalid_request", missing),
            }
        }
    }
}

#[test]
fn an_app_may_be_unauthorized_or_disabled() {
    let client = Client::new();
    let ask = || client.token("enterprise", "877840855");
    client.emulator.set_app_authorized(false);
    let text = "This app is not authorized by the enterprise admin";
    ask().denied(400, "unauthorized_client", text);
    client.emulator.set_app_authorized(true);
    client.emulator.set_app_enabled(false);
    let text = "Cannot obtain token based on the enterprise configuration for your app";
    ask().denied(400, "invalid_request", text);
    client.emulator.set_app_enabled(true);
    ask().access_token();
    // What a person grants needs no admin, but an enabled app.
    let client = start(App::OAuth2);
    let token = client.emulator.issue_refresh_token();
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", &token)];
    client.emulator.set_app_authorized(false);
    client.emulator.set_app_enabled(false);
    client.ask(&refresh).denied(400, "invalid_request", text);
    client.emulator.set_app_enabled(true);
    client.ask(&refresh).access_token();
}

#[test]
fn scopes_count_once_reauthorized_and_for_new_tokens() {
    let mut client = Client::new();
    let old = client.token("enterprise", "877840855").access_token();
    let token = |client: &Client| client.token("enterprise", "877840855").access_token();
    client.emulator.set_app_scopes(&["root_readonly"]);
    let still_whole = token(&client);
    client.emulator.reauthorize_app();
    let reading = token(&client);
    for whole in [old, still_whole] {
        client.use_token(&whole);
        client.file("0", &whole, b"1");
    }
    client.use_token(&reading);
    client.get("/users/me").ok(200);
    let items = client.get("/folders/0/items").ok(200);
    let id = items["entries"][0]["id"].as_str().unwrap();
    client.get(&format!("/files/{id}")).ok(200);
    assert_eq!(client.get(&format!("/files/{id}/content")).status, 302);
    let made = json!({"name": "x", "parent": {"id": "0"}});
    let refusals = [
        client.upload("0", "x", b"1"),
        client.post(&format!("/files/{id}/content"), "", &json!({}), b"2"),
        client.send("POST", "/folders", &made),
        client.send("OPTIONS", "/files/content", &made),
        client.send("PUT", &format!("/files/{id}"), &json!({"name": "x"})),
        client.delete(&format!("/files/{id}")),
    ];
    for refusal in refusals {
        let body = refusal.refused(403, "insufficient_scope");
        let text = "The request requires higher privileges than provided by the access token.";
        assert_eq!(body["message"], text);
        let challenge = format!(
            "Bearer realm=\"Service\", error=\"insufficient_scope\", error_description=\"{text}\""
        );
        assert_eq!(refusal.header("www-authenticate"), Some(challenge.as_str()));
    }
    client.emulator.set_app_scopes(&["manage_webhook"]);
    client.emulator.reauthorize_app();
    let nothing = token(&client);
    client.use_token(&nothing);
    client.get("/folders/0").refused(403, "insufficient_scope");
}

#[test]
#[should_panic(expected = "Box documents no scope 'root'")]
fn scopes_are_documented() {
    let _ = BoxEmulator::builder().app_scopes(&["root"]);
}

#[test]
fn whom_the_main_account_belongs_to() {
    let mut client = Client::new();
    let me = client.get("/users/me?fields=login,role").ok(200);
    assert_eq!(me["login"], "AutomationUser_1_x@boxdevedition.com");
    assert_eq!(me["role"], "user");
    let builder = BoxEmulator::builder()
        .app(App::OAuth2)
        .authorize_as(Person::Main);
    client = Client::bare(builder.start().unwrap());
    let refresh = client.emulator.issue_refresh_token();
    let answer = client.ask(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]);
    client.use_token(&answer.access_token());
    let me = client.get("/users/me").ok(200);
    assert_eq!(me["login"], "owner@example.com");
    assert_eq!(me["id"], client.emulator.service_account_id().as_str());
    client.file("0", "a", b"1");
    assert!(client.emulator.entry("0", "a").is_some());
}

#[test]
fn what_users_me_tells_can_be_chosen() {
    let builder = BoxEmulator::builder()
        .quota(None)
        .float_quota(true)
        .max_upload_size(7)
        .account_status("cannot_delete_edit");
    let client = Client::with(builder.start().unwrap());
    let answer = client.get("/users/me");
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(text.contains("\"space_amount\":1.0e+18,"), "{text}");
    let me: Value = answer.ok(200);
    assert_eq!(me["max_upload_size"], 7);
    assert_eq!(me["status"], "cannot_delete_edit");
    client.emulator.set_account_status("inactive");
    client.emulator.set_quota(Some(9));
    let me = client.get("/users/me?fields=status,space_amount").ok(200);
    assert_eq!(
        (&me["status"], &me["space_amount"]),
        (&json!("inactive"), &json!(9))
    );
}

#[test]
fn every_kind_of_app_has_its_configuration() {
    let endpoints = |emulator: &BoxEmulator| {
        let base = emulator.base_url();
        format!(
            "\n[endpoints]\napi = \"{base}/2.0\"\nupload = \"{base}/api/2.0\"\n\
             token = \"{base}/oauth2/token\"\nauthorize = \"{base}/api/oauth2/authorize\"\n\
             revoke = \"{base}/oauth2/revoke\"\n"
        )
    };
    let app = "client_id = \"emulated-client\"\nclient_secret = \"emulated-secret\"\n";
    let builder = || BoxEmulator::builder().app(App::OAuth2);
    for (builder, auth) in [
        (
            BoxEmulator::builder(),
            format!("method = \"ccg\"\n{app}enterprise_id = \"877840855\"\n"),
        ),
        (
            builder(),
            format!(
                "method = \"oauth2\"\n{app}redirect_uri = \"http://127.0.0.1:8459/callback\"\n"
            ),
        ),
        (
            builder()
                .redirect_uri("http://localhost/x")
                .redirect_uri("https://h/"),
            format!("method = \"oauth2\"\n{app}redirect_uri = \"http://localhost/x\"\n"),
        ),
        (
            BoxEmulator::builder()
                .app(App::Jwt)
                .jwt_config_file("/etc/app.json"),
            "method = \"jwt\"\nconfig_file = \"/etc/app.json\"\n".to_owned(),
        ),
        (
            BoxEmulator::builder().app(App::Jwt),
            "method = \"jwt\"\n# config_file = \"the app's JSON file\"\n".to_owned(),
        ),
    ] {
        let emulator = builder.start().unwrap();
        let expected = format!("[auth]\n{auth}{}", endpoints(&emulator));
        assert_eq!(emulator.config_fragment(), expected);
    }
}
