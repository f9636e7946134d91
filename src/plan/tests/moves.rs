//! Moves on paper: what a trail comes to, and a simulation of random trees and renames in
//! which every object must end where it is, under the ID that it had.

use super::{identity, name};
use crate::model::ids::{FileId, FolderId, FolderKey};
use crate::model::path::RelPath;
use crate::plan::moves::{Found, Item, Leg, Origin, Spot, There, Trail, itinerary};
use std::collections::BTreeMap;

fn path(text: &str) -> RelPath {
    let parts = text.split('/').filter(|part| !part.is_empty());
    parts.fold(RelPath::root(), |path, part| path.join(&name(part)))
}

fn spot(text: &str) -> Spot {
    (0, path(text))
}

/// What the mapping has at a place; directories are written in capitals.
fn origin(at: &str) -> Origin {
    let last = at.rsplit('/').next().unwrap_or(at);
    let is_dir = last.chars().all(char::is_uppercase);
    let item = match is_dir {
        true => Item::Folder(FolderKey(9), FolderId::new(at)),
        false => Item::File(FileId::new(at)),
    };
    Origin {
        item,
        dir: FolderKey(1),
        name: name(last),
        at: spot(at),
        identity: identity(1),
    }
}

/// Follows the entry `to`, which was at the first of these places; `there` tells what each
/// place holds in turn: `-` nothing, `!` a stranger, `/` a strange directory, `?` unknown,
/// or where that has come from.
fn follow(to: &str, is_taken: bool, from: &str, there: &[&str]) -> String {
    let mut trail = Trail::new(spot(to), is_taken, origin(from));
    for what in there {
        let told = match *what {
            "-" => There::Nothing,
            "!" => There::Stranger { is_dir: false },
            "/" => There::Stranger { is_dir: true },
            "?" => There::Unknown,
            at => There::Moved(origin(at)),
        };
        let Some(found) = trail.told(told) else {
            continue;
        };
        let tell = |hops: &[crate::plan::moves::Hop]| {
            let hop = |hop: &crate::plan::moves::Hop| format!("{}>{}", hop.origin.at.1, hop.to.1);
            hops.iter().map(hop).collect::<Vec<_>>().join(" ")
        };
        return match &found {
            Found::New => "new".to_owned(),
            Found::Later => "later".to_owned(),
            Found::Straight(hops) => tell(hops),
            Found::Cycle(hops) => format!("circle {}", tell(hops)),
        };
    }
    "goes on".to_owned()
}

#[test]
fn a_trail_ends_where_something_is_empty_unknown_or_closed() {
    for (to, is_taken, from, there, expected) in [
        ("b", false, "a", vec!["-"], "a>b"),
        ("c", false, "b", vec!["a", "-"], "b>c a>b"),
        ("c", false, "b", vec!["a"], "goes on"),
        // What has the name may have moved as well.
        ("b", true, "a", vec!["-"], "later"),
        ("a", true, "b", vec!["a"], "circle b>a a>b"),
        ("a", true, "b", vec!["c", "a"], "circle b>a c>b a>c"),
        // A backup: the old name keeps its file.
        ("f~", false, "f", vec!["!"], "new"),
        ("log.2", false, "log.1", vec!["log", "!"], "log.1>log.2"),
        ("log.1", true, "log", vec!["!"], "later"),
        // Another kind cannot keep it.
        ("b", false, "a", vec!["/"], "a>b"),
        ("B", false, "A", vec!["!"], "A>B"),
        ("B", false, "A", vec!["/"], "new"),
        ("b", false, "a", vec!["?"], "later"),
        // Two names claim one place: nobody guesses.
        ("c", false, "b", vec!["a", "b"], "b>c"),
    ] {
        let found = follow(to, is_taken, from, &there);
        assert_eq!(found, expected, "{to} from {from}, {there:?}");
    }
}

#[test]
fn of_a_circle_the_highest_steps_aside() {
    let mut trail = Trail::new(spot("A"), true, origin("A/B"));
    let Some(Found::Cycle(hops)) = trail.told(There::Moved(origin("A"))) else {
        panic!("it is a circle");
    };
    let legs: Vec<String> = itinerary(hops, true)
        .iter()
        .map(|leg| match leg {
            Leg::Aside(origin) => format!("{}>aside", origin.at.1),
            Leg::To(hop) => format!("{}>{}", hop.origin.at.1, hop.to.1),
        })
        .collect();
    assert_eq!(legs, ["A>aside", "A/B>A", "A>A/B"]);
}

/// Objects by place: on the disk, and where the mapping, and Box with it, has them.
#[derive(Clone, Debug, Default)]
struct World {
    disk: BTreeMap<String, u64>,
    rows: BTreeMap<String, u64>,
    next: u64,
}

impl World {
    fn random(random: &mut fastrand::Rng) -> World {
        let mut world = World::default();
        for number in 0..random.u64(1..12) {
            let place = random_place(random);
            world.disk.entry(place).or_insert(number);
        }
        world.next = 100;
        world.rows = world.disk.clone();
        world
    }

