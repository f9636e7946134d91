//! Child processes that never outlive their test.

use super::{PATIENCE, holds_within, until};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// How a child ended, and what it said.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Its exit code; 128 and more for a signal.
    pub(crate) code: i32,
    /// Its standard output.
    pub(crate) stdout: String,
    /// Its standard error.
    pub(crate) stderr: String,
}

/// The program in a clean environment whose home is `temp/home`.
pub(crate) fn program(temp: &Path) -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_boxup")), temp)
}

/// The same environment for another program.
pub(crate) fn clean(mut command: Command, temp: &Path) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    command
        .env_clear()
        .env("PATH", path)
        .env("HOME", temp.join("home"))
        .current_dir(temp);
    command
}

/// Writes a program for a test. A shell does it: what is open here for writing, a child that
/// another test has just started may hold for a moment, and nobody could run it then.
#[track_caller]
pub(crate) fn script(path: &Path, text: &str) {
    let mut shell = Command::new("sh");
    shell.args(["-c", "printf %s \"$1\" >\"$0\" && chmod 755 \"$0\""]);
    let written = shell.arg(path).arg(text).status().expect("a shell");
    assert!(written.success(), "{path:?}: {written}");
}

/// A running child. Killed and reaped when dropped.
pub(crate) struct Child {
    process: std::process::Child,
    out: Reading,
    err: Reading,
}

struct Reading {
    lines: Arc<Mutex<String>>,
    thread: Option<JoinHandle<()>>,
}

impl Reading {
    fn of(stream: impl Read + Send + 'static) -> Reading {
        let lines = Arc::new(Mutex::new(String::new()));
        let into = Arc::clone(&lines);
        let thread = std::thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                let text = String::from_utf8_lossy(&line).into_owned();
                into.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push_str(&text);
                line.clear();
            }
        });
        Reading {
            lines,
            thread: Some(thread),
        }
    }

    fn so_far(&self) -> String {
        let lines = self.lines.lock();
        lines.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn read_all(&mut self) -> String {
        if let Some(thread) = self.thread.take() {
            // A grandchild could hold the pipe; its words are not waited for.
            if holds_within(PATIENCE, || thread.is_finished()) {
                let _ = thread.join();
            }
        }
        self.so_far()
    }
}

impl Child {
    /// Starts it, with nothing to read.
    #[track_caller]
    pub(crate) fn start(mut command: Command) -> Child {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        Child::spawn(command)
    }

    /// Starts it, and what it has to say goes there.
    #[track_caller]
    pub(crate) fn start_into(mut command: Command, stdout: impl Into<Stdio>) -> Child {
        command.stdin(Stdio::null()).stdout(stdout);
        Child::spawn(command)
    }

    /// Starts it, to be talked to.
    #[track_caller]
    pub(crate) fn start_listening(mut command: Command) -> Child {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Child::spawn(command)
    }

    /// Says something to it; whether it still listens is its own business.
    pub(crate) fn say(&mut self, text: &str) {
        let input = self.process.stdin.as_mut().expect("it listens");
        let _ = input.write_all(text.as_bytes());
    }

    /// There is nothing more to say.
    pub(crate) fn hang_up(&mut self) {
        drop(self.process.stdin.take());
    }

    #[track_caller]
    fn spawn(mut command: Command) -> Child {
        let process = command.stderr(Stdio::piped()).spawn();
        let mut process = process.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let out = match process.stdout.take() {
            Some(stdout) => Reading::of(stdout),
            None => Reading::of(std::io::empty()),
        };
        let err = Reading::of(process.stderr.take().expect("it has a pipe"));
        Child { process, out, err }
    }

    /// Its process ID.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// What it has said on standard output.
    pub(crate) fn stdout(&self) -> String {
        self.out.so_far()
    }

    /// What it has said on standard error.
    pub(crate) fn stderr(&self) -> String {
        self.err.so_far()
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(Some(_)))
    }

    /// Asks it to stop.
    pub(crate) fn term(&self) {
        signal(self.pid(), "TERM");
    }

    /// Kills it as `kill -9` does, and reaps it.
    pub(crate) fn kill(mut self) -> Finished {
        let _ = self.process.kill();
        self.finish()
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Finished {
        until("the child ends", || self.has_ended());
        let status = self.process.wait().expect("it has ended");
        Finished {
            code: code(status),
            stdout: self.out.read_all(),
            stderr: self.err.read_all(),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Ended already is fine.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends a signal.
pub(crate) fn signal(pid: u32, name: &str) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .stderr(Stdio::null())
        .status();
    assert!(status.is_ok(), "kill can be run");
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    let by_signal = status.signal().map(|signal| 128 + signal);
    status.code().or(by_signal).unwrap_or(-1)
}
