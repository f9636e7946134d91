//! Patterns in the grammar of `.gitignore`, compiled together.
//!
//! Pure. As in git, the last pattern that fits decides.

use crate::model::rules::Rule;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Compiled patterns, each with its rule.
#[derive(Debug)]
pub(crate) struct Patterns {
    matcher: Gitignore,
    rules: Vec<Arc<Rule>>,
}

/// What the last pattern that fits says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says<'a> {
    /// The pattern itself.
    Yes(&'a Arc<Rule>),
    /// A pattern that begins with `!`.
    No(&'a Arc<Rule>),
}

impl Patterns {
    /// Compiles the patterns, and tells every one that cannot be compiled by its place in
    /// the list and the reason; those are left out.
    pub(crate) fn new(rules: &[Arc<Rule>]) -> (Self, Vec<(usize, String)>) {
        let mut wrong = Vec::new();
        let mut builder = strict();
        for (index, rule) in rules.iter().enumerate() {
            // The matcher keeps for each pattern where it came from: here its number.
            let from = PathBuf::from(index.to_string());
            if let Err(error) = builder.add_line(Some(from), &rule.text) {
                wrong.push((index, reason(error)));
            }
        }
        let matcher = match builder.build() {
            Ok(matcher) => matcher,
            // Each pattern compiles alone, so what is left is their size together; no
            // single one is to blame, and the last is where it became too much.
            Err(error) => {
                wrong.push((rules.len().saturating_sub(1), reason(error)));
                Gitignore::empty()
            }
        };
        let rules = rules.to_vec();
        (Self { matcher, rules }, wrong)
    }

    /// What they say about an entry, by its path from where they start.
    pub(crate) fn say(&self, path: &Path, is_dir: bool) -> Option<Says<'_>> {
        if self.matcher.is_empty() {
            return None;
        }
        let rule = |glob: &ignore::gitignore::Glob| {
            let number = glob.from()?.to_str()?.parse::<usize>().ok()?;
            self.rules.get(number)
        };
        match self.matcher.matched(path, is_dir) {
            Match::None => None,
            Match::Ignore(glob) => rule(glob).map(Says::Yes),
            Match::Whitelist(glob) => rule(glob).map(Says::No),
        }
    }
}

fn strict() -> GitignoreBuilder {
    let mut builder = GitignoreBuilder::new("");
    // git lets `[abc` match nothing; here it is more likely a slip of the pen.
    builder.allow_unclosed_class(false);
    builder
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
