//! `boxup sync`: one pass, watching, or telling what a pass would do.

use crate::agent::meter::Gauge;
use crate::agent::notice::{Ending, Notice, Sink};
use crate::agent::notify_socket::Supervisor;
use crate::agent::once::{Wishes, once};
use crate::agent::preview;
use crate::agent::run::Watcher;
use crate::agent::serve::{self, Orders};
use crate::cli::args::SyncArgs;
use crate::cli::logging::events::Events;
use crate::cli::output::{Looks, Output};
use crate::cli::reload::Outside;
use crate::cli::text::{Style, Text, Volume};
use crate::cli::wording::{printable, printable_path};
use crate::cli::{
    Place, exit, json, logging, problems, progress, refuse, screen, slip, summary, unless_told,
};
use crate::config::{self, Config, Environment};
use std::io::{IsTerminal, stderr, stdin};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// How it was asked for.
pub(super) struct Way {
    pub(crate) args: SyncArgs,
    pub(crate) verbose: bool,
    pub(crate) quiet: bool,
    pub(crate) looks: Looks,
}

/// Reads the configuration, runs, and returns the exit code. Hang-ups come to a service.
pub(super) async fn sync(
    place: Place,
    way: Way,
    (mut stop, hangups): (mpsc::Receiver<()>, Option<mpsc::Receiver<()>>),
    mut output: Output,
) -> u8 {
    if way.args.is_service() {
        warn_root(&way.args, &place.environment, &mut output);
    }
    let loaded = match unless_told(&mut stop, place.load(config::load)).await {
        None => {
            let what = "it was stopped before its configuration was read; nothing was done";
            if way.args.json {
                output.say(&format!("{}\n", json::fatal(what, exit::INCOMPLETE)));
            }
            output.complain(&format!("error: {what}\n"));
            return exit::INCOMPLETE;
        }
        Some(Ok(loaded)) => loaded,
        Some(Err(error)) => {
            if way.args.json {
                let text = problems::text(&error);
                output.say(&format!("{}\n", json::fatal(text.trim_end(), exit::CONFIG)));
            }
            return refuse(&error, false, &mut output);
        }
    };
    // A single pass says those that are new.
    let is_single = way.args.once && !way.args.dry_run;
    let mut warnings = loaded.warnings;
    if !is_single {
        for warning in warnings.drain(..) {
            output.complain(&format!("warning: {warning}\n"));
        }
    }
    let wishes = Wishes {
        warnings,
        repeats: way.verbose,
        wait_lock: way.args.wait_lock,
        max_duration: way.args.max_duration,
    };
    let config = match select(loaded.config, &way.args.mirrors) {
        Ok(config) => config,
        Err(message) => {
            if way.args.json {
                output.say(&format!(
                    "{}\n",
                    json::fatal(message.trim_end(), exit::USAGE)
                ));
            }
            output.complain(&message);
            return exit::USAGE;
        }
    };
    run(config, place, way, wishes, (stop, hangups), output).await
}

async fn run(
    config: Config,
    place: Place,
    way: Way,
    wishes: Wishes,
    (mut stop, hangups): (mpsc::Receiver<()>, Option<mpsc::Receiver<()>>),
    mut output: Output,
) -> u8 {
    warn_log(&config, &mut output);
    let reporter = Reporter::new(&way, hangups.is_some());
    let Way { args, looks, .. } = way;
    let sink = reporter.sink();
    let gauge = progress(&config, &args, looks);
    let watcher = Watcher { sink, gauge };
    let ended = if args.dry_run {
        tokio::select! {
            ended = preview::preview(&config, watcher.sink) => ended,
            Some(()) = stop.recv() => Ok(Ending { cut_short: true, ..Ending::default() }),
            () = pass_by(wishes.max_duration) => Ok(Ending {
                cut_short: true,
                time_up: wishes.max_duration,
                ..Ending::default()
            }),
        }
    } else if let Some(hangups) = hangups {
        let supervisor = Supervisor::of(&place.environment);
        let (reloads_in, reloads) = mpsc::channel(1);
        let (stop_in, stops) = mpsc::channel(4);
        let outside = Outside {
            place,
            mirrors: args.mirrors.clone(),
            supervisor: supervisor.clone(),
            reloads: reloads_in,
            had_terminal: stdin().is_terminal(),
        };
        let listening = tokio::spawn(outside.listen(stop, hangups, stop_in));
        let orders = Orders {
            stop: stops,
            reloads,
        };
        let ended = serve::serve(config, orders, watcher, supervisor).await;
        listening.abort();
        ended
    } else {
        once(&config, &wishes, stop, watcher).await
    };
    match ended {
        Ok(ending) => reporter.end(&ending),
        Err(fatal) => {
            let code = exit::of_fatal(&fatal);
            if args.json {
                output.say(&format!("{}\n", json::fatal(&fatal.to_string(), code)));
            }
            output.complain(&format!("error: {fatal}\n"));
            code
        }
    }
}

/// Returns when that time has passed; never without one.
async fn pass_by(span: Option<Duration>) {
    match span {
        Some(span) => tokio::time::sleep(span).await,
        None => std::future::pending().await,
    }
}

/// A service of root's can read everything, and so could whoever finds a mistake in it.
fn warn_root(args: &SyncArgs, environment: &Environment, output: &mut Output) {
    let is_allowed = args.root.allow_root || environment.get("BOXUP_ALLOW_ROOT").is_some();
    if rustix::process::geteuid().is_root() && !is_allowed {
        output.complain(
            "warning: boxup runs as root, which it never needs: `boxup service install` gives it \
             a user of its own; --allow-root or BOXUP_ALLOW_ROOT=1 if it has to be\n",
        );
    }
}

