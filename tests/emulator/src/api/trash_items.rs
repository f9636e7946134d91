//! What lies in the trash, page by page.

use serde_json::json;

use super::items::{Page, marked_place, marker, order_keys};
use super::shapes::Lens;
use super::{Ctx, Outcome};
use crate::wire::{ApiError, Reply};
use crate::world::ItemId;

/// `get_folders_trash_items`: what the account threw away or owns, and only
/// what was thrown away itself, not what was in it.
pub(crate) fn get_folders_trash_items(ctx: &mut Ctx<'_>) -> Outcome {
    let marked = ctx.call.flag("usemarker")?;
    let beyond: &[&str] = if marked {
        &["offset", "sort", "direction"]
    } else {
        &["marker"]
    };
    for name in beyond {
        if ctx.call.param(name).is_some() {
            let message = format!("'{name}' does not go with usemarker={marked}");
            return Err(ApiError::parameter(name, &message));
        }
    }
    let page = Page::read(ctx.call)?;
    ctx.remark_unknown_fields();
    let lens = Lens::new(ctx);
    let ids = lens.thrown_away(&page);
    let start = match ctx.call.param("marker") {
        None | Some("") => page.offset,
        Some(text) => {
            let message = format!("Invalid value '{text}'");
            let place = marked_place(text, TRASH);
            let place = place.ok_or_else(|| ApiError::parameter("marker", &message))?;
            // What the marker stands for may have left the trash.
            let at = ids.iter().position(|id| *id == place);
            at.unwrap_or(ids.len()) as u64
        }
    };
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let shown: Vec<ItemId> = ids.iter().skip(start).take(limit).copied().collect();
    let entries = lens.entries(&shown, ctx.call.fields().as_deref());
    if marked {
        let next = ids.get(start.saturating_add(shown.len()));
        let next = next.map(|id| marker(TRASH, *id));
        return Ok(Reply::json(
            200,
            json!({"entries": entries, "limit": page.limit, "next_marker": next}),
        ));
    }
    Ok(Reply::json(
        200,
        json!({
            "total_count": ids.len(),
            "entries": entries,
            "offset": page.offset,
            "limit": page.limit,
            "order": order_keys(&page),
        }),
    ))
}

/// The number under which Box shows the trash as a folder.
const TRASH: ItemId = 1;

impl Lens<'_> {
    fn thrown_away(&self, page: &Page) -> Vec<ItemId> {
        let mine = |id: &ItemId| {
            self.world.get(*id).is_some_and(|item| {
                let concerned = item.owner == self.viewer || item.modified_by == self.viewer;
                concerned && self.world.rights(self.viewer, *id).see
            })
        };
        let mut ids: Vec<ItemId> = self.world.trashed().filter(mine).collect();
        self.arrange(&mut ids, page);
        ids
    }
}
