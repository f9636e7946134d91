//! Getting a service's files to where systemd finds them, and telling it so.

use crate::cli::Place;
use crate::cli::service::args::Scope;
use crate::cli::service::files::{self, Ledger, is_there, refuse_foreign};
use crate::cli::service::plan::{Plan, Written};
use crate::cli::service::tools::Tools;
use crate::cli::service::{systemd, user_units};
use crate::cli::wording::{printable_path, shell_path};
use rustix::process::geteuid;
use std::path::{Path, PathBuf};

/// Where a package puts its unit.
pub(super) const PACKAGED: &str = "/usr/lib/systemd/system/boxup.service";
pub(super) const TIMER: &str = "boxup.timer";
pub(super) const SERVICE: &str = "boxup.service";

/// A machine, an image of one, or a user's session.
pub(super) struct Site {
    pub(super) units: PathBuf,
    pub(super) tools: Tools,
}

/// What was done, and what was not.
#[derive(Default)]
pub(super) struct Done {
    /// Lines, each with its line feed.
    pub(super) said: String,
    /// Sentences.
    pub(super) failed: Vec<String>,
}

impl From<String> for Done {
    fn from(why: String) -> Self {
        Self {
            said: String::new(),
            failed: vec![why],
        }
    }
}

impl Site {
    /// The place; the error says why there is none.
    pub(super) fn new(scope: &Scope, place: &Place, root: Option<&Path>) -> Result<Self, String> {
        let units = match scope.user {
            true => user_units(place).ok_or("$HOME does not say where your units are: set it")?,
            false => PathBuf::from("/etc/systemd/system"),
        };
        Ok(Self {
            units,
            tools: Tools {
                is_user: scope.user,
                root: root.map(|root| std::path::absolute(root).unwrap_or_else(|_| root.into())),
                environment: place.environment.clone(),
            },
        })
    }

    /// Writes the files and starts what they say. What cannot be finished is taken back.
    pub(super) async fn install(&self, plan: &Plan, files: &[Written]) -> Done {
        let mut done = Done::default();
        let mut ledger = Ledger::default();
        let prepared = match self.may(plan, files) {
            Ok(()) => self.prepare(plan, files, &mut ledger).await,
            Err(why) => return why.into(),
        };
        match prepared {
            Ok(said) => done.said = said,
            Err(why) => return self.take_back(ledger, why).await.into(),
        }
        match self.start(plan).await {
            Ok(said) => done.said += &said,
            Err(why) => done.failed.push(why),
        }
        done
    }

    /// Whether it may be tried at all.
    fn may(&self, plan: &Plan, files: &[Written]) -> Result<(), String> {
        self.refuse_person("installs", "install one of your own session with --user")?;
        for file in files {
            refuse_foreign(&self.below(&file.path))?;
        }
        match plan.timer {
            Some(_) => Ok(()),
            None => refuse_foreign(&self.below(&self.units.join(TIMER))),
        }
    }

    fn refuse_person(&self, verb: &str, instead: &str) -> Result<(), String> {
        let (is_root, is_user) = (geteuid().is_root(), self.tools.is_user);
        if is_user && is_root && self.tools.environment.get("SUDO_USER").is_some() {
            return Err(
                "with sudo, --user would mean root's session, not yours: run it without sudo"
                    .to_owned(),
            );
        }
        if !is_user && !is_root && self.tools.root.is_none() {
            return Err(format!(
                "only root {verb} a service of the machine: run it with sudo, or {instead}"
            ));
        }
        Ok(())
    }

    /// All that can be taken back.
    async fn prepare(
        &self,
        plan: &Plan,
        files: &[Written],
        ledger: &mut Ledger,
    ) -> Result<String, String> {
        let mut said = String::new();
        let has_user = plan.is_user || self.below(Path::new(PACKAGED)).exists();
        let user = (!has_user).then(systemd::sysusers);
        if let Some(user) = &user {
            refuse_foreign(&self.below(&user.path))?;
        }
        for file in user.iter().chain(files) {
            let path = self.below(&file.path);
            ledger.put(&path, file)?;
            said += &format!("wrote {}\n", printable_path(&path));
        }
        if user.is_some() {
            self.tools.make_user().await?;
        }
        self.reload().await?;
        let unit = unit(plan);
        self.tools.systemctl(&["enable", unit]).await?;
        let when = match plan.is_user {
            true => "with your session",
            false => "with the machine",
        };
        said += &format!("{unit} starts {when}\n");
        Ok(said)
    }

    /// In an image there is nobody to be told.
    async fn reload(&self) -> Result<(), String> {
        if self.tools.root.is_none() {
            self.tools.systemctl(&["daemon-reload"]).await?;
        }
        Ok(())
    }

    /// Everything as it was before; the sentence about it.
    async fn take_back(&self, ledger: Ledger, why: String) -> String {
        for unit in [TIMER, SERVICE] {
            if ledger.is_new(&self.below(&self.units.join(unit))) {
                // It may not have come so far.
                drop(self.tools.systemctl(&["disable", unit]).await);
                files::unlink(&self.below(&self.units), unit);
            }
        }
        let stays = ledger.take_back();
        // What it knows is what is there, if it can be told.
        drop(self.reload().await);
        match stays.is_empty() {
            true => format!("{why}. Nothing was installed{}", self.bus()),
            false => format!("{why}. This stays: {}", stays.join("; ")),
        }
    }

