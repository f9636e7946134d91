//! Which entries of a mirror are left out, and by which rule.
//!
//! Applied at every look, and remembered nowhere: a rule that comes leaves the mapping's
//! row and Box's copy alone, and one that goes lets the file continue with both.
//!
//! What is later in this list decides over what is earlier:
//!
//! 1. the built-in rules (`built_in`);
//! 2. `exclude`;
//! 3. the `.boxupignore` files on the way down, the deepest last (`ignore_file`);
//! 4. `skip_hidden`, `max_size`, and `CACHEDIR.TAG`;
//! 5. `include`, which takes back what any of these left out.
//!
//! In a list the last pattern that fits decides, and `!` in front of one takes back. As in
//! git, nothing below an excluded directory comes back, because it is never entered.

mod built_in;
mod ignore_file;
mod patterns;
#[cfg(test)]
mod tests;

pub(crate) use crate::local::rules::built_in::BUILT_IN;

use crate::local::error::Error;
use crate::local::root::{Root, open_at};
use crate::local::rules::built_in::BuiltIn;
use crate::local::rules::ignore_file::{Broken, IgnoreFile};
use crate::local::rules::patterns::{Patterns, Says};
use crate::model::path::{LocalName, RelPath};
use crate::model::reason::Exclusion;
use crate::model::rules::{CACHE_TAG, Origin, Rule, Selection, Symlinks};
use rustix::fs::{AtFlags, FileType, OFlags, statat};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What a cache's tag begins with (<https://bford.info/cachedir/>).
const SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";
/// Complaints that are remembered so that none is repeated in every pass.
const MOST_TOLD: usize = 1_000;

/// The rules of one mirror.
#[derive(Debug)]
pub(crate) struct Rules {
    selection: Selection,
    built_in: BuiltIn,
    own: Patterns,
    exclude: Patterns,
    include: Patterns,
    told: Mutex<BTreeSet<Broken>>,
    /// What an earlier run has told.
    told_before: OnceLock<BTreeSet<String>>,
}

/// The rules as they hold in one directory.
#[derive(Clone, Debug)]
pub(crate) struct Level {
    rules: Arc<Rules>,
    /// From the root down.
    files: Arc<Vec<Arc<IgnoreFile>>>,
    /// Set when the directory itself is left out, and so is all that is in it. A walk does
    /// not come here; a single path from a hint may.
    shut: Option<Exclusion>,
}

/// What the rules say about an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Nothing fits: it is mirrored.
    Free,
    /// It is mirrored because of this rule.
    Kept(Arc<Rule>),
    /// It is left out.
    Out(Exclusion),
}

impl Rules {
    /// Compiles a selection, and one rule of ours. Tells the patterns that cannot be
    /// compiled, each by its rule and the reason.
    pub(crate) fn new(
        selection: Selection,
        own: Option<String>,
    ) -> Result<Self, Vec<(Arc<Rule>, String)>> {
        let own: Vec<_> = own
            .into_iter()
            .map(|text| {
                Arc::new(Rule {
                    text: text.into(),
                    origin: Origin::OwnState,
                })
            })
            .collect();
        let mut wrong = Vec::new();
        let mut compile = |rules: &[Arc<Rule>]| {
            let (patterns, bad) = Patterns::new(rules);
            let bad = bad.into_iter();
            wrong.extend(bad.filter_map(|(at, why)| Some((Arc::clone(rules.get(at)?), why))));
            patterns
        };
        let (own, exclude, include) = (
            compile(&own),
            compile(&selection.exclude),
            compile(&selection.include),
        );
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(Self {
            built_in: BuiltIn::new(selection.default_excludes),
            own,
            exclude,
            include,
            selection,
            told: Mutex::default(),
            told_before: OnceLock::new(),
        })
    }

    /// No rule at all: every entry is told.
    pub(crate) fn none() -> Self {
        let (own, _) = Patterns::new(&[]);
        let (exclude, _) = Patterns::new(&[]);
        let (include, _) = Patterns::new(&[]);
        let selection = Selection {
            default_excludes: false,
            cachedir_tag: false,
            ..Selection::default()
        };
        Self {
            built_in: BuiltIn::new(false),
            own,
            exclude,
            include,
            selection,
            told: Mutex::default(),
            told_before: OnceLock::new(),
        }
    }

    /// Whether links are followed.
    pub(crate) fn follow_links(&self) -> bool {
        self.selection.symlinks == Symlinks::Follow
    }

    /// Whether what lies on another file system is left out.
    pub(crate) fn stay_on_one_file_system(&self) -> bool {
        self.selection.one_file_system
    }

    /// What was found to be no pattern, once.
    fn complain(&self, broken: Vec<Broken>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for line in broken {
            if told.len() < MOST_TOLD && told.insert(line.clone()) && !self.was_told(&line.0) {
                tracing::warn!("{}", line.0);
            }
        }
    }

    fn was_told(&self, words: &str) -> bool {
        let before = self.told_before.get();
        before.is_some_and(|before| before.contains(words))
    }

    /// These complaints are not repeated.
    pub(crate) fn were_told(&self, before: BTreeSet<String>) {
        self.told_before.get_or_init(|| before);
    }

    /// The complaints of this run, repeated or not.
    pub(crate) fn told(&self) -> Vec<String> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.iter().map(|line| line.0.clone()).collect()
    }
}

impl Level {
    /// The rules in the root.
    pub(crate) fn of_root(rules: Arc<Rules>, root: &Root) -> Result<Self, Error> {
        let level = Self::bare(rules);
        level.with_file_of(root, &RelPath::root())
    }

