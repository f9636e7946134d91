//! `boxup doctor`: everything that a mirror needs, looked at in the order in which it is
//! needed, each with the next step where it is not as it should be.
//!
//! Nothing is changed: not on Box, not in the mirrors. A token that had to be asked for
//! is kept, as by every command. What cannot be looked at because something before it
//! failed is skipped and says so.

mod disk;
mod folders;
mod network;
mod sign_in;
mod state;

use crate::agent::access::{self, Traces};
use crate::agent::run::Fatal;
use crate::config::{Config, Environment};
use crate::model::trouble::{Said, Trouble};
use crate::remote::client::BoxClient;

/// What was looked at, and how it stands.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    /// What programs call it; stable.
    pub(crate) name: String,
    /// How it stands.
    pub(crate) status: Status,
    /// What was found.
    pub(crate) found: String,
    /// What a person should do now.
    pub(crate) next: Option<String>,
    /// Box's own part in it.
    pub(crate) said: Option<Said>,
}

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// As it should be.
    Ok,
    /// It works, and deserves a look.
    Warn,
    /// It does not work.
    Fail(Fault),
    /// It was not looked at.
    Skipped,
}

/// What kind of thing does not work; each has its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The configuration, or the mode of a file.
    Configuration,
    /// The state directory.
    State,
    /// Box does not let us in, or not where we should go.
    Unauthorized,
    /// Box does not answer.
    Unreachable,
    /// A local root.
    Local,
}

impl Check {
    fn new(name: impl Into<String>, status: Status, found: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            status,
            found: found.into(),
            next: None,
            said: None,
        }
    }

    /// All is well.
    pub(crate) fn ok(name: impl Into<String>, found: impl Into<String>) -> Self {
        Self::new(name, Status::Ok, found)
    }

    /// It works, and deserves a look.
    pub(crate) fn warn(
        name: impl Into<String>,
        found: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        let next = Some(next.into());
        Self {
            next,
            ..Self::new(name, Status::Warn, found)
        }
    }

    /// It does not work.
    pub(crate) fn fail(
        name: impl Into<String>,
        fault: Fault,
        found: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        let next = Some(next.into());
        Self {
            next,
            ..Self::new(name, Status::Fail(fault), found)
        }
    }

    /// It was not looked at, because of this.
    pub(crate) fn skipped(name: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(name, Status::Skipped, why)
    }

    /// Box was in the way.
    fn trouble(name: impl Into<String>, trouble: &Trouble) -> Self {
        let why = match trouble {
            Trouble::NoAnswer(why) => {
                let next = "Look at the network checks above; run boxup doctor again when they \
                            are well";
                return Self::fail(name, Fault::Unreachable, why, next);
            }
            Trouble::Later(said, _) | Trouble::Throttled(said, _) => (Fault::Unreachable, said),
            Trouble::NameTaken(said, _)
            | Trouble::Stale(said)
            | Trouble::Gone(said)
            | Trouble::Damaged(said)
            | Trouble::Refused(said)
            | Trouble::Unauthorized(said) => (Fault::Unauthorized, said),
            Trouble::LocalChanged | Trouble::LocalGone | Trouble::LocalRead(_) => {
                return Self::fail(name, Fault::Local, "the disk is in the way", "look at it");
            }
        };
        let (fault, said) = why;
        let found = said
            .lesson
            .map_or_else(|| said.words(), |lesson| lesson.happened.to_owned());
        let next = said
            .lesson
            .map_or("Run boxup doctor again later", |lesson| lesson.next);
        let said = Some(said.clone());
        Self {
            said,
            ..Self::fail(name, fault, found, next)
        }
    }
}

/// Where each check goes as soon as it is made.
pub(crate) type Tell<'a> = &'a mut (dyn FnMut(Check) + Send);

/// What the checks share.
struct Patient<'a> {
    config: &'a Config,
    environment: &'a Environment,
    client: BoxClient,
}

/// Looks at everything behind a configuration that could be read.
pub(crate) async fn examine(config: &Config, environment: &Environment, tell: Tell<'_>) {
    let client = match access::client(config, Traces::of_existing(&config.state_dir)) {
        Ok(client) => {
            tell(Check::ok(
                "file_modes",
                "nobody else reads what holds a secret",
            ));
            client
        }
        Err(fatal) => {
            tell(cannot_begin(&fatal));
            offline(config, tell).await;
            return;
        }
    };
    let patient = Patient {
        config,
        environment,
        client,
    };
    let clock = network::examine(&patient, tell).await;
    let is_online = clock.is_some();
    tell(network::clock(clock));
    let account = match is_online {
        true => sign_in::examine(&patient, tell).await,
        false => {
            for name in ["token", "identity"] {
                tell(Check::skipped(name, "because Box cannot be reached"));
            }
            None
        }
    };
    folders::examine(&patient, account.as_ref(), tell).await;
    offline(config, tell).await;
}

/// What needs no network.
async fn offline(config: &Config, tell: Tell<'_>) {
    disk::examine(config, tell).await;
    state::examine(config, tell).await;
}

fn cannot_begin(fatal: &Fatal) -> Check {
    match fatal {
        Fatal::TokenFile(error) => {
            let next = "Do what it says, and run boxup doctor again";
            Check::fail("file_modes", Fault::Configuration, error.to_string(), next)
        }
        Fatal::Store(error) => {
            let next = "Point [state] dir to a directory that boxup may write to";
            Check::fail("state", Fault::State, error.to_string(), next)
        }
        other => {
            let next = "Mend [auth] or [network]; boxup config check names what it can";
            Check::fail("file_modes", Fault::Configuration, other.to_string(), next)
        }
    }
}
