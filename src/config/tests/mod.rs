//! What configuration promises, as tables: a file and an environment go in, problems or
//! settings come out. Nothing here reads the real environment.

use crate::config::environment::Environment;
use crate::config::file::File;
use crate::config::problem::Problems;
use crate::config::resolve::{self, Unread, Vault, World};
use crate::config::{Loaded, Method, Problem, Subject, Target};
use crate::model::ids::FolderId;
use crate::model::mounts::Mounts;
use crate::plan::policy::{OnDelete, OnForeign, OnInvalidName};
use crate::plan::sight::Mode;
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};
use std::time::Duration;

mod bandwidth;
mod jwt;
mod keys;
mod metrics;
mod mirrors;
mod mistakes;
mod notify;
mod on_disk;
mod secrets;
mod show;

/// A file without mistakes; tests change one thing about it.
const GOOD: &str = r#"[auth]
method = "ccg"
client_id = "id"
client_secret = "s3cret"
enterprise_id = "877840855"

[[mirror]]
local = "/srv/reports"
folder_id = "123456789"
"#;

const HOME: [(&str, &str); 1] = [("HOME", "/home/anna")];

/// `/mnt/bound` is `/srv/data` once more.
const MOUNTS: &[u8] = b"1 0 8:1 / / rw - ext4 d rw\n2 1 8:1 /srv/data /mnt/bound rw - ext4 d rw";

type Outcome = Result<Loaded, (Vec<Problem>, Vec<String>)>;

/// Resolves without a disk: the only secret files are the ones given.
fn resolve_with(source: &str, env: &[(&str, &str)], files: &[(&str, &str)]) -> Outcome {
    resolve_at("/etc/boxup/mine.toml", source, env, files)
}

fn resolve_at(path: &str, source: &str, env: &[(&str, &str)], files: &[(&str, &str)]) -> Outcome {
    let mut problems = Problems::default();
    let Some(file) = File::read(source, &mut problems) else {
        return Err(problems.into_parts());
    };
    let read_secret = |path: &Path| {
        let found = files.iter().find(|(name, _)| Path::new(name) == path);
        found
            .map(|(_, secret)| SecretString::from(*secret))
            .ok_or_else(|| Unread {
                missing: true,
                what: format!("{} cannot be read", path.display()),
                remedy: "name a readable file".into(),
            })
    };
    let read_file = |path: &Path| {
        let secret = read_secret(path)?;
        Ok(secret.expose_secret().as_bytes().to_vec())
    };
    let run = |command: &str| match command.strip_prefix("echo ") {
        Some(said) => Ok(said.into()),
        None => Err(Unread {
            missing: false,
            what: "the command ended with exit code 1".into(),
            remedy: "try it".into(),
        }),
    };
    let vault = Vault {
        read_file: &read_secret,
        run: &run,
    };
    let world = World {
        env: &env.iter().copied().collect::<Environment>(),
        source: Path::new(path),
        base: Path::new("/etc/boxup"),
        vault: Some(vault),
        read_file: &read_file,
        real_path: &Path::to_path_buf,
        spots: &|path: &Path| Mounts::parse(MOUNTS).spots(path),
    };
    resolve::resolve(&file, &world, problems)
}

#[track_caller]
fn good(source: &str) -> Loaded {
    resolve_with(source, &HOME, &[]).unwrap()
}

#[test]
fn what_is_not_said_has_its_default() {
    let Loaded { config, warnings } = good(GOOD);
    assert_eq!(warnings, Vec::<String>::new());
    let mirror = &config.mirrors[0];
    assert_eq!(mirror.name, "reports");
    assert_eq!(mirror.local, PathBuf::from("/srv/reports"));
    assert_eq!(mirror.target, Target::Id(FolderId::new("123456789")));
    assert_eq!(mirror.on_existing, OnForeign::NewVersion);
    assert_eq!(mirror.on_remote_change, OnForeign::Park);
    assert_eq!(mirror.on_invalid_name, OnInvalidName::Park);
    assert_eq!(mirror.min_version_interval, Duration::ZERO);
    assert_eq!(mirror.on_delete, OnDelete::Keep);
    assert_eq!(config.watch.settle, Duration::from_secs(2));
    assert_eq!(config.watch.rescan, Duration::from_secs(3600));
    assert_eq!(config.watch.mode, Mode::Auto);
    assert_eq!(config.watch.poll_interval, Duration::from_secs(60));
    let limits = config.limits;
    assert_eq!(
        (limits.uploads_per_minute, limits.requests_per_minute),
        (240, 1000)
    );
    assert_eq!(limits.concurrent_uploads, 8);
    assert!(limits.bandwidth.is_open());
    assert!(config.endpoints.are_default());
}

