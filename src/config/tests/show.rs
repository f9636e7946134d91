//! What holds after all: every setting, and where it comes from.

use super::{GOOD, HOME, resolve_with};
use crate::config::environment::Environment;
use crate::config::file::File;
use crate::config::problem::Problems;
use crate::config::resolve::{Unread, World};
use crate::config::show::{Shown, Source, show};
use serde_json::Value;
use std::path::Path;

fn shown(source: &str, env: &[(&str, &str)]) -> Shown {
    let mut problems = Problems::default();
    let file = File::read(source, &mut problems).unwrap();
    let read_file = |path: &Path| {
        Err(Unread {
            missing: true,
            what: format!("{} cannot be read", path.display()),
            remedy: String::new(),
        })
    };
    let world = World {
        env: &env.iter().copied().collect::<Environment>(),
        source: Path::new("/etc/boxup/sync.toml"),
        base: Path::new("/etc/boxup"),
        vault: None,
        read_file: &read_file,
        real_path: &Path::to_path_buf,
        spots: &|_| Vec::new(),
    };
    show(&file, &world, problems).unwrap()
}

/// `key = value`, and where it comes from.
fn line(shown: &Shown, key: &str) -> String {
    let is_meant = |setting: &&crate::config::show::Setting| {
        format!("{}.{}", setting.section, setting.key) == key
    };
    let mut found = shown.settings.iter().filter(is_meant);
    let setting = found.next().unwrap_or_else(|| panic!("{key} is not shown"));
    assert!(found.next().is_none(), "{key} is shown twice");
    let source = match &setting.source {
        Source::Line(line) => format!("line {line}"),
        Source::Variable(name) => (*name).to_owned(),
        Source::Default => "default".to_owned(),
        Source::Derived(from) => format!("from {from}"),
    };
    format!("{} {source}", setting.value)
}

#[test]
fn every_setting_says_where_it_comes_from() {
    let source = GOOD.replace("/srv/reports", "in")
        + "exclude = [\n\"*.tmp\",\n\"x/\",\n]\nskip_hidden = true\n[state]\ndir = \"var\"\n\
           [network]\nproxy = \"http://anna:canary@proxy.example.com:3128\"\n";
    let shown = shown(&source, &[("BOXUP_CLIENT_SECRET", "canary")]);
    for (key, expected) in [
        ("auth.method", "\"ccg\" line 2"),
        ("auth.client_secret", "\"[redacted]\" BOXUP_CLIENT_SECRET"),
        ("mirror[0].name", "\"in\" from the last component of local"),
        ("mirror[0].local", "\"/etc/boxup/in\" line 8"),
        ("mirror[0].folder_id", "\"123456789\" line 9"),
        ("mirror[0].exclude", "[\"*.tmp\",\"x/\"] line 10"),
        ("mirror[0].include", "[] default"),
        ("mirror[0].skip_hidden", "true line 14"),
        ("mirror[0].cachedir_tag", "true default"),
        ("mirror[0].max_size", "null default"),
        ("watch.settle", "\"2s\" default"),
        ("limits.concurrent_uploads", "8 default"),
        ("limits.bandwidth", "\"off\" default"),
        ("state.dir", "\"/etc/boxup/var\" line 16"),
        ("endpoints.api", "\"https://api.box.com/2.0\" default"),
    ] {
        assert_eq!(line(&shown, key), expected, "{key}");
    }
    let all = format!("{shown:?}");
    assert!(
        !all.contains("canary") && all.contains("proxy.example.com"),
        "{all}"
    );
    let from_file = self::shown(GOOD, &HOME);
    assert_eq!(
        line(&from_file, "auth.client_secret"),
        "\"[redacted]\" line 4"
    );
    assert!(!format!("{from_file:?}").contains("s3cret"));
    let state = line(&from_file, "state.dir");
    assert!(
        state.starts_with("\"/var/lib/boxup\" from $STATE"),
        "{state}"
    );
}

