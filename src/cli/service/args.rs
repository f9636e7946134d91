//! The command line of `boxup service`. Only its syntax.

use crate::cli::examples;
use clap::{Args as ClapArgs, Subcommand};
use std::path::PathBuf;

/// What to do with the service.
#[derive(Debug, Subcommand)]
pub(crate) enum ServiceCommand {
    /// Print the unit files. Nothing is changed, and no configuration is needed.
    #[command(after_help = examples::SERVICE_PRINT)]
    Print(ServiceArgs),
    /// Write the unit files, make the user that the service runs as, and start it.
    #[command(after_help = examples::SERVICE_INSTALL)]
    Install(InstallArgs),
    /// Stop it and remove what was installed. Configuration and state stay.
    #[command(after_help = examples::SERVICE_UNINSTALL)]
    Uninstall(Scope),
    /// Tell whether it is installed and runs: 0 if so, 69 if it does not run.
    #[command(after_help = examples::SERVICE_STATUS)]
    Status {
        #[command(flatten)]
        scope: Scope,

        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// Whose service.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Scope {
    /// A service of your own session.
    #[arg(long, conflicts_with = "system")]
    pub(crate) user: bool,

    /// A service of the machine (the default).
    #[arg(long)]
    pub(crate) system: bool,

    /// Of this service manager.
    #[arg(
        long,
        value_enum,
        value_name = "systemd|launchd",
        default_value_t,
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub(crate) manager: Manager,
}

/// A service manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Manager {
    /// Of Linux.
    Systemd,
    /// Of macOS.
    Launchd,
}

impl Default for Manager {
    fn default() -> Self {
        match cfg!(target_os = "macos") {
            true => Self::Launchd,
            false => Self::Systemd,
        }
    }
}

/// Which service.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct ServiceArgs {
    #[command(flatten)]
    pub(crate) scope: Scope,

    /// Make a pass at these times (systemd.time(7), such as hourly or "Mon..Fri 08..18:00")
    /// instead of watching.
    #[arg(long, value_name = "WHEN", value_parser = when)]
    pub(crate) timer: Option<String>,

    /// The program that the service starts; this one if left out.
    #[arg(long, value_name = "FILE")]
    pub(crate) program: Option<PathBuf>,
}

/// Which service, and where to.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct InstallArgs {
    #[command(flatten)]
    pub(crate) service: ServiceArgs,

    /// Install below this directory, for an image of a machine: nothing is started.
    #[arg(long, value_name = "DIR", conflicts_with = "user")]
    pub(crate) root: Option<PathBuf>,
}

fn when(text: &str) -> Result<String, String> {
    match text.trim().is_empty() || text.chars().any(char::is_control) {
        true => Err("name a time, such as hourly, daily or \"Mon..Fri 08..18:00\"".to_owned()),
        false => Ok(text.trim().to_owned()),
    }
}
