//! Looking a file up, reading it, and refusing loose modes, in a directory of its own.

use super::{GOOD, HOME};
use crate::config::environment::Environment;
use crate::config::{self, ConfigError, Loaded, Method, locate};
use secrecy::ExposeSecret;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A directory with a configuration of this mode.
fn directory(source: &str, mode: u32) -> TempDir {
    let dir = TempDir::new().unwrap();
    write(&dir, "sync.toml", source, mode);
    dir
}

fn write(dir: &TempDir, name: &str, text: &str, mode: u32) {
    let path = dir.path().join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
}

fn load(dir: &TempDir) -> Result<Loaded, ConfigError> {
    config::load(&dir.path().join("sync.toml"), &HOME.into_iter().collect())
}

#[track_caller]
fn only_problem(dir: &TempDir) -> String {
    let problems = load(dir).unwrap_err().problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    format!(
        "{}: {} {}",
        problems[0].key, problems[0].what, problems[0].remedy
    )
}

fn without_secret() -> String {
    GOOD.replace(
        "client_secret = \"s3cret\"",
        "client_secret_file = \"the secret\"",
    )
}

#[test]
fn a_file_with_a_secret_must_be_private() {
    for (mode, mended) in [
        (0o644, "chmod 0640 "),
        (0o604, "chmod 0600 "),
        (0o660, "chmod 0640 "),
        (0o602, "chmod 0600 "),
        (0o666, "chmod 0640 "),
    ] {
        let problem = only_problem(&directory(GOOD, mode));
        assert!(
            problem.contains(mended) && problem.starts_with("file: "),
            "{problem}"
        );
        assert!(!problem.contains("s3cret"), "{problem}");
    }
    for mode in [0o600, 0o400, 0o640, 0o440] {
        assert!(load(&directory(GOOD, mode)).is_ok(), "{mode:o}");
    }
    let dir = directory(&without_secret(), 0o644);
    write(&dir, "the secret", "s3cret\n", 0o600);
    assert!(load(&dir).is_ok());
}

#[test]
fn the_secrets_own_file_must_be_private_and_readable() {
    let dir = directory(&without_secret(), 0o644);
    let problem = only_problem(&dir);
    assert!(problem.contains("auth.client_secret_file") && problem.contains("no such file"));
    write(&dir, "the secret", "s3cret\r\n", 0o644);
    let problem = only_problem(&dir);
    let quoted = format!("chmod 0640 '{}/the secret'", dir.path().display());
    assert!(problem.contains(&quoted), "{problem}");
    write(&dir, "the secret", "s3cret\r\n", 0o640);
    let Method::ClientCredentials { client_secret, .. } = load(&dir).unwrap().config.auth.method
    else {
        panic!("client credentials were written");
    };
    assert_eq!(client_secret.expose_secret(), "s3cret");
    fs::remove_file(dir.path().join("the secret")).unwrap();
    fs::create_dir(dir.path().join("the secret")).unwrap();
    assert!(only_problem(&dir).contains("it is a directory"));
}

#[test]
fn what_is_no_readable_text_says_so() {
    let dir = TempDir::new().unwrap();
    assert!(only_problem(&dir).contains("there is no such file"));
    fs::write(dir.path().join("sync.toml"), b"a = \"\xff\"").unwrap();
    assert!(only_problem(&dir).contains("not UTF-8"));
    let error = config::load(dir.path(), &Environment::default()).unwrap_err();
    assert!(error.problems[0].what.contains("it is a directory"));
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_do_no_harm() {
    let source = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
    assert!(load(&directory(&source, 0o600)).is_ok());
    let source = source.replace("\"123456789\"", "\"x\"");
    let problems = load(&directory(&source, 0o600)).unwrap_err().problems;
    assert_eq!(problems[0].line, Some(9));
}

#[test]
fn two_roots_that_meet_through_a_link_are_found() {
    let dir = directory("", 0o600);
    fs::create_dir_all(dir.path().join("a/b")).unwrap();
    symlink("a/b", dir.path().join("link")).unwrap();
    let more = "[[mirror]]\nlocal = \"link\"\nfolder_id = \"2\"\n";
    let source = GOOD.replace("/srv/reports", "a") + more;
    write(&dir, "sync.toml", &source, 0o600);
    assert!(only_problem(&dir).contains("lies inside"));
}

#[test]
fn the_file_is_looked_up_in_order() {
    let user = "/xdg/boxup/sync.toml";
    let home = "/home/anna/.config/boxup/sync.toml";
    let system = "/etc/boxup/sync.toml";
    let named = ("BOXUP_CONFIG", "/named.toml");
    let xdg = ("XDG_CONFIG_HOME", "/xdg");
    let found = |flag: Option<&str>, env: &[(&str, &str)], there: &[&str]| {
        let env: Environment = env.iter().copied().collect();
        let exists = |path: &Path| there.iter().any(|name| Path::new(name) == path);
        locate::locate(flag.map(Path::new), &env, &exists).map_err(|error| error.problems)
    };
    let all = [user, home, system];
    for (flag, env, there, expected) in [
        (Some("/f.toml"), vec![named, xdg], &all[..], "/f.toml"),
        (None, vec![named, xdg], &all[..], "/named.toml"),
        (
            None,
            vec![("BOXUP_CONFIG", ""), xdg, HOME[0]],
            &all[..],
            user,
        ),
        (None, vec![HOME[0]], &all[..], home),
        (
            None,
            vec![("XDG_CONFIG_HOME", "rel"), HOME[0]],
            &all[..],
            home,
        ),
        (None, vec![xdg, HOME[0]], &all[1..], system),
        (None, vec![], &all[..], system),
    ] {
        assert_eq!(found(flag, &env, there).unwrap(), PathBuf::from(expected));
    }
    let problems = found(None, &HOME, &[]).unwrap_err();
    let told = format!("{} {}", problems[0].what, problems[0].remedy);
    for expected in [
        home,
        system,
        "--config",
        "$BOXUP_CONFIG",
        "sync.example.toml",
    ] {
        assert!(told.contains(expected), "{told}");
    }
}
