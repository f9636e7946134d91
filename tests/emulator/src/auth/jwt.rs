//! Assertions: JSON Web Tokens that an app signs. Box's guide "JWT without SDK".

use std::collections::{HashMap, HashSet};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RsaParameters, UnparsedPublicKey,
};
use serde_json::{Map, Value};

use super::endpoint::Refusal;

/// The only audience that Box takes.
const AUDIENCE: &str = "https://api.box.com/oauth2/token";
/// The longest that an assertion may still live.
const LONGEST: i64 = 60;

const EXPIRED: &str =
    "Current date/time MUST be before the expiration date/time listed in the 'exp' claim";
const TOO_EARLY: &str = "Current date/time MUST be after or equal to the not-before date/time listed in the 'nbf' or 'iat' claim";
const TOO_LONG: &str = "Please check the 'exp' claim. The 'exp' value exceeds the maximum value of 60 seconds beyond the issue time.";
const NOT_SIGNED: &str = "Signature verification error. The public key identified by 'kid' must correspond to the private key used for signing.";

/// The app's public keys by ID, each as an RSA key in DER (PKCS#1).
#[derive(Default)]
pub(crate) struct PublicKeys {
    keys: HashMap<String, Vec<u8>>,
    spent: HashSet<String>,
}

/// What an assertion says.
pub(crate) struct Claims {
    /// `enterprise` or `user`.
    pub(crate) kind: String,
    /// Its ID.
    pub(crate) subject: String,
}

impl PublicKeys {
    /// Adds a key in PEM; `false` when it is no RSA key.
    pub(crate) fn add(&mut self, kid: &str, pem: &str) -> bool {
        let key = rsa_key(pem);
        let is_key = key.is_some();
        self.keys.extend(key.map(|key| (kid.to_owned(), key)));
        is_key
    }

    /// Removes a key.
    pub(crate) fn remove(&mut self, kid: &str) {
        self.keys.remove(kid);
    }

    /// Judges an assertion; a good one is spent.
    pub(crate) fn judge(
        &mut self,
        assertion: &str,
        issuer: &str,
        now: i64,
    ) -> Result<Claims, Refusal> {
        let bad = || grant("Please check the 'assertion' parameter. It is not a valid JWT.");
        let (signed, signature) = assertion.rsplit_once('.').ok_or_else(bad)?;
        let (header, claims) = signed.split_once('.').ok_or_else(bad)?;
        let header = object(header).ok_or_else(bad)?;
        let claims = object(claims).ok_or_else(bad)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| bad())?;
        self.verify(&header, signed, &signature)?;
        check_who(&claims, issuer)?;
        check_times(&claims, now)?;
        self.spend(&claims)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let kind = text("box_sub_type")
            .filter(|kind| ["enterprise", "user"].contains(&kind.as_str()))
            .ok_or_else(|| grant("Please check the 'box_sub_type' claim."))?;
        let subject = text("sub");
        let subject =
            subject.ok_or_else(|| grant("Please check the 'sub' claim. Should be a string"))?;
        Ok(Claims { kind, subject })
    }

    fn verify(
        &self,
        header: &Map<String, Value>,
        signed: &str,
        with: &[u8],
    ) -> Result<(), Refusal> {
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        let algorithm: &'static RsaParameters = match text("alg") {
            Some("RS256") => &RSA_PKCS1_2048_8192_SHA256,
            Some("RS384") => &RSA_PKCS1_2048_8192_SHA384,
            Some("RS512") => &RSA_PKCS1_2048_8192_SHA512,
            _ => {
                return Err(grant(
                    "Please check the 'alg' header. Should be RS256, RS384 or RS512",
                ));
            }
        };
        if text("typ").is_some_and(|typ| typ != "JWT") {
            return Err(grant("Please check the 'typ' header. Should be JWT"));
        }
        // Without a kid Box can only guess, which works while there is one key.
        let key = match (text("kid"), self.keys.len()) {
            (Some(kid), _) => self.keys.get(kid),
            (None, 1) => self.keys.values().next(),
            (None, _) => None,
        };
        let key = key.ok_or_else(|| grant("'kid' invalid, unable to lookup correct key"))?;
        UnparsedPublicKey::new(algorithm, key)
            .verify(signed.as_bytes(), with)
            .map_err(|_| grant(NOT_SIGNED))
    }

    fn spend(&mut self, claims: &Map<String, Value>) -> Result<(), Refusal> {
        let jti = claims
            .get("jti")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !(16..=128).contains(&jti.chars().count()) {
            return Err(grant("Please check the 'jti' claim."));
        }
        match self.spent.insert(jti.to_owned()) {
            true => Ok(()),
            false => Err(grant(
                "Please check the 'jti' claim. A unique 'jti' value is required.",
            )),
        }
    }
}

fn check_who(claims: &Map<String, Value>, issuer: &str) -> Result<(), Refusal> {
    if claims.get("iss").and_then(Value::as_str) != Some(issuer) {
        return Err(grant("Please check the 'iss' claim."));
    }
    match claims.get("aud") {
        Some(Value::String(audience)) if audience == AUDIENCE => Ok(()),
        Some(Value::String(_)) | None => Err(grant("Please check the 'aud' claim.")),
        Some(_) => Err(grant("Please check the 'aud' claim. Should be a string")),
    }
}

fn check_times(claims: &Map<String, Value>, now: i64) -> Result<(), Refusal> {
    let expires = match claims.get("exp") {
        None => return Err(grant("Please check the 'exp' claim.")),
        Some(value) => value.as_i64(),
    };
    let Some(expires) = expires else {
        return Err(grant("Please check the 'exp' claim. Should be an integer"));
    };
    if expires <= now {
        return Err(grant(EXPIRED));
    }
    if expires > now + LONGEST {
        return Err(grant(TOO_LONG));
    }
    let starts = ["nbf", "iat"]
        .iter()
        .filter_map(|name| claims.get(*name)?.as_i64());
    match starts.max() {
        Some(start) if start > now => Err(grant(TOO_EARLY)),
        _ => Ok(()),
    }
}

fn grant(text: &'static str) -> Refusal {
    Refusal("invalid_grant", text)
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    match serde_json::from_slice(&bytes).ok()? {
        Value::Object(fields) => Some(fields),
        _ => None,
    }
}

/// The RSA key in a PEM text: what `openssl rsa -pubout` writes (SPKI), or the bare key.
fn rsa_key(pem: &str) -> Option<Vec<u8>> {
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .flat_map(|line| line.trim().chars())
        .collect();
    let der = STANDARD.decode(body).ok()?;
    if pem.contains("BEGIN RSA PUBLIC KEY") {
        return Some(der);
    }
    // SEQUENCE { SEQUENCE { algorithm }, BIT STRING { 0 unused bits, key } }
    let (0x30, outer, _) = element(&der)? else {
        return None;
    };
    let (0x30, algorithm, rest) = element(outer)? else {
        return None;
    };
    const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    let is_rsa = algorithm
        .windows(RSA_ENCRYPTION.len())
        .any(|part| part == RSA_ENCRYPTION);
    match element(rest)? {
        (0x03, [0, key @ ..], _) if is_rsa => Some(key.to_vec()),
        _ => None,
    }
}

/// One element of DER: its tag, its content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(*first) {
        short @ 0..0x80 => (short, rest),
        long => {
            let (digits, rest) = rest.split_at_checked(long - 0x80)?;
            let length = digits
                .iter()
                .fold(0, |sum, digit| sum * 256 + usize::from(*digit));
            (length, rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}
