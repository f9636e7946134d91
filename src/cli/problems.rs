//! What `config check` and a failed start say about a configuration.
//!
//! Values in, text out, without colours: the same words for a terminal, a log and a test.

use crate::cli::exit;
use crate::cli::wording::{printable, printable_path};
use crate::config::{Auth, Config, ConfigError, Loaded, Method, Problem, Subject, Target};
use serde::Serialize;
use std::fmt::Write;
use std::path::Path;

/// Every mistake as a paragraph of its own, for a person.
pub(crate) fn text(error: &ConfigError) -> String {
    let mut out = String::new();
    for problem in &error.problems {
        paragraph(&mut out, error.file.as_deref(), problem);
    }
    warnings_text(&mut out, &error.warnings);
    match error.problems.len() {
        1 => out.push_str("1 problem\n"),
        count => line(&mut out, format_args!("{count} problems")),
    }
    out
}

/// Every mistake as a JSON object on a line of its own, then the summary.
pub(crate) fn json(error: &ConfigError) -> String {
    let mut out = String::new();
    for problem in &error.problems {
        json_line(
            &mut out,
            &ProblemLine {
                event: "problem",
                key: &problem.key,
                line: problem.line,
                what: &problem.what,
                remedy: &problem.remedy,
            },
        );
    }
    summary(&mut out, error.problems.len(), &error.warnings);
    out
}

/// What a configuration without mistakes says, for a person.
pub(crate) fn checked_text(loaded: &Loaded) -> String {
    let config = &loaded.config;
    let mut out = String::new();
    line(
        &mut out,
        format_args!("{} is right.\n", printable_path(&config.source)),
    );
    line(
        &mut out,
        format_args!("  sign-in  {}", printable(&sign_in(&config.auth))),
    );
    mirrors(&mut out, config);
    line(
        &mut out,
        format_args!("  state    {}", printable_path(&config.state_dir)),
    );
    endpoints(&mut out, config);
    network(&mut out, config);
    if !loaded.warnings.is_empty() {
        out.push('\n');
        warnings_text(&mut out, &loaded.warnings);
    }
    out
}

/// What a configuration without mistakes says, for a program.
pub(crate) fn checked_json(loaded: &Loaded) -> String {
    let mut out = String::new();
    summary(&mut out, 0, &loaded.warnings);
    out
}

fn paragraph(out: &mut String, file: Option<&Path>, problem: &Problem) {
    let mut place = file.map_or_else(String::new, printable_path);
    if let (Some(number), false) = (problem.line, place.is_empty()) {
        place = format!("{place}:{number}");
    }
    let key = if problem.key == "file" {
        ""
    } else {
        &problem.key
    };
    let head = [place.as_str(), key].join("  ");
    if !head.trim().is_empty() {
        line(out, format_args!("{}", head.trim()));
    }
    line(out, format_args!("  wrong:   {}", indented(&problem.what)));
    line(
        out,
        format_args!("  remedy:  {}\n", indented(&problem.remedy)),
    );
}

/// Further lines stand below the first one.
fn indented(text: &str) -> String {
    let lines: Vec<String> = text.trim_end().lines().map(printable).collect();
    lines.join("\n           ")
}

fn warnings_text(out: &mut String, warnings: &[String]) {
    for warning in warnings {
        line(out, format_args!("warning: {}\n", indented(warning)));
    }
}

fn sign_in(auth: &Auth) -> String {
    let way = match &auth.method {
        Method::ClientCredentials {
            client_id, subject, ..
        } => {
            let subject = subject_text(subject);
            format!("client credentials of app {client_id}, as {subject}")
        }
        Method::Jwt {
            client_id,
            key_id,
            algorithm,
            subject,
            ..
        } => {
            let (algorithm, subject) = (algorithm.name(), subject_text(subject));
            format!("key {key_id} ({algorithm}) of app {client_id}, as {subject}")
        }
        Method::OAuth2 {
            client_id,
            redirect_uri,
            ..
        } => {
            let how = match redirect_uri.is_loopback() {
                true => "",
                false => ", so login with --no-browser",
            };
            format!("a person, through app {client_id} (redirect to {redirect_uri}{how})")
        }
        Method::DeveloperToken(_) => "developer token (lives 60 minutes)".into(),
    };
    match &auth.as_user {
        Some(user) => format!("{way}; every call in the name of user {user}"),
        None => way,
    }
}

