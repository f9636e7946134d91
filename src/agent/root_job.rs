//! A mirror's root folder on Box: found, or made where the configuration names a path.

use crate::agent::context::{Context, Mirror};
use crate::agent::job::Ended;
use crate::agent::notice::Ending;
use crate::config::Target;
use crate::model::ids::FolderId;
use crate::model::item::Occupant;
use crate::model::name::RemoteName;
use crate::model::reason::Failed;
use crate::model::trouble::Trouble;
use crate::plan::facts::Inventory;
use crate::plan::guard::Halt;
use crate::plan::queue::End;
use crate::plan::settle::{self, Effect};
use crate::plan::verdict::Verdict;
use crate::remote::client::BoxClient;
use crate::store::Store;
use crate::store::error::Error as StoreError;
use crate::store::mirrors::{Holder, NewRoot};
use std::time::Duration;

/// Finds or makes the root folder, checks that it can be used, and lists it where it
/// was never compared.
pub(crate) async fn run(
    context: &Context,
    store: &Store,
    mirror: &Mirror,
) -> Result<Ended, StoreError> {
    let client = &context.client;
    let before = client.answers();
    let key = mirror.target_key();
    let known = context.readers.get()?.root(&mirror.name, &key)?;
    let (id, is_new, is_own) = match &known {
        Some(root) => (root.id.clone(), false, false),
        None => match find_or_make(context, &mirror.target).await {
            Ok(found) => found,
            Err(why) => return Ok(ended(why, client.answers() != before)),
        },
    };
    if let Err(why) = check(context, mirror, &id).await {
        return Ok(ended(why, client.answers() != before));
    }
    if known.is_none() {
        let (name, target) = (mirror.name.clone(), key.clone());
        let configured = context.configured.clone();
        let root = NewRoot {
            mirror: name,
            target,
            id: id.clone(),
            is_new,
            configured,
        };
        if let Holder::Mirror(other) = store.writer().put_root(root).await? {
            let what = format!(
                "Box folder {id} belongs to mirror {other:?} already, as its root or somewhere in \
                 it: give this mirror another folder"
            );
            return Ok(Ended::Effect(Effect::Halt(Halt::Misconfigured(what))));
        }
        if is_own && client.acts_as_service_account() {
            warn_of_own_root(client, &mirror.name).await;
        }
    }
    let root = context
        .readers
        .get()?
        .root(&mirror.name, &key)?
        .ok_or(StoreError::Closed)?;
    let inventory = if root.inventoried {
        None
    } else {
        match client.list_folder(&id).await {
            Ok(items) => Some(Inventory::new(items)),
            Err(trouble) => return Ok(ended(trouble.into(), client.answers() != before)),
        }
    };
    Ok(Ended::FolderReady {
        folder: root,
        inventory,
        report: None,
    })
}

/// Why a root cannot be used now.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// A person must act.
    Halt(Halt),
    /// Box is in the way.
    Trouble(Trouble),
}

