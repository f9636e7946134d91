//! Shared links and tags: what people hang on an item, which no move and no
//! new version takes away.

use serde_json::{Value, json};

use super::Ctx;
use super::input::Fields;
use super::shapes::Lens;
use crate::wire::ApiError;
use crate::world::{Item, ItemId, Kind, Link};

const LEVELS: [&str; 3] = ["open", "company", "collaborators"];

/// What a `PUT` says about them.
pub(super) struct Sharing {
    /// `Some(None)` takes the link away.
    link: Option<Option<Wish>>,
    tags: Option<Vec<String>>,
}

/// A link as asked for.
struct Wish {
    access: Option<&'static str>,
    password: bool,
    until: Option<i64>,
    download: Option<bool>,
}

impl Sharing {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Sharing, ApiError> {
        let link = match (fields.value("shared_link"), fields.object("shared_link")?) {
            (None, _) => None,
            (_, None) => Some(None),
            (_, Some(link)) => Some(Some(Wish::read(&link)?)),
        };
        let tags = fields.texts("tags")?;
        Ok(Sharing { link, tags })
    }

    pub(super) fn apply(self, ctx: &mut Ctx<'_>, id: ItemId) {
        let secret = ctx.state.ids.hex(32);
        let Some(item) = ctx.state.world.get_mut(id) else {
            return;
        };
        if let Some(tags) = self.tags {
            item.tags = tags;
        }
        match self.link {
            None => {}
            Some(None) => item.link = None,
            Some(Some(wish)) => item.link = Some(wish.grant(item.link.take(), secret)),
        }
    }
}

impl Wish {
    fn read(fields: &Fields<'_>) -> Result<Wish, ApiError> {
        let access = match fields.text("access")? {
            None => None,
            Some(text) => {
                let known = LEVELS.into_iter().find(|level| *level == text);
                let message = format!("Invalid value '{text}'");
                Some(known.ok_or_else(|| ApiError::parameter("shared_link.access", &message))?)
            }
        };
        let password = fields.text("password")?.is_some();
        if password && access.is_some_and(|access| access != "open") {
            let message = "A password needs the access level 'open'";
            return Err(ApiError::parameter("shared_link.password", message));
        }
        let allows = fields.object("permissions")?;
        let download = allows.and_then(|allows| allows.value("can_download")?.as_bool());
        Ok(Wish {
            access,
            password,
            until: fields.date("unshared_at")?,
            download,
        })
    }

    /// A link that is there already keeps its URL.
    fn grant(self, before: Option<Link>, secret: String) -> Link {
        let before = before.unwrap_or(Link {
            secret,
            access: "open",
            password: false,
            until: None,
            download: true,
        });
        Link {
            access: self.access.unwrap_or(before.access),
            password: self.password || before.password,
            until: self.until.or(before.until),
            download: self.download.unwrap_or(before.download),
            secret: before.secret,
        }
    }
}

impl Lens<'_> {
    /// The link; in the trash none is active.
    pub(super) fn shared_link(&self, item: &Item) -> Value {
        let Some(link) = item.link.as_ref().filter(|_| item.trashed_at.is_none()) else {
            return Value::Null;
        };
        let secret = &link.secret;
        let file = item.kind() == Kind::File;
        let permission = if link.download {
            "can_download"
        } else {
            "can_preview"
        };
        json!({
            "url": format!("https://app.box.com/s/{secret}"),
            "download_url": file.then(|| format!("https://app.box.com/shared/static/{secret}")),
            "vanity_url": null,
            "vanity_name": null,
            "access": link.access,
            "effective_access": link.access,
            "effective_permission": permission,
            "unshared_at": link.until.map(|at| self.date(at)),
            "is_password_enabled": link.password,
            "permissions": {"can_download": link.download, "can_preview": true, "can_edit": false},
            "download_count": 0,
            "preview_count": 0,
        })
    }
}