fn subject_text(subject: &Subject) -> String {
    match subject {
        Subject::Enterprise(id) => format!("the service account of enterprise {id}"),
        Subject::User(id) => format!("user {id}"),
    }
}

fn mirrors(out: &mut String, config: &Config) {
    let width = |mirror: &str| mirror.chars().count();
    let widest = config.mirrors.iter().map(|m| width(&m.name)).max();
    let widest = widest.unwrap_or_default();
    for (index, mirror) in config.mirrors.iter().enumerate() {
        let label = if index == 0 { "mirrors" } else { "" };
        let target = match &mirror.target {
            Target::Id(id) => format!("folder {id}"),
            Target::Path(names) => {
                let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
                format!("/{} (created where missing)", printable(&names.join("/")))
            }
        };
        let (name, local) = (&mirror.name, printable_path(&mirror.local));
        line(
            out,
            format_args!("  {label:7}  {name:widest$}  {local} → {target}"),
        );
    }
}

fn endpoints(out: &mut String, config: &Config) {
    let endpoints = &config.endpoints;
    if endpoints.are_default() {
        return;
    }
    line(out, format_args!("  Box      {} (api)", endpoints.api));
    for (endpoint, name) in [
        (Some(&endpoints.upload), "upload"),
        (Some(&endpoints.token), "token"),
        (endpoints.authorize.as_ref(), "authorize"),
        (Some(&endpoints.revoke), "revoke"),
    ] {
        if let Some(endpoint) = endpoint {
            line(out, format_args!("           {endpoint} ({name})"));
        }
    }
}

fn network(out: &mut String, config: &Config) {
    if let Some(proxy) = &config.network.proxy {
        line(out, format_args!("  proxy    {proxy}"));
    }
    if let Some(ca) = &config.network.ca {
        let file = printable_path(&ca.file);
        line(out, format_args!("  trusted  the system and {file}"));
    }
}

#[derive(Serialize)]
struct ProblemLine<'a> {
    event: &'static str,
    key: &'a str,
    line: Option<usize>,
    what: &'a str,
    remedy: &'a str,
}

#[derive(Serialize)]
struct WarningLine<'a> {
    event: &'static str,
    what: &'a str,
}

#[derive(Serialize)]
struct SummaryLine {
    event: &'static str,
    problems: usize,
    warnings: usize,
    exit_code: u8,
}

fn summary(out: &mut String, problems: usize, warnings: &[String]) {
    for warning in warnings {
        let event = "warning";
        json_line(
            out,
            &WarningLine {
                event,
                what: warning,
            },
        );
    }
    json_line(
        out,
        &SummaryLine {
            event: "summary",
            problems,
            warnings: warnings.len(),
            exit_code: match problems {
                0 => exit::OK,
                _ => exit::CONFIG,
            },
        },
    );
}

fn json_line(out: &mut String, value: &impl Serialize) {
    // Texts, numbers and nothing else: these structs always have a JSON form.
    let text = serde_json::to_string(value).unwrap_or_default();
    line(out, format_args!("{text}"));
}

