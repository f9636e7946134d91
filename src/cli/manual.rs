//! The command line's definition as people read it: short with `-h`, long with `--help`, and
//! as manual pages.

use crate::cli::args::Args;
use crate::cli::exit;
use crate::cli::wording::wrapped;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use std::io;
use std::path::Path;

/// Where the configuration is, in the order in which it is looked for.
const PLACES: [(&str, &str); 4] = [
    ("--config FILE", "as the command line says"),
    ("$BOXUP_CONFIG", "as the environment says"),
    (
        "~/.config/boxup/sync.toml",
        "a user's own; $XDG_CONFIG_HOME for ~/.config",
    ),
    ("/etc/boxup/sync.toml", "the machine's"),
];

/// Other files.
const FILES: [(&str, &str); 3] = [
    (
        "/var/lib/boxup",
        "what boxup remembers, with /etc/boxup/sync.toml",
    ),
    (
        "~/.local/state/boxup",
        "the same for a user; $XDG_STATE_HOME for ~/.local/state",
    ),
    (
        "/etc/default/boxup",
        "variables for the service of the machine",
    ),
];

/// The environment.
const VARIABLES: [(&str, &str); 18] = [
    ("BOXUP_CONFIG", "the configuration file"),
    (
        "BOXUP_CLIENT_SECRET",
        "wins over client_secret and its file, command and credential",
    ),
    ("BOXUP_DEVELOPER_TOKEN", "the same for developer_token"),
    ("BOXUP_JWT_CONFIG", "the same for what is in config_file"),
    ("BOXUP_WEBHOOK", "the same for webhook of [notify]"),
    ("BOXUP_HEARTBEAT", "the same for heartbeat of [notify]"),
    (
        "BOXUP_LOG",
        "a filter for the log, such as debug or boxup=trace",
    ),
    ("RUST_LOG", "the same where $BOXUP_LOG is not set"),
    ("BOXUP_ALLOW_ROOT", "no warning where root runs the service"),
    ("NO_COLOR", "no colours, unless --color says otherwise"),
    (
        "TERM",
        "\"dumb\" or empty: no colours, and no lines that are drawn again",
    ),
    ("CI", "if set, no lines that are drawn again"),
    ("BROWSER", "what boxup login opens the page with"),
    (
        "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY",
        "heeded without [network] proxy",
    ),
    ("XDG_CONFIG_HOME", "where users' configurations are"),
    ("XDG_STATE_HOME", "where users' programs remember things"),
    ("STATE_DIRECTORY", "the state directory, as systemd sets it"),
    (
        "CREDENTIALS_DIRECTORY",
        "systemd's credentials: client_secret, config_file, developer_token, webhook, heartbeat",
    ),
];

const START: &str = "\
Start here:
  boxup init                    write the configuration, question by question
  boxup doctor                  is everything right? if not, what is to be done?
  boxup sync --once --dry-run   what would be sent?
  boxup sync                    mirror, then keep watching";

/// The definition, with what belongs to the short help and to the long one.
pub(crate) fn command() -> Command {
    let root = Args::command();
    let name = root.get_name().to_owned();
    let root = root
        .after_help("boxup --help tells about configuration, environment and exit codes.")
        .after_long_help(more());
    let root = root.mut_args(|arg| match arg.is_global_set() {
        true => arg.help_heading("Everywhere"),
        false => arg,
    });
    root.mut_subcommands(|command| taught(command, &name))
}

/// Examples belong to the long help.
fn taught(command: Command, above: &str) -> Command {
    let name = format!("{above} {}", command.get_name());
    let command = command.mut_subcommands(|below| taught(below, &name));
    match command.get_after_help().map(ToString::to_string) {
        Some(examples) => command
            .after_help(format!("{name} --help tells more, with examples."))
            .after_long_help(examples),
        None => command,
    }
}

/// What holds for every command.
fn more() -> String {
    let mut text = "Configuration, the first of these:\n".to_owned();
    list(&mut text, &PLACES);
    text += "  sync.example.toml explains every key.\n\nEnvironment:\n";
    list(&mut text, &VARIABLES);
    text += "\nExit codes:\n";
    for (code, meaning) in exit::MEANINGS {
        for (number, line) in wrapped(&plain(meaning), 74).iter().enumerate() {
            text += &match number {
                0 => format!("  {code:>2}  {line}\n"),
                _ => format!("      {line}\n"),
            };
        }
    }
    text += &format!("  {}\n\n", exit::SEVERAL);
    text + START
}

fn list(text: &mut String, rows: &[(&str, &str)]) {
    for (name, meaning) in rows {
        let mut name = *name;
        if name.len() > 25 {
            *text += &format!("  {name}\n");
            name = "";
        }
        for line in wrapped(meaning, 50) {
            *text += &format!("  {name:25}  {line}\n");
            name = "";
        }
    }
}

