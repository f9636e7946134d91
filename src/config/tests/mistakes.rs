//! Each mistake has its key, its line and a remedy, and none hides another.

use super::{GOOD, HOME, resolve_with};

/// One wrong line in a good file: `from` becomes `to`.
#[track_caller]
pub(super) fn check(from: &str, to: &str, key: &str, line: usize, remedy: &str) {
    assert!(GOOD.contains(from), "{from}");
    let source = GOOD.replace(from, to);
    check_file(&source, key, Some(line), remedy);
}

#[track_caller]
pub(super) fn check_more(addition: &str, key: &str, line: usize, remedy: &str) {
    check_file(&format!("{GOOD}{addition}"), key, Some(line), remedy);
}

#[track_caller]
pub(super) fn check_file(source: &str, key: &str, line: Option<usize>, remedy: &str) {
    let (problems, _) = resolve_with(source, &HOME, &[]).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    let problem = &problems[0];
    assert_eq!(
        (problem.key.as_str(), problem.line),
        (key, line),
        "{problem:?}"
    );
    assert!(problem.remedy.contains(remedy), "{problem:?}");
    assert!(!problem.what.contains("s3cret") && !problem.remedy.contains("s3cret"));
}

const ENTERPRISE: &str = r#"enterprise_id = "877840855""#;

#[test]
fn auth() {
    check(
        "\"ccg\"",
        "\"cgg\"",
        "auth.method",
        2,
        "did you mean \"ccg\"?",
    );
    check(
        "\"ccg\"",
        "\"jwt\"",
        "auth.config_file",
        1,
        "config_file = ",
    );
    check(
        "method = \"ccg\"\n",
        "",
        "auth.method",
        1,
        "one of ccg, jwt, oauth2, developer_token",
    );
    check("\"id\"", "\"\"", "auth.client_id", 3, "Developer Console");
    check(
        "client_id = \"id\"\n",
        "",
        "auth.client_id",
        1,
        "Developer Console",
    );
    check(
        "\"877840855\"",
        "877840855",
        "auth.enterprise_id",
        5,
        "enterprise_id = \"877840855\"",
    );
    check(
        "\"877840855\"",
        "\"87 7\"",
        "auth.enterprise_id",
        5,
        "copy the number",
    );
    check(ENTERPRISE, "", "auth.enterprise_id", 1, "General Settings");
    let both = format!("{ENTERPRISE}\nuser_id = \"1\"");
    check(ENTERPRISE, &both, "auth.user_id", 6, "Admin Console");
    let mirror_only = &GOOD[GOOD.find("[[mirror]]").unwrap()..];
    check_file(mirror_only, "auth", None, "add [auth]");
    check_file(
        &format!("auth = 3\n{mirror_only}"),
        "auth",
        Some(1),
        "[auth]",
    );
}

#[test]
fn numbers_and_time_spans() {
    for (written, remedy) in [
        ("90", "settle = \"90s\""),
        ("\"90\"", "\"90s\""),
        ("\"2 bananas\"", "\"500ms\""),
        ("\"\"", "\"500ms\""),
        ("\"61m\"", "\"2s\" is the default"),
        ("true", "settle = \"2s\""),
    ] {
        check_more(
            &format!("[watch]\nsettle = {written}"),
            "watch.settle",
            11,
            remedy,
        );
    }
    for written in ["\"999ms\"", "\"0s\"", "\"1000y\""] {
        let more = format!("[watch]\nrescan = {written}");
        check_more(&more, "watch.rescan", 11, "\"1h\" is the default");
    }
    for written in ["\"999ms\"", "\"25h\""] {
        let more = format!("[watch]\npoll_interval = {written}");
        check_more(&more, "watch.poll_interval", 11, "\"1m\" is the default");
    }
    let more = "[watch]\nmode = \"polling\"";
    check_more(more, "watch.mode", 11, "auto, native, poll");
    for (key, written, remedy) in [
        ("uploads_per_minute", "0", "240"),
        ("uploads_per_minute", "10_000_001", "240"),
        ("requests_per_minute", "-1", "1000"),
        ("requests_per_minute", "99999999999999999999", "1000"),
        ("requests_per_minute", "1.5", "whole number"),
        ("requests_per_minute", "\"7\"", "requests_per_minute = 7"),
        ("concurrent_uploads", "65", "8"),
    ] {
        let more = format!("[limits]\n{key} = {written}");
        check_more(&more, &format!("limits.{key}"), 11, remedy);
    }
    for fine in [
        "settle = \"0s\"",
        "settle = \"1h\"",
        "rescan = \"1s\"",
        "mode = \"poll\"\npoll_interval = \"24h\"",
    ] {
        assert!(resolve_with(&format!("{GOOD}[watch]\n{fine}"), &HOME, &[]).is_ok());
    }
}

