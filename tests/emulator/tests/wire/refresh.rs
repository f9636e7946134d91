//! Pairs of tokens: how one follows another, and how they end.

use std::time::Duration;

use box_emulator::{App, BoxEmulator, Builder, RefreshRule};
use serde_json::json;

use crate::client::{Answer, Client};

const USED: &str = "Invalid refresh token";

/// Access and refresh token.
type Pair = (String, String);

fn builder() -> Builder {
    BoxEmulator::builder().app(App::OAuth2)
}

fn start(builder: Builder) -> Client {
    Client::bare(builder.start().unwrap())
}

fn refresh(client: &Client, token: &str) -> Answer {
    client.ask(&[("grant_type", "refresh_token"), ("refresh_token", token)])
}

#[track_caller]
fn next(client: &Client, token: &str) -> Pair {
    let answer = refresh(client, token);
    let fresh = answer.ok(200)["refresh_token"].as_str().unwrap().to_owned();
    (answer.access_token(), fresh)
}

/// A grant, once refreshed.
fn pair(client: &Client) -> Pair {
    next(client, &client.emulator.issue_refresh_token())
}

#[test]
fn a_pair_has_the_documented_shape() {
    let client = start(builder());
    let token = refresh(&client, &client.emulator.issue_refresh_token()).ok(200);
    assert_eq!(token["expires_in"], 4123);
    assert_eq!(token["restricted_to"], json!([]));
    assert!(token["refresh_token"].as_str().unwrap().len() >= 32);
    assert_eq!(token.as_object().unwrap().len(), 5);
    let access = token["access_token"].as_str().unwrap();
    assert_eq!(client.me(access), 200);
}

#[test]
fn all_four_fields_are_required() {
    let client = start(builder());
    let token = client.emulator.issue_refresh_token();
    let missing = "Invalid grant_type parameter or parameter missing";
    for form in [
        format!("client_id=emulated-client&client_secret=emulated-secret&refresh_token={token}"),
        format!("grant_type=refresh_token&client_secret=emulated-secret&refresh_token={token}"),
        format!("grant_type=refresh_token&client_id=emulated-client&refresh_token={token}"),
    ] {
        client.form(&form).denied(400, "invalid_request", missing);
    }
    let none = "No refresh token parameter found";
    refresh(&client, "").denied(400, "invalid_request", none);
    refresh(&client, "nonsense").denied(400, "invalid_grant", USED);
    assert!(client.emulator.refresh_token_works(&token));
}

#[test]
fn retired_at_once() {
    let client = start(builder());
    let (access, token) = pair(&client);
    let (new_access, new_token) = next(&client, &token);
    assert!(!client.emulator.refresh_token_works(&token));
    refresh(&client, &token).denied(400, "invalid_grant", USED);
    assert_eq!((client.me(&access), client.me(&new_access)), (401, 200));
    assert!(client.emulator.is_alive(&new_token) && client.emulator.is_alive(&new_access));
}

#[test]
fn the_old_access_token_may_survive() {
    let client = start(builder().old_access_survives_refresh(true));
    let (access, token) = pair(&client);
    next(&client, &token);
    assert_eq!(client.me(&access), 200);
    refresh(&client, &token).denied(400, "invalid_grant", USED);
}

#[test]
fn retired_on_use() {
    let client = start(builder().refresh_rule(RefreshRule::RetireOnUse));
    let alive = |pair: &Pair| {
        let emulator = &client.emulator;
        (emulator.is_alive(&pair.0), emulator.is_alive(&pair.1))
    };
    let old = pair(&client);
    assert_eq!(client.me(&old.0), 200);
    let lost = next(&client, &old.1);
    let kept = next(&client, &old.1);
    // Three pairs live side by side until a new one is used.
    assert_eq!(client.me(&old.0), 200);
    assert_eq!([alive(&old), alive(&lost), alive(&kept)], [(true, true); 3]);
    assert_eq!(client.me(&kept.0), 200);
    let gone = (false, false);
    assert_eq!(
        [alive(&old), alive(&lost), alive(&kept)],
        [gone, gone, (true, true)]
    );
    refresh(&client, &old.1).denied(400, "invalid_grant", USED);
    assert_eq!(client.me(&lost.0), 401);
}

