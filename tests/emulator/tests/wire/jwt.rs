//! The JWT grant: header, key, signature, claims, subject, clock.

use box_emulator::{AccessLevel, App, BoxEmulator, Builder};
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::keys::Key;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const AUDIENCE: &str = "https://api.box.com/oauth2/token";
const NO_USER: &str = "Cannot obtain user token based on the enterprise configuration for your app";

const LATE: &str =
    "Current date/time MUST be before the expiration date/time listed in the 'exp' claim";
const FAR: &str = "Please check the 'exp' claim. The 'exp' value exceeds the maximum value of 60 seconds beyond the issue time.";
const EARLY: &str = "Current date/time MUST be after or equal to the not-before date/time listed in the 'nbf' or 'iat' claim";

fn builder() -> Builder {
    BoxEmulator::builder()
        .app(App::Jwt)
        .public_key("own", &Key::own().public)
}

fn start() -> Client {
    Client::bare(builder().start().unwrap())
}

/// The time by the emulator's clock.
fn now(client: &Client) -> i64 {
    client.form("").date()
}

fn header() -> Value {
    json!({"alg": "RS256", "typ": "JWT", "kid": "own"})
}

/// Good claims with a `jti` of their own.
fn claims(client: &Client) -> Value {
    json!({
        "iss": "emulated-client",
        "sub": "877840855",
        "box_sub_type": "enterprise",
        "aud": AUDIENCE,
        "jti": format!("a name of its own {}", client.emulator.total_requests()),
        "exp": now(client) + 45,
    })
}

fn assert(client: &Client, assertion: &str) -> Answer {
    client.ask(&[("grant_type", GRANT), ("assertion", assertion)])
}

/// Good claims, some of them replaced; `null` leaves one out.
fn with(client: &Client, header: &Value, changes: &Value) -> Answer {
    let mut all = claims(client);
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(all.as_object_mut().unwrap().remove(name)),
            value => all[name] = value.clone(),
        }
    }
    assert(client, &Key::own().sign(header, &all))
}

#[test]
fn all_three_algorithms_and_both_forms_of_a_key_are_good() {
    let client = start();
    let answer = with(&client, &header(), &json!({}));
    let token = answer.ok(200);
    assert_eq!(token["restricted_to"], json!([]));
    assert_eq!(token["expires_in"], 4123);
    assert!(token.get("refresh_token").is_none());
    assert_eq!(client.me(&answer.access_token()), 200);
    client
        .emulator
        .add_public_key("pkcs1", &Key::own().public_pkcs1);
    for alg in ["RS256", "RS384", "RS512"] {
        let header = json!({"alg": alg, "typ": "JWT", "kid": "pkcs1"});
        with(&client, &header, &json!({})).access_token();
    }
}

#[test]
fn bad_headers() {
    let client = start();
    let kid = "'kid' invalid, unable to lookup correct key";
    for (header, text) in [
        (
            json!({"alg": "HS256", "typ": "JWT", "kid": "own"}),
            "Please check the 'alg' header.",
        ),
        (
            json!({"alg": "none", "typ": "JWT", "kid": "own"}),
            "Please check the 'alg' header.",
        ),
        (
            json!({"typ": "JWT", "kid": "own"}),
            "Please check the 'alg' header.",
        ),
        (
            json!({"alg": "RS256", "kid": "own"}),
            "Please check the 'typ' header.",
        ),
        (json!({"alg": "RS256", "typ": "JWT", "kid": "old"}), kid),
    ] {
        with(&client, &header, &json!({})).denied(400, "invalid_grant", text);
    }
    let text = "The assertion is not a valid JWT";
    for garbage in ["x", "x.y", "x.y.z", "e30.e30"] {
        assert(&client, garbage).denied(400, "invalid_grant", text);
    }
    let missing = "Invalid grant_type parameter or parameter missing";
    client
        .ask(&[("grant_type", GRANT)])
        .denied(400, "invalid_request", missing);
}