/// Each line of a log in a mirror would be a change of that mirror.
fn warn_log(config: &Config, output: &mut Output) {
    let Some(file) = logging::file().and_then(|file| std::fs::canonicalize(file).ok()) else {
        return;
    };
    let holds = |local: &PathBuf| std::fs::canonicalize(local).is_ok_and(|l| file.starts_with(l));
    if let Some(mirror) = config.mirrors.iter().find(|mirror| holds(&mirror.local)) {
        output.complain(&format!(
            "warning: the log {:?} lies in mirror {:?}, where each of its lines is a change to \
             send: put it elsewhere, or exclude it\n",
            printable_path(&file),
            mirror.name
        ));
    }
}

/// Progress, for a person at a terminal who reads no JSON.
fn progress(config: &Config, args: &SyncArgs, looks: Looks) -> Option<Gauge> {
    let is_seen = looks.redraw && stderr().is_terminal() && screen::is_ours_alone();
    let is_watched = is_seen && logging::tells_by_lines() && !args.json && !args.dry_run;
    let host = config.endpoints.upload.url().host_str();
    let host = host.unwrap_or("Box").to_owned();
    is_watched.then(|| progress::gauge(host, looks.colours(true)))
}

/// Keeps only the mirrors that were named, if any were.
pub(super) fn select(mut config: Config, names: &[String]) -> Result<Config, String> {
    let known = || config.mirrors.iter().map(|mirror| mirror.name.as_str());
    if let Some(unknown) = names
        .iter()
        .find(|name| known().all(|known| known != *name))
    {
        return Err(format!("error: {}\n", slip::no_mirror(unknown, known())));
    }
    if !names.is_empty() {
        config.mirrors.retain(|mirror| names.contains(&mirror.name));
    }
    Ok(config)
}

/// Tells what happens: on standard output, in one of two forms, and in the log.
struct Reporter {
    form: Form,
    events: Option<Arc<Mutex<Events>>>,
    output: Output,
    dry_run: bool,
    quiet: bool,
    is_verbose: bool,
}

#[derive(Clone)]
enum Form {
    Json,
    Text(Arc<Mutex<Text>>),
    /// All is in the log.
    Nothing,
}

impl Reporter {
    fn new(way: &Way, is_service: bool) -> Self {
        let (args, quiet) = (&way.args, way.quiet);
        let output = match (is_service, args.json) {
            (false, _) => Output::standard(),
            (true, true) => Output::patient(|lines| format!("{}\n", json::lost(lines))),
            (true, false) => Output::patient(|lines| format!("lost      {lines} of these lines\n")),
        };
        let style = Style {
            colour: way.looks.colours(output.is_terminal()),
            would: args.dry_run,
            volume: match way.verbose {
                true => Volume::Verbose,
                false if quiet => Volume::Quiet,
                false => Volume::Usual,
            },
        };
        let form = match args.json {
            true => Form::Json,
            false if logging::tells_by_lines() => {
                Form::Text(Arc::new(Mutex::new(Text::new(style))))
            }
            false => Form::Nothing,
        };
        let events = || Arc::new(Mutex::new(Events::new(args.dry_run)));
        Self {
            form,
            events: logging::tells_by_records().then(events),
            output,
            dry_run: args.dry_run,
            quiet,
            is_verbose: way.verbose,
        }
    }

    fn sink(&self) -> Sink {
        let (form, dry_run, quiet) = (self.form.clone(), self.dry_run, self.quiet);
        let (events, mut output) = (self.events.clone(), self.output.clone());
        Box::new(move |notice: Notice| {
            if let Some(events) = &events {
                let mut events = events.lock().unwrap_or_else(PoisonError::into_inner);
                logging::record(events.of(&notice));
            }
            match &notice {
                Notice::Mirror(announcement) if !quiet => {
                    let words = printable(&announcement.to_string());
                    logging::to_people(&format!("{words}\n"));
                }
                Notice::Warning(words) => logging::to_people(&format!("warning: {words}\n")),
                _ => {}
            }
            match &form {
                Form::Json => {
                    if let Some(line) = json::notice(&notice, dry_run) {
                        output.say(&format!("{line}\n"));
                    }
                }
                Form::Text(text) => {
                    let mut text = text.lock().unwrap_or_else(PoisonError::into_inner);
                    output.relate(&text.line(&notice));
                }
                Form::Nothing => {}
            }
        })
    }

    fn end(mut self, ending: &Ending) -> u8 {
        let code = exit::of_ending(ending);
        match self.form {
            Form::Json => {
                let line = json::summary(ending, code, self.dry_run);
                self.output.say(&format!("{line}\n"));
            }
            Form::Text(text) => {
                let text = text.lock().unwrap_or_else(PoisonError::into_inner);
                // From cron, silence means that all is well and nothing was to be done.
                let is_read = self.is_verbose || self.output.is_terminal() && !self.quiet;
                if is_read || text.has_spoken || code != exit::OK {
                    let words = summary::text(ending, &text.excluded, self.dry_run);
                    self.output.relate(&words);
                }
            }
            Form::Nothing => {}
        }
        self.output.finish();
        if let Some(events) = &self.events {
            let events = events.lock().unwrap_or_else(PoisonError::into_inner);
            let records = events.end(ending, code);
            records.into_iter().for_each(logging::record);
        }
        logging::to_people(&summary::trouble(ending));
        code
    }
}
