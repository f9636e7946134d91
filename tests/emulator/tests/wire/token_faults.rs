//! Faults on the way to a token, and what the log tells of token requests.

use std::time::Duration;

use box_emulator::{App, BoxEmulator, Effect, Fault, RefreshRule};
use serde_json::json;

use crate::client::{Client, encode};

const REFRESH: &str = "refresh_token";

fn start() -> (Client, String) {
    let builder = BoxEmulator::builder().app(App::OAuth2);
    let client = Client::bare(builder.start().unwrap());
    let token = client.emulator.issue_refresh_token();
    (client, token)
}

fn form(token: &str) -> String {
    encode(&[
        ("client_id", "emulated-client"),
        ("client_secret", "emulated-secret"),
        ("grant_type", REFRESH),
        ("refresh_token", token),
    ])
}

/// Refreshes where the connection may end.
fn send(client: &Client, token: &str) -> Option<crate::client::Answer> {
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    client.raw("POST", "/oauth2/token", headers, form(token).as_bytes())
}

fn on() -> Fault {
    Fault::on("post_oauth2_token")
}

#[test]
fn errors_in_oauths_own_words() {
    let (client, token) = start();
    let text = "Current date/time MUST be before";
    client
        .emulator
        .inject(on().oauth_error(400, "invalid_grant", text));
    let answer = client.form(&form(&token));
    assert!(String::from_utf8_lossy(&answer.body).contains("date\\/time"));
    answer.denied(400, "invalid_grant", text);
    let text = "Request rate limit exceeded, please try again later";
    let busy = on().oauth_error(429, "temporarily_unavailable", text);
    client.emulator.inject(busy.header("Retry-After", "3"));
    let answer = client.form(&form(&token));
    answer.denied(429, "temporarily_unavailable", text);
    assert_eq!(answer.header("retry-after"), Some("3"));
    assert_eq!(
        (
            client.emulator.grants(REFRESH),
            client.emulator.granted(REFRESH)
        ),
        (2, 0)
    );
    assert!(client.emulator.refresh_token_works(&token));
}

#[test]
fn a_request_lost_on_the_way_changes_nothing() {
    let (client, token) = start();
    for effect in [
        Effect::DropBefore,
        Effect::Html { status: 502 },
        Effect::MidBodyReset { after: 1 },
    ] {
        client.emulator.inject(on().effect(effect));
        let answer = send(&client, &token);
        assert!(answer.is_none_or(|answer| answer.status == 502));
        assert!(client.emulator.refresh_token_works(&token));
    }
    assert_eq!(client.emulator.granted(REFRESH), 0);
}

#[test]
fn an_answer_lost_on_the_way_back_has_happened() {
    for (effect, rule, works) in [
        (Effect::DropAfter, RefreshRule::RetireAtOnce, false),
        (Effect::DropAfter, RefreshRule::RetireOnUse, true),
        (Effect::CutAnswer, RefreshRule::RetireAtOnce, false),
        (Effect::TruncatedJson, RefreshRule::RetireAtOnce, false),
        (Effect::EmptyBody, RefreshRule::RetireOnUse, true),
    ] {
        let (client, token) = start();
        client.emulator.set_refresh_rule(rule);
        client.emulator.inject(on().effect(effect.clone()));
        let answer = send(&client, &token);
        assert_eq!(answer.is_none(), effect == Effect::DropAfter);
        if let Some(answer) = answer {
            assert!(serde_json::from_slice::<serde_json::Value>(&answer.body).is_err());
        }
        assert_eq!(
            client.emulator.refresh_token_works(&token),
            works,
            "{effect:?}"
        );
        assert_eq!(client.emulator.granted(REFRESH), 1);
        let again = client.form(&form(&token));
        assert_eq!(again.status == 200, works);
    }
}

#[test]
fn a_held_answer_is_a_grant_under_way() {
    let (client, token) = start();
    client.emulator.inject(on().hold());
    std::thread::scope(|scope| {
        let answer = scope.spawn(|| client.form(&form(&token)));
        let held = |emulator: &BoxEmulator| emulator.held() == 1;
        assert!(client.emulator.wait_for(held, Duration::from_secs(20)));
        assert!(!client.emulator.refresh_token_works(&token));
        client.emulator.release_holds();
        answer.join().unwrap().access_token();
    });
}

#[test]
fn the_page_and_the_account_fail_like_anything_else() {
    let (mut client, _) = start();
    client.emulator.add_developer_token("dev");
    client.use_token("dev");
    let page = "/api/oauth2/authorize?response_type=code&client_id=emulated-client";
    let calls = [("get_users_me", "/2.0/users/me"), ("get_authorize", page)];
    for (operation, path) in calls {
        let get = || client.raw("GET", path, &client.auth(), b"");
        for (effect, status) in [
            (Effect::DropBefore, None),
            (Effect::DropAfter, None),
            (Effect::TruncatedJson, Some(200)),
            (Effect::Html { status: 503 }, Some(503)),
            (Effect::Delay(Duration::from_millis(1)), Some(200)),
        ] {
            let whole = get().unwrap();
            let cut = effect == Effect::TruncatedJson;
            client.emulator.inject(Fault::on(operation).effect(effect));
            let answer = get();
            assert_eq!(answer.as_ref().map(|answer| answer.status), status);
            if let Some(answer) = answer.filter(|_| cut) {
                assert!(answer.body.len() < whole.body.len());
                assert_eq!(answer.header("content-type"), whole.header("content-type"));
            }
        }
    }
}

#[test]
fn the_log_tells_grant_types_and_no_secrets() {
    let (client, token) = start();
    client.form(&form(&token)).access_token();
    client.form(&form("my-refresh-token")).ok(400);
    client
        .form("grant_type=my-secret&client_secret=my-secret")
        .ok(400);
    client.form("").ok(400);
    client.emulator.inject(on().drop_before());
    assert!(send(&client, "my-refresh-token").is_none());
    let log = client.emulator.requests();
    let types: Vec<Option<&str>> = log
        .iter()
        .map(|entry| entry.grant_type.as_deref())
        .collect();
    let expected = [
        Some(REFRESH),
        Some(REFRESH),
        Some("unknown"),
        None,
        Some(REFRESH),
    ];
    assert_eq!(types, expected);
    let text = format!("{log:?}");
    for secret in ["my-secret", "my-refresh-token", "emulated-secret", &token] {
        assert!(!text.contains(secret), "{secret}");
    }
    let emulator = &client.emulator;
    assert_eq!(
        (emulator.grants(REFRESH), emulator.granted(REFRESH)),
        (3, 1)
    );
    assert_eq!(
        (emulator.grants("unknown"), emulator.grants("password")),
        (1, 0)
    );
    emulator.clear_requests();
    assert_eq!(
        (emulator.grants(REFRESH), emulator.granted(REFRESH)),
        (0, 0)
    );
    assert_eq!(json!(emulator.requests().len()), 0);
}
