//! The JSON of an app with a key: where it comes from, whom it names, what is wrong in it.

use super::keys::{PASSPHRASE, PLAIN, encrypted};
use super::{HOME, Outcome, resolve_with};
use crate::config::{Algorithm, Method, Subject};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::sync::LazyLock;

const CONFIG: &str = r#"[auth]
method = "jwt"
config_file = "app.json"

[[mirror]]
local = "/srv/reports"
folder_id = "123456789"
"#;

const FILE: &str = "config_file = \"app.json\"\n";

static KEY: LazyLock<String> = LazyLock::new(|| encrypted("-v2 des3 -v2prf hmacWithSHA1"));

/// As Box hands it out.
fn app() -> Value {
    json!({
        "boxAppSettings": {
            "clientID": "the-client",
            "clientSecret": "canary-secret",
            "appAuth": {
                "publicKeyID": "abcd1234",
                "privateKey": KEY.as_str(),
                "passphrase": PASSPHRASE,
            },
        },
        "enterpriseID": "1234567",
    })
}

fn with(source: &str, json: &str) -> Outcome {
    resolve_with(source, &HOME, &[("/etc/boxup/app.json", json)])
}

#[track_caller]
fn method(source: &str, json: &Value) -> Method {
    with(source, &json.to_string()).unwrap().config.auth.method
}

/// The only problem, in a line of its own.
#[track_caller]
fn problem(outcome: Outcome) -> String {
    let (problems, _) = outcome.unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    let problem = &problems[0];
    let told = format!("{}: {}; {}", problem.key, problem.what, problem.remedy);
    assert!(!told.contains("canary"), "{told}");
    told
}

#[test]
fn the_file_says_it_all() {
    let method = method(CONFIG, &app());
    assert!(!format!("{method:?}").contains("canary"));
    let Method::Jwt {
        client_id,
        client_secret,
        key_id,
        key,
        algorithm,
        subject,
    } = method
    else {
        panic!("{method:?}");
    };
    let told = (
        client_id.as_str(),
        client_secret.expose_secret(),
        key_id.as_str(),
    );
    assert_eq!(told, ("the-client", "canary-secret", "abcd1234"));
    assert!(key.pkcs8_der().len() > 1000);
    assert_eq!(algorithm, Algorithm::Rs256);
    assert_eq!(subject, Subject::Enterprise("1234567".into()));
}

#[test]
fn what_is_configured_wins_over_the_file() {
    let both = {
        let mut app = app();
        app["userID"] = json!("77");
        app
    };
    let user_only = {
        let mut app = both.clone();
        app["enterpriseID"] = Value::Null;
        app
    };
    let enterprise = |id: &str| Subject::Enterprise(id.into());
    let user = |id: &str| Subject::User(id.into());
    for (more, app, expected) in [
        ("", &app(), enterprise("1234567")),
        ("", &both, enterprise("1234567")),
        ("", &user_only, user("77")),
        ("user_id = \"5\"", &both, user("5")),
        ("user_id = \"5\"", &app(), user("5")),
        ("enterprise_id = \"6\"", &both, enterprise("6")),
        ("enterprise_id = \"6\"", &user_only, enterprise("6")),
    ] {
        let source = CONFIG.replace(FILE, &format!("{FILE}{more}\n"));
        let Method::Jwt { subject, .. } = method(&source, app) else {
            panic!("{source}");
        };
        assert_eq!(subject, expected, "{more}");
    }
    let source = CONFIG.replace(
        FILE,
        &format!("{FILE}enterprise_id = \"1\"\nuser_id = \"2\"\n"),
    );
    assert!(problem(with(&source, &app().to_string())).contains("both set"));
    for (written, expected) in [
        ("RS256", Algorithm::Rs256),
        ("RS384", Algorithm::Rs384),
        ("RS512", Algorithm::Rs512),
    ] {
        let source = CONFIG.replace(FILE, &format!("{FILE}algorithm = \"{written}\"\n"));
        let Method::Jwt { algorithm, .. } = method(&source, &app()) else {
            panic!("{source}");
        };
        assert_eq!((algorithm, algorithm.name()), (expected, written));
    }
    let source = CONFIG.replace(FILE, &format!("{FILE}algorithm = \"ES256\"\n"));
    assert!(problem(with(&source, &app().to_string())).contains("did you mean \"RS256\"?"));
}

