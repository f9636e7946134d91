//! What is told of all that could be. Pure.
//!
//! The command line decides; where it says nothing, `$BOXUP_LOG` and then `$RUST_LOG`. A
//! level alone is about boxup's own parts: libraries are told of only where a filter names
//! them.

use crate::cli::args::LogLevel;
use crate::cli::wording::printable;
use crate::config::Environment;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Directive;

/// What the command line says about it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    /// Errors only.
    pub(crate) quiet: bool,
    /// So many levels more than usual.
    pub(crate) verbose: u8,
    /// Exactly this level.
    pub(crate) level: Option<LogLevel>,
}

/// The filter, and a sentence for what of it could not be understood.
pub(crate) fn filter(
    asked: Asked,
    usual: LevelFilter,
    environment: &Environment,
) -> (EnvFilter, Option<String>) {
    let ours = |level: LevelFilter| EnvFilter::new(format!("boxup={level}"));
    if let Some(level) = asked.level {
        return (ours(level.filter()), None);
    }
    if asked.quiet {
        return (ours(LevelFilter::ERROR), None);
    }
    if asked.verbose > 0 {
        return (ours(more(usual, asked.verbose)), None);
    }
    let variables = ["BOXUP_LOG", "RUST_LOG"];
    let set = variables
        .into_iter()
        .find_map(|name| Some((name, environment.get(name)?)));
    let Some((name, value)) = set else {
        return (ours(usual), None);
    };
    let mut filter = ours(usual);
    let mut bad = None;
    let text = value.to_string_lossy();
    for part in text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let part = match part.parse::<LevelFilter>() {
            Ok(level) => format!("boxup={level}"),
            Err(_) => part.to_owned(),
        };
        match part.parse::<Directive>() {
            Ok(directive) => filter = filter.add_directive(directive),
            Err(_) => bad = bad.or(Some(part)),
        }
    }
    let bad = bad.map(|part| {
        format!(
            "${name}: {:?} is no filter, and is not used: write a level (error, warn, info, \
             debug, trace) or TARGET=LEVEL, such as boxup::remote=debug",
            printable(&part)
        )
    });
    (filter, bad)
}

/// So many steps further down.
fn more(usual: LevelFilter, steps: u8) -> LevelFilter {
    let ladder = [
        LevelFilter::ERROR,
        LevelFilter::WARN,
        LevelFilter::INFO,
        LevelFilter::DEBUG,
        LevelFilter::TRACE,
    ];
    let start = ladder.iter().position(|level| *level == usual);
    let at = start.unwrap_or_default() + usize::from(steps);
    ladder.get(at).copied().unwrap_or(LevelFilter::TRACE)
}

#[cfg(test)]
mod tests {
    use super::{Asked, filter};
    use crate::cli::args::LogLevel;
    use crate::config::Environment;
    use tracing::level_filters::LevelFilter;

    /// The filter's parts, sorted, and whether something was said about them.
    fn parts(
        (quiet, verbose, level): (bool, u8, Option<LogLevel>),
        usual: LevelFilter,
        variables: &[(&str, &str)],
    ) -> (Vec<String>, Option<String>) {
        let environment = Environment::from_iter(variables.iter().copied());
        let asked = Asked {
            quiet,
            verbose,
            level,
        };
        let (filter, said) = filter(asked, usual, &environment);
        let mut parts: Vec<_> = filter.to_string().split(',').map(str::to_owned).collect();
        parts.sort();
        (parts, said)
    }

    const USUAL: LevelFilter = LevelFilter::WARN;
    const EVENTS: LevelFilter = LevelFilter::INFO;

    #[test]
    fn the_command_line_wins_over_both_variables_and_they_over_what_is_usual() {
        const NONE: (bool, u8, Option<LogLevel>) = (false, 0, None);
        let ours = ("BOXUP_LOG", "debug");
        let rusts = ("RUST_LOG", "trace,hyper_util=debug");
        for (asked, usual, variables, expected) in [
            (NONE, USUAL, &[][..], &["boxup=warn"][..]),
            (NONE, EVENTS, &[], &["boxup=info"]),
            (NONE, USUAL, &[ours, rusts], &["boxup=debug"]),
            (NONE, USUAL, &[rusts], &["boxup=trace", "hyper_util=debug"]),
            (
                NONE,
                USUAL,
                &[("RUST_LOG", "tokio=info")],
                &["boxup=warn", "tokio=info"],
            ),
            (NONE, USUAL, &[("BOXUP_LOG", "off")], &["boxup=off"]),
            (
                NONE,
                USUAL,
                &[("BOXUP_LOG", " boxup::remote=debug , info")],
                &["boxup::remote=debug", "boxup=info"],
            ),
            ((true, 0, None), EVENTS, &[ours, rusts], &["boxup=error"]),
            ((false, 1, None), USUAL, &[ours], &["boxup=info"]),
            ((false, 1, None), EVENTS, &[ours], &["boxup=debug"]),
            (
                (false, 0, Some(LogLevel::Error)),
                EVENTS,
                &[rusts],
                &["boxup=error"],
            ),
        ] {
            let (parts, said) = parts(asked, usual, variables);
            assert_eq!(parts, expected, "{asked:?} {usual} {variables:?}");
            assert_eq!(said, None);
        }
    }

    #[test]
    fn what_is_no_filter_is_said_and_the_rest_of_it_holds() {
        for (value, bad) in [
            ("boxup=loud,boxup::remote=debug", "boxup=loud"),
            ("boxup::remote=debug,a=b=c", "a=b=c"),
            ("boxup::remote=debug,[\n", "["),
        ] {
            let (parts, said) = parts((false, 0, None), USUAL, &[("BOXUP_LOG", value)]);
            assert_eq!(parts, ["boxup::remote=debug", "boxup=warn"], "{value}");
            let said = said.unwrap();
            assert!(
                said.starts_with(&format!("$BOXUP_LOG: {bad:?} is no filter")),
                "{said}"
            );
        }
    }
}
