//! A folder's contents, page by page.

use serde_json::{Value, json};

use super::shapes::Lens;
use super::{Ctx, Outcome};
use crate::wire::{ApiError, Call, Reply};
use crate::world::{Item, ItemId, Kind};

const DEFAULT_LIMIT: u64 = 100;
const MAX_LIMIT: u64 = 1000;
/// Box's guides say 9999 and 10000; a real refusal named this.
const MAX_OFFSET: u64 = 300_000;

/// The second sort key; the first is always the kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SortBy {
    Name,
    Id,
    Date,
    Size,
}

#[derive(Clone, Copy)]
struct Order {
    by: SortBy,
    descending: bool,
}

/// A stretch of a listing.
pub(super) struct Page {
    pub(super) offset: u64,
    pub(super) limit: u64,
    order: Order,
}

/// `get_folders_id_items`
pub(crate) fn get_folders_id_items(ctx: &mut Ctx<'_>) -> Outcome {
    let folder = ctx.target(Kind::Folder)?;
    let marked = ctx.call.flag("usemarker")?;
    for (wrong, name) in [(marked, "offset"), (!marked, "marker")] {
        if wrong && ctx.call.param(name).is_some() {
            ctx.remark(&format!("'{name}' with usemarker={marked}"));
        }
    }
    let page = Page::read(ctx.call)?;
    ctx.remark_unknown_fields();
    if marked {
        return by_marker(ctx, folder, &page);
    }
    let fields = ctx.call.fields();
    let listing = Lens::new(ctx).listing(folder, &page, fields.as_deref());
    Ok(Reply::json(200, listing))
}

/// A marker is the offset it stands for; to the client it is opaque and, as
/// Box demands, only good for the same folder and order.
fn by_marker(ctx: &mut Ctx<'_>, folder: ItemId, page: &Page) -> Outcome {
    let root = ctx.item(folder)?.parent.is_none();
    let order = if root {
        Order {
            by: SortBy::Name,
            descending: page.order.descending,
        }
    } else {
        page.order
    };
    if root && ctx.call.param("sort").is_some() {
        ctx.remark("'sort' is not supported with markers on the root");
    }
    let lens = Lens::new(ctx);
    let ids = lens.ordered(folder, order);
    let start = match ctx.call.param("marker") {
        None | Some("") => 0,
        Some(text) => lens
            .position(folder, &ids, order.by, text)
            .ok_or_else(|| ApiError::parameter("marker", &format!("Invalid value '{text}'")))?,
    };
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let shown: Vec<ItemId> = ids.iter().skip(start).take(limit).copied().collect();
    let next = ids.get(start + shown.len()).map(|id| marker(folder, *id));
    let fields = ctx.call.fields();
    Ok(Reply::json(
        200,
        json!({
            "entries": lens.entries(&shown, fields.as_deref()),
            "limit": page.limit,
            "next_marker": next,
        }),
    ))
}

impl Page {
    pub(super) fn read(call: &Call) -> Result<Page, ApiError> {
        let offset = call.number("offset")?.unwrap_or(0);
        if offset > MAX_OFFSET {
            let message = format!("Offset must be at most {MAX_OFFSET}");
            return Err(ApiError::parameter("offset", &message));
        }
        let limit = call.number("limit")?.unwrap_or(DEFAULT_LIMIT);
        if limit == 0 {
            return Err(ApiError::parameter("limit", "Limit must be at least 1"));
        }
        Ok(Page {
            offset,
            limit: limit.min(MAX_LIMIT),
            order: order(call)?,
        })
    }
}

fn order(call: &Call) -> Result<Order, ApiError> {
    let by = match call.param("sort") {
        None | Some("name") => SortBy::Name,
        Some("id") => SortBy::Id,
        Some("date") => SortBy::Date,
        Some("size") => SortBy::Size,
        Some(other) => {
            return Err(ApiError::parameter(
                "sort",
                &format!("Invalid value '{other}'"),
            ));
        }
    };
    let descending = match call.param("direction") {
        None => false,
        Some(text) if text.eq_ignore_ascii_case("asc") => false,
        Some(text) if text.eq_ignore_ascii_case("desc") => true,
        Some(other) => {
            let message = format!("Invalid value '{other}'");
            return Err(ApiError::parameter("direction", &message));
        }
    };
    Ok(Order { by, descending })
}

pub(super) fn marker(folder: ItemId, next: ItemId) -> String {
    format!("{folder:016x}{next:016x}")
}

