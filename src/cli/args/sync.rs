//! How to sync.

use clap::Args as ClapArgs;
use std::time::Duration;

/// How to sync.
#[derive(Debug, ClapArgs)]
pub(crate) struct SyncArgs {
    /// Make one pass and end, instead of watching.
    #[arg(long)]
    pub(crate) once: bool,

    /// Make one pass that only tells what would be done; nothing is sent or written.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// While another run, or the service, holds the state: wait for it for so long, as 30s,
    /// 5m or 1h, instead of ending with 75 at once.
    #[arg(long, value_name = "SPAN", requires = "once", value_parser = humantime::parse_duration)]
    pub(crate) wait_lock: Option<Duration>,

    /// End after so long, as for SIGTERM: what is under way may finish within 10 seconds,
    /// and the next run goes on from there. Ends with 1 if anything is left.
    #[arg(long, value_name = "SPAN", requires = "once", value_parser = humantime::parse_duration)]
    pub(crate) max_duration: Option<Duration>,

    /// Only this mirror; may be given several times. Deletes wait for a run of all mirrors:
    /// what is gone from one may have moved into another.
    #[arg(long = "mirror", value_name = "NAME")]
    pub(crate) mirrors: Vec<String>,

    /// Print one JSON object per line, the last one being the summary.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) root: RootArgs,
}

impl SyncArgs {
    /// Whether it goes on until it is stopped.
    pub(crate) fn is_service(&self) -> bool {
        !self.once && !self.dry_run
    }
}

/// Whether it is known that root runs it.
#[derive(Debug, ClapArgs)]
pub(crate) struct RootArgs {
    /// Run as root without a warning; $BOXUP_ALLOW_ROOT does the same.
    #[arg(long, conflicts_with_all = ["once", "dry_run"])]
    pub(crate) allow_root: bool,
}
