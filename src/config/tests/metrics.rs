//! `[metrics]`: every spelling that is right, and what is said about the others.

use super::mistakes::check_more;
use super::{GOOD, good};
use crate::config::Metrics;

fn metrics(written: &str) -> Option<Metrics> {
    good(&format!("{GOOD}[metrics]\n{written}")).config.metrics
}

#[test]
fn it_is_off_until_an_address_is_named() {
    assert_eq!(good(GOOD).config.metrics, None);
    assert_eq!(metrics(""), None);
    let loaded = good(&format!("{GOOD}[metrics]\nhosts = [\"a.example\"]"));
    assert_eq!(loaded.config.metrics, None);
    assert!(
        loaded.warnings[0].contains("listen"),
        "{:?}",
        loaded.warnings
    );
}

#[test]
fn an_address_has_a_port() {
    for (written, expected) in [
        ("127.0.0.1:9464", "127.0.0.1:9464"),
        (" 127.8.9.10:1 ", "127.8.9.10:1"),
        ("[::1]:9464", "[::1]:9464"),
        ("[::ffff:127.0.0.1]:9464", "[::ffff:127.0.0.1]:9464"),
        ("localhost:0", "127.0.0.1:0"),
    ] {
        let metrics = metrics(&format!("listen = {written:?}")).unwrap();
        assert_eq!(metrics.listen.to_string(), expected);
        assert_eq!(metrics.hosts, Vec::<String>::new());
    }
    for (written, expected) in [
        ("\"127.0.0.1\"", "127.0.0.1:9464"),
        ("\":9464\"", "127.0.0.1:9464"),
        ("\"9464\"", "127.0.0.1:9464"),
        ("\"\"", "127.0.0.1:9464"),
        ("\"localhost\"", "127.0.0.1:9464"),
        ("\"localhost:+1\"", "127.0.0.1:9464"),
        ("\"127.0.0.1:99999\"", "127.0.0.1:9464"),
        ("\"::1:9464\"", "[::1]:9464"),
        ("\"http://127.0.0.1:9464\"", "127.0.0.1:9464"),
        ("\"files.example.com:9464\"", "127.0.0.1:9464"),
        ("9464", "in quotes"),
    ] {
        let more = format!("[metrics]\nlisten = {written}");
        check_more(&more, "metrics.listen", 11, expected);
    }
}

#[test]
fn other_machines_may_ask_only_where_that_is_said() {
    for listen in [
        "0.0.0.0:9464",
        "[::]:9464",
        "192.0.2.1:9464",
        "[2001:db8::1]:0",
    ] {
        let more = format!("[metrics]\nlisten = {listen:?}");
        check_more(&more, "metrics.listen", 11, "allow_remote = true");
        let metrics = metrics(&format!("listen = {listen:?}\nallow_remote = true"));
        assert_eq!(metrics.unwrap().listen.to_string(), listen);
    }
    let more = "[metrics]\nlisten = \"0.0.0.0:1\"\nallow_remote = \"true\"";
    check_more(more, "metrics.allow_remote", 12, "leave out the quotes");
}

#[test]
fn names_are_names_only() {
    let written =
        "listen = \"127.0.0.1:1\"\nhosts = [\"Files.Example.com.\", \"[::1]\", \"192.0.2.1\"]";
    let metrics = metrics(written).unwrap();
    assert_eq!(metrics.hosts, ["files.example.com", "::1", "192.0.2.1"]);
    for wrong in [
        "",
        "a.example:9464",
        "http://a.example",
        "a b",
        "*",
        "ä.example",
    ] {
        let more = format!("[metrics]\nlisten = \"127.0.0.1:1\"\nhosts = [{wrong:?}]");
        check_more(&more, "metrics.hosts[0]", 12, "hosts = [");
    }
}