#[test]
fn state_and_endpoints() {
    check_more("[state]\ndir = \"~/s\"", "state.dir", 11, "/home/anna/s");
    check_more(
        "[state]\ndri = \"s\"",
        "state.dri",
        11,
        "did you mean `dir`?",
    );
    let more = "[endpoints]\napi = \"http://api.box.com\"";
    check_more(more, "endpoints.api", 11, "https://");
    for key in ["authorize", "revoke"] {
        let more = format!("[endpoints]\n{key} = \"http://box.example\"");
        check_more(&more, &format!("endpoints.{key}"), 11, "https://");
    }
    let (problems, _) = resolve_with(GOOD, &[], &[]).unwrap_err();
    assert_eq!(problems[0].key, "state.dir");
    assert!(problems[0].remedy.contains("[state] dir ="));
}

#[test]
fn the_way_to_box() {
    for key in ["insecure", "verify", "tls_verify", "insecure_skip_verify"] {
        for value in ["true", "false", "\"x\""] {
            let more = format!("[network]\n{key} = {value}");
            check_more(&more, &format!("network.{key}"), 11, "ca_file = ");
        }
    }
    let more = "[network]\nverfiy = false";
    check_more(
        more,
        "network.verfiy",
        11,
        "the keys here are proxy, ca_file",
    );
    let more = "[network]\nproxy = \"s3cret:s3cret@proxy:1\"";
    check_more(more, "network.proxy", 11, "socks5h://");
    let more = "[network]\nproxy = 3";
    check_more(more, "network.proxy", 11, "in quotes");
    let more = "[network]\nca_file = \"none.pem\"";
    check_more(more, "network.ca_file", 11, "readable file");
}

#[test]
fn keys_that_nobody_knows() {
    check_more(
        "exlcude = []",
        "mirror[0].exlcude",
        10,
        "did you mean `exclude`?",
    );
    check_more(
        "colour = 1",
        "mirror[0].colour",
        10,
        "the keys here are name, local",
    );
    check_more("[limit]\n", "limit", 10, "did you mean `limits`?");
    check_more("\"a\\nb\" = 1", "mirror[0].\"a\\nb\"", 10, "remove it");
}

#[test]
fn a_file_that_is_no_toml_tells_where_it_stops() {
    for (source, line, column) in [
        ("[auth\nmethod = 1", 1, "column 6"),
        ("[auth]\nclient_secret = s3cret", 2, "column 17"),
        ("[auth]\nclient_secret = \"s3cret\n", 2, "column"),
        ("a = 1\na = 2", 2, "column 1"),
    ] {
        let (problems, _) = resolve_with(source, &HOME, &[]).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        let problem = &problems[0];
        assert_eq!((problem.key.as_str(), problem.line), ("file", Some(line)));
        assert!(problem.what.contains(column), "{problem:?}");
        assert!(!problem.what.contains("s3cret"), "{problem:?}");
    }
}

#[test]
fn all_mistakes_come_at_once_in_the_order_of_the_file() {
    let source = r#"colour = "red"
[auth]
method = "ccg"
client_id = 3
enterprise_id = "1"
user_id = "2"
[[mirror]]
local = "~/a"
folder_id = "x"
exclude = ["[z-a]", 5]
on_existing = "overwrite"
[[mirror]]
local = "b"
folder_id = "x"
[watch]
settle = 90
[limits]
concurrent_uploads = 0
[endpoints]
api = "http://example.org"
"#;
    let (problems, _) = resolve_with(source, &[], &[]).unwrap_err();
    let found: Vec<(usize, &str)> = problems
        .iter()
        .map(|problem| (problem.line.unwrap_or(0), problem.key.as_str()))
        .collect();
    let expected = [
        (1, "colour"),
        (2, "auth.client_secret"),
        (4, "auth.client_id"),
        (6, "auth.user_id"),
        (8, "mirror[0].local"),
        (9, "mirror[0].folder_id"),
        (10, "mirror[0].exclude[1]"),
        (10, "mirror[0].exclude[0]"),
        (11, "mirror[0].on_existing"),
        (14, "mirror[1].folder_id"),
        (16, "watch.settle"),
        (18, "limits.concurrent_uploads"),
        (20, "endpoints.api"),
        (0, "state.dir"),
    ];
    assert_eq!(found, expected);
}
