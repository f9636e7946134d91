//! Where a secret may come from, and which source wins.

use super::{GOOD, resolve_with};
use crate::config::Method;
use secrecy::ExposeSecret;

const INLINE: &str = "client_secret = \"s3cret\"\n";
const FILE: &str = "client_secret_file = \"secret\"\n";
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
    check("", &all, "from-env");
    check(INLINE, &[CREDENTIALS], "s3cret");
    check(FILE, &[CREDENTIALS], "from-file");
    check("", &[CREDENTIALS], "from-systemd");
    check(INLINE, &[("BOXUP_CLIENT_SECRET", "")], "s3cret");
}

#[test]
fn a_secret_that_is_nowhere_or_twice_is_a_problem() {
    let check = |written: &str, env: &[(&str, &str)], files: &[(&str, &str)], expected: &str| {
        let problem = outcome(written, env, files).unwrap_err();
        assert!(problem.contains(expected), "{problem}");
        assert!(!problem.contains("canary"), "{problem}");
    };
    let both = format!("{INLINE}{FILE}");
    check(
        &both,
        &[],
        &FILES,
        "auth.client_secret_file: client_secret and client_secret_file are both",
    );
    check(&both, &[VARIABLE], &FILES, "both");
    check(
        "",
        &[],
        &FILES,
        "auth.client_secret: there is no client secret",
    );
    check(
        "",
        &[CREDENTIALS],
        &[],
        "auth.client_secret: there is no client secret",
    );
    check(
        FILE,
        &[CREDENTIALS],
        &[],
        "auth.client_secret_file: /etc/boxup/secret cannot be read",
    );
    check(
        "client_secret = \"\"\n",
        &[],
        &[],
        "auth.client_secret: it is empty",
    );
    check("client_secret = \"can ary\"\n", &[], &[], "space");
    let spaced = [("BOXUP_CLIENT_SECRET", "canary\n")];
    check("", &spaced, &[], "$BOXUP_CLIENT_SECRET: it holds");
    let two_lines = [("/etc/boxup/secret", "canary\ncanary")];
    check(FILE, &[], &two_lines, "auth.client_secret_file: it holds");
    check(
        "client_secret = 5\n",
        &[],
        &[],
        "auth.client_secret: this cannot be a whole number",
    );
}

#[test]
fn a_developer_token_has_the_same_rules() {
    let written = |method: &str| GOOD.replace("\"ccg\"", method);
    let with = |token: &str, env: &[(&str, &str)]| {
        let source = written(&format!("\"developer_token\"\n{token}"));
        let files = [("/run/creds/developer_token", "from-systemd")];
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
