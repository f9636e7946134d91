//! Who stands where: lanes, ranks, and the order within one lane.

use crate::plan::policy::CHUNKED_FROM;
use std::collections::BTreeMap;

/// Jobs of different lanes do not wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Lane {
    /// Making and listing folders.
    Folders,
    /// Sending files of up to [`CHUNKED_FROM`] bytes.
    Files,
    /// Sending larger files: minutes each, so that small ones do not wait behind them.
    Large,
}

impl Lane {
    /// All of them, in the order in which they are served.
    pub(crate) const ALL: [Self; 3] = [Self::Folders, Self::Files, Self::Large];
    /// Those whose jobs are files.
    pub(crate) const SENDING: [Self; 2] = [Self::Files, Self::Large];

    /// Stable, for machines.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Folders => "folders",
            Self::Files => "files",
            Self::Large => "large",
        }
    }

    /// Whether its jobs are files.
    pub(crate) fn sends(self) -> bool {
        self != Self::Folders
    }
}

/// Why a job is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// Somebody asks for it now.
    Asked,
    /// Somebody has just saved it.
    Fresh,
    /// A look at everything has found it, or a change of a great many files at once.
    Backfill,
}

impl Rank {
    /// All of them, in the order in which they are served.
    pub(crate) const ALL: [Self; 3] = [Self::Asked, Self::Fresh, Self::Backfill];

    /// The rank of what is left for a further look: who has asked for a directory has asked
    /// for all of it, and nobody else waits for a great many.
    pub(crate) fn of_the_rest(self) -> Self {
        match self {
            Self::Asked => Self::Asked,
            Self::Fresh | Self::Backfill => Self::Backfill,
        }
    }
}

/// What a job's place in its lane follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// Which lane.
    pub(crate) lane: Lane,
    /// Which rank in it.
    pub(crate) rank: Rank,
    /// How many jobs of its lane and rank that come later may start before it.
    pub(crate) lets_pass: u64,
}

impl Ticket {
    /// For a folder.
    pub(crate) fn folder(rank: Rank) -> Self {
        Self {
            lane: Lane::Folders,
            rank,
            lets_pass: 0,
        }
    }

    /// For a file of this size. The larger it is, the more others may overtake it, but
    /// never more than [`MOST_OVERTAKING`].
    pub(crate) fn file(size: u64, rank: Rank) -> Self {
        let (lane, step) = match size >= CHUNKED_FROM {
            true => (Lane::Large, CHUNKED_FROM),
            false => (Lane::Files, CHUNKED_FROM / MOST_OVERTAKING),
        };
        Self {
            lane,
            rank,
            lets_pass: (size / step).min(MOST_OVERTAKING),
        }
    }
}

/// Small first, as long as nobody starves.
const MOST_OVERTAKING: u64 = 100;
/// After so many fresh jobs in a row one of the backfill starts: a directory in which
/// something is saved all the time does not keep it from ever ending.
const MOST_FRESH_IN_A_ROW: u32 = 3;

/// A place in a line: what is compared first, and a number that nobody else has.
pub(super) type Place = (u64, u64);

/// The place of the job that came as the `serial`-th.
pub(super) fn place(ticket: &Ticket, serial: u64) -> Place {
    (serial.saturating_add(ticket.lets_pass), serial)
}

/// The jobs of one lane that could start.
#[derive(Debug)]
pub(super) struct Line<K> {
    /// How many of the lane may run at once, and how many do.
    pub(super) width: usize,
    pub(super) running: usize,
    asked: BTreeMap<Place, K>,
    fresh: BTreeMap<Place, K>,
    backfill: BTreeMap<Place, K>,
    fresh_in_a_row: u32,
}

impl<K> Line<K> {
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            running: 0,
            asked: BTreeMap::new(),
            fresh: BTreeMap::new(),
            backfill: BTreeMap::new(),
            fresh_in_a_row: 0,
        }
    }

    pub(super) fn insert(&mut self, rank: Rank, at: Place, key: K) {
        self.of(rank).insert(at, key);
    }

    pub(super) fn remove(&mut self, rank: Rank, at: Place) -> Option<K> {
        self.of(rank).remove(&at)
    }

    /// Takes out the first of the ranks that are open.
    pub(super) fn pop(&mut self, is_open: impl Fn(Rank) -> bool) -> Option<K> {
        let is_long = self.fresh_in_a_row >= MOST_FRESH_IN_A_ROW;
        let order = match is_long {
            true => [Rank::Asked, Rank::Backfill, Rank::Fresh],
            false => Rank::ALL,
        };
        let mut ranks = order.into_iter().filter(|rank| is_open(*rank));
        ranks.find_map(|rank| self.of(rank).pop_first().map(|(_, key)| key))
    }

    /// A job of this rank has started.
    pub(super) fn started(&mut self, rank: Rank) {
        self.running += 1;
        self.fresh_in_a_row = match rank {
            Rank::Asked => self.fresh_in_a_row,
            Rank::Fresh => self.fresh_in_a_row.saturating_add(1),
            Rank::Backfill => 0,
        };
    }

    pub(super) fn retain(&mut self, stays: impl Fn(&K) -> bool) {
        self.asked.retain(|_, key| stays(key));
        self.fresh.retain(|_, key| stays(key));
        self.backfill.retain(|_, key| stays(key));
    }

    fn of(&mut self, rank: Rank) -> &mut BTreeMap<Place, K> {
        match rank {
            Rank::Asked => &mut self.asked,
            Rank::Fresh => &mut self.fresh,
            Rank::Backfill => &mut self.backfill,
        }
    }
}
