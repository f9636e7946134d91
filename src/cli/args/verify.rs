//! What to compare.

use clap::Args as ClapArgs;

/// What to compare.
#[derive(Debug, ClapArgs)]
pub(crate) struct VerifyArgs {
    /// Make good what differs, as on_remote_change and on_existing say: what they park is
    /// parked, and what is only on Box stays there. A running service does it.
    #[arg(long)]
    pub(crate) repair: bool,

    /// Only this mirror; may be given several times.
    #[arg(long = "mirror", value_name = "NAME")]
    pub(crate) mirrors: Vec<String>,

    /// Print one JSON object for each difference, and then the summary.
    #[arg(long)]
    pub(crate) json: bool,
}
