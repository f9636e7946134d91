//! What a command line comes to.

use crate::cli::args::{Args, Command, ConfigCommand, LogFormat, LogLevel};
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
    assert_eq!(parse("boxup -vv sync").unwrap().log.verbose, 2);
    assert_eq!(parse("boxup sync -vv").unwrap().log.verbose, 2);
}

#[test]
fn the_log_is_asked_for_in_one_way() {
    let log = |line: &str| parse(line).unwrap().log;
    assert!(log("boxup sync -q").quiet);
    assert_eq!(
        log("boxup --log-level debug sync").log_level,
        Some(LogLevel::Debug)
    );
    assert_eq!(log("boxup sync").log_format, LogFormat::Auto);
    assert_eq!(
        log("boxup sync --log-format json").log_format,
        LogFormat::Json
    );
    let file = log("boxup sync --log-file l").log_file;
    assert_eq!(file.as_deref(), Some(Path::new("l")));
    for line in [
        "boxup sync -q -v",
        "boxup sync -q --log-level info",
        "boxup sync -v --log-level info",
        "boxup sync --log-level loud",
        "boxup sync --log-format xml",
        "boxup sync --log-file",
    ] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
    }
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
        let Command::Wait(args) = parse(line).unwrap().command else {
            panic!("{line}");
        };
        let expected = Duration::from_secs(expected);
        assert_eq!((args.timeout, args.json), (expected, false));
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
}