#[test]
fn keys_come_and_go() {
    let client = start();
    let bare = json!({"alg": "RS256", "typ": "JWT"});
    with(&client, &bare, &json!({})).access_token();
    client
        .emulator
        .add_public_key("other", &Key::other().public);
    let kid = "'kid' invalid, unable to lookup correct key";
    with(&client, &bare, &json!({})).denied(400, "invalid_grant", kid);
    let other = json!({"alg": "RS256", "typ": "JWT", "kid": "other"});
    let signature = "Signature verification error. The public key identified by 'kid' must correspond to the private key used for signing.";
    with(&client, &other, &json!({})).denied(400, "invalid_grant", signature);
    assert!(client.emulator.remove_public_key("own"));
    assert!(!client.emulator.remove_public_key("own"));
    with(&client, &header(), &json!({})).denied(400, "invalid_grant", kid);
}

#[test]
fn what_was_signed_cannot_be_changed() {
    let client = start();
    let good = Key::own().sign(&header(), &claims(&client));
    let other = Key::own().sign(&header(), &json!({"iss": "emulated-client"}));
    let (head, _) = good.split_once('.').unwrap();
    let (_, signature) = good.rsplit_once('.').unwrap();
    let claims = other.split('.').nth(1).unwrap();
    assert_eq!(
        assert(&client, &format!("{head}.{claims}.{signature}")).status,
        400
    );
    assert(&client, &good).access_token();
}

#[test]
fn bad_names_and_subjects() {
    let client = start();
    let sub = "Please check the 'sub' claim. The 'sub' specified is invalid.";
    let aud = "Please check the 'aud' claim.";
    let array = "Please check the 'aud' claim. Should be a string";
    let kind = "Please check the 'box_sub_type' claim.";
    let iss = "Please check the 'iss' claim.";
    let jti = "Please check the 'jti' claim.";
    for (changes, text) in [
        (json!({"iss": "somebody"}), iss),
        (json!({"iss": null}), iss),
        (json!({"aud": [AUDIENCE]}), array),
        (json!({"aud": "https://api.box.com/oauth2/token/"}), aud),
        (json!({"aud": null}), aud),
        (json!({"sub": 877_840_855}), sub),
        (json!({"sub": "1"}), sub),
        (json!({"sub": "1", "box_sub_type": "user"}), sub),
        (json!({"box_sub_type": "group"}), kind),
        (json!({"box_sub_type": null}), kind),
        (json!({"jti": null}), jti),
        (json!({"jti": "fifteen letters"}), jti),
        (json!({"jti": "x".repeat(129)}), jti),
    ] {
        with(&client, &header(), &changes).denied(400, "invalid_grant", text);
    }
    for jti in ["y".repeat(128), "sixteen letters!".to_owned()] {
        with(&client, &header(), &json!({"jti": jti})).access_token();
    }
}

#[test]
fn bad_times() {
    let client = start();
    let now = now(&client);
    let integer = "Please check the 'exp' claim. Should be an integer";
    let iat = "Please check the 'iat' claim. Should be an integer";
    let nbf = "Please check the 'nbf' claim. Should be an integer";
    for (changes, text) in [
        (json!({"exp": null}), "Please check the 'exp' claim."),
        (json!({"exp": format!("{}", now + 30)}), integer),
        (json!({"exp": 1.5}), integer),
        (json!({"exp": now}), LATE),
        (json!({"exp": now - 100}), LATE),
        (json!({"exp": now + 100}), FAR),
        (json!({"iat": now + 30}), EARLY),
        (json!({"nbf": now + 30}), EARLY),
        (json!({"iat": "now"}), iat),
        (json!({"nbf": 0.5}), nbf),
    ] {
        with(&client, &header(), &changes).denied(400, "invalid_grant", text);
    }
    let past = json!({"iat": now, "nbf": now - 5});
    with(&client, &header(), &past).access_token();
}

