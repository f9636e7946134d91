//! A move as a deed that can be undone.

use crate::agent::context::Context;
use crate::model::deed::{Deed, ItemId, Spot};
use crate::model::ids::FolderId;
use crate::model::name::RemoteName;
use crate::plan::absence::Mark;
use crate::plan::action::Edit;
use crate::plan::moves::{Item, Origin};
use crate::store::error::Error as StoreError;

/// About to be moved, `to` this folder under this name. `known` is its name on Box until
/// then, where it is recorded.
pub(crate) fn intended(
    context: &Context,
    origin: &Origin,
    known: Option<&RemoteName>,
    (parent, name): (&FolderId, &RemoteName),
) -> Result<Edit, StoreError> {
    let reader = context.readers.get()?;
    let was = known.cloned();
    let was = was.unwrap_or_else(|| RemoteName::from_box(origin.name.to_string()));
    let deed = Deed {
        run: context.run.of_intent(),
        mirror: context.mirrors[origin.at.0].name.clone(),
        path: origin.at.1.clone(),
        item: item(&origin.item),
        from: Spot {
            parent: reader.folder_id(origin.dir)?,
            name: was,
        },
        to: Some(Spot {
            parent: parent.clone(),
            name: name.clone(),
        }),
    };
    Ok(Edit::Mark(Mark::Intend(Box::new(deed))))
}

/// It has moved.
pub(crate) fn done(context: &Context, moved: &Item) -> Edit {
    let id = item(moved).as_str().to_owned();
    Edit::Mark(Mark::Done(id, context.run.of_deed()))
}

/// It has not.
pub(crate) fn not_done(moved: &Item) -> Edit {
    Edit::Mark(Mark::NotDone(item(moved).as_str().to_owned()))
}

fn item(moved: &Item) -> ItemId {
    match moved {
        Item::File(id) => ItemId::File(id.clone()),
        Item::Folder(_, id) => ItemId::Folder(id.clone()),
    }
}
