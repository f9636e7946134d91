//! What has moved on the disk moves on Box: by its ID, without its content.
//!
//! Right before each request both places are looked at again and the row is read again,
//! and it is on disk that Box is about to be asked. Asking twice is harmless: an item that
//! is there already stays there.

mod asking;
mod left;
mod ready;

pub(crate) use crate::agent::move_job::left::{take_up, take_up_all};

use crate::agent::context::Context;
use crate::agent::folder_job::{finish, root_of};
use crate::agent::job::{Ended, Key, Moves};
use crate::agent::move_job::ready::{Ready, ready, still};
use crate::agent::survey::Dir;
use crate::agent::tracker::{Looked, Tracker};
use crate::agent::{file_job, folder_job, root_job, run_name, twin};
use crate::model::deed::{self, Deed, ItemId};
use crate::model::ids::FolderId;
use crate::model::item::Obstacle;
use crate::model::name::RemoteName;
use crate::model::path::LocalName;
use crate::model::reason::{Failed, Parked};
use crate::model::stamp::Stamp;
use crate::model::trouble::Trouble;
use crate::plan::absence::Mark;
use crate::plan::action::{Action, Edit, FileWork, Moved, Moving};
use crate::plan::facts::Mapped;
use crate::plan::history::{Happening, What};
use crate::plan::moves::{self, Found, Item, Leg, MoveWork, Origin, Spot};
use crate::plan::queue::End;
use crate::plan::settle::{self, Effect, Settled};
use crate::plan::verdict::Verdict;
use crate::store::Store;
use crate::store::error::Error as StoreError;
use crate::store::reader::Reader;
use std::iter;
use std::sync::Arc;

/// How the name begins of what makes room in a circle.
const ASIDE: &str = ".boxup-moving-";

/// One job: its surroundings.
pub(crate) struct Job<'a> {
    pub(crate) context: &'a Arc<Context>,
    pub(crate) store: &'a Store,
    /// The entry's mirror and path.
    pub(crate) key: &'a Key,
    /// The directory in which it was found.
    pub(crate) dir: &'a Dir,
    pub(crate) work: &'a MoveWork,
}

/// How a leg ended.
enum Carried {
    /// Box has moved it.
    Done,
    /// The disk or the mapping has changed meanwhile.
    Changed,
    /// Box does not.
    Trouble(Trouble),
}

/// Looks into it once more, and moves.
pub(crate) async fn run(job: &Job<'_>) -> Result<Ended, StoreError> {
    let before = job.context.client.answers();
    let (hops, is_cycle) = match job.track().await? {
        Some((Found::Straight(hops), _)) => (hops, false),
        Some((Found::Cycle(hops), _)) => (hops, true),
        // It was found once more while it moved, and is there by now.
        Some((Found::New, true)) => {
            return job
                .stopped(Carried::Changed, Moves::default(), before)
                .await;
        }
        Some((Found::New, false)) => return job.otherwise().await,
        Some((Found::Later, _)) => {
            return Ok(Ended::Effect(Effect::Again(
                End::Failed(None),
                Failed::Changing,
            )));
        }
        None => return Ok(Ended::Effect(Effect::Vanished)),
    };
    if job.context.paused_among(&hops).is_some() {
        // It waits: the next look says so.
        return job
            .stopped(Carried::Changed, Moves::default(), before)
            .await;
    }
    let mut done = Moves::default();
    let mut aside: Option<Origin> = None;
    for leg in moves::itinerary(hops, is_cycle) {
        let (origin, from, to) = match leg {
            Leg::Aside(origin) => match job.step_aside(&origin).await? {
                Ok(stepped) => {
                    aside = Some(stepped);
                    continue;
                }
                Err(carried) => return job.stopped(carried, done, before).await,
            },
            Leg::To(hop) => {
                let stepped = aside.as_ref().filter(|a| a.item == hop.origin.item);
                let from = hop.origin.at.clone();
                (stepped.cloned().unwrap_or(hop.origin), from, hop.to)
            }
        };
        let item = origin.item.clone();
        match job.go(origin, &from, to.clone()).await? {
            Carried::Done => done.moved.push((item, from, to)),
            carried => return job.stopped(carried, done, before).await,
        }
    }
    job.arrived(done).await
}

