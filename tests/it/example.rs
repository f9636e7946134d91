//! sync.example.toml: every key in it is right, also those that are commented out.

use crate::rig::tls::Authority;
use crate::rig::{Child, Finished, Rig, each, script};
use std::collections::BTreeMap;

const EXAMPLE: &str = include_str!("../../sync.example.toml");

/// A key that is commented out.
#[derive(Clone, Debug)]
struct Commented {
    /// Where it is, counted from 1.
    line: usize,
    section: String,
    key: String,
    /// The line as it counts.
    text: String,
}

/// Which other keys a key takes the place of, and which it goes with. The method of signing
/// in is the example's, `ccg`, if there is none of its own.
struct Terms {
    key: &'static str,
    method: &'static str,
    without: &'static [&'static str],
    with: &'static [&'static str],
}

const APP: &[&str] = &["client_id", "client_secret", "enterprise_id"];

const TERMS: [Terms; 12] = [
    of("client_secret_file", "ccg", &["client_secret"], &[]),
    of("client_secret_command", "ccg", &["client_secret"], &[]),
    of("user_id", "ccg", &["enterprise_id"], &[]),
    of("config_file", "jwt", APP, &[]),
    of("config_command", "jwt", APP, &[]),
    of("algorithm", "jwt", APP, &["config_file"]),
    of("redirect_uri", "oauth2", &["enterprise_id"], &[]),
    of("developer_token", "developer_token", APP, &[]),
    of("developer_token_file", "developer_token", APP, &[]),
    of("developer_token_command", "developer_token", APP, &[]),
    of("folder_path", "ccg", &["folder_id"], &[]),
    of("hosts", "ccg", &[], &["listen"]),
];

const fn of(
    key: &'static str,
    method: &'static str,
    without: &'static [&'static str],
    with: &'static [&'static str],
) -> Terms {
    Terms {
        key,
        method,
        without,
        with,
    }
}

/// The key of a line, if it is one.
fn key(line: &str) -> Option<&str> {
    let (key, _) = line.split_once(" = ")?;
    let is_key = key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    (is_key && !key.is_empty()).then_some(key)
}

fn commented() -> Vec<Commented> {
    let mut section = String::new();
    let mut found = Vec::new();
    for (index, line) in EXAMPLE.lines().enumerate() {
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']).to_owned();
        }
        let inner = line.strip_prefix('#').map(str::trim_start);
        if let Some((inner, key)) = inner.and_then(|inner| Some((inner, key(inner)?))) {
            found.push(Commented {
                line: index + 1,
                section: section.clone(),
                key: key.to_owned(),
                text: inner.to_owned(),
            });
        }
    }
    assert!(found.len() > 40, "{found:?}");
    found
}

/// The example by this method, without these keys, and with these lines: each is where it was.
fn variant(method: &str, without: &[&str], with: &[&Commented]) -> String {
    let line = |(index, line): (usize, &str)| {
        if let Some(commented) = with.iter().find(|commented| commented.line == index + 1) {
            return commented.text.clone();
        }
        match key(line) {
            Some(key) if without.contains(&key) => format!("# {line}"),
            Some("method") => format!("method = {method:?}"),
            _ => line.to_owned(),
        }
    };
    let lines: Vec<_> = EXAMPLE.lines().enumerate().map(line).collect();
    lines.join("\n")
}

/// A machine on which the files and the commands that the example names are there.
fn machine() -> Rig {
    let (rig, _) = Rig::jwt(|builder| builder);
    let put = |name: &str, bytes: &[u8], mode: u32| {
        use std::os::unix::fs::PermissionsExt;
        let path = rig.temp().join(name);
        std::fs::write(&path, bytes).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
    };
    let app = std::fs::read(rig.temp().join("box.json")).expect("there");
    put("box_config.json", &app, 0o600);
    for name in ["client_secret", "developer_token"] {
        put(name, b"s3cret", 0o600);
    }
    for name in ["webhook", "heartbeat"] {
        put(name, b"https://example.com/s3cret", 0o600);
    }
    let ca = std::fs::read(Authority::new().file()).expect("there");
    put("company-ca.pem", &ca, 0o644);
    let pass = "#!/bin/sh\ncase $2 in\nbox/config.json) cat box_config.json ;;\n\
                boxup/*) cat \"${2#boxup/}\" ;;\n*) echo s3cret ;;\nesac\n";
    std::fs::create_dir(rig.temp().join("bin")).expect("made");
    script(&rig.temp().join("bin/pass"), pass);
    rig
}

fn run(rig: &Rig, args: &[&str]) -> Finished {
    let mut command = rig.command(args);
    let path = std::env::var("PATH").unwrap_or_default();
    let bin = rig.temp().join("bin");
    command.env("PATH", format!("{}:{path}", bin.display()));
    Child::start(command).finish()
}

