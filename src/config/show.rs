//! What holds after all: every setting, with where it comes from.
//!
//! Every key that the program asks for comes by here, so none can be forgotten; what holds
//! where the file says nothing is in [`DEFAULTS`].

use crate::config::file::File;
use crate::config::notify::EVENTS;
use crate::config::problem::Problems;
use crate::config::reader::{Asked, REDACTED};
use crate::config::resolve::{Mistakes, Parts, World};
use crate::config::{Endpoints, Mirror, redirect};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A configuration, setting by setting.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// The file, absolute.
    pub(crate) file: PathBuf,
    /// In the order of the sections.
    pub(crate) settings: Vec<Setting>,
    /// What works but deserves a look.
    pub(crate) warnings: Vec<String>,
}

/// One setting.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Setting {
    /// The section, such as `auth` or `mirror[0]`.
    pub(crate) section: String,
    /// The key in it.
    pub(crate) key: String,
    /// The value; null where there is none. Never a secret.
    pub(crate) value: Value,
    /// Where it comes from.
    pub(crate) source: Source,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A line of the file.
    Line(usize),
    /// A variable of the environment.
    Variable(&'static str),
    /// The program.
    Default,
    /// The program, out of another setting.
    Derived(&'static str),
}

/// Makes a value, which a constant cannot hold.
type Make = fn() -> Value;

/// What holds where the file says nothing. A key that is not here has no value then, and is
/// shown as one that is not set.
const DEFAULTS: [(&str, Make); 33] = [
    ("mirror.exclude", || json!([])),
    ("mirror.include", || json!([])),
    ("mirror.default_excludes", || json!(true)),
    ("mirror.skip_hidden", || json!(false)),
    ("mirror.min_age", || json!("0s")),
    ("mirror.cachedir_tag", || json!(true)),
    ("mirror.one_file_system", || json!(false)),
    ("mirror.symlinks", || json!("skip")),
    ("mirror.on_existing", || json!("new_version")),
    ("mirror.on_remote_change", || json!("park")),
    ("mirror.on_invalid_name", || json!("park")),
    ("mirror.min_version_interval", || json!("0s")),
    ("mirror.on_local_delete", || json!("keep")),
    ("mirror.max_deletes", || json!("10%")),
    ("watch.mode", || json!("auto")),
    ("watch.poll_interval", || json!("1m")),
    ("watch.settle", || json!("2s")),
    ("watch.rescan", || json!("1h")),
    ("state.history", || json!("90d")),
    ("limits.uploads_per_minute", || json!(240)),
    ("limits.requests_per_minute", || json!(1000)),
    ("limits.concurrent_uploads", || json!(8)),
    ("limits.concurrent_parts", || json!(4)),
    ("limits.bandwidth", || json!("off")),
    ("metrics.allow_remote", || json!(false)),
    ("metrics.hosts", || json!([])),
    ("notify.on", || json!(EVENTS.map(|(word, _)| word))),
    ("notify.for", || json!("30s")),
    ("notify.stale_after", || json!("15m")),
    ("notify.repeat", || json!("24h")),
    ("notify.min_interval", || json!("5m")),
    ("notify.heartbeat_every", || json!("5m")),
    ("notify.allow_http", || json!(false)),
];

/// Secrets that a variable may hold, whatever the file says.
const VARIABLES: [(&str, &str); 5] = [
    ("auth.client_secret", "BOXUP_CLIENT_SECRET"),
    ("auth.developer_token", "BOXUP_DEVELOPER_TOKEN"),
    ("auth.config_file", "BOXUP_JWT_CONFIG"),
    ("notify.webhook", "BOXUP_WEBHOOK"),
    ("notify.heartbeat", "BOXUP_HEARTBEAT"),
];

/// Lists what holds, if it is right.
pub(super) fn show(
    file: &File,
    world: &World<'_>,
    mut problems: Problems,
) -> Result<Shown, Mistakes> {
    let parts = Parts::of(file, world, &mut problems);
    if !problems.is_empty() {
        return Err(problems.into_parts());
    }
    let settings = file.asked.iter();
    let mut settings: Vec<Setting> = settings
        .filter_map(|asked| setting(asked, file, &parts, world))
        .collect();
    // A list or a text: asked for under one name twice, and the same both times.
    settings.dedup();
    Ok(Shown {
        file: world.source.to_owned(),
        settings,
        warnings: problems.into_parts().1,
    })
}

fn setting(asked: &Asked, file: &File, parts: &Parts, world: &World<'_>) -> Option<Setting> {
    let (section, key) = asked.place.key.rsplit_once('.')?;
    let plain = format!("{}.{key}", section.split('[').next().unwrap_or_default());
    let of = |value, source| {
        let (section, key) = (section.to_owned(), key.to_owned());
        Some(Setting {
            section,
            key,
            value,
            source,
        })
    };
    let variable = VARIABLES.iter().find(|(key, _)| *key == plain);
    if let Some((_, name)) = variable.filter(|(_, name)| world.env.get(name).is_some())
        && is_of_the_method(key, file)
    {
        return of(json!(REDACTED), Source::Variable(name));
    }
    let derived = derived(section, key, parts);
    match (&asked.value, asked.place.line) {
        // As the program takes it: relative paths have become absolute.
        (Some(value), Some(line)) => {
            let value = derived.map_or_else(|| value.clone(), |(value, _)| value);
            of(value, Source::Line(line))
        }
        _ => match derived {
            Some((value, why)) => of(value, why),
            None => {
                let default = DEFAULTS.iter().find(|(key, _)| *key == plain);
                let value = default.map(|(_, value)| value());
                let value = value.or_else(|| of_method(&plain, file));
                of(value.unwrap_or(Value::Null), Source::Default)
            }
        },
    }
}

/// What holds by one way of signing in only.
fn of_method(key: &str, file: &File) -> Option<Value> {
    match (key, file.auth.method.get()?.as_str()) {
        ("auth.algorithm", "jwt") => Some(json!("RS256")),
        ("auth.redirect_uri", "oauth2") => Some(json!(redirect::DEFAULT)),
        _ => None,
    }
}

/// Whether a variable that is set is looked at at all.
fn is_of_the_method(key: &str, file: &File) -> bool {
    let method = file.auth.method.get().map(String::as_str);
    match key {
        "client_secret" => matches!(method, Some("ccg" | "oauth2")),
        "developer_token" => method == Some("developer_token"),
        "webhook" | "heartbeat" => true,
        _ => method == Some("jwt"),
    }
}

/// A value that the program makes out of what it was given.
fn derived(section: &str, key: &str, parts: &Parts) -> Option<(Value, Source)> {
    let text = |path: &Path| json!(path.to_string_lossy());
    match (section.split('[').next().unwrap_or_default(), key) {
        ("mirror", "name" | "local") => {
            let mirror = of_section(section, parts)?;
            let value = match key {
                "name" => json!(mirror.name),
                _ => text(&mirror.local),
            };
            Some((value, Source::Derived("the last component of local")))
        }
        ("state", "dir") => {
            let why = "$STATE_DIRECTORY, $XDG_STATE_HOME or $HOME";
            Some((text(parts.state_dir.as_deref()?), Source::Derived(why)))
        }
        ("endpoints", _) => {
            let value = endpoint(key, parts.endpoints.as_ref()?)?;
            let is_default = parts.endpoints.as_ref()?.are_default();
            let source = match is_default || !matches!(key, "authorize" | "revoke") {
                true => Source::Default,
                false => Source::Derived("token"),
            };
            Some((value, source))
        }
        // Its own words leave the password out.
        ("network", "proxy") => {
            let proxy = parts.network.as_ref()?.proxy.as_ref()?;
            Some((json!(proxy.to_string()), Source::Default))
        }
        ("network", "ca_file") => {
            let ca = parts.network.as_ref()?.ca.as_ref()?;
            Some((text(&ca.file), Source::Default))
        }
        _ => None,
    }
}

fn of_section<'a>(section: &str, parts: &'a Parts) -> Option<&'a Mirror> {
    let number = section.split(['[', ']']).nth(1)?.parse::<usize>().ok()?;
    parts.mirrors.as_ref()?.get(number)
}

fn endpoint(key: &str, endpoints: &Endpoints) -> Option<Value> {
    let endpoint = match key {
        "api" => &endpoints.api,
        "upload" => &endpoints.upload,
        "token" => &endpoints.token,
        "authorize" => endpoints.authorize.as_ref()?,
        "revoke" => &endpoints.revoke,
        _ => return None,
    };
    Some(json!(endpoint.to_string()))
}
