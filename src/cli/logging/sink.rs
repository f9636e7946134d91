//! Where the log goes: a stream, a file, the journal. Used by one thread only.

use crate::cli::logging::form::Line;
use crate::cli::screen;
use crate::cli::wording::printable_path;
use rustix::fs::OFlags;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, IsTerminal, Write, stderr, stdout};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The journal's own socket.
pub(crate) const JOURNAL: &str = "/run/systemd/journal/socket";

/// Takes lines.
pub(crate) trait Sink: Send {
    /// Some lines follow.
    fn begin(&mut self, _is_to_reopen: bool) {}

    /// Takes one; an error where nothing of it has been taken.
    fn write(&mut self, line: &Line) -> io::Result<()>;
}

/// Standard output.
#[derive(Debug, Default)]
pub(crate) struct Stdout(Rest);

/// Standard error.
#[derive(Debug, Default)]
pub(crate) struct Stderr(Rest);

/// What of a line could not be written: it goes first when something can be again, so that
/// no line stays torn.
#[derive(Debug, Default)]
pub(crate) struct Rest(Vec<u8>);

impl Sink for Stdout {
    fn write(&mut self, line: &Line) -> io::Result<()> {
        match stdout().is_terminal() {
            true => screen::above(&line.bytes, |bytes| self.0.put(stdout().as_fd(), bytes)),
            false => self.0.put(stdout().as_fd(), &line.bytes),
        }
    }
}

impl Sink for Stderr {
    fn write(&mut self, line: &Line) -> io::Result<()> {
        to_stderr(&mut self.0, &line.bytes)
    }
}

/// Nobody else is kept from it meanwhile, but for a terminal with progress on it.
fn to_stderr(rest: &mut Rest, bytes: &[u8]) -> io::Result<()> {
    match stderr().is_terminal() {
        true => screen::above(bytes, |bytes| rest.put(stderr().as_fd(), bytes)),
        false => rest.put(stderr().as_fd(), bytes),
    }
}

