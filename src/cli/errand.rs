//! What changes something: told to the service, or done here where none runs.

use crate::agent::control;
use crate::agent::run::Fatal;
use crate::cli::{Load, Place, exit};
use crate::config::{self, ConfigError};
use crate::local::owner;
use rustix::process::geteuid;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

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
    let unreachable = |what: String| Untold::Failed(what, exit::UNREACHABLE);
    let local = place.load(config::load_local).await?;
    let asked = control::ask(&local.state_dir, question);
    let told = match tokio::time::timeout(patience, asked).await {
        Ok(Ok(Some(reply))) => reply,
        Ok(Ok(None)) => {
            is_ours(&local.state_dir)?;
            let loaded = place.load(load).await?;
            let done = alone(loaded).await;
            done.map_err(|fatal| Untold::Failed(fatal.to_string(), exit::of_fatal(&fatal)))?
        }
        Ok(Err(error)) => {
            return Err(unreachable(format!("the service cannot be asked: {error}")));
        }
        Err(_) => return Err(unreachable(slow.to_owned())),
    };
    match told["error"].as_str() {
        Some(error) => Err(unreachable(error.to_owned())),
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
                state_dir.display()
            ),
            exit::STATE,
        )),
        _ => Ok(()),
    }
}
