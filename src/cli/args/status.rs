//! What to tell of how it stands.

use clap::Args as ClapArgs;
use std::time::Duration;

/// What to tell of how it stands.
#[derive(Debug, ClapArgs)]
pub(crate) struct StatusArgs {
    /// Only this mirror; may be given several times.
    #[arg(long = "mirror", value_name = "NAME")]
    pub(crate) mirrors: Vec<String>,

    /// Tell in one line whether every mirror is fresher than this (30s, 15m or 2h): nothing
    /// that boxup has to send has been waiting for longer. Where no agent runs, the last
    /// pass that left nothing to do counts.
    ///
    /// Ends with 0, or with 1 when a mirror is staler, 3 when one halted, 69 when no agent
    /// runs and no pass ever got that far, 77 when Box let nobody in; of several, the one
    /// that stands first in: 78, 77, 69, 3, 1. What is parked waits for a person and does
    /// not count.
    #[arg(long, value_name = "SPAN", value_parser = humantime::parse_duration, verbatim_doc_comment)]
    pub(crate) max_lag: Option<Duration>,

    /// Go on telling, every second, until Ctrl-C; where no terminal is, when something has
    /// changed. With --json, an object each second.
    #[arg(long, conflicts_with = "max_lag")]
    pub(crate) watch: bool,

    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}
