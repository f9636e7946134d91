//! Where text goes: answers to standard output, complaints to standard error. A reader
//! that has gone away stops nothing.

use std::io::{IsTerminal, Write, stderr, stdout};

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
        let mut out = stdout().lock();
        drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    }

    /// Writes what somebody waits for to standard output; `false` when it cannot be.
    pub(crate) fn deliver(&mut self, text: &str) -> bool {
        let mut out = stdout().lock();
        out.write_all(text.as_bytes())
            .and_then(|()| out.flush())
            .is_ok()
    }

    /// Writes to standard error, with no line feed of its own.
    pub(crate) fn complain(&mut self, text: &str) {
        drop(stderr().lock().write_all(text.as_bytes()));
    }
}
