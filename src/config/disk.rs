//! The few looks at the disk that reading a configuration takes.

use crate::config::resolve::Unread;
use crate::model::mounts::Mounts;
use crate::model::path::{printable_path, shell_path};
use rustix::fs::OFlags;
use secrecy::SecretString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Far beyond any secret and any configuration; what is longer is the wrong file.
const LONGEST: u64 = 1 << 20;

/// A text file and its permission bits.
pub(super) struct Text {
    pub(super) content: String,
    pub(super) mode: u32,
}

/// Reads a text file. Mode and content come from the same open file.
pub(super) fn read_text(path: &Path) -> io::Result<Text> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let content = text(read(file, &metadata)?)?;
    let mode = mode(&metadata);
    Ok(Text { content, mode })
}

/// Reads a file that holds nothing but a secret.
pub(super) fn read_secret(path: &Path) -> Result<SecretString, Unread> {
    let advice = "name a readable file that holds nothing but the secret";
    let file = open_plain(path).map_err(|error| unread(path, &error, advice))?;
    if let Some((what, remedy)) = loose(path, mode(&file.metadata)) {
        let missing = false;
        return Err(Unread {
            missing,
            what,
            remedy,
        });
    }
    let bytes = read(file.file, &file.metadata).and_then(text);
    let content = Zeroizing::new(bytes.map_err(|error| unread(path, &error, advice))?);
    // Editors and `echo` end the line; no secret ends in a line break.
    Ok(content.trim_end_matches(['\n', '\r']).into())
}

/// Reads a file that holds no secret.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>, Unread> {
    let opened = open_plain(path);
    let bytes = opened.and_then(|file| read(file.file, &file.metadata));
    bytes.map_err(|error| unread(path, &error, "name a readable file"))
}

struct Plain {
    file: File,
    metadata: Metadata,
}

/// Opens an ordinary file, through links too. Opening a FIFO would wait for somebody who
/// writes into it, and a device never ends.
fn open_plain(path: &Path) -> io::Result<Plain> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    let metadata = file.metadata()?;
    match (metadata.is_file(), metadata.is_dir()) {
        (true, _) => Ok(Plain { file, metadata }),
        (false, true) => Err(ErrorKind::IsADirectory.into()),
        (false, false) => Err(io::Error::other("it is no ordinary file")),
    }
}

fn read(file: File, metadata: &Metadata) -> io::Result<Vec<u8>> {
    if metadata.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let mut content = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LONGEST {
        return Err(ErrorKind::FileTooLarge.into());
    }
    Ok(content)
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|_| ErrorKind::InvalidData.into())
}

fn unread(path: &Path, error: &io::Error, remedy: &str) -> Unread {
    Unread {
        missing: error.kind() == ErrorKind::NotFound,
        what: format!("{} cannot be read: {}", printable_path(path), reason(error)),
        remedy: remedy.to_owned(),
    }
}

/// What is wrong with the mode of a file that holds a secret, and the command that mends
/// it. A group may read: that is how a service's account gets at a file of root's.
pub(super) fn loose(path: &Path, mode: u32) -> Option<(String, String)> {
    let fault = match (mode & 0o004 != 0, mode & 0o022 != 0) {
        (true, _) => "read",
        (false, true) => "change",
        (false, false) => return None,
    };
    let shown = printable_path(path);
    let what = format!("{shown} holds a secret, and others may {fault} it (mode {mode:04o})");
    // Keeps what the group may rightly do; a service may depend on it.
    let mended = mode & 0o740 | 0o400;
    Some((
        what,
        format!("run: chmod {mended:04o} {}", shell_path(path)),
    ))
}

/// Where a path really leads, links followed; itself when it does not exist.
pub(super) fn real_path(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// What is mounted where; nothing where the system does not tell.
pub(super) fn mounts() -> Mounts {
    let text = fs::read("/proc/self/mountinfo");
    text.map_or_else(|_| Mounts::default(), |text| Mounts::parse(&text))
}

/// Whether something is there. What cannot be looked at counts: reading it will say why.
pub(super) fn exists(path: &Path) -> bool {
    let looked = fs::symlink_metadata(path);
    looked.map_or_else(
        |error| !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
        |_| true,
    )
}

/// An I/O error in words; the system's own where we have none that are plainer.
pub(super) fn reason(error: &io::Error) -> String {
    const PLAIN: [(ErrorKind, &str); 5] = [
        (ErrorKind::NotFound, "there is no such file"),
        (ErrorKind::IsADirectory, "it is a directory"),
        (ErrorKind::InvalidData, "it is not UTF-8 text"),
        (ErrorKind::FileTooLarge, "it is longer than 1 MiB"),
        (ErrorKind::PermissionDenied, "permission denied"),
    ];
    let plain = PLAIN.iter().find(|(kind, _)| *kind == error.kind());
    plain.map_or_else(|| error.to_string(), |(_, words)| (*words).to_owned())
}

fn mode(metadata: &Metadata) -> u32 {
    metadata.permissions().mode() & 0o7777
}
