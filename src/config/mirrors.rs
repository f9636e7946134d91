//! `[[mirror]]`: which directory goes to which folder.

use crate::config::file::MirrorTable;
use crate::config::pace::span;
use crate::config::problem::{Place, Problems};
use crate::config::reader::{Entry, State};
use crate::config::resolve::{World, choice, nonempty, path};
use crate::config::wording::MAX_DELETES;
use crate::config::{Mirror, Target, selection};
use crate::model::ids::FolderId;
use crate::model::mounts::Spot;
use crate::model::name::RemoteName;
use crate::model::path::{LocalName, confuses};
use crate::model::rules::Selection;
use crate::plan::brake::MaxDeletes;
use crate::plan::policy::{OnDelete, OnForeign, OnInvalidName};
use std::cmp::Ordering;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

const POLICIES: &[(&str, OnForeign)] = &[
    ("new_version", OnForeign::NewVersion),
    ("park", OnForeign::Park),
    ("keep_both", OnForeign::KeepBoth),
];

const INVALID_NAMES: &[(&str, OnInvalidName)] = &[
    ("park", OnInvalidName::Park),
    ("encode", OnInvalidName::Encode),
];

/// The upper bound keeps "now plus this" far from the end of the clock.
const VERSIONS: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(30 * 86_400);

/// One mirror as far as it is right, so that mirrors can be compared although another
/// part of them is wrong.
struct Draft<'a> {
    table: &'a MirrorTable,
    name: Option<String>,
    local: Option<PathBuf>,
    real: Option<PathBuf>,
    spots: Vec<Spot>,
    target: Option<Target>,
    selection: Option<Selection>,
    on_existing: Option<OnForeign>,
    on_remote_change: Option<OnForeign>,
    on_invalid_name: Option<OnInvalidName>,
    min_version_interval: Option<Duration>,
    on_delete: Option<OnDelete>,
}

/// All mirrors, or `None` when something about them is wrong.
pub(super) fn resolve(
    tables: &Entry<Vec<MirrorTable>>,
    world: &World<'_>,
    problems: &mut Problems,
) -> Option<Vec<Mirror>> {
    let tables = match &tables.state {
        State::Bad => return None,
        State::Set(tables) if !tables.is_empty() => tables,
        State::Set(_) | State::Missing => {
            problems.add(
                &tables.place,
                "there is no [[mirror]], so there is nothing to do",
                "add [[mirror]] with local and folder_id; sync.example.toml shows it",
            );
            return None;
        }
    };
    let drafts: Vec<Draft<'_>> = tables
        .iter()
        .map(|table| draft(table, world, problems))
        .collect();
    for (index, later) in drafts.iter().enumerate() {
        for earlier in &drafts[..index] {
            compare(earlier, later, problems);
        }
    }
    drafts.into_iter().map(Draft::finish).collect()
}

fn draft<'a>(table: &'a MirrorTable, world: &World<'_>, problems: &mut Problems) -> Draft<'a> {
    let remedy = "name the directory to mirror: local = \"/srv/reports\"";
    let local = if table.local.is_missing() {
        nonempty(&table.local, remedy, problems).map(PathBuf::from)
    } else {
        path(&table.local, world, problems)
    };
    let real = local.as_deref().map(world.real_path);
    Draft {
        table,
        name: name(table, local.as_deref(), problems),
        spots: real.as_deref().map(world.spots).unwrap_or_default(),
        real,
        local,
        target: target(table, problems),
        selection: selection::resolve(table, world, problems),
        on_existing: choice(
            &table.on_existing,
            POLICIES,
            Some(OnForeign::NewVersion),
            problems,
        ),
        on_remote_change: choice(
            &table.on_remote_change,
            POLICIES,
            Some(OnForeign::Park),
            problems,
        ),
        on_invalid_name: choice(
            &table.on_invalid_name,
            INVALID_NAMES,
            Some(OnInvalidName::Park),
            problems,
        ),
        min_version_interval: span(
            &table.min_version_interval,
            Duration::ZERO,
            &VERSIONS,
            problems,
        ),
        on_delete: on_delete(table, problems),
    }
}

