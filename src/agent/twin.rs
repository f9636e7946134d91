//! A name on Box that a twin has: another entry of ours, of another name here.

use crate::agent::context::Context;
use crate::agent::survey::Dir;
use crate::local::examine::examine;
use crate::model::item::Occupant;
use crate::model::name::RemoteName;
use crate::model::path::LocalName;
use crate::model::trouble::Trouble;
use crate::plan::policy::OnInvalidName;
use crate::store::error::Error as StoreError;
use std::os::fd::AsFd;

/// The name that `own` gets instead of `name`, which something else has in `dir` on Box;
/// `None` unless that is a twin that is here still. One that has gone is about to move or
/// to be deleted there, and leaves the name.
pub(crate) fn apart(
    context: &Context,
    mirror: usize,
    dir: &Dir,
    own: &LocalName,
    name: &RemoteName,
    trouble: &Trouble,
) -> Result<Option<RemoteName>, StoreError> {
    let mirror = &context.mirrors[mirror];
    let may = mirror.policy.on_invalid_name == OnInvalidName::Encode && !name.is_apart();
    let Trouble::NameTaken(_, Some(who)) = trouble else {
        return Ok(None);
    };
    let reader = context.readers.get()?;
    let owner = match who {
        Occupant::File(file) => reader.owner(&file.id)?,
        Occupant::Folder(folder) => reader.folder_owner(&folder.id)?,
        Occupant::Other { .. } => None,
    };
    let twin = owner.filter(|(parent, _)| may && *parent == dir.folder.key);
    let twin = twin.and_then(|(_, twin)| LocalName::new(&twin));
    let Some(twin) = twin.filter(|twin| twin != own) else {
        return Ok(None);
    };
    let Ok(root) = mirror.open_root() else {
        return Ok(None);
    };
    let is_here = match root.open_dir(&dir.path) {
        Ok(fd) => examine(fd.as_fd(), &twin).is_ok(),
        Err(_) => false,
    };
    Ok(is_here.then(|| name.apart(own)))
}
