//! Looking a file up, reading it, and refusing loose modes, in a directory of its own.

use super::{GOOD, HOME};
use crate::config::environment::Environment;
use crate::config::{self, ConfigError, Loaded, Method, locate};
use secrecy::ExposeSecret;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
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
fn a_secrets_file_may_be_a_link_but_nothing_that_hangs() {
    let dir = directory(&without_secret(), 0o644);
    let named = dir.path().join("the secret");
    write(&dir, "elsewhere", "s3cret", 0o600);
    symlink("elsewhere", &named).unwrap();
    assert!(load(&dir).is_ok());
    write(&dir, "elsewhere", "s3cret", 0o604);
    assert!(only_problem(&dir).contains("chmod 0600 "));
    fs::remove_file(&named).unwrap();
    let made = Command::new("mkfifo").arg(&named).status().unwrap();
    assert!(made.success());
    assert!(only_problem(&dir).contains("no ordinary file"));
    fs::remove_file(&named).unwrap();
    symlink("/dev/zero", &named).unwrap();
    assert!(only_problem(&dir).contains("no ordinary file"));
}

#[test]
fn a_command_runs_beside_the_configuration_and_sees_no_secret() {
    let with = |command: &str| {
        let command = format!("client_secret_command = \"{command}\"");
        GOOD.replace("client_secret = \"s3cret\"", &command)
    };
    let dir = directory(&with("cat secret"), 0o644);
    write(&dir, "secret", "from-command\n", 0o600);
    let Method::ClientCredentials { client_secret, .. } = load(&dir).unwrap().config.auth.method
    else {
        panic!("client credentials were written");
    };
    assert_eq!(client_secret.expose_secret(), "from-command");
    write(&dir, "sync.toml", &with("cat s3cret 2>&1; exit 7"), 0o644);
    let problem = only_problem(&dir);
    assert!(
        problem.contains("exit code 7") && !problem.contains("s3cret"),
        "{problem}"
    );
}

#[test]
fn a_glance_needs_no_secret_and_starts_nothing() {
    let local = |source: &str, mode: u32| {
        let dir = directory(source, mode);
        let loaded = config::load_local(&dir.path().join("sync.toml"), &HOME.into_iter().collect());
        assert!(!dir.path().join("touched").exists());
        loaded.map(|local| local.mirrors.len()).map_err(|error| {
            let told = error
                .problems
                .iter()
                .map(|p| format!("{}: {}", p.key, p.what));
            told.collect::<Vec<_>>().join("; ")
        })
    };
    let secret = |with: &str| GOOD.replace("client_secret = \"s3cret\"", with);
    let command = secret("client_secret_command = \"touch touched\"");
    for source in [
        GOOD.to_owned(),
        without_secret(),
        command.clone(),
        secret(""),
        GOOD.replace("\"ccg\"", "\"jwt\""),
        secret("").replace("\"ccg\"", "\"developer_token\""),
        secret("").replace("\"ccg\"", "\"oauth2\""),
    ] {
        assert_eq!(local(&source, 0o600), Ok(1), "{source}");
    }
    let both = format!("{command}\n[limits]\nconcurrent_uploads = 0");
    let both = both.replace("client_id", "client_secret_file = \"x\"\nclient_id");
    let told = local(&both, 0o600).unwrap_err();
    assert!(
        told.contains("both set") && told.contains("limits."),
        "{told}"
    );
    assert!(local(GOOD, 0o644).unwrap_err().contains("holds a secret"));
    assert!(local("[auth]", 0o600).unwrap_err().contains("auth.method"));
}

#[test]
fn a_proxys_password_makes_the_configuration_a_secret() {
    let with = |proxy: &str| format!("{}\n[network]\nproxy = \"{proxy}\"", without_secret());
    let outcome = |proxy: &str| {
        let dir = directory(&with(proxy), 0o644);
        write(&dir, "the secret", "s3cret\n", 0o600);
        load(&dir).map(|loaded| loaded.config.network)
    };
    let network = outcome("http://me@proxy:3128").unwrap();
    assert_eq!(network.proxy.unwrap().to_string(), "http://proxy:3128");
    let problems = outcome("http://me:canary@proxy:3128").unwrap_err().problems;
    assert!(problems[0].remedy.contains("chmod 0640"), "{problems:?}");
    assert!(!format!("{problems:?}").contains("canary"));
}

#[test]
fn authorities_are_read_and_checked() {
    let dir = directory(&format!("{GOOD}\n[network]\nca_file = \"ca.pem\""), 0o600);
    let args = "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out ca.pem -subj /CN=x";
    let mut openssl = Command::new("openssl");
    let made = openssl
        .args(args.split(' '))
        .current_dir(dir.path())
        .output();
    assert!(made.unwrap().status.success());
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    let (one, key) = (read("ca.pem"), read("key.pem"));
    for text in [one.clone(), format!("# ours\n{one}\n{one}")] {
        write(&dir, "ca.pem", &text, 0o644);
        let ca = load(&dir).unwrap().config.network.ca.unwrap();
        assert_eq!(ca.file, dir.path().join("ca.pem"));
        assert_eq!(ca.pem, text.as_bytes());
    }
    let cut = &one[..one.len() / 2];
    for (text, expected) in [
        ("", "ca.pem: it is empty"),
        ("x", "there is no certificate in it"),
        (cut, "cut or damaged"),
        (&format!("{one}{key}"), "there is a private key in it"),
        (&key, "there is a private key in it"),
    ] {
        write(&dir, "ca.pem", text, 0o644);
        let problem = only_problem(&dir);
        assert!(problem.starts_with("network.ca_file: "), "{problem}");
        assert!(problem.contains(expected), "{problem}");
    }
    fs::remove_file(dir.path().join("ca.pem")).unwrap();
    assert!(only_problem(&dir).contains("there is no such file"));
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
    for expected in [home, system, "--config", "$BOXUP_CONFIG", "boxup init"] {
        assert!(told.contains(expected), "{told}");
    }
}
