//! The log: what the program's parts have to say, on standard error, in a file or in the
//! journal.
//!
//! What is said becomes a `record`, a `filter` decides whether it is told, a `form` writes
//! it, a `spool` holds it until a `sink` has taken it: nobody who has something to say waits
//! for that. `events` makes records of what the agent does.
//!
//! Everything is told once. As text, `sync` tells what happens on standard output, and the
//! log is for what else there is to say. In the other forms and in a file, what happens is
//! in the log as well; in the other forms it is nowhere else.

pub(crate) mod events;
pub(crate) mod filter;
pub(crate) mod form;
pub(crate) mod record;
pub(crate) mod sink;
pub(crate) mod spool;

use crate::cli::args::{LogArgs, LogFormat};
use crate::cli::fold::folded;
use crate::cli::logging::filter::{Asked, filter};
use crate::cli::logging::form::{Form, Line, Style};
use crate::cli::logging::record::{Catcher, Record};
use crate::cli::logging::sink::{JOURNAL, Journal, LogFile, Sink, Stderr};
use crate::cli::logging::spool::Spool;
use crate::cli::output::Looks;
use crate::cli::screen;
use crate::cli::wording::{printable_path, some};
use crate::config::Environment;
use serde_json::json;
use std::io::{IsTerminal, Write, stderr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

/// A process has one log.
static LOG: OnceLock<Log> = OnceLock::new();

/// How long whoever takes the log may take nothing, before the end or behind a complaint.
const LAST: Duration = Duration::from_secs(1);

struct Log {
    form: Form,
    /// Where records go.
    records: Arc<Spool>,
    /// Where words for people go: to standard error. `None` where the log has its place.
    people: Option<Arc<Spool>>,
    /// The file that it goes to.
    file: Option<PathBuf>,
    quiet: bool,
}

/// Starts logging; a second call changes nothing. The error is a sentence.
pub(crate) fn start(args: &LogArgs, environment: &Environment, looks: Looks) -> Result<(), String> {
    if LOG.get().is_some() {
        // The program runs inside another, as in the demo.
        return Ok(());
    }
    let (log, usual) = open(args, environment, looks)?;
    let asked = Asked {
        quiet: args.quiet,
        verbose: args.verbose,
        level: args.log_level,
    };
    let (filter, bad) = filter(asked, usual, environment);
    let subscriber = tracing_subscriber::registry()
        .with(filter)
        .with(Catcher(tell));
    // Somebody else's, who runs this program inside his own, goes on.
    let is_ours = tracing::subscriber::set_global_default(subscriber).is_ok();
    if LOG.set(log).is_ok() && is_ours {
        bad.into_iter()
            .for_each(|bad| complain(&format!("warning: {bad}\n")));
    }
    Ok(())
}

/// The log, and the level that it usually has.
fn open(
    args: &LogArgs,
    environment: &Environment,
    looks: Looks,
) -> Result<(Log, LevelFilter), String> {
    let is_journal = args.log_file.is_none() && is_journal(environment);
    let text = Style {
        time: !is_journal,
        colour: args.log_file.is_none() && looks.colours(stderr().is_terminal()),
    };
    let form = match args.log_format {
        LogFormat::Auto if is_journal => Form::Journal,
        LogFormat::Auto | LogFormat::Text => Form::Text(text),
        LogFormat::Json => Form::Json,
        LogFormat::Journald => Form::Journal,
    };
    let lost = move |lines| lost(form, lines);
    let to_people = || {
        let lost = |lines| {
            Line::from(format!(
                "warning: {} of this were lost\n",
                some(lines, "line")
            ))
        };
        Spool::new(Box::new(Stderr::default()), Box::new(lost))
    };
    let (sink, people): (Box<dyn Sink>, _) = match (&args.log_file, form) {
        (Some(path), Form::Journal) => {
            return Err(format!(
                "--log-file {}: what the journal takes is nothing for a file: use --log-format \
                 text or json with it",
                shown(path)
            ));
        }
        (Some(path), _) => {
            let file = LogFile::open(path)
                .map_err(|error| format!("--log-file {} cannot be opened: {error}", shown(path)))?;
            (Box::new(file), Some(to_people()))
        }
        (None, Form::Text(_)) => {
            let sink = Box::new(Stderr::default());
            let records = Spool::new(sink, Box::new(lost));
            let people = Some(Arc::clone(&records));
            return Ok((Log::new(form, records, people, args), LevelFilter::WARN));
        }
        (None, Form::Json) => (Box::new(Stderr::default()), None),
        (None, Form::Journal) => (Box::new(Journal::at(Path::new(JOURNAL))), None),
    };
    let records = Spool::new(sink, Box::new(lost));
    Ok((Log::new(form, records, people, args), LevelFilter::INFO))
}

impl Log {
    fn new(form: Form, records: Arc<Spool>, people: Option<Arc<Spool>>, args: &LogArgs) -> Self {
        Self {
            form,
            records,
            people,
            file: args.log_file.clone(),
            quiet: args.quiet,
        }
    }
}

fn shown(path: &Path) -> String {
    printable_path(path)
}

fn lost(form: Form, lines: u64) -> Line {
    let words = format!(
        "{} of the log were lost: nobody took them",
        some(lines, "line")
    );
    let record = Record::new(Level::WARN, "boxup", &words);
    form.line(
        &record
            .with("event", json!("lost"))
            .with("lines", json!(lines)),
    )
}

/// Whether standard error is connected with the journal, as systemd.exec(5) has it told.
fn is_journal(environment: &Environment) -> bool {
    let told = environment
        .get("JOURNAL_STREAM")
        .and_then(|told| told.to_str());
    let stat = rustix::fs::fstat(stderr()).ok();
    match (told.and_then(|told| told.split_once(':')), stat) {
        (Some((dev, ino)), Some(stat)) => {
            dev.parse() == Ok(stat.st_dev) && ino.parse() == Ok(stat.st_ino)
        }
        _ => false,
    }
}

/// Whether what happens is told by lines on standard output.
pub(crate) fn tells_by_lines() -> bool {
    LOG.get()
        .is_none_or(|log| matches!(log.form, Form::Text(_)))
}

/// Whether what happens is told by records.
pub(crate) fn tells_by_records() -> bool {
    let is_told = |log: &Log| log.file.is_some() || !matches!(log.form, Form::Text(_));
    LOG.get().is_some_and(is_told)
}

/// The file that the log goes to.
pub(crate) fn file() -> Option<&'static Path> {
    LOG.get()?.file.as_deref()
}

