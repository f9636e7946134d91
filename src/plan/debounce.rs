//! When to look: hints are collected until what they point at has been quiet for a while.
//!
//! Pure: the caller says what time it is. A hint is never lost, only replaced by one that
//! covers it: a tree covers the paths below it, everything covers all of a root. What is
//! held is bounded, because too many paths become everything.

use crate::model::path::RelPath;
use crate::plan::restless::Unrest;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

/// Something may have changed. Never a statement of what changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    /// Which mirror's root, by its place in the configuration.
    pub(crate) root: usize,
    /// Where to look.
    pub(crate) what: What,
}

/// Where to look below a root.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// At all of it: events were lost, or nobody knows.
    Everything,
    /// At this directory's entry and at all that is in it and below.
    Tree(RelPath),
    /// At this entry, in the directory that it is in.
    Path(RelPath),
}

/// More waiting places than this in one root become [`What::Everything`].
const MOST: usize = 10_000;

/// A tree in which something changes all the time is looked at nevertheless, after
/// this many times the quiet time. How long a single file may go on is decided elsewhere
/// (see [`crate::plan::restless`]).
const PATIENCE: u32 = 10;

/// Hints that wait for quiet.
#[derive(Debug)]
pub(crate) struct Debouncer {
    settle: Duration,
    roots: BTreeMap<usize, Waiting>,
}

/// What waits in one root.
#[derive(Debug, Default)]
struct Waiting {
    /// Set when everything waits; then nothing else does.
    everything: Option<Wait>,
    places: BTreeMap<RelPath, Place>,
    /// The same places, in the order in which they are due.
    order: BTreeSet<(Instant, RelPath)>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    is_tree: bool,
    wait: Wait,
}

#[derive(Clone, Copy, Debug)]
struct Wait {
    since: Instant,
    due: Instant,
    /// When the oldest change that this is about was first known of.
    first: Instant,
}

impl Debouncer {
    /// Nothing waits. `settle` is how long a place must have been quiet.
    pub(crate) fn new(settle: Duration) -> Self {
        Self {
            settle,
            roots: BTreeMap::new(),
        }
    }

    /// Takes note of a hint that came `now`. A single file that does not rest waits no
    /// longer than `unrest` says, whether it is quiet or not.
    pub(crate) fn hint(&mut self, hint: Hint, unrest: Option<Unrest>, now: Instant) {
        let settle = self.settle;
        let waiting = self.roots.entry(hint.root).or_default();
        if let Some(wait) = &mut waiting.everything {
            wait.restart(now, settle);
            return;
        }
        match hint.what {
            What::Everything => waiting.collapse(Wait::new(now, settle)),
            What::Tree(dir) => waiting.tree(dir, now, settle),
            What::Path(path) => waiting.path(path, unrest, now, settle),
        }
        if waiting.places.len() > MOST {
            waiting.collapse(Wait::new(now, settle));
        }
    }

    /// Since when the oldest change waits in a root, of those that were hinted at.
    pub(crate) fn oldest_of(&self, root: usize) -> Option<Instant> {
        self.roots.get(&root).and_then(Waiting::oldest)
    }

    /// Takes out what has been quiet for long enough, the longest waiting first in each
    /// root, each with when its oldest change was first known of.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<(Hint, Instant)> {
        let mut due = Vec::new();
        for (root, waiting) in &mut self.roots {
            let ready = std::iter::from_fn(|| waiting.next_ready(now));
            due.extend(ready.map(|(what, first)| (Hint { root: *root, what }, first)));
        }
        self.roots.retain(|_, waiting| waiting.next().is_some());
        due
    }

    /// When [`Debouncer::due`] will next have something; `None` when nothing waits.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.roots.values().filter_map(Waiting::next).min()
    }
}

impl Waiting {
    fn next(&self) -> Option<Instant> {
        let everything = self.everything.map(|wait| wait.due);
        everything.or_else(|| self.order.first().map(|(due, _)| *due))
    }

    fn oldest(&self) -> Option<Instant> {
        let places = self.places.values().map(|place| place.wait.first);
        let everything = self.everything.map(|wait| wait.first);
        everything.into_iter().chain(places).min()
    }

    fn next_ready(&mut self, now: Instant) -> Option<(What, Instant)> {
        if self.next()? > now {
            return None;
        }
        if let Some(wait) = self.everything.take() {
            return Some((What::Everything, wait.first));
        }
        let (_, path) = self.order.pop_first()?;
        let place = self.places.remove(&path)?;
        let what = match place.is_tree {
            true => What::Tree(path),
            false => What::Path(path),
        };
        Some((what, place.wait.first))
    }

    fn path(&mut self, path: RelPath, unrest: Option<Unrest>, now: Instant, settle: Duration) {
        if let Some(tree) = self.tree_around(&path) {
            return self.put(tree, true, (now, now), settle);
        }
        let settle = unrest.map_or(settle, |unrest| {
            settle.min(unrest.latest.saturating_duration_since(now))
        });
        let first = unrest.map_or(now, |unrest| unrest.since.min(now));
        self.put(path, false, (now, first), settle);
    }

