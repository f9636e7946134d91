//! Conflicts: what happens to one, and where ours goes when both are to be kept.

use crate::model::digest::Sha1Digest;
use crate::model::item::Seen;
use crate::model::name::{LONGEST, LONGEST_ENDING, RemoteName, split_ending};
use crate::model::reason::DOUBTED;
use crate::model::stamp::Stamp;
use crate::plan::facts::{Local, ParkedItem};
use crate::plan::policy::OnForeign;

/// What a person wants done about a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Ours becomes a new version on top of theirs.
    Local,
    /// Theirs stays, and ours is not sent before it changes.
    Box,
    /// Ours becomes a file of its own beside theirs.
    Both,
}

/// A person's decision. It is good for what was seen on Box and for nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    /// What is wanted.
    pub(crate) keep: Keep,
    /// What was shown.
    pub(crate) seen: Seen,
    /// The local content that was left out for [`Keep::Box`], once that was done: it is
    /// not sent, whatever happens to the file's times.
    pub(crate) left: Option<Sha1Digest>,
}

impl Keep {
    /// The word for it, on the command line and in the mapping.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Box => "box",
            Self::Both => "both",
        }
    }

    /// What the word says.
    pub(crate) fn of(word: &str) -> Option<Self> {
        let all = [Self::Local, Self::Box, Self::Both];
        all.into_iter().find(|keep| keep.word() == word)
    }
}

/// What is done about a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A new version on top.
    Over,
    /// A file of its own.
    Beside,
    /// Nothing, and that is settled.
    Leave,
    /// Nothing, and it waits.
    Park,
}

/// What is done about what was `found` on Box. A decision stands above the policy. One
/// that was made about another state of Box is no reason to fall back on the policy: a
/// person was asked, and is to be asked again. `shown` is the local file as it was when the
/// conflict was told.
pub(crate) fn way(
    policy: OnForeign,
    decision: Option<&Decision>,
    shown: Option<&Stamp>,
    ours: &Local,
    found: &Seen,
) -> Way {
    let is_as_shown = shown.is_some_and(|shown| shown.same_file_state(&ours.stamp));
    // What has been left out counts no longer when something else is here now.
    let is_other = |left| ours.hashed.is_some_and(|hashed| hashed.sha1 != left);
    let counts = |decision: &&Decision| !decision.left.is_some_and(is_other);
    match decision.filter(counts) {
        Some(decision) if decision.seen == *found => match decision.keep {
            Keep::Local => Way::Over,
            Keep::Both => Way::Beside,
            Keep::Box if decision.left.is_some() || is_as_shown => Way::Leave,
            // Later work is not left out by a decision about earlier work.
            Keep::Box => Way::Park,
        },
        Some(_) => Way::Park,
        None => match policy {
            OnForeign::NewVersion => Way::Over,
            OnForeign::KeepBoth => Way::Beside,
            OnForeign::Park => Way::Park,
        },
    }
}

/// The reasons for which an item is parked that are conflicts, by their code.
pub(crate) const CODES: [&str; 6] = [
    "differs_on_box",
    "changed_on_box",
    "gone_from_box",
    DOUBTED,
    "name_taken",
    "folder_gone",
];

/// Why a parked item cannot be decided like this, if so: a sentence with the next step.
pub(crate) fn refusal(item: &ParkedItem, keep: Keep) -> Option<String> {
    let code = item.code.as_str();
    if !CODES.contains(&code) {
        return Some(format!("it is no conflict but waits: {}", item.message));
    }
    let is_directory = item.stamp.is_none();
    let way_out = match (code, keep) {
        ("folder_gone", _) => "nothing to choose from",
        ("name_taken", _) if is_directory => "it is a directory, and there are no two of them",
        ("name_taken", Keep::Local | Keep::Box) => {
            "ours cannot become a version of that; --keep both puts it beside it"
        }
        _ => return None,
    };
    Some(format!("{}: {way_out}", item.message))
}

/// Names that are tried before it is given up.
pub(crate) const MOST_BESIDE: u32 = 20;

/// The name of ours beside theirs: `report (boxup).pdf`, then `report (boxup 2).pdf`.
///
/// It follows from the name alone, so that a run that remembers nothing looks in the same
/// places and finds what is there.
pub(crate) fn beside(name: &RemoteName, number: u32) -> RemoteName {
    let mark = match number {
        0 => return name.clone(),
        1 => " (boxup)".to_owned(),
        number => format!(" (boxup {number})"),
    };
    let (stem, ending) = split_ending(name.as_str());
    let room = LONGEST.saturating_sub(mark.chars().count() + ending.chars().count());
    let stem: String = stem.chars().take(room).collect();
    RemoteName::from_box(format!("{stem}{mark}{ending}"))
}

/// What a name and all names beside it have in common, so that they can take turns: two
/// at once could each find a name free, or take the other's file for their own.
pub(crate) fn family(name: &str) -> String {
    let (mut stem, ending) = split_ending(name);
    while let Some(shorter) = unmarked(stem) {
        stem = shorter;
    }
    // A name beside a long one has lost its end.
    let stem: String = stem.chars().take(LONGEST - 2 * LONGEST_ENDING).collect();
    stem + ending
}

/// A stem without its last mark.
fn unmarked(stem: &str) -> Option<&str> {
    let inner = stem.strip_suffix(')')?;
    let inner = inner.trim_end_matches(|c: char| c.is_ascii_digit());
    let inner = inner.trim_end_matches(' ');
    inner.strip_suffix(" (boxup")
}