    /// The rules of the configuration alone, whatever stands in the tree.
    pub(crate) fn bare(rules: Arc<Rules>) -> Self {
        Self {
            rules,
            files: Arc::default(),
            shut: None,
        }
    }

    /// The rules one level deeper: in `dir`, whose last component this level judges.
    pub(crate) fn below(&self, root: &Root, dir: &RelPath) -> Result<Self, Error> {
        if self.shut.is_some() {
            return Ok(self.clone());
        }
        let mut below = self.clone();
        below.shut = self.excluded(dir.as_path(), true);
        if below.shut.is_some() {
            return Ok(below);
        }
        below.with_file_of(root, dir)
    }

    fn with_file_of(mut self, root: &Root, dir: &RelPath) -> Result<Self, Error> {
        let fd = root.open_dir(dir)?;
        if !dir.is_root() {
            self.shut = self.cache(fd.as_fd(), dir.as_path(), None);
        }
        if self.shut.is_none()
            && let Some((file, broken)) = ignore_file::read(fd.as_fd(), dir, || root.on_disk(dir))?
        {
            self.rules.complain(broken);
            let mut files = self.files.as_ref().clone();
            files.push(Arc::new(file));
            self.files = Arc::new(files);
        }
        Ok(self)
    }

    /// Why everything in this directory is left out.
    pub(crate) fn shut(&self) -> Option<&Exclusion> {
        self.shut.as_ref()
    }

    /// The mirror's rules.
    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Why an entry of this directory is left out, by its path from the root.
    pub(crate) fn excluded(&self, path: &Path, is_dir: bool) -> Option<Exclusion> {
        match self.decide(path, is_dir) {
            Decision::Out(why) => Some(why),
            Decision::Free | Decision::Kept(_) => None,
        }
    }

    /// What the rules say about an entry of this directory, by its path from the root, as
    /// far as its name tells.
    pub(crate) fn decide(&self, path: &Path, is_dir: bool) -> Decision {
        if let Some(shut) = &self.shut {
            return Decision::Out(shut.clone());
        }
        let rules = &self.rules;
        if let Some(Says::Yes(rule)) = rules.own.say(path, is_dir) {
            return Decision::Out(Exclusion::Rule(Arc::clone(rule)));
        }
        let name = path.file_name().unwrap_or_default().as_bytes();
        let why = match self.pattern(path, name, is_dir) {
            Some(Says::Yes(rule)) => Exclusion::Rule(Arc::clone(rule)),
            _ if rules.selection.skip_hidden && name.first() == Some(&b'.') => Exclusion::Hidden,
            Some(Says::No(rule)) => return Decision::Kept(Arc::clone(rule)),
            None => return Decision::Free,
        };
        match rules.include.say(path, is_dir) {
            Some(Says::Yes(rule)) => Decision::Kept(Arc::clone(rule)),
            Some(Says::No(_)) | None => Decision::Out(why),
        }
    }

    /// The pattern that decides, the strongest list first.
    fn pattern(&self, path: &Path, name: &[u8], is_dir: bool) -> Option<Says<'_>> {
        let whole = path.as_os_str().as_bytes();
        for file in self.files.iter().rev() {
            let below = whole.get(file.below..).unwrap_or_default();
            let said = file
                .patterns
                .say(Path::new(OsStr::from_bytes(below)), is_dir);
            if said.is_some() {
                return said;
            }
        }
        let said = self.rules.exclude.say(path, is_dir);
        let built_in = || self.rules.built_in.of(name).filter(|_| !is_dir);
        said.or_else(|| built_in().map(Says::Yes))
    }

    /// Why a file of this size is left out.
    pub(crate) fn too_large(&self, path: &Path, size: u64) -> Option<Exclusion> {
        let most = self.rules.selection.max_size.filter(|most| size > *most)?;
        (!self.is_included(path, false)).then_some(Exclusion::TooLarge(most))
    }

    /// Why a directory is left out because of a tag in it: in `fd` itself, or in its entry
    /// of that name.
    pub(crate) fn cache(
        &self,
        fd: BorrowedFd<'_>,
        path: &Path,
        name: Option<&LocalName>,
    ) -> Option<Exclusion> {
        let is_asked = self.rules.selection.cachedir_tag;
        let is_cache = is_asked && is_tagged(fd, name) && !self.is_included(path, true);
        is_cache.then_some(Exclusion::Cache)
    }

    fn is_included(&self, path: &Path, is_dir: bool) -> bool {
        matches!(self.rules.include.say(path, is_dir), Some(Says::Yes(_)))
    }
}

/// Whether a directory holds a cache's tag: a regular file with the signature. What cannot
/// be read is none.
fn is_tagged(fd: BorrowedFd<'_>, name: Option<&LocalName>) -> bool {
    let open = |at: BorrowedFd<'_>| {
        // Nearly always it is not there, which is told by one call.
        let stat = statat(at, CACHE_TAG, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return None;
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        open_at(at, CACHE_TAG, flags).ok()
    };
    let tag = match name {
        None => open(fd),
        Some(name) => {
            let mut path = name.as_bytes().to_vec();
            path.push(b'/');
            path.extend_from_slice(CACHE_TAG.as_bytes());
            if statat(fd, path.as_slice(), AtFlags::SYMLINK_NOFOLLOW).is_err() {
                return false;
            }
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let dir = open_at(fd, name.as_os(), flags);
            dir.ok().and_then(|dir| open(dir.as_fd()))
        }
    };
    let Some(tag) = tag else {
        return false;
    };
    let mut head = Vec::with_capacity(SIGNATURE.len());
    let read = File::from(tag)
        .take(SIGNATURE.len() as u64)
        .read_to_end(&mut head);
    read.is_ok() && head == SIGNATURE
}
