//! `boxup sync`: one pass, watching, or telling what a pass would do.

use crate::agent::meter::Gauge;
use crate::agent::notice::{Ending, Notice, Sink};
use crate::agent::run::Watcher;
use crate::agent::{preview, run as agent};
use crate::cli::args::SyncArgs;
use crate::cli::exit;
use crate::cli::output::{Looks, Output};
use crate::cli::text::{Style, Text};
use crate::cli::wording::printable;
use crate::cli::{json, progress, summary};
use crate::config::Config;
use std::io::{IsTerminal, stderr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// Runs it and returns the exit code.
pub(crate) async fn run(
    config: Config,
    args: SyncArgs,
    (verbose, looks): (bool, Looks),
    mut stop: mpsc::Receiver<()>,
    mut output: Output,
) -> u8 {
    let config = match select(config, &args.mirrors) {
        Ok(config) => config,
        Err(message) => {
            if args.json {
                output.say(&format!(
                    "{}\n",
                    json::fatal(message.trim_end(), exit::USAGE)
                ));
            }
            output.complain(&message);
            return exit::USAGE;
        }
    };
    let reporter = Reporter::new(&args, verbose, looks, &output);
    let sink = reporter.sink();
    let gauge = progress(&config, &args, looks);
    let ended = if args.dry_run {
        tokio::select! {
            ended = preview::preview(&config, sink) => ended,
            Some(()) = stop.recv() => Ok(Ending { cut_short: true, ..Ending::default() }),
        }
    } else if args.once {
        agent::once(&config, stop, Watcher { sink, gauge }).await
    } else {
        agent::serve(&config, stop, Watcher { sink, gauge }).await
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

/// Progress, for a person at a terminal who reads no JSON.
fn progress(config: &Config, args: &SyncArgs, looks: Looks) -> Option<Gauge> {
    let is_watched = stderr().is_terminal() && looks.redraw && !args.json && !args.dry_run;
    let host = config.endpoints.upload.url().host_str();
    let host = host.unwrap_or("Box").to_owned();
    is_watched.then(|| progress::gauge(host, looks.colour))
}

/// Keeps only the mirrors that were named, if any were.
pub(super) fn select(mut config: Config, names: &[String]) -> Result<Config, String> {
    let known: Vec<_> = config
        .mirrors
        .iter()
        .map(|mirror| mirror.name.clone())
        .collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        let known = known.join(", ");
        return Err(format!(
            "error: no mirror is named {unknown:?}; {} has: {known}\n",
            config.source.display()
        ));
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
            colour: is_terminal && looks.colour,
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
        }
    }

    fn sink(&self) -> Sink {
        let (form, dry_run) = (self.form.clone(), self.dry_run);
        let mut output = Output::standard();
        Box::new(move |notice: Notice| {
            if let Notice::Mirror(announcement) = &notice {
                let words = printable(&announcement.to_string());
                output.complain(&format!("{words}\n"));
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
                if self.is_terminal || text.has_spoken || code != exit::OK {
                    output.say(&summary::text(ending, &text.excluded, self.dry_run));
                }
            }
        }
        output.complain(&summary::trouble(ending));
        code
    }
}