/// Without the marks of Markdown.
fn plain(text: &str) -> String {
    text.replace('`', "")
}

/// The page of the program.
///
/// # Errors
/// None that a buffer makes.
pub(crate) fn page() -> io::Result<Vec<u8>> {
    rendered(built())
}

/// Writes `boxup.1` and a page for each command that help lists.
///
/// # Errors
/// When the directory cannot be written to.
pub(crate) fn pages(dir: &Path) -> io::Result<()> {
    write(built(), dir)
}

fn built() -> Command {
    // What is made up here would not say so otherwise.
    let mut command = command().disable_help_subcommand(true);
    command.build();
    command
}

fn write(command: Command, dir: &Path) -> io::Result<()> {
    let below = command
        .get_subcommands()
        .filter(|below| !below.is_hide_set());
    for below in below.cloned().collect::<Vec<_>>() {
        write(below, dir)?;
    }
    let name = Man::new(command.clone()).get_filename();
    std::fs::write(dir.join(name), rendered(command)?)
}

fn rendered(command: Command) -> io::Result<Vec<u8>> {
    let examples = command.get_after_long_help().map(ToString::to_string);
    let is_root = command.get_name() == "boxup";
    let has_commands = command.get_subcommands().any(|below| !below.is_hide_set());
    let man = Man::new(command)
        .source(concat!("boxup ", env!("CARGO_PKG_VERSION")))
        .manual("boxup");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if has_commands {
        man.render_subcommands_section(&mut page)?;
    }
    let mut rest = Roff::new();
    let examples = if is_root {
        Some(START.to_owned())
    } else {
        examples
    };
    if let Some(examples) = examples {
        shown(&mut rest, &examples);
    }
    let codes = exit::MEANINGS.map(|(code, meaning)| (code.to_string(), plain(meaning)));
    tagged(&mut rest, "EXIT STATUS", &codes);
    rest.control("PP", []).text([roman(exit::SEVERAL)]);
    tagged(&mut rest, "ENVIRONMENT", &VARIABLES);
    tagged(&mut rest, "FILES", &PLACES);
    tagged_on(&mut rest, &FILES);
    if !is_root {
        rest.control("SH", ["SEE ALSO"])
            .text([bold("boxup"), roman("(1)")]);
    }
    rest.to_writer(&mut page)?;
    Ok(page)
}

/// Examples, line by line as they are.
fn shown(roff: &mut Roff, examples: &str) {
    roff.control("SH", ["EXAMPLES"]).control("nf", []);
    for line in examples.lines().skip(1) {
        roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
    }
    roff.control("fi", []);
}

fn tagged(roff: &mut Roff, title: &str, rows: &[(impl AsRef<str>, impl AsRef<str>)]) {
    roff.control("SH", [title]);
    tagged_on(roff, rows);
}

fn tagged_on(roff: &mut Roff, rows: &[(impl AsRef<str>, impl AsRef<str>)]) {
    for (name, meaning) in rows {
        roff.control("TP", [])
            .text([bold(name.as_ref())])
            .text([roman(meaning.as_ref())]);
    }
}

#[cfg(test)]
mod tests {
    use super::{command, more};
    use crate::cli::exit::{MEANINGS, SEVERAL};

    #[test]
    fn the_readme_tells_the_same_exit_codes() {
        let readme = include_str!("../../README.md");
        let section = readme.split("## Exit codes").nth(1).unwrap();
        let section = section.split("\n## ").next().unwrap();
        let rows = section.lines().filter(|line| line.starts_with("| "));
        let rows: Vec<&str> = rows.filter(|line| !line.contains("---")).skip(1).collect();
        let told = MEANINGS.map(|(code, meaning)| format!("| {code} | {meaning} |"));
        assert_eq!(rows, told);
        assert!(section.contains(SEVERAL));
    }

    #[test]
    fn help_fits_a_terminal_of_80_columns() {
        fn check(mut command: clap::Command) {
            for below in command.get_subcommands().cloned() {
                check(below);
            }
            let examples = command.get_after_long_help();
            let examples = examples.map(ToString::to_string).unwrap_or_default();
            // Where they are wrapped they cannot be typed any more.
            for line in examples.lines() {
                assert!(line.chars().count() <= 80, "{line}");
            }
            let short = command.render_help().to_string();
            let long = command.render_long_help().to_string();
            for line in short.lines().chain(long.lines()) {
                assert!(line.chars().count() <= 80, "{line}");
            }
        }
        let mut command = command().term_width(80);
        command.build();
        check(command);
        assert!(more().lines().all(|line| line.chars().count() <= 80));
    }
}
