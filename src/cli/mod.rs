//! The command line: from arguments to an exit code. The only part that prints.

pub(crate) mod approve;
pub(crate) mod args;
pub(crate) mod asked;
pub(crate) mod browser;
pub(crate) mod collapse;
pub(crate) mod config_show;
pub(crate) mod conflicts;
pub(crate) mod doctor;
pub(crate) mod errand;
pub(crate) mod examples;
pub(crate) mod exit;
pub(crate) mod explain;
pub(crate) mod failure;
pub(crate) mod fold;
pub(crate) mod generated;
pub(crate) mod hangup;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod json;
pub(crate) mod logging;
pub(crate) mod login;
pub(crate) mod manual;
pub(crate) mod memory;
pub(crate) mod notify;
pub(crate) mod output;
pub(crate) mod pause;
pub(crate) mod problems;
pub(crate) mod progress;
pub(crate) mod reload;
pub(crate) mod resolve;
pub(crate) mod screen;
pub(crate) mod service;
pub(crate) mod slip;
pub(crate) mod status;
pub(crate) mod summary;
pub(crate) mod sync;
pub(crate) mod text;
pub(crate) mod token;
pub(crate) mod undo;
pub(crate) mod verify;
pub(crate) mod wait;
pub(crate) mod wording;

use crate::cli::args::{Args, Command, ConfigCommand, NotifyCommand, StatusArgs};
use crate::cli::output::{Looks, Output};
use crate::config::{self, Config, ConfigError, Environment};
use crate::remote::auth::rotation;
use clap::FromArgMatches;
use std::ffi::OsString;
use std::io::{ErrorKind, Write, stdout};
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// What comes from outside while the program runs.
pub struct Signals {
    /// Ends a run: once lets what runs finish, twice does not.
    pub stop: mpsc::Receiver<()>,
    /// Called once at most: from then on hang-ups come this way. A service reads its
    /// configuration again for each; everything else ends by one as by `stop`, unless it
    /// was started to ignore them.
    pub hangups: Box<dyn FnOnce() -> mpsc::Receiver<()> + Send>,
}

/// Nobody hangs up.
impl From<mpsc::Receiver<()>> for Signals {
    fn from(stop: mpsc::Receiver<()>) -> Self {
        let hangups = Box::new(|| mpsc::channel(1).1);
        Self { stop, hangups }
    }
}

/// Runs the program with these arguments (the first is its name) and environment, and
/// returns its exit code.
///
/// The exit codes are listed by `boxup --help` and in the README.
pub async fn run(
    args: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    signals: impl Into<Signals>,
) -> u8 {
    let args = match parse(args) {
        Ok(args) => args,
        Err(code) => return code,
    };
    let environment: Environment = environment.into_iter().collect();
    let looks = Looks::of(&environment, args.color);
    if let Err(why) = logging::start(&args.log, &environment, looks) {
        Output::standard().complain(&format!("error: {why}\n"));
        return exit::STATE;
    }
    let code = carry_out(args, environment, looks, signals.into()).await;
    // Whoever was waiting for it may have given up; a login must not be lost for that.
    rotation::finish().await;
    let code = output::closed(code);
    logging::finish();
    code
}