#[test]
fn slashes_are_escaped_as_box_writes_them() {
    let client = start();
    let late = with(&client, &header(), &json!({"exp": 1}));
    let text = String::from_utf8(late.body).unwrap();
    assert!(
        text.contains("Current date\\/time MUST be before"),
        "{text}"
    );
}

#[test]
fn an_assertion_works_once() {
    let client = start();
    let text = "Please check the 'jti' claim. A unique 'jti' value is required.";
    let assertion = Key::own().sign(&header(), &claims(&client));
    assert(&client, &assertion).access_token();
    assert(&client, &assertion).denied(400, "invalid_grant", text);
    assert_eq!(client.emulator.grants(GRANT), 2);
    assert_eq!(client.emulator.granted(GRANT), 1);
}

#[test]
fn boxs_clock_decides_and_the_date_header_tells_it() {
    let client = start();
    let here = now(&client);
    client.emulator.set_clock_skew(-600);
    let there = client.form("").date();
    assert!((here - 601..=here - 595).contains(&there));
    let unread = client.raw("GET", "/2.0/users/me", "", b"").unwrap();
    assert!((there..there + 10).contains(&unread.date()));
    with(&client, &header(), &json!({"exp": here + 45})).denied(400, "invalid_grant", FAR);
    with(&client, &header(), &json!({"exp": there + 45})).access_token();
    client.emulator.set_clock_skew(600);
    with(&client, &header(), &json!({"exp": here + 45})).denied(400, "invalid_grant", LATE);
}

#[test]
fn subjects_of_a_jwt_app() {
    let client = start();
    let colleague = client.emulator.colleague_id();
    let service = client.emulator.service_account_id();
    let user = |id: &str| {
        with(
            &client,
            &header(),
            &json!({"sub": id, "box_sub_type": "user"}),
        )
    };
    user(&colleague).access_token();
    user(&service).denied(400, "invalid_request", NO_USER);
    client.emulator.set_user_tokens(false);
    user(&colleague).denied(400, "invalid_request", NO_USER);
    client.emulator.set_user_tokens(true);
    client.emulator.set_access_level(AccessLevel::AppOnly);
    user(&colleague).access_token();
    client.emulator.reauthorize_app();
    user(&colleague).denied(400, "invalid_request", NO_USER);
    with(&client, &header(), &json!({})).access_token();
}

#[test]
fn the_client_comes_first() {
    let client = start();
    let assertion = Key::own().sign(&header(), &claims(&client));
    let form = format!(
        "grant_type={GRANT}&client_id=emulated-client&client_secret=no&assertion={assertion}"
    );
    let text = "The client credentials are invalid";
    client.form(&form).denied(400, "invalid_client", text);
    assert(&client, &assertion).access_token();
}

#[test]
fn only_rsa_public_keys_are_registered() {
    for bad in [
        "",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        &Key::own().public.replace("PUBLIC", "PRIVATE"),
    ] {
        let refused = BoxEmulator::builder().public_key("own", bad).start();
        assert_eq!(
            refused.err().map(|error| error.kind()),
            Some(std::io::ErrorKind::InvalidInput)
        );
    }
}

#[test]
fn the_console_hands_out_its_file() {
    let client = start();
    let file = client
        .emulator
        .jwt_config("own", "-----BEGIN\nx\n", Some("p\"w"));
    assert_eq!(
        file,
        "{\n  \"boxAppSettings\": {\n    \"clientID\": \"emulated-client\",\n    \
         \"clientSecret\": \"emulated-secret\",\n    \"appAuth\": {\n      \
         \"publicKeyID\": \"own\",\n      \"privateKey\": \"-----BEGIN\\nx\\n\",\n      \
         \"passphrase\": \"p\\\"w\"\n    }\n  },\n  \"enterpriseID\": \"877840855\"\n}\n"
    );
    let bare: Value = serde_json::from_str(&client.emulator.jwt_config("k", "pem", None)).unwrap();
    assert_eq!(
        bare["boxAppSettings"]["appAuth"],
        json!({"publicKeyID": "k", "privateKey": "pem"})
    );
}
