//! Names as Box stores them, and which local names cannot become one.
//!
//! Box: "Names must be 255 characters or less. Non-printable ASCII, / and \, trailing
//! spaces and the names . and .. are not supported" (`post_folders`). Siblings are
//! unique without regard to case across files and folders (`post_files_content`).

//!
//! [`encode`] spells the others so that Box takes them.

mod encode;

use crate::model::path::LocalName;
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// The longest name Box takes, in characters.
pub(crate) const LONGEST: usize = 255;

/// A name that Box will take, as far as its documents say. Always in composed form
/// (NFC), so that one name is never sent in two spellings.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RemoteName(Box<str>);

/// Why a local name cannot be a name on Box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameError {
    /// Not UTF-8; Box's names are text.
    NotText,
    /// Longer than [`LONGEST`] characters.
    TooLong(usize),
    /// Holds this character, which Box refuses.
    Forbidden(char),
    /// Ends in a space, which Box refuses.
    TrailingSpace,
}

impl RemoteName {
    /// The name that a local file or directory gets on Box.
    pub(crate) fn for_local(name: &LocalName) -> Result<Self, NameError> {
        let text = std::str::from_utf8(name.as_bytes()).map_err(|_| NameError::NotText)?;
        let text: String = text.nfc().collect();
        if let Some(bad) = text.chars().find(|c| *c == '\\' || c.is_ascii_control()) {
            return Err(NameError::Forbidden(bad));
        }
        if text.ends_with(' ') {
            return Err(NameError::TrailingSpace);
        }
        match text.chars().count() {
            0..=LONGEST => Ok(Self(text.into())),
            length => Err(NameError::TooLong(length)),
        }
    }

    /// The name of a local file or directory in a spelling that Box takes, whatever it
    /// holds. It is the name itself where [`Self::for_local`] would take it, unless it has
    /// a space in front or looks like an encoded one.
    pub(crate) fn encoded(name: &LocalName) -> Self {
        Self(encode::encode(name.as_bytes()).into())
    }

    /// This name of the local `name`, told apart from one that Box takes for the same.
    pub(crate) fn apart(&self, name: &LocalName) -> Self {
        Self(encode::apart(&self.0, name.as_bytes()).into())
    }

    /// Whether it was told apart from another like that.
    pub(crate) fn is_apart(&self) -> bool {
        encode::is_apart(&self.0)
    }

    /// A name that Box itself reported: taken as it is.
    pub(crate) fn from_box(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What Box compares siblings by: equal keys cannot live in one folder.
    pub(crate) fn sibling_key(&self) -> String {
        self.0.nfc().collect::<String>().to_lowercase()
    }

    /// Whether Box stored the name that was asked for, apart from composition.
    pub(crate) fn is_spelled_like(&self, other: &RemoteName) -> bool {
        self.0.nfc().eq(other.0.nfc())
    }

    /// Whether it is the name of this local entry, apart from composition.
    pub(crate) fn is_that_of(&self, name: &LocalName) -> bool {
        let text = std::str::from_utf8(name.as_bytes());
        text.is_ok_and(|text| self.0.nfc().eq(text.nfc()))
    }
}

/// An ending longer than this is no ending.
pub(crate) const LONGEST_ENDING: usize = 32;

/// A name and its ending with the dot; `.tar.gz` and the like are one ending.
pub(crate) fn split_ending(name: &str) -> (&str, &str) {
    let dot = |text: &str| text.rfind('.').filter(|at| *at > 0);
    let Some(mut at) = dot(name) else {
        return (name, "");
    };
    if let Some(before) = dot(&name[..at])
        && name[before..at].eq_ignore_ascii_case(".tar")
    {
        at = before;
    }
    let (stem, ending) = name.split_at(at);
    match ending.chars().count() <= LONGEST_ENDING {
        true => (stem, ending),
        false => (name, ""),
    }
}

impl fmt::Display for RemoteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RemoteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteName({:?})", self.0)
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotText => f.write_str("the name is not UTF-8 text, and Box's names are text"),
            Self::TooLong(length) => {
                write!(
                    f,
                    "the name has {length} characters, and Box takes {LONGEST}"
                )
            }
            Self::Forbidden(c) => {
                write!(f, "the name holds {:?}, which Box refuses in names", c)
            }
            Self::TrailingSpace => f.write_str("the name ends in a space, which Box refuses"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NameError, RemoteName};
    use crate::model::path::LocalName;

    fn check(name: &[u8], expected: Result<&str, NameError>) {
        let got = RemoteName::for_local(&LocalName::new(name).unwrap());
        assert_eq!(
            got.as_ref().map(RemoteName::as_str).map_err(|e| *e),
            expected
        );
    }

    #[test]
    fn names_that_box_refuses_are_known_beforehand() {
        check(b"plain.txt", Ok("plain.txt"));
        check(b" leading", Ok(" leading"));
        check(b"a:b|c?*<>\".txt", Ok("a:b|c?*<>\".txt"));
        check(b"back\\slash", Err(NameError::Forbidden('\\')));
        check(b"new\nline", Err(NameError::Forbidden('\n')));
        check(b"del\x7f", Err(NameError::Forbidden('\x7f')));
        check(b"trailing ", Err(NameError::TrailingSpace));
        check(b"\xff\xfe", Err(NameError::NotText));
        check("ü".repeat(127).as_bytes(), Ok(&"ü".repeat(127)));
        check(&[b'x'; 256], Err(NameError::TooLong(256)));
    }

    #[test]
    fn siblings_collide_without_regard_to_case_and_composition() {
        let key = |s: &str| RemoteName::from_box(s).sibling_key();
        assert_eq!(key("README"), key("readme"));
        assert_eq!(key("e\u{301}"), key("É"));
        assert_ne!(key("a"), key("b"));
        check("e\u{301}".as_bytes(), Ok("\u{e9}"));
    }
}
