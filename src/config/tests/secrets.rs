//! Where a secret may come from, and which source wins.

use super::{GOOD, resolve_with};
use crate::config::Method;
use secrecy::ExposeSecret;

const INLINE: &str = "client_secret = \"s3cret\"\n";
const FILE: &str = "client_secret_file = \"secret\"\n";
const COMMAND: &str = "client_secret_command = \"echo from-command\"\n";
const HOME: (&str, &str) = ("HOME", "/home/anna");
const VARIABLE: (&str, &str) = ("BOXUP_CLIENT_SECRET", "from-env");
const CREDENTIALS: (&str, &str) = ("CREDENTIALS_DIRECTORY", "/run/creds");
const FILES: [(&str, &str); 2] = [
    ("/etc/boxup/secret", "from-file"),
    ("/run/creds/client_secret", "from-systemd"),
];

/// The secret that wins, or the key and remedy of the problem.
fn outcome(written: &str, env: &[(&str, &str)], files: &[(&str, &str)]) -> Result<String, String> {
    let source = GOOD.replace(INLINE, written);
    match resolve_with(&source, &[env, &[HOME]].concat(), files) {
        Ok(loaded) => match loaded.config.auth.method {
            Method::ClientCredentials {
                client_secret: secret,
                ..
            }
            | Method::DeveloperToken(secret) => Ok(secret.expose_secret().to_owned()),
            other => panic!("{other:?}"),
        },
        Err((problems, _)) => {
            assert_eq!(problems.len(), 1, "{problems:?}");
            Err(format!("{}: {}", problems[0].key, problems[0].what))
        }
    }
}

#[test]
fn the_environment_wins_then_the_file_then_systemd() {
    let all = [VARIABLE, CREDENTIALS];
    let check = |written: &str, env: &[(&str, &str)], expected: &str| {
        assert_eq!(outcome(written, env, &FILES).as_deref(), Ok(expected));
    };
    check(INLINE, &all, "from-env");
    check(FILE, &all, "from-env");
    check(COMMAND, &all, "from-env");
    check("", &all, "from-env");
    check(INLINE, &[CREDENTIALS], "s3cret");
    check(FILE, &[CREDENTIALS], "from-file");
    check(COMMAND, &[CREDENTIALS], "from-command");
    check("", &[CREDENTIALS], "from-systemd");
    check(INLINE, &[("BOXUP_CLIENT_SECRET", "")], "s3cret");
}

#[track_caller]
fn refused(written: &str, env: &[(&str, &str)], files: &[(&str, &str)], expected: &str) {
    let problem = outcome(written, env, files).unwrap_err();
    assert!(problem.contains(expected), "{problem}");
    assert!(!problem.contains("canary"), "{problem}");
}

#[test]
fn a_secret_that_is_named_twice_is_a_problem_whatever_wins() {
    for (written, expected) in [
        (
            [INLINE, FILE].concat(),
            "auth.client_secret_file: client_secret and client_secret_file are both set",
        ),
        (
            [INLINE, COMMAND].concat(),
            "auth.client_secret_command: client_secret and client_secret_command are both set",
        ),
        (
            [COMMAND, FILE].concat(),
            "client_secret_file and client_secret_command are both set",
        ),
        (
            [COMMAND, FILE, INLINE].concat(),
            "client_secret, client_secret_file and client_secret_command are all set",
        ),
    ] {
        refused(&written, &[], &FILES, expected);
        refused(&written, &[VARIABLE, CREDENTIALS], &FILES, expected);
    }
}

#[test]
fn a_secret_that_is_nowhere_is_a_problem() {
    let nowhere = "auth.client_secret: there is no client secret";
    refused("", &[], &FILES, nowhere);
    refused("", &[CREDENTIALS], &[], nowhere);
    let unread = "auth.client_secret_file: /etc/boxup/secret cannot be read";
    refused(FILE, &[CREDENTIALS], &[], unread);
    let failing = "client_secret_command = \"canary\"\n";
    let failed = "auth.client_secret_command: the command ended with exit code 1";
    refused(failing, &[CREDENTIALS], &FILES, failed);
}

#[test]
fn a_secret_that_cannot_be_sent_is_a_problem() {
    for (written, expected) in [
        ("client_secret = \"\"\n", "auth.client_secret: it is empty"),
        (
            "client_secret = \"can ary\"\n",
            "auth.client_secret: it holds a space",
        ),
        (
            "client_secret = \"canarý\"\n",
            "auth.client_secret: it holds a character",
        ),
        (
            "client_secret = 5\n",
            "auth.client_secret: this cannot be a whole number",
        ),
        (
            "client_secret_command = \" \"\n",
            "auth.client_secret_command: it is empty",
        ),
        (
            "client_secret_command = \"echo canary canary\"\n",
            "auth.client_secret_command: it holds a space",
        ),
    ] {
        refused(written, &[CREDENTIALS], &FILES, expected);
    }
    let spaced = [("BOXUP_CLIENT_SECRET", "canary\n")];
    refused("", &spaced, &[], "$BOXUP_CLIENT_SECRET: it holds");
    let two_lines = [("/etc/boxup/secret", "canary\ncanary")];
    refused(FILE, &[], &two_lines, "auth.client_secret_file: it holds");
}

