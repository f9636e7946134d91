//! The log, on standard error: quiet by default, our own modules only.

use std::ffi::OsStr;
use std::io::{IsTerminal, stderr};
use tracing_subscriber::EnvFilter;

/// Starts logging; a second call changes nothing. `-v` tells more of ours; only an
/// explicit filter tells anything of others.
pub(crate) fn start(verbose: u8, filter: Option<&OsStr>) {
    let level = match verbose {
        0 => "boxup=warn",
        1 => "boxup=info",
        2 => "boxup=debug",
        _ => "boxup=trace",
    };
    let asked = filter
        .and_then(OsStr::to_str)
        .and_then(|text| EnvFilter::try_new(text).ok());
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(asked.unwrap_or_else(|| EnvFilter::new(level)))
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal());
    // Taken already when the program runs inside another, as in the demo.
    drop(subscriber.try_init());
}
