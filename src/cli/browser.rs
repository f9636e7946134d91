//! Opening a page in a person's browser.

use crate::config::Environment;
use std::process::{Command, Stdio};

/// Tries to; says whether something was started. Nothing is tried where no screen is.
pub(crate) fn open(page: &str, env: &Environment) -> bool {
    let Some(program) = program(env) else {
        return false;
    };
    let mut command = Command::new(program);
    // The page is no secret: it holds the app's ID and a number that is good once.
    command.arg(page);
    for secret in crate::config::SECRET_VARIABLES {
        command.env_remove(secret);
    }
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    match quiet.spawn() {
        Ok(mut child) => {
            // Reaped when it ends; a browser may outlive us.
            std::thread::spawn(move || child.wait());
            true
        }
        Err(_) => false,
    }
}

fn program(env: &Environment) -> Option<std::ffi::OsString> {
    if let Some(chosen) = env.get("BROWSER") {
        return Some(chosen.to_owned());
    }
    if cfg!(target_os = "macos") {
        return Some("open".into());
    }
    let has_screen = env.get("DISPLAY").is_some() || env.get("WAYLAND_DISPLAY").is_some();
    has_screen.then(|| "xdg-open".into())
}
