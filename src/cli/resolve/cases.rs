//! What is to be decided: from paths to conflicts, or to how it stands instead.

use crate::agent::conflicts;
use crate::agent::engine::{Order, Shown};
use crate::cli::args::ResolveArgs;
use crate::cli::resolve::places;
use crate::cli::slip;
use crate::cli::wording::printable_path;
use crate::config::Local;
use crate::model::path::LocalName;
use crate::plan::conflict::{Keep, refusal};
use crate::plan::facts::{Mapped, ParkedItem};
use crate::store::error::Error as StoreError;
use crate::store::peek;
use crate::store::reader::Reader;
use std::path::{Path, PathBuf};

/// One decision, and the conflict that it is about.
pub(super) struct Case {
    /// What is to be done.
    pub(super) order: Order,
    /// What it is about.
    pub(super) item: ParkedItem,
}

/// Why nothing was done.
pub(super) enum Refused {
    /// The command line is about nothing that can be decided.
    Usage(String),
    /// The mapping cannot be read.
    Store(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What is to be decided.
pub(super) fn cases(local: &Local, args: &ResolveArgs) -> Result<Vec<Case>, Refused> {
    if args.seen.is_some() && args.paths.len() > 1 {
        let what = "--seen is about one file: give one PATH with it";
        return Err(Refused::Usage(what.to_owned()));
    }
    if let Some(mirror) = &args.mirror {
        return whole_mirror(local, mirror, args.keep);
    }
    let reader = peek(&local.state_dir)?;
    let one = |path: &PathBuf| case(local, &reader, path, args);
    args.paths.iter().map(one).collect()
}

/// Every conflict of a mirror that can be decided like this.
fn whole_mirror(local: &Local, name: &str, keep: Keep) -> Result<Vec<Case>, Refused> {
    let of: Vec<_> = local
        .mirrors
        .iter()
        .filter(|one| one.name == name)
        .collect();
    let [mirror] = of[..] else {
        let known = local.mirrors.iter().map(|mirror| mirror.name.as_str());
        return Err(Refused::Usage(slip::no_mirror(name, known)));
    };
    let found = conflicts::recorded(&local.state_dir, std::slice::from_ref(mirror))?;
    let decidable = found
        .into_iter()
        .filter(|conflict| refusal(&conflict.item, keep).is_none());
    let case = |conflict: conflicts::Conflict| Case {
        order: Order {
            mirror: conflict.mirror,
            path: conflict.path,
            keep,
            shown: None,
        },
        item: conflict.item,
    };
    Ok(decidable.map(case).collect())
}

fn case(local: &Local, reader: &Reader, path: &Path, args: &ResolveArgs) -> Result<Case, Refused> {
    let mut standing = None;
    let places = places::of(local, path).into_iter();
    for (number, below) in places.filter(|(_, below)| !below.is_root()) {
        let mirror = &local.mirrors[number];
        let entry = match reader.root(&mirror.name, &mirror.target.key())? {
            Some(root) => reader.entry(root.key, &below)?,
            None => None,
        };
        let item = entry
            .as_ref()
            .and_then(|(_, name, mapped)| mapped.parked.get(name));
        let why_not = item.map(|item| refusal(item, args.keep));
        if let (Some(item), Some(None)) = (item, &why_not) {
            let order = Order {
                mirror: mirror.name.clone(),
                path: below,
                keep: args.keep,
                shown: args.seen.as_deref().map(Shown::of),
            };
            let item = item.clone();
            return Ok(Case { order, item });
        }
        let how = why_not.flatten().unwrap_or_else(|| {
            let known = entry.as_ref().map(|(_, name, mapped)| (name, mapped));
            stands(known)
        });
        standing.get_or_insert(format!("{}/{below}: {how}", mirror.name));
    }
    let shown = printable_path(path);
    Err(Refused::Usage(standing.unwrap_or_else(|| {
        format!("{shown} is in no mirror; there is {}", places::names(local))
    })))
}

/// How an entry stands that is no conflict.
fn stands(known: Option<(&LocalName, &Mapped)>) -> String {
    let Some((name, mapped)) = known else {
        return "boxup has not looked at it yet: `boxup sync` does".to_owned();
    };
    let decision = mapped.decisions.get(name);
    if decision.is_some_and(|decision| decision.left.is_some()) {
        return "it is decided already: Box's copy stays until the local file changes".to_owned();
    }
    match mapped.files.get(name) {
        Some(file) => {
            let version = file
                .version
                .as_ref()
                .map(|version| format!(", version {version}"));
            let version = version.unwrap_or_default();
            format!(
                "it is no conflict: it was last sent as file {}{version}",
                file.id
            )
        }
        None if mapped.folders.contains_key(name) => "it is a directory".to_owned(),
        None => "boxup knows of no conflict there: `boxup conflicts` lists them".to_owned(),
    }
}
