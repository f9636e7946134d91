//! What has moved where, followed from a new name back to where it was, and the order in
//! which Box can be asked for it.
//!
//! An entry whose object the mapping knows under another name, where that object is not
//! any more, has moved. Its old name may hold another object that has moved there, and so
//! on: a *trail*. It ends at a name that is empty, or closes to a cycle. One rule for what
//! is doubtful: a name that is there before and after, with an object that nobody knows,
//! keeps its file on Box. So a backup made by renaming is the new file, and what was
//! written anew under the old name is the new version.

use crate::model::identity::Identity;
use crate::model::ids::{FileId, FolderId, FolderKey};
use crate::model::path::{LocalName, RelPath};
use crate::plan::action::Action;

/// A path in a mirror, which is given by its place in the configuration.
pub(crate) type Spot = (usize, RelPath);

/// What moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// A file on Box.
    File(FileId),
    /// A folder on Box with all that is in it, and the mapping's key of it.
    Folder(FolderKey, FolderId),
}

impl Item {
    fn is_folder(&self) -> bool {
        matches!(self, Self::Folder(..))
    }
}

/// Where the mapping has an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// What it is on Box.
    pub(crate) item: Item,
    /// Its directory in the mapping.
    pub(crate) dir: FolderKey,
    /// Its name there.
    pub(crate) name: LocalName,
    /// The same as a path.
    pub(crate) at: Spot,
    /// Which object it is.
    pub(crate) identity: Identity,
}

/// One move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    /// What moves, and from where.
    pub(crate) origin: Origin,
    /// Where it is now.
    pub(crate) to: Spot,
}

/// What an origin's place holds now. The object itself it does not: then it is no origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum There {
    /// Nothing.
    Nothing,
    /// Another object, which the mapping has elsewhere.
    Moved(Origin),
    /// Another object, which the mapping does not know.
    Stranger {
        /// Whether it is a directory.
        is_dir: bool,
    },
    /// It cannot be told.
    Unknown,
}

/// What a trail comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The entry has not moved.
    New,
    /// These moves, in this order: each finds its name free.
    Straight(Vec<Hop>),
    /// Each takes the name of the next, the last that of the first.
    Cycle(Vec<Hop>),
    /// What has the entry's name on Box may have moved as well, but where to is not known
    /// yet; or a place cannot be looked at.
    Later,
}

/// More moves in a row than this are taken apart.
const LONGEST: usize = 1_000;

/// A trail that is being followed.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    is_taken: bool,
    hops: Vec<Hop>,
}

impl Trail {
    /// Of the entry `to`, whose object the mapping has at `origin`. `is_taken` tells that
    /// the mapping has something else under the entry's own name.
    pub(crate) fn new(to: Spot, is_taken: bool, origin: Origin) -> Self {
        let hops = vec![Hop { origin, to }];
        Self { is_taken, hops }
    }

    /// The origin whose place is to be looked at.
    pub(crate) fn next(&self) -> Option<&Origin> {
        self.hops.last().map(|hop| &hop.origin)
    }

    /// What is there. `None`: look at the next.
    pub(crate) fn told(&mut self, there: There) -> Option<Found> {
        let (Some(first), Some(last)) = (self.hops.first(), self.hops.last()) else {
            return Some(Found::New);
        };
        match there {
            There::Unknown => Some(Found::Later),
            There::Nothing => self.ends(),
            // A file's name is vacated by a directory, and the other way round.
            There::Stranger { is_dir } if is_dir != last.origin.item.is_folder() => self.ends(),
            There::Moved(next) if next.at == first.to && self.is_taken => {
                let to = last.origin.at.clone();
                self.hops.push(Hop { origin: next, to });
                Some(Found::Cycle(std::mem::take(&mut self.hops)))
            }
            There::Moved(next) if self.is_known(&next) || self.hops.len() >= LONGEST => self.cut(),
            There::Moved(next) => {
                let to = last.origin.at.clone();
                self.hops.push(Hop { origin: next, to });
                None
            }
            There::Stranger { .. } => self.cut(),
        }
    }

    fn is_known(&self, origin: &Origin) -> bool {
        let is_it = |hop: &Hop| hop.origin.at == origin.at || hop.to == origin.at;
        self.hops.iter().any(is_it)
    }

    /// The last origin keeps its file. What is under the first name is new, then; but what
    /// had the name may have moved.
    fn cut(&mut self) -> Option<Found> {
        self.hops.pop();
        match self.hops.is_empty() && !self.is_taken {
            true => Some(Found::New),
            false => self.ends(),
        }
    }

    fn ends(&mut self) -> Option<Found> {
        Some(match self.is_taken {
            true => Found::Later,
            false => Found::Straight(std::mem::take(&mut self.hops)),
        })
    }
}

/// One request, or, for a folder that gets another name and another parent, two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Leg {
    /// To its place.
    To(Hop),
    /// Out of the way, under a name that nothing else has: the first of a cycle.
    Aside(Origin),
}

/// The order in which no move meets a taken name, and no folder goes into itself.
pub(crate) fn itinerary(hops: Vec<Hop>, is_cycle: bool) -> Vec<Leg> {
    if !is_cycle {
        return hops.into_iter().map(Leg::To).collect();
    }
    // What is highest steps aside: nothing that comes after can be above it.
    let depth = |hop: &Hop| hop.origin.at.1.components().count();
    let first = (0..hops.len()).min_by_key(|at| depth(&hops[*at]));
    let first = first.unwrap_or_default();
    let mut legs = Vec::with_capacity(hops.len() + 1);
    legs.extend(hops.get(first).map(|hop| Leg::Aside(hop.origin.clone())));
    let (until, from) = hops.split_at((first + 1).min(hops.len()));
    legs.extend(from.iter().chain(until).cloned().map(Leg::To));
    legs
}

/// A move to be looked into once more, and made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MoveWork {
    /// The entry where the trail begins; of a cycle, the first of its places.
    pub(crate) at: Spot,
    /// Its name.
    pub(crate) name: LocalName,
    /// What was found.
    pub(crate) hops: Vec<Hop>,
    /// Whether all of its places are to be looked at afterwards, and not just the first:
    /// the first was not looked at itself.
    pub(crate) is_all: bool,
    /// What is to be done if nothing has moved after all, or if Box does not let it move.
    pub(crate) otherwise: Option<Box<Action>>,
}

/// The work for a trail that was followed from `spot`; `None` if nothing has moved.
pub(crate) fn work(spot: &Spot, found: Found, action: Option<Action>) -> Option<MoveWork> {
    let (hops, at, otherwise) = match found {
        Found::Straight(hops) => (hops, spot.clone(), action.map(Box::new)),
        Found::Cycle(hops) => {
            let first = hops.iter().map(|hop| &hop.to).min();
            let at = first.cloned().unwrap_or_else(|| spot.clone());
            (hops, at, None)
        }
        Found::New | Found::Later => return None,
    };
    let (_, name) = at.1.split()?;
    Some(MoveWork {
        is_all: at != *spot,
        at,
        name,
        hops,
        otherwise,
    })
}
