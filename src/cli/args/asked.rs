//! What goes next, and what is tried once more.

use clap::Args as ClapArgs;
use std::path::PathBuf;
use std::time::Duration;

/// What goes next.
#[derive(Debug, ClapArgs)]
pub(crate) struct BumpArgs {
    /// Local paths, or MIRROR/path/in/it; of a directory, all that is in it.
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,

    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is tried once more.
#[derive(Debug, ClapArgs)]
pub(crate) struct RetryArgs {
    /// Only what is at or below these local paths, or MIRROR/path/in/it.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Only this mirror; may be given several times.
    #[arg(long = "mirror", value_name = "NAME", conflicts_with = "paths")]
    pub(crate) mirrors: Vec<String>,

    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What to wait for.
#[derive(Debug, ClapArgs)]
pub(crate) struct WaitArgs {
    /// Wait no longer than this, such as 500ms, 30s or 5m.
    #[arg(long, value_name = "SPAN", default_value = "30s", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Duration,

    /// Only for this mirror; may be given several times.
    #[arg(long = "mirror", value_name = "NAME")]
    pub(crate) mirrors: Vec<String>,

    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}
