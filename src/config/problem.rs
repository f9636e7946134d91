//! Mistakes in a configuration, as data: where, what, and what to do about it.
//!
//! Nothing here ever holds a secret's value: a message names the key and its line, and
//! quotes only what is not secret.

/// One mistake, written for the person who has to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The key as a path, such as `auth.client_id` or `mirror[0].local`; `file` when it
    /// is about the file as a whole.
    pub(crate) key: String,
    /// The line in the file, where there is one.
    pub(crate) line: Option<usize>,
    /// What is wrong.
    pub(crate) what: String,
    /// What mends it.
    pub(crate) remedy: String,
}

/// Where a value stands, or where it is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The key as a path.
    pub(crate) key: String,
    /// Its line; for a missing key the line of its section's header.
    pub(crate) line: Option<usize>,
}

impl Place {
    /// A place that is no line of the file.
    pub(crate) fn nowhere(key: &str) -> Self {
        Self {
            key: key.into(),
            line: None,
        }
    }

    /// The key alone, as it stands in its section.
    pub(crate) fn last(&self) -> &str {
        self.key.rsplit('.').next().unwrap_or(&self.key)
    }
}

/// Collects everything that is wrong, so that one run tells all of it.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: Vec<Problem>,
    warnings: Vec<String>,
}

impl Problems {
    /// Notes a mistake at `place`.
    pub(crate) fn add(
        &mut self,
        place: &Place,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.found.push(Problem {
            key: place.key.clone(),
            line: place.line,
            what: what.into(),
            remedy: remedy.into(),
        });
    }

    /// Notes something that works but deserves a look.
    pub(crate) fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }

    /// Whether nothing was wrong so far; warnings do not count.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The mistakes in the order of the file, those without a line last, and the warnings.
    pub(crate) fn into_parts(mut self) -> (Vec<Problem>, Vec<String>) {
        self.found
            .sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
        (self.found, self.warnings)
    }
}

/// The word that a misspelled one probably means.
pub(crate) fn closest<'a>(
    typed: &str,
    words: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = (typed.chars().count() / 3).max(2);
    words
        .into_iter()
        .map(|word| (distance(typed, word), word))
        .filter(|(distance, word)| *distance <= allowed && *distance < word.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Levenshtein's distance: how many characters to insert, delete or replace.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::{closest, distance};

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }

    #[test]
    fn only_a_near_word_is_suggested() {
        let keys = ["client_id", "client_secret", "method"];
        assert_eq!(closest("clientid", keys), Some("client_id"));
        assert_eq!(closest("methd", keys), Some("method"));
        assert_eq!(closest("colour", keys), None);
        assert_eq!(closest("xy", ["dir"]), None);
    }
}