impl Draft<'_> {
    fn finish(self) -> Option<Mirror> {
        Some(Mirror {
            name: self.name?,
            local: self.local?,
            target: self.target?,
            selection: self.selection?,
            on_existing: self.on_existing?,
            on_remote_change: self.on_remote_change?,
            on_invalid_name: self.on_invalid_name?,
            min_version_interval: self.min_version_interval?,
            on_delete: self.on_delete?,
        })
    }

    /// Where the name comes from: its own key, or `local`.
    fn name_place(&self) -> &Place {
        if self.table.name.is_missing() {
            return &self.table.local.place;
        }
        &self.table.name.place
    }

    fn target_place(&self) -> &Place {
        if self.table.folder_id.is_missing() {
            return &self.table.folder_path.place;
        }
        &self.table.folder_id.place
    }
}

/// What is deleted on the disk, and how much of it goes without asking.
fn on_delete(table: &MirrorTable, problems: &mut Problems) -> Option<OnDelete> {
    const TENTH: MaxDeletes = MaxDeletes::Percent(10);
    let limit = match &table.max_deletes.state {
        State::Missing => Some(TENTH),
        State::Bad => None,
        State::Set(text) => {
            let limit = max_deletes(text);
            if limit.is_none() {
                let what = format!("{text:?} is neither a share of the files nor a number of them");
                problems.add(&table.max_deletes.place, what, MAX_DELETES);
            }
            limit
        }
    };
    let words = [("keep", false), ("trash", true)];
    let trashes = choice(&table.on_local_delete, &words, Some(false), problems)?;
    let limit = limit?;
    Some(match trashes {
        true => OnDelete::Trash(limit),
        false => OnDelete::Keep,
    })
}

fn max_deletes(text: &str) -> Option<MaxDeletes> {
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    match text.strip_suffix('%') {
        Some(share) => {
            let share = share.parse().ok().filter(|_| digits(share))?;
            (share <= 100).then_some(MaxDeletes::Percent(share))
        }
        None => text
            .parse()
            .ok()
            .filter(|_| digits(text))
            .map(MaxDeletes::Number),
    }
}

fn name(table: &MirrorTable, local: Option<&Path>, problems: &mut Problems) -> Option<String> {
    let remedy = "give it a name: name = \"reports\"";
    if table.name.is_missing() {
        let last = local?.file_name().and_then(|name| name.to_str());
        if last.is_none() {
            let what = "the mirror has no name, and local has no last component to take it from";
            problems.add(&table.local.place, what, remedy);
        }
        return last.and_then(|name| one_line(name, &table.local.place, problems));
    }
    let name = nonempty(&table.name, remedy, problems)?;
    one_line(&name, &table.name.place, problems)
}

fn one_line(name: &str, place: &Place, problems: &mut Problems) -> Option<String> {
    if name.contains(confuses) {
        let what = "a mirror's name (the last component of local, if it has none of its own) is \
                    shown in one line: it has no control characters and none that cannot be seen";
        problems.add(place, what, "give it a name: name = \"reports\"");
        return None;
    }
    Some(name.to_owned())
}

fn target(table: &MirrorTable, problems: &mut Problems) -> Option<Target> {
    let remedy = "set folder_id to the number in the folder's address on Box \
                  (https://app.box.com/folder/123456789), or folder_path to a path such as \
                  \"/Archive/Reports\"";
    match (table.folder_id.is_missing(), table.folder_path.is_missing()) {
        (false, true) => folder_id(&table.folder_id, problems),
        (true, false) => folder_path(&table.folder_path, problems),
        (true, true) => {
            let what = "neither folder_id nor folder_path says where on Box it goes";
            problems.add(&table.place, what, remedy);
            None
        }
        (false, false) => {
            let what = "folder_id and folder_path are both set";
            problems.add(&table.folder_path.place, what, "keep one of the two");
            None
        }
    }
}

fn folder_id(entry: &Entry<String>, problems: &mut Problems) -> Option<Target> {
    let id = entry.get()?;
    if !id.is_empty() && id.chars().all(|c| c.is_ascii_digit()) {
        return Some(Target::Id(FolderId::new(id.as_str())));
    }
    problems.add(
        &entry.place,
        format!("{id:?} is no folder ID: those are digits only"),
        "take the number at the end of the folder's address on Box: \
         https://app.box.com/folder/123456789 has folder_id = \"123456789\"",
    );
    None
}

