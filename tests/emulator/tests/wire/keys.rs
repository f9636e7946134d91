//! RSA keys, made by `openssl` and shared by the tests, and what they sign.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding, RsaKeyPair,
};
use serde_json::Value;

/// A pair of keys.
pub(crate) struct Key {
    private: Vec<u8>,
    /// `PUBLIC KEY`
    pub(crate) public: String,
    /// `RSA PUBLIC KEY`
    pub(crate) public_pkcs1: String,
}

impl Key {
    fn generate() -> Key {
        let size = "rsa_keygen_bits:2048";
        let make = [
            "genpkey",
            "-algorithm",
            "RSA",
            "-pkeyopt",
            size,
            "-outform",
            "DER",
        ];
        let private = openssl(&make, b"");
        let public = |option| {
            let pem = openssl(&["rsa", "-inform", "DER", option], &private);
            String::from_utf8(pem).unwrap()
        };
        Key {
            public: public("-pubout"),
            public_pkcs1: public("-RSAPublicKey_out"),
            private,
        }
    }

    /// The app's key.
    pub(crate) fn own() -> &'static Key {
        static KEY: OnceLock<Key> = OnceLock::new();
        KEY.get_or_init(Key::generate)
    }

    /// Another key.
    pub(crate) fn other() -> &'static Key {
        static KEY: OnceLock<Key> = OnceLock::new();
        KEY.get_or_init(Key::generate)
    }

    /// A JWT.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(header), part(claims));
        let encoding: &'static dyn RsaEncoding = match header["alg"].as_str() {
            Some("RS512") => &RSA_PKCS1_SHA512,
            Some("RS384") => &RSA_PKCS1_SHA384,
            _ => &RSA_PKCS1_SHA256,
        };
        // Which of the two forms comes out depends on the version of openssl.
        let pair = RsaKeyPair::from_pkcs8(&self.private)
            .or_else(|_| RsaKeyPair::from_der(&self.private))
            .unwrap();
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(
            encoding,
            &SystemRandom::new(),
            text.as_bytes(),
            &mut signature,
        )
        .unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("these tests need the openssl command");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}");
    output.stdout
}