impl From<Trouble> for Unusable {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// The end of a job that could not use the root.
pub(crate) fn ended(why: Unusable, answered: bool) -> Ended {
    let trouble = match why {
        Unusable::Halt(halt) => return Ended::Effect(Effect::Halt(halt)),
        Unusable::Trouble(trouble) => trouble,
    };
    Ended::Effect(match Verdict::of(trouble) {
        Verdict::Unauthorized(said) => Effect::Unauthorized(said),
        Verdict::Throttled(after) => settle::throttled(after),
        Verdict::Retry {
            after,
            failed,
            answered: this_one,
        } => settle::again(after, failed, this_one || answered),
        Verdict::Busy { after, failed } => Effect::Again(End::Busy(after), failed),
        Verdict::Park(why) => Effect::Halt(Halt::FolderInvisible(why.to_string())),
        Verdict::Full(said) => Effect::Halt(Halt::FolderUnreadable(said.to_string())),
        Verdict::Fail(failed) => Effect::Halt(Halt::FolderInvisible(failed.to_string())),
        Verdict::Vanished => Effect::Vanished,
    })
}

/// What Box being in the way of a command's look at a mirror means for how it ends.
pub(crate) fn of_trouble(trouble: Trouble, mirror: String, ending: &mut Ending) {
    let unreadable = |what: String| Halt::FolderUnreadable(what);
    match Verdict::of(trouble) {
        Verdict::Unauthorized(said) => ending.unauthorized = Some(said),
        Verdict::Retry {
            failed: Failed::NoAnswer(why),
            ..
        } => ending.unreachable = Some(why),
        Verdict::Retry { failed, .. } | Verdict::Busy { failed, .. } | Verdict::Fail(failed) => {
            ending.halted.push((mirror, unreadable(failed.to_string())));
        }
        Verdict::Park(why) => {
            ending
                .halted
                .push((mirror, Halt::FolderInvisible(why.to_string())));
        }
        Verdict::Full(said) => ending.halted.push((mirror, unreadable(said.to_string()))),
        Verdict::Throttled(after) => {
            ending.deferred = after.or(Some(Duration::from_secs(1)));
        }
        Verdict::Vanished => {}
    }
}

/// Once in each pass, before anything is asked of a mirror's folders: is its root there,
/// and may this account write to it?
pub(crate) async fn check_once(
    context: &Context,
    mirror: &Mirror,
    root: &FolderId,
) -> Result<(), Unusable> {
    // Held while asking, so that all jobs of the mirror wait for one answer.
    let mut seen = mirror.seen.lock().await;
    if !*seen {
        look(context, mirror, root).await?;
        *seen = true;
    }
    Ok(())
}

async fn check(context: &Context, mirror: &Mirror, root: &FolderId) -> Result<(), Unusable> {
    let mut seen = mirror.seen.lock().await;
    look(context, mirror, root).await?;
    *seen = true;
    Ok(())
}

async fn look(context: &Context, mirror: &Mirror, root: &FolderId) -> Result<(), Unusable> {
    context.account.check(context).await?;
    let welcome = match context.client.welcome(root).await {
        Ok(welcome) => welcome,
        Err(Trouble::Gone(said)) => {
            let who = account(&context.client).await;
            return Err(invisible(format!(
                "Box folder {root} of mirror {:?} is not there, or {who} cannot see it ({}). \
                 Check the ID in the folder's web address; then open the folder in Box, choose \
                 Share, and invite {who} as Editor",
                mirror.name,
                said.words()
            )));
        }
        Err(other) => return Err(other.into()),
    };
    mirror.set_owner(welcome.owner);
    if welcome.can_upload == Some(false) {
        let who = account(&context.client).await;
        return Err(invisible(format!(
            "{who} may look into Box folder {root} of mirror {:?} but not put anything into it: \
             in Box, change its role there to Editor",
            mirror.name
        )));
    }
    Ok(())
}

/// The login to invite, if Box tells.
async fn account(client: &BoxClient) -> String {
    let account = client.whoami().await;
    account.map_or_else(
        |_| "the account that boxup uses".to_owned(),
        |account| account.login,
    )
}

fn invisible(what: String) -> Unusable {
    Unusable::Halt(Halt::FolderInvisible(what))
}

/// Files in a service account's own tree are seen by nobody else: the classic reason why
/// an upload "succeeds" and nobody finds it.
async fn warn_of_own_root(client: &BoxClient, mirror: &str) {
    let who = account(client).await;
    tracing::warn!(
        mirror,
        "the Box folder lies in the account's own tree, where nobody else looks: if people \
         are to see it, make the folder as yourself, share it with {who} as Editor, and put \
         its ID into folder_id"
    );
}

/// The folder's ID, whether it was made just now, and whether it lies in the account's
/// own tree for all that is known.
async fn find_or_make(
    context: &Context,
    target: &Target,
) -> Result<(FolderId, bool, bool), Unusable> {
    let client = &context.client;
    let names = match target {
        Target::Id(id) => return Ok((id.clone(), false, *id == FolderId::root())),
        Target::Path(names) => names,
    };
    context.account.check(context).await?;
    let (mut at, mut is_new, mut is_own) = (FolderId::root(), false, false);
    for name in names {
        let is_top = at == FolderId::root();
        let existing = if is_new {
            None
        } else {
            find(client, &at, name).await?
        };
        (at, is_new) = match existing {
            Some(id) => (id, false),
            None => make(client, &at, name).await?,
        };
        is_own |= is_top && is_new;
    }
    Ok((at, is_new, is_own))
}

/// The folder of this name in `parent`, if there is one.
pub(crate) async fn find(
    client: &BoxClient,
    parent: &FolderId,
    name: &RemoteName,
) -> Result<Option<FolderId>, Unusable> {
    let inventory = Inventory::new(client.list_folder(parent).await?);
    match inventory.occupant(name) {
        None => Ok(None),
        Some(Occupant::Folder(folder)) => Ok(Some(folder.id.clone())),
        Some(other) => Err(taken(name, other)),
    }
}

async fn make(
    client: &BoxClient,
    parent: &FolderId,
    name: &RemoteName,
) -> Result<(FolderId, bool), Unusable> {
    match client.create_folder(name, parent).await {
        Ok(folder) => Ok((folder.id, true)),
        // Somebody was faster.
        Err(Trouble::NameTaken(_, Some(Occupant::Folder(folder)))) => Ok((folder.id, false)),
        Err(Trouble::NameTaken(_, Some(other))) => Err(taken(name, &other)),
        Err(trouble) => Err(trouble.into()),
    }
}

fn taken(name: &RemoteName, by: &Occupant) -> Unusable {
    invisible(format!(
        "folder_path cannot be used: {} on Box is named {:?}, and it is not a folder",
        by.describe(),
        name.as_str()
    ))
}
