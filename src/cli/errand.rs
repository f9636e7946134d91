//! What changes something: told to the service, or done here where none runs.

use crate::agent::control::{self, STARTING};
use crate::agent::run::Fatal;
use crate::cli::wording::printable_path;
use crate::cli::{Load, Place, exit};
use crate::config::{self, ConfigError};
use crate::local::owner;
use rustix::process::geteuid;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// How long a service may take for what it only has to note.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// What is said when it takes longer: the question has been taken, and is not taken back.
pub(super) const SLOW: &str = "the service does not answer, and may still do it: `boxup status` \
                               tells how it stands";

/// Why nothing came of it.
pub(super) enum Untold {
    /// The configuration cannot be used.
    Configuration(ConfigError),
    /// It failed: why, and the exit code.
    Failed(String, u8),
}

impl From<ConfigError> for Untold {
    fn from(error: ConfigError) -> Self {
        Self::Configuration(error)
    }
}

/// Has it done, and returns what is told of it. The service may take `patience`, and
/// `slow` is said when it takes longer.
pub(super) async fn run<T: Send + 'static>(
    place: &Place,
    question: &Value,
    patience: Duration,
    slow: &str,
    load: Load<T>,
    alone: impl AsyncFnOnce(T) -> Result<Value, Fatal>,
) -> Result<Value, Untold> {
    let local = place.load(config::load_local).await?;
    let told = match ask(&local.state_dir, question, patience, slow).await? {
        Some(told) => return Ok(told),
        None => {
            is_ours(&local.state_dir)?;
            let loaded = place.load(load).await?;
            let done = alone(loaded).await;
            done.map_err(|fatal| Untold::Failed(fatal.to_string(), exit::of_fatal(&fatal)))?
        }
    };
    sound(told)
}

/// Has the service do it; `None` where none runs.
pub(super) async fn ask(
    state_dir: &Path,
    question: &Value,
    patience: Duration,
    slow: &str,
) -> Result<Option<Value>, Untold> {
    let unreachable = |what: String| Untold::Failed(what, exit::UNREACHABLE);
    let asked = control::ask_when_ready(state_dir, question, STARTING);
    match tokio::time::timeout(patience, asked).await {
        Ok(Ok(told)) => told.map(sound).transpose(),
        Ok(Err(error)) => Err(unreachable(format!("the service cannot be asked: {error}"))),
        Err(_) => Err(unreachable(slow.to_owned())),
    }
}

/// What is told, unless it is that nothing was done.
fn sound(told: Value) -> Result<Value, Untold> {
    match told["error"].as_str() {
        Some(error) => Err(Untold::Failed(error.to_owned(), exit::UNREACHABLE)),
        None => Ok(told),
    }
}

/// Who runs this.
pub(super) fn this_user() -> String {
    owner::user(geteuid().as_raw())
}

/// What root leaves in another user's state directory, that user's service cannot use.
fn is_ours(state_dir: &Path) -> Result<(), Untold> {
    match owner::other(state_dir) {
        Some(user) if geteuid().is_root() => Err(Untold::Failed(
            format!(
                "no service runs, and the state directory {} belongs to user {user}: do it as \
                 that user (sudo -u {user} boxup ...)",
                printable_path(state_dir)
            ),
            exit::STATE,
        )),
        _ => Ok(()),
    }
}
