//! The command line. Only its syntax: what a command does is elsewhere.

use crate::cli::examples;
use crate::cli::init::flags::InitArgs;
use crate::cli::output::Color;
use crate::cli::service::args::ServiceCommand;
use crate::plan::conflict::Keep;
use clap::{ArgAction, Args as ClapArgs, Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

const MORE: &str = "\
Configuration:
  The first of these is read: --config FILE, $BOXUP_CONFIG,
  $XDG_CONFIG_HOME/boxup/sync.toml (~/.config/boxup/sync.toml), /etc/boxup/sync.toml.
  sync.example.toml explains every key. A secret may come from $BOXUP_CLIENT_SECRET,
  $BOXUP_DEVELOPER_TOKEN or $BOXUP_JWT_CONFIG instead, from a file or from a command.

Exit codes:
   0  every included file is on Box
   1  finished, but something is not on Box (parked, failed, pending); wait: timeout
   2  wrong command line; resolve, approve, undo: there is no such conflict, mirror, run
   3  a mirror halted: its local folder is missing, unreadable, emptied or another
      one, or more would be deleted on Box than may be without asking;
      wait: or the account that its Box folder belongs to is full
  69  Box cannot be reached; status, wait, service status: no agent runs
  70  boxup found a mistake in itself; a service manager starts it again
  74  the state directory cannot be used; token: it cannot be written out;
      service: it could not be installed or removed
  75  another run holds the lock; login: its port is taken
  77  not authorised: token, account, scope, or a folder the account cannot use
  78  configuration: mistakes, or a secret in a file that others can read
  Of several, the first of 78, 77, 69, 3, 1 counts.

Start here:
  boxup init                    write the configuration, question by question
  boxup doctor                  is everything right? if not, what is to be done?
  boxup sync --once --dry-run   what would be sent?
  boxup sync                    mirror, then keep watching";

/// Keeps local folders mirrored to Box.
///
/// Every file that is saved in a mirrored folder becomes a file on Box; every change
/// becomes a new version of that same file. What others changed on Box is never
/// overwritten blindly.
#[derive(Debug, Parser)]
#[command(name = "boxup", version, after_long_help = MORE)]
#[command(after_help = "boxup --help tells about configuration and exit codes.")]
pub(crate) struct Args {
    /// Read this configuration file.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Tell more on stderr; twice for every request.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,

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
    /// again; one with mistakes changes nothing. On a
    /// terminal, standard error shows how far it is; not with --json or where $TERM is
    /// "dumb", and with $NO_COLOR without colours.
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
    Logout,

    /// Look at the configuration.
    Config {
        /// What to do with it.
        #[command(subcommand)]
        command: ConfigCommand,
    },

    /// Tell how one path stands: its mirror, the rule that decides about it with file and
    /// line, what is here, what Box has under which name and address, what went wrong last,
    /// and what comes next.
    ///
    /// Works with and without a running service, changes nothing and asks Box nothing.
    #[command(after_help = examples::EXPLAIN)]
    Explain {
        /// A local path, there or not, or MIRROR/path/in/it.
        #[arg(value_name = "PATH")]
        path: PathBuf,

        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },

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
    Verify(VerifyArgs),

    /// Let a mirror go on that waits for a person.
    ///
    /// A mirror halts when more would be deleted on Box than max_deletes allows, or when
    /// another directory is at its root's place. `boxup sync` tells which and why. Approval
    /// is good for exactly the files that were told, or fewer; a running service goes on
    /// at once, else the next pass does.
    Approve {
        /// The mirror's name.
        #[arg(value_name = "NAME")]
        mirror: String,

        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },

    /// Take back what a run did on Box: out of the trash, and back from where it moved it.
    ///
    /// Runs that can be undone tell their name at their end. What Box's trash does not
    /// hold any more, or somebody has moved since, is named. No local file is touched.
    /// Ends with 0 when all is back, 1 when something is not, 2 when there is no such run.
    Undo {
        /// The run's name, such as 20261127T201525Z.
        #[arg(value_name = "RUN")]
        run: String,

        /// Print one JSON object per item, and then the summary.
        #[arg(long)]
        json: bool,
    },

    /// Tell what the running agent does.
    #[command(after_help = examples::STATUS)]
    Status {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },

    /// Wait until everything that is saved now is on Box.
    ///
    /// Ends with 0 when all is on Box, 1 when only parked or failed files remain or the
    /// time is up, 3 when a mirror halted, 69 when no agent runs.
    #[command(after_help = examples::WAIT)]
    Wait {
        /// Wait no longer than this, such as 500ms, 30s or 5m.
        #[arg(long, value_name = "SPAN", default_value = "30s", value_parser = humantime::parse_duration)]
        timeout: Duration,

        /// Print one JSON object.
        #[arg(long)]
        json: bool,
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

/// Which token.
#[derive(Debug, ClapArgs)]
pub(crate) struct TokenArgs {
    /// Print one JSON object: access_token, expires_in, token_type, restricted_to.
    #[arg(long)]
    pub(crate) json: bool,

    /// A token that may do less, such as item_upload; may be given several times.
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,

    /// … and only in the folder with this ID.
    #[arg(long, value_name = "ID", requires = "scopes", value_parser = folder_id)]
    pub(crate) folder: Option<String>,
}

fn folder_id(text: &str) -> Result<String, String> {
    let is_id = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    match is_id {
        true => Ok(text.to_owned()),
        false => Err("a folder's ID is the number at the end of its web address".to_owned()),
    }
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the path of the file that is read.
    Path {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },

    /// Print every setting that holds, with where it comes from, and the built-in rules.
    ///
    /// Secrets are not shown. No command of the configuration is run, and Box is not asked.
    Show {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },

    /// Check it and name every mistake with its line and remedy; Box is not asked.
    Check {
        /// Print one JSON object per line, the last one being the summary.
        #[arg(long)]
        json: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::{Args, Command, ConfigCommand};
    use crate::plan::conflict::Keep;
    use clap::error::ErrorKind;
    use clap::{CommandFactory, Parser};
    use std::path::Path;
    use std::time::Duration;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_definition_holds_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn global_flags_stand_before_or_after() {
        for line in [
            "boxup --config f.toml -vv config check --json",
            "boxup config check --json --config f.toml --verbose -v",
            "boxup config --config f.toml -v check -v --json",
        ] {
            let args = parse(line).unwrap();
            assert_eq!(args.config.as_deref(), Some(Path::new("f.toml")), "{line}");
            let Command::Config {
                command: ConfigCommand::Check { json },
            } = args.command
            else {
                panic!("{line}");
            };
            assert!(json);
        }
        assert_eq!(parse("boxup -vv sync").unwrap().verbose, 2);
        assert_eq!(parse("boxup sync -vv").unwrap().verbose, 2);
    }

    #[test]
    fn doctor_speaks_to_people_and_programs() {
        for (line, expected) in [("boxup doctor", false), ("boxup doctor --json", true)] {
            let Command::Doctor { json } = parse(line).unwrap().command else {
                panic!("{line}");
            };
            assert_eq!(json, expected);
        }
    }

    #[test]
    fn sync_takes_several_mirrors() {
        let args = parse("boxup sync --once --mirror a --dry-run --mirror b").unwrap();
        let Command::Sync(sync) = args.command else {
            panic!("sync was asked for");
        };
        assert!(sync.once && sync.dry_run && !sync.json);
        assert_eq!(sync.mirrors, ["a", "b"]);
    }

    #[test]
    fn wait_takes_a_time_span() {
        for (line, expected) in [("boxup wait", 30), ("boxup wait --timeout 2m", 120)] {
            let Command::Wait { timeout, json } = parse(line).unwrap().command else {
                panic!("{line}");
            };
            assert_eq!((timeout, json), (Duration::from_secs(expected), false));
        }
    }

    #[test]
    fn resolve_takes_paths_or_a_whole_mirror() {
        let args = parse("boxup resolve a b --keep both --json").unwrap();
        let Command::Resolve(args) = args.command else {
            panic!("resolve was asked for");
        };
        assert_eq!((args.paths.len(), args.keep), (2, Keep::Both));
        for wrong in [
            "boxup resolve --keep both",
            "boxup resolve a",
            "boxup resolve a --keep mine",
            "boxup resolve --all --keep box",
            "boxup resolve a --all --mirror m --keep box",
            "boxup resolve a --mirror m --keep box",
            "boxup resolve --all --mirror m --seen 5 --keep local",
        ] {
            assert_eq!(parse(wrong).unwrap_err().exit_code(), 2, "{wrong}");
        }
        assert!(parse("boxup resolve --all --mirror m --keep local").is_ok());
    }

    #[test]
    fn a_wrong_line_ends_with_2_and_help_with_0() {
        for line in [
            "boxup",
            "boxup snyc",
            "boxup wait --timeout 90",
            "boxup sync x",
            "boxup config",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
        let version = parse("boxup --version").unwrap_err();
        assert_eq!(version.kind(), ErrorKind::DisplayVersion);
        let help = parse("boxup --help").unwrap_err();
        assert_eq!(help.exit_code(), 0);
        let help = help.to_string();
        for code in [0, 1, 2, 3, 69, 74, 75, 77, 78] {
            assert!(help.contains(&format!("\n  {code:2}  ")), "{code}: {help}");
        }
        assert!(help.contains("$BOXUP_CONFIG") && help.contains("/etc/boxup/sync.toml"));
    }
}
