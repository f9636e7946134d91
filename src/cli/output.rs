//! Where text goes: answers to standard output, complaints to standard error. What cannot be
//! written stops nothing; at the end `closed` tells it, and gives it its exit code. A reader
//! that has gone away has read enough.

use crate::cli::fold::folded;
use crate::cli::logging::form::Line;
use crate::cli::logging::sink::{self, Stdout};
use crate::cli::logging::spool::Spool;
use crate::cli::{exit, logging, screen};
use crate::config::Environment;
use crate::model::path::confuses;
use std::borrow::Cow;
use std::io::{self, ErrorKind, IsTerminal, stdout};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Whether to write in colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb` or missing.
    #[default]
    Auto,
    /// Wherever it goes.
    Always,
    /// Nowhere.
    Never,
}

/// What may be done to a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Looks {
    color: Color,
    /// Going back to what has been written: not where `TERM` is `dumb` or missing, nor where
    /// `CI` is set.
    pub(crate) redraw: bool,
}

impl Looks {
    /// As the command line and the environment wish.
    pub(crate) fn of(environment: &Environment, color: Color) -> Self {
        let is_set = |name| environment.get(name).is_some_and(|value| !value.is_empty());
        let is_dumb = !is_set("TERM") || environment.get("TERM").is_some_and(|it| it == "dumb");
        let is_plain = is_dumb || environment.get("NO_COLOR").is_some();
        let color = match color {
            Color::Auto if is_plain => Color::Never,
            other => other,
        };
        Self {
            color,
            // What a build machine records is read as lines.
            redraw: !is_dumb && !is_set("CI"),
        }
    }

    /// Whether what goes there has colours.
    pub(crate) fn colours(self, is_terminal: bool) -> bool {
        match self.color {
            Color::Always => true,
            Color::Auto => is_terminal,
            Color::Never => false,
        }
    }
}

/// The two streams.
#[derive(Clone)]
pub(crate) struct Output {
    is_terminal: bool,
    /// What standard output goes through, where nobody is to wait for its reader.
    spool: Option<Arc<Spool>>,
}

/// The widest that lines are which are broken by us.
pub(crate) const READ_WELL: usize = 80;
/// No terminal is narrower that anybody reads on.
const NARROWEST: usize = 40;
/// How long the reader of a spool may take nothing before the end.
const LAST: Duration = Duration::from_secs(1);

impl Output {
    /// The process's own.
    pub(crate) fn standard() -> Self {
        Self {
            is_terminal: stdout().is_terminal(),
            spool: None,
        }
    }

    /// The process's own, for a service: a reader of its standard output that takes nothing
    /// holds nothing up. `lost` is the line for so many that were lost.
    pub(crate) fn patient(lost: impl Fn(u64) -> String + Send + Sync + 'static) -> Self {
        let lost = move |lines| Line::from(lost(lines));
        Self {
            spool: Some(Spool::new(Box::new(Stdout::default()), Box::new(lost))),
            ..Self::standard()
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

    /// How wide lines are to be that belong together: as the terminal, or as they are read
    /// well.
    pub(crate) fn width(&self) -> usize {
        let there = self.columns().filter(|_| self.is_terminal);
        there.map_or(READ_WELL, |columns| columns.clamp(NARROWEST, READ_WELL))
    }

    /// Writes to standard output, with no line feed of its own.
    pub(crate) fn say(&mut self, text: &str) {
        match &self.spool {
            _ if text.is_empty() => {}
            Some(spool) => spool.push(Line::from(spelled_out(text).into_owned())),
            None => drop(self.tell(text)),
        }
    }

    /// Says sentences: on a terminal no word is torn at its edge.
    pub(crate) fn relate(&mut self, text: &str) {
        match self.columns().filter(|_| self.is_terminal) {
            Some(columns) => self.say(&folded(text, columns)),
            None => self.say(text),
        }
    }

    /// What `say` does, for whoever ends with its reader; `false` when nobody takes it.
    pub(crate) fn tell(&mut self, text: &str) -> bool {
        let text = spelled_out(text);
        let write = |bytes: &[u8]| sink::write(stdout().as_fd(), bytes);
        let mut answers = ANSWERS.lock().unwrap_or_else(PoisonError::into_inner);
        match self.is_terminal && !text.is_empty() {
            true => screen::above(text.as_bytes(), |bytes| answers.put(bytes, write)),
            false => answers.put(text.as_bytes(), write),
        }
    }

    /// Waits until all that was said is written, unless nobody takes it.
    pub(crate) fn finish(&self) {
        if let Some(spool) = &self.spool {
            spool.flush(LAST);
        }
    }

    /// Writes to standard error, with no line feed of its own, or into the log where that
    /// has its place there.
    pub(crate) fn complain(&mut self, text: &str) {
        if !text.is_empty() {
            logging::complain(text);
        }
    }
}

/// A process has one standard output.
static ANSWERS: Mutex<Answers> = Mutex::new(Answers {
    torn: Vec::new(),
    failed: None,
});

/// What became of what was said.
struct Answers {
    /// The end of a line whose beginning is written: it goes first when something can be.
    torn: Vec<u8>,
    /// Why something could not be written, the first time.
    failed: Option<io::Error>,
}

impl Answers {
    fn put(&mut self, bytes: &[u8], mut write: impl FnMut(&[u8]) -> io::Result<usize>) -> bool {
        let before = self.torn.len();
        self.torn.extend_from_slice(bytes);
        let (mut written, mut failed) = (0, None);
        while failed.is_none() && written < self.torn.len() {
            match write(&self.torn[written..]) {
                Ok(more) => written += more,
                Err(error) => failed = Some(error),
            }
        }
        self.torn.drain(..written);
        let Some(error) = failed else {
            return true;
        };
        if written <= before {
            // Nothing of it has been taken.
            self.torn.truncate(before - written);
        }
        self.failed.get_or_insert(error);
        false
    }
}

/// The exit code in the end, and a sentence: what could not be said is an error where
/// nothing else was. Whoever has closed the pipe does not want to hear of it.
pub(crate) fn closed(code: u8) -> u8 {
    let mut answers = ANSWERS.lock().unwrap_or_else(PoisonError::into_inner);
    let failed = answers.failed.take();
    drop(answers);
    match failed {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => unsaid(&error, code),
        _ => code,
    }
}

/// Something that belongs on standard output is not there.
pub(crate) fn unsaid(error: &io::Error, code: u8) -> u8 {
    logging::complain(&format!(
        "error: standard output could not be written to ({error}), so not all is there that \
         belongs there: make room, or send it elsewhere\n"
    ));
    match code {
        exit::OK => exit::STATE,
        worse => worse,
    }
}

/// Lines for machines with what could confuse a terminal spelled out, as JSON allows in
/// every string: what a program reads is the same.
pub(crate) fn spelled_out(text: &str) -> Cow<'_, str> {
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
    use super::{Answers, Color, Looks, spelled_out};
    use crate::config::Environment;
    use serde_json::{Value, json};
    use std::io::ErrorKind;

    #[test]
    fn the_command_line_wins_over_the_environment_and_that_over_the_terminal() {
        let xterm = [("TERM", "xterm")];
        let plain = [("TERM", "xterm"), ("NO_COLOR", "1")];
        let dumb = [("TERM", "dumb")];
        let none: [(&str, &str); 0] = [];
        let colours = |variables: &[(&str, &str)], color, is_terminal| {
            let environment = Environment::from_iter(variables.iter().copied());
            Looks::of(&environment, color).colours(is_terminal)
        };
        for (variables, color, is_terminal, expected) in [
            (&xterm[..], Color::Auto, true, true),
            (&xterm, Color::Auto, false, false),
            (&none, Color::Auto, true, false),
            (&plain, Color::Auto, true, false),
            (&dumb, Color::Auto, true, false),
            (&plain, Color::Always, false, true),
            (&xterm, Color::Never, true, false),
        ] {
            assert_eq!(
                colours(variables, color, is_terminal),
                expected,
                "{variables:?} {color:?} {is_terminal}"
            );
        }
    }

    #[test]
    fn only_a_terminal_that_somebody_looks_at_is_drawn_on() {
        for (variables, expected) in [
            (&[("TERM", "xterm")][..], true),
            (&[("TERM", "xterm"), ("NO_COLOR", "1")], true),
            (&[("TERM", "xterm"), ("CI", "")], true),
            (&[("TERM", "xterm"), ("CI", "true")], false),
            (&[("TERM", "dumb")], false),
            (&[("TERM", "")], false),
            (&[], false),
        ] {
            let environment = Environment::from_iter(variables.iter().copied());
            let looks = Looks::of(&environment, Color::Auto);
            assert_eq!(looks.redraw, expected, "{variables:?}");
        }
    }

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
    #[test]
    fn a_line_that_was_torn_is_ended_before_the_next_and_one_that_was_lost_is_lost() {
        let mut answers = Answers {
            torn: Vec::new(),
            failed: None,
        };
        let mut taken = Vec::new();
        for (room, is_whole) in [(6, false), (0, false), (1, false), (99, true), (99, true)] {
            let mut room = room;
            let whole = answers.put(b"abcd\n", |bytes| {
                let some = bytes.len().min(room).min(3);
                room -= some;
                taken.extend_from_slice(&bytes[..some]);
                match some {
                    0 => Err(ErrorKind::StorageFull.into()),
                    some => Ok(some),
                }
            });
            assert_eq!(whole, is_whole || room > 0, "{taken:?}");
        }
        let text = String::from_utf8(taken).unwrap();
        assert!(text.lines().all(|line| line == "abcd"), "{text}");
        let why = answers.failed.map(|error| error.kind());
        assert_eq!(why, Some(ErrorKind::StorageFull));
    }
}
