//! What follows from the command line's definition: completions and manual pages.

use crate::cli::output::Output;
use crate::cli::wording::printable_path;
use crate::cli::{exit, manual};
use clap_complete::Shell;
use std::path::Path;

/// Prints the script for a shell.
pub(super) fn completions(shell: Shell, output: &mut Output) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut manual::command(), "boxup", &mut script);
    print(&script, output)
}

/// Prints the page of the program, or writes all pages.
pub(super) fn man(dir: Option<&Path>, output: &mut Output) -> u8 {
    let Some(dir) = dir else {
        return match manual::page() {
            Ok(page) => print(&page, output),
            Err(_) => exit::STATE,
        };
    };
    match manual::pages(dir) {
        Ok(()) => exit::OK,
        Err(error) => {
            let dir = printable_path(dir);
            output.complain(&format!(
                "error: the manual pages cannot be written to {dir}: {error}; name a directory \
                 that you may write to\n"
            ));
            exit::STATE
        }
    }
}

fn print(bytes: &[u8], output: &mut Output) -> u8 {
    output.say(&String::from_utf8_lossy(bytes));
    exit::OK
}
