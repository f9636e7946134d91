//! Getting a service's files to where systemd finds them, and telling it so.

use crate::cli::Place;
use crate::cli::service::args::Scope;
use crate::cli::service::plan::{MARK, Plan, Written};
use crate::cli::service::standing::Installed;
use crate::cli::service::{systemd, user_units};
use crate::cli::wording::{printable, printable_path};
use crate::config::Environment;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where a package puts its unit.
const PACKAGED: &str = "/usr/lib/systemd/system/boxup.service";
const UNITS: [&str; 2] = ["boxup.timer", "boxup.service"];

/// A machine, an image of one, or a user's session.
pub(super) struct Site {
    is_user: bool,
    units: PathBuf,
    root: Option<PathBuf>,
    environment: Environment,
}

impl Site {
    pub(super) fn new(scope: &Scope, place: &Place, root: Option<&Path>) -> Self {
        let user = user_units(place).unwrap_or_else(|| "/nonexistent".into());
        Self {
            is_user: scope.user,
            units: if scope.user {
                user
            } else {
                "/etc/systemd/system".into()
            },
            root: root.map(Path::to_owned),
            environment: place.environment.clone(),
        }
    }

    /// Writes the files and starts what they say; what was done, or what was in the way.
    pub(super) fn install(&self, plan: &Plan, files: &[Written]) -> Result<String, String> {
        self.refuse_user(plan)?;
        let mut files = files.to_vec();
        let needs_user = !plan.is_user && !self.below(Path::new(PACKAGED)).exists();
        if needs_user {
            files.insert(0, systemd::sysusers());
        }
        // All or nothing, as far as that can be known.
        for file in &files {
            self.refuse_foreign(&file.path)?;
        }
        let timer = self.units.join(UNITS[0]);
        if plan.timer.is_none() && self.below(&timer).exists() {
            self.systemctl(&["disable", "--now", UNITS[0]])?;
            self.remove(&timer)?;
        }
        let mut said = String::new();
        for file in &files {
            self.write(file)?;
            let path = self.below(&file.path);
            said += &format!("wrote {}\n", printable_path(&path));
        }
        if needs_user {
            self.make_user()?;
        }
        said += &self.start(plan)?;
        Ok(said)
    }

