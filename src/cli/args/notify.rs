//! `boxup notify`.

use crate::cli::examples;
use clap::Subcommand;

/// What to do about being told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum NotifyCommand {
    /// Send a test message by every way of [notify], and say how it went.
    ///
    /// The command sees the message on its standard input, the webhook gets it as JSON, the
    /// heartbeat is given once. Ends with 0 if all of them took it, else with 1.
    #[command(after_help = examples::NOTIFY)]
    Test {
        /// Print one JSON object for each way, and then the summary.
        #[arg(long)]
        json: bool,
    },
}
