//! The log, on standard error: quiet by default, our own modules only.

use crate::cli::output::Looks;
use crate::cli::screen;
use std::ffi::OsStr;
use std::io::{self, IsTerminal, Write, stderr};
use tracing_subscriber::EnvFilter;

/// Starts logging; a second call changes nothing. `-v` tells more of ours; only an
/// explicit filter tells anything of others.
pub(crate) fn start(verbose: u8, filter: Option<&OsStr>, looks: Looks) {
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
        .with_writer(|| Gated)
        // Of a line that cannot be written nobody can be told: saying so would panic.
        .log_internal_errors(false)
        .with_ansi(looks.colours(stderr().is_terminal()));
    // Taken already when the program runs inside another, as in the demo.
    drop(subscriber.try_init());
}

/// Standard error, with progress out of the way. A line of the log comes in one piece.
struct Gated;

impl Write for Gated {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        screen::around(|| stderr().lock().write(line))
    }

    fn flush(&mut self) -> io::Result<()> {
        stderr().lock().flush()
    }
}
