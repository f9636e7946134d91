//! What a change of the configuration's mirrors means, to be said once and before anything
//! is done about it. Pure.

use crate::model::figures::some;
use std::fmt;
use std::path::PathBuf;

/// A mirror as it was announced, or is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// Its name.
    pub(crate) name: String,
    /// Its target, as the mapping remembers it.
    pub(crate) target: String,
    /// Its directory; `None` where an earlier version did not write it down.
    pub(crate) local: Option<PathBuf>,
}

/// What has changed about a mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It was not there before.
    New,
    /// It goes elsewhere, where the first tells, or it is another directory, where the
    /// second does.
    Repointed(Option<String>, Option<PathBuf>),
    /// It had this name before.
    Renamed(String),
    /// It is not there any more.
    Removed,
}

/// The local entries that a new comparison is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    /// How many.
    pub(crate) entries: u64,
    /// Whether counting was given up.
    pub(crate) is_cut: bool,
}

/// A change to be announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Announcement {
    /// The mirror, as it is now or, removed, was.
    pub(crate) mirror: Known,
    /// What has changed.
    pub(crate) change: Change,
    /// What will be compared; `None` for what keeps its mapping, and where the directory
    /// cannot be looked into.
    pub(crate) extent: Option<Extent>,
}

/// What is to be said when these mirrors were `told` before, and `wanted` are to run out
/// of all that the configuration names.
pub(crate) fn announcements(
    told: &[Known],
    wanted: &[Known],
    configured: &[String],
) -> Vec<Announcement> {
    let mut said = Vec::new();
    let mut renamed = Vec::new();
    for mirror in wanted {
        let change = match told.iter().find(|other| other.name == mirror.name) {
            Some(before) => repointed(before, mirror),
            None => Some(match former(told, mirror, configured) {
                Some(before) => {
                    renamed.push(&before.name);
                    Change::Renamed(before.name.clone())
                }
                None => Change::New,
            }),
        };
        said.extend(change.map(|change| Announcement {
            mirror: mirror.clone(),
            change,
            extent: None,
        }));
    }
    let is_gone = |other: &&Known| !configured.contains(&other.name);
    let removed = told.iter().filter(is_gone);
    let removed = removed.filter(|other| !renamed.contains(&&other.name));
    said.extend(removed.map(|mirror| Announcement {
        mirror: mirror.clone(),
        change: Change::Removed,
        extent: None,
    }));
    said
}

/// What will have been told when all of this is said.
pub(crate) fn after(told: &[Known], wanted: &[Known], configured: &[String]) -> Vec<Known> {
    let is_wanted = |other: &&Known| wanted.iter().any(|mirror| mirror.name == other.name);
    let stays = |other: &&Known| configured.contains(&other.name) && !is_wanted(other);
    let kept = told.iter().filter(stays);
    kept.chain(wanted).cloned().collect()
}

fn repointed(before: &Known, now: &Known) -> Option<Change> {
    let target = (before.target != now.target).then(|| before.target.clone());
    let local = before.local.clone();
    let local = local.filter(|before| now.local.as_ref() != Some(before));
    let is_other = target.is_some() || local.is_some();
    is_other.then_some(Change::Repointed(target, local))
}

/// The mirror that went to the same folder under a name that is not configured any more.
fn former<'a>(told: &'a [Known], mirror: &Known, configured: &[String]) -> Option<&'a Known> {
    let same = told.iter().filter(|other| other.target == mirror.target);
    let mut gone = same.filter(|other| !configured.contains(&other.name));
    gone.next()
}

impl Change {
    /// Stable, for machines.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Repointed(..) => "re-pointed",
            Self::Renamed(_) => "renamed",
            Self::Removed => "removed",
        }
    }

    /// Whether what is here has to be compared with what is there.
    pub(crate) fn compares(&self) -> bool {
        matches!(self, Self::New | Self::Repointed(..))
    }
}

