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

/// Writing out what is shown as the default changes nothing.
#[test]
fn what_is_shown_as_the_default_is_what_holds() {
    let shown = shown(GOOD, &HOME);
    let mut source = GOOD.to_owned();
    let mut section = "mirror[0]".to_owned();
    let of_files = shown
        .settings
        .iter()
        .filter(|setting| setting.section != "auth");
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
#[test]
fn every_key_has_a_default_or_none_on_purpose() {
    const NONE: [&str; 26] = [
        "notify.command",
        "notify.webhook",
        "notify.webhook_file",
        "notify.webhook_command",
        "notify.heartbeat",
        "notify.heartbeat_file",
        "notify.heartbeat_command",
        "state.verify_every",
        "auth.client_id",
        "auth.client_secret",
        "auth.client_secret_file",
        "auth.client_secret_command",
        "auth.config_file",
        "auth.config_command",
        "auth.enterprise_id",
        "auth.user_id",
        "auth.developer_token",
        "auth.developer_token_file",
        "auth.developer_token_command",
        "auth.algorithm",
        "auth.redirect_uri",
        "auth.method",
        "mirror[0].folder_id",
        "mirror[0].folder_path",
        "mirror[0].local",
        "endpoints.authorize",
    ];
    let shown = shown(GOOD, &HOME);
    let is_shown = |key: &str| {
        let name =
            |setting: &crate::config::show::Setting| format!("{}.{}", setting.section, setting.key);
        shown.settings.iter().any(|setting| name(setting) == key)
    };
    let mut problems = Problems::default();
    let file = File::read(GOOD, &mut problems).unwrap();
    for asked in &file.asked {
        let key = asked.place.key.as_str();
        assert!(is_shown(key) || NONE.contains(&key), "{key} has no default");
    }
}
