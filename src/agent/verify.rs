//! `boxup verify`: looks at the disk, the mapping and Box's listings, directory by
//! directory, and tells where they have drifted apart. Nothing is changed, no lock is
//! taken, nothing is downloaded; only files whose stamps have changed are read.

use crate::agent::context::{Context, Mirror};
use crate::agent::preview;
use crate::agent::root_job::{self, Unusable};
use crate::local::descent::Descent;
use crate::local::error::Error as LocalError;
use crate::local::{hash, scan};
use crate::model::ids::{FolderId, FolderKey};
use crate::model::item::Occupant;
use crate::model::path::{LocalName, RelPath};
use crate::model::stamp::Tolerated;
use crate::model::trouble::Trouble;
use crate::plan::comparison::{self, Below, Comparison, Drift, Drifted, Unlisted};
use crate::plan::facts::{DirFacts, Inventory, Mapped};
use crate::plan::guard;
use crate::store::error::Error as StoreError;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What a verification found, as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verified {
    /// Files that agree.
    pub(crate) agree: u64,
    /// Was on Box, and is not there any more.
    pub(crate) missing: u64,
    /// Box holds something else.
    pub(crate) changed: u64,
    /// On Box, and not on the disk.
    pub(crate) extra: u64,
    /// Not sent in its present state.
    pub(crate) pending: u64,
    /// The same, and parked.
    pub(crate) parked: u64,
    /// Could not be read here.
    pub(crate) unread: u64,
}

impl Verified {
    /// Whether disk and Box are the same.
    pub(crate) fn is_in_sync(&self) -> bool {
        let unsent = self.pending + self.parked;
        self.missing + self.changed + self.extra + unsent + self.unread == 0
    }

    /// Of both.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            agree: self.agree + other.agree,
            missing: self.missing + other.missing,
            changed: self.changed + other.changed,
            extra: self.extra + other.extra,
            pending: self.pending + other.pending,
            parked: self.parked + other.parked,
            unread: self.unread + other.unread,
        }
    }

    fn count(&mut self, drift: &Drift) {
        match drift {
            Drift::Missing => self.missing += 1,
            Drift::Changed => self.changed += 1,
            Drift::Ours | Drift::Foreign => self.extra += 1,
            Drift::Pending => self.pending += 1,
            Drift::Parked(_) => self.parked += 1,
            Drift::Unread(_) => self.unread += 1,
        }
    }
}

/// Why a mirror could not be verified.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// Its root, here or on Box, cannot be used; or Box is in the way.
    Root(Unusable),
    /// The mapping cannot be read.
    Store(StoreError),
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Trouble> for Stopped {
    fn from(trouble: Trouble) -> Self {
        Self::Root(Unusable::Trouble(trouble))
    }
}

impl From<Unusable> for Stopped {
    fn from(why: Unusable) -> Self {
        Self::Root(why)
    }
}

/// An entry that has drifted, with its place.
pub(crate) struct Told<'a> {
    /// Where it is.
    pub(crate) path: RelPath,
    /// How, and what there is on Box.
    pub(crate) drifted: &'a Drifted,
    /// The folder that it is in.
    pub(crate) folder: Option<&'a FolderId>,
}

/// A directory to compare.
#[derive(Clone, Debug)]
struct Dir {
    path: RelPath,
    key: Option<FolderKey>,
    folder: Option<FolderId>,
}

