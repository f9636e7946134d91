//! The account behind a token.

use serde_json::{Map, Value, json};

use super::{Ctx, Outcome};
use crate::clock;
use crate::wire::{ApiError, Reply};
use crate::world::SERVICE;

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
    Ok(Reply::json(200, Value::Object(user)))
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
        "space_amount" => amount(state.settings.quota, state.settings.float_quota),
        "space_used" => json!(state.world.used(ctx.user, versions)),
        "max_upload_size" => json!(state.settings.max_upload_size),
        "status" => json!(state.settings.account_status),
        "job_title" | "phone" | "address" => json!(""),
        "avatar_url" => json!(format!("https://app.box.com/api/avatar/large/{}", user.id)),
        "notification_email" => Value::Null,
        "role" => json!(if ctx.user == SERVICE { "user" } else { "admin" }),
        "hostname" => json!("https://app.box.com/"),
        "enterprise" => json!({
            "type": "enterprise",
            "id": state.settings.enterprise_id,
            "name": "Emulated Enterprise",
        }),
        _ => return Ok(None),
    }))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Box's own answers lose it in the same way"
)]
fn amount(quota: Option<u64>, as_float: bool) -> Value {
    let bytes = quota.unwrap_or(UNLIMITED);
    match as_float {
        true => json!(bytes as f64),
        false => json!(bytes),
    }
}