    fn tree(&mut self, dir: RelPath, now: Instant, settle: Duration) {
        if let Some(around) = self.tree_around(&dir) {
            return self.put(around, true, (now, now), settle);
        }
        let within = self.within(&dir);
        let below = within.iter().filter(|below| **below != dir);
        let first = below.filter_map(|below| Some(self.remove(below)?.wait.first));
        let first = first.min().map_or(now, |first| first.min(now));
        self.put(dir, true, (now, first), settle);
    }

    /// Inserts a place, or lets it wait anew. Its oldest change was known of `first`, or
    /// before.
    fn put(
        &mut self,
        path: RelPath,
        is_tree: bool,
        (now, first): (Instant, Instant),
        settle: Duration,
    ) {
        let before = self.remove(&path);
        let first = before.map_or(first, |place| place.wait.first.min(first));
        let mut wait = match before {
            Some(mut place) if is_tree => {
                place.wait.restart(now, settle);
                place.wait
            }
            _ => Wait::new(now, settle),
        };
        wait.first = first;
        self.order.insert((wait.due, path.clone()));
        self.places.insert(path, Place { is_tree, wait });
    }

    fn remove(&mut self, path: &RelPath) -> Option<Place> {
        let place = self.places.remove(path)?;
        self.order.remove(&(place.wait.due, path.clone()));
        Some(place)
    }

    fn collapse(&mut self, mut wait: Wait) {
        wait.first = self
            .oldest()
            .map_or(wait.first, |oldest| oldest.min(wait.first));
        self.places.clear();
        self.order.clear();
        self.everything = Some(wait);
    }

    /// The waiting tree that `path` is, or is in.
    fn tree_around(&self, path: &RelPath) -> Option<RelPath> {
        let is_tree = |path: &RelPath| self.places.get(path).is_some_and(|place| place.is_tree);
        let mut around = path.clone();
        while !is_tree(&around) {
            around = around.split()?.0;
        }
        Some(around)
    }

    /// The waiting places at or below `dir`.
    fn within(&self, dir: &RelPath) -> Vec<RelPath> {
        let prefix = dir.as_path().as_os_str().as_bytes();
        let from = (Bound::Included(dir.clone()), Bound::Unbounded);
        let same_start =
            |path: &&RelPath| path.as_path().as_os_str().as_bytes().starts_with(prefix);
        let candidates = self.places.range(from).map(|(path, _)| path);
        candidates
            .take_while(same_start)
            .filter(|path| path.is_within(dir))
            .cloned()
            .collect()
    }
}

impl Wait {
    fn new(now: Instant, settle: Duration) -> Self {
        Self {
            since: now,
            due: now + settle,
            first: now,
        }
    }

    /// Waits for quiet again, but not for ever.
    fn restart(&mut self, now: Instant, settle: Duration) {
        self.due = (now + settle).min(self.since + settle * PATIENCE);
    }
}

#[cfg(test)]
mod tests {
    use super::{Debouncer, Hint, MOST, What};
    use crate::model::path::RelPath;
    use crate::plan::restless::Unrest;
    use std::path::Path;
    use std::time::{Duration, Instant};

    const SETTLE: u64 = 10;

    /// `"*"` is everything, `"a/"` a tree, `"a"` a path.
    fn what(text: &str) -> What {
        let rel = RelPath::below(Path::new("/r"), &Path::new("/r").join(text)).unwrap();
        match text {
            "*" => What::Everything,
            _ if text.ends_with('/') => What::Tree(rel),
            _ => What::Path(rel),
        }
    }

    /// Gives each hint at its second, asks once a second, and compares the answers as
    /// "second:place", with the root's number in front when it is not 0.
    fn check(hints: &[(u64, &str)], expected: &[&str]) {
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        let mut debouncer = Debouncer::new(Duration::from_secs(SETTLE));
        let mut got = Vec::new();
        for second in 0..500 {
            for (_, text) in hints.iter().filter(|(when, _)| *when == second) {
                let (root, text) = text.split_once('#').unwrap_or(("0", text));
                let root = root.parse().unwrap();
                let what = what(text);
                debouncer.hint(Hint { root, what }, None, at(second));
            }
            let promised = debouncer.next_due().is_some_and(|due| due <= at(second));
            let due = debouncer.due(at(second));
            assert_eq!(promised, !due.is_empty(), "second {second}");
            got.extend(due.iter().map(|(hint, _)| show(second, hint)));
        }
        assert_eq!(got, expected, "{hints:?}");
        assert_eq!(debouncer.next_due(), None);
    }

    fn show(second: u64, hint: &Hint) -> String {
        let place = match &hint.what {
            What::Everything => "*".to_owned(),
            What::Tree(dir) => format!("{dir}/"),
            What::Path(path) => path.to_string(),
        };
        match hint.root {
            0 => format!("{second}:{place}"),
            root => format!("{second}:{root}#{place}"),
        }
    }

