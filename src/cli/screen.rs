//! One gate for everything that may reach a terminal: lines, logs, and a block of lines at
//! the bottom that is drawn over and over in place.
//!
//! Whoever writes a line takes the block away first and puts it back behind it, in one
//! breath: nothing is torn, whether it goes to standard output or standard error. Without
//! a block, this only keeps writers from each other.

use std::io::{Write, stderr};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A process has one terminal.
static SCREEN: Mutex<Screen> = Mutex::new(Screen {
    lines: Vec::new(),
    drawn: Vec::new(),
});

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
    /// How wide each line of it is that stands there now.
    drawn: Vec<usize>,
}

/// Writes something, with the block out of the way.
pub(crate) fn around<T>(write: impl FnOnce() -> T) -> T {
    let mut screen = screen();
    if screen.drawn.is_empty() {
        return write();
    }
    put(&taken_away(&screen.drawn, columns()));
    let written = write();
    screen.drawn.clear();
    let text = screen.redrawn();
    put(&text);
    written
}

/// Draws this block in the place of the one that stands there; none with no lines.
pub(crate) fn draw(lines: Vec<Line>) {
    let mut screen = screen();
    if screen.lines == lines && screen.drawn.len() == lines.len() {
        return;
    }
    screen.lines = lines;
    let text = screen.redrawn();
    put(&text);
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

/// At once, so that no half of it is ever seen. A terminal that has gone away stops nothing.
fn put(text: &str) {
    let mut out = stderr().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

impl Screen {
    /// What brings the block up to date, line by line over the old one: there is no moment
    /// at which it is not there.
    fn redrawn(&mut self) -> String {
        let mut text = go_up(rows_of(&self.drawn, columns()));
        for line in &self.lines {
            text.push_str(&line.text);
            text.push_str("\x1b[K\r\n");
        }
        if !self.drawn.is_empty() {
            text.push_str("\x1b[J");
        }
        self.drawn = self.lines.iter().map(|line| line.columns).collect();
        text
    }
}

/// What takes the block away and leaves the cursor where it began.
fn taken_away(drawn: &[usize], columns: usize) -> String {
    format!("{}\x1b[J", go_up(rows_of(drawn, columns)))
}

/// A terminal that has been made narrower has wrapped the lines.
fn rows_of(drawn: &[usize], columns: usize) -> usize {
    let columns = columns.max(1);
    drawn.iter().map(|line| line.div_ceil(columns).max(1)).sum()
}

fn go_up(rows: usize) -> String {
    match rows {
        0 => String::new(),
        rows => format!("\r\x1b[{rows}A"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Screen, rows_of, taken_away};

    fn line(text: &str) -> Line {
        Line {
            text: text.to_owned(),
            columns: text.len(),
        }
    }

    #[test]
    fn a_block_is_drawn_over_itself_and_shrinks_to_nothing() {
        let mut screen = Screen {
            lines: vec![line("one"), line("two")],
            drawn: Vec::new(),
        };
        assert_eq!(screen.redrawn(), "one\x1b[K\r\ntwo\x1b[K\r\n");
        screen.lines = vec![line("three")];
        assert_eq!(screen.redrawn(), "\r\x1b[2Athree\x1b[K\r\n\x1b[J");
        screen.lines = Vec::new();
        assert_eq!(screen.redrawn(), "\r\x1b[1A\x1b[J");
        assert_eq!(screen.redrawn(), "");
    }

    #[test]
    fn a_terminal_that_became_narrower_has_more_rows() {
        for (columns, rows) in [(80, 3), (40, 5), (20, 8), (1, 121), (0, 121)] {
            assert_eq!(rows_of(&[79, 41, 0], columns), rows, "{columns}");
        }
        assert_eq!(taken_away(&[79, 41], 80), "\r\x1b[2A\x1b[J");
    }
}
