//! What follows from the command line's definition: completions and manual pages.

use crate::cli::args::Args;
use crate::cli::exit;
use crate::cli::output::Output;
use clap::CommandFactory;
use clap_complete::Shell;
use std::path::Path;

/// Prints the script for a shell.
pub(super) fn completions(shell: Shell, output: &mut Output) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "boxup", &mut script);
    print(&script, output)
}

/// Prints the page of the program, or writes all pages.
pub(super) fn man(dir: Option<&Path>, output: &mut Output) -> u8 {
    let Some(dir) = dir else {
        let mut page = Vec::new();
        return match clap_mangen::Man::new(Args::command()).render(&mut page) {
            Ok(()) => print(&page, output),
            Err(_) => exit::STATE,
        };
    };
    // What is made up here would not say so otherwise.
    let command = Args::command().disable_help_subcommand(true);
    match clap_mangen::generate_to(command, dir) {
        Ok(()) => exit::OK,
        Err(error) => {
            let dir = dir.display();
            output.complain(&format!(
                "error: the manual pages cannot be written to {dir}: {error}; name a directory \
                 that you may write to\n"
            ));
            exit::STATE
        }
    }
}

fn print(bytes: &[u8], output: &mut Output) -> u8 {
    match output.deliver(&String::from_utf8_lossy(bytes)) {
        true => exit::OK,
        false => exit::STATE,
    }
}
