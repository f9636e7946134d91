//! A JWT that an app signs to prove itself.
//!
//! Box: `post_oauth2_token` with `urn:ietf:params:oauth:grant-type:jwt-bearer`. The
//! claims `iat` and `nbf` are left out on purpose: Box tolerates no clock that is ahead.

use crate::model::trouble::Trouble;
use crate::remote::auth::credentials::Subject;
use crate::remote::auth::unguessable;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding, RsaKeyPair,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Box wants exactly this text, whatever host the token is asked from.
const AUDIENCE: &str = "https://api.box.com/oauth2/token";
/// Box allows 60 seconds; the rest is for clocks that differ and networks that are slow.
const LIFE: Duration = Duration::from_secs(45);

/// How a JWT is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// RSA with SHA-256.
    Rs256,
    /// RSA with SHA-384.
    Rs384,
    /// RSA with SHA-512.
    Rs512,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }

    fn encoding(self) -> &'static dyn RsaEncoding {
        match self {
            Self::Rs256 => &RSA_PKCS1_SHA256,
            Self::Rs384 => &RSA_PKCS1_SHA384,
            Self::Rs512 => &RSA_PKCS1_SHA512,
        }
    }
}

/// An app's private key, ready to sign.
pub(crate) struct Signer {
    key: RsaKeyPair,
    key_id: String,
    algorithm: Algorithm,
}

impl Signer {
    /// From a key in PKCS#8 DER and the ID under which Box knows its public half. `None`
    /// when the key cannot sign: not RSA, or shorter than 2,048 bits.
    pub(crate) fn new(pkcs8_der: &[u8], key_id: String, algorithm: Algorithm) -> Option<Self> {
        let key = RsaKeyPair::from_pkcs8(pkcs8_der).ok()?;
        Some(Self {
            key,
            key_id,
            algorithm,
        })
    }

    /// The ID under which Box knows the public half.
    pub(crate) fn key_id(&self) -> &str {
        &self.key_id
    }

    /// A fresh assertion, good for less than a minute from `now` and for one use.
    pub(crate) fn assertion(
        &self,
        issuer: &str,
        subject: &Subject,
        now: SystemTime,
    ) -> Result<SecretString, Trouble> {
        let id = unguessable::<32>()?;
        let claims = claims(issuer, subject, now, &id);
        let header = json!({"alg": self.algorithm.name(), "typ": "JWT", "kid": self.key_id});
        let mut text = [header, claims]
            .map(|part| URL_SAFE_NO_PAD.encode(part.to_string()))
            .join(".");
        let mut signature = vec![0; self.key.public().modulus_len()];
        let (encoding, random) = (self.algorithm.encoding(), SystemRandom::new());
        self.key
            .sign(encoding, &random, text.as_bytes(), &mut signature)
            .map_err(|_| Trouble::NoAnswer("the private key cannot sign".to_owned()))?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        Ok(SecretString::from(text))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer(kid {:?})", self.key_id)
    }
}

fn claims(issuer: &str, subject: &Subject, now: SystemTime, id: &str) -> Value {
    let expires = now + LIFE;
    let expires = expires.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (kind, who) = subject.spelled();
    json!({
        "iss": issuer,
        "sub": who,
        "box_sub_type": kind,
        "aud": AUDIENCE,
        "jti": id,
        "exp": expires.as_secs(),
    })
}

#[cfg(test)]
mod tests {
    use super::claims;
    use crate::remote::auth::credentials::Subject;
    use crate::remote::auth::unguessable;
    use serde_json::json;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn claims_are_what_box_documents_and_nothing_more() {
        let now = UNIX_EPOCH + Duration::from_millis(1_000_999);
        let expected = json!({
            "iss": "app",
            "sub": "42",
            "box_sub_type": "enterprise",
            "aud": "https://api.box.com/oauth2/token",
            "jti": "once",
            "exp": 1_045,
        });
        let subject = Subject::Enterprise("42".into());
        assert_eq!(claims("app", &subject, now, "once"), expected);
    }

    #[test]
    fn an_assertions_id_has_a_length_that_box_takes_and_is_never_the_same() {
        let (one, other) = (unguessable::<32>().unwrap(), unguessable::<32>().unwrap());
        assert_ne!(one, other);
        assert!((16..=128).contains(&one.len()), "{one}");
    }
}