    /// What to do where there is no manager for a session.
    fn bus(&self) -> &'static str {
        match self.tools.is_user {
            true => {
                ": it takes a session of systemd (log in as this user, not by su; or let root \
                 run `loginctl enable-linger` for it)"
            }
            false => "",
        }
    }

    /// Starts what was written, or says what is missing for that.
    async fn start(&self, plan: &Plan) -> Result<String, String> {
        let unit = unit(plan);
        let (other, is_other_there) = match plan.timer {
            // The service that stays would hold the lock, and a pass is no unit of the boot.
            Some(_) => (SERVICE, true),
            None => (TIMER, is_there(&self.below(&self.units.join(TIMER)))),
        };
        let now = ["disable", "--now", other];
        let verbs = match self.tools.root {
            Some(_) => [now[0], now[2]].to_vec(),
            None => now.to_vec(),
        };
        if is_other_there {
            self.tools.systemctl(&verbs).await?;
        }
        if is_other_there && other == TIMER {
            files::remove(&self.below(&self.units.join(TIMER)))?;
            self.reload().await?;
        }
        if self.tools.root.is_some() {
            return Ok(String::new());
        }
        if let Some(next) = unconfigured(plan, unit) {
            return Ok(next);
        }
        let started = self.tools.systemctl(&["restart", unit]).await;
        let (sudo, flag) = self.tools.for_person();
        started.map_err(|why| {
            format!(
                "{why}. It is installed, and did not start: `{sudo}journalctl{flag} -u boxup -n \
                 20` says why; then `{sudo}systemctl{flag} start {unit}`"
            )
        })?;
        let lasts = match plan.is_user {
            true => "It ends with your session, unless: loginctl enable-linger\n",
            false => "",
        };
        Ok(format!("{unit} was started\n{lasts}"))
    }

    /// Stops it and removes its files, also where systemd cannot be asked.
    pub(super) async fn uninstall(&self) -> Done {
        if let Err(why) = self.refuse_person("removes", "remove your own with --user") {
            return why.into();
        }
        let units = [TIMER, SERVICE].map(|unit| (Some(unit), self.units.join(unit)));
        let user = (!self.tools.is_user).then(|| (None, systemd::sysusers().path));
        let all = units.into_iter().chain(user);
        let there: Vec<_> = all.filter(|(_, path)| is_there(path)).collect();
        let mut done = Done::default();
        if there.is_empty() {
            done.said = "nothing was installed\n".to_owned();
            return done;
        }
        for (_, path) in &there {
            if let Err(why) = refuse_foreign(path) {
                return why.into();
            }
        }
        for unit in there.iter().filter_map(|(unit, _)| *unit) {
            match self.tools.systemctl(&["disable", "--now", unit]).await {
                Ok(_) => done.said += &format!("{unit} was stopped\n"),
                Err(why) => {
                    files::unlink(&self.units, unit);
                    done.failed
                        .push(format!("{why}. If {unit} runs, it goes on"));
                }
            }
        }
        for (_, path) in &there {
            match files::remove(path) {
                Ok(()) => done.said += &format!("removed {}\n", printable_path(path)),
                Err(why) => done.failed.push(why),
            }
        }
        // Whoever could not be asked before has no old unit to forget either.
        if let (Err(why), true) = (self.reload().await, done.failed.is_empty()) {
            done.failed.push(why);
        }
        done.said += "Configuration and state were left where they are.\n";
        done
    }

    fn below(&self, path: &Path) -> PathBuf {
        match (&self.tools.root, path.strip_prefix("/")) {
            (Some(root), Ok(inner)) => root.join(inner),
            _ => path.to_owned(),
        }
    }
}

/// The unit that is started.
fn unit(plan: &Plan) -> &'static str {
    match plan.timer {
        Some(_) => TIMER,
        None => SERVICE,
    }
}

/// What to do first where there is nothing to run with.
fn unconfigured(plan: &Plan, unit: &str) -> Option<String> {
    let named = plan.config.as_deref().or(plan.found.as_deref());
    if named.is_some_and(|config| config.try_exists().unwrap_or(true)) {
        return None;
    }
    let what = named.map_or_else(|| "configuration".to_owned(), printable_path);
    let flag = named.map_or_else(String::new, |config| {
        format!(" --config {}", shell_path(config))
    });
    let word = named.map(shell_path).unwrap_or_default();
    Some(match plan.is_user {
        true => format!(
            "It is not started yet, as there is no {what}. Next:\n  boxup init{flag}\n  \
             systemctl --user start {unit}\n"
        ),
        false => format!(
            "It is not started yet, as there is no {what}. Next:\n  sudo boxup init{flag}\n  \
             sudo chgrp boxup {word} && sudo chmod 640 {word}\n  sudo systemctl start {unit}\n"
        ),
    })
}
