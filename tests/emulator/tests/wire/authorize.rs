//! The authorize page and its codes.

use std::time::Duration;

use box_emulator::{App, BoxEmulator, Builder, Person};

use crate::client::{Answer, Client, encode};

const HOME: &str = "http://127.0.0.1:8459/callback";

fn builder() -> Builder {
    BoxEmulator::builder().app(App::OAuth2)
}

fn start(builder: Builder) -> Client {
    Client::bare(builder.start().unwrap())
}

fn page(client: &Client, more: &[(&str, &str)]) -> Answer {
    let basic = [("response_type", "code"), ("client_id", "emulated-client")];
    let query = encode(&[&basic, more].concat());
    client
        .raw("GET", &format!("/api/oauth2/authorize?{query}"), "", b"")
        .unwrap()
}

#[track_caller]
fn text(answer: &Answer) -> String {
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    String::from_utf8(answer.body.clone()).unwrap()
}

/// What stands between these two.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap();
    rest.split_once(after).unwrap().0
}

fn request_token(page: &Answer) -> String {
    let text = text(page);
    assert_eq!(page.status, 200);
    between(&text, "name=\"request_token\" value=\"", "\"").to_owned()
}

fn press(client: &Client, token: &str, button: &str) -> Answer {
    let form = encode(&[("request_token", token), ("consent", button)]);
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    client
        .raw("POST", "/api/oauth2/authorize", headers, form.as_bytes())
        .unwrap()
}

/// Grants; returns where the browser is sent.
#[track_caller]
fn grant(client: &Client, more: &[(&str, &str)]) -> String {
    let answer = press(client, &request_token(&page(client, more)), "grant");
    assert_eq!(answer.status, 302);
    answer.header("location").unwrap().to_owned()
}

fn code(location: &str) -> &str {
    let (_, query) = location.split_once("code=").unwrap();
    query.split('&').next().unwrap()
}

fn exchange(client: &Client, code: &str, more: &[(&str, &str)]) -> Answer {
    let fields = [("grant_type", "authorization_code"), ("code", code)];
    client.ask(&[&fields, more].concat())
}

#[track_caller]
fn problem(answer: &Answer, error: &str) {
    let text = text(answer);
    assert_eq!(answer.status, 400);
    assert!(text.contains(&format!("<p>Error: {error}</p>")), "{text}");
    assert_eq!(answer.header("location"), None);
}

#[test]
fn from_the_page_to_a_pair() {
    let client = start(builder());
    let shown = page(&client, &[("redirect_uri", HOME), ("state", "a b&c")]);
    let text = text(&shown);
    assert!(text.contains("value=\"colleague@example.com\" readonly"));
    let action = between(&text, "<form method=\"post\" action=\"", "\"");
    assert_eq!(action, "/api/oauth2/authorize");
    let token = request_token(&shown);
    let answer = press(&client, &token, "grant");
    let location = answer.header("location").unwrap();
    assert_eq!(answer.status, 302);
    assert_eq!(
        location,
        format!("{HOME}?code={}&state=a+b%26c", code(location))
    );
    let pair = exchange(&client, code(location), &[]);
    let body = pair.ok(200);
    assert_eq!(client.me(&pair.access_token()), 200);
    assert!(
        client
            .emulator
            .is_alive(body["refresh_token"].as_str().unwrap())
    );
    // Neither the page nor the code works twice.
    problem(&press(&client, &token, "grant"), "invalid_request_token");
    let text = "Auth code doesn't exist or is invalid for the client";
    exchange(&client, code(location), &[]).denied(400, "invalid_grant", text);
}

#[test]
fn saying_no() {
    let client = start(builder());
    let denied = "error=access_denied&error_description=The+user+denied+access+to+your+application";
    for (state, end) in [(Some("x"), "&state=x"), (Some(""), "&state="), (None, "")] {
        let more: Vec<_> = state.map(|state| ("state", state)).into_iter().collect();
        let answer = press(&client, &request_token(&page(&client, &more)), "deny");
        assert_eq!(answer.status, 302);
        let location = answer.header("location").unwrap();
        assert_eq!(location, format!("{HOME}?{denied}{end}"));
    }
}

