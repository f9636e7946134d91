//! The authorize page: what a person agrees to in a browser.

use std::collections::HashMap;
use std::time::Instant;

use super::app::App;
use super::endpoint::form;
use super::oauth::Code;
use super::page::{self, Asked};
use super::pairs::Consent;
use super::redirect;
use super::scope;
use crate::api::{Ctx, Outcome};
use crate::wire::{Received, Reply};

/// Box's words when the person says no.
const DENIED: &str = "The user denied access to your application";

/// A page that was shown and not answered.
struct Page {
    /// `None` when none was sent and there are several to choose from: Box
    /// complains only after the answer.
    redirect_uri: Option<String>,
    state: Option<String>,
    consent: Consent,
}

/// The pages and codes handed out.
#[derive(Default)]
pub(crate) struct Desk {
    pages: HashMap<String, Page>,
    codes: HashMap<String, Code>,
}

impl Desk {
    /// Files a code.
    pub(super) fn put_code(&mut self, code: String, entry: Code) {
        self.codes.insert(code, entry);
    }

    /// Takes a code out: it works once.
    pub(super) fn take_code(&mut self, code: &str) -> Option<Code> {
        self.codes.remove(code)
    }

    /// Ends the life of all codes now.
    pub(crate) fn expire_codes(&mut self) {
        let now = Instant::now();
        for code in self.codes.values_mut() {
            code.until = now;
        }
    }
}

/// `get_authorize`
pub(crate) fn get_authorize(ctx: &mut Ctx<'_>) -> Outcome {
    let asked = match read(ctx) {
        Ok(asked) => asked,
        Err(error) => return Ok(page::problem(error, &ctx.call.query)),
    };
    let token = ctx.state.ids.hex(32);
    let user = ctx.state.world.user(asked.consent.user);
    let scopes = asked.consent.scopes.as_ref();
    let scopes = scopes.unwrap_or(&ctx.state.console.powers.scopes).join(" ");
    let reply = page::consent(&Asked {
        path: &ctx.call.path,
        client_id: &ctx.state.settings.client_id,
        login: user.map_or("", |user| &user.login),
        scopes: &scopes,
        request_token: &token,
    });
    ctx.state.console.desk.pages.insert(token, asked);
    Ok(reply)
}

/// What the page's buttons do. A page can be answered once.
pub(crate) fn post_authorize(ctx: &mut Ctx<'_>) -> Outcome {
    let body = std::mem::replace(&mut ctx.body, Received::Nothing);
    let Ok(form) = form(&body) else {
        return Ok(page::problem("invalid_request", &[]));
    };
    let token = form.get("request_token").unwrap_or_default();
    let Some(shown) = ctx.state.console.desk.pages.remove(token) else {
        return Ok(page::problem("invalid_request_token", &[]));
    };
    let Some(uri) = shown.redirect_uri else {
        return Ok(page::problem("redirect_uri_missing", &[]));
    };
    let code;
    let mut parameters = match form.get("consent") {
        Some("grant") => {
            code = ctx.state.new_code(shown.consent, uri.clone());
            vec![("code", code.as_str())]
        }
        Some("deny") => vec![("error", "access_denied"), ("error_description", DENIED)],
        _ => return Ok(page::problem("invalid_request", &[])),
    };
    if let Some(state) = &shown.state {
        parameters.push(("state", state));
    }
    let location = redirect::with_query(&uri, &parameters);
    Ok(Reply::empty(302)
        .header("location", &location)
        .header("cache-control", "no-store"))
}

/// What the page's address asks for, or the name of what is wrong with it.
fn read(ctx: &Ctx<'_>) -> Result<Page, &'static str> {
    let settings = &ctx.state.settings;
    let given = |name: &str| ctx.call.param(name).filter(|value| !value.is_empty());
    if given("client_id") != Some(&settings.client_id) {
        return Err("invalid_client");
    }
    if settings.app != App::OAuth2 {
        return Err("unauthorized_client");
    }
    if given("response_type") != Some("code") {
        return Err("unsupported_response_type");
    }
    let registered = settings.redirect_uris();
    let redirect_uri = match (given("redirect_uri"), registered.as_slice()) {
        (Some(uri), all) if redirect::is_registered(all, uri) => Some(uri),
        (Some(_), _) => return Err("redirect_uri_mismatch"),
        (None, [only]) => Some(*only),
        (None, _) => None,
    };
    let scopes = match given("scope") {
        Some(text) => Some(scope::list(text).ok_or("invalid_scope")?),
        None => None,
    };
    Ok(Page {
        redirect_uri: redirect_uri.map(str::to_owned),
        state: ctx.call.param("state").map(str::to_owned),
        consent: Consent {
            user: settings.visitor(),
            scopes,
        },
    })
}