#[test]
fn the_file_may_come_from_four_places() {
    let json = |client: &str| {
        let mut app = app();
        app["boxAppSettings"]["clientID"] = json!(client);
        app.to_string()
    };
    let (env, command) = (json("env"), format!("echo {}", json("command")));
    let command = format!("config_command = {}\n", toml::Value::String(command));
    let (file, systemd) = (json("file"), json("systemd"));
    let files = [
        ("/etc/boxup/app.json", file.as_str()),
        ("/run/creds/config_file", systemd.as_str()),
    ];
    let variable = ("BOXUP_JWT_CONFIG", env.as_str());
    let credentials = ("CREDENTIALS_DIRECTORY", "/run/creds");
    for (written, env, expected) in [
        (FILE, &[HOME[0], variable, credentials][..], "env"),
        (&command, &[HOME[0], variable, credentials], "env"),
        ("", &[HOME[0], variable, credentials], "env"),
        (FILE, &[HOME[0], credentials], "file"),
        (&command, &[HOME[0], credentials], "command"),
        ("", &[HOME[0], credentials], "systemd"),
    ] {
        let source = CONFIG.replace(FILE, written);
        let loaded = resolve_with(&source, env, &files).unwrap();
        let Method::Jwt { client_id, .. } = loaded.config.auth.method else {
            panic!("{written}");
        };
        assert_eq!(client_id, expected, "{written}");
    }
    let both = CONFIG.replace(FILE, &format!("{FILE}{command}"));
    let told = problem(resolve_with(&both, &HOME, &files));
    let expected = "auth.config_command: config_file and config_command are both set";
    assert!(told.starts_with(expected), "{told}");
    let told = problem(resolve_with(&CONFIG.replace(FILE, ""), &HOME, &[]));
    assert!(
        told.starts_with("auth.config_file: there is no file with"),
        "{told}"
    );
    let told = problem(with(&CONFIG.replace("app.json", "other.json"), ""));
    assert!(
        told.contains("/etc/boxup/other.json cannot be read"),
        "{told}"
    );
    let env = [HOME[0], ("BOXUP_JWT_CONFIG", "{")];
    let told = problem(resolve_with(CONFIG, &env, &[]));
    assert!(
        told.starts_with("$BOXUP_JWT_CONFIG: this is no JSON"),
        "{told}"
    );
}

#[test]
fn what_is_no_json_of_boxs_says_so() {
    let pretty = serde_json::to_string_pretty(&app()).unwrap();
    let real_breaks = app().to_string().replace("\\n", "\n");
    let cut = &pretty[..pretty.len() - 20];
    for (text, what) in [
        ("", "it is empty"),
        ("\n", "it is empty"),
        (&KEY, "this is the key alone"),
        ("canary", "this is no JSON (line 1, column 1)"),
        (
            "{\n  \"a\": canary\n}",
            "this is no JSON (line 2, column 8)",
        ),
        (cut, "it breaks off (line"),
        (
            &real_breaks,
            "a line break or another control character (line 1",
        ),
        ("[]", "there is no boxAppSettings"),
        ("3", "there is no boxAppSettings"),
        (
            "{\"boxAppSettings\": \"canary\"}",
            "there is no boxAppSettings",
        ),
    ] {
        let told = problem(with(CONFIG, text));
        assert!(
            told.starts_with("auth.config_file: ") && told.contains(what),
            "{told}"
        );
    }
    let marked = format!("\u{feff}{pretty}");
    assert!(with(CONFIG, &marked).is_ok());
}

/// The app's file with one value changed, or taken away by `null` of a key's parent.
fn changed(path: &str, value: Option<Value>) -> String {
    let mut app = app();
    let (parent, key) = path.rsplit_once('/').unwrap();
    let parent = app.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => parent.insert(key.to_owned(), value),
        None => parent.remove(key),
    };
    app.to_string()
}