impl Job<'_> {
    /// Follows the entry once more, and says whether the mapping has something under its
    /// name. `None`: it is not there any more.
    async fn track(&self) -> Result<Option<(Found, bool)>, StoreError> {
        let spot = self.work.at.clone();
        self.looking(move |context, reader, tracker| {
            let Looked::Object(object) = tracker.look(&spot, None) else {
                return Ok(None);
            };
            let is_dir = object.kind == rustix::fs::FileType::Directory;
            let mirror = &context.mirrors[spot.0];
            let root = reader.root(&mirror.name, &mirror.target_key())?;
            let entry = match root {
                Some(root) => reader.entry(root.key, &spot.1)?,
                None => None,
            };
            let is_taken = entry.is_some_and(|(_, name, mapped)| is_mapped(&mapped, &name));
            let inode = object.identity.inode;
            let found = tracker.follow(&spot, inode, is_dir, is_taken)?;
            Ok(Some((found, is_taken)))
        })
        .await
    }

    /// Looks at the disk and the mapping, on a thread that may wait.
    async fn looking<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Context, &Reader, &Tracker<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let context = Arc::clone(self.context);
        let looked = tokio::task::spawn_blocking(move || {
            let reader = context.readers.get()?;
            let tracker = Tracker::new(&context, &reader);
            look(&context, &reader, &tracker)
        });
        looked.await.unwrap_or(Err(StoreError::Closed))
    }

    /// One leg, if everything is still as it was found.
    async fn go(&self, origin: Origin, from: &Spot, to: Spot) -> Result<Carried, StoreError> {
        let ready = self
            .looking(move |context, reader, tracker| ready(context, reader, tracker, origin, to));
        let Some(mut ready) = ready.await? else {
            return Ok(Carried::Changed);
        };
        ready.told_from = Some(from.clone());
        let Some(remote) = self.remote_name(&ready) else {
            return Ok(Carried::Changed);
        };
        match self.move_to(&ready, &remote).await? {
            Ok(()) => Ok(Carried::Done),
            Err(Trouble::Gone(said)) => self.gone(&ready, remote, said).await,
            Err(trouble) => {
                let mirror = ready.to.0;
                let (dir, own) = (&ready.dir, &ready.name);
                let apart = twin::apart(self.context, mirror, dir, own, &remote, &trouble)?;
                let Some(apart) = apart else {
                    return Ok(Carried::Trouble(trouble));
                };
                let moved = self.move_to(&ready, &apart).await?;
                Ok(moved.map_or_else(Carried::Trouble, |()| Carried::Done))
            }
        }
    }

    /// Says so on disk, and moves it there under this name.
    async fn move_to(
        &self,
        ready: &Ready,
        remote: &RemoteName,
    ) -> Result<Result<(), Trouble>, StoreError> {
        if let Some(done) = self.done_before(ready).await? {
            return Ok(done);
        }
        let moving = Moving {
            item: ready.origin.item.clone(),
            dir: ready.dir.folder.key,
            name: ready.name.clone(),
            remote_name: remote.clone(),
        };
        let mut edits = self.deed(ready, remote)?;
        edits.push(Edit::Moving(Box::new(moving)));
        self.store.writer().apply(edits).await?;
        let moved = match self.ask(ready, remote).await {
            Ok(moved) => moved,
            Err(trouble) => {
                if is_untouched(&trouble) {
                    let edit = Edit::NotMoving(ready.origin.item.clone());
                    self.store.writer().apply(vec![edit]).await?;
                }
                return Ok(Err(trouble));
            }
        };
        self.made(moved, Some(ready)).await?;
        Ok(Ok(()))
    }

    /// An earlier try may have moved it without our hearing of it: Box is asked, once.
    async fn done_before(&self, ready: &Ready) -> Result<Option<Result<(), Trouble>>, StoreError> {
        let item = &ready.origin.item;
        let Some(left) = self.context.readers.get()?.moving_of(item)? else {
            return Ok(None);
        };
        let moved = match left::whereabouts(self.context, &left).await {
            Ok(Edit::Moved(moved)) => *moved,
            Ok(_) => return Ok(None),
            Err(trouble) => return Ok(Some(Err(trouble))),
        };
        let is_there = (moved.dir, &moved.name) == (ready.dir.folder.key, &ready.name);
        self.made(moved, Some(ready).filter(|_| is_there)).await?;
        Ok(Some(match is_there {
            true => Ok(()),
            // It has gone somewhere else before: from there it goes on.
            false => Err(Trouble::LocalChanged),
        }))
    }

    /// It has moved, and so its deed is done; this leg was made, if it was that.
    async fn made(&self, moved: Moved, leg: Option<&Ready>) -> Result<(), StoreError> {
        let note = match leg {
            Some(ready) => self.note(ready),
            None => self.context.note_move(&moved),
        };
        let moved = Edit::Moved(Box::new(moved));
        self.store
            .writer()
            .apply(iter::once(moved).chain(note).collect())
            .await?;
        self.context.run.of_deed();
        Ok(())
    }

    /// For the history; what only makes room has not arrived.
    fn note(&self, ready: &Ready) -> Option<Edit> {
        let (from, (mirror, path)) = (ready.told_from.as_ref()?, &ready.to);
        let item = match &ready.origin.item {
            Item::File(id) => ItemId::File(id.clone()),
            Item::Folder(_, id) => ItemId::Folder(id.clone()),
        };
        let happening = Happening {
            from: Some(self.context.named(from.clone())),
            ..Happening::new(What::Moved, item)
        };
        self.context
            .note(&self.context.mirrors[*mirror].name, path, happening)
    }

    /// What is needed to undo it, before Box is asked: a kill in between must leave it.
    fn deed(&self, ready: &Ready, remote: &RemoteName) -> Result<Vec<Edit>, StoreError> {
        let origin = &ready.origin;
        let was = ready.file.as_ref().map(|file| file.name.clone());
        let was = was.or_else(|| ready.known_as.clone());
        let parent = self.context.readers.get()?.folder(origin.dir)?;
        let (Some(name), Some(parent)) = (was, parent) else {
            return Ok(Vec::new());
        };
        let place = |parent: &FolderId, name| deed::Spot {
            parent: parent.clone(),
            name,
        };
        let deed = Deed {
            run: self.context.run.now(),
            mirror: self.context.mirrors[origin.at.0].name.clone(),
            path: origin.at.1.clone(),
            item: match &origin.item {
                Item::File(id) => ItemId::File(id.clone()),
                Item::Folder(_, id) => ItemId::Folder(id.clone()),
            },
            from: place(&parent.id, name),
            to: Some(place(&ready.dir.folder.id, remote.clone())),
        };
        let old = Mark::Prune(run_name::oldest_kept());
        let intend = Mark::Intend(Box::new(deed));
        Ok(vec![Edit::Mark(old), Edit::Mark(intend)])
    }

    /// The name on Box: as it is called there, if only its directory is another one.
    fn remote_name(&self, ready: &Ready) -> Option<RemoteName> {
        let policy = &self.context.mirrors[ready.to.0].policy;
        if ready.origin.name == ready.name {
            let known = ready.file.as_ref().map(|file| file.name.clone());
            return known.or_else(|| ready.known_as.clone());
        }
        // Its own old name is no other entry's that it must be told apart from.
        let own = policy.name_of(&ready.name).ok()?;
        let was = policy.name_of(&ready.origin.name).ok();
        let is_respelled = was.is_some_and(|was| was.sibling_key() == own.sibling_key());
        if is_respelled && ready.origin.dir == ready.dir.folder.key {
            return Some(own);
        }
        match self.work.otherwise.as_deref() {
            Some(Action::File(work)) if ready.to == self.work.at => Some(work.remote_name.clone()),
            Some(Action::Folder(work)) if ready.to == self.work.at => {
                Some(work.remote_name.clone())
            }
            _ => Some(own),
        }
    }

    /// The first of a cycle makes room.
    async fn step_aside(&self, origin: &Origin) -> Result<Result<Origin, Carried>, StoreError> {
        let random = format!("{:016x}", fastrand::u64(..));
        let aside = format!("{ASIDE}{random}");
        let (Some(name), Some((above, _))) =
            (LocalName::new(aside.as_bytes()), origin.at.1.split())
        else {
            return Ok(Err(Carried::Changed));
        };
        let asked = origin.clone();
        let dir = self.looking(move |_, reader, _| still(reader, &asked));
        let Some((folder, file)) = dir.await? else {
            return Ok(Err(Carried::Changed));
        };
        let stepped = Origin {
            name: name.clone(),
            at: (origin.at.0, above.join(&name)),
            ..origin.clone()
        };
        let ready = Ready {
            origin: origin.clone(),
            to: stepped.at.clone(),
            told_from: None,
            known_as: match &origin.item {
                Item::File(_) => None,
                Item::Folder(key, _) => {
                    let policy = &self.context.mirrors[origin.at.0].policy;
                    let row = self.context.readers.get()?.folder(*key)?;
                    let known_as = row.and_then(|row| row.name);
                    known_as.or_else(|| policy.name_of(&origin.name).ok())
                }
            },
            dir: Dir {
                path: above,
                folder,
            },
            name,
            file,
        };
        let remote_name = RemoteName::from_box(aside);
        Ok(match self.move_to(&ready, &remote_name).await? {
            Ok(()) => Ok(stepped),
            Err(Trouble::Gone(said)) => Err(self.gone(&ready, remote_name, said).await?),
            Err(trouble) => Err(Carried::Trouble(trouble)),
        })
    }

    /// Nothing has moved, or Box does not let it.
    async fn otherwise(&self) -> Result<Ended, StoreError> {
        let mirror = &self.context.mirrors[self.key.0];
        match self.work.otherwise.as_deref() {
            Some(Action::File(work)) => {
                file_job::run(self.context, self.store, mirror, self.dir, work).await
            }
            Some(Action::Folder(work)) => {
                folder_job::run(self.context, self.store, mirror, self.dir, work).await
            }
            Some(Action::Move(_)) | None => {
                let moves = Moves {
                    look: self.places(),
                    ..Moves::default()
                };
                Ok(Ended::Moved(
                    moves,
                    Box::new(Ended::Effect(Effect::Vanished)),
                ))
            }
        }
    }

    /// Everything is where it should be; the entry itself may hold something else now.
    /// The others of a row or a cycle have been or will be looked at themselves.
    async fn arrived(&self, mut done: Moves) -> Result<Ended, StoreError> {
        let then = match self.work.otherwise.as_deref() {
            Some(Action::File(work)) => Some(self.content(work).await?),
            Some(Action::Folder(work)) => {
                let reader = self.context.readers.get()?;
                let row = reader.child_folder(self.dir.folder.key, &work.name)?;
                let row = row.filter(|row| row.inventoried);
                row.map(|folder| Ended::FolderReady {
                    folder,
                    inventory: None,
                    report: None,
                })
            }
            Some(Action::Move(_)) | None => None,
        };
        if then.is_none() {
            done.look = self.places();
        }
        let then = then.unwrap_or(Ended::Effect(Effect::Vanished));
        Ok(Ended::Moved(done, Box::new(then)))
    }

    /// A rename moves a file's change time, so that its stamp does not tell any more
    /// whether it was written to as well.
    async fn content(&self, work: &FileWork) -> Result<Ended, StoreError> {
        let mirror = &self.context.mirrors[self.key.0];
        let name = std::slice::from_ref(&work.name);
        let mapped = self
            .context
            .readers
            .get()?
            .some(self.dir.folder.key, name)?;
        let is_in_doubt = !mapped.intents.is_empty() || !mapped.parked.is_empty();
        if let (Ok(root), Some(row)) = (mirror.open_root(), mapped.files.get(&work.name))
            && !is_in_doubt
            && let Ok(found) = file_job::Found::open(root, self.key.1.clone(), work).await
            && let Ok(hashed) = found.hash().await
            && hashed.sha1 == row.sha1
        {
            let edits = vec![Edit::Refresh {
                dir: self.dir.folder.key,
                name: work.name.clone(),
                stamp: hashed.stamp,
                hashed_at: hashed.at,
                provisional: hashed.stamp.is_young_at(hashed.at),
            }];
            let effect = Effect::Done(crate::plan::action::Report::Unchanged);
            return finish(self.store, Settled { edits, effect }).await;
        }
        file_job::run(self.context, self.store, mirror, self.dir, work).await
    }

    /// A leg was not made; those before it were.
    async fn stopped(
        &self,
        carried: Carried,
        done: Moves,
        before: u64,
    ) -> Result<Ended, StoreError> {
        let trouble = match carried {
            Carried::Trouble(trouble) => trouble,
            Carried::Done | Carried::Changed => {
                let moves = Moves {
                    look: self.places(),
                    ..done
                };
                let then = Ended::Effect(Effect::Vanished);
                return Ok(Ended::Moved(moves, Box::new(then)));
            }
        };
        let then = self.settle(trouble, before).await?;
        Ok(match done.moved.is_empty() {
            true => then,
            false => Ended::Moved(done, Box::new(then)),
        })
    }

    async fn settle(&self, trouble: Trouble, before: u64) -> Result<Ended, StoreError> {
        let stamp = self.stamp();
        let key = self.dir.folder.key;
        let park = |why| settle::parked(key, &self.work.name, why, stamp);
        let is_own = self.work.otherwise.is_some();
        let settled = match trouble {
            Trouble::NameTaken(said, who) => {
                let is_ours = match &who {
                    Some(who) => self.is_ours(who)?,
                    None => true,
                };
                match who.filter(|_| !is_ours && is_own) {
                    Some(who) => park(Parked::NameTaken(Obstacle::of(&who))),
                    // It is about to move on itself.
                    None => {
                        let effect = Effect::Again(End::Failed(None), Failed::Box(said));
                        return Ok(Ended::Effect(effect));
                    }
                }
            }
            Trouble::Gone(said) => {
                let mirror = &self.context.mirrors[self.key.0];
                let root = root_of(self.context, mirror)?;
                *mirror.seen.lock().await = false;
                if let Err(why) = root_job::check_once(self.context, mirror, &root).await {
                    let answered = self.context.client.answers() != before;
                    return Ok(root_job::ended(why, answered));
                }
                match is_own {
                    true => park(Parked::FolderGone(self.dir.folder.id.to_string())),
                    false => {
                        let effect = Effect::Again(End::Failed(None), Failed::Box(said));
                        return Ok(Ended::Effect(effect));
                    }
                }
            }
            // Whoever may not move may still be allowed to upload.
            Trouble::Refused(said) if is_own => {
                tracing::info!(path = %self.key.1, why = %said, "not moved");
                return self.otherwise().await;
            }
            other => {
                let verdict = Verdict::of(other);
                let answered = !verdict.is_silence() || self.context.is_heard(before).await;
                settle::verdict(key, &self.work.name, verdict, stamp, answered)
            }
        };
        finish(self.store, settled).await
    }

    /// Where to look because of this job.
    fn places(&self) -> Vec<Spot> {
        match self.work.is_all {
            true => self.work.hops.iter().map(|hop| hop.to.clone()).collect(),
            false => vec![self.work.at.clone()],
        }
    }

    fn is_ours(&self, who: &crate::model::item::Occupant) -> Result<bool, StoreError> {
        use crate::model::item::Occupant;
        let reader = self.context.readers.get()?;
        Ok(match who {
            Occupant::File(file) => reader.owner(&file.id)?.is_some(),
            Occupant::Folder(folder) => reader.folder_owner(&folder.id)?.is_some(),
            Occupant::Other { .. } => false,
        })
    }

    fn stamp(&self) -> Option<Stamp> {
        match self.work.otherwise.as_deref() {
            Some(Action::File(work)) => Some(work.stamp),
            _ => None,
        }
    }
}

/// Whether Box has certainly left it where it was.
fn is_untouched(trouble: &Trouble) -> bool {
    matches!(
        trouble,
        Trouble::NameTaken(..) | Trouble::Refused(_) | Trouble::Locked(_)
    )
}

fn is_mapped(mapped: &Mapped, name: &LocalName) -> bool {
    mapped.files.contains_key(name) || mapped.folders.contains_key(name)
}

fn vanished() -> Trouble {
    Trouble::NoAnswer("the file's row has gone".to_owned())
}
