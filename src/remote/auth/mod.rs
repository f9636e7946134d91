//! Tokens: obtained, kept and renewed without a person.
//!
//! - `credentials`: what an operator gave us, as forms that Box's token endpoint takes.
//! - `assertion`: a signed JWT.
//! - `grant`: one exchange at the token endpoint.
//! - `life`: when a token is renewed. Pure.
//! - `file`: tokens on disk, so that runs share them and no login is lost.
//! - `keeper`: holds the current token; one renewal at a time, across processes.
//! - `rotation`: an exchange whose answer must not be lost.
//! - `token`: a token in use.
//! - `consent`: a login's beginning and its end.
//! - `login`: the two halves of a sign-in in the browser.
//!
//! Tokens are opaque: nothing here looks into one.

pub(crate) mod assertion;
pub(crate) mod consent;
pub(crate) mod credentials;
pub(crate) mod file;
pub(crate) mod grant;
pub(crate) mod keeper;
pub(crate) mod life;
pub(crate) mod login;
pub(crate) mod rotation;
pub(crate) mod token;

use crate::model::trouble::Trouble;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};

/// Bytes that nobody can guess, as text that needs no escaping in a URL.
pub(crate) fn unguessable<const BYTES: usize>() -> Result<String, Trouble> {
    let mut bytes = [0; BYTES];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Trouble::NoAnswer("this system gives no random numbers".to_owned()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
