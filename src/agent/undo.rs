//! `boxup undo`: what a run put into the trash comes back, what it moved goes back, as far
//! as Box can still do it. The last deed first, so that a folder is there before what was
//! in it.

use crate::agent::context::Context;
use crate::agent::move_job::take_up_all;
use crate::agent::run::{Fatal, Parts};
use crate::config::Config;
use crate::model::deed::{Deed, ItemId, Spot};
use crate::model::ids::FolderId;
use crate::model::name::RemoteName;
use crate::model::path::LocalName;
use crate::model::trouble::Trouble;
use crate::plan::absence::Mark;
use crate::plan::action::Edit;
use crate::plan::history::{Happening, What};
use crate::remote::changes::FolderChange;
use crate::remote::client::BoxClient;
use crate::store::Store;
use crate::store::error::Error as StoreError;
use crate::store::lock::Role;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use std::time::Duration;

/// Tries of one request while Box is not to be had.
const TRIES: u32 = 4;
/// The first wait between two; it doubles.
const WAIT: Duration = Duration::from_secs(1);
/// Longer than this nobody waits because Box asks for it.
const LONGEST: Duration = Duration::from_secs(60);
/// So many runs are named to who asks for one that there is not.
const NAMED: u32 = 10;

/// What became of a deed.
#[derive(Debug)]
enum Undone {
    /// It is where it was.
    Back,
    /// It cannot be undone; why, for machines and for people.
    Left(&'static str, String),
    /// Nobody lets us in, or nobody answers: nothing else can be undone either.
    Stop(Trouble),
}

/// What came of an undo, for the control socket and for programs; alone, or beside the jobs
/// of a service.
pub(crate) async fn run(
    context: &Context,
    store: &Store,
    run: &str,
    is_alone: bool,
) -> Result<Value, StoreError> {
    // What a run that was killed has left in doubt. What is under way, its job settles.
    let is_past = is_alone || context.run.now() != run;
    let mut left = Vec::new();
    if is_past {
        left = context.readers.get()?.moving_in(run)?;
        // If Box is in the way, each deed says so itself.
        drop(take_up_all(context, store, &left).await?);
    }
    let reader = context.readers.get()?;
    let deeds = reader.deeds(run)?;
    if deeds.is_empty() && left.is_empty() {
        let runs = reader.runs(NAMED)?;
        return Ok(json!({ "result": "unknown", "run": run, "runs": runs }));
    }
    drop(reader);
    let mut items = Vec::new();
    let mut stop = None;
    for (number, deed, done) in &deeds {
        if stop.is_some() {
            items.push(item(
                deed,
                "left",
                Some(("not_reached", "not reached".to_owned())),
            ));
            continue;
        }
        let undone = match &deed.to {
            None => restore(&context.client, deed).await,
            Some(to) => move_back(&context.client, deed, to).await,
        };
        match undone {
            Undone::Back => {
                let mut edits = vec![Edit::Mark(Mark::Undone(*number))];
                edits.extend(note(context, deed));
                if is_past && !done && deed.to.is_none() {
                    edits.extend(forget(context, &deed.item)?);
                }
                store.writer().apply(edits).await?;
                let word = if deed.to.is_none() {
                    "restored"
                } else {
                    "moved_back"
                };
                items.push(item(deed, word, None));
            }
            Undone::Left(code, why) => items.push(item(deed, "left", Some((code, why)))),
            Undone::Stop(trouble) => {
                let why = said(&trouble);
                items.push(item(deed, "left", Some(("box_error", why.clone()))));
                let is_access = matches!(trouble, Trouble::Unauthorized(_));
                stop = Some(json!({ "message": why, "access": is_access }));
            }
        }
    }
    let mut value = json!({ "result": "undone", "run": run, "items": items });
    if let Some(stop) = stop {
        value["stop"] = stop;
    }
    Ok(value)
}

/// For the history.
fn note(context: &Context, deed: &Deed) -> Option<Edit> {
    let what = match deed.to {
        None => What::Restored,
        Some(_) => What::MovedBack,
    };
    let happening = Happening::new(what, deed.item.clone());
    context.note(&deed.mirror, &deed.path, happening)
}

/// What a delete that was heard of has told the mapping: without this, the next pass would
/// find the entry gone, and trash it again.
fn forget(context: &Context, item: &ItemId) -> Result<Option<Edit>, StoreError> {
    let reader = context.readers.get()?;
    let (owner, is_file) = match item {
        ItemId::File(id) => (reader.owner(id)?, true),
        ItemId::Folder(id) => (reader.folder_owner(id)?, false),
    };
    Ok(owner.and_then(|(dir, name)| {
        let name = LocalName::new(&name)?;
        Some(Edit::Mark(match is_file {
            true => Mark::ForgetFile(dir, name),
            false => Mark::ForgetFolder(dir, name),
        }))
    }))
}

fn item(deed: &Deed, event: &str, why: Option<(&str, String)>) -> Value {
    let mut item = json!({
        "event": event, "mirror": deed.mirror, "path": deed.path.to_string(),
        "type": deed.item.kind(), "id": deed.item.as_str(),
    });
    if let Some((code, message)) = why {
        item["reason"] = json!(code);
        item["message"] = json!(message);
    }
    item
}

async fn restore(client: &BoxClient, deed: &Deed) -> Undone {
    let parent = Some(&deed.from.parent);
    let restore = || -> BoxFuture<'_, Result<(), Trouble>> {
        match &deed.item {
            ItemId::File(id) => {
                Box::pin(async move { client.restore_file(id, None, parent).await.map(drop) })
            }
            ItemId::Folder(id) => {
                Box::pin(async move { client.restore_folder(id, None, parent).await.map(drop) })
            }
        }
    };
    match patiently(restore).await {
        Ok(()) => Undone::Back,
        Err(Trouble::Gone(_)) => match find(client, &deed.item).await {
            // Somebody was faster, or it was never trashed.
            Ok(_) => Undone::Back,
            Err(Trouble::Gone(_)) => Undone::Left(
                "not_in_trash",
                "Box's trash does not hold it any more".to_owned(),
            ),
            Err(trouble) => left(trouble),
        },
        Err(trouble) => left(trouble),
    }
}