/// Tells a record that has passed the filter.
fn tell(record: Record) {
    if let Some(log) = LOG.get() {
        let line = log.form.line(&record);
        let is_read = matches!(log.form, Form::Text(_)) && log.file.is_none();
        log.records.push(match is_read && stderr().is_terminal() {
            true => Line::from(folded(
                &String::from_utf8_lossy(&line.bytes),
                screen::columns(),
            )),
            false => line,
        });
    }
}

/// Tells a record, if records at its level are told.
pub(crate) fn record(record: Record) {
    let is_told = match record.level {
        Level::ERROR => tracing::enabled!(target: "boxup::events", Level::ERROR),
        Level::WARN => tracing::enabled!(target: "boxup::events", Level::WARN),
        Level::INFO => tracing::enabled!(target: "boxup::events", Level::INFO),
        Level::DEBUG => tracing::enabled!(target: "boxup::events", Level::DEBUG),
        Level::TRACE => tracing::enabled!(target: "boxup::events", Level::TRACE),
    };
    if is_told {
        tell(record);
    }
}

/// Says something to whoever started the program: a person, or whoever reads the log.
pub(crate) fn complain(text: &str) {
    to_people(text);
    if tells_by_records() {
        let begins = |word: &str| text.lines().any(|line| line.starts_with(word));
        let level = match text {
            _ if begins("error") => Level::ERROR,
            _ if begins("warning") => Level::WARN,
            _ => Level::INFO,
        };
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let words = words.strip_prefix("error: ").unwrap_or(&words);
        let words = words.strip_prefix("warning: ").unwrap_or(words);
        if !words.is_empty() {
            record(Record::new(level, "boxup::events", words));
            flush(LAST);
        }
    }
}

/// Says something on standard error, unless the log has its place there.
pub(crate) fn to_people(text: &str) {
    let Some(log) = LOG.get() else {
        drop(stderr().write_all(text.as_bytes()));
        return;
    };
    if let Some(people) = &log.people
        && !(log.quiet && text.starts_with("warning"))
    {
        let text = match stderr().is_terminal() {
            true => folded(text, screen::columns()),
            false => text.to_owned(),
        };
        people.push(Line::from(text));
        // Whoever says something may go on to ask, or to end.
        people.flush(LAST);
    }
}

/// Waits until everything is told, unless nobody takes anything for so long.
pub(crate) fn flush(limit: Duration) {
    if let Some(log) = LOG.get() {
        log.records.flush(limit);
        if let Some(people) = &log.people {
            people.flush(limit);
        }
    }
}

/// Says this and no more: nothing else may be in order.
pub(crate) fn last_words(text: &str) {
    if tells_by_records() {
        let words = text.trim_end();
        let words = words.strip_prefix("error: ").unwrap_or(words);
        tell(Record::new(Level::ERROR, "boxup", words));
    }
    finish();
    if LOG.get().is_none_or(|log| log.people.is_some()) {
        drop(stderr().write_all(text.as_bytes()));
    }
}

/// The end: what is told so far is all.
pub(crate) fn finish() {
    flush(LAST);
}

/// A log file that was put away is let go.
pub(crate) fn reopen() {
    if let Some(log) = LOG.get() {
        log.records.reopen();
    }
}
