//! The way down from the root, with the rules that hold on each level.
//!
//! Whoever goes through a tree asks for one directory after the other; what was read on
//! the way to the last one is kept, so that a directory's own rules are read once.

use crate::local::error::Error;
use crate::local::root::Root;
use crate::local::rules::{Level, Rules};
use crate::model::path::RelPath;
use std::sync::Arc;

/// The levels down to where somebody looked last.
#[derive(Debug)]
pub(crate) struct Descent {
    rules: Arc<Rules>,
    levels: Vec<(RelPath, Level)>,
}

impl Descent {
    /// At the root, where nothing has been read.
    pub(crate) fn new(rules: Arc<Rules>) -> Self {
        Self {
            rules,
            levels: Vec::new(),
        }
    }

    /// The rules in a directory.
    pub(crate) fn level(&mut self, root: &Root, dir: &RelPath) -> Result<&Level, Error> {
        while let Some((at, _)) = self.levels.last()
            && !dir.is_within(at)
        {
            self.levels.pop();
        }
        if self.levels.is_empty() {
            let level = Level::of_root(Arc::clone(&self.rules), root)?;
            self.levels.push((RelPath::root(), level));
        }
        let depth = self.levels.len() - 1;
        for name in dir.components().skip(depth) {
            if let Some((at, level)) = self.levels.last() {
                let dir = at.join(&name);
                let below = level.below(root, &dir)?;
                self.levels.push((dir, below));
            }
        }
        self.levels
            .last()
            .map(|(_, level)| level)
            .ok_or_else(|| Error::Missing(root.on_disk(dir)))
    }

    /// Reads everything anew from now on.
    pub(crate) fn forget(&mut self) {
        self.levels.clear();
    }
}