/// Compares a mirror, with so many directories under way at once.
pub(crate) async fn verify(
    context: &Arc<Context>,
    number: usize,
    width: usize,
    tell: &mut (dyn FnMut(Told<'_>) + Send),
) -> Result<Verified, Stopped> {
    let mirror = &context.mirrors[number];
    mirror.open_root().map_err(Unusable::Halt)?;
    let mut waiting = vec![root(context, mirror).await?];
    let mut running = FuturesUnordered::new();
    let mut total = Verified::default();
    loop {
        while running.len() < width
            && let Some(dir) = waiting.pop()
        {
            running.push(directory(context, number, dir));
        }
        let Some(done) = running.next().await else {
            return Ok(total);
        };
        let (dir, found) = done?;
        total.agree += found.agree;
        for drifted in &found.drifted {
            total.count(&drifted.drift);
            let name = drifted.name.as_ref();
            let path = name.map_or_else(|| dir.path.clone(), |name| dir.path.join(name));
            tell(Told {
                path,
                drifted,
                folder: dir.folder.as_ref(),
            });
        }
        let below = found.below.into_iter().rev();
        waiting.extend(below.map(|Below { name, key, folder }| Dir {
            path: dir.path.join(&name),
            key,
            folder,
        }));
    }
}

/// The mirror's root, and its folder as far as there is one.
async fn root(context: &Context, mirror: &Mirror) -> Result<Dir, Stopped> {
    let known = {
        let reader = context.readers.get()?;
        reader.root(&mirror.name, &mirror.target_key())?
    };
    let folder = match &known {
        Some(root) => Some(root.id.clone()),
        None => preview::find(context, &mirror.target).await?,
    };
    if let Some(folder) = &folder {
        root_job::check_once(context, mirror, folder).await?;
    }
    Ok(Dir {
        path: RelPath::root(),
        key: known.map(|root| root.key),
        folder,
    })
}

/// One directory. What seems to have drifted is looked at twice: an upload that ends in
/// between changes all three sides one after the other.
async fn directory(
    context: &Arc<Context>,
    number: usize,
    dir: Dir,
) -> Result<(Dir, Comparison), Stopped> {
    let mut found = look(context, number, &dir).await?;
    let is_transient = |drifted: &Drifted| !matches!(drifted.drift, Drift::Unread(_));
    if found.drifted.iter().any(is_transient) && dir.folder.is_some() {
        let before: BTreeSet<Option<LocalName>> =
            found.drifted.drain(..).map(|one| one.name).collect();
        let again = look(context, number, &dir).await?;
        found = again;
        let settled = |one: &Drifted| before.contains(&one.name);
        found.drifted.retain(settled);
    }
    Ok((dir, found))
}

async fn look(context: &Arc<Context>, number: usize, dir: &Dir) -> Result<Comparison, Stopped> {
    let (inventory, is_gone) = match &dir.folder {
        None => (Inventory::default(), false),
        Some(folder) => match context.client.list_folder(folder).await {
            Ok(items) => (Inventory::new(items), false),
            Err(Trouble::Gone(_)) if !dir.path.is_root() => (Inventory::default(), true),
            Err(trouble) => return Err(trouble.into()),
        },
    };
    let (shared, at) = (Arc::clone(context), dir.clone());
    let compared =
        tokio::task::spawn_blocking(move || compare(&shared, number, &at, inventory)).await;
    let mut found = match compared {
        Ok(found) => found?,
        Err(ended) => std::panic::resume_unwind(ended.into_panic()),
    };
    for unlisted in std::mem::take(&mut found.unlisted) {
        let missing = Drifted {
            name: Some(unlisted.name.clone()),
            drift: Drift::Missing,
            item: Some(unlisted.id.as_str().to_owned()),
        };
        match is_gone {
            true => found.drifted.push(missing),
            false => one_by_one(context, unlisted, missing, &mut found).await?,
        }
    }
    let reader = context.readers.get()?;
    for item in std::mem::take(&mut found.unclaimed) {
        let owner = match &item {
            Occupant::File(file) => reader.owner(&file.id)?,
            Occupant::Folder(folder) => reader.folder_owner(&folder.id)?,
            Occupant::Other { .. } => None,
        };
        // What somebody moved on Box is followed by its ID.
        if owner.is_none() {
            found.drifted.push(foreign(&item));
        }
    }
    Ok(found)
}

/// A file that may have been moved, or renamed, on Box.
async fn one_by_one(
    context: &Context,
    unlisted: Unlisted,
    missing: Drifted,
    found: &mut Comparison,
) -> Result<(), Stopped> {
    let drift = match context.client.read_file(&unlisted.id).await {
        Ok(file) if file.sha1 == Some(unlisted.sha1) => {
            found.agree += 1;
            return Ok(());
        }
        Ok(_) if !unlisted.is_sent => Drift::Pending,
        Ok(_) => Drift::Changed,
        Err(Trouble::Gone(_)) => Drift::Missing,
        Err(trouble) => return Err(trouble.into()),
    };
    found.drifted.push(Drifted { drift, ..missing });
    Ok(())
}

fn foreign(item: &Occupant) -> Drifted {
    let id = match item {
        Occupant::File(file) => file.id.as_str(),
        Occupant::Folder(folder) => folder.id.as_str(),
        Occupant::Other { id, .. } => id,
    };
    Drifted {
        name: LocalName::new(item.name().as_str().as_bytes()),
        drift: Drift::Foreign,
        item: Some(id.to_owned()),
    }
}

/// The disk and the mapping, against the listing.
fn compare(
    context: &Context,
    number: usize,
    dir: &Dir,
    inventory: Inventory,
) -> Result<Comparison, Stopped> {
    let mirror = &context.mirrors[number];
    let root = mirror.open_root().map_err(Unusable::Halt)?;
    // The mapping is read after Box and before the disk: what is sent meanwhile is then
    // drift in the first look only.
    let mapped = match dir.key {
        Some(key) => context.readers.get()?.children(key)?,
        None => Mapped::default(),
    };
    let mut descent = Descent::new(Arc::clone(&mirror.rules));
    let listed = descent
        .level(&root, &dir.path)
        .and_then(|level| match level.shut() {
            Some(_) => Ok(None),
            None => scan::list(&root, &dir.path, level).map(Some),
        });
    let local = match listed {
        Ok(Some(local)) => local,
        // Left out as a whole: what was sent of it before stays.
        Ok(None) => return Ok(Comparison::default()),
        Err(LocalError::Missing(_) | LocalError::NotDirectory(_)) if !dir.path.is_root() => {
            return Ok(Comparison::default());
        }
        Err(error) => return Ok(unread(dir, &error)),
    };
    let facts = DirFacts {
        local,
        complete: true,
        mapped,
        inventory: Some(inventory),
        restless: BTreeSet::new(),
        now: crate::clock::nanos(),
        steady: crate::clock::steady(),
    };
    if dir.path.is_root() {
        guard::check_root(&facts).map_err(Unusable::Halt)?;
    }
    let mut digests = crate::plan::facts::Digests::new();
    for name in comparison::suspects(&facts, &mirror.policy) {
        if context.cancelled.load(Ordering::Relaxed) {
            break;
        }
        let path = dir.path.join(&name);
        let digest = hash::hash(&root, &path, crate::clock::nanos(), Tolerated::Nothing);
        digests.insert(name, digest);
    }
    Ok(comparison::compare(&facts, &digests, &mirror.policy))
}

/// A directory that cannot be read: nothing is said about what is in it.
fn unread(dir: &Dir, error: &LocalError) -> Comparison {
    let drifted = Drifted {
        name: None,
        drift: Drift::Unread(error.to_string()),
        item: dir.folder.as_ref().map(|folder| folder.as_str().to_owned()),
    };
    Comparison {
        drifted: vec![drifted],
        ..Comparison::default()
    }
}
