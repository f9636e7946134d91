//! The token endpoint's surface: forms in, OAuth 2 JSON out.

use serde_json::{Value, json};

use super::grants;
use super::texts::{MISSING, Refusal};
use crate::api::{Ctx, Outcome};
use crate::wire::{Content, Received, Reply};

/// A token request's form.
pub(super) struct Form<'a>(&'a [(String, String)]);

impl<'a> Form<'a> {
    /// A field that is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.0
            .iter()
            .find(|(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// The same, required.
    pub(super) fn need(&self, name: &str) -> Result<&'a str, Refusal> {
        self.get(name).ok_or(MISSING)
    }
}

/// `post_oauth2_token`: one function per grant.
pub(crate) fn post_oauth2_token(ctx: &mut Ctx<'_>) -> Outcome {
    let body = std::mem::replace(&mut ctx.body, Received::Nothing);
    let reply = match form(&body).and_then(|form| grants::grant(ctx, &form)) {
        Ok(token) => {
            if let Some(name) = body.field("grant_type") {
                ctx.state.journal.granted(grants::grant_name(name));
            }
            Reply::json(200, token)
        }
        Err(refusal) => refuse(&refusal),
    };
    Ok(reply.header("cache-control", "no-store"))
}

/// `post_oauth2_revoke`: 200 with an empty body, whatever the token was.
pub(crate) fn post_oauth2_revoke(ctx: &mut Ctx<'_>) -> Outcome {
    let body = std::mem::replace(&mut ctx.body, Received::Nothing);
    let done = form(&body).and_then(|form| {
        grants::check_client(ctx, &form)?;
        ctx.state.tokens.revoke(form.need("token")?);
        Ok(())
    });
    Ok(match done {
        Ok(()) => Reply::empty(200),
        Err(refusal) => refuse(&refusal),
    })
}

/// A form, or the refusal of anything else.
pub(super) fn form(body: &Received) -> Result<Form<'_>, Refusal> {
    match body {
        Received::Form(pairs) => Ok(Form(pairs)),
        Received::Nothing
        | Received::NotAForm
        | Received::Json(_)
        | Received::Upload(_)
        | Received::Part(_) => Err(MISSING),
    }
}

fn refuse(refusal: &Refusal) -> Reply {
    let body = json!({"error": refusal.error, "error_description": refusal.description});
    let mut reply = Reply::empty(refusal.status);
    reply.content = escaped(&body);
    reply
}

/// JSON with its slashes escaped, as Box writes these errors.
pub(crate) fn escaped(body: &Value) -> Content {
    Content::Raw {
        bytes: body.to_string().replace('/', "\\/").into_bytes(),
        mime: "application/json",
    }
}
