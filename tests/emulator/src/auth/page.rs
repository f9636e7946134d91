//! The page where a person lets an app in: `get_authorize`, and its form.
//!
//! Box's guide "OAuth 2.0 without SDKs". Who looks at the page is signed in already; the
//! account is a setting.

use std::collections::HashMap;

use super::endpoint::Form;
use crate::api::{Ctx, Outcome};
use crate::settings::App;
use crate::shared::State;
use crate::wire::{Content, Received, Reply, decode_pairs};

/// Questions that wait for a person's answer, by the form's one-use token.
#[derive(Default)]
pub(crate) struct Questions(HashMap<String, Question>);

struct Question {
    redirect_uri: String,
    state: Option<String>,
}

/// `get_authorize`: the page, or a page that says what is wrong with the link.
pub(crate) fn get_authorize(ctx: &mut Ctx<'_>) -> Outcome {
    let param = |name: &str| ctx.call.param(name).filter(|value| !value.is_empty());
    let (client, kind) = (param("client_id"), param("response_type"));
    let (asked, state) = (param("redirect_uri"), ctx.call.param("state"));
    let settings = &ctx.state.settings;
    if settings.app != App::OAuth2 || client != Some(settings.client_id.as_str()) {
        return Ok(fault(
            "invalid_client",
            "Invalid client_id parameter or value",
        ));
    }
    if kind != Some("code") {
        let words = "The response_type must be 'code'";
        return Ok(fault("unsupported_response_type", words));
    }
    let redirect_uri = match redirect(&settings.redirect_uris, asked) {
        Ok(uri) => uri,
        Err((code, words)) => return Ok(fault(code, words)),
    };
    let state = state.map(str::to_owned);
    let ticket = ctx.state.ids.hex(40);
    let page = consent(ctx.state, &ticket);
    let question = Question {
        redirect_uri,
        state,
    };
    ctx.state.questions.0.insert(ticket, question);
    Ok(html(200, page))
}

/// The form's answer: back to the app, with a code or with a refusal.
pub(crate) fn post_authorize(ctx: &mut Ctx<'_>) -> Outcome {
    let body = std::mem::replace(&mut ctx.body, Received::Nothing);
    let form = match &body {
        Received::Form(pairs) => Form(pairs),
        _ => return Ok(fault("invalid_request", "This is not the page's form")),
    };
    let ticket = form.get("request_token").unwrap_or_default();
    let Some(question) = ctx.state.questions.0.remove(ticket) else {
        return Ok(fault(
            "invalid_request",
            "This page has been answered, or is too old",
        ));
    };
    let mut answer: Vec<(&str, String)> = Vec::new();
    match form.get("decision") {
        Some("grant") => {
            let code = ctx.state.ids.hex(32);
            let (user, life) = (ctx.state.settings.authorize_as, ctx.state.settings.code_ttl);
            let uri = question.redirect_uri.clone();
            ctx.state.codes.add(code.clone(), user, uri, life);
            answer.push(("code", code));
        }
        _ => {
            answer.push(("error", "access_denied".to_owned()));
            let words = "The user denied access to your application";
            answer.push(("error_description", words.to_owned()));
        }
    }
    answer.extend(question.state.map(|state| ("state", state)));
    let query: Vec<String> = answer
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    let join = if question.redirect_uri.contains('?') {
        '&'
    } else {
        '?'
    };
    let location = format!("{}{join}{}", question.redirect_uri, query.join("&"));
    Ok(Reply::empty(302).header("location", &location))
}

/// The address to send the browser back to: a registered one, letter by letter, but for
/// the port of one on the visitor's own machine.
fn redirect(
    registered: &[String],
    asked: Option<&str>,
) -> Result<String, (&'static str, &'static str)> {
    match (asked, registered) {
        (Some(asked), all) if all.iter().any(|one| same(one, asked)) => Ok(asked.to_owned()),
        (Some(_), _) => Err((
            "redirect_uri_mismatch",
            "The redirect_uri is not one of the app's configured redirect URIs",
        )),
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err((
            "redirect_uri_missing",
            "The app has several redirect URIs, and none was named",
        )),
    }
}

fn same(registered: &str, asked: &str) -> bool {
    registered == asked
        || matches!((without_port(registered), without_port(asked)), (Some(a), Some(b)) if a == b)
}

/// An http address on the visitor's machine, without its port.
fn without_port(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host);
    ["127.0.0.1", "localhost", "[::1]"]
        .contains(&host)
        .then_some((host, path))
}

fn consent(state: &State, ticket: &str) -> String {
    let user = state.world.user(state.settings.authorize_as);
    let login = user.map_or("", |user| user.login.as_str());
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Box | Grant access</title></head>\
         <body><h1>Grant access to Box</h1><p>Signed in as {login}. An app asks to read and write \
         all files and folders stored in Box.</p>\
         <form method=\"post\" action=\"\"><input type=\"hidden\" name=\"request_token\" value=\"{ticket}\">\
         <button type=\"submit\" id=\"consent_accept_button\" name=\"decision\" value=\"grant\">Grant access to Box</button> \
         <button type=\"submit\" id=\"consent_reject_button\" name=\"decision\" value=\"deny\">Deny access to Box</button>\
         </form></body></html>\n"
    )
}

fn fault(code: &str, words: &str) -> Reply {
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Box | Error</title></head>\
         <body><h1>Error: {code}</h1><p>{words}.</p></body></html>\n"
    );
    html(400, page)
}

fn html(status: u16, page: String) -> Reply {
    let content = Content::Raw {
        bytes: page.into_bytes(),
        mime: "text/html; charset=utf-8",
    };
    let reply = Reply {
        status,
        headers: Vec::new(),
        content,
    };
    reply
        .header("cache-control", "no-store")
        .header("x-frame-options", "DENY")
}

fn encode(text: &str) -> String {
    let letter = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        b' ' => "+".to_owned(),
        other => format!("%{other:02X}"),
    };
    let encoded: String = text.bytes().map(letter).collect();
    debug_assert!(decode_pairs(&format!("x={encoded}")).is_some());
    encoded
}