#[test]
fn pages_that_lead_nowhere() {
    let client = start(builder());
    let get = |query: &str| {
        let path = format!("/oauth2/authorize?{query}");
        client.raw("GET", &path, "", b"").unwrap()
    };
    for (query, error) in [
        ("response_type=code", "invalid_client"),
        ("response_type=code&client_id=x", "invalid_client"),
        ("client_id=emulated-client", "unsupported_response_type"),
        (
            "client_id=emulated-client&response_type=token",
            "unsupported_response_type",
        ),
        (
            "client_id=emulated-client&response_type=code&redirect_uri=https://evil.example/",
            "redirect_uri_mismatch",
        ),
        (
            "client_id=emulated-client&response_type=code&scope=everything",
            "invalid_scope",
        ),
    ] {
        problem(&get(query), error);
    }
    let token = request_token(&get("client_id=emulated-client&response_type=code"));
    problem(&press(&client, &token, "perhaps"), "invalid_request");
    problem(
        &press(&client, "nonsense", "grant"),
        "invalid_request_token",
    );
    let server = Client::new();
    problem(&page(&server, &[]), "unauthorized_client");
    let evil = page(&client, &[("redirect_uri", "\"><script>")]);
    assert!(!text(&evil).contains("<script>"));
    assert!(client.emulator.unknown_calls().is_empty());
    assert!(client.emulator.remarks().is_empty());
}

#[test]
fn redirect_uris_are_compared() {
    let builder = builder()
        .redirect_uri("http://127.0.0.1:8459/callback")
        .redirect_uri("https://example.com/cb?x=1");
    let client = start(builder);
    let to = |uri: &str| grant(&client, &[("redirect_uri", uri)]);
    assert!(
        to("http://127.0.0.1:40000/callback").starts_with("http://127.0.0.1:40000/callback?code=")
    );
    assert!(to("https://example.com/cb?x=1").starts_with("https://example.com/cb?x=1&code="));
    for bad in [
        "http://localhost:8459/callback",
        "http://127.0.0.1:8459/other",
        "https://example.com:444/cb?x=1",
    ] {
        problem(
            &page(&client, &[("redirect_uri", bad)]),
            "redirect_uri_mismatch",
        );
    }
    // With several to choose from, Box asks for one after the answer.
    let token = request_token(&page(&client, &[]));
    problem(&press(&client, &token, "grant"), "redirect_uri_missing");
}

#[test]
fn codes_belong_to_their_redirect_uri() {
    let client = start(builder());
    let other = "http://127.0.0.1:9/callback";
    let location = grant(&client, &[("redirect_uri", HOME)]);
    let text = "The redirect URI is missing or does not match";
    exchange(&client, code(&location), &[("redirect_uri", other)]).denied(
        400,
        "redirect_uri_mismatch",
        text,
    );
    let location = grant(&client, &[("redirect_uri", HOME)]);
    exchange(&client, code(&location), &[("redirect_uri", HOME)]).access_token();
}

#[test]
fn codes_live_half_a_minute() {
    let text = "The authorization code has expired";
    let client = start(builder().code_ttl(Duration::ZERO));
    let location = grant(&client, &[]);
    exchange(&client, code(&location), &[]).denied(400, "invalid_grant", text);
    let client = start(builder());
    let location = grant(&client, &[]);
    client.emulator.expire_codes();
    exchange(&client, code(&location), &[]).denied(400, "invalid_grant", text);
}

#[test]
fn a_code_needs_the_client() {
    let client = start(builder());
    let location = grant(&client, &[]);
    let form = format!(
        "grant_type=authorization_code&client_id=emulated-client&client_secret=x&code={}",
        code(&location)
    );
    let text = "The client credentials are invalid";
    client.form(&form).denied(400, "invalid_client", text);
    exchange(&client, code(&location), &[]).access_token();
}

#[test]
fn whoever_sits_there_grants() {
    let mut client = start(builder());
    for person in [Person::Main, Person::Colleague] {
        client.emulator.set_authorize_as(person);
        let location = grant(&client, &[]);
        let token = exchange(&client, code(&location), &[]).access_token();
        client.use_token(&token);
        let expected = match person {
            Person::Main => client.emulator.service_account_id(),
            Person::Colleague => client.emulator.colleague_id(),
        };
        assert_eq!(client.get("/users/me").ok(200)["id"], expected.as_str());
    }
}

#[test]
fn fewer_scopes_can_be_asked_for() {
    let mut client = start(builder());
    let location = grant(&client, &[("scope", "root_readonly")]);
    let answer = exchange(&client, code(&location), &[]);
    let refresh = answer.ok(200)["refresh_token"].as_str().unwrap().to_owned();
    let again = client.ask(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]);
    client.use_token(&again.access_token());
    client.get("/folders/0").ok(200);
    client
        .upload("0", "a", b"1")
        .refused(403, "insufficient_scope");
}
