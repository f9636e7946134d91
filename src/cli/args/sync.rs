//! How to sync.

use clap::Args as ClapArgs;

/// How to sync.
#[derive(Debug, ClapArgs)]
pub(crate) struct SyncArgs {
    /// Make one pass and end, instead of watching.
    #[arg(long)]
    pub(crate) once: bool,

    /// Make one pass that only tells what would be done; nothing is sent or written.
    #[arg(long)]
    pub(crate) dry_run: bool,

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

/// Whether it is known that root runs it.
#[derive(Debug, ClapArgs)]
pub(crate) struct RootArgs {
    /// Run as root without a warning; $BOXUP_ALLOW_ROOT does the same.
    #[arg(long, conflicts_with_all = ["once", "dry_run"])]
    pub(crate) allow_root: bool,
}