async fn move_back(client: &BoxClient, deed: &Deed, to: &Spot) -> Undone {
    let (name, parent) = match find(client, &deed.item).await {
        Ok(found) => found,
        Err(Trouble::Gone(_)) => {
            let why = "it is not on Box any more, or in the trash".to_owned();
            return Undone::Left("gone_from_box", why);
        }
        Err(trouble) => return left(trouble),
    };
    let from = &deed.from;
    let is_at = |spot: &Spot| {
        name.is_spelled_like(&spot.name) && parent.as_ref().is_none_or(|at| *at == spot.parent)
    };
    if is_at(from) {
        return Undone::Back;
    }
    if !is_at(to) {
        let why = "somebody has moved or renamed it since".to_owned();
        return Undone::Left("changed_on_box", why);
    }
    let renames = !name.is_spelled_like(&from.name);
    let moves = to.parent != from.parent;
    let change = || -> BoxFuture<'_, Result<(), Trouble>> {
        Box::pin(change(client, &deed.item, from, renames, moves))
    };
    match patiently(change).await {
        Ok(()) => Undone::Back,
        Err(trouble) => left(trouble),
    }
}

async fn change(
    client: &BoxClient,
    item: &ItemId,
    to: &Spot,
    renames: bool,
    moves: bool,
) -> Result<(), Trouble> {
    match item {
        ItemId::File(id) => {
            let (name, parent) = (Some(&to.name), Some(&to.parent));
            let (name, parent) = (name.filter(|_| renames), parent.filter(|_| moves));
            client.change_file(id, name, parent, None).await?;
        }
        ItemId::Folder(id) => {
            // Box refuses both at once.
            if moves {
                let there = FolderChange::Move(&to.parent);
                client.change_folder(id, there, None).await?;
            }
            if renames {
                let named = FolderChange::Rename(&to.name);
                client.change_folder(id, named, None).await?;
            }
        }
    }
    Ok(())
}

async fn find(
    client: &BoxClient,
    item: &ItemId,
) -> Result<(RemoteName, Option<FolderId>), Trouble> {
    let find = || -> BoxFuture<'_, Result<_, Trouble>> {
        Box::pin(async move {
            match item {
                ItemId::File(id) => {
                    let found = client.find_file(id).await?;
                    Ok((found.item.name, found.parent))
                }
                ItemId::Folder(id) => {
                    let found = client.find_folder(id).await?;
                    Ok((found.item.name, found.parent))
                }
            }
        })
    };
    patiently(find).await
}

fn left(trouble: Trouble) -> Undone {
    match trouble {
        Trouble::NameTaken(..) => Undone::Left(
            "name_taken",
            "something else has its name there now: rename or move that, then undo again"
                .to_owned(),
        ),
        Trouble::Unauthorized(_)
        | Trouble::NoAnswer(_)
        | Trouble::Later(..)
        | Trouble::Throttled(..) => Undone::Stop(trouble),
        other => Undone::Left("box_error", said(&other)),
    }
}

fn said(trouble: &Trouble) -> String {
    match (trouble, trouble.said()) {
        (_, Some(said)) => said.to_string(),
        (Trouble::NoAnswer(what), None) => format!("no answer from Box: {what}"),
        (_, None) => "Box is in the way".to_owned(),
    }
}

/// Asks until Box answers with something that waiting does not change.
async fn patiently<'a, T>(
    mut ask: impl FnMut() -> BoxFuture<'a, Result<T, Trouble>>,
) -> Result<T, Trouble> {
    let mut wait = WAIT;
    for _ in 1..TRIES {
        let asked = match ask().await {
            Err(Trouble::NoAnswer(_)) => None,
            Err(
                Trouble::Later(_, after) | Trouble::Busy(_, after) | Trouble::Throttled(_, after),
            ) => after,
            other => return other,
        };
        tokio::time::sleep(asked.unwrap_or(wait).min(LONGEST)).await;
        wait *= 2;
    }
    ask().await
}

/// Undoes where no service runs.
pub(crate) async fn alone(config: &Config, name: &str) -> Result<Value, Fatal> {
    let parts = Parts::open(config, Role::Command)?;
    let context = parts.context();
    let undone = run(&context, parts.store(), name, true).await;
    drop(context);
    parts.close().await;
    Ok(undone?)
}
