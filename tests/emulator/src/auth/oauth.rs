//! The grants of OAuth 2.0: a code for a pair of tokens, a refresh token for
//! the next pair.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::endpoint::Form;
use super::grants::answer;
use super::pairs::{Consent, Fresh, RefreshVerdict};
use super::scope;
use super::texts::{self, Refusal};
use super::tokens::Visitor;
use crate::api::Ctx;
use crate::shared::State;

/// An authorization code: what the person agreed to, and where it was sent.
pub(super) struct Code {
    pub(super) consent: Consent,
    pub(super) redirect_uri: String,
    pub(super) until: Instant,
}

/// A code is good for one attempt.
pub(super) fn authorization_code(ctx: &mut Ctx<'_>, form: &Form<'_>) -> Result<Value, Refusal> {
    let code = form.need("code")?;
    let code = ctx.state.console.desk.take_code(code).ok_or(texts::CODE)?;
    if code.until <= Instant::now() {
        return Err(texts::CODE_OLD);
    }
    if form
        .get("redirect_uri")
        .is_some_and(|sent| sent != code.redirect_uri)
    {
        return Err(texts::REDIRECT);
    }
    let fresh = fresh(ctx.state, code.consent);
    let reply = pair_answer(&fresh);
    ctx.state.tokens.open(fresh);
    Ok(reply)
}

/// The old pair dies by the emulator's rule.
pub(super) fn refresh_token(ctx: &mut Ctx<'_>, form: &Form<'_>) -> Result<Value, Refusal> {
    let old = form.get("refresh_token").ok_or(texts::NO_REFRESH_TOKEN)?;
    let state = &mut *ctx.state;
    let consent = match state.tokens.judge_refresh(old) {
        RefreshVerdict::Good(consent) => consent,
        RefreshVerdict::Expired => return Err(texts::REFRESH_TOKEN_OLD),
        RefreshVerdict::Unknown => return Err(texts::REFRESH_TOKEN),
    };
    let fresh = fresh(state, consent);
    let reply = pair_answer(&fresh);
    let rule = state.settings.refresh_rule;
    let survives = state.settings.old_access_survives_refresh;
    state.tokens.follow(old, fresh, rule, survives);
    Ok(reply)
}

fn pair_answer(fresh: &Fresh) -> Value {
    let mut reply = answer(&fresh.access, fresh.access_life, &json!([]));
    if let Value::Object(fields) = &mut reply {
        fields.insert("refresh_token".to_owned(), json!(fresh.refresh));
    }
    reply
}

/// A pair within what both the app and the person allow.
fn fresh(state: &mut State, consent: Consent) -> Fresh {
    let powers = &state.console.powers.scopes;
    let visitor = match &consent.scopes {
        None => Visitor::new(consent.user, powers),
        Some(asked) => {
            let asked = asked.iter().copied();
            let both: Vec<_> = asked.filter(|asked| scope::covers(powers, asked)).collect();
            Visitor::new(consent.user, &both)
        }
    };
    Fresh {
        access: state.ids.hex(32),
        refresh: state.ids.hex(64),
        visitor,
        consent,
        access_life: state.settings.token_ttl,
        refresh_life: state.settings.refresh_ttl,
    }
}

impl State {
    /// A grant made without the page; returns its refresh token.
    pub(crate) fn grant_without_page(&mut self) -> String {
        let consent = Consent {
            user: self.settings.visitor(),
            scopes: None,
        };
        let fresh = fresh(self, consent);
        let refresh = fresh.refresh.clone();
        self.tokens.open(fresh);
        refresh
    }

    /// A code for what was agreed to, on its way to that address.
    pub(super) fn new_code(&mut self, consent: Consent, redirect_uri: String) -> String {
        let code = self.ids.hex(32);
        let life: Duration = self.settings.code_ttl;
        let entry = Code {
            consent,
            redirect_uri,
            until: Instant::now() + life,
        };
        self.console.desk.put_code(code.clone(), entry);
        code
    }
}
