//! Canaries: whatever boxup signs in with is found in no output, no file but the one it
//! belongs into, and no other process's view, in no spelling.

use crate::rig::{Child, Finished, KeyPair, Rig, redirect_uri, visit};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use box_emulator::{App, Fault};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const SECRET: &str = "c4n4ry+5ecret/9f2b";

/// Every command that speaks of the sign-in, but for `token`, whose work is to print it.
const COMMANDS: [&[&str]; 7] = [
    &["sync", "--once"],
    &["sync", "--once", "--json"],
    &["sync", "--once", "--dry-run"],
    &["doctor"],
    &["doctor", "--json"],
    &["whoami", "--json"],
    &["config", "check"],
];

/// The ways in which a secret could slip out.
fn spellings(secret: &str) -> Vec<String> {
    let hex = |byte: u8| format!("{byte:02x}");
    let escape = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    let half = secret.len() / 2;
    vec![
        secret.to_owned(),
        secret.bytes().map(hex).collect(),
        secret.bytes().map(escape).collect(),
        STANDARD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        secret[..half.max(8)].to_owned(),
        secret[half..].to_owned(),
    ]
}

#[track_caller]
fn clean(secrets: &[String], place: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for secret in secrets {
        for spelling in spellings(secret) {
            assert!(
                !text.contains(&spelling),
                "{spelling} of {secret} in {place}"
            );
        }
    }
}

#[track_caller]
fn clean_output(secrets: &[String], place: &str, finished: &Finished) {
    clean(secrets, place, finished.stdout.as_bytes());
    clean(secrets, place, finished.stderr.as_bytes());
}

/// Everything below a directory, but for the configuration and the file for tokens.
fn clean_files(secrets: &[String], dir: &Path) {
    for entry in std::fs::read_dir(dir).expect("listed").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let belongs = ["sync.toml", "box.json"].contains(&name.as_ref());
        if path.is_dir() {
            clean_files(secrets, &path);
        } else if name.starts_with("token-") {
            let mode = entry.metadata().expect("looked at").permissions().mode();
            assert_eq!(mode & 0o7777, 0o600, "{name}");
        } else if !belongs {
            let bytes = std::fs::read(&path).unwrap_or_default();
            clean(secrets, &name, &bytes);
        }
    }
}

/// Everything, of all who could know a secret.
const ALL: &str = "trace,hyper=trace,hyper_util=trace,reqwest=trace,rustls=trace,tokio=trace";

/// `boxup` with everything told that can be told, once in each form; both together.
fn loud(rig: &Rig, args: &[&str]) -> Finished {
    let run = |variable: &str, form: &str| {
        let mut command = rig.command(&[args, &["--log-format", form]].concat());
        command.env(variable, ALL);
        Child::start(command).finish()
    };
    let (text, json) = (run("BOXUP_LOG", "text"), run("RUST_LOG", "json"));
    Finished {
        code: text.code,
        stdout: text.stdout + &json.stdout,
        stderr: text.stderr + &json.stderr,
    }
}

/// Runs every command while all is well, while tokens die, and while Box is in trouble.
#[track_caller]
fn sweep(rig: &Rig, secrets: &[String]) {
    for (number, args) in COMMANDS.iter().enumerate() {
        rig.write(&format!("f{number}"), "x");
        rig.cloud.expire_tokens();
        clean_output(secrets, &format!("{args:?}"), &loud(rig, args));
    }
    for fault in [
        Fault::on("post_oauth2_token").drop_after(),
        Fault::on("post_oauth2_token").oauth_error(
            400,
            "invalid_grant",
            "Grant credentials are invalid",
        ),
        Fault::on("post_oauth2_token").oauth_error(400, "invalid_client", "odd"),
        Fault::on("post_oauth2_token").effect(box_emulator::Effect::Html { status: 502 }),
        Fault::on("get_users_me").status(403, "forbidden"),
    ] {
        rig.cloud.clear_faults();
        rig.cloud.expire_tokens();
        rig.cloud.inject(fault.forever());
        for args in [&["whoami"][..], &["doctor"], &["token"]] {
            let finished = loud(rig, args);
            clean_output(secrets, &format!("{args:?}"), &finished);
        }
    }
    rig.cloud.clear_faults();
    clean_files(secrets, rig.temp());
}

/// What is kept for the next run.
fn kept(rig: &Rig, method: &str) -> Vec<String> {
    let file = rig.state().join(format!("token-{method}.json"));
    let text = std::fs::read_to_string(file).expect("it is kept");
    let json: serde_json::Value = serde_json::from_str(&text).expect("it is whole");
    let secrets = ["access_token", "refresh_token"].map(|key| json[key].as_str());
    secrets.into_iter().flatten().map(str::to_owned).collect()
}

