//! One gate for everything that may reach a terminal: lines, logs, and a block of lines at
//! the bottom that is drawn over and over in place.
//!
//! A line is written over the block, and the block once more below it, all in one write:
//! there is no moment at which the block is not there, and nothing is torn, whether the line
//! goes to standard output or standard error. Nothing is held back: whatever ends the
//! program, no line is lost. Without a block, this only keeps writers from each other.

use rustix::fs::{FileType, fstat};
use std::borrow::Cow;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A process has one terminal.
static SCREEN: Mutex<Screen> = Mutex::new(Screen {
    lines: Vec::new(),
    drawn: 0,
});

/// Terminals that know it show nothing in between (DEC 2026); the others take no notice.
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";
/// What is left of an older line goes.
const NEXT: &str = "\x1b[K\r\n";

/// A line of the block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// What is written, with colours, without a line feed.
    pub(crate) text: String,
    /// How many columns that takes.
    pub(crate) columns: usize,
}

struct Screen {
    /// The block as it should be.
    lines: Vec<Line>,
    /// How many lines of it stand there now.
    drawn: usize,
}

/// Has `text` written, which goes to a terminal: `write` gets it with what keeps the block
/// below it.
pub(crate) fn above<T>(text: &[u8], write: impl FnOnce(&[u8]) -> T) -> T {
    write(&screen().with(text))
}

/// Whether the block's terminal, that of standard error, shows nothing but what goes through
/// here: standard output is the same, or a file. A pipe may end there, as that of `| tee`,
/// and nobody knows when.
pub(crate) fn is_ours_alone() -> bool {
    let (Ok(out), Ok(err)) = (fstat(stdout()), fstat(stderr())) else {
        return true;
    };
    match FileType::from_raw_mode(out.st_mode) {
        FileType::CharacterDevice if stdout().is_terminal() => out.st_rdev == err.st_rdev,
        FileType::Fifo | FileType::Socket => false,
        _ => true,
    }
}

/// Draws this block in the place of the one that stands there; none with no lines.
pub(crate) fn draw(lines: Vec<Line>) {
    let mut screen = screen();
    if screen.lines == lines && screen.drawn == lines.len() {
        return;
    }
    screen.lines = lines;
    // A terminal that has gone away stops nothing.
    let text = screen.with(b"");
    drop(stderr().lock().write_all(&text));
}

/// How wide the terminal is that the block stands on.
pub(crate) fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(stderr()).map(|size| usize::from(size.ws_col));
    size.ok().filter(|columns| *columns > 0).unwrap_or(80)
}

/// How many lines a block may have, so that the cursor gets back to its top.
pub(crate) fn rows() -> usize {
    let size = rustix::termios::tcgetwinsize(stderr()).map(|size| usize::from(size.ws_row));
    let rows = size.ok().filter(|rows| *rows > 0).unwrap_or(24);
    rows.saturating_sub(1)
}

fn screen() -> MutexGuard<'static, Screen> {
    SCREEN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Screen {
    /// The text, and the block below it, over the block that stands there.
    ///
    /// That one is as many rows high as it has lines, or higher: a terminal that has been
    /// made narrower may have wrapped them, or may not, which nobody can ask. What is left of
    /// it then is rubbish that scrolls away; one row more, and a line that was told is gone.
    fn with<'a>(&mut self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let before = std::mem::replace(&mut self.drawn, self.lines.len());
        if before == 0 && self.lines.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = BEGIN.as_bytes().to_vec();
        if before > 0 {
            out.extend(format!("\r\x1b[{before}A").bytes());
        }
        let lines = text.split_inclusive(|byte| *byte == b'\n');
        let block = self.lines.iter().map(|line| line.text.as_bytes());
        for line in lines.chain(block) {
            out.extend(line.strip_suffix(b"\n").unwrap_or(line));
            out.extend(NEXT.bytes());
        }
        if before > 0 {
            out.extend(b"\x1b[J");
        }
        out.extend(END.bytes());
        Cow::Owned(out)
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Screen};

    fn block(lines: &[&str]) -> Vec<Line> {
        let line = |text: &&str| Line {
            text: (*text).to_owned(),
            columns: text.len(),
        };
        lines.iter().map(line).collect()
    }

    /// What is written, without the marks around it.
    #[track_caller]
    fn written(screen: &mut Screen, text: &str) -> String {
        let bytes = screen.with(text.as_bytes()).into_owned();
        let written = String::from_utf8(bytes).unwrap();
        let inner = written.strip_prefix(super::BEGIN);
        let inner = inner.and_then(|inner| inner.strip_suffix(super::END));
        inner.map_or(written.clone(), str::to_owned)
    }

    #[test]
    fn a_block_is_drawn_over_itself_and_shrinks_to_nothing() {
        let mut screen = Screen {
            lines: block(&["one", "two"]),
            drawn: 0,
        };
        for (lines, expected) in [
            (&["one", "two"][..], "one\x1b[K\r\ntwo\x1b[K\r\n"),
            (&["three"], "\r\x1b[2Athree\x1b[K\r\n\x1b[J"),
            (&[], "\r\x1b[1A\x1b[J"),
            (&[], ""),
        ] {
            screen.lines = block(lines);
            assert_eq!(written(&mut screen, ""), expected);
        }
    }

    #[test]
    fn what_is_told_stands_above_the_block_in_one_write() {
        let mut screen = Screen {
            lines: Vec::new(),
            drawn: 0,
        };
        // As it is, where there is no block.
        for text in ["a\nb\n", "a question? ", ""] {
            assert_eq!(written(&mut screen, text), text);
        }
        screen.lines = block(&["x", "y"]);
        for (text, expected) in [
            ("a\n", "a\x1b[K\r\nx\x1b[K\r\ny\x1b[K\r\n"),
            (
                "b\nc\n",
                "\r\x1b[2Ab\x1b[K\r\nc\x1b[K\r\nx\x1b[K\r\ny\x1b[K\r\n\x1b[J",
            ),
            // The block needs a line of its own.
            ("d", "\r\x1b[2Ad\x1b[K\r\nx\x1b[K\r\ny\x1b[K\r\n\x1b[J"),
        ] {
            assert_eq!(written(&mut screen, text), expected);
        }
    }
}