/// It is right, and each of these keys is where it was seen.
#[track_caller]
fn expect_right(rig: &Rig, text: &str, with: &[&Commented]) {
    let ca = rig.temp().join("company-ca.pem");
    let ca = ca.to_str().expect("text");
    rig.config
        .save_text(&text.replace("/etc/ssl/certs/company-ca.pem", ca));
    let checked = run(rig, &["config", "check"]);
    assert_eq!(checked.code, 0, "{with:?}: {checked:?}");
    let shown = run(rig, &["config", "show", "--json"]);
    assert_eq!(shown.code, 0, "{with:?}: {shown:?}");
    assert!(!shown.stdout.contains("s3cret"), "{shown:?}");
    let shown: serde_json::Value = serde_json::from_str(&shown.stdout).expect("an object");
    let settings = shown["settings"].as_array().expect("a list");
    let lines: BTreeMap<&str, &serde_json::Value> = settings
        .iter()
        .map(|one| (one["key"].as_str().expect("a text"), &one["line"]))
        .collect();
    for commented in with {
        let section = match commented.section.as_str() {
            "mirror" => "mirror[0]",
            section => section,
        };
        let key = format!("{section}.{}", commented.key);
        let line = lines
            .get(key.as_str())
            .unwrap_or_else(|| panic!("{key}: {shown}"));
        assert_eq!(**line, commented.line, "{key}: {shown}");
    }
}

fn terms(key: &str) -> Option<&'static Terms> {
    TERMS.iter().find(|terms| terms.key == key)
}

#[test]
fn each_key_of_the_example_can_be_used() {
    let all = commented();
    let rig = machine();
    for commented in &all {
        let terms = terms(&commented.key);
        let others = terms.map_or(&[][..], |terms| terms.with);
        let others = all
            .iter()
            .filter(|other| others.contains(&other.key.as_str()));
        let with: Vec<&Commented> = std::iter::once(commented).chain(others).collect();
        let (method, without) =
            terms.map_or(("ccg", &[][..]), |terms| (terms.method, terms.without));
        expect_right(&rig, &variant(method, without, &with), &with);
    }
}

/// Of several ways to the same thing, each gets its turn: the method, and keys of it.
const WAYS: [(&str, &str, &[&str]); 9] = [
    (
        "ccg",
        "client_secret_file",
        &["webhook_file", "heartbeat_file", "user_id"],
    ),
    (
        "ccg",
        "client_secret_command",
        &["webhook_command", "heartbeat_command"],
    ),
    (
        "jwt",
        "config_file",
        &["webhook", "heartbeat", "algorithm", "user_id"],
    ),
    (
        "jwt",
        "config_command",
        &["webhook", "heartbeat", "algorithm", "folder_path"],
    ),
    (
        "oauth2",
        "redirect_uri",
        &["webhook", "heartbeat", "folder_path"],
    ),
    (
        "oauth2",
        "client_secret_file",
        &["webhook", "heartbeat", "redirect_uri"],
    ),
    (
        "developer_token",
        "developer_token",
        &["webhook_file", "heartbeat"],
    ),
    (
        "developer_token",
        "developer_token_file",
        &["webhook", "heartbeat"],
    ),
    (
        "developer_token",
        "developer_token_command",
        &["webhook", "heartbeat"],
    ),
];

#[test]
fn all_keys_of_the_example_can_be_used_together() {
    let all = commented();
    let is_way = |key: &str| {
        terms(key).is_some_and(|terms| terms.key != "hosts")
            || ["webhook", "heartbeat"].iter().any(|way| {
                key == *way || key == format!("{way}_file") || key == format!("{way}_command")
            })
    };
    each(&WAYS, |(method, first, others)| {
        let rig = machine();
        let mut with: Vec<&Commented> = Vec::new();
        for commented in &all {
            let key = commented.key.as_str();
            let is_twice = with.iter().any(|other| other.key == key);
            let is_meant = !is_way(key) || key == *first || others.contains(&key);
            if is_meant && !is_twice {
                with.push(commented);
            }
        }
        let mut without: Vec<&str> = with
            .iter()
            .filter_map(|commented| terms(&commented.key))
            .flat_map(|terms| terms.without.iter().copied())
            .collect();
        if *method == "oauth2" {
            without.push("enterprise_id");
        }
        expect_right(&rig, &variant(method, &without, &with), &with);
    });
}

#[test]
fn nothing_in_the_example_is_said_twice() {
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    for commented in commented() {
        *seen.entry((commented.section, commented.key)).or_default() += 1;
    }
    seen.retain(|_, times| *times > 1);
    let twice: Vec<_> = seen.into_keys().collect();
    // One rate, or by the hours.
    assert_eq!(twice, [("limits".to_owned(), "bandwidth".to_owned())]);
}
