//! What is told of what goes on, how, and where.

use clap::{ArgAction, Args as ClapArgs, ValueEnum};
use std::path::PathBuf;
use tracing::level_filters::LevelFilter;

/// What is told of what goes on, how, and where.
#[derive(Debug, Default, ClapArgs)]
#[command(next_help_heading = "Log")]
pub(crate) struct LogArgs {
    /// Errors only; sync tells only what is not on Box.
    #[arg(short, long, global = true, conflicts_with_all = ["verbose", "log_level"])]
    pub(crate) quiet: bool,

    /// Tell more, and name what is left out; twice for more still.
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "log_level")]
    pub(crate) verbose: u8,

    /// error, warn, info, debug (every request) or trace.
    ///
    /// Usually warn as text on standard error, else info. Without this, -q and -v, a filter in
    /// $BOXUP_LOG or $RUST_LOG counts, such as boxup::remote=debug. Libraries are told of only
    /// where a filter names them, and never at trace: what they send stays out of every log.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "LEVEL",
        hide_possible_values = true
    )]
    pub(crate) log_level: Option<LogLevel>,

    /// text, json, journald, or auto: journald where systemd connects standard error with
    /// its journal, else text.
    ///
    /// As text, sync tells what happens on standard output, and the log is for the rest. In
    /// json (one object on a line of standard error) and in the journal there is one event
    /// for each thing that happens, with fields, and nothing on standard output.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        default_value_t,
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub(crate) log_format: LogFormat,

    /// Append the log to this file, instead of standard error; with what happens, in text or
    /// json.
    ///
    /// It is made for its owner only, and opened anew when it was renamed or removed, and on
    /// SIGHUP: any way of rotating it will do.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) log_file: Option<PathBuf>,
}

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// What keeps a run or a mirror from going on.
    Error,
    /// What is not on Box, and what may need a person.
    Warn,
    /// What happens.
    Info,
    /// Every request, and what is left out.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// As filters have it.
    pub(crate) fn filter(self) -> LevelFilter {
        match self {
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// As whoever takes it likes it.
    #[default]
    Auto,
    /// For people.
    Text,
    /// One JSON object on a line.
    Json,
    /// As the journal of systemd takes it.
    Journald,
}
