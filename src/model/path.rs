//! Where something is below a mirror's root.
//!
//! Local names are bytes, not text: a name that is not UTF-8 must still be reported,
//! so it must still be representable. Displaying escapes what could confuse a
//! terminal or split a log line.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// One component of a local path, as the file system spells it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct LocalName(Box<[u8]>);

impl LocalName {
    /// `None` for what cannot be one component: empty, `.`, `..`, with `/` or NUL.
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        let fits = !bytes.is_empty()
            && bytes != b"."
            && bytes != b".."
            && !bytes.iter().any(|b| *b == b'/' || *b == 0);
        fits.then(|| Self(bytes.into()))
    }

    /// The name's bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name as the operating system takes it.
    pub(crate) fn as_os(&self) -> &OsStr {
        OsStr::from_bytes(&self.0)
    }
}

impl fmt::Display for LocalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape(&self.0, f)
    }
}

impl fmt::Debug for LocalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalName({self})")
    }
}

/// A path below a mirror's root: components joined by `/`, never absolute, never
/// with `.` or `..`. The empty path is the root itself.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(crate) struct RelPath(Vec<u8>);

impl RelPath {
    /// The mirror's root.
    pub(crate) fn root() -> Self {
        Self::default()
    }

    /// The path of `absolute` below `root`; `None` when it is not below it.
    pub(crate) fn below(root: &Path, absolute: &Path) -> Option<Self> {
        let mut path = Self::root();
        for component in absolute.strip_prefix(root).ok()?.components() {
            let Component::Normal(name) = component else {
                return None;
            };
            path = path.join(&LocalName::new(name.as_bytes())?);
        }
        Some(path)
    }

    /// The path one level deeper.
    pub(crate) fn join(&self, name: &LocalName) -> Self {
        let mut bytes = Vec::with_capacity(self.0.len() + 1 + name.as_bytes().len());
        bytes.extend_from_slice(&self.0);
        if !bytes.is_empty() {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(name.as_bytes());
        Self(bytes)
    }

    /// The containing directory and the last component; `None` for the root.
    pub(crate) fn split(&self) -> Option<(RelPath, LocalName)> {
        if self.is_root() {
            return None;
        }
        let cut = self.0.iter().rposition(|b| *b == b'/');
        let (dir, name) = match cut {
            Some(at) => (&self.0[..at], &self.0[at + 1..]),
            None => (&self.0[..0], &self.0[..]),
        };
        Some((Self(dir.to_vec()), LocalName::new(name)?))
    }

    /// The components from the root down.
    pub(crate) fn components(&self) -> impl Iterator<Item = LocalName> + '_ {
        self.0.split(|b| *b == b'/').filter_map(LocalName::new)
    }

    /// Whether this is the mirror's root.
    pub(crate) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `self` is `dir` or lies below it.
    pub(crate) fn is_within(&self, dir: &RelPath) -> bool {
        dir.is_root()
            || self == dir
            || (self.0.starts_with(&dir.0) && self.0.get(dir.0.len()) == Some(&b'/'))
    }

    /// The path's bytes; none for the root.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The relative path as the operating system takes it (`""` for the root).
    pub(crate) fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0))
    }

    /// The path below `root` on this machine.
    pub(crate) fn to_disk(&self, root: &Path) -> PathBuf {
        if self.is_root() {
            root.to_path_buf()
        } else {
            root.join(self.as_path())
        }
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str(".");
        }
        escape(&self.0, f)
    }
}

impl fmt::Debug for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RelPath({self})")
    }
}

/// Bytes as a text that moves no cursor.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    struct Escaped<'a>(&'a [u8]);
    impl fmt::Display for Escaped<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            escape(self.0, f)
        }
    }
    Escaped(bytes).to_string()
}

/// A path of this machine on one line of text: `Path::display` would let it move the cursor.
pub(crate) fn printable_path(path: &Path) -> String {
    escaped(path.as_os_str().as_bytes())
}

/// A path as one word of a command line that somebody copies.
pub(crate) fn shell_path(path: &Path) -> String {
    shell_word(path.as_os_str().as_bytes())
}

