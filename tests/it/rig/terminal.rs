//! A person at a terminal: the program in a pseudo-terminal, keys in, screen out.

use super::{Finished, PATIENCE, holds_within, not_run};
use std::io::{Read, Write};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The program as a person sees it. Killed and reaped when dropped.
pub(crate) struct Terminal {
    process: std::process::Child,
    keys: ChildStdin,
    bytes: Arc<Mutex<Vec<u8>>>,
    /// How much of the screen has been read.
    seen: usize,
}

/// Keys as a terminal sends them.
pub(crate) const DOWN: &str = "\x1b[B";
pub(crate) const ENTER: &str = "\r";
pub(crate) const CTRL_C: &str = "\x03";

impl Terminal {
    /// Starts it; `None` where there is no `script` to make a terminal with.
    #[track_caller]
    pub(crate) fn start(command: &Command) -> Option<Terminal> {
        Terminal::start_wide(command, 100)
    }

    /// The same with so many columns.
    #[track_caller]
    pub(crate) fn start_wide(command: &Command, columns: usize) -> Option<Terminal> {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<String> = words
            .map(|word| format!("'{}'", word.to_str().expect("plain").replace('\'', r"'\''")))
            .collect();
        // Echo is what a hidden answer has to switch off.
        let line = format!(
            "trap : INT; stty echo cols {columns} rows 40; {}; code=$?; stty -a; exit $code",
            words.join(" ")
        );
        let mut script = Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).env_clear();
        script.env("TERM", "xterm");
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                script.env(name, value);
            }
        }
        if let Some(dir) = command.get_current_dir() {
            script.current_dir(dir);
        }
        let spawned = script
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut process) = spawned else {
            not_run("there is no script(1) to make a terminal with");
            return None;
        };
        let mut out = process.stdout.take().expect("it has a pipe");
        let keys = process.stdin.take().expect("it has a pipe");
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&bytes);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = out.read(&mut buffer) {
                let mut bytes = into.lock().unwrap_or_else(PoisonError::into_inner);
                bytes.extend(&buffer[..read]);
            }
        });
        Some(Terminal {
            process,
            keys,
            bytes,
            seen: 0,
        })
    }

    /// Waits until this stands on the screen, further on than what was waited for before.
    #[track_caller]
    pub(crate) fn expect(&mut self, text: &str) -> &mut Terminal {
        let found = || self.screen()[self.seen..].find(text);
        let appeared = holds_within(PATIENCE / 4, || found().is_some());
        assert!(appeared, "{text:?} never appears: {}", self.screen());
        self.seen += found().unwrap_or_default() + text.len();
        self
    }

    /// Presses keys, after a moment in which the question gets ready for them.
    pub(crate) fn press(&mut self, keys: &str) -> &mut Terminal {
        std::thread::park_timeout(Duration::from_millis(150));
        let pressed = self.keys.write_all(keys.as_bytes());
        pressed
            .and_then(|()| self.keys.flush())
            .expect("it listens");
        self
    }

    /// All that was on the screen, without colours and the movements of the cursor.
    pub(crate) fn screen(&self) -> String {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&bytes).replace('\r', "");
        let mut parts = text.split('\x1b');
        let mut plain = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let end = part.find(|c: char| c.is_ascii_alphabetic());
            plain.push_str(end.map_or("", |end| &part[end + 1..]));
        }
        plain
    }

    /// Waits for its end. Its standard output is the whole screen.
    #[track_caller]
    pub(crate) fn finish(self) -> Finished {
        self.finish_with_bytes().0
    }

    /// The same, with every byte that was written to the terminal.
    #[track_caller]
    pub(crate) fn finish_with_bytes(mut self) -> (Finished, Vec<u8>) {
        let ended = holds_within(PATIENCE / 4, || {
            matches!(self.process.try_wait(), Ok(Some(_)))
        });
        assert!(ended, "it does not end: {}", self.screen());
        let status = self.process.wait().expect("it has ended");
        let finished = Finished {
            code: status.code().unwrap_or(-1),
            stdout: self.screen(),
            stderr: String::new(),
        };
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        (finished, bytes.clone())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Ended already is fine.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