    #[test]
    fn a_place_is_due_when_it_has_been_quiet() {
        check(&[(0, "a")], &["10:a"]);
        check(&[(0, "a"), (9, "a"), (18, "a")], &["28:a"]);
        check(&[(0, "a"), (11, "a")], &["10:a", "21:a"]);
        check(&[(0, "b"), (1, "a"), (2, "b")], &["11:a", "12:b"]);
    }

    #[test]
    fn a_tree_covers_what_is_below_it_and_nothing_else() {
        check(&[(0, "d/a"), (1, "d/e/f"), (2, "d/")], &["12:d/"]);
        check(&[(0, "d/"), (3, "d/a"), (4, "d/e/")], &["14:d/"]);
        check(&[(0, "d"), (1, "d/")], &["11:d/"]);
        check(&[(0, "d/"), (1, "d")], &["11:d/"]);
        check(&[(0, "d/e/"), (1, "d/")], &["11:d/"]);
        check(
            &[(0, "d!x"), (0, "d-"), (0, "dd"), (0, "e"), (1, "d/")],
            &["10:d!x", "10:d-", "10:dd", "10:e", "11:d/"],
        );
        check(&[(0, "a"), (0, "b/c"), (1, "./")], &["11:./"]);
    }

    #[test]
    fn everything_covers_its_root_and_no_other() {
        check(&[(0, "a"), (0, "d/"), (1, "*")], &["11:*"]);
        check(&[(0, "*"), (1, "a")], &["11:*"]);
        check(&[(0, "1#a"), (1, "*")], &["10:1#a", "11:*"]);
        check(&[(0, "*"), (11, "a")], &["10:*", "21:a"]);
    }

    #[test]
    fn a_tree_that_never_rests_is_looked_at_and_a_file_is_not() {
        let often = |text| (0..150).step_by(5).map(move |second| (second, text));
        let tree: Vec<_> = often("d/").collect();
        check(&tree, &["100:d/", "155:d/"]);
        let everything: Vec<_> = often("*").collect();
        check(&everything, &["100:*", "155:*"]);
        let file: Vec<_> = often("a").collect();
        check(&file, &["155:a"]);
    }

    #[test]
    fn too_many_places_become_everything() {
        let names: Vec<String> = (0..=MOST).map(|i| format!("f{i}")).collect();
        let at_once = |count: usize| names[..count].iter().map(|name| (0, name.as_str()));
        let too_many: Vec<_> = at_once(MOST + 1).chain([(1, "1#a")]).collect();
        check(&too_many, &["10:*", "11:1#a"]);
        let mut debouncer = Debouncer::new(Duration::ZERO);
        let now = Instant::now();
        for (_, name) in at_once(MOST) {
            let what = what(name);
            debouncer.hint(Hint { root: 0, what }, None, now);
        }
        assert_eq!(debouncer.due(now).len(), MOST);
    }
    #[test]
    fn a_file_waits_for_quiet_only_as_long_as_its_patience_lasts() {
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        let mut debouncer = Debouncer::new(Duration::from_secs(SETTLE));
        let mut due = Vec::new();
        for second in 0..40 {
            let what = what("a");
            let unrest = Unrest {
                since: at(0),
                latest: at(25),
            };
            debouncer.hint(Hint { root: 0, what }, Some(unrest), at(second));
            due.extend(debouncer.due(at(second)).iter().map(|_| second));
        }
        // From then on it is for whoever asks to let it wait again.
        assert_eq!(due, (25..40).collect::<Vec<_>>());
    }

    #[test]
    fn the_oldest_change_is_not_forgotten_when_others_follow() {
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        let hint = |debouncer: &mut Debouncer, text, second| {
            let what = what(text);
            debouncer.hint(Hint { root: 0, what }, None, at(second));
        };
        for (hints, expected) in [
            (&[(0, "a"), (5, "a")][..], 0),
            (&[(0, "d/a"), (5, "d/")], 0),
            (&[(0, "d/"), (5, "d/a")], 0),
            (&[(0, "a"), (1, "b"), (5, "*")], 0),
            (&[(3, "*"), (5, "a")], 3),
        ] {
            let mut debouncer = Debouncer::new(Duration::from_secs(SETTLE));
            assert_eq!(debouncer.oldest_of(0), None);
            for (second, text) in hints {
                hint(&mut debouncer, text, *second);
            }
            assert_eq!(debouncer.oldest_of(0), Some(at(expected)), "{hints:?}");
            let due = debouncer.due(at(100));
            let first = due.iter().map(|(_, first)| *first).min();
            assert_eq!(first, Some(at(expected)), "{hints:?}");
            assert_eq!(debouncer.oldest_of(0), None);
        }
        // One that was looked at meanwhile, and did not rest.
        let mut debouncer = Debouncer::new(Duration::from_secs(SETTLE));
        let unrest = Unrest {
            since: at(0),
            latest: at(30),
        };
        let what = what("a");
        debouncer.hint(Hint { root: 0, what }, Some(unrest), at(20));
        assert_eq!(debouncer.oldest_of(0), Some(at(0)));
    }
}
