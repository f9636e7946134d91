//! The JWT assertion: header, signature, claims, in this order.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::keys::{self, PublicKeys};
use super::texts::{self, Refusal};

/// The only audience, whatever host is asked.
const AUDIENCE: &str = "https://api.box.com/oauth2/token";
/// How far ahead `exp` may be, in seconds.
const MAX_LIFE: i64 = 60;

type Object = Map<String, Value>;

/// Whom an assertion is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Enterprise(String),
    User(String),
}

/// What an assertion is held against.
pub(super) struct Expected<'a> {
    pub(super) client_id: &'a str,
    pub(super) keys: &'a PublicKeys,
    pub(super) now: i64,
}

/// Verifies an assertion and remembers its `jti`.
pub(super) fn verify(
    assertion: &str,
    expected: &Expected<'_>,
    jtis: &mut HashSet<String>,
) -> Result<Subject, Refusal> {
    let claims = verified_claims(assertion, expected.keys)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.client_id) {
        return Err(texts::ISS);
    }
    check_audience(&claims)?;
    check_times(&claims, expected.now)?;
    let subject = subject(&claims)?;
    let jti = text("jti").filter(|jti| (16..=128).contains(&jti.chars().count()));
    if !jtis.insert(jti.ok_or(texts::JTI)?.to_owned()) {
        return Err(texts::JTI_AGAIN);
    }
    Ok(subject)
}

fn verified_claims(assertion: &str, keys: &PublicKeys) -> Result<Object, Refusal> {
    let (signed, signature) = assertion.rsplit_once('.').ok_or(texts::ASSERTION)?;
    let (header, claims) = signed.split_once('.').ok_or(texts::ASSERTION)?;
    let (header, claims) = (object(header)?, object(claims)?);
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    let algorithm = text("alg").and_then(keys::algorithm).ok_or(texts::ALG)?;
    if text("typ") != Some("JWT") {
        return Err(texts::TYP);
    }
    let key = keys.find(text("kid")).ok_or(texts::KID)?;
    let signature = decode(signature)?;
    if keys::is_signed(key, algorithm, signed, &signature) {
        Ok(claims)
    } else {
        Err(texts::SIGNATURE)
    }
}

fn decode(part: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| texts::ASSERTION)
}

fn object(part: &str) -> Result<Object, Refusal> {
    match serde_json::from_slice(&decode(part)?) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(texts::ASSERTION),
    }
}

fn check_audience(claims: &Object) -> Result<(), Refusal> {
    match claims.get("aud") {
        Some(Value::String(audience)) if audience == AUDIENCE => Ok(()),
        None | Some(Value::String(_)) => Err(texts::AUD),
        Some(_) => Err(texts::AUD_STRING),
    }
}

/// By Box's clock, without tolerance.
fn check_times(claims: &Object, now: i64) -> Result<(), Refusal> {
    let exp = whole(claims, "exp", texts::EXP_INTEGER)?.ok_or(texts::EXP)?;
    if exp <= now {
        return Err(texts::EXPIRED);
    }
    if exp > now.saturating_add(MAX_LIFE) {
        return Err(texts::EXP_FAR);
    }
    let nbf = whole(claims, "nbf", texts::NBF_INTEGER)?;
    let iat = whole(claims, "iat", texts::IAT_INTEGER)?;
    if nbf.into_iter().chain(iat).any(|from| from > now) {
        return Err(texts::NOT_YET);
    }
    Ok(())
}

fn whole(claims: &Object, name: &str, otherwise: Refusal) -> Result<Option<i64>, Refusal> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or(otherwise),
    }
}

fn subject(claims: &Object) -> Result<Subject, Refusal> {
    let sub = claims.get("sub").and_then(Value::as_str);
    let sub = sub.ok_or(texts::SUB)?.to_owned();
    match claims.get("box_sub_type").and_then(Value::as_str) {
        Some("enterprise") => Ok(Subject::Enterprise(sub)),
        Some("user") => Ok(Subject::User(sub)),
        _ => Err(texts::BOX_SUB_TYPE),
    }
}