/// The item that a marker stands for, when it is one of this folder.
pub(super) fn marked_place(marker: &str, folder: ItemId) -> Option<ItemId> {
    let (of, next) = marker.split_at_checked(16)?;
    let of = ItemId::from_str_radix(of, 16).ok()?;
    let next = ItemId::from_str_radix(next, 16).ok()?;
    (of == folder).then_some(next)
}

/// `order` as the answer tells it.
pub(super) fn order_keys(page: &Page) -> Value {
    let direction = if page.order.descending { "DESC" } else { "ASC" };
    let by = match page.order.by {
        SortBy::Name => "name",
        SortBy::Id => "id",
        SortBy::Date => "date",
        SortBy::Size => "size",
    };
    json!([
        {"by": "type", "direction": "ASC"},
        {"by": by, "direction": direction},
    ])
}

impl Lens<'_> {
    /// `item_collection` as the request asks for it.
    pub(super) fn item_collection(&self, folder: ItemId, call: &Call) -> Result<Value, ApiError> {
        Ok(self.listing(folder, &Page::read(call)?, None))
    }

    /// The first hundred.
    pub(super) fn first_page(&self, folder: ItemId) -> Value {
        let page = Page {
            offset: 0,
            limit: DEFAULT_LIMIT,
            order: Order {
                by: SortBy::Name,
                descending: false,
            },
        };
        self.listing(folder, &page, None)
    }

    fn listing(&self, folder: ItemId, page: &Page, fields: Option<&[&str]>) -> Value {
        let ids = self.ordered(folder, page.order);
        let skip = usize::try_from(page.offset).unwrap_or(usize::MAX);
        let take = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let shown: Vec<ItemId> = ids.iter().skip(skip).take(take).copied().collect();
        json!({
            "total_count": ids.len(),
            "entries": self.entries(&shown, fields),
            "offset": page.offset,
            "limit": page.limit,
            "order": order_keys(page),
        })
    }

    pub(super) fn entries(&self, ids: &[ItemId], fields: Option<&[&str]>) -> Vec<Value> {
        ids.iter().map(|id| self.entry(*id, fields)).collect()
    }

    /// All visible children in order. The stored order is by kind and name, so
    /// the usual listing sorts nothing.
    fn ordered(&self, folder: ItemId, order: Order) -> Vec<ItemId> {
        let children = self.world.get(folder).and_then(Item::folder);
        let mut ids: Vec<ItemId> = children
            .map(|folder| folder.children.values().copied().collect())
            .unwrap_or_default();
        let guests = if folder == self.world.root(self.viewer) {
            self.world.shared_with(self.viewer)
        } else {
            Vec::new()
        };
        if order.by == SortBy::Name && !order.descending && guests.is_empty() {
            return ids;
        }
        ids.extend(guests);
        self.sort(&mut ids, order);
        ids
    }

    /// Puts items into the order that a page asks for.
    pub(super) fn arrange(&self, ids: &mut [ItemId], page: &Page) {
        // The same name may lie in the trash twice.
        ids.sort_unstable();
        self.sort(ids, page.order);
    }

    fn sort(&self, ids: &mut [ItemId], order: Order) {
        ids.sort_by_cached_key(|id| self.rank(*id, order.by));
        if order.descending {
            ids.reverse();
            ids.sort_by_key(|id| self.kind(*id));
        }
    }

    fn rank(&self, id: ItemId, by: SortBy) -> (Kind, u64, String) {
        let item = self.world.get(id);
        let name = item.map_or_else(String::new, |item| crate::world::key(&item.name));
        let number = match by {
            SortBy::Name => 0,
            SortBy::Id => id,
            SortBy::Date => item.map_or(0, |item| item.times.modified.unsigned_abs()),
            SortBy::Size => item.map_or(0, Item::stored),
        };
        (self.kind(id), number, name)
    }

    /// Where a marker points: to the item itself or, when that has left the
    /// folder meanwhile, to what follows its old place.
    fn position(&self, folder: ItemId, ids: &[ItemId], by: SortBy, marker: &str) -> Option<usize> {
        let next = marked_place(marker, folder)?;
        self.world.get(next)?;
        let place = self.rank(next, by);
        let itself = ids.iter().position(|id| *id == next);
        let after = || ids.iter().position(|id| self.rank(*id, by) > place);
        Some(itself.or_else(after).unwrap_or(ids.len()))
    }
}