#[test]
fn retired_on_use_along_a_chain() {
    let client = start(builder().refresh_rule(RefreshRule::RetireOnUse));
    let first = pair(&client);
    let second = next(&client, &first.1);
    let side = next(&client, &first.1);
    let third = next(&client, &second.1);
    let unrelated = pair(&client);
    // Using the second ends what it replaced and its sibling, not its heir.
    assert_eq!(client.me(&second.0), 200);
    let alive = |pair: &Pair| client.emulator.is_alive(&pair.1);
    assert!(!alive(&first) && !alive(&side) && alive(&second) && alive(&third));
    assert_eq!(client.me(&third.0), 200);
    assert!(!alive(&second) && alive(&third) && alive(&unrelated));
}

#[test]
fn the_rule_can_change_while_it_runs() {
    let client = start(builder());
    client.emulator.set_refresh_rule(RefreshRule::RetireOnUse);
    let (access, token) = pair(&client);
    next(&client, &token);
    assert!(client.emulator.is_alive(&access) && client.emulator.is_alive(&token));
    client.emulator.set_refresh_rule(RefreshRule::RetireAtOnce);
    next(&client, &token);
    assert!(!client.emulator.is_alive(&access) && !client.emulator.is_alive(&token));
}

#[test]
fn sixty_days_end() {
    let text = "Refresh token has expired";
    let client = start(builder().refresh_ttl(Duration::ZERO));
    let token = client.emulator.issue_refresh_token();
    refresh(&client, &token).denied(400, "invalid_grant", text);
    let client = start(builder());
    let (access, token) = pair(&client);
    client.emulator.expire_tokens();
    assert!(client.emulator.refresh_token_works(&token));
    assert!(!client.emulator.is_alive(&access));
    client.emulator.expire_refresh_tokens();
    refresh(&client, &token).denied(400, "invalid_grant", text);
}

#[test]
fn revocation_ends_the_grant() {
    for by_access in [true, false] {
        let client = start(builder().refresh_rule(RefreshRule::RetireOnUse));
        let old = pair(&client);
        let new = next(&client, &old.1);
        let other = pair(&client);
        let revoked = if by_access { &old.0 } else { &new.1 };
        let answer = client.revoke(revoked);
        assert_eq!((answer.status, answer.body.len()), (200, 0));
        for dead in [&old.0, &old.1, &new.0, &new.1] {
            assert!(!client.emulator.is_alive(dead));
        }
        assert_eq!(client.me(&new.0), 401);
        refresh(&client, &new.1).denied(400, "invalid_grant", USED);
        assert!(client.emulator.is_alive(&other.0) && client.emulator.is_alive(&other.1));
        assert_eq!(client.revoke("nonsense").status, 200);
    }
}

#[test]
fn revocation_needs_the_client() {
    let client = start(builder());
    let (access, _) = pair(&client);
    let revoke = |form: String| {
        let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
        client
            .raw("POST", "/oauth2/revoke", headers, form.as_bytes())
            .unwrap()
            .json()
    };
    let wrong = revoke(format!(
        "client_id=emulated-client&client_secret=x&token={access}"
    ));
    assert_eq!(wrong["error"], "invalid_client");
    let missing = revoke(format!("token={access}"));
    assert_eq!(missing["error"], "invalid_request");
    assert!(client.emulator.is_alive(&access));
}

#[test]
fn a_refresh_follows_the_authorised_scopes() {
    let mut client = start(builder());
    let token = client.emulator.issue_refresh_token();
    client.emulator.set_app_scopes(&["root_readonly"]);
    client.emulator.reauthorize_app();
    let (access, _) = next(&client, &token);
    client.use_token(&access);
    client.get("/folders/0").ok(200);
    client
        .upload("0", "a", b"1")
        .refused(403, "insufficient_scope");
}