impl Rest {
    fn put(&mut self, to: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<()> {
        while !self.0.is_empty() {
            let written = write(to, &self.0)?;
            self.0.drain(..written);
        }
        let mut left = bytes;
        while !left.is_empty() {
            match write(to, left) {
                Ok(written) => left = &left[written..],
                // Begun, and to be ended later.
                Err(_) if left.len() < bytes.len() => {
                    self.0 = left.to_vec();
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// How long somebody is waited for whose pipe is full, where the pipe does not wait.
const FULL: Duration = Duration::from_secs(5);

/// Writes some of it. Who is full and does not make one wait is waited for all the same.
pub(crate) fn write(to: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    let end = Instant::now() + FULL;
    loop {
        match rustix::io::write(to, bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => return Ok(written),
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) if Instant::now() < end => {
                std::thread::park_timeout(Duration::from_millis(20));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// A log file: appended to, and looked for at its path before every few lines, so that it
/// may be renamed, removed or cut off by whoever rotates logs.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    file: File,
    rest: Rest,
    /// Whether it has been said that it cannot be written.
    is_told: bool,
}

impl LogFile {
    /// Opens it, or makes it, for its owner only.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: open(path)?,
            path: path.to_owned(),
            rest: Rest::default(),
            is_told: false,
        })
    }

    /// What can be opened at the path takes the place of what is open, if it is another
    /// file. If nothing can, what is open is better than nothing.
    fn follow(&mut self, is_to_reopen: bool) {
        let is_same = match (self.file.metadata(), std::fs::metadata(&self.path)) {
            (Ok(open), Ok(there)) => identity(&open) == identity(&there),
            _ => false,
        };
        if is_same && !is_to_reopen {
            return;
        }
        if let Ok(file) = open(&self.path) {
            if !is_same {
                self.rest = Rest::default();
            }
            self.file = file;
        }
    }
}

impl Sink for LogFile {
    fn begin(&mut self, is_to_reopen: bool) {
        self.follow(is_to_reopen);
    }

    fn write(&mut self, line: &Line) -> io::Result<()> {
        let is_there = self.file.metadata().is_ok_and(|file| file.nlink() > 0);
        let written = match is_there {
            true => self.rest.put(self.file.as_fd(), &line.bytes),
            // Nobody would ever read it.
            false => Err(ErrorKind::NotFound.into()),
        };
        match &written {
            Ok(()) => self.is_told = false,
            Err(error) if !self.is_told => {
                self.is_told = true;
                let words = format!(
                    "warning: the log cannot be written to {}: {error}; how much is lost is told \
                     there when it can be\n",
                    printable_path(&self.path)
                );
                drop(stderr().write_all(words.as_bytes()));
            }
            Err(_) => {}
        }
        written
    }
}

fn open(path: &Path) -> io::Result<File> {
    // A pipe that nobody reads is an error, and nothing to wait for.
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .custom_flags(flags.cast_signed())
        .open(path)
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// The journal of systemd, or standard error where there is none.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    socket: Option<UnixDatagram>,
    rest: Rest,
}

impl Journal {
    /// Takes what is sent to the socket at `path`.
    pub(crate) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            socket: UnixDatagram::unbound().ok(),
            rest: Rest::default(),
        }
    }
}

impl Sink for Journal {
    fn write(&mut self, line: &Line) -> io::Result<()> {
        let socket = self.socket.as_ref();
        let sent = socket.map(|socket| socket.send_to(&line.bytes, &self.path));
        match sent {
            Some(Ok(_)) => Ok(()),
            // journald is started anew, or was never there.
            _ => to_stderr(&mut self.rest, &line.otherwise),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Journal, LogFile, Rest, Sink};
    use crate::cli::logging::form::Line;
    use std::io::{Read, Write, pipe};
    use std::os::fd::AsFd;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixDatagram;
    use std::path::Path;

    fn write(sink: &mut dyn Sink, text: &str) -> bool {
        sink.begin(false);
        sink.write(&Line::from(text.to_owned())).is_ok()
    }

    fn read(path: &Path) -> String {
        std::fs::read_to_string(path).unwrap_or_default()
    }

    #[test]
    fn a_file_is_followed_however_it_is_rotated() {
        let dir = tempfile::tempdir().unwrap();
        let (path, old) = (dir.path().join("log"), dir.path().join("log.1"));
        let mut file = LogFile::open(&path).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        assert!(write(&mut file, "a\n"));
        std::fs::rename(&path, &old).unwrap();
        assert!(write(&mut file, "b\n"));
        assert_eq!((read(&old), read(&path)), ("a\n".into(), "b\n".into()));
        // copytruncate
        std::fs::write(&path, "").unwrap();
        assert!(write(&mut file, "c\n"));
        assert_eq!(read(&path), "c\n");
        std::fs::rename(&path, &old).unwrap();
        std::fs::write(&path, "new\n").unwrap();
        assert!(write(&mut file, "d\n"));
        assert_eq!((read(&old), read(&path)), ("c\n".into(), "new\nd\n".into()));
    }

    #[test]
    fn a_file_whose_directory_is_gone_comes_back_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let logs = dir.path().join("logs");
        std::fs::create_dir(&logs).unwrap();
        let path = logs.join("log");
        let mut file = LogFile::open(&path).unwrap();
        // What is only renamed is still a place for lines.
        std::fs::rename(&logs, dir.path().join("old")).unwrap();
        assert!(write(&mut file, "a\n"));
        assert_eq!(read(&dir.path().join("old/log")), "a\n");
        std::fs::remove_dir_all(dir.path().join("old")).unwrap();
        assert!(!write(&mut file, "b\n"));
        std::fs::create_dir(&logs).unwrap();
        assert!(write(&mut file, "c\n"));
        assert_eq!(read(&path), "c\n");
        assert!(LogFile::open(dir.path()).is_err());
    }

    #[test]
    fn a_line_that_was_torn_is_ended_first() {
        let (mut reader, writer) = pipe().unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        let mut rest = Rest(b"half\n".to_vec());
        rest.put(writer.as_fd(), b"next\n").unwrap();
        drop(writer);
        let mut read = String::new();
        reader.read_to_string(&mut read).unwrap();
        assert_eq!(read, "half\nnext\n");
        // Nobody reads: an error, and no more than that.
        let (reader, mut writer) = pipe().unwrap();
        drop(reader);
        assert!(rest.put(writer.as_fd(), b"lost\n").is_err());
        assert!(writer.write_all(b"x").is_err());
    }

    #[test]
    fn the_journal_gets_each_record_as_one_datagram() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let socket = UnixDatagram::bind(&path).unwrap();
        let mut journal = Journal::at(&path);
        let long = "x".repeat(100_000);
        for text in ["MESSAGE=a\n", &format!("MESSAGE={long}\n")] {
            let line = Line {
                bytes: text.as_bytes().to_vec(),
                otherwise: b"<3>to standard error\n".to_vec(),
            };
            journal.write(&line).unwrap();
            let mut read = vec![0; 200_000];
            let length = socket.recv(&mut read).unwrap();
            assert_eq!(&read[..length], text.as_bytes());
        }
    }
}