    /// A person's doing. Returns whether nothing but renames to free names happened.
    fn disturb(&mut self, random: &mut fastrand::Rng) -> bool {
        let places: Vec<String> = self.disk.keys().cloned().collect();
        let Some(from) = random.choice(&places) else {
            return true;
        };
        let to = random_place(random);
        match random.u8(..10) {
            0 => {
                let object = self.disk.remove(from);
                self.disk.extend(object.map(|object| (to, object)));
                false
            }
            1 => {
                self.disk.insert(from.clone(), self.next);
                self.next += 1;
                false
            }
            2 => {
                self.disk.remove(from);
                false
            }
            3 | 4 => {
                // Two names change places.
                let (a, b) = (self.disk.get(from).copied(), self.disk.get(&to).copied());
                if let (Some(a), Some(b)) = (a, b) {
                    self.disk.insert(from.clone(), b);
                    self.disk.insert(to, a);
                }
                true
            }
            _ if !self.disk.contains_key(&to) => {
                let object = self.disk.remove(from);
                self.disk.extend(object.map(|object| (to, object)));
                true
            }
            _ => true,
        }
    }

    /// Where the mapping has an object, unless it still is there.
    fn origin_of(&self, object: u64, at: &str) -> Option<Origin> {
        let mut places = self.rows.iter().filter(|(_, row)| **row == object);
        let (place, _) = places.next()?;
        (place != at && self.disk.get(place) != Some(&object)).then(|| origin(place))
    }

    fn follow(&self, place: &str, object: u64) -> Found {
        let Some(first) = self.origin_of(object, place) else {
            return Found::New;
        };
        let is_taken = self.rows.contains_key(place);
        let mut trail = Trail::new(spot(place), is_taken, first);
        loop {
            let at = trail.next().map(|origin| origin.at.1.to_string());
            let at = at.expect("there is an origin");
            let there = match self.disk.get(&at) {
                None => There::Nothing,
                Some(object) => match self.origin_of(*object, &at) {
                    Some(origin) => There::Moved(origin),
                    None => There::Stranger { is_dir: false },
                },
            };
            if let Some(found) = trail.told(there) {
                return found;
            }
        }
    }

    /// Box and the mapping: every name must be free when something goes there.
    fn go(&mut self, hops: Vec<crate::plan::moves::Hop>, is_cycle: bool) {
        let mut aside = None;
        for leg in itinerary(hops, is_cycle) {
            match leg {
                Leg::Aside(origin) => {
                    let row = self.rows.remove(&origin.at.1.to_string());
                    aside = row.map(|row| (origin, row));
                }
                Leg::To(hop) => {
                    let from = hop.origin.at.1.to_string();
                    let stepped = aside.take_if(|(origin, _)| *origin == hop.origin);
                    let row = match stepped {
                        Some((_, row)) => Some(row),
                        None => self.rows.remove(&from),
                    };
                    let row = row.expect("it is there to be moved");
                    let taken = self.rows.insert(hop.to.1.to_string(), row);
                    assert_eq!(taken, None, "a taken name: {hop:?}");
                }
            }
        }
    }

    /// One pass: every entry in some order, what is put off last.
    fn pass(&mut self, random: &mut fastrand::Rng) {
        let mut places: Vec<String> = self.disk.keys().cloned().collect();
        random.shuffle(&mut places);
        for is_last in [false, true] {
            let mut put_off = Vec::new();
            for place in places {
                let object = self.disk[&place];
                if self.rows.get(&place) == Some(&object) {
                    continue;
                }
                match self.follow(&place, object) {
                    Found::Straight(hops) => self.go(hops, false),
                    Found::Cycle(hops) => self.go(hops, true),
                    Found::Later if !is_last => put_off.push(place),
                    // Uploaded: as a new file, or as a version of what has the name.
                    Found::New | Found::Later => drop(self.rows.insert(place, object)),
                }
            }
            places = put_off;
        }
    }
}

fn random_place(random: &mut fastrand::Rng) -> String {
    let name = char::from(b'a' + random.u8(..8));
    match random.bool() {
        true => format!("d/{name}"),
        false => name.to_string(),
    }
}

#[test]
fn whatever_is_renamed_everything_ends_where_it_is() {
    for seed in 0..5_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut world = World::random(&mut random);
        let before = world.rows.clone();
        let mut is_renamed_only = true;
        for _ in 0..random.u8(1..12) {
            is_renamed_only &= world.disturb(&mut random);
        }
        world.pass(&mut random);
        for (place, object) in &world.disk {
            assert_eq!(world.rows.get(place), Some(object), "seed {seed}: {place}");
        }
        if is_renamed_only {
            // Nothing was uploaded and nothing is left over: each row has just moved.
            let sorted = |rows: &BTreeMap<String, u64>| {
                let mut objects: Vec<u64> = rows.values().copied().collect();
                objects.sort_unstable();
                objects
            };
            assert_eq!(sorted(&world.rows), sorted(&before), "seed {seed}");
            assert_eq!(world.rows, world.disk, "seed {seed}");
        }
        let again = world.rows.clone();
        world.pass(&mut random);
        assert_eq!(
            world.rows, again,
            "seed {seed}: a second pass has something to do"
        );
    }
}
