//! The grants of the token endpoint, one function each.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::endpoint::{Form, MISSING, Refusal};
use super::logins::{Dead, PairId};
use super::scope::{self, Restriction};
use super::tokens::Verdict;
use crate::api::Ctx;
use crate::settings::{AccessLevel, App};
use crate::shared::State;
use crate::world::{ItemId, SERVICE, UserId};

const CLIENT: Refusal = Refusal("invalid_client", "The client credentials are invalid");
const CATCH_ALL: Refusal = Refusal("invalid_grant", "Grant credentials are invalid");
const NOT_AUTHORIZED: Refusal = Refusal(
    "unauthorized_client",
    "This app is not authorized by the enterprise admin",
);
const NOT_ENABLED: Refusal = Refusal(
    "invalid_request",
    "Cannot obtain token based on the enterprise configuration for your app",
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
const SUBJECT: Refusal = Refusal(
    "invalid_grant",
    "Please check the 'sub' claim. The 'sub' specified is invalid.",
);
const NO_REFRESH_TOKEN: Refusal = Refusal("invalid_request", "No refresh token parameter found");
const USED_REFRESH_TOKEN: Refusal = Refusal("invalid_grant", "Invalid refresh token");
const OLD_REFRESH_TOKEN: Refusal = Refusal("invalid_grant", "Refresh token has expired");
const CODE_EXPIRED: Refusal = Refusal("invalid_grant", "The authorization code has expired");
const CODE_UNKNOWN: Refusal = Refusal(
    "invalid_grant",
    "Auth code doesn't exist or is invalid for the client",
);
const REDIRECT: Refusal = Refusal(
    "redirect_uri_mismatch",
    "The redirect_uri does not match the one of the authorization",
);
const SCOPE: Refusal = Refusal(
    "invalid_scope",
    "The requested scope is invalid, unknown, or malformed",
);
const RESOURCE: Refusal = Refusal(
    "invalid_resource",
    "The resource is invalid, unknown, or malformed",
);
const SUBJECT_TOKEN: Refusal = Refusal("invalid_grant", "Invalid token");

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// One grant.
type Run = fn(&mut Ctx<'_>, &Form<'_>) -> Result<Value, Refusal>;

/// Codes that a person's consent brought, each good for one exchange.
#[derive(Default)]
pub(crate) struct Codes(HashMap<String, Code>);

struct Code {
    user: UserId,
    redirect_uri: String,
    until: Instant,
}

impl Codes {
    /// Remembers a code.
    pub(crate) fn add(&mut self, code: String, user: UserId, redirect_uri: String, life: Duration) {
        let until = Instant::now() + life;
        let known = Code {
            user,
            redirect_uri,
            until,
        };
        self.0.insert(code, known);
    }

    /// Makes all codes too old.
    pub(crate) fn expire_all(&mut self) {
        let now = Instant::now();
        self.0.values_mut().for_each(|code| code.until = now);
    }
}

/// Dispatches on `grant_type`.
pub(super) fn grant(ctx: &mut Ctx<'_>, form: &Form<'_>) -> Result<Value, Refusal> {
    let grant_type = form.need("grant_type")?;
    if grant_type == "urn:ietf:params:oauth:grant-type:token-exchange" {
        return token_exchange(ctx, form);
    }
    let (app, run): (App, Run) = match grant_type {
        "client_credentials" => (App::ClientCredentials, client_credentials),
        "urn:ietf:params:oauth:grant-type:jwt-bearer" => (App::Jwt, jwt),
        "authorization_code" => (App::OAuth2, authorization_code),
        "refresh_token" => (App::OAuth2, refresh_token),
        _ => return Err(MISSING),
    };
    check_client(ctx, form)?;
    if ctx.state.settings.app != app {
        return Err(OTHER_GRANT);
    }
    run(ctx, form)
}

fn client_credentials(ctx: &mut Ctx<'_>, form: &Form<'_>) -> Result<Value, Refusal> {
    check_app(ctx.state)?;
    let kind = form.need("box_subject_type")?;
    let subject = form.need("box_subject_id")?;
    let user = match kind {
        "enterprise" if subject == ctx.state.settings.enterprise_id => SERVICE,
        "enterprise" => return Err(CATCH_ALL),
        "user" => subject_user(ctx.state, subject, CATCH_ALL)?,
        _ => return Err(SUBJECT_TYPE),
    };
    Ok(issue(ctx.state, user).0)
}

fn jwt(ctx: &mut Ctx<'_>, form: &Form<'_>) -> Result<Value, Refusal> {
    let assertion = form.need("assertion")?;
    let issuer = ctx.state.settings.client_id.clone();
    let claims = ctx.state.public_keys.judge(assertion, &issuer, ctx.now)?;
    check_app(ctx.state)?;
    let user = match claims.kind.as_str() {
        "enterprise" if claims.subject == ctx.state.settings.enterprise_id => SERVICE,
        "enterprise" => return Err(SUBJECT),
        _ => subject_user(ctx.state, &claims.subject, SUBJECT)?,
    };
    Ok(issue(ctx.state, user).0)
}

fn authorization_code(ctx: &mut Ctx<'_>, form: &Form<'_>) -> Result<Value, Refusal> {
    let code = ctx.state.codes.0.remove(form.need("code")?);
    let code = code.ok_or(CODE_UNKNOWN)?;
    if code.until <= Instant::now() {
        return Err(CODE_EXPIRED);
    }
    if form
        .get("redirect_uri")
        .is_some_and(|uri| uri != code.redirect_uri)
    {
        return Err(REDIRECT);
    }
    Ok(login(ctx.state, code.user))
}

fn refresh_token(ctx: &mut Ctx<'_>, form: &Form<'_>) -> Result<Value, Refusal> {
    let presented = form.get("refresh_token").ok_or(NO_REFRESH_TOKEN)?;
    let spent = ctx.state.tokens.logins.spend(presented);
    let (user, old) = spent.map_err(|dead| match dead {
        Dead::Unknown => USED_REFRESH_TOKEN,
        Dead::TooOld => OLD_REFRESH_TOKEN,
    })?;
    let refresh = ctx.state.ids.hex(64);
    let settings = &ctx.state.settings;
    let (life, rule) = (settings.refresh_ttl, settings.refresh_rule);
    let survives = settings.old_access_survives_refresh;
    let logins = &mut ctx.state.tokens.logins;
    let pair = logins.follow(old, refresh.clone(), life, rule, survives);
    Ok(paired(ctx.state, user, pair, &refresh))
}

/// A new login: what a person's consent leads to.
pub(crate) fn login(state: &mut State, user: UserId) -> Value {
    let refresh = state.ids.hex(64);
    let life = state.settings.refresh_ttl;
    let pair = state.tokens.logins.begin(user, refresh.clone(), life);
    paired(state, user, pair, &refresh)
}

fn paired(state: &mut State, user: UserId, pair: PairId, refresh: &str) -> Value {
    let (mut answer, token) = issue(state, user);
    state.tokens.bind(&token, pair);
    answer["refresh_token"] = json!(refresh);
    answer
}

fn token_exchange(ctx: &mut Ctx<'_>, form: &Form<'_>) -> Result<Value, Refusal> {
    let parent = form.need("subject_token")?.to_owned();
    if form.need("subject_token_type")? != ACCESS_TOKEN {
        return Err(MISSING);
    }
    let scopes: Vec<String> = form.need("scope")?.split(' ').map(str::to_owned).collect();
    if !scopes
        .iter()
        .all(|scope| scope::KNOWN.contains(&scope.as_str()))
    {
        return Err(SCOPE);
    }
    let Verdict::Good(user, _) = ctx.state.tokens.look(&parent) else {
        return Err(SUBJECT_TOKEN);
    };
    let within = match form.get("resource") {
        Some(resource) => Some(item(ctx.state, user, resource).ok_or(RESOURCE)?),
        None => None,
    };
    let restriction = Restriction { scopes, within };
    let told = restriction.told(&ctx.state.world);
    let token = ctx.state.ids.hex(64);
    let left = ctx.state.tokens.left(&parent);
    ctx.state.tokens.derive(&parent, token.clone(), restriction);
    Ok(json!({
        "access_token": token,
        "expires_in": left.map_or(3600, |left| left.as_secs()),
        "token_type": "bearer",
        "restricted_to": told,
        "issued_token_type": ACCESS_TOKEN,
    }))
}

/// The item that a resource names, if the account sees it.
fn item(state: &State, user: UserId, resource: &str) -> Option<ItemId> {
    let own = format!("http://127.0.0.1:{}/2.0/", state.settings.port);
    let path = resource
        .strip_prefix("https://api.box.com/2.0/")
        .or_else(|| resource.strip_prefix(&own))?;
    let (kind, id) = path.split_once('/')?;
    if kind == "folders" && id == "0" {
        return Some(state.world.root(user));
    }
    let id = id.parse().ok()?;
    let is_folder = state.world.get(id)?.folder().is_some();
    let fits = matches!((kind, is_folder), ("folders", true) | ("files", false));
    (fits && state.world.rights(user, id).see).then_some(id)
}

fn check_app(state: &State) -> Result<(), Refusal> {
    if !state.settings.app_authorized {
        return Err(NOT_AUTHORIZED);
    }
    match state.settings.app_enabled {
        true => Ok(()),
        false => Err(NOT_ENABLED),
    }
}

fn subject_user(state: &State, subject: &str, stranger: Refusal) -> Result<UserId, Refusal> {
    let settings = &state.settings;
    let may = settings.user_tokens && settings.access_level == AccessLevel::AppAndEnterprise;
    match state.world.user_by_id(subject) {
        Some(SERVICE) => Err(NO_USER_TOKENS),
        Some(_) if !may => Err(NO_USER_TOKENS),
        Some(user) => Ok(user),
        None => Err(stranger),
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

/// A fresh access token and its answer. `expires_in` is whole seconds, rounded up: a
/// token that lives for less than a second still has one on paper.
fn issue(state: &mut State, user: UserId) -> (Value, String) {
    let life = state.settings.token_ttl;
    let token = state.ids.hex(32);
    let scopes = state.settings.authorized_scopes.clone();
    state.tokens.add(token.clone(), user, Some(life), scopes);
    let seconds = life.as_secs() + u64::from(life.subsec_nanos() > 0);
    let answer = json!({
        "access_token": token,
        "expires_in": seconds,
        "restricted_to": [],
        "token_type": "bearer",
    });
    (answer, token)
}
