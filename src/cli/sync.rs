//! `boxup sync`: one pass, watching, or telling what a pass would do.

use crate::agent::meter::Gauge;
use crate::agent::notice::{Ending, Notice, Sink};
use crate::agent::notify_socket::Supervisor;
use crate::agent::once::{Wishes, once};
use crate::agent::preview;
use crate::agent::run::Watcher;
use crate::agent::serve::{self, Orders};
use crate::cli::args::SyncArgs;
use crate::cli::output::{Looks, Output};
use crate::cli::reload::Outside;
use crate::cli::text::{Style, Text};
use crate::cli::wording::printable;
use crate::cli::{
    Place, Signals, exit, json, problems, progress, refuse, slip, summary, unless_told,
};
use crate::config::{self, Config, Environment};
use std::io::{IsTerminal, stderr, stdin};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// How it was asked for.
pub(super) struct Way {
    pub(crate) args: SyncArgs,
    pub(crate) verbose: bool,
    pub(crate) looks: Looks,
}

/// Reads the configuration, runs, and returns the exit code.
pub(super) async fn sync(place: Place, way: Way, signals: Signals, mut output: Output) -> u8 {
    let Signals { mut stop, hangups } = signals;
    let is_service = !way.args.once && !way.args.dry_run;
    let hangups = is_service.then(hangups);
    if is_service {
        warn_root(&way.args, &place.environment, &mut output);
    }
    let loaded = match unless_told(&mut stop, place.load(config::load)).await {
        None => return exit::INCOMPLETE,
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
    let Way {
        args,
        verbose,
        looks,
    } = way;
    let reporter = Reporter::new(&args, verbose, looks, &output);
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
        Ok(ending) => reporter.end(&ending, &mut output),
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

/// Progress, for a person at a terminal who reads no JSON.
fn progress(config: &Config, args: &SyncArgs, looks: Looks) -> Option<Gauge> {
    let is_watched = stderr().is_terminal() && looks.redraw && !args.json && !args.dry_run;
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

/// Tells what happens, in one of the two forms.
struct Reporter {
    form: Form,
    dry_run: bool,
    is_terminal: bool,
    is_verbose: bool,
}

#[derive(Clone)]
enum Form {
    Json,
    Text(Arc<Mutex<Text>>),
}

impl Reporter {
    fn new(args: &SyncArgs, verbose: bool, looks: Looks, output: &Output) -> Self {
        let is_terminal = output.is_terminal();
        let style = Style {
            colour: looks.colours(is_terminal),
            would: args.dry_run,
            verbose,
        };
        let form = match args.json {
            true => Form::Json,
            false => Form::Text(Arc::new(Mutex::new(Text::new(style)))),
        };
        Self {
            form,
            dry_run: args.dry_run,
            is_terminal,
            is_verbose: verbose,
        }
    }

    fn sink(&self) -> Sink {
        let (form, dry_run) = (self.form.clone(), self.dry_run);
        let mut output = Output::standard();
        Box::new(move |notice: Notice| {
            match &notice {
                Notice::Mirror(announcement) => {
                    let words = printable(&announcement.to_string());
                    output.complain(&format!("{words}\n"));
                }
                Notice::Warning(words) => output.complain(&format!("warning: {words}\n")),
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
                    output.say(&text.line(&notice));
                }
            }
        })
    }

    fn end(self, ending: &Ending, output: &mut Output) -> u8 {
        let code = exit::of_ending(ending);
        match self.form {
            Form::Json => {
                output.say(&format!("{}\n", json::summary(ending, code, self.dry_run)));
            }
            Form::Text(text) => {
                let text = text.lock().unwrap_or_else(PoisonError::into_inner);
                // From cron, silence means that all is well and nothing was to be done.
                if self.is_terminal || self.is_verbose || text.has_spoken || code != exit::OK {
                    output.say(&summary::text(ending, &text.excluded, self.dry_run));
                }
            }
        }
        output.complain(&summary::trouble(ending));
        code
    }
}
