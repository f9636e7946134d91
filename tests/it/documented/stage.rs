//! A machine as the documentation supposes one, in a directory: `/etc`, `/srv` and a home,
//! an emulated Box with a folder that is shared with the app, and a mirror of it.

use crate::rig::{Child, Finished, Rig, clean, until};
use box_emulator::{Access, Builder};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the app's secret is.
pub(super) const SECRET: &str = "d0cument3d-5ecret";

/// Programs that would change the machine that the tests run on; here they do nothing
/// and say that all is well.
const STAND_INS: [&str; 3] = ["systemctl", "systemd-sysusers", "loginctl"];

/// What is there on any machine, or on one whose shells are set up.
const DIRS: [&str; 7] = [
    "srv/reports/2026",
    "etc/boxup",
    "bin",
    "home/.config/boxup",
    "home/.config/fish/completions",
    "home/.local/share/bash-completion/completions",
    "home/.zfunc",
];

/// The machine.
pub(super) struct Stage {
    /// The Box behind it.
    pub(super) rig: Rig,
    /// The folder on Box that the documentation calls 123456789.
    pub(super) folder: String,
    /// Where lines are typed.
    pub(super) dir: PathBuf,
    /// The service, while it runs.
    service: Option<Child>,
    /// Texts of the documentation that are others here.
    extra: Vec<(String, String)>,
    /// Whether what is told on either stream is read as one, as on a terminal.
    pub(super) is_terminal: bool,
}

impl Stage {
    /// With everything set up.
    pub(super) fn new() -> Stage {
        Stage::with(|builder| builder)
    }

    /// The same with another Box.
    pub(super) fn with(change: impl FnOnce(Builder) -> Builder) -> Stage {
        let rig = Rig::with(|builder| change(builder.client_secret(SECRET)));
        let folder = rig.cloud.foreign_folder("Reports", Access::Editor);
        let root = rig.temp().to_owned();
        for dir in DIRS {
            fs::create_dir_all(root.join(dir)).expect("made");
        }
        let dir = root.join("srv");
        let stage = Stage {
            rig,
            folder,
            dir,
            service: None,
            extra: Vec::new(),
            is_terminal: false,
        };
        stage.write("srv/reports/2026/june.csv", &"a;b;c\n".repeat(200));
        stage.write("srv/reports/report.pdf", "a report");
        for secret in ["srv/secret", "etc/boxup/secret"] {
            stage.write(secret, SECRET);
        }
        for name in STAND_INS {
            stage.program(name, "echo ActiveState=active");
        }
        // The emulator wants to know who asks.
        stage.write("home/.curlrc", "user-agent = boxup/curl\n");
        // Whoever is root has no configuration of their own.
        stage.program(
            "sudo",
            "BOXUP_CONFIG=${BOXUP_CONFIG-$ROOT/etc/boxup/sync.toml} exec \"$@\"",
        );
        stage.configure("");
        stage
    }