#[test]
fn the_example_loads_as_it_is() {
    let Loaded { config, warnings } = good(include_str!("../../../sync.example.toml"));
    assert_eq!(warnings, Vec::<String>::new());
    let Method::ClientCredentials { subject, .. } = &config.auth.method else {
        panic!("{:?}", config.auth);
    };
    assert_eq!(*subject, Subject::Enterprise("877840855".into()));
    let exclude = config.mirrors[0].selection.exclude.iter();
    let exclude: Vec<&str> = exclude.map(|rule| &*rule.text).collect();
    assert_eq!(exclude, ["*.tmp", "cache/"]);
}

#[test]
fn the_example_shows_every_key() {
    let example = include_str!("../../../sync.example.toml");
    let known = include_str!("../file.rs");
    let mut keys = 0;
    for call in [
        "text(",
        "text_or_integer(",
        "texts(",
        "one_or_more(",
        "secret(",
        "integer(",
        "flag(",
    ] {
        for rest in known.split(&format!(".{call}\"")).skip(1) {
            let key = rest.split('"').next().unwrap();
            assert!(example.contains(&format!("{key} = ")), "{key}");
            keys += 1;
        }
    }
    assert!(keys > 30, "{keys}");
}

#[test]
fn relative_paths_start_from_the_files_directory() {
    let source = GOOD.replace("/srv/reports", "./data//in/");
    let mirror = &good(&source).config.mirrors[0];
    assert_eq!(mirror.local, PathBuf::from("/etc/boxup/data/in"));
    assert_eq!(mirror.name, "in");
    let source = format!("{GOOD}[state]\ndir = \"state\"");
    assert_eq!(
        good(&source).config.state_dir,
        PathBuf::from("/etc/boxup/state")
    );
}

#[test]
fn a_folder_path_becomes_its_names() {
    let source = GOOD.replace(r#"folder_id = "123456789""#, r#"folder_path = "/A b/Ç/""#);
    let Target::Path(names) = &good(&source).config.mirrors[0].target else {
        panic!("a path was written");
    };
    let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    assert_eq!(names, ["A b", "Ç"]);
}

#[test]
fn the_state_directory_is_looked_up() {
    let systemd = ("STATE_DIRECTORY", "/var/lib/boxup:/var/lib/other");
    let xdg = ("XDG_STATE_HOME", "/xdg");
    for (env, expected) in [
        (vec![systemd, xdg, HOME[0]], "/var/lib/boxup"),
        (vec![xdg, HOME[0]], "/xdg/boxup"),
        (vec![("STATE_DIRECTORY", ""), xdg], "/xdg/boxup"),
        (
            vec![("XDG_STATE_HOME", "rel"), HOME[0]],
            "/home/anna/.local/state/boxup",
        ),
    ] {
        let loaded = resolve_with(GOOD, &env, &[]).unwrap();
        assert_eq!(loaded.config.state_dir, PathBuf::from(expected));
    }
    // Root looks where the service is, and the service where systemd says.
    let env = [("STATE_DIRECTORY", "/var/lib/private/boxup"), xdg];
    for (env, expected) in [
        (&env[1..], "/var/lib/boxup"),
        (&env, "/var/lib/private/boxup"),
    ] {
        let loaded = resolve_at("/etc/boxup/sync.toml", GOOD, env, &[]).unwrap();
        assert_eq!(loaded.config.state_dir, PathBuf::from(expected));
    }
}

#[test]
fn what_works_but_deserves_a_look_is_a_warning() {
    for (addition, expected) in [
        (
            "[limits]\nuploads_per_minute = 241\nrequests_per_minute = 5_000",
            "Box publishes",
        ),
        (
            "[state]\ndir = \"/srv/reports/.state\"",
            "inside mirror \"reports\"",
        ),
    ] {
        let warnings = good(&format!("{GOOD}{addition}")).warnings;
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains(expected), "{warnings:?}");
    }
    let source = GOOD.replace("[[mirror]]", "developer_token = \"canary\"\n[[mirror]]");
    let warnings = good(&source).warnings;
    assert!(warnings[0].contains("auth.developer_token") && !warnings[0].contains("canary"));
}

#[test]
fn secrets_are_not_printed() {
    let loaded = good(GOOD);
    assert!(!format!("{loaded:?}").contains("s3cret"));
    let Method::ClientCredentials { client_secret, .. } = &loaded.config.auth.method else {
        panic!("client credentials were written");
    };
    assert_eq!(client_secret.expose_secret(), "s3cret");
}
