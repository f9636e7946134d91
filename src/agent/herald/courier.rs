//! The ways to people: a command that is run, an address that is posted to, and one that
//! wants a sign of life. None of them is Box, and none sees a token.

use crate::agent::access;
use crate::agent::herald::message::Message;
use crate::config::{Address, Config, Environment, SECRET_VARIABLES};
use crate::remote::transport::{self, Route};
use reqwest::Client;
use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::ExposeSecret;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

/// How long a command may take.
const COMMAND: Duration = Duration::from_secs(30);
/// How long an address may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// What is waited for between two tries.
const APART: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];
/// How long what was killed may take to end.
const A_MOMENT: Duration = Duration::from_secs(1);

/// What a way is called.
pub(crate) const BY_COMMAND: &str = "command";
/// The same.
pub(crate) const BY_WEBHOOK: &str = "webhook";
/// The same.
pub(crate) const BY_HEARTBEAT: &str = "heartbeat";

/// How it went by one way: an error is fit to be printed.
pub(crate) type Delivery = (&'static str, Result<(), String>);

/// Brings messages.
#[derive(Clone, Debug)]
pub(crate) struct Courier {
    command: Option<String>,
    patience: Duration,
    directory: PathBuf,
    environment: Environment,
    webhook: Option<Address>,
    heartbeat: Option<Address>,
    route: Route,
}

/// A process group, killed when dropped.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0.take() {
            // It may have ended by itself just now.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Courier {
    /// By the ways of a configuration.
    pub(crate) fn new(config: &Config) -> Self {
        let notify = &config.notify;
        Self {
            command: notify.command.clone(),
            patience: COMMAND,
            directory: notify.directory.clone(),
            environment: notify.environment.clone(),
            webhook: notify.webhook.clone(),
            heartbeat: notify.heartbeat.clone(),
            route: access::route(config),
        }
    }

    /// Whether somebody expects signs of life.
    pub(crate) fn has_heartbeat(&self) -> bool {
        self.heartbeat.is_some()
    }

    /// Brings it by each way at the same time. `is_watched`: a person sees what the command
    /// says on standard error.
    pub(crate) async fn deliver(&self, message: &Message, is_watched: bool) -> Vec<Delivery> {
        let by_command = async {
            let command = self.command.as_ref()?;
            Some((BY_COMMAND, self.run(command, message, is_watched).await))
        };
        let by_webhook = async {
            let address = self.webhook.as_ref()?;
            Some((BY_WEBHOOK, self.post(address, message).await))
        };
        let (command, webhook) = tokio::join!(by_command, by_webhook);
        [command, webhook].into_iter().flatten().collect()
    }

    /// Gives a sign of life, if anybody expects one.
    pub(crate) async fn beat(&self) -> Option<Delivery> {
        let address = self.heartbeat.as_ref()?;
        let send = |client: &Client| client.get(address.whole().expose_secret());
        Some((BY_HEARTBEAT, self.ask(address, BY_HEARTBEAT, send).await))
    }

    async fn post(&self, address: &Address, message: &Message) -> Result<(), String> {
        let send = |client: &Client| {
            client
                .post(address.whole().expose_secret())
                .header("content-type", "application/json")
                .body(message.json.clone())
        };
        self.ask(address, BY_WEBHOOK, send).await
    }

    /// Asks until it is answered, three times at the most. A redirect is not followed:
    /// what is told is for whoever was named.
    async fn ask(
        &self,
        address: &Address,
        name: &'static str,
        send: impl Fn(&Client) -> reqwest::RequestBuilder,
    ) -> Result<(), String> {
        let client = transport::client(address.is_loopback(), &self.route)?;
        let party = format!("the host of the {name}");
        let mut waits = APART.into_iter();
        loop {
            let answer = send(&client).timeout(ANSWER).send().await;
            let (what, may_pass) = match answer {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => {
                    let status = answer.status();
                    let may_pass = status.is_server_error() || status.as_u16() == 429;
                    (format!("{party} answered {status}"), may_pass)
                }
                Err(error) => (transport::about(&error, &party), true),
            };
            match waits.next().filter(|_| may_pass) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(what),
            }
        }
    }

    async fn run(&self, command: &str, message: &Message, is_watched: bool) -> Result<(), String> {
        let unstarted = |error| format!("the command cannot be run: {error}");
        let mut child = Command::new("sh")
            .args(["-c", command])
            .current_dir(&self.directory)
            .env_clear()
            .envs(self.environment.without(&SECRET_VARIABLES))
            .envs(message.variables.iter().map(|(name, text)| (name, text)))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(if is_watched {
                Stdio::inherit()
            } else {
                Stdio::null()
            })
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(unstarted)?;
        let mut group = Group(child.id().and_then(pid));
        let writing = tokio::spawn(write(child.stdin.take(), message.json.clone()));
        let ended = tokio::time::timeout(self.patience, child.wait()).await;
        writing.abort();
        let status = match ended {
            Ok(status) => {
                // What it left behind on purpose may go on.
                group.0 = None;
                status.map_err(unstarted)?
            }
            Err(_) => {
                drop(group);
                reap(&mut child).await;
                let patience = humantime::format_duration(self.patience);
                return Err(format!(
                    "the command took longer than {patience} and was killed"
                ));
            }
        };
        match (status.success(), status.code()) {
            (true, _) => Ok(()),
            (false, Some(127)) => {
                Err("the command ended with exit code 127: sh does not find it".to_owned())
            }
            (false, Some(code)) => Err(format!("the command ended with exit code {code}")),
            (false, None) => Err(format!("the command failed ({status})")),
        }
    }
}

