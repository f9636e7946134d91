//! What Box checks before it does anything: existence, rights, names, etags,
//! locks, quota.

use serde_json::{Value, json};

use super::Ctx;
use super::input::parse_id;
use super::shapes::Lens;
use crate::shared::State;
use crate::wire::ApiError;
use crate::world::{Item, ItemId, Kind, NameFault, Rights, UserId, verdict};

const NAME_RULES: &str = "Names cannot contain non-printable ASCII, / or \\, leading or trailing whitespace. The special names \".\" or \"..\" are also unsupported.";

/// In which shape a name conflict is told: Box's folder operations send an
/// array, its file operations one object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConflictShape {
    Object,
    Array,
}

impl Ctx<'_> {
    /// The active item in the path.
    pub(crate) fn target(&self, kind: Kind) -> Result<ItemId, ApiError> {
        let text = self.call.hole(0);
        if parse_id(text).is_none() {
            return Err(ApiError::known(405, "method_not_allowed"));
        }
        self.active(text, kind)
    }

    /// The active, visible item of that kind and id.
    pub(crate) fn active(&self, text: &str, kind: Kind) -> Result<ItemId, ApiError> {
        let id = self.visible(text, kind)?;
        if !self.state.world.is_trashed(id) {
            return Ok(id);
        }
        if self.state.settings.missing_with_etag_is_412
            && self.call.etag("if-match") == Some(&self.item(id)?.etag.to_string())
        {
            return Err(ApiError::known(412, "precondition_failed"));
        }
        Err(ApiError::known(404, "trashed"))
    }

    /// The item, active or trashed; what the account cannot see is not there.
    pub(crate) fn visible(&self, text: &str, kind: Kind) -> Result<ItemId, ApiError> {
        let found = self.state.find(self.user, kind, text);
        found.ok_or_else(|| not_found(text, kind))
    }

    /// The item, once its existence is established.
    pub(crate) fn item(&self, id: ItemId) -> Result<&Item, ApiError> {
        let item = self.state.world.get(id);
        item.ok_or_else(|| ApiError::known(404, "not_found"))
    }

    /// Refuses with 403 unless the account has the right.
    pub(crate) fn need(&self, id: ItemId, right: fn(&Rights) -> bool) -> Result<(), ApiError> {
        if right(&self.state.world.rights(self.user, id)) {
            Ok(())
        } else {
            Err(ApiError::known(
                403,
                "access_denied_insufficient_permissions",
            ))
        }
    }

    /// Refuses with 412 when `If-Match` names another etag.
    pub(crate) fn need_etag(&self, id: ItemId) -> Result<(), ApiError> {
        match self.call.etag("if-match") {
            Some(sent) if sent != self.item(id)?.etag.to_string() => {
                Err(ApiError::known(412, "precondition_failed"))
            }
            _ => Ok(()),
        }
    }

    /// Whether `If-None-Match` names the present etag.
    pub(crate) fn unchanged(&self, id: ItemId) -> Result<bool, ApiError> {
        let item = self.item(id)?;
        let sent = self.call.etag("if-none-match");
        Ok(item.parent.is_some() && sent == Some(&item.etag.to_string()))
    }

    /// Refuses while somebody else holds a lock.
    pub(crate) fn need_unlocked(&self, id: ItemId) -> Result<(), ApiError> {
        let lock = self.item(id)?.file().and_then(|file| file.lock.as_ref());
        let held = lock.is_some_and(|lock| {
            lock.by != self.user && lock.expires.is_none_or(|expires| expires > self.now)
        });
        if held {
            return Err(ApiError::known(403, "access_denied_item_locked"));
        }
        Ok(())
    }

    /// Judges a name by Box's rules.
    pub(crate) fn need_name(&self, name: &str) -> Result<(), ApiError> {
        match verdict(name, self.state.settings.refuse_leading_space) {
            None => Ok(()),
            Some(NameFault::Empty) => Err(ApiError::missing("name")),
            Some(NameFault::TooLong) => Err(ApiError::known(400, "item_name_too_long")),
            Some(NameFault::Invalid) => {
                Err(ApiError::known(400, "item_name_invalid").context(Value::from(NAME_RULES)))
            }
        }
    }

    /// Refuses a name that another item in the folder has.
    pub(crate) fn need_free(
        &self,
        folder: ItemId,
        name: &str,
        except: Option<ItemId>,
        shape: ConflictShape,
    ) -> Result<(), ApiError> {
        let world = &self.state.world;
        let Some(taken) = world.child(folder, name).filter(|id| Some(*id) != except) else {
            return Ok(());
        };
        let conflict = Lens::new(self).mini(taken);
        let conflicts = match shape {
            ConflictShape::Object => conflict,
            ConflictShape::Array => json!([conflict]),
        };
        Err(ApiError::known(409, "item_name_in_use").context(json!({ "conflicts": conflicts })))
    }

    /// Refuses what does not fit: first the single file, then the account.
    pub(crate) fn need_space(&self, folder: ItemId, size: u64, freed: u64) -> Result<(), ApiError> {
        let settings = &self.state.settings;
        if size > settings.max_upload_size {
            return Err(ApiError::known(403, "file_size_limit_exceeded"));
        }
        let owner = self.state.world.owner_of(folder);
        let versions = settings.versions_count_in_quota;
        let used = self.state.world.used(owner, versions);
        let freed = if versions { 0 } else { freed };
        match settings.quota {
            Some(quota) if used.saturating_sub(freed).saturating_add(size) > quota => {
                Err(ApiError::known(403, "storage_limit_exceeded"))
            }
            _ => Ok(()),
        }
    }
}

impl State {
    /// The item of that id and kind, active or trashed, if the account sees it.
    pub(crate) fn find(&self, user: UserId, kind: Kind, text: &str) -> Option<ItemId> {
        let world = &self.world;
        let id = match text {
            "0" if kind == Kind::Folder => Some(world.root(user)),
            _ => parse_id(text).filter(|id| {
                // A root has no other id than `0`.
                world.get(*id).is_some_and(|item| item.parent.is_some())
            }),
        };
        id.filter(|id| world.get(*id).is_some_and(|item| item.kind() == kind))
            .filter(|id| world.rights(user, *id).see)
    }
}

/// The body of a real 404: the id carries the kind's letter.
pub(crate) fn not_found(text: &str, kind: Kind) -> ApiError {
    let letter = match kind {
        Kind::Folder => 'd',
        Kind::File => 'f',
        Kind::WebLink => 'w',
    };
    let item = format!("{letter}_{text}");
    let message = format!("Invalid value '{item}'. 'item' with value '{item}' not found");
    let errors = json!([{"reason": "invalid_parameter", "name": "item", "message": message}]);
    ApiError::known(404, "not_found").context(json!({ "errors": errors }))
}
