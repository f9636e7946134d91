//! Which entries the configuration leaves out, in the grammar of `.gitignore`.
//!
//! Pure. As in git, nothing below an excluded directory can be included again, because
//! an excluded directory is never entered.

use crate::model::path::RelPath;
use crate::model::reason::Exclusion;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The rules of one mirror.
#[derive(Debug)]
pub(crate) struct Filter {
    rules: Gitignore,
}

impl Filter {
    /// Compiles the patterns, or tells every one that cannot be compiled by its place
    /// in the list and the reason.
    pub(crate) fn new(patterns: &[String]) -> Result<Self, Vec<(usize, String)>> {
        let mut rules = GitignoreBuilder::new("");
        // git lets `[abc` match nothing; here it is more likely a slip of the pen.
        rules.allow_unclosed_class(false);
        let mut wrong = Vec::new();
        for (index, pattern) in patterns.iter().enumerate() {
            if let Err(error) = rules.add_line(None, pattern) {
                wrong.push((index, reason(error)));
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        match rules.build() {
            Ok(rules) => Ok(Self { rules }),
            // Each pattern compiles alone, so what is left is their size together; no
            // single one is to blame, and the last is where it became too much.
            Err(error) => Err(vec![(patterns.len().saturating_sub(1), reason(error))]),
        }
    }

    /// Whether there is nothing to test.
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether this entry is left out, given that the directories above it are not.
    pub(crate) fn excluded(&self, path: &RelPath, is_dir: bool) -> Option<Exclusion> {
        if self.is_empty() || path.is_root() {
            return None;
        }
        match self.rules.matched(path.as_path(), is_dir) {
            ignore::Match::Ignore(rule) => Some(Exclusion::Rule(rule.original().to_owned())),
            ignore::Match::None | ignore::Match::Whitelist(_) => None,
        }
    }

    /// Whether this entry or a directory above it is left out: what a walk from the
    /// root down would have found.
    pub(crate) fn excluded_anywhere(&self, path: &RelPath, is_dir: bool) -> Option<Exclusion> {
        if self.is_empty() {
            return None;
        }
        let above = path.split().map(|(dir, _)| dir).unwrap_or_default();
        let mut dir = RelPath::root();
        for name in above.components() {
            dir = dir.join(&name);
            let found = self.excluded(&dir, true);
            if found.is_some() {
                return found;
            }
        }
        self.excluded(path, is_dir)
    }
}

fn reason(error: ignore::Error) -> String {
    match error {
        ignore::Error::Glob { err, .. } => err,
        other @ (ignore::Error::Partial(_)
        | ignore::Error::WithLineNumber { .. }
        | ignore::Error::WithPath { .. }
        | ignore::Error::WithDepth { .. }
        | ignore::Error::Loop { .. }
        | ignore::Error::Io(_)
        | ignore::Error::UnrecognizedFileType(_)
        | ignore::Error::InvalidDefinition) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::Filter;
    use crate::local::test_rig::{filter, rel};
    use crate::model::path::{LocalName, RelPath};
    use crate::model::reason::Exclusion;

    fn check(patterns: &[&str], path: &str, rule: Option<&str>) {
        let is_dir = path.ends_with('/');
        let got = filter(patterns).excluded_anywhere(&rel(path), is_dir);
        let expected = rule.map(|rule| Exclusion::Rule(rule.to_owned()));
        assert_eq!(got, expected, "{patterns:?} on {path}");
    }

    #[test]
    fn the_grammar_is_that_of_gitignore() {
        check(&["*.tmp"], "a/b.tmp", Some("*.tmp"));
        check(&["/*.tmp"], "a/b.tmp", None);
        check(&["a/*.tmp"], "a/b/c.tmp", None);
        check(&["a/**"], "a/b/c.tmp", Some("a/**"));
        check(&["a/**"], "a/", None);
        check(&["cache/"], "cache", None);
        check(&["cache/"], "x/cache/", Some("cache/"));
        check(&["*.log", "!keep.log"], "keep.log", None);
        check(&["!keep.log", "*.log"], "keep.log", Some("*.log"));
        check(&["# a remark", "", "\\#x"], "#x", Some("\\#x"));
        check(&["*"], ".", None);
    }

    #[test]
    fn nothing_below_an_excluded_directory_comes_back() {
        check(&["build/", "!build/keep"], "build/keep", Some("build/"));
        check(&["build/", "!build/keep"], "a/build/x/keep", Some("build/"));
        check(&["build/*", "!build/keep"], "build/keep", None);
    }

    #[test]
    fn names_that_are_not_text_are_matched_by_their_bytes() {
        let path = RelPath::root().join(&LocalName::new(b"\xff\xfe.tmp").unwrap());
        assert!(filter(&["*.tmp"]).excluded(&path, false).is_some());
        assert!(filter(&["*.txt"]).excluded(&path, false).is_none());
    }

    #[test]
    fn all_bad_patterns_are_told_with_their_places() {
        let patterns = ["ok", "[z-a]", "*.x", "{a,b", "[open"].map(str::to_owned);
        let wrong = Filter::new(&patterns).unwrap_err();
        let places: Vec<usize> = wrong.iter().map(|(index, _)| *index).collect();
        assert_eq!(places, [1, 3, 4], "{wrong:?}");
        assert!(wrong.iter().all(|(_, reason)| !reason.is_empty()));
    }
}
