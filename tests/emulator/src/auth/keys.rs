//! The app's public keys: RSA, in PEM, as `PUBLIC KEY` or `RSA PUBLIC KEY`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RsaParameters, UnparsedPublicKey,
};

/// `rsaEncryption`, with its empty parameters.
const RSA: [u8; 13] = [
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;

/// The registered keys by id, as PKCS#1.
#[derive(Default)]
pub(crate) struct PublicKeys {
    keys: Vec<(String, Vec<u8>)>,
}

impl PublicKeys {
    /// Registers a key; one of the same id gives way.
    pub(crate) fn add(&mut self, kid: &str, pem: &str) -> Result<(), String> {
        let key =
            read_pem(pem).ok_or_else(|| format!("'{kid}' is not an RSA public key in PEM"))?;
        self.remove(kid);
        self.keys.push((kid.to_owned(), key));
        Ok(())
    }

    /// Forgets a key; says whether it was there.
    pub(crate) fn remove(&mut self, kid: &str) -> bool {
        let before = self.keys.len();
        self.keys.retain(|(known, _)| known != kid);
        self.keys.len() < before
    }

    /// The key of that id. Without an id there must be only one.
    pub(super) fn find(&self, kid: Option<&str>) -> Option<&[u8]> {
        let found = match (kid, self.keys.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(kid), keys) => keys.iter().find(|(known, _)| known == kid),
        };
        found.map(|(_, key)| key.as_slice())
    }
}

/// The check that an `alg` header names.
pub(super) fn algorithm(name: &str) -> Option<&'static RsaParameters> {
    match name {
        "RS256" => Some(&RSA_PKCS1_2048_8192_SHA256),
        "RS384" => Some(&RSA_PKCS1_2048_8192_SHA384),
        "RS512" => Some(&RSA_PKCS1_2048_8192_SHA512),
        _ => None,
    }
}

/// Whether the key's owner signed this.
pub(super) fn is_signed(
    key: &[u8],
    algorithm: &'static RsaParameters,
    text: &str,
    signature: &[u8],
) -> bool {
    UnparsedPublicKey::new(algorithm, key)
        .verify(text.as_bytes(), signature)
        .is_ok()
}

fn read_pem(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN ")?;
    let (kind, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let body: String = body.split_ascii_whitespace().collect();
    let der = STANDARD.decode(body).ok()?;
    let key = match kind {
        "PUBLIC KEY" => unwrap(&der)?,
        "RSA PUBLIC KEY" => &der,
        _ => return None,
    };
    // Modulus and exponent, and nothing more.
    let (numbers, nothing) = take(SEQUENCE, key)?;
    let (_, exponent) = take(INTEGER, numbers)?;
    let (_, end) = take(INTEGER, exponent)?;
    (nothing.is_empty() && end.is_empty()).then(|| key.to_vec())
}

/// The key inside a `SubjectPublicKeyInfo`.
fn unwrap(der: &[u8]) -> Option<&[u8]> {
    let (info, _) = take(SEQUENCE, der)?;
    let (algorithm, info) = take(SEQUENCE, info)?;
    let (bits, _) = take(BIT_STRING, info)?;
    let (unused, key) = bits.split_first()?;
    (algorithm == RSA && *unused == 0).then_some(key)
}

/// The content of the first DER element, and what follows it.
fn take(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            let length = bytes
                .iter()
                .fold(0, |all, byte| all << 8 | usize::from(*byte));
            (length, rest)
        }
        _ => return None,
    };
    (*found == tag).then(|| rest.split_at_checked(length))?
}
