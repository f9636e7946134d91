//! The command line: from arguments to an exit code. The only part that prints.

pub(crate) mod args;
pub(crate) mod browser;
pub(crate) mod doctor;
pub(crate) mod exit;
pub(crate) mod failure;
pub(crate) mod json;
pub(crate) mod logging;
pub(crate) mod login;
pub(crate) mod output;
pub(crate) mod problems;
pub(crate) mod status;
pub(crate) mod summary;
pub(crate) mod sync;
pub(crate) mod text;
pub(crate) mod token;
pub(crate) mod wording;

use crate::cli::args::{Args, Command, ConfigCommand, SyncArgs};
use crate::cli::output::Output;
use crate::config::{self, ConfigError, Environment, Loaded};
use clap::Parser;
use std::ffi::OsString;
use std::path::Path;
use tokio::sync::mpsc;

/// Runs the program with these arguments (the first is its name) and environment, and
/// returns its exit code. What comes through `stop` ends a run: once lets what runs
/// finish, twice does not.
///
/// The exit codes are listed by `boxup --help` and in the README.
pub async fn run(
    args: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    mut stop: mpsc::Receiver<()>,
) -> u8 {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Help and version are no errors, and clap knows where each goes. A closed
            // pipe is the reader's business.
            drop(error.print());
            return if error.use_stderr() {
                exit::USAGE
            } else {
                exit::OK
            };
        }
    };
    let environment: Environment = environment.into_iter().collect();
    logging::start(args.verbose, environment.get("BOXUP_LOG"));
    let mut output = Output::standard();
    let path = args.config.as_deref();
    if let Command::Config {
        command: ConfigCommand::Check { json },
    } = args.command
    {
        return check(&mut output, path, &environment, json);
    }
    let loaded = load(path, &environment);
    if let Command::Doctor { json } = args.command {
        let doctor = doctor::doctor(&loaded, json, &environment, output);
        return unless_stopped(&mut stop, doctor).await;
    }
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(error) => return unusable(&error, &args.command, &mut output),
    };
    let verbose = args.verbose > 0;
    match args.command {
        Command::Sync(sync) => {
            for warning in &loaded.warnings {
                output.complain(&format!("warning: {warning}\n"));
            }
            sync::run(loaded.config, sync, verbose, stop, output).await
        }
        Command::Status { json } => {
            unless_stopped(&mut stop, status::status(&loaded.config, json, output)).await
        }
        Command::Wait { timeout, json } => {
            let wait = status::wait(&loaded.config, timeout, json, output);
            unless_stopped(&mut stop, wait).await
        }
        Command::Token(args) => {
            unless_stopped(&mut stop, token::token(&loaded.config, &args, output)).await
        }
        Command::Whoami { json } => {
            unless_stopped(&mut stop, token::whoami(&loaded.config, json, output)).await
        }
        Command::Login { no_browser } => {
            let login = login::login(&loaded.config, &environment, !no_browser, output);
            unless_stopped(&mut stop, login).await
        }
        Command::Logout => unless_stopped(&mut stop, login::logout(&loaded.config, output)).await,
        Command::Config { .. } | Command::Doctor { .. } => exit::OK,
    }
}

/// Without a configuration no other command can begin.
fn unusable(error: &ConfigError, command: &Command, output: &mut Output) -> u8 {
    let text = problems::text(error);
    if let Command::Sync(SyncArgs { json: true, .. }) = command {
        output.say(&format!("{}\n", json::fatal(text.trim_end(), exit::CONFIG)));
    }
    output.complain(&text);
    exit::CONFIG
}

fn load(path: Option<&Path>, environment: &Environment) -> Result<Loaded, ConfigError> {
    config::load(&config::locate(path, environment)?, environment)
}

fn check(output: &mut Output, path: Option<&Path>, environment: &Environment, json: bool) -> u8 {
    match (load(path, environment), json) {
        (Ok(loaded), true) => output.say(&problems::checked_json(&loaded)),
        (Ok(loaded), false) => output.say(&problems::checked_text(&loaded)),
        (Err(error), true) => {
            output.say(&problems::json(&error));
            return exit::CONFIG;
        }
        (Err(error), false) => {
            output.complain(&problems::text(&error));
            return exit::CONFIG;
        }
    }
    exit::OK
}

/// What only asks can be given up at any moment.
async fn unless_stopped(stop: &mut mpsc::Receiver<()>, work: impl Future<Output = u8>) -> u8 {
    tokio::select! {
        code = work => code,
        Some(()) = stop.recv() => exit::INCOMPLETE,
    }
}
