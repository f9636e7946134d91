//! How the service stands, as its manager tells it.

use crate::cli::wording::{printable, printable_path};
use serde_json::{Value, json};
use std::path::PathBuf;

/// How an installed service stands.
#[derive(Debug)]
pub(super) struct Installed {
    /// Its unit file.
    pub(super) file: PathBuf,
    /// Whether it starts by itself, in systemd's word.
    pub(super) enabled: String,
    /// Whether it runs, in systemd's word.
    pub(super) active: String,
    /// Its sentence, if it has one.
    pub(super) says: Option<String>,
}

impl Installed {
    /// Whether it runs, or is about to.
    pub(super) fn runs(&self) -> bool {
        ["active", "reloading", "activating"].contains(&self.active.as_str())
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "installed: {}\nstarts by itself: {}\nruns: {}\n",
            printable_path(&self.file),
            printable(&self.enabled),
            printable(&self.active),
        );
        if let Some(says) = &self.says {
            text += &format!("it says: {}\n", printable(says));
        }
        text
    }
}

/// For programs; nothing where it is not installed.
pub(super) fn object(installed: Option<&Installed>, exit_code: u8) -> Value {
    json!({
        "installed": installed.map(|found| found.file.to_string_lossy()),
        "enabled": installed.map(|found| &found.enabled),
        "active": installed.map(|found| &found.active),
        "runs": installed.is_some_and(Installed::runs),
        "says": installed.and_then(|found| found.says.as_ref()),
        "exit_code": exit_code,
    })
}
