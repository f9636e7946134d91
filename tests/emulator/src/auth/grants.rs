//! The grants of the token endpoint, one function each.

use serde_json::{Value, json};

use super::endpoint::{Form, MISSING, Refusal};
use crate::api::Ctx;
use crate::world::{SERVICE, UserId};

const CLIENT: Refusal = Refusal("invalid_client", "The client credentials are invalid");
const CATCH_ALL: Refusal = Refusal("invalid_grant", "Grant credentials are invalid");
const NOT_AUTHORIZED: Refusal = Refusal(
    "unauthorized_client",
    "This app is not authorized by the enterprise admin",
);
const SUBJECT_TYPE: Refusal = Refusal(
    "unauthorized_client",
    "The \"box_subject_type\" value is unauthorized for this client_id",
);
const NO_USER_TOKENS: Refusal = Refusal(
    "invalid_request",
    "Cannot obtain user token based on the enterprise configuration for your app",
);
const OTHER_GRANT: Refusal = Refusal(
    "unauthorized_client",
    "The grant type is unauthorized for this client_id",
);

/// Dispatches on `grant_type`.
pub(super) fn grant(ctx: &mut Ctx<'_>, form: &Form<'_>) -> Result<Value, Refusal> {
    match form.need("grant_type")? {
        "client_credentials" => client_credentials(ctx, form),
        "authorization_code" | "refresh_token" | "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
            other_app_kind(ctx, form)
        }
        "urn:ietf:params:oauth:grant-type:token-exchange" => Err(OTHER_GRANT),
        _ => Err(MISSING),
    }
}

/// The app of this emulator is a server app with client credentials.
fn client_credentials(ctx: &mut Ctx<'_>, form: &Form<'_>) -> Result<Value, Refusal> {
    check_client(ctx, form)?;
    if !ctx.state.settings.app_authorized {
        return Err(NOT_AUTHORIZED);
    }
    let kind = form.need("box_subject_type")?;
    let subject = form.need("box_subject_id")?;
    let user = match kind {
        "enterprise" if subject == ctx.state.settings.enterprise_id => SERVICE,
        "enterprise" => return Err(CATCH_ALL),
        "user" => subject_user(ctx, subject)?,
        _ => return Err(SUBJECT_TYPE),
    };
    Ok(issue(ctx, user))
}

/// Grants of apps that were set up for another kind of authentication.
fn other_app_kind(ctx: &Ctx<'_>, form: &Form<'_>) -> Result<Value, Refusal> {
    check_client(ctx, form)?;
    Err(OTHER_GRANT)
}

fn subject_user(ctx: &Ctx<'_>, subject: &str) -> Result<UserId, Refusal> {
    match ctx.state.world.user_by_id(subject) {
        Some(SERVICE) => Err(NO_USER_TOKENS),
        Some(_) if !ctx.state.settings.user_tokens => Err(NO_USER_TOKENS),
        Some(user) => Ok(user),
        None => Err(CATCH_ALL),
    }
}

/// Client id and secret of the app.
pub(super) fn check_client(ctx: &Ctx<'_>, form: &Form<'_>) -> Result<(), Refusal> {
    let settings = &ctx.state.settings;
    let id = form.need("client_id")?;
    let secret = form.need("client_secret")?;
    if id == settings.client_id && secret == settings.client_secret {
        Ok(())
    } else {
        Err(CLIENT)
    }
}

/// A fresh access token. `expires_in` is whole seconds, rounded up: a token
/// that lives for less than a second still has one on paper.
fn issue(ctx: &mut Ctx<'_>, user: UserId) -> Value {
    let life = ctx.state.settings.token_ttl;
    let token = ctx.state.ids.hex(32);
    ctx.state.tokens.add(token.clone(), user, Some(life));
    let seconds = life.as_secs() + u64::from(life.subsec_nanos() > 0);
    json!({
        "access_token": token,
        "expires_in": seconds,
        "restricted_to": [],
        "token_type": "bearer",
    })
}
