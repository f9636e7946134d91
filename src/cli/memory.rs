//! What has been said already: a service that looks every hour does not say every hour that
//! a file waits.

use std::collections::HashMap;

/// Beyond this many, what was said is forgotten and may be said again.
const MOST: usize = 100_000;

/// What was last said about what.
#[derive(Debug, Default)]
pub(crate) struct Memory(HashMap<(String, String), String>);

impl Memory {
    /// Whether just this was last said about `place` in `mirror`. From now on it was.
    pub(crate) fn repeats(&mut self, mirror: &str, place: &str, words: &str) -> bool {
        if self.0.len() >= MOST {
            self.0.clear();
        }
        let key = (mirror.to_owned(), place.to_owned());
        let before = self.0.insert(key, words.to_owned());
        before.is_some_and(|before| before == words)
    }

    /// What is said next about it is news.
    pub(crate) fn forget(&mut self, mirror: &str, place: &str) {
        self.0.remove(&(mirror.to_owned(), place.to_owned()));
    }
}
