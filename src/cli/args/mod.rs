//! The command line. Only its syntax: what a command does is elsewhere.

mod asked;
mod config;
mod history;
mod log;
mod notify;
mod pause;
mod resolve;
mod status;
mod sync;
#[cfg(test)]
mod tests;
mod token;
mod verify;

pub(crate) use crate::cli::args::asked::{BumpArgs, RetryArgs, WaitArgs};
pub(crate) use crate::cli::args::config::ConfigCommand;
pub(crate) use crate::cli::args::history::HistoryArgs;
pub(crate) use crate::cli::args::log::{LogArgs, LogFormat, LogLevel};
pub(crate) use crate::cli::args::notify::NotifyCommand;
pub(crate) use crate::cli::args::pause::{PauseArgs, ResumeArgs};
pub(crate) use crate::cli::args::resolve::ResolveArgs;
pub(crate) use crate::cli::args::status::StatusArgs;
pub(crate) use crate::cli::args::sync::SyncArgs;
pub(crate) use crate::cli::args::token::TokenArgs;
pub(crate) use crate::cli::args::verify::VerifyArgs;

use crate::cli::examples;
use crate::cli::init::flags::InitArgs;
use crate::cli::output::Color;
use crate::cli::service::args::ServiceCommand;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// Keeps local folders mirrored to Box.
///
/// Every file that is saved in a mirrored folder becomes a file on Box; every change
/// becomes a new version of that same file. What others changed on Box is never
/// overwritten blindly.
#[derive(Debug, Parser)]
#[command(name = "boxup", version)]
pub(crate) struct Args {
    /// Read this configuration file.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Write in colours: where and when.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        hide_possible_values = true,
        help = "Write in colours: auto (on a terminal, unless $NO_COLOR is set), always or never"
    )]
    pub(crate) color: Color,

    /// What is told of what goes on.
    #[command(flatten)]
    pub(crate) log: LogArgs,

    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a configuration: ask for what it takes, try it at Box, write sync.toml.
    ///
    /// In a terminal it asks, tells where in Box's consoles each value stands, and lets
    /// you pick the folder. Without one, everything comes by flags and environment:
    /// $BOXUP_CLIENT_SECRET or $BOXUP_DEVELOPER_TOKEN is written into the file, which
    /// only its owner can read. The file is --config FILE, $BOXUP_CONFIG, or
    /// ~/.config/boxup/sync.toml; one that is there already is not touched.
    #[command(after_help = examples::INIT)]
    Init(Box<InitArgs>),

    /// Mirror the configured folders, then keep watching them.
    ///
    /// Runs until SIGTERM or SIGINT, then finishes what it is sending (10 seconds at the
    /// most; a second signal ends it at once). SIGHUP makes it read its configuration
    /// again, and one with mistakes changes nothing; --once ends by it as by SIGTERM, but
    /// under nohup. On a terminal, standard error shows how far it is; not with --json or
    /// where $TERM is "dumb", and with $NO_COLOR without colours.
    #[command(after_help = examples::SYNC)]
    Sync(SyncArgs),

    /// Look at everything that a mirror needs, and say what to do where it is not right.
    ///
    /// Configuration, network, clock, token, account, scopes, folders, storage, local
    /// folders, watches, state, in this order. Nothing is changed. Ends with the exit
    /// code of the worst of them; warnings are 0.
    #[command(after_help = examples::DOCTOR)]
    Doctor {
        /// Print one JSON object per check, and then the summary.
        #[arg(long)]
        json: bool,
    },

    /// Print a bearer token for curl, make and others, and nothing else.
    ///
    /// It is good for at least a tenth of its life, up to five minutes. Example:
    /// `curl -H "Authorization: Bearer $(boxup token)" https://api.box.com/2.0/users/me`
    #[command(after_help = examples::TOKEN)]
    Token(TokenArgs),

    /// Tell which Box account boxup acts as.
    #[command(after_help = examples::WHOAMI)]
    Whoami {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },

    /// Sign in to Box in a browser, once (method "oauth2").
    #[command(after_help = examples::LOGIN)]
    Login {
        /// Print the address of the sign-in page, and take the address that the browser
        /// ends at from standard input: for machines without a browser.
        #[arg(long)]
        no_browser: bool,
    },

    /// Make Box forget the tokens that are kept, and remove them here.
    #[command(after_help = examples::LOGOUT)]
    Logout,

    /// Look at the configuration.
    Config {
        /// What to do with it.
        #[command(subcommand)]
        command: ConfigCommand,
    },

    /// Tell how one path stands, and why.
    ///
    /// Its mirror, the rule that decides about it with file and line, what is here, what Box
    /// has under which name and address, what went wrong last, and what comes next. Works with and without a running service, changes nothing and asks Box nothing.
    #[command(after_help = examples::EXPLAIN)]
    Explain {
        /// A local path, there or not, or MIRROR/path/in/it.
        #[arg(value_name = "PATH")]
        path: PathBuf,

        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },

    /// Tell what was done, when, and by which run, the oldest first.
    ///
    /// Uploads, new versions, what was adopted, folders made, moves, deletes, and what was
    /// undone, each with its IDs on Box. Of a PATH its whole life is told: also under other
    /// names, before it moved. Works with and without a running service. Kept for 90 days,
    /// if `[state] history` does not say otherwise.
    #[command(after_help = examples::HISTORY)]
    History(HistoryArgs),

    /// List the conflicts that wait for a decision, with both sides.
    ///
    /// Box's side is read from Box where it can be reached; else it is told as it was
    /// last seen. Nothing is changed. `boxup resolve` decides.
    #[command(after_help = examples::CONFLICTS)]
    Conflicts {
        /// Only this mirror; may be given several times.
        #[arg(long = "mirror", value_name = "NAME")]
        mirrors: Vec<String>,

        /// Print one JSON object per conflict, and then the summary.
        #[arg(long)]
        json: bool,
    },

    /// Decide about conflicts.
    ///
    /// `boxup conflicts` prints the line to type. A decision is good for one version on
    /// Box: if Box has changed again since, nothing is done and it is a conflict again. A
    /// running service carries it out; without one it is done at once.
    #[command(after_help = examples::RESOLVE)]
    Resolve(ResolveArgs),

    /// Compare disk and Box, by SHA-1 and without downloading anything.
    ///
    /// Tells what is missing on Box, what was changed there, what is there and not here,
    /// and what waits to be sent. Box's folders are listed; files that have not changed
    /// here since they were sent are not read. Ends with 1 if anything differs. Nothing
    /// is changed without --repair.
    #[command(after_help = examples::VERIFY)]
    Verify(VerifyArgs),

    /// Let a mirror go on that waits for a person.
    ///
    /// A mirror halts when more would be deleted on Box than max_deletes allows, or when
    /// another directory is at its root's place. `boxup sync` tells which and why. Approval
    /// is good for exactly the files that were told, or fewer; a running service goes on
    /// at once, else the next pass does.
    #[command(after_help = examples::APPROVE)]
    Approve {
        /// The mirror's name.
        #[arg(value_name = "NAME")]
        mirror: String,

        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },

    /// Leave mirrors alone for a while: nothing is sent, moved or deleted on Box.
    ///
    /// What is under way is finished first. Nobody looks while it lasts; when it is over,
    /// everything is looked at and sent at once. A pause outlasts the service, and
    /// `boxup sync --once` keeps it, too (and ends with 3). Without a service it is noted
    /// for the next run.
    #[command(after_help = examples::PAUSE)]
    Pause(PauseArgs),

    /// Go on with mirrors that were paused.
    #[command(after_help = examples::RESUME)]
    Resume(ResumeArgs),

    /// Let a file or a directory go next, before everything that waits.
    ///
    /// It goes as it is now: neither `settle` nor `min_version_interval` holds it back. Tells
    /// how it stands, and ends with 1 where it will not get to Box by that, 2 where it is in
    /// no mirror, 3 where its mirror is paused or halted, 69 where no service runs.
    #[command(after_help = examples::BUMP)]
    Bump(BumpArgs),

    /// Try once more what is parked or failed.
    ///
    /// Also what waits for a cause in the file itself, and the root of a mirror that stands
    /// still. Conflicts stay conflicts: `boxup resolve` decides about them. Without a
    /// service the next run tries.
    #[command(after_help = examples::RETRY)]
    Retry(RetryArgs),

    /// Take back what a run did on Box: out of the trash, and back from where it moved it.
    ///
    /// Runs that can be undone tell their name at their end. What Box's trash does not
    /// hold any more, or somebody has moved since, is named. No local file is touched.
    /// Ends with 0 when all is back, 1 when something is not, 2 when there is no such run.
    #[command(after_help = examples::UNDO)]
    Undo {
        /// The run's name, such as 20261127T201525Z.
        #[arg(value_name = "RUN")]
        run: String,

        /// Print one JSON object per item, and then the summary.
        #[arg(long)]
        json: bool,
    },

    /// Tell how it stands: each mirror, the token, the rate limits, what is under way.
    ///
    /// Without a running agent it tells what the last run left, and ends with 69. Nothing is
    /// changed, and Box is not asked.
    #[command(after_help = examples::STATUS)]
    Status(StatusArgs),

    /// Wait until everything that is saved now is on Box.
    ///
    /// Ends with 0 when all is on Box, 1 when only parked or failed files remain or the
    /// time is up, 3 when a mirror halted or is paused, 69 when no agent runs.
    #[command(after_help = examples::WAIT)]
    Wait(WaitArgs),

    /// Try whether you would be told when something is wrong.
    #[command(after_help = examples::NOTIFY)]
    Notify {
        /// What to do.
        #[command(subcommand)]
        command: NotifyCommand,
    },

    /// Run boxup as a service of systemd, or of launchd.
    ///
    /// The service starts with the machine (or with your session: --user), and again when
    /// it has failed, but not when only a person can help (exit codes 2, 77, 78).
    #[command(after_help = examples::SERVICE)]
    Service {
        /// What to do with it.
        #[command(subcommand)]
        command: ServiceCommand,
    },

    /// Print a script that completes commands and flags in a shell.
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },

    /// Print the manual page, or write all of them.
    #[command(hide = true)]
    Man {
        /// Write boxup.1 and a page for each command into this directory.
        dir: Option<PathBuf>,
    },
}