fn folder_path(entry: &Entry<String>, problems: &mut Problems) -> Option<Target> {
    let text = entry.get()?;
    let example = "write it like folder_path = \"/Archive/Reports\"";
    let Some(inner) = text.strip_prefix('/') else {
        let what = format!("{text:?} does not begin with /");
        problems.add(&entry.place, what, example);
        return None;
    };
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    if inner.is_empty() {
        problems.add(
            &entry.place,
            "it names no folder",
            format!("{example}, or folder_id = \"0\" for everything the account has"),
        );
        return None;
    }
    let mut names = Vec::new();
    for part in inner.split('/') {
        let reason = match LocalName::new(part.as_bytes()) {
            None => "Box has no folder of that name".to_owned(),
            Some(name) => match RemoteName::for_local(&name) {
                Ok(name) => {
                    names.push(name);
                    continue;
                }
                Err(error) => error.to_string(),
            },
        };
        let what = format!("{part:?} cannot be a folder on Box: {reason}");
        problems.add(&entry.place, what, example);
        return None;
    }
    Some(Target::Path(names))
}

/// Two mirrors must not share a name, a file or a folder on Box.
fn compare(earlier: &Draft<'_>, later: &Draft<'_>, problems: &mut Problems) {
    if let (Some(a), Some(b)) = (&earlier.name, &later.name)
        && a == b
    {
        let other = at(earlier.name_place());
        let what = format!("{b:?} is the name of the mirror{other} too");
        let remedy = "give one of them another name: name = \"…\"";
        problems.add(later.name_place(), what, remedy);
    }
    if let (Some(a), Some(b)) = (&earlier.real, &later.real) {
        let other = at(&earlier.table.local.place);
        let what = if a == b {
            Some(format!("the mirror{other} has the same directory"))
        } else if b.starts_with(a) {
            Some(format!("it lies inside the directory of the mirror{other}"))
        } else if a.starts_with(b) {
            Some(format!("the directory of the mirror{other} lies inside it"))
        } else if is_shared(earlier, later) {
            Some(format!(
                "it shares directories with that of the mirror{other}, by a bind mount"
            ))
        } else {
            None
        };
        if let Some(what) = what {
            let remedy = "a file goes to one place: keep the outer mirror, or choose directories \
                          beside each other";
            problems.add(&later.table.local.place, what, remedy);
        }
    }
    if let (Some(a), Some(b)) = (&earlier.target, &later.target) {
        let other = at(earlier.target_place());
        let what = match overlap(a, b) {
            None => return,
            Some(Ordering::Equal) => format!("the mirror{other} goes to the same folder"),
            Some(Ordering::Less) => {
                format!("this folder lies in the one that the mirror{other} goes to")
            }
            Some(Ordering::Greater) => {
                format!("the folder that the mirror{other} goes to lies in this one")
            }
        };
        let remedy = "give each mirror a folder of its own, beside the others";
        problems.add(later.target_place(), what, remedy);
    }
}

fn is_shared(a: &Draft<'_>, b: &Draft<'_>) -> bool {
    a.spots
        .iter()
        .any(|a| b.spots.iter().any(|b| a.overlaps(b)))
}

fn at(place: &Place) -> String {
    place
        .line
        .map_or_else(String::new, |line| format!(" of line {line}"))
}

/// How two targets meet: the first is the same as the second, around it (less), or in it
/// (greater). Box takes names that differ only in case for the same. Whether an ID and a
/// path lead to one folder is known only when Box has been asked.
fn overlap(a: &Target, b: &Target) -> Option<Ordering> {
    match (a, b) {
        (Target::Id(a), Target::Id(b)) => (a == b).then_some(Ordering::Equal),
        (Target::Path(a), Target::Path(b)) => {
            let same = a
                .iter()
                .zip(b)
                .all(|(a, b)| a.sibling_key() == b.sibling_key());
            same.then(|| a.len().cmp(&b.len()))
        }
        (Target::Id(_), Target::Path(_)) | (Target::Path(_), Target::Id(_)) => None,
    }
}
