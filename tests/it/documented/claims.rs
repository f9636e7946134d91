//! Which line of the documentation is run how. A line of boxup that is not here is run on
//! a machine that is set up, and must end with 0.

use super::stage::{SECRET, Stage};
use crate::rig::{Finished, until, visit};

/// How a line is run.
pub(super) enum How {
    /// After this.
    After(fn(&mut Stage)),
    /// So.
    By(fn(&mut Stage, &str) -> Finished),
    /// In the machine of `packages`, which systemd runs.
    Machine,
    /// Not at all, and why.
    Not(&'static str),
}

/// A line, or the beginning of one if it ends in `…`, and how it is run.
pub(super) type Claim = (&'static str, How);

const NO_DAEMON: &str =
    "it takes a Docker daemon and a registry; the image's steps are tried by hand";
const CARGO: &str = "it would run these very tests, or build the program once more";
const A_MACHINE: &str = "it changes the machine that it runs on, and is not boxup's";

pub(super) const CLAIMS: &[Claim] = &[
    // The README.
    ("cargo …", How::Not(CARGO)),
    ("chmod …", How::Not("whoever owns the file knows how")),
    ("boxup init", How::By(init)),
    ("boxup init --client-id …", How::By(init)),
    ("boxup verify…", How::After(synced)),
    ("boxup pause…", How::By(paused)),
    ("boxup status --watch…", How::By(watched)),
    // docs/setup.md
    ("boxup login", How::By(login)),
    ("boxup login --no-browser", How::By(login_elsewhere)),
    ("boxup logout", How::After(signed_in)),
    // docs/mirroring.md
    (
        "boxup explain /srv/reports/2026/june.csv",
        How::After(changed),
    ),
    // docs/differences.md
    ("boxup approve reports", How::After(braked)),
    ("boxup undo 20261127T201525Z", How::After(moved)),
    ("boxup conflicts", How::After(conflict)),
    (
        "boxup resolve reports/2026/june.csv --keep local --seen 7204",
        How::After(seen),
    ),
    ("boxup resolve …", How::After(conflict)),
    // docs/monitoring.md
    ("boxup notify test", How::After(notified)),
    // docs/service.md
    ("boxup service status --user…", How::After(installed)),
    ("boxup service install…", How::By(install)),
    ("boxup init --config /etc/boxup/sync.toml", How::By(init)),
    (
        "chgrp boxup …",
        How::Not("the user boxup is made by the package: there it is `install -g boxup`"),
    ),
    ("setfacl …", How::Not(A_MACHINE)),
    ("systemctl enable --now boxup", How::Machine),
    ("systemctl reload boxup", How::Machine),
    ("install -d -m 700 /etc/credstore", How::Machine),
    (
        "install -m 600 secret /etc/credstore/boxup.client_secret",
        How::By(plainly),
    ),
    (
        "systemctl stop boxup",
        How::Not("`systemctl restart` does it, and is run in the machine"),
    ),
    (
        "systemctl status boxup",
        How::Not("it shows what the tests read by `systemctl show`"),
    ),
    (
        "systemctl is-failed boxup",
        How::Not("it shows what the tests read by `systemctl show`"),
    ),
    (
        "systemctl edit boxup",
        How::Not("it opens an editor; the drop-ins are checked by systemd-analyze"),
    ),
    (
        "systemctl list-timers boxup.timer",
        How::Not("it only looks"),
    ),
    (
        "journalctl …",
        How::Not("it only looks; the tests read the journal with other flags"),
    ),
    ("loginctl enable-linger", How::Not(A_MACHINE)),
    (
        "launchctl …",
        How::Not("it is of macOS, where nothing is tested"),
    ),
    (
        "apt …",
        How::Not("the machine of the tests has no network; there it is dpkg"),
    ),
    // docs/container.md
    ("docker …", How::Not(NO_DAEMON)),
    // In `--help`.
    ("kill -HUP PID", How::By(hang_up)),
    ("systemctl reload boxup", How::Machine),
    ("make report …", How::By(made)),
];

/// How an object comes about.
type Making = fn(&mut Stage) -> serde_json::Value;

/// The objects that are shown, by their event.
pub(super) const OBJECTS: &[(&str, Making)] = &[("summary", summary)];

fn summary(stage: &mut Stage) -> serde_json::Value {
    let told = stage.ok("boxup sync --once --json");
    let summary = told
        .lines()
        .last()
        .and_then(|line| serde_json::from_str(line).ok());
    summary.expect("it has a summary")
}

/// Until it has shown something.
fn watched(stage: &mut Stage, line: &str) -> Finished {
    stage.serve();
    let mut child = crate::rig::Child::start(stage.shell(&format!("exec {line}")));
    until("something is shown", || {
        assert!(!child.has_ended(), "{}", child.stderr());
        child.stdout().ends_with('\n')
    });
    crate::rig::signal(child.pid(), "INT");
    child.finish()
}

/// For a moment.
fn paused(stage: &mut Stage, line: &str) -> Finished {
    stage.serve();
    let finished = stage.run(line);
    stage.ok("boxup resume");
    finished
}

fn synced(stage: &mut Stage) {
    stage.rest();
    stage.ok("boxup sync --once");
}

/// Somebody is told.
fn notified(stage: &mut Stage) {
    stage.configure("[notify]\ncommand = \"cat > message\"\n");
}

fn installed(stage: &mut Stage) {
    stage.ok("boxup service install --user");
}

/// A file that is on Box was changed here.
fn changed(stage: &mut Stage) {
    synced(stage);
    stage.write("srv/reports/2026/june.csv", &"a;b;e\n".repeat(200));
}

/// Two conflicts are what `boxup conflicts` has to show.
fn conflict(stage: &mut Stage) {
    if stage
        .run("boxup conflicts --json")
        .stdout
        .contains("\"conflict\"")
    {
        return;
    }
    synced(stage);
    for (path, theirs) in [("2026/june.csv", 217), ("report.pdf", 10)] {
        let theirs = "a;b;d\n".repeat(theirs);
        stage
            .rig
            .cloud
            .put_file(&stage.folder, path, theirs.as_bytes());
    }
    stage.write("srv/reports/2026/june.csv", &"a;b;e\n".repeat(200));
    stage.write("srv/reports/report.pdf", "another report");
    assert_eq!(stage.run("boxup sync --once").code, 1);
}

/// The version that the documentation has seen is the one that is there.
fn seen(stage: &mut Stage) {
    conflict(stage);
    let lines = stage.run("boxup conflicts --json").stdout;
    let line = lines
        .lines()
        .find(|line| line.contains("june.csv"))
        .expect("it waits");
    let line: serde_json::Value = serde_json::from_str(line).expect("an object");
    let version = line["box"]["version"].as_str().expect("it has a version");
    stage.replace("7204", version);
}

/// Everything is gone, and the mirror waits for a person.
fn braked(stage: &mut Stage) {
    stage.rest();
    stage.configure("on_local_delete = \"trash\"");
    for number in 0..20 {
        stage.write(&format!("srv/reports/{number}"), "x");
    }
    stage.ok("boxup sync --once");
    for number in 0..20 {
        let path = stage.rig.temp().join(format!("srv/reports/{number}"));
        std::fs::remove_file(path).expect("removed");
    }
    stage.ok("boxup sync --once");
    if let Some(later) = crate::rig::other_clock("+2m") {
        let mut shell = stage.shell("boxup sync --once");
        shell.envs(later);
        assert_eq!(crate::rig::Child::start(shell).finish().code, 3);
    }
}

/// A run that can be undone.
fn moved(stage: &mut Stage) {
    synced(stage);
    let dir = stage.rig.temp().join("srv/reports");
    std::fs::rename(dir.join("report.pdf"), dir.join("2026/report.pdf")).expect("renamed");
    let told = stage.ok("boxup sync --once --json");
    let summary = told
        .lines()
        .last()
        .and_then(|line| serde_json::from_str(line).ok());
    let summary: serde_json::Value = summary.expect("it has a summary");
    stage.replace(
        "20261127T201525Z",
        summary["run"].as_str().expect("it has a name"),
    );
}

/// Nothing is configured; the answers come by flags and a pipe.
fn init(stage: &mut Stage, line: &str) -> Finished {
    stage.unconfigure();
    let _ = std::fs::remove_file(stage.rig.temp().join("srv/reports/report.pdf"));
    let flags = match line.contains("--client-id") {
        true => "",
        false => {
            " --client-id CLIENT_ID --enterprise-id 877840855 --local /srv/reports \
             --folder-id 123456789 --client-secret-stdin < secret"
        }
    };
    let line = format!("{line}{flags}").replacen("--client-id ID", "--client-id CLIENT_ID", 1);
    let (command, input) = line.split_once(" <").expect("it reads the secret");
    stage.run(&format!("{command}{} <{input}", stage.endpoints()))
}

/// Below the machine's root.
fn install(stage: &mut Stage, line: &str) -> Finished {
    let line = match line.contains("--user") {
        true => line.to_owned(),
        false => format!("{line} --root {}", stage.rig.temp().display()),
    };
    stage.run(&line.replace("--config FILE", "--config /etc/boxup/sync.toml"))
}

fn plainly(stage: &mut Stage, line: &str) -> Finished {
    stage.run("install -d -m 700 /etc/credstore");
    stage.run(line)
}

/// On a machine whose app is one for people.
fn signed_in(stage: &mut Stage) {
    login(stage, "boxup login");
}

fn people(stage: &mut Stage) {
    *stage = Stage::with(|builder| {
        builder
            .app(box_emulator::App::OAuth2)
            .authorize_as(box_emulator::Person::Main)
            .redirect_uri(crate::rig::redirect_uri())
    });
}

/// A browser that says yes.
fn consent(page: &str) -> String {
    visit(page).decide(page, "grant").leads_to()
}

fn login(stage: &mut Stage, line: &str) -> Finished {
    people(stage);
    let mut child = crate::rig::Child::start(stage.shell(&format!("exec {line}")));
    until("the address is printed", || {
        assert!(!child.has_ended(), "{}", child.stderr());
        child.stdout().ends_with('\n')
    });
    assert_eq!(visit(&consent(child.stdout().trim())).status, 200);
    child.finish()
}

fn login_elsewhere(stage: &mut Stage, line: &str) -> Finished {
    people(stage);
    let mut child = crate::rig::Child::start_listening(stage.shell(&format!("exec {line}")));
    until("the address is printed", || {
        assert!(!child.has_ended(), "{}", child.stderr());
        child.stdout().ends_with('\n')
    });
    let back = consent(child.stdout().trim());
    child.say(&format!("{back}\n"));
    child.finish()
}

fn hang_up(stage: &mut Stage, line: &str) -> Finished {
    stage.serve();
    let pid = stage.pid().to_string();
    let finished = stage.run(&line.replace("PID", &pid));
    stage.ok("boxup wait --timeout 90s");
    finished
}

fn made(stage: &mut Stage, line: &str) -> Finished {
    stage.serve();
    stage.program("make", "echo made >\"$ROOT/srv/reports/made.txt\"");
    let announce = stage.dir.join("announce");
    crate::rig::script(&announce, "#!/bin/sh\necho announced\n");
    let finished = stage.run(line);
    assert!(finished.stdout.ends_with("announced\n"), "{finished:?}");
    assert!(stage.rig.cloud.entry(&stage.folder, "made.txt").is_some());
    assert!(!finished.stdout.contains(SECRET));
    finished
}