    fn refuse_user(&self, plan: &Plan) -> Result<(), String> {
        if plan.is_user && self.environment.absolute_path("HOME").is_none() {
            return Err("$HOME does not say where your units are: set it".to_owned());
        }
        if !plan.is_user && self.root.is_none() && !rustix::process::geteuid().is_root() {
            return Err(
                "only root installs a service of the machine: run it with sudo, or install one \
                 of your own session with --user"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// Starts what was written, or says what is missing for that.
    fn start(&self, plan: &Plan) -> Result<String, String> {
        let unit = match plan.timer {
            Some(_) => UNITS[0],
            None => UNITS[1],
        };
        if self.root.is_some() {
            self.systemctl(&["enable", unit])?;
            return Ok(format!("{unit} starts with the machine\n"));
        }
        self.systemctl(&["daemon-reload"])?;
        self.systemctl(&["enable", unit])?;
        let mut said = format!("{unit} starts {}\n", self.when());
        let config = plan.config.as_deref();
        match config.filter(|config| !config.exists()) {
            Some(missing) => {
                let missing = printable_path(missing);
                said += &format!(
                    "It is not started yet, as there is no {missing}. Next:\n  \
                     sudo boxup init --config {missing}\n  \
                     sudo chgrp boxup {missing} && sudo chmod 640 {missing}\n  \
                     sudo systemctl start {unit}\n"
                );
            }
            None => {
                self.systemctl(&["restart", unit])?;
                said += &format!("{unit} was started\n");
            }
        }
        if plan.is_user {
            said += "It ends with your session, unless: loginctl enable-linger\n";
        }
        Ok(said)
    }

    /// Stops it and removes its files; what was done, or what was in the way.
    pub(super) fn uninstall(&self) -> Result<String, String> {
        if !self.is_user && !rustix::process::geteuid().is_root() {
            return Err("only root removes a service of the machine: run it with sudo".to_owned());
        }
        let mut paths: Vec<PathBuf> = UNITS.iter().map(|unit| self.units.join(unit)).collect();
        if !self.is_user {
            paths.push(systemd::sysusers().path);
        }
        let there: Vec<PathBuf> = paths.into_iter().filter(|path| path.exists()).collect();
        if there.is_empty() {
            return Ok("nothing was installed\n".to_owned());
        }
        for path in &there {
            self.refuse_foreign(path)?;
        }
        let mut said = String::new();
        for unit in UNITS
            .iter()
            .filter(|unit| there.contains(&self.units.join(unit)))
        {
            self.systemctl(&["disable", "--now", unit])?;
            said += &format!("{unit} was stopped\n");
        }
        for path in &there {
            self.remove(path)?;
            said += &format!("removed {}\n", printable_path(path));
        }
        self.systemctl(&["daemon-reload"])?;
        said += "Configuration and state were left where they are.\n";
        Ok(said)
    }

    /// How it stands, and whether it runs.
    pub(super) fn status(&self) -> Option<Installed> {
        let timer = self.units.join(UNITS[0]);
        let unit = if timer.exists() { UNITS[0] } else { UNITS[1] };
        let own = self.units.join(unit);
        let packaged = Path::new(PACKAGED);
        let file = [own.as_path(), packaged]
            .into_iter()
            .find(|path| path.exists() && (*path == own || !self.is_user))?;
        let word = |verb: &str| {
            let asked = self.command(&[verb, unit]).output();
            let said = asked.map(|asked| String::from_utf8_lossy(&asked.stdout).trim().to_owned());
            said.ok().filter(|said| !said.is_empty())
        };
        let enabled = word("is-enabled").unwrap_or_else(|| "unknown".to_owned());
        let active = word("is-active").unwrap_or_else(|| "unknown".to_owned());
        let shown = self
            .command(&["show", "--property=StatusText", "--value", unit])
            .output();
        let sentence = shown.map(|shown| String::from_utf8_lossy(&shown.stdout).trim().to_owned());
        Some(Installed {
            file: file.to_owned(),
            enabled,
            active,
            says: sentence.ok().filter(|sentence| !sentence.is_empty()),
        })
    }

    fn when(&self) -> &'static str {
        match self.is_user {
            true => "with your session",
            false => "with the machine",
        }
    }

    fn below(&self, path: &Path) -> PathBuf {
        match (&self.root, path.strip_prefix("/")) {
            (Some(root), Ok(inner)) => root.join(inner),
            _ => path.to_owned(),
        }
    }

    /// A unit that somebody wrote by hand is not ours to change.
    fn refuse_foreign(&self, path: &Path) -> Result<(), String> {
        let path = self.below(path);
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Ok(text) if text.starts_with(MARK) => Ok(()),
            Ok(_) => Err(format!(
                "{} was not written by boxup: move it away first",
                printable_path(&path)
            )),
            Err(error) => Err(format!("{} cannot be read: {error}", printable_path(&path))),
        }
    }

    fn write(&self, file: &Written) -> Result<(), String> {
        let path = self.below(&file.path);
        let dir = path.parent().unwrap_or(Path::new("/"));
        let next = path.with_extension("boxup-new");
        let written = fs::create_dir_all(dir)
            .and_then(|()| fs::write(&next, &file.text))
            .and_then(|()| fs::rename(&next, &path));
        written.map_err(|error| format!("{} cannot be written: {error}", printable_path(&path)))
    }

    fn remove(&self, path: &Path) -> Result<(), String> {
        let path = self.below(path);
        fs::remove_file(&path)
            .map_err(|error| format!("{} cannot be removed: {error}", printable_path(&path)))
    }

    fn make_user(&self) -> Result<(), String> {
        let mut command = self.program("systemd-sysusers");
        if let Some(root) = &self.root {
            command.arg("--root").arg(root);
        }
        run(command.arg("boxup.conf"))
    }

    fn systemctl(&self, args: &[&str]) -> Result<(), String> {
        run(&mut self.command(args))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.program("systemctl");
        if self.is_user {
            command.arg("--user");
        }
        if let Some(root) = &self.root {
            command.arg("--root").arg(root);
        }
        command.args(args);
        command
    }

    /// A program of systemd's, without the secrets of our own environment.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        let secrets = crate::config::SECRET_VARIABLES;
        command
            .env_clear()
            .envs(self.environment.without(&secrets))
            .stdin(Stdio::null());
        command
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let words: Vec<_> = [command.get_program()]
        .into_iter()
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let words = printable(&words.join(" "));
    match command.output() {
        Ok(done) if done.status.success() => Ok(()),
        Ok(done) => {
            let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
            let said = printable(said.lines().last().unwrap_or("it did not say why"));
            Err(format!("`{words}` failed: {said}"))
        }
        Err(error) => Err(format!("`{words}` cannot be run: {error}")),
    }
}