/// One word of a command line that somebody copies, with what moves the cursor spelled out
/// as bash, zsh and ksh understand it.
pub(crate) fn shell_word(word: &[u8]) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,:=@%".contains(c);
    match std::str::from_utf8(word) {
        Ok(text) if !text.is_empty() && text.chars().all(is_plain) => return text.to_owned(),
        Ok(text) if !text.contains(confuses) => {
            return format!("'{}'", text.replace('\'', "'\\''"));
        }
        _ => {}
    }
    let mut inner = String::new();
    for chunk in word.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\'' | '\\' => inner.extend(['\\', c]),
                c if confuses(c) => inner += &format!("\\U{:08x}", u32::from(c)),
                c => inner.push(c),
            }
        }
        for byte in chunk.invalid() {
            inner += &format!("\\x{byte:02x}");
        }
    }
    format!("$'{inner}'")
}

/// Writes bytes as text, with what is not UTF-8 as `\xNN` and with control and
/// direction-changing characters as `\u{…}`.
fn escape(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if confuses(c) {
                write!(f, "{}", c.escape_unicode())?;
            } else {
                write!(f, "{c}")?;
            }
        }
        for byte in chunk.invalid() {
            write!(f, "\\x{byte:02x}")?;
        }
    }
    Ok(())
}

/// Whether a character could move the cursor, break the line, reorder the text around it or
/// hide in it.
pub(crate) fn confuses(c: char) -> bool {
    let is_hidden = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}');
    c.is_control() || is_hidden
}

/// Somebody else's words on one line: what would move the cursor is spelled out.
pub(crate) fn printable(text: &str) -> String {
    let escape = |c: char| match confuses(c) {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::{LocalName, RelPath, shell_word};
    use std::path::Path;

    fn path(text: &str) -> RelPath {
        RelPath::below(Path::new("/r"), &Path::new("/r").join(text)).unwrap()
    }

    #[test]
    fn a_word_stays_one_word_to_a_shell() {
        for (word, expected) in [
            (&b"m/a.txt"[..], "m/a.txt"),
            (b"", "''"),
            ("m/\u{e4} b.txt".as_bytes(), "'m/\u{e4} b.txt'"),
            (b"$(id) `id`", "'$(id) `id`'"),
            (b"m/it's", "'m/it'\\''s'"),
            ("m/a\u{202e}b'".as_bytes(), "$'m/a\\U0000202eb\\''"),
            (b"a\xffb\\", "$'a\\xffb\\\\'"),
        ] {
            assert_eq!(shell_word(word), expected);
        }
    }

    #[test]
    fn a_path_never_leaves_its_root() {
        assert_eq!(RelPath::below(Path::new("/r"), Path::new("/other/a")), None);
        assert_eq!(
            RelPath::below(Path::new("/r"), Path::new("/r/../etc")),
            None
        );
        for bad in ["", ".", "..", "a/b", "a\0b"] {
            assert_eq!(LocalName::new(bad.as_bytes()), None, "{bad:?}");
        }
    }

    #[test]
    fn splitting_undoes_joining() {
        let name = LocalName::new(b"c.txt").unwrap();
        let (dir, last) = path("a/b").join(&name).split().unwrap();
        assert_eq!((dir, last), (path("a/b"), name));
        assert_eq!(RelPath::root().split(), None);
    }

    #[test]
    fn within_means_the_directory_or_below_it_and_not_a_longer_name() {
        assert!(path("a/b").is_within(&path("a")));
        assert!(path("a").is_within(&path("a")));
        assert!(path("a").is_within(&RelPath::root()));
        assert!(!path("ab").is_within(&path("a")));
    }

    #[test]
    fn what_could_confuse_a_terminal_is_shown_escaped() {
        let hostile = LocalName::new(b"a\n\x1b[2J\xff\xe2\x80\xae.txt").unwrap();
        assert_eq!(hostile.to_string(), "a\\u{a}\\u{1b}[2J\\xff\\u{202e}.txt");
    }
}
