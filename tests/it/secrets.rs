//! Secrets: in no output, not in the database, not on the command line.

use crate::rig::{Child, PATIENCE, Rig, Service};
use box_emulator::Fault;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

const SECRET: &str = "c4n4ry-5ecret-9f2b";

/// Passes bytes on between the program and the emulator, and keeps the answers: the
/// only place where a test can learn an access token.
fn wiretap(port: u16) -> (u16, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let own = listener.local_addr().expect("bound").port();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&heard);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else {
                return;
            };
            let (from, to) = (client.try_clone(), server.try_clone());
            let (Ok(from), Ok(to)) = (from, to) else {
                return;
            };
            std::thread::spawn(move || pass(from, to, None));
            let into = Arc::clone(&into);
            std::thread::spawn(move || pass(server, client, Some(into)));
        }
    });
    (own, heard)
}

fn pass(mut from: TcpStream, mut to: TcpStream, heard: Option<Arc<Mutex<Vec<u8>>>>) {
    let mut buffer = [0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if let Some(heard) = &heard {
            heard.lock().expect("nobody panics").extend(&buffer[..read]);
        }
        if to.write_all(&buffer[..read]).is_err() {
            return;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}

fn tokens(heard: &Mutex<Vec<u8>>) -> Vec<String> {
    let text = heard.lock().expect("nobody panics");
    let text = String::from_utf8_lossy(&text).into_owned();
    text.split("\"access_token\":\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect()
}

/// A rig whose token endpoint is listened in on.
fn tapped() -> (Rig, Arc<Mutex<Vec<u8>>>) {
    let rig = Rig::with(|builder| builder.client_secret(SECRET));
    let (port, heard) = wiretap(rig.cloud.port());
    let rig = rig.configured(|config| {
        let lines: Vec<String> = config
            .access
            .lines()
            .map(|line| match line.starts_with("token = ") {
                true => format!("token = \"http://127.0.0.1:{port}/oauth2/token\""),
                false => line.to_owned(),
            })
            .collect();
        config.access = lines.join("\n") + "\n";
    });
    (rig, heard)
}

#[track_caller]
fn nothing_of(secrets: &[String], place: &str, bytes: &[u8]) {
    for secret in secrets {
        let found = bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "a secret stands in {place}");
    }
}

#[track_caller]
fn nothing_in_files(secrets: &[String], rig: &Rig) {
    for entry in std::fs::read_dir(rig.state()).expect("listed").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        // The one place where tokens belong, and only their owner looks into it.
        if name.starts_with("token-") {
            let mode = entry.metadata().expect("looked at").permissions().mode();
            assert_eq!(mode & 0o7777, 0o600, "{name}");
            nothing_of(&[SECRET.to_owned()], &name, &bytes);
            continue;
        }
        nothing_of(secrets, &name, &bytes);
    }
}

#[test]
fn no_secret_stands_in_any_output_or_file_however_much_is_told() {
    let (rig, heard) = tapped();
    for number in 0..20 {
        rig.write(&format!("f{number}"), "x");
    }
    rig.cloud
        .inject(Fault::on("post_files_content").expired_token());
    rig.cloud
        .inject(Fault::on("post_files_content").drop_after());
    rig.cloud
        .inject(Fault::on("post_files_content").status(500, "internal_server_error"));
    let mut command = rig.command(&["sync", "--once"]);
    command.env(
        "RUST_LOG",
        "trace,hyper_util=trace,reqwest=trace,rustls=trace",
    );
    let finished = Child::start(command).finish();
    assert_eq!(finished.code, 0, "{finished:?}");
    assert!(
        finished.stderr.len() > 1_000,
        "nothing was told: {}",
        finished.stderr
    );
    let mut secrets = tokens(&heard);
    assert!(secrets.len() >= 2, "{secrets:?}");
    secrets.push(SECRET.to_owned());
    nothing_of(&secrets, "standard output", finished.stdout.as_bytes());
    nothing_of(&secrets, "standard error", finished.stderr.as_bytes());
    nothing_in_files(&secrets, &rig);
    for args in [
        &["config", "check"][..],
        &["config", "check", "--json"],
        &["status", "--json"],
    ] {
        let finished = rig.run(args);
        nothing_of(&secrets, "standard output", finished.stdout.as_bytes());
        nothing_of(&secrets, "standard error", finished.stderr.as_bytes());
    }
}

#[test]
fn no_secret_stands_in_what_is_said_when_it_is_refused() {
    let rig = Rig::new().configured(|config| config.replace("emulated-secret", SECRET));
    rig.write("a.txt", "a");
    let secrets = [SECRET.to_owned()];
    for flags in [&["--log-format", "json"][..], &["--json"]] {
        let mut command = rig.command(&[&["sync", "--once"], flags].concat());
        command.env("BOXUP_LOG", "trace");
        let finished = Child::start(command).finish();
        assert_eq!(finished.code, 77);
        nothing_of(&secrets, "standard output", finished.stdout.as_bytes());
        nothing_of(&secrets, "standard error", finished.stderr.as_bytes());
    }
    rig.config.save_text(
        &rig.config
            .text()
            .replace("[watch]", &format!("[watch\nx = {SECRET}")),
    );
    let finished = rig.run(&["config", "check"]);
    assert_eq!(finished.code, 78);
    nothing_of(
        &secrets,
        "what is said of a broken file",
        finished.stderr.as_bytes(),
    );
}

#[test]
fn no_secret_stands_on_the_command_line_of_the_service_or_in_what_it_passes_on() {
    let (rig, heard) = tapped();
    rig.write("a.txt", "a");
    let service: Service = rig.start();
    assert!(rig.cloud.wait_for(|_| rig.has("a.txt", "a"), PATIENCE));
    let mut secrets = tokens(&heard);
    assert!(!secrets.is_empty());
    secrets.push(SECRET.to_owned());
    for file in ["cmdline", "environ"] {
        let bytes = std::fs::read(format!("/proc/{}/{file}", service.pid()));
        let Ok(bytes) = bytes else {
            crate::rig::not_run("there is no /proc");
            return;
        };
        nothing_of(&secrets, file, &bytes);
    }
    let status = service.status(&rig).to_string();
    nothing_of(&secrets, "the status", status.as_bytes());
    nothing_in_files(&secrets, &rig);
    service.wait_ok(&rig);
    service.end();
}

#[test]
fn the_environment_wins_over_the_file() {
    let rig = Rig::with(|builder| builder.client_secret(SECRET));
    let rig = rig.configured(|config| config.replace(SECRET, "outdated"));
    rig.write("a.txt", "a");
    rig.once().expect_code(77);
    let mut command = rig.command(&["sync", "--once"]);
    command.env("BOXUP_CLIENT_SECRET", SECRET);
    assert_eq!(Child::start(command).finish().code, 0);
    rig.expect_same_as_disk();
}
