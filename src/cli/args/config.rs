//! What to do with the configuration.

use crate::cli::examples;
use clap::Subcommand;

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the path of the file that is read.
    #[command(after_help = examples::CONFIG_PATH)]
    Path {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },

    /// Print every setting that holds, with where it comes from, and the built-in rules.
    ///
    /// Secrets are not shown. No command of the configuration is run, and Box is not asked.
    #[command(after_help = examples::CONFIG_SHOW)]
    Show {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },

    /// Check it and name every mistake with its line and remedy; Box is not asked.
    #[command(after_help = examples::CONFIG_CHECK)]
    Check {
        /// Print one JSON object per line, the last one being the summary.
        #[arg(long)]
        json: bool,
    },
}