#[test]
fn client_credentials_stay_in() {
    let rig = Rig::with(|builder| builder.client_secret(SECRET));
    rig.run(&["whoami"]);
    let mut secrets = kept(&rig, "ccg");
    secrets.push(SECRET.to_owned());
    sweep(&rig, &secrets);
}

#[test]
fn a_key_pair_stays_in() {
    let (rig, keys) = Rig::jwt(|builder| builder.client_secret(SECRET));
    rig.run(&["whoami"]);
    let mut secrets = kept(&rig, "jwt");
    secrets.extend([SECRET.to_owned(), "geheim-und-lang-genug".to_owned()]);
    let body = |keys: &KeyPair| keys.private.lines().nth(3).expect("a key").to_owned();
    secrets.push(body(&keys));
    sweep(&rig, &secrets);
    // What cannot be read is not quoted either.
    let config = rig.temp().join("box.json");
    let text = std::fs::read_to_string(&config).expect("read");
    for broken in [
        text.replace("geheim-und-lang-genug", "ganz-anderes-wort"),
        text.replace("-----END", "-----"),
        text.replace("privateKey", "privatekey"),
        text.replace('}', ""),
    ] {
        std::fs::write(&config, broken).expect("written");
        secrets.push("ganz-anderes-wort".to_owned());
        for args in [
            &["config", "check"][..],
            &["doctor"],
            &["sync", "--once", "--json"],
        ] {
            let finished = loud(&rig, args);
            assert_eq!(finished.code, 78, "{finished:?}");
            clean_output(&secrets, "what is said of a broken file", &finished);
        }
    }
}

#[test]
fn a_login_stays_in() {
    let redirect = redirect_uri();
    let rig = Rig::with(|builder| {
        let builder = builder
            .app(App::OAuth2)
            .authorize_as(box_emulator::Person::Main)
            .client_secret(SECRET);
        builder.redirect_uri(redirect)
    });
    let mut command = rig.command(&["login"]);
    command.env("BOXUP_LOG", ALL);
    let child = Child::start(command);
    crate::rig::until("the address is printed", || child.stdout().ends_with('\n'));
    let page = child.stdout().trim().to_owned();
    let back = visit(&page).decide(&page, "grant").leads_to();
    let code = back
        .split("code=")
        .nth(1)
        .and_then(|rest| rest.split('&').next());
    let mut secrets = vec![SECRET.to_owned(), code.expect("a code").to_owned()];
    let shown = visit(&back);
    let finished = child.finish();
    assert_eq!(finished.code, 0, "{finished:?}");
    secrets.extend(kept(&rig, "oauth2"));
    clean_output(&secrets, "login", &finished);
    clean(&secrets, "the page", shown.page.as_bytes());
    sweep(&rig, &secrets);
    secrets.extend(kept(&rig, "oauth2"));
    clean_output(&secrets, "logout", &loud(&rig, &["logout"]));
    clean_files(&secrets, rig.temp());
    assert!(!rig.state().join("token-oauth2.json").exists());
}

#[test]
fn a_secret_from_a_command_or_the_environment_stays_in_and_is_not_inherited() {
    let rig = Rig::with(|builder| builder.client_secret(SECRET));
    let seen = rig.temp().join("seen");
    let script = format!("env > {}; echo '{SECRET}'", seen.display());
    let rig = rig.configured(|config| {
        let inline = format!("client_secret = \"{SECRET}\"");
        config.replace(&inline, &format!("client_secret_command = {script:?}"));
    });
    rig.write("a.txt", "a");
    let mut command = rig.command(&["sync", "--once"]);
    command.env("BOXUP_DEVELOPER_TOKEN", SECRET);
    let finished = Child::start(command).finish();
    assert_eq!(finished.code, 0, "{finished:?}");
    let secrets = [SECRET.to_owned()];
    clean(
        &secrets,
        "the command's environment",
        &std::fs::read(&seen).expect("it ran"),
    );
    clean_output(&secrets, "sync", &finished);
}

#[test]
fn other_processes_see_nothing_of_it() {
    let rig = Rig::oauth(|builder| builder.client_secret(SECRET));
    rig.login();
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    let mut secrets = kept(&rig, "oauth2");
    secrets.push(SECRET.to_owned());
    for file in ["cmdline", "environ"] {
        match std::fs::read(format!("/proc/{}/{file}", service.pid())) {
            Ok(bytes) => clean(&secrets, file, &bytes),
            Err(_) => crate::rig::not_run("there is no /proc"),
        }
    }
    clean(
        &secrets,
        "the status",
        service.status(&rig).to_string().as_bytes(),
    );
    service.end();
}