#[test]
fn a_developer_token_has_the_same_rules() {
    let written = |method: &str| GOOD.replace("\"ccg\"", method);
    let with = |token: &str, env: &[(&str, &str)]| {
        let source = written(&format!("\"developer_token\"\n{token}"));
        let files = [
            ("/run/creds/developer_token", "from-systemd"),
            ("/etc/boxup/token", "from-file"),
        ];
        let loaded = resolve_with(&source, &[env, &[HOME]].concat(), &files);
        loaded.map(|loaded| match loaded.config.auth.method {
            Method::DeveloperToken(token) => token.expose_secret().to_owned(),
            _ => panic!("a developer token was asked for"),
        })
    };
    let inline = "developer_token = \"tok\"";
    assert_eq!(with(inline, &[]).unwrap(), "tok");
    let env = [("BOXUP_DEVELOPER_TOKEN", "env")];
    assert_eq!(with(inline, &env).unwrap(), "env");
    assert_eq!(with("", &[CREDENTIALS]).unwrap(), "from-systemd");
    let file = "developer_token_file = \"token\"";
    assert_eq!(with(file, &[CREDENTIALS]).unwrap(), "from-file");
    assert_eq!(with(file, &env).unwrap(), "env");
    let command = "developer_token_command = \"echo from-command\"";
    assert_eq!(with(command, &[CREDENTIALS]).unwrap(), "from-command");
    for both in [
        format!("{inline}\n{file}"),
        format!("{inline}\n{command}"),
        format!("{command}\n{file}"),
    ] {
        let (problems, _) = with(&both, &env).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].what.contains("are both set"), "{problems:?}");
    }
    let (problems, _) = with("", &[]).unwrap_err();
    assert_eq!(problems[0].key, "auth.developer_token");
    assert!(problems[0].remedy.contains("60 minutes"));
}

#[test]
fn one_user_can_be_the_subject() {
    let source = GOOD.replace("enterprise_id", "user_id");
    let loaded = resolve_with(&source, &[HOME], &[]).unwrap();
    let shown = format!("{:?}", loaded.config.auth);
    assert!(shown.contains("User(\"877840855\")"), "{shown}");
}

/// Another sign-in in the place of client credentials.
fn auth(lines: &str) -> String {
    let mirror = &GOOD[GOOD.find("[[mirror]]").unwrap()..];
    format!("[auth]\n{lines}\n{mirror}")
}

#[test]
fn a_person_signs_in_through_an_app() {
    let lines = "method = \"oauth2\"\nclient_id = \"app\"\nclient_secret = \"canary\"";
    let method = |more: &str| {
        let source = auth(&format!("{lines}\n{more}"));
        let loaded = resolve_with(&source, &[HOME], &[]);
        loaded.map(|loaded| loaded.config.auth.method)
    };
    for (more, expected) in [
        ("", "http://127.0.0.1:8459/callback"),
        (
            "redirect_uri = \"http://localhost:1\"",
            "http://localhost:1",
        ),
        (
            "redirect_uri = \"https://x.example/a\"",
            "https://x.example/a",
        ),
    ] {
        let Method::OAuth2 {
            client_id,
            client_secret,
            redirect_uri,
        } = method(more).unwrap()
        else {
            panic!("{more}");
        };
        assert_eq!(client_id, "app");
        assert_eq!(client_secret.expose_secret(), "canary");
        assert_eq!(redirect_uri.as_str(), expected);
    }
    let (problems, _) = method("redirect_uri = \"http://x.example:1/\"").unwrap_err();
    assert_eq!((problems.len(), problems[0].line), (1, Some(5)));
    assert_eq!(problems[0].key, "auth.redirect_uri");
}

#[test]
fn every_method_can_act_in_the_name_of_a_user() {
    let user = |source: &str| {
        let outcome = resolve_with(source, &[HOME], &[]);
        outcome.map(|loaded| loaded.config.auth.as_user)
    };
    assert_eq!(user(GOOD).unwrap(), None);
    let with = |id: &str| GOOD.replace("[[mirror]]", &format!("as_user = {id}\n[[mirror]]"));
    assert_eq!(user(&with("\"42\"")).unwrap().as_deref(), Some("42"));
    let token = auth("method = \"developer_token\"\ndeveloper_token = \"t\"\nas_user = \"42\"");
    assert_eq!(user(&token).unwrap().as_deref(), Some("42"));
    for wrong in ["\"me@example.com\"", "\"\"", "42"] {
        let (problems, _) = user(&with(wrong)).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].key, "auth.as_user");
    }
}

#[test]
fn keys_of_other_methods_are_told() {
    let all = [
        ("client_id", "\"id\""),
        ("client_secret", "\"canary\""),
        ("enterprise_id", "\"1\""),
        ("config_file", "\"app.json\""),
        ("algorithm", "\"RS512\""),
        ("redirect_uri", "\"http://127.0.0.1:1/\""),
        ("developer_token_command", "\"echo canary\""),
    ];
    for (method, mut used) in [
        ("ccg", vec!["client_id", "client_secret", "enterprise_id"]),
        ("oauth2", vec!["client_id", "client_secret", "redirect_uri"]),
        ("developer_token", vec!["developer_token_command"]),
    ] {
        let lines: Vec<String> = all.iter().map(|(k, v)| format!("{k} = {v}")).collect();
        let source = auth(&format!("method = \"{method}\"\n{}", lines.join("\n")));
        let warnings = resolve_with(&source, &[HOME], &[]).unwrap().warnings;
        let unused = format!("is not used with method = \"{method}\"");
        let about = |key: &str| warnings.contains(&format!("auth.{key} {unused}"));
        used.sort_unstable();
        let told: Vec<&str> = all
            .iter()
            .map(|(key, _)| *key)
            .filter(|k| !about(k))
            .collect();
        let mut told = told;
        told.sort_unstable();
        assert_eq!(told, used, "{warnings:?}");
        assert!(!format!("{warnings:?}").contains("canary"));
        let dies = warnings
            .iter()
            .any(|warning| warning.contains("60 minutes"));
        assert_eq!(dies, method == "developer_token", "{warnings:?}");
    }
}
