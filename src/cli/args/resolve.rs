//! What to decide about conflicts.

use crate::plan::conflict::Keep;
use clap::Args as ClapArgs;
use std::path::PathBuf;

/// What to decide, and about what.
#[derive(Debug, ClapArgs)]
pub(crate) struct ResolveArgs {
    /// Local paths, or MIRROR/path/in/it.
    #[arg(
        value_name = "PATH",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    pub(crate) paths: Vec<PathBuf>,

    /// local: ours becomes a new version on top of theirs, which stays in the history.
    /// box: theirs stays, and ours is not sent until it changes again; no local file is
    /// ever written to. both: ours becomes a file of its own beside theirs.
    #[arg(long, value_name = "local|box|both", value_parser = keep)]
    pub(crate) keep: Keep,

    /// The version on Box that you saw, as `boxup conflicts` tells it, or "gone". Without
    /// it the decision is about what boxup itself saw last.
    #[arg(long, value_name = "VERSION", conflicts_with = "all")]
    pub(crate) seen: Option<String>,

    /// Every conflict of the mirror that --mirror names.
    #[arg(long, requires = "mirror")]
    pub(crate) all: bool,

    /// The mirror that --all is about.
    #[arg(long, value_name = "NAME", requires = "all", conflicts_with = "paths")]
    pub(crate) mirror: Option<String>,

    /// Print one JSON object per conflict, and then the summary.
    #[arg(long)]
    pub(crate) json: bool,
}

fn keep(text: &str) -> Result<Keep, String> {
    Keep::of(text).ok_or_else(|| "choose local, box or both".to_owned())
}
