//! `[auth]` for jwt: the app's private key.

use std::fmt;
use zeroize::Zeroizing;

/// An RSA key that can sign. It is wiped when it is dropped and never printed.
#[derive(Clone)]
pub(crate) struct PrivateKey(Zeroizing<Vec<u8>>);

impl PrivateKey {
    /// The key, not encrypted, as DER in the frame of PKCS#8.
    pub(crate) fn pkcs8_der(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey([REDACTED])")
    }
}