impl fmt::Display for Announcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, folder) = (&self.mirror.name, folder(&self.mirror.target));
        let local = self.mirror.local.clone().unwrap_or_default();
        write!(f, "mirror {name:?} ")?;
        match &self.change {
            Change::New => write!(f, "is new: ")?,
            Change::Repointed(Some(before), _) => write!(
                f,
                "goes to {folder} now and not to {}, where everything stays as it is: ",
                self::folder(before)
            )?,
            Change::Repointed(None, before) => {
                let before = before.clone().unwrap_or_default();
                write!(f, "is another directory now, not {before:?}: ")?;
            }
            Change::Renamed(before) => {
                return write!(
                    f,
                    "was named {before:?} before: it goes on where that one was"
                );
            }
            Change::Removed => {
                return write!(
                    f,
                    "is not in the configuration any more: {folder} stays as it is and gets no \
                     more changes; should the mirror come back, it goes on from there"
                );
            }
        }
        let Some(Extent { entries, is_cut }) = self.extent else {
            return write!(
                f,
                "{local:?} cannot be read now; as soon as it can, what is in it will be compared \
                 with {folder}; nothing on Box is removed"
            );
        };
        let more = if is_cut { "more than " } else { "" };
        let entries = some(entries, "entry");
        write!(
            f,
            "{more}{entries} of {local:?} will be compared with {folder}; nothing on Box is removed"
        )
    }
}

/// The target in words.
pub(crate) fn folder(target: &str) -> String {
    match target.split_once(':') {
        Some((_, place)) => format!("Box folder {place}"),
        None => target.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Known, after, announcements};

    /// `name:target` or `name:target:local`.
    fn known(text: &str) -> Known {
        let mut parts = text.split(':');
        Known {
            name: parts.next().unwrap().to_owned(),
            target: format!("folder_id:{}", parts.next().unwrap()),
            local: parts.next().map(Into::into),
        }
    }

    fn check(told: &[&str], wanted: &[&str], others: &[&str], expected: &[&str]) -> Vec<Known> {
        let (told, wanted): (Vec<_>, Vec<_>) = (
            told.iter().map(|text| known(text)).collect(),
            wanted.iter().map(|text| known(text)).collect(),
        );
        let names = wanted.iter().map(|mirror| mirror.name.clone());
        let names: Vec<_> = names
            .chain(others.iter().map(|n| (*n).to_owned()))
            .collect();
        let said = announcements(&told, &wanted, &names);
        let shown = said
            .iter()
            .map(|said| format!("{} {}", said.change.code(), said.mirror.name));
        assert_eq!(shown.collect::<Vec<_>>(), expected);
        let told = after(&told, &wanted, &names);
        assert_eq!(announcements(&told, &wanted, &names), [], "told twice");
        told
    }

    #[test]
    fn each_change_is_told_once_and_what_did_not_change_is_not() {
        check(&[], &["a:1:/a"], &[], &["new a"]);
        check(&["a:1:/a"], &["a:1:/a"], &[], &[]);
        check(&["a:1:/a"], &["a:2:/a"], &[], &["re-pointed a"]);
        check(&["a:1:/a"], &["a:1:/b"], &[], &["re-pointed a"]);
        check(&["a:1"], &["a:1:/b"], &[], &[]);
        check(&["a:1:/a"], &["b:1:/a"], &[], &["renamed b"]);
        check(&["a:1:/a"], &["b:2:/b"], &[], &["new b", "removed a"]);
        check(
            &["a:1:/a", "b:2:/b"],
            &["b:1:/b"],
            &[],
            &["re-pointed b", "removed a"],
        );
    }

    #[test]
    fn a_run_of_some_mirrors_says_nothing_of_the_others() {
        let told = check(&["a:1:/a", "b:2:/b"], &["a:1:/a"], &["b"], &[]);
        assert_eq!(told.len(), 2);
        check(&["a:1:/a"], &["a:1:/a"], &["new"], &[]);
        // The target is another mirror's that is still there.
        check(&["a:1:/a"], &["b:1:/a"], &["a"], &["new b"]);
    }

    #[test]
    fn it_is_said_what_will_be_done() {
        let said = announcements(&[known("a:1:/a")], &[known("a:2:/a")], &["a".into()]);
        let words = said[0].to_string();
        for part in [
            "Box folder 2 now",
            "not to Box folder 1",
            "stays",
            "nothing on Box is removed",
        ] {
            assert!(words.contains(part), "{part}: {words}");
        }
    }
}
