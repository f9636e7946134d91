//! The few looks at the disk that reading a configuration takes.

use crate::config::resolve::SecretError;
use secrecy::SecretString;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Far beyond any secret and any configuration; what is longer is the wrong file.
const LONGEST: u64 = 1 << 20;

/// A text file and its permission bits.
pub(super) struct Text {
    pub(super) content: String,
    pub(super) mode: u32,
}

/// Reads a text file. Mode and content come from the same open file.
pub(super) fn read_text(path: &Path) -> io::Result<Text> {
    let file = fs::File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let mut content = String::new();
    file.take(LONGEST + 1).read_to_string(&mut content)?;
    if content.len() as u64 > LONGEST {
        return Err(ErrorKind::FileTooLarge.into());
    }
    let mode = mode(&metadata);
    Ok(Text { content, mode })
}

/// Reads a file that holds nothing but a secret.
pub(super) fn read_secret(path: &Path) -> Result<SecretString, SecretError> {
    let text = read_text(path).map_err(|error| SecretError {
        missing: error.kind() == ErrorKind::NotFound,
        what: format!("{} cannot be read: {}", path.display(), reason(&error)),
        remedy: "name a readable file that holds nothing but the secret".into(),
    })?;
    if let Some((what, remedy)) = loose(path, text.mode) {
        let missing = false;
        return Err(SecretError {
            missing,
            what,
            remedy,
        });
    }
    // Editors and `echo` end the line; no secret ends in a line break.
    Ok(text.content.trim_end_matches(['\n', '\r']).into())
}

/// What is wrong with the mode of a file that holds a secret, and the command that mends
/// it. A group may read: that is how a service's account gets at a file of root's.
pub(super) fn loose(path: &Path, mode: u32) -> Option<(String, String)> {
    let fault = match (mode & 0o004 != 0, mode & 0o022 != 0) {
        (true, _) => "read",
        (false, true) => "change",
        (false, false) => return None,
    };
    let shown = path.display();
    let what = format!("{shown} holds a secret, and others may {fault} it (mode {mode:04o})");
    // Keeps what the group may rightly do; a service may depend on it.
    let mended = mode & 0o740 | 0o400;
    Some((what, format!("run: chmod {mended:04o} {}", quoted(path))))
}

/// Where a path really leads, links followed; itself when it does not exist.
pub(super) fn real_path(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
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

/// The path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,@%".contains(c);
    if text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
