//! What is never a document: the leftovers of editors, browsers and systems.
//!
//! Names of files only; no directory is left out by these. `*~` and `*.tmp` are not among
//! them: some people keep such files on purpose. Each pattern holds at most one `*`, so
//! that a name is told by a look at its two ends.

use crate::model::rules::{Origin, Rule};
use std::sync::Arc;

/// The patterns, and what makes such files.
pub(crate) const BUILT_IN: [(&str, &str); 20] = [
    (".DS_Store", "macOS Finder"),
    ("Icon\r", "macOS Finder"),
    ("Thumbs.db", "Windows Explorer"),
    ("ehthumbs.db", "Windows Explorer"),
    ("desktop.ini", "Windows Explorer"),
    ("Desktop.ini", "Windows Explorer"),
    ("~$*", "Microsoft Office, while a document is open"),
    (".~lock.*#", "LibreOffice, while a document is open"),
    (".*.swp", "Vim"),
    (".*.swo", "Vim"),
    (".*.swx", "Vim"),
    (".*.kate-swp", "Kate"),
    (".#*", "Emacs, while a file is edited"),
    ("#*#", "Emacs"),
    (".goutputstream-*", "GNOME, while a file is written"),
    ("*.part", "Firefox and others, while a file is loaded"),
    ("*.crdownload", "Chrome, while a file is loaded"),
    (".nfs*", "NFS, for a removed file that is still open"),
    (
        ".fuse_hidden*",
        "FUSE, for a removed file that is still open",
    ),
    (".~tmp~*", "rsync, while a file is written"),
];

/// The built-in rules.
#[derive(Debug)]
pub(super) struct BuiltIn {
    rules: Vec<Arc<Rule>>,
}

impl BuiltIn {
    /// All of them, or none.
    pub(super) fn new(are_wanted: bool) -> Self {
        let wanted = BUILT_IN.iter().filter(|_| are_wanted);
        let rule = |(text, _): &(&str, &str)| {
            Arc::new(Rule {
                text: (*text).into(),
                origin: Origin::BuiltIn,
            })
        };
        Self {
            rules: wanted.map(rule).collect(),
        }
    }

    /// The rule that leaves a file of this name out.
    pub(super) fn of(&self, name: &[u8]) -> Option<&Arc<Rule>> {
        // Nearly every name is told by its first and last byte.
        let (first, last) = (name.first()?, name.last()?);
        if !b".~#TtDdeI".contains(first) && !b"td".contains(last) {
            return None;
        }
        self.rules.iter().find(|rule| fits(&rule.text, name))
    }
}

fn fits(pattern: &str, name: &[u8]) -> bool {
    match pattern.split_once('*') {
        None => pattern.as_bytes() == name,
        Some((begin, end)) => {
            name.len() > begin.len() + end.len()
                && name.starts_with(begin.as_bytes())
                && name.ends_with(end.as_bytes())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BUILT_IN, BuiltIn};

    #[test]
    fn leftovers_are_told_from_documents() {
        let rules = BuiltIn::new(true);
        for (name, rule) in [
            (".DS_Store", Some(".DS_Store")),
            ("Thumbs.db", Some("Thumbs.db")),
            ("Icon\r", Some("Icon\r")),
            ("~$report.docx", Some("~$*")),
            (".~lock.report.odt#", Some(".~lock.*#")),
            (".notes.txt.swp", Some(".*.swp")),
            (".#notes.txt", Some(".#*")),
            ("#notes.txt#", Some("#*#")),
            ("film.mkv.part", Some("*.part")),
            ("film.mkv.crdownload", Some("*.crdownload")),
            (".goutputstream-A1B2C3", Some(".goutputstream-*")),
            (".nfs00000000012", Some(".nfs*")),
            (".swp", None),
            ("notes.swp", None),
            ("notes.txt~", None),
            ("notes.tmp", None),
            (".bashrc", None),
            ("#1 fans.txt", None),
            ("#", None),
            ("##", None),
            ("part", None),
            (".part", None),
            ("apart", None),
            ("thumbs.db.txt", None),
            ("4913", None),
        ] {
            let found = rules.of(name.as_bytes()).map(|rule| &*rule.text);
            assert_eq!(found, rule, "{name}");
            assert_eq!(BuiltIn::new(false).of(name.as_bytes()), None);
        }
    }

    /// The quick look at both ends of a name misses no rule.
    #[test]
    fn every_rule_is_reached() {
        let rules = BuiltIn::new(true);
        for (pattern, _) in BUILT_IN {
            assert!(pattern.matches('*').count() <= 1, "{pattern}");
            let name = pattern.replace('*', "x");
            assert!(rules.of(name.as_bytes()).is_some(), "{pattern}");
        }
    }
}
