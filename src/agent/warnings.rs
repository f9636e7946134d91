//! Warnings: each is given once in a run, and by a pass only if the one before has not
//! given it. Whoever gets a mail from cron for each line reads none of them in the end.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// What a run has to warn of.
#[derive(Debug, Default)]
pub(crate) struct Warnings(Mutex<Sets>);

#[derive(Debug, Default)]
struct Sets {
    before: BTreeSet<String>,
    now: BTreeSet<String>,
}

impl Warnings {
    /// These have been given before.
    pub(crate) fn were_given(&self, before: BTreeSet<String>) {
        self.sets().before = before;
    }

    /// Takes note of a warning, and says whether it is to be given.
    pub(crate) fn is_new(&self, words: &str) -> bool {
        let mut sets = self.sets();
        sets.now.insert(words.to_owned()) && !sets.before.contains(words)
    }

    /// What is to be remembered of this run, unless it is what was: after one that has not
    /// seen everything, what was given before may still hold.
    pub(crate) fn to_remember(&self, is_whole: bool) -> Option<BTreeSet<String>> {
        let sets = self.sets();
        let mut all = sets.now.clone();
        if !is_whole {
            all.extend(sets.before.iter().cloned());
        }
        (all != sets.before).then_some(all)
    }

    fn sets(&self) -> std::sync::MutexGuard<'_, Sets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Warnings;
    use std::collections::BTreeSet;

    fn set(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(|&words| words.to_owned()).collect()
    }

    #[test]
    fn what_is_new_is_given_once_and_again_when_it_comes_back() {
        let warnings = Warnings::default();
        warnings.were_given(set(&["a", "b"]));
        assert!(!warnings.is_new("a"));
        assert!(warnings.is_new("c"));
        assert!(!warnings.is_new("c"));
        assert_eq!(warnings.to_remember(true), Some(set(&["a", "c"])));
        assert_eq!(warnings.to_remember(false), Some(set(&["a", "b", "c"])));
        let next = Warnings::default();
        next.were_given(set(&["a", "c"]));
        assert!(next.is_new("b"));
        let same = Warnings::default();
        same.were_given(set(&["a"]));
        assert!(!same.is_new("a"));
        assert_eq!(same.to_remember(true), None);
    }
}
