//! Down-scoping: a token in exchange for one that may do less.

use std::sync::Arc;

use serde_json::{Value, json};

use super::endpoint::Form;
use super::grants::{self, answer};
use super::scope;
use super::texts::{self, Refusal};
use super::tokens::{Bounds, Verdict, Visitor};
use crate::api::{Ctx, Lens};
use crate::world::{ItemId, Kind};

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The new token's user is the old one's; it reaches and may do no more.
pub(super) fn token_exchange(ctx: &mut Ctx<'_>, form: &Form<'_>) -> Result<Value, Refusal> {
    // No client is needed, but a wrong one is wrong.
    if form.get("client_id").is_some() || form.get("client_secret").is_some() {
        grants::check_client(ctx, form)?;
    }
    let subject = form.need("subject_token")?;
    if form.need("subject_token_type")? != ACCESS_TOKEN {
        return Err(texts::MISSING);
    }
    let Verdict::Good(parent) = ctx.state.tokens.judge(subject) else {
        return Err(texts::SUBJECT_TOKEN);
    };
    let scopes = scope::list(form.need("scope")?).ok_or(texts::SCOPE)?;
    let have = &parent.bounds.scopes;
    if !scopes.iter().all(|scope| scope::covers(have, scope)) {
        return Err(texts::SCOPE_MISSING);
    }
    if form.get("box_shared_link").is_some() {
        ctx.state.journal.unknown("box_shared_link".to_owned());
        return Err(texts::RESOURCE);
    }
    let resource = match form.get("resource") {
        Some(url) => Some(find(ctx, &parent, url).ok_or(texts::RESOURCE)?),
        None => None,
    };
    Ok(issue(ctx, subject, &parent, scopes, resource))
}

fn issue(
    ctx: &mut Ctx<'_>,
    subject: &str,
    parent: &Visitor,
    scopes: Vec<&'static str>,
    resource: Option<ItemId>,
) -> Value {
    let restricted_to: Vec<Value> = scopes
        .iter()
        .map(|scope| match resource {
            Some(id) => json!({"scope": scope, "object": object(ctx, parent, id)}),
            None => json!({"scope": scope}),
        })
        .collect();
    let visitor = Visitor {
        user: parent.user,
        bounds: Arc::new(Bounds {
            scopes,
            within: resource.or(parent.bounds.within),
            restricted: true,
        }),
    };
    let state = &mut *ctx.state;
    let life = state.settings.token_ttl;
    let life = state
        .tokens
        .left(subject)
        .map_or(life, |left| left.min(life));
    let token = state.ids.hex(32);
    state.tokens.restrict(token.clone(), subject, visitor, life);
    let mut reply = answer(&token, life, &json!(restricted_to));
    if let Value::Object(fields) = &mut reply {
        fields.insert("issued_token_type".to_owned(), json!(ACCESS_TOKEN));
    }
    reply
}

/// The active item that a resource URL names, within what the parent reaches.
fn find(ctx: &Ctx<'_>, parent: &Visitor, url: &str) -> Option<ItemId> {
    let secure = url.strip_prefix("https://");
    let rest = secure.or_else(|| url.strip_prefix("http://"))?;
    let (host, path) = rest.split_once("/2.0/")?;
    if host != "api.box.com" && Some(host) != ctx.call.header("host") && !is_own(ctx, host) {
        return None;
    }
    let (kind, id) = match path.split_once('/')? {
        ("folders", id) => (Kind::Folder, id),
        ("files", id) => (Kind::File, id),
        _ => return None,
    };
    let id = ctx.state.find(parent.user, kind, id)?;
    let world = &ctx.state.world;
    let reached = world.reaches(parent.user, parent.bounds.within, id);
    (reached && !world.is_trashed(id)).then_some(id)
}

/// The item as the answer names it.
fn object(ctx: &Ctx<'_>, parent: &Visitor, id: ItemId) -> Value {
    let lens = Lens::of(ctx.state, parent.user);
    let names = ["type", "id", "etag", "sequence_id", "name"];
    names
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), lens.field(id, name)?)))
        .collect()
}

fn is_own(ctx: &Ctx<'_>, host: &str) -> bool {
    let port = ctx.state.settings.port;
    ["127.0.0.1", "localhost"]
        .iter()
        .any(|own| host == format!("{own}:{port}"))
}