    /// Writes a file for its owner only.
    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.rig.temp().join(path);
        fs::create_dir_all(path.parent().expect("it is in one")).expect("made");
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
    }

    /// A program of the machine.
    pub(super) fn program(&self, name: &str, script: &str) {
        let path = self.rig.temp().join("bin").join(name);
        crate::rig::script(&path, &format!("#!/bin/sh\n{script}\n"));
    }

    /// Writes the configuration, with more lines in its mirror, to where a user has it and
    /// to where the machine has it.
    pub(super) fn configure(&self, lines: &str) {
        let local = self.rig.temp().join("srv/reports");
        let text = format!(
            "{}\n[[mirror]]\nname = \"reports\"\nlocal = {local:?}\nfolder_id = {:?}\n{lines}\n\
             [state]\ndir = {:?}\n[watch]\nsettle = \"100ms\"\n",
            self.rig.config.access,
            self.folder,
            self.rig.state(),
        );
        for place in ["home/.config/boxup/sync.toml", "etc/boxup/sync.toml"] {
            self.write(place, &text);
        }
        self.rig.config.save_text(&text);
    }

    /// Nothing is set up yet.
    pub(super) fn unconfigure(&self) {
        for place in ["home/.config/boxup/sync.toml", "etc/boxup/sync.toml"] {
            let _ = fs::remove_file(self.rig.temp().join(place));
        }
    }

    /// What the emulator needs beside what the documentation says.
    pub(super) fn endpoints(&self) -> String {
        let section = self.rig.config.access.split("[endpoints]\n").nth(1);
        let lines = section.unwrap_or_default().lines();
        let pairs = lines.filter_map(|line| line.split_once(" = "));
        pairs
            .map(|(name, url)| format!(" --endpoint {name}={url}"))
            .collect()
    }

    /// From now on a text of the documentation is another one here.
    pub(super) fn replace(&mut self, said: &str, meant: &str) {
        self.extra.push((said.to_owned(), meant.to_owned()));
    }

    /// What is between the documentation and this machine.
    fn replacements(&self) -> Vec<(String, String)> {
        let root = self.rig.temp().display();
        let access = &self.rig.config.access;
        let api = access
            .split("api = \"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let app = access
            .split("client_id = \"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let mut all = self.extra.clone();
        for (said, meant) in [
            (
                "https://api.box.com/2.0",
                api.unwrap_or_default().to_owned(),
            ),
            ("CLIENT_ID", app.unwrap_or_default().to_owned()),
            ("123456789", self.folder.clone()),
            (" /srv/", format!(" {root}/srv/")),
            (" /etc/", format!(" {root}/etc/")),
        ] {
            all.push((said.to_owned(), meant));
        }
        all
    }

    /// What a program printed, as the documentation would have it.
    pub(super) fn told(&self, printed: &str) -> String {
        let root = self.rig.temp().display().to_string();
        let printed = printed
            .replace(&root, "")
            .replace(&self.folder, "123456789");
        printed
            .replace("Colleague", "Ann")
            .replace("colleague@", "ann@")
    }

    /// A line as a shell of this machine gets it.
    pub(super) fn shell(&self, line: &str) -> Command {
        let mut line = line.to_owned();
        for (said, meant) in self.replacements() {
            line = line.replace(&said, &meant);
        }
        if self.is_terminal {
            line = format!("exec 2>&1; {line}");
        }
        let program = Path::new(env!("CARGO_BIN_EXE_boxup"));
        let program = program.parent().expect("it is in a directory");
        let path = std::env::var("PATH").unwrap_or_default();
        let root = self.rig.temp();
        let mut shell = clean(Command::new("sh"), root);
        shell
            .env(
                "PATH",
                format!(
                    "{}:{}:{path}",
                    root.join("bin").display(),
                    program.display()
                ),
            )
            .env("ROOT", root)
            .env("BOXUP_ALLOW_ROOT", "1")
            .current_dir(&self.dir)
            .args(["-c", &line]);
        shell
    }

    /// Runs a line to its end.
    pub(super) fn run(&self, line: &str) -> Finished {
        let finished = Child::start(self.shell(line)).finish();
        let said = format!("{}{}", finished.stdout, finished.stderr);
        assert!(
            !said.contains(SECRET),
            "the secret is shown by {line}: {said}"
        );
        finished
    }

    /// The same, which must go well.
    #[track_caller]
    pub(super) fn ok(&self, line: &str) -> String {
        let finished = self.run(line);
        assert_eq!(finished.code, 0, "{line}: {finished:?}");
        finished.stdout
    }

    /// Starts the service, if it does not run.
    pub(super) fn serve(&mut self) {
        if self.service.is_none() {
            self.service = Some(Child::start(self.shell("exec boxup sync")));
            let runs = || self.run("boxup status").code == 0;
            until("the service can be asked", runs);
            self.ok("boxup wait --timeout 90s");
        }
    }

    /// Stops it, if it runs.
    pub(super) fn rest(&mut self) {
        if let Some(service) = self.service.take() {
            service.term();
            let ended = service.finish();
            assert!([0, 1].contains(&ended.code), "{ended:?}");
        }
    }

    /// The service's process ID.
    pub(super) fn pid(&self) -> u32 {
        self.service.as_ref().expect("it runs").pid()
    }
}
