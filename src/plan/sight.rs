//! How the changes of a root are noticed: the system tells, or somebody looks every now
//! and then. Pure.

use crate::model::path::RelPath;
use std::collections::BTreeMap;
use std::fmt;

/// What the operator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The system tells where it can, and the rest is polled.
    Auto,
    /// The system tells, also on file systems of which it does not know everything.
    Native,
    /// Everything is polled.
    Poll,
}

/// Why a place is polled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The operator wants it.
    Asked,
    /// The system does not tell of all changes on this kind of file system.
    FileSystem(String),
    /// The system allows no more watches; the setting that allows more, as `name=value`.
    Limit(String),
    /// It cannot be watched; the system's words.
    Failed(String),
}

impl Cause {
    /// Stable, for machines.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::FileSystem(_) => "file_system",
            Self::Limit(_) => "watch_limit",
            Self::Failed(_) => "unwatchable",
        }
    }

    /// Whether it may pass by itself, so that it is worth another try.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Limit(_) | Self::Failed(_))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => f.write_str("the configuration says so: [watch] mode = \"poll\""),
            Self::FileSystem(kind) => write!(
                f,
                "it lies on {kind}, where the system does not tell what others change"
            ),
            Self::Limit(setting) => write!(
                f,
                "this system allows no more watches; allow more: echo {setting} | sudo tee \
                 /etc/sysctl.d/60-boxup.conf && sudo sysctl --system"
            ),
            Self::Failed(words) => write!(f, "it cannot be watched: {words}"),
        }
    }
}

/// More places than this are polled as one: everything.
const MOST: usize = 1_000;

/// The places of a root that nobody watches, each with all that is below it.
#[derive(Debug, Default)]
pub(crate) struct Unwatched {
    places: BTreeMap<RelPath, Cause>,
    /// One of the places that became too many: if it can be watched, others can as well.
    sample: Option<RelPath>,
}

impl Unwatched {
    /// Nobody watches this, nor what is below it.
    pub(crate) fn add(&mut self, place: RelPath, cause: Cause) {
        if self.around(&place) {
            return;
        }
        self.forget(&place);
        self.places.insert(place.clone(), cause.clone());
        if self.places.len() > MOST {
            self.places.clear();
            self.places.insert(RelPath::root(), cause);
            self.sample = Some(place);
        }
    }

    /// What is at or below this place is somebody else's business from now on.
    pub(crate) fn forget(&mut self, place: &RelPath) {
        self.places.retain(|other, _| !other.is_within(place));
    }

    /// All of it is watched from now on, or nothing is known of it.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes out what is worth another try. A root that is polled because there were too
    /// many places stays, and one of them is given in its stead.
    pub(crate) fn take_for_retry(&mut self) -> Vec<RelPath> {
        if let Some(sample) = &self.sample {
            return vec![sample.clone()];
        }
        let taken = self.places.extract_if(.., |_, cause| cause.may_pass());
        taken.map(|(place, _)| place).collect()
    }

    /// Whether everything is polled because there were too many places.
    pub(crate) fn is_collapsed(&self) -> bool {
        self.sample.is_some()
    }

    /// Whether some place is worth another try.
    pub(crate) fn may_pass(&self) -> bool {
        self.places.values().any(Cause::may_pass)
    }

    /// What is to be polled.
    pub(crate) fn places(&self) -> impl Iterator<Item = &RelPath> {
        self.places.keys()
    }

    /// Why, for the first of each kind.
    pub(crate) fn causes(&self) -> Vec<Cause> {
        let mut causes: Vec<Cause> = Vec::new();
        for cause in self.places.values() {
            if !causes.iter().any(|other| other.code() == cause.code()) {
                causes.push(cause.clone());
            }
        }
        causes
    }

    fn around(&self, place: &RelPath) -> bool {
        let mut at = Some(place.clone());
        while let Some(path) = at {
            if self.places.contains_key(&path) {
                return true;
            }
            at = path.split().map(|(dir, _)| dir);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::{Cause, MOST, Unwatched};
    use crate::model::path::RelPath;
    use std::path::Path;

    fn rel(text: &str) -> RelPath {
        RelPath::below(Path::new("/r"), &Path::new("/r").join(text)).unwrap()
    }

    fn limit() -> Cause {
        Cause::Limit("fs.inotify.max_user_watches=1".into())
    }

    fn shown(unwatched: &Unwatched) -> Vec<String> {
        unwatched.places().map(ToString::to_string).collect()
    }

    #[test]
    fn a_place_covers_what_is_below_it() {
        let mut unwatched = Unwatched::default();
        for place in ["a/b", "a/bc", "a/b/c", "a", "a/d", "e"] {
            unwatched.add(rel(place), limit());
        }
        assert_eq!(shown(&unwatched), ["a", "e"]);
        unwatched.forget(&rel("a"));
        assert_eq!(shown(&unwatched), ["e"]);
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let mut unwatched = Unwatched::default();
        unwatched.add(rel("net"), Cause::FileSystem("nfs".into()));
        assert!(!unwatched.may_pass());
        unwatched.add(rel("deep"), limit());
        assert!(unwatched.may_pass());
        assert_eq!(unwatched.causes().len(), 2);
        assert_eq!(unwatched.take_for_retry(), [rel("deep")]);
        assert_eq!(shown(&unwatched), ["net"]);
    }

    #[test]
    fn too_many_places_are_polled_as_one_and_one_of_them_is_tried() {
        let mut unwatched = Unwatched::default();
        for number in 0..=MOST {
            unwatched.add(rel(&format!("d{number}")), limit());
        }
        assert_eq!(shown(&unwatched), ["."]);
        assert!(unwatched.is_collapsed() && unwatched.may_pass());
        assert_eq!(unwatched.take_for_retry(), [rel(&format!("d{MOST}"))]);
        assert_eq!(shown(&unwatched), ["."]);
        unwatched.clear();
        assert!(!unwatched.is_collapsed() && shown(&unwatched).is_empty());
    }
}