/// One that does not read it is none the worse for that.
async fn write(stdin: Option<tokio::process::ChildStdin>, json: String) {
    if let Some(mut stdin) = stdin {
        drop(stdin.write_all(format!("{json}\n").as_bytes()).await);
    }
}

async fn reap(child: &mut Child) {
    drop(child.start_kill());
    drop(tokio::time::timeout(A_MOMENT, child.wait()).await);
}

fn pid(id: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(id).ok()?)
}

#[cfg(test)]
mod tests {
    use super::Courier;
    use crate::agent::herald::message::{Message, Sender};
    use crate::config::Environment;
    use crate::remote::transport::Route;
    use std::path::Path;
    use std::time::{Duration, Instant};

    fn courier(directory: &Path, patience: Duration) -> Courier {
        Courier {
            command: None,
            patience,
            directory: directory.to_path_buf(),
            environment: [("PATH", "/usr/bin:/bin"), ("BOXUP_WEBHOOK", "canary")]
                .into_iter()
                .collect::<Environment>(),
            webhook: None,
            heartbeat: None,
            route: Route::default(),
        }
    }

    fn message() -> Message {
        Message::test(0, &Sender::here(None))
    }

    #[tokio::test]
    async fn a_command_gets_the_message_and_no_secret() {
        let dir = tempfile::tempdir().unwrap();
        let courier = courier(dir.path(), Duration::from_secs(60));
        let command = "cat > got; echo \"$BOXUP_EVENT${BOXUP_WEBHOOK}\" > event";
        assert_eq!(courier.run(command, &message(), false).await, Ok(()));
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!(read("got").trim_end(), message().json);
        assert_eq!(read("event"), "test\n");
    }

    #[tokio::test]
    async fn a_command_that_does_not_end_is_killed_with_all_it_started() {
        let dir = tempfile::tempdir().unwrap();
        let courier = courier(dir.path(), Duration::from_millis(300));
        let began = Instant::now();
        let command = "sleep 1000 & echo $! > pid; wait";
        let went = courier.run(command, &message(), false).await;
        assert!(went.unwrap_err().contains("longer than 300ms"));
        // Nothing was started yet where the machine is that busy.
        let pid = std::fs::read_to_string(dir.path().join("pid")).unwrap_or_default();
        let alive = || {
            let told = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
            // A dead one may wait for whoever inherited it.
            told.is_ok_and(|told| !told.contains(") Z "))
        };
        while !pid.trim().is_empty() && alive() {
            assert!(began.elapsed() < Duration::from_secs(60));
            tokio::task::yield_now().await;
        }
    }
}