#[track_caller]
fn wrong(path: &str, value: Option<Value>, what: &str, remedy: &str) {
    let told = problem(with(CONFIG, &changed(path, value)));
    assert!(told.contains(what), "{path}: {told}");
    assert!(told.contains(remedy), "{path}: {told}");
}

fn text(text: &str) -> Option<Value> {
    Some(json!(text))
}

const NULL: Option<Value> = Some(Value::Null);

#[test]
fn the_apps_credentials_must_be_in_it() {
    let remedy = "OAuth 2.0 Credentials";
    let (id, secret) = ("/boxAppSettings/clientID", "/boxAppSettings/clientSecret");
    wrong(id, None, "boxAppSettings.clientID is missing", remedy);
    wrong(id, text(""), "boxAppSettings.clientID is empty", remedy);
    wrong(id, Some(json!(3)), "clientID is no text", remedy);
    wrong(secret, None, "clientSecret is missing", remedy);
    wrong(secret, NULL, "clientSecret is empty", remedy);
    wrong(
        secret,
        text("canary canary"),
        "clientSecret: it holds",
        remedy,
    );
}

#[test]
fn the_key_must_be_in_it_with_its_id() {
    let auth = "/boxAppSettings/appAuth";
    wrong(auth, None, "app without a key", "method = \"ccg\"");
    wrong(auth, NULL, "app without a key", "method = \"ccg\"");
    let id = "/boxAppSettings/appAuth/publicKeyID";
    wrong(id, None, "appAuth.publicKeyID is missing", "copy the ID");
    wrong(id, text(" "), "publicKeyID is empty", "copy the ID");
    let key = "/boxAppSettings/appAuth/privateKey";
    let pair = "press Generate a Public/Private Keypair";
    wrong(key, None, "appAuth.privateKey is missing", pair);
    wrong(key, NULL, "the app has no keypair yet", pair);
    wrong(key, text(""), "the app has no keypair yet", pair);
    wrong(
        key,
        text("canary"),
        "privateKey: it is no PEM text",
        "copy it",
    );
}

#[test]
fn the_passphrase_must_fit_the_key() {
    let path = "/boxAppSettings/appAuth/passphrase";
    for none in [None, NULL, text("")] {
        wrong(path, none, "there is no passphrase", "appAuth.passphrase");
    }
    wrong(path, text("canary"), "the passphrase is wrong", "keypair");
}

#[test]
fn somebody_to_act_as_must_be_in_it() {
    for none in [None, NULL, text("")] {
        wrong(
            "/enterpriseID",
            none,
            "neither enterpriseID nor userID",
            "set enterprise_id",
        );
    }
    wrong(
        "/enterpriseID",
        text("canary"),
        "enterpriseID is no ID",
        "unchanged",
    );
    wrong(
        "/userID",
        Some(json!(["canary"])),
        "userID is no ID",
        "unchanged",
    );
}

#[test]
fn small_differences_do_no_harm() {
    let number = changed("/enterpriseID", Some(json!(1_234_567)));
    let plain = changed(
        "/boxAppSettings/appAuth/privateKey",
        Some(json!(PLAIN.as_str())),
    );
    let twice = KEY.replace('\n', "\\n");
    let twice = changed("/boxAppSettings/appAuth/privateKey", Some(json!(twice)));
    for json in [number, plain, twice] {
        let loaded = with(CONFIG, &json).unwrap();
        let Method::Jwt { subject, .. } = loaded.config.auth.method else {
            panic!("{json}");
        };
        assert_eq!(subject, Subject::Enterprise("1234567".into()));
    }
}

#[test]
fn all_mistakes_in_it_come_at_once() {
    let json = json!({
        "boxAppSettings": { "appAuth": { "privateKey": "canary", "passphrase": "canary" } },
        "enterpriseID": "canary",
    });
    let (problems, _) = with(CONFIG, &json.to_string()).unwrap_err();
    let told: Vec<&str> = problems
        .iter()
        .map(|problem| problem.what.as_str())
        .collect();
    assert_eq!(told.len(), 5, "{told:#?}");
    assert!(!format!("{problems:?}").contains("canary"));
}