#[test]
fn a_way_of_signing_in_has_defaults_of_its_own() {
    let uri = "\"http://127.0.0.1:8459/callback\" default";
    let keys = "client_id = \"id\"\nclient_secret = \"s3cret\"\n";
    let person = GOOD.replace("enterprise_id = \"877840855\"\n", "");
    let key_pair = GOOD.replace(keys, "config_file = \"a.json\"\n");
    for (source, method, redirect_uri, algorithm) in [
        (GOOD, "ccg", "null default", "null default"),
        (&person, "oauth2", uri, "null default"),
        (&key_pair, "jwt", "null default", "\"RS256\" default"),
    ] {
        let source = source.replace("\"ccg\"", &format!("{method:?}"));
        let shown = shown(&source, &HOME);
        assert_eq!(line(&shown, "auth.redirect_uri"), redirect_uri, "{source}");
        assert_eq!(line(&shown, "auth.algorithm"), algorithm, "{source}");
    }
}

/// Writing out what is shown as the default changes nothing.
#[test]
fn what_is_shown_as_the_default_is_what_holds() {
    let shown = shown(GOOD, &HOME);
    let mut source = GOOD.to_owned();
    let mut section = "mirror[0]".to_owned();
    let of_files = shown.settings.iter();
    let of_files = of_files.filter(|setting| setting.section != "auth");
    let mut of_files: Vec<_> = of_files.collect();
    // The text ends in its mirror.
    of_files.sort_by_key(|setting| setting.section != section);
    for setting in of_files {
        let is_default = setting.source == Source::Default && setting.value != Value::Null;
        if !is_default || setting.section == "endpoints" {
            continue;
        }
        if setting.section != section {
            section.clone_from(&setting.section);
            source += &format!("[{section}]\n");
        }
        source += &format!("{} = {}\n", setting.key, setting.value);
    }
    let with = resolve_with(&source, &HOME, &[]).unwrap().config;
    let without = resolve_with(GOOD, &HOME, &[]).unwrap().config;
    assert_eq!(format!("{with:?}"), format!("{without:?}"), "{source}");
    assert!(source.matches('\n').count() > 20, "{source}");
}

/// Keys that say nothing where they are left out; every other has its default in
/// `DEFAULTS`, which is to be extended with each new key.
const NONE: [&str; 24] = [
    "auth.client_secret_file",
    "auth.client_secret_command",
    "auth.config_file",
    "auth.config_command",
    "auth.user_id",
    "auth.developer_token",
    "auth.developer_token_file",
    "auth.developer_token_command",
    "auth.algorithm",
    "auth.redirect_uri",
    "auth.as_user",
    "mirror[0].folder_path",
    "mirror[0].max_size",
    "state.verify_every",
    "network.proxy",
    "network.ca_file",
    "notify.command",
    "notify.webhook",
    "notify.webhook_file",
    "notify.webhook_command",
    "notify.heartbeat",
    "notify.heartbeat_file",
    "notify.heartbeat_command",
    "metrics.listen",
];

#[test]
fn every_key_is_shown_once_with_its_default_or_none_on_purpose() {
    let shown = shown(GOOD, &HOME);
    let mut problems = Problems::default();
    let file = File::read(GOOD, &mut problems).unwrap();
    let mut unset = Vec::new();
    for asked in &file.asked {
        let key = asked.place.key.as_str();
        // Panics where it is not there, or twice.
        if line(&shown, key).starts_with("null ") {
            unset.push(key);
        }
    }
    unset.sort_unstable();
    unset.dedup();
    let mut none = NONE.to_vec();
    none.sort_unstable();
    assert_eq!(unset, none);
}

#[test]
fn the_history_is_kept_for_a_while_or_not_at_all() {
    let kept = |line: &str| {
        let source = format!("{GOOD}[state]\n{line}\n");
        resolve_with(&source, &HOME, &[]).map(|loaded| loaded.config.history.as_secs())
    };
    for (line, expected) in [
        ("", Some(90 * 86_400)),
        ("history = \"off\"", Some(0)),
        ("history = \"0s\"", Some(0)),
        ("history = \"30d\"", Some(30 * 86_400)),
        ("history = \"20 years\"", None),
        ("history = \"on\"", None),
        ("history = 30", None),
    ] {
        assert_eq!(kept(line).ok(), expected, "{line}");
    }
}
