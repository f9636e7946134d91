//! What changes something: told to the service, or done here where none runs.

use crate::agent::control;
use crate::agent::run::Fatal;
use crate::cli::{Place, exit};
use crate::config::{self, Config, ConfigError};
use serde_json::Value;
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
pub(super) async fn run(
    place: &Place,
    question: &Value,
    patience: Duration,
    slow: &str,
    alone: impl AsyncFnOnce(Config) -> Result<Value, Fatal>,
) -> Result<Value, Untold> {
    let unreachable = |what: String| Untold::Failed(what, exit::UNREACHABLE);
    let local = place.load(config::load_local).await?;
    let asked = control::ask(&local.state_dir, question);
    let told = match tokio::time::timeout(patience, asked).await {
        Ok(Ok(Some(reply))) => reply,
        Ok(Ok(None)) => {
            let loaded = place.load(config::load).await?;
            let done = alone(loaded.config).await;
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
