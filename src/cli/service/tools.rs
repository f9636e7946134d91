//! systemd's own programs, as they are run here: without secrets, and not for ever.

use crate::cli::wording::printable;
use crate::config::{Environment, SECRET_VARIABLES};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use tokio::time::timeout;

/// A unit gets 90 s to start, if it does not say otherwise.
const PATIENCE: Duration = Duration::from_secs(150);

/// How they are called.
#[derive(Clone)]
pub(super) struct Tools {
    pub(super) is_user: bool,
    /// An image of a machine instead of this one.
    pub(super) root: Option<PathBuf>,
    pub(super) environment: Environment,
}

impl Tools {
    /// What a person types before a program that does the same, and after its name.
    pub(super) fn for_person(&self) -> (&'static str, &'static str) {
        match self.is_user {
            true => ("", " --user"),
            false => ("sudo ", ""),
        }
    }

    /// What systemctl says; the error is a sentence.
    pub(super) async fn systemctl(&self, args: &[&str]) -> Result<String, String> {
        let mut command = self.program("systemctl");
        if self.is_user {
            command.arg("--user");
        }
        run(command.args(args)).await
    }

    /// Makes the user that a service of the machine runs as.
    pub(super) async fn make_user(&self) -> Result<(), String> {
        let mut command = self.program("systemd-sysusers");
        run(command.arg("boxup.conf")).await.map(drop)
    }

    /// Whether systemd knows this time; nothing where it cannot be asked.
    pub(super) async fn knows_time(&self, when: &str) -> Option<bool> {
        let mut command = self.plain("systemd-analyze");
        let asked = command.args(["calendar", "--", when]).output();
        let answer = timeout(PATIENCE, asked).await.ok()?.ok()?;
        Some(answer.status.success())
    }

    fn program(&self, name: &str) -> Command {
        let mut command = self.plain(name);
        if let Some(root) = &self.root {
            command.arg("--root").arg(root);
        }
        command
    }

    fn plain(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command
            .env_clear()
            .envs(self.environment.without(&SECRET_VARIABLES))
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

async fn run(command: &mut Command) -> Result<String, String> {
    let words = [command.as_std().get_program()];
    let words = words.into_iter().chain(command.as_std().get_args());
    let words = words.map(|word| word.to_string_lossy());
    // What is asked for helps nobody who reads it.
    let words: Vec<_> = words
        .filter(|word| !word.starts_with("--property"))
        .collect();
    let words = printable(&words.join(" "));
    let done = match timeout(PATIENCE, command.output()).await {
        Ok(Ok(done)) => done,
        Ok(Err(error)) => return Err(format!("`{words}` cannot be run: {error}")),
        Err(_) => {
            let seconds = PATIENCE.as_secs();
            return Err(format!("`{words}` did not end within {seconds} s"));
        }
    };
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    // The first line is the mistake; others tell what else could be tried.
    let said = printable(said.trim().lines().next().unwrap_or("it did not say why"));
    Err(format!("`{words}` failed: {said}"))
}
