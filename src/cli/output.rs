//! Where text goes: answers to standard output, complaints to standard error. A reader
//! that has gone away stops nothing.

use crate::cli::screen;
use crate::config::Environment;
use crate::model::path::confuses;
use std::borrow::Cow;
use std::io::{IsTerminal, Write, stderr, stdout};

/// What may be done to a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Looks {
    /// Colours: not with `NO_COLOR`.
    pub(crate) colour: bool,
    /// Going back to what has been written: not where `TERM` is `dumb`.
    pub(crate) redraw: bool,
}

impl Looks {
    /// As the environment wishes.
    pub(crate) fn of(environment: &Environment) -> Self {
        let is_dumb = environment.get("TERM").is_some_and(|term| term == "dumb");
        Self {
            colour: !is_dumb && environment.get("NO_COLOR").is_none(),
            redraw: !is_dumb,
        }
    }
}

/// The two streams.
pub(crate) struct Output {
    is_terminal: bool,
}

impl Output {
    /// The process's own.
    pub(crate) fn standard() -> Self {
        Self {
            is_terminal: stdout().is_terminal(),
        }
    }

    /// Whether a person is likely to be looking.
    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// How wide the terminal is, where there is one.
    pub(crate) fn columns(&self) -> Option<usize> {
        let size = rustix::termios::tcgetwinsize(stdout()).ok()?;
        Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
    }

    /// Writes to standard output, with no line feed of its own.
    pub(crate) fn say(&mut self, text: &str) {
        if !text.is_empty() {
            self.deliver(&spelled_out(text));
        }
    }

    /// Writes what somebody waits for to standard output; `false` when it cannot be.
    pub(crate) fn deliver(&mut self, text: &str) -> bool {
        screen::around(|| {
            let mut out = stdout().lock();
            out.write_all(text.as_bytes())
                .and_then(|()| out.flush())
                .is_ok()
        })
    }

    /// Writes to standard error, with no line feed of its own.
    pub(crate) fn complain(&mut self, text: &str) {
        if !text.is_empty() {
            screen::around(|| drop(stderr().lock().write_all(text.as_bytes())));
        }
    }
}

/// Lines for machines with what could confuse a terminal spelled out, as JSON allows in
/// every string: what a program reads is the same.
fn spelled_out(text: &str) -> Cow<'_, str> {
    let is_tricky = |c: char| c != '\n' && confuses(c);
    if !text.starts_with('{') || !text.contains(is_tricky) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_tricky(c) {
            true => out += &format!("\\u{:04x}", u32::from(c)),
            false => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::spelled_out;
    use serde_json::{Value, json};

    #[test]
    fn lines_for_machines_are_exact_and_harmless() {
        let hostile = "a\n\t\u{1b}\u{7f}\u{9b}\u{61c}\u{202e}\u{2066}\u{feff}\\\"z";
        let line = format!("{}\n", json!({ "path": hostile, hostile: 1 }));
        let spelled = spelled_out(&line);
        let body = spelled.trim_end_matches('\n');
        assert!(body.chars().all(|c| (' '..='~').contains(&c)), "{body}");
        let read: Value = serde_json::from_str(body).unwrap();
        assert_eq!(read["path"], hostile);
        assert_eq!(read[hostile], 1);
        // Colours are ours.
        assert_eq!(spelled_out("\u{1b}[32mnew\n"), "\u{1b}[32mnew\n");
    }
}
