//! The account behind a token.

use serde_json::{Map, Value, json};

use super::{Ctx, Outcome};
use crate::clock;
use crate::wire::{ApiError, Content, Reply};
use crate::world::COLLEAGUE;

/// What Box writes for an account without a storage limit.
const UNLIMITED: u64 = 1_000_000_000_000_000;

const STANDARD: &[&str] = &[
    "type",
    "id",
    "name",
    "login",
    "created_at",
    "modified_at",
    "language",
    "timezone",
    "space_amount",
    "space_used",
    "max_upload_size",
    "status",
    "job_title",
    "phone",
    "address",
    "avatar_url",
];

/// `get_users_me`
pub(crate) fn get_users_me(ctx: &mut Ctx<'_>) -> Outcome {
    let asked = ctx.call.fields();
    let names = asked.clone().unwrap_or_else(|| STANDARD.to_vec());
    let mut user = Map::new();
    for name in ["type", "id"].iter().chain(&names) {
        match field(ctx, name)? {
            Some(value) => {
                user.insert((*name).to_owned(), value);
            }
            None => ctx.remark(&format!("field '{name}' is not emulated")),
        }
    }
    let mut reply = Reply::json(200, Value::Object(user));
    if ctx.state.settings.float_quota && ctx.state.settings.quota.is_none() {
        reply.content = with_float_quota(&reply.content);
    }
    Ok(reply)
}

/// The same with a storage limit that no whole number is: as text, because a
/// number is not written back like this.
fn with_float_quota(content: &Content) -> Content {
    let Content::Json(user) = content else {
        return Content::Empty;
    };
    let whole = format!("\"space_amount\":{UNLIMITED}");
    let text = user.to_string().replace(&whole, "\"space_amount\":1.0e+18");
    Content::Raw {
        bytes: text.into_bytes(),
        mime: "application/json",
    }
}

fn field(ctx: &Ctx<'_>, name: &str) -> Result<Option<Value>, ApiError> {
    let state = &ctx.state;
    let user = state.world.user(ctx.user);
    let user = user.ok_or_else(|| ApiError::known(401, "unauthorized"))?;
    let versions = state.settings.versions_count_in_quota;
    Ok(Some(match name {
        "type" => json!("user"),
        "id" => json!(user.id),
        "name" => json!(user.name),
        "login" => json!(user.login),
        "created_at" | "modified_at" => {
            json!(clock::rfc3339(
                state.born,
                state.settings.utc_offset_minutes
            ))
        }
        "language" => json!("en"),
        "timezone" => json!("America/Los_Angeles"),
        "space_amount" => json!(state.settings.quota.unwrap_or(UNLIMITED)),
        "space_used" => json!(state.world.used(ctx.user, versions)),
        "max_upload_size" => json!(state.settings.max_upload_size),
        "status" => json!(state.settings.account_status),
        "job_title" | "phone" | "address" => json!(""),
        "avatar_url" => json!(format!("https://app.box.com/api/avatar/large/{}", user.id)),
        "notification_email" => Value::Null,
        "role" => json!(if ctx.user == COLLEAGUE {
            "admin"
        } else {
            "user"
        }),
        "hostname" => json!("https://app.box.com/"),
        "enterprise" => json!({
            "type": "enterprise",
            "id": state.settings.enterprise_id,
            "name": "Emulated Enterprise",
        }),
        _ => return Ok(None),
    }))
}