/// Appends a line; writing to a String cannot fail.
fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use super::{checked_json, checked_text, json, sign_in, text};
    use crate::config::{self, Auth, ConfigError, Environment, Loaded, Method, Problem, Subject};
    use secrecy::SecretString;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    fn error() -> ConfigError {
        let problem = |key: &str, line| Problem {
            key: key.into(),
            line,
            what: "it is \"wrong\"".into(),
            remedy: "mend it".into(),
        };
        ConfigError {
            file: Some("/etc/boxup/sync.toml".into()),
            problems: vec![problem("auth.client_id", Some(3)), problem("file", None)],
            warnings: vec!["look here".into()],
        }
    }

    #[test]
    fn a_person_reads_one_paragraph_for_each_problem() {
        let expected = "\
/etc/boxup/sync.toml:3  auth.client_id
  wrong:   it is \"wrong\"
  remedy:  mend it

/etc/boxup/sync.toml
  wrong:   it is \"wrong\"
  remedy:  mend it

warning: look here

2 problems
";
        assert_eq!(text(&error()), expected);
    }

    #[test]
    fn a_program_reads_one_object_for_each_problem() {
        let expected = r#"{"event":"problem","key":"auth.client_id","line":3,"what":"it is \"wrong\"","remedy":"mend it"}
{"event":"problem","key":"file","line":null,"what":"it is \"wrong\"","remedy":"mend it"}
{"event":"warning","what":"look here"}
{"event":"summary","problems":2,"warnings":1,"exit_code":78}
"#;
        assert_eq!(json(&error()), expected);
    }

    fn load(source: &str) -> Loaded {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sync.toml");
        fs::write(&path, source).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let env = Environment::from_iter([("HOME", "/home/anna")]);
        let mut loaded = config::load(&path, &env).unwrap();
        loaded.config.source = Path::new("/etc/boxup/sync.toml").into();
        loaded
    }

    #[test]
    fn what_is_right_is_told_in_words() {
        let source = include_str!("../../sync.example.toml").replace(
            "# One [[mirror]] for",
            "[[mirror]]\nlocal = \"/srv/in\"\nfolder_path = \"/Archive/In\"\n#",
        );
        let expected = "\
/etc/boxup/sync.toml is right.

  sign-in  client credentials of app PASTE-THE-CLIENT-ID-HERE, as the service account of enterprise 877840855
  mirrors  in       /srv/in → /Archive/In (created where missing)
           reports  /srv/reports → folder 123456789
  state    /home/anna/.local/state/boxup
";
        let loaded = load(&source);
        assert_eq!(checked_text(&loaded), expected);
        assert_eq!(
            checked_json(&loaded),
            "{\"event\":\"summary\",\"problems\":0,\"warnings\":0,\"exit_code\":0}\n"
        );
    }

    #[test]
    fn other_endpoints_and_warnings_are_told() {
        let source = include_str!("../../sync.example.toml")
            .replace("https://api.box.com/2.0", "http://127.0.0.1:1/2.0")
            .replace("= 240", "= 9999");
        let told = checked_text(&load(&source));
        assert!(
            told.contains("  Box      http://127.0.0.1:1/2.0 (api)\n"),
            "{told}"
        );
        assert!(told.contains("\n\nwarning: [limits] is above"), "{told}");
    }

    #[test]
    fn the_way_to_box_is_told_without_its_password() {
        let source = include_str!("../../sync.example.toml");
        let line = "[network]\nproxy = \"http://me:canary@proxy:3128\"\n";
        let source = source.replace("[network]\n", line);
        let told = checked_text(&load(&source));
        assert!(told.contains("\n  proxy    http://proxy:3128\n"), "{told}");
        assert!(!told.contains("canary"), "{told}");
    }

    #[test]
    fn every_sign_in_is_told_without_its_secrets() {
        let client_id = || "app-1".to_owned();
        let client_secret = || SecretString::from("canary");
        let subject = Subject::User("7".into());
        let uri =
            "client_id = \"i\"\nclient_secret = \"canary\"\nredirect_uri = \"http://localhost:1\"";
        let source = format!(
            "[auth]\nmethod = \"oauth2\"\n{uri}\n[[mirror]]\nlocal = \"/a\"\nfolder_id = \"1\""
        );
        let told = sign_in(&load(&source).config.auth);
        assert_eq!(
            told,
            "a person, through app i (redirect to http://localhost:1)"
        );
        for (method, as_user, expected) in [
            (
                Method::ClientCredentials {
                    client_id: client_id(),
                    client_secret: client_secret(),
                    subject,
                },
                Some("42"),
                "client credentials of app app-1, as user 7; every call in the name of user 42",
            ),
            (
                Method::DeveloperToken(client_secret()),
                None,
                "developer token (lives 60 minutes)",
            ),
        ] {
            let as_user = as_user.map(str::to_owned);
            assert_eq!(sign_in(&Auth { method, as_user }), expected);
        }
    }
}