async fn carry_out(args: Args, environment: Environment, looks: Looks, signals: Signals) -> u8 {
    let Signals { stop, hangups } = signals;
    let (mut stop, hangups) = match &args.command {
        Command::Sync(args) if args.is_service() => (stop, Some(hangups())),
        _ if hangup::is_ignored() => (stop, None),
        _ => (hangup::ends_too(stop, hangups()), None),
    };
    let mut output = Output::standard();
    let (verbose, quiet) = (args.log.verbose > 0, args.log.quiet);
    let place = Place {
        path: args.config,
        environment,
    };
    match args.command {
        Command::Sync(args) => {
            let way = sync::Way {
                args,
                verbose,
                quiet,
                looks,
            };
            sync::sync(place, way, (stop, hangups), output).await
        }
        Command::Config {
            command: ConfigCommand::Check { json },
        } => unless_stopped(&mut stop, check(&place, json, &mut output)).await,
        Command::Config {
            command: ConfigCommand::Show { json },
        } => unless_stopped(&mut stop, config_show::show(&place, json, &mut output)).await,
        Command::Config {
            command: ConfigCommand::Path { json },
        } => config_show::path(&place, json, &mut output),
        Command::Init(args) => {
            let path = place.path.as_deref();
            init::run(*args, path, &place.environment, looks, stop).await
        }
        Command::Doctor { json } => {
            let work = async {
                let loaded = place.load(config::load).await;
                doctor::doctor(&loaded, json, looks, output).await
            };
            unless_stopped(&mut stop, work).await
        }
        Command::Resolve(args) => resolve::run(place, args, stop, output).await,
        Command::Verify(args) => verify::run(place, args, stop, output).await,
        Command::Service { command } => Box::pin(service::run(command, &place, &mut output)).await,
        Command::Completions { shell } => generated::completions(shell, &mut output),
        Command::Man { dir } => generated::man(dir.as_deref(), &mut output),
        Command::Status(args) => tell_status(args, &place, (looks, output), &mut stop).await,
        other => unless_stopped(&mut stop, tell(other, &place, looks, output)).await,
    }
}

/// The commands that a running service carries out, and the others that can be given up.
async fn tell(command: Command, place: &Place, looks: Looks, output: Output) -> u8 {
    match command {
        Command::Approve { mirror, json } => approve::run(place, &mirror, json, output).await,
        Command::Undo { run, json } => undo::run(place, &run, json, output).await,
        Command::Pause(args) => pause::pause(place, args, output).await,
        Command::Resume(args) => pause::resume(place, args, output).await,
        Command::Retry(args) => asked::retry(place, args, output).await,
        Command::Bump(args) => {
            let work = async |local, output| asked::bump(&local, &args, output).await;
            with(place, config::load_local, args.json, output, work).await
        }
        Command::Wait(args) => {
            let work = async |local, output| wait::wait(&local, &args, output).await;
            with(place, config::load_local, args.json, output, work).await
        }
        other => Box::pin(ask(other, place, looks, output)).await,
    }
}

async fn tell_status(
    args: StatusArgs,
    place: &Place,
    (looks, output): (Looks, Output),
    stop: &mut mpsc::Receiver<()>,
) -> u8 {
    let json = args.json;
    // Whoever has seen enough leaves by Ctrl-C.
    let code = [exit::INCOMPLETE, exit::OK][usize::from(args.watch)];
    let work = async |local, output| status::status(local, args, looks, output).await;
    let told = with(place, config::load_local, json, output, work);
    unless_told(stop, told).await.unwrap_or(code)
}

/// The commands that look, or sign in: they can be given up at any moment.
async fn ask(command: Command, place: &Place, looks: Looks, output: Output) -> u8 {
    match command {
        Command::Explain { path, json } => {
            let work = async |local, output| explain::explain(local, &path, json, output).await;
            with(place, config::load_local, json, output, work).await
        }
        Command::History(args) => {
            let work = async |local, output| history::run(&local, &args, looks, output);
            with(place, config::load_local, args.json, output, work).await
        }
        Command::Conflicts { mirrors, json } => {
            let work = async |config, output| conflicts::list(config, &mirrors, json, output).await;
            with(place, whole, json, output, work).await
        }
        Command::Notify {
            command: NotifyCommand::Test { json },
        } => {
            let work = async |config, output| notify::test(config, json, output).await;
            with(place, whole, json, output, work).await
        }
        Command::Token(args) => {
            let work = async |config, output| token::token(&config, &args, output).await;
            with(place, whole, args.json, output, work).await
        }
        Command::Whoami { json } => {
            let work = async |config, output| token::whoami(&config, json, output).await;
            with(place, whole, json, output, work).await
        }
        Command::Login { no_browser } => {
            let env = &place.environment;
            let work = async |config, output| login::login(&config, env, !no_browser, output).await;
            with(place, whole, false, output, work).await
        }
        Command::Logout => {
            let work = async |config, output| login::logout(&config, output).await;
            with(place, whole, false, output, work).await
        }
        // They have their own ways of ending.
        Command::Sync(_)
        | Command::Status(_)
        | Command::Config { .. }
        | Command::Doctor { .. }
        | Command::Init(_)
        | Command::Resolve(_)
        | Command::Verify(_)
        | Command::Approve { .. }
        | Command::Pause(_)
        | Command::Resume(_)
        | Command::Bump(_)
        | Command::Retry(_)
        | Command::Wait(_)
        | Command::Undo { .. }
        | Command::Service { .. }
        | Command::Completions { .. }
        | Command::Man { .. } => exit::USAGE,
    }
}

fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Args, u8> {
    let parsed = manual::command().try_get_matches_from(args);
    let parsed = parsed.and_then(|found| Args::from_arg_matches(&found));
    parsed.map_err(|error| {
        let error = slip::harmless(error);
        // Help and version are no errors, and clap knows where each goes.
        let printed = error.print().and_then(|()| stdout().flush());
        match (error.use_stderr(), printed) {
            (true, _) => exit::USAGE,
            (false, Err(why)) if why.kind() != ErrorKind::BrokenPipe => {
                output::unsaid(&why, exit::OK)
            }
            (false, _) => exit::OK,
        }
    })
}

/// Where the configuration is, and what else it looks at.
struct Place {
    path: Option<PathBuf>,
    environment: Environment,
}

/// Reads a configuration, or some of it.
type Load<T> = fn(&Path, &Environment) -> Result<T, ConfigError>;

impl Place {
    /// Reads the configuration, beside everything else: a command that prints a secret
    /// may take its time.
    async fn load<T: Send + 'static>(&self, load: Load<T>) -> Result<T, ConfigError> {
        let path = config::locate(self.path.as_deref(), &self.environment)?;
        let environment = self.environment.clone();
        let reading = tokio::task::spawn_blocking(move || load(&path, &environment));
        match reading.await {
            Ok(loaded) => loaded,
            Err(ended) => std::panic::resume_unwind(ended.into_panic()),
        }
    }
}

fn whole(path: &Path, environment: &Environment) -> Result<Config, ConfigError> {
    Ok(config::load(path, environment)?.config)
}

async fn with<T: Send + 'static>(
    place: &Place,
    load: Load<T>,
    as_json: bool,
    mut output: Output,
    work: impl AsyncFnOnce(T, Output) -> u8,
) -> u8 {
    match place.load(load).await {
        Ok(loaded) => work(loaded, output).await,
        Err(error) => refuse(&error, as_json, &mut output),
    }
}

fn refuse(error: &ConfigError, as_json: bool, output: &mut Output) -> u8 {
    let text = problems::text(error);
    if as_json {
        let error = serde_json::json!({ "message": text.trim_end() });
        let object =
            serde_json::json!({ "event": "summary", "error": error, "exit_code": exit::CONFIG });
        output.say(&format!("{object}\n"));
    }
    output.complain(&text);
    exit::CONFIG
}

async fn check(place: &Place, json: bool, output: &mut Output) -> u8 {
    match (place.load(config::load).await, json) {
        (Ok(loaded), true) => output.say(&problems::checked_json(&loaded)),
        (Ok(loaded), false) => output.relate(&problems::checked_text(&loaded)),
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
    unless_told(stop, work).await.unwrap_or(exit::INCOMPLETE)
}

async fn unless_told<T>(stop: &mut mpsc::Receiver<()>, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        Some(()) = stop.recv() => {
            config::give_up();
            None
        }
    }
}
