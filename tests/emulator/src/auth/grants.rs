//! The grants of the token endpoint: the choice of one, those of server apps,
//! and the answer.

use serde_json::{Value, json};

use super::app::{AccessLevel, App};
use super::assertion::{self, Expected, Subject};
use super::endpoint::Form;
use super::texts::{self, Refusal};
use super::tokens::Visitor;
use super::{exchange, oauth};
use crate::api::Ctx;
use crate::shared::State;
use crate::world::{SERVICE, UserId};

const CCG: &str = "client_credentials";
const JWT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const CODE: &str = "authorization_code";
const REFRESH: &str = "refresh_token";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// A documented grant type as it is; anything else is `unknown`, because it
/// may be anything.
pub(crate) fn grant_name(name: &str) -> &'static str {
    let mut all = [CCG, JWT, CODE, REFRESH, EXCHANGE].into_iter();
    all.find(|known| *known == name).unwrap_or("unknown")
}

/// Dispatches on `grant_type`. An exchange needs no client, all else does.
pub(super) fn grant(ctx: &mut Ctx<'_>, form: &Form<'_>) -> Result<Value, Refusal> {
    let name = form.need("grant_type")?;
    if name == EXCHANGE {
        return exchange::token_exchange(ctx, form);
    }
    let (app, grant): (App, fn(&mut Ctx<'_>, &Form<'_>) -> _) = match name {
        CCG => (App::ClientCredentials, client_credentials),
        JWT => (App::Jwt, jwt_bearer),
        CODE => (App::OAuth2, oauth::authorization_code),
        REFRESH => (App::OAuth2, oauth::refresh_token),
        _ => return Err(texts::MISSING),
    };
    check_client(ctx, form)?;
    if ctx.state.settings.app != app {
        return Err(texts::OTHER_GRANT);
    }
    if !ctx.state.settings.app_enabled {
        return Err(texts::NOT_ENABLED);
    }
    // What a person grants needs no admin.
    if app.has_service_account() && !ctx.state.settings.app_authorized {
        return Err(texts::NOT_AUTHORIZED);
    }
    grant(ctx, form)
}

fn client_credentials(ctx: &mut Ctx<'_>, form: &Form<'_>) -> Result<Value, Refusal> {
    let kind = form.need("box_subject_type")?;
    let subject = form.need("box_subject_id")?;
    let user = match kind {
        "enterprise" if subject == ctx.state.settings.enterprise_id => SERVICE,
        "enterprise" => return Err(texts::CATCH_ALL),
        "user" => user(ctx.state, subject, texts::CATCH_ALL)?,
        _ => return Err(texts::SUBJECT_TYPE),
    };
    Ok(issue(ctx.state, user))
}

fn jwt_bearer(ctx: &mut Ctx<'_>, form: &Form<'_>) -> Result<Value, Refusal> {
    let assertion = form.need("assertion")?;
    let console = &mut ctx.state.console;
    let expected = Expected {
        client_id: &ctx.state.settings.client_id,
        keys: &console.keys,
        now: ctx.now,
    };
    let user = match assertion::verify(assertion, &expected, &mut console.jtis)? {
        Subject::Enterprise(id) if id == ctx.state.settings.enterprise_id => SERVICE,
        Subject::Enterprise(_) => return Err(texts::SUB),
        Subject::User(id) => user(ctx.state, &id, texts::SUB)?,
    };
    Ok(issue(ctx.state, user))
}

/// A managed user as the subject of a server app.
fn user(state: &State, id: &str, unknown: Refusal) -> Result<UserId, Refusal> {
    let far = state.console.powers.level == AccessLevel::AppAndEnterprise;
    match state.world.user_by_id(id) {
        None => Err(unknown),
        Some(SERVICE) => Err(texts::NO_USER_TOKENS),
        Some(user) if far && state.settings.user_tokens => Ok(user),
        Some(_) => Err(texts::NO_USER_TOKENS),
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
        Err(texts::CLIENT)
    }
}

/// A fresh access token of a server app.
fn issue(state: &mut State, user: UserId) -> Value {
    let life = state.settings.token_ttl;
    let token = state.ids.hex(32);
    let visitor = Visitor::new(user, &state.console.powers.scopes);
    state.tokens.add(token.clone(), visitor, Some(life));
    answer(&token, life, &json!([]))
}

/// What every grant answers. `expires_in` is whole seconds, rounded up: a
/// token that lives for less than a second still has one on paper.
pub(super) fn answer(token: &str, life: std::time::Duration, restricted_to: &Value) -> Value {
    let seconds = life.as_secs() + u64::from(life.subsec_nanos() > 0);
    json!({
        "access_token": token,
        "expires_in": seconds,
        "restricted_to": restricted_to,
        "token_type": "bearer",
    })
}
