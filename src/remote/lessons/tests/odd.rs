//! Answers that are not as Box documents them, and words that must not be printed.

use super::{expect, from_api, from_token, parts};
use crate::model::trouble::Trouble;
use crate::remote::lessons::Kind;
use crate::remote::lessons::SignIn::{ClientCredentials as Ccg, DeveloperToken, Jwt, OAuth2};
use serde_json::json;

#[test]
fn a_challenge_speaks_where_the_body_does_not() {
    let challenge = "Bearer realm=\"Service\", error=\"expired_token\", \
                     error_description=\"The access token has expired\"";
    let silent = from_api(401, "", &[("www-authenticate", challenge)]);
    let (kind, said) = parts(&silent);
    assert_eq!(kind, Kind::Unauthorized);
    assert_eq!(
        said.unwrap().words(),
        "401 expired_token: The access token has expired"
    );
    let body = r#"{"code":"unauthorized","message":"Unauthorized"}"#;
    let invalid = "Bearer realm=\"Service\", error=\"invalid_token\"";
    let both = from_api(401, body, &[("www-authenticate", invalid)]);
    assert_eq!(
        parts(&both).1.unwrap().words(),
        "401 unauthorized: Unauthorized (invalid_token)"
    );
    let bare = from_api(401, "", &[("www-authenticate", "Bearer realm=\"Service\"")]);
    assert_eq!(parts(&bare).1.unwrap().words(), "401 Unauthorized");
}

#[test]
fn odd_bodies_change_nothing_but_the_words() {
    let long = "x".repeat(10_000);
    for body in [
        "",
        "null",
        "[]",
        "{}",
        "\"text\"",
        "17",
        "{\"error\":17}",
        "{\"error\":null}",
        "{\"error\":[]}",
        "{\"code\":{},\"message\":[]}",
        "{\"context_info\":null}",
        "{\"context_info\":[]}",
        "{\"context_info\":{\"errors\":[null,1,{}]}}",
        "\u{feff}{}",
        "not JSON",
        "{\"error\":",
        &long,
    ] {
        for method in [Ccg, Jwt, OAuth2, DeveloperToken] {
            expect(
                &from_token(400, body, method),
                Kind::Unauthorized,
                "does not know",
                "[auth]",
            );
            expect(
                &from_token(502, body, method),
                Kind::Later,
                "inside Box",
                "",
            );
        }
        let trouble = from_api(403, body, &[]);
        expect(&trouble, Kind::Refused, "not allowed", "");
        let message = &parts(&trouble).1.unwrap().message;
        assert!(message.chars().count() <= 301, "{message}");
    }
    let nested = r#"{"error":{"code":"invalid_client","message":"no"}}"#;
    expect(
        &from_token(400, nested, Ccg),
        Kind::Unauthorized,
        "belong together",
        "",
    );
    let envelope = r#"{"code":"service_blocked","message":"no"}"#;
    expect(
        &from_token(403, envelope, Ccg),
        Kind::Unauthorized,
        "blocks",
        "",
    );
}

#[test]
fn what_box_adds_is_told_whatever_its_shape() {
    for (context, told) in [
        (json!("because"), "no (because)"),
        (
            json!({"errors": [{"reason": "invalid_parameter", "name": "parent", "message": "Bad id"}]}),
            "no (parent: Bad id)",
        ),
        (json!({"errors": [{"reason": "too_long"}]}), "no (too_long)"),
        (json!({"conflicts": []}), "no"),
        (json!(null), "no"),
    ] {
        let body = json!({"code": "bad_request", "message": "no", "context_info": context});
        let trouble = from_api(400, &body.to_string(), &[]);
        assert_eq!(parts(&trouble).1.unwrap().message, told);
    }
}

#[test]
fn a_page_is_described_and_a_proxys_refusal_is_no_reason_to_give_up() {
    let page = "<html><head><title>Blocked\x1b[31m</title></head><body>no</body></html>";
    for status in [400, 401, 403, 404, 407] {
        let Trouble::NoAnswer(told) = from_token(status, page, Ccg) else {
            panic!("{status}");
        };
        assert!(told.contains("proxy") && told.contains("Blocked"), "{told}");
        assert!(!told.contains('\x1b'), "{told}");
    }
    expect(&from_token(502, page, Ccg), Kind::Later, "inside Box", "");
    expect(&from_token(429, page, Ccg), Kind::Throttled, "", "");
    let trouble = from_api(403, page, &[]);
    expect(&trouble, Kind::Refused, "not allowed", "proxy");
    for status in [302, 307, 407, 511] {
        for trouble in [from_api(status, page, &[]), from_token(status, "", Ccg)] {
            let Trouble::NoAnswer(told) = trouble else {
                panic!("{status}");
            };
            assert!(told.contains("proxy"), "{told}");
        }
    }
}

#[test]
fn nothing_secret_and_nothing_that_harms_a_terminal_is_printed() {
    let canary = "c4n4ry-5ecret-9f2b";
    for body in [
        json!({"error": "invalid_client", "error_description": format!("bad secret {canary}\x1b]0;x\x07")}),
        json!({"error": canary, "error_description": canary}),
        json!({"error": "x", "error_description": format!("at https://h.test/t?client_secret={canary}")}),
        json!({"error": "x", "error_description": "y".repeat(299) + canary}),
        json!({"error": "x", "context_info": format!("assertion={canary}")}),
        json!(format!("client_secret={canary}")),
    ] {
        let trouble = from_token(400, &body.to_string(), Ccg);
        let (_, said) = parts(&trouble);
        let told = format!("{said:?} {}", said.unwrap());
        assert!(!told.contains(canary), "{told}");
        assert!(!said.unwrap().message.contains(char::is_control), "{told}");
    }
    let raw = format!("client_secret={canary}&grant_type=x");
    assert!(!format!("{:?}", from_token(400, &raw, Ccg)).contains(canary));
    let page = format!("<title>{canary}</title>");
    assert!(!format!("{:?}", from_token(403, &page, Ccg)).contains(canary));
}
