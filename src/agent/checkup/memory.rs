//! What earlier runs left, as far as the checks want to know it.

use crate::config::Config;
use crate::model::ids::FolderId;
use crate::store::account::KnownAccount;
use crate::store::error::Error as StoreError;
use crate::store::peek;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a look at the disk may take: a network file system whose server is gone
/// answers never.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// What the mapping knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    /// The account that it was made with.
    pub(crate) account: Option<KnownAccount>,
    /// The mirrors that have been found on Box, by name.
    pub(crate) roots: BTreeMap<String, Remembered>,
}

/// A mirror that has been found on Box.
#[derive(Clone, Debug)]
pub(crate) struct Remembered {
    /// Its folder.
    pub(crate) folder: FolderId,
    /// How many entries at its top were mirrored.
    pub(crate) entries: usize,
}

/// Reads it without a trace. Nothing where it cannot be read: the check of the state
/// says why.
pub(crate) async fn recall(config: &Config) -> Memory {
    let config = config.clone();
    let read = blocking(move || read(&config)).await;
    match read {
        Some(Ok(memory)) => memory,
        Some(Err(error)) => {
            tracing::debug!(%error, "the mapping is not looked at");
            Memory::default()
        }
        None => Memory::default(),
    }
}

fn read(config: &Config) -> Result<Memory, StoreError> {
    let reader = peek(&config.state_dir)?;
    let account = reader.account()?;
    let mut roots = BTreeMap::new();
    for mirror in &config.mirrors {
        if let Some(root) = reader.root(&mirror.name, &mirror.target.key())? {
            let mapped = reader.children(root.key)?;
            let entries = mapped.files.len() + mapped.folders.len();
            let folder = root.id;
            roots.insert(mirror.name.clone(), Remembered { folder, entries });
        }
    }
    Ok(Memory { account, roots })
}

/// Looks at the disk on a thread that may block; `None` when it does not come back.
pub(crate) async fn blocking<T: Send + 'static>(
    look: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let looking = tokio::task::spawn_blocking(look);
    match tokio::time::timeout(PATIENCE, looking).await {
        Ok(Ok(found)) => Some(found),
        Ok(Err(_)) | Err(_) => None,
    }
}
