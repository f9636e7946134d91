//! `[notify]`: whom to tell, and that addresses are kept like secrets.

use super::{GOOD, HOME, good, resolve_with};
use crate::plan::herald::Event;
use secrecy::ExposeSecret;
use std::time::Duration;

const CANARY: &str = "https://hooks.example.com/canary";

fn with(lines: &str) -> String {
    format!("{GOOD}[notify]\n{lines}\n")
}

#[test]
fn what_is_not_said_has_its_default_and_tells_nobody() {
    for source in [GOOD.to_owned(), with("")] {
        let loaded = good(&source);
        assert_eq!(loaded.warnings, Vec::<String>::new());
        let notify = loaded.config.notify;
        assert!(!notify.is_wanted() && notify.heartbeat.is_none());
        let rules = notify.rules;
        assert_eq!(rules.on.len(), 5);
        assert_eq!(rules.lasting, Duration::from_secs(30));
        assert_eq!(rules.stale_after, Duration::from_secs(900));
        assert_eq!(rules.repeat, Duration::from_secs(86_400));
        assert_eq!(rules.min_interval, Duration::from_secs(300));
        assert_eq!(notify.heartbeat_every, Duration::from_secs(300));
    }
    let told = good(&with("stale_after = \"1h\"")).warnings;
    assert!(told[0].contains("tells nobody"), "{told:?}");
}

#[test]
fn an_address_comes_from_where_a_secret_may() {
    let files = [
        ("/etc/boxup/hook", CANARY),
        ("/run/credentials/webhook", CANARY),
    ];
    for (lines, env) in [
        (format!("webhook = {CANARY:?}"), &[][..]),
        ("webhook_file = \"hook\"".to_owned(), &[]),
        (format!("webhook_command = \"echo {CANARY}\""), &[]),
        (
            "webhook = \"https://example.com/old\"".to_owned(),
            &[("BOXUP_WEBHOOK", CANARY)],
        ),
        (
            String::new(),
            &[("CREDENTIALS_DIRECTORY", "/run/credentials")],
        ),
    ] {
        let env = [&HOME[..], env].concat();
        let config = resolve_with(&with(&lines), &env, &files).unwrap().config;
        let webhook = config.notify.webhook.as_ref();
        let whole = webhook.map(|address| address.whole().expose_secret().to_owned());
        assert_eq!(whole.as_deref(), Some(CANARY), "{lines}");
        assert!(!format!("{config:?}").contains("canary"), "{lines}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_key_and_without_the_address() {
    for (lines, key, expected) in [
        ("webhook = \"canary\"", "notify.webhook", "no address"),
        (
            "webhook = \"http://example.com/canary\"",
            "notify.webhook",
            "not encrypted",
        ),
        (
            "heartbeat = \"https://example.com/canary\"\nheartbeat_file = \"x\"",
            "notify.heartbeat_file",
            "both set",
        ),
        (
            "webhook_command = \"false\"",
            "notify.webhook_command",
            "exit code",
        ),
        ("command = \" \"", "notify.command", "empty"),
        ("on = [\"parkt\"]", "notify.on[0]", "not known"),
        ("on = \"parked\"", "notify.on", "a text"),
        ("stale_after = \"0s\"", "notify.stale_after", "between"),
        ("min_interval = 5", "notify.min_interval", "number"),
        (
            "url = \"https://example.com/canary\"",
            "notify.url",
            "no such key",
        ),
    ] {
        let (problems, _) = resolve_with(&with(lines), &HOME, &[]).unwrap_err();
        assert_eq!(problems.len(), 1, "{lines}: {problems:?}");
        assert_eq!(problems[0].key, key, "{problems:?}");
        assert!(problems[0].what.contains(expected), "{problems:?}");
        assert!(!format!("{problems:?}").contains("canary"), "{problems:?}");
    }
}

#[test]
fn only_what_is_named_is_told_and_plain_http_only_where_it_is_meant() {
    let lines = "webhook = \"http://10.0.0.1/x\"\nallow_http = true\non = [\"halted\"]";
    let notify = good(&with(lines)).config.notify;
    assert_eq!(notify.rules.on, [Event::Halted]);
    assert!(!notify.webhook.unwrap().is_loopback());
}
