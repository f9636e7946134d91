//! Box's rules for item names, and when two names are the same.

/// Why a name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameFault {
    Empty,
    Invalid,
    TooLong,
}

/// Names are compared without regard to case, in all of Unicode.
pub(crate) fn key(name: &str) -> String {
    name.to_lowercase()
}

/// Judges a name. The unit of the 255 is unstated; code points are counted.
pub(crate) fn verdict(name: &str, refuse_leading_space: bool) -> Option<NameFault> {
    if name.is_empty() {
        return Some(NameFault::Empty);
    }
    let control = |letter: char| letter < ' ' || letter == '\u{7f}';
    let forbidden = name.contains(|letter| control(letter) || letter == '/' || letter == '\\');
    let edge = name.ends_with(char::is_whitespace)
        || (refuse_leading_space && name.starts_with(char::is_whitespace));
    if forbidden || edge || name == "." || name == ".." {
        return Some(NameFault::Invalid);
    }
    (name.chars().count() > 255).then_some(NameFault::TooLong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_names_are_refused() {
        for bad in ["a/b", "a\\b", "a\n", "\u{7f}", ".", "..", "a ", " a"] {
            assert_eq!(verdict(bad, true), Some(NameFault::Invalid), "{bad:?}");
        }
        assert_eq!(verdict("", true), Some(NameFault::Empty));
        assert_eq!(verdict(&"é".repeat(256), true), Some(NameFault::TooLong));
        for good in ["a", "é".repeat(255).as_str(), "...", "<>:|?*-", "ä.", "😀"] {
            assert_eq!(verdict(good, true), None, "{good}");
        }
        assert_eq!(verdict(" a", false), None);
    }

    #[test]
    fn case_does_not_distinguish() {
        assert_eq!(key("ÄRGER.TXT"), key("ärger.txt"));
        assert_ne!(key("e\u{301}"), key("é"));
    }
}
