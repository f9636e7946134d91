//! `[auth]` for jwt: the app's private key, out of whatever frame it is in.
//!
//! Box hands out keys that are encrypted by PBES2, and takes public keys of any origin.
//! What is too old to be read here is told with the command that renews it.

use crate::config::pem::{self, Content};
use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::asn1::{AnyRef, OctetStringRef, UintRef};
use pkcs8::der::{Decode, Encode, Reader, SliceReader};
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::{Kdf, PBES2_OID, Parameters};
use pkcs8::{AlgorithmIdentifierRef, EncryptedPrivateKeyInfoRef, ObjectIdentifier};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use std::fmt;
use zeroize::Zeroizing;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.7");
/// PKCS #5's first scheme and PKCS #12's own: all that was there before PBES2.
const PBES1: [&str; 2] = ["1.2.840.113549.1.5.", "1.2.840.113549.1.12.1."];
/// The one that every OpenSSL can still read without being told to: SHA-1 with 3DES.
const PBES1_3DES: [&str; 2] = ["1.2.840.113549.1.12.1.3", "1.2.840.113549.1.12.1.4"];

/// Box wants at least the first, and what signs takes at most the second.
const BITS: (usize, usize) = (2048, 4096);

/// The work that a key may demand before anything is known about it: seconds, not hours.
const ITERATIONS: u32 = 10_000_000;
/// Memory for scrypt, and how much of it may be gone through in all.
const SCRYPT: (u64, u64) = (256 << 20, 2 << 30);

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

/// What is wrong with a key, and what mends it. Never any of its content.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) what: String,
    pub(super) remedy: String,
}

/// Reads a key from its PEM text.
pub(super) fn read(text: &str, passphrase: &str) -> Result<PrivateKey, Fault> {
    let block = pem::read(text).map_err(|what| fault(what, BROKEN))?;
    let der = match (block.content, block.label.as_str()) {
        (Content::Enciphered(cipher), _) => return Err(traditional(&cipher)),
        (Content::Der(der), "ENCRYPTED PRIVATE KEY") => {
            let der = decrypt(der.as_bytes(), passphrase)?;
            // What was decrypted to something else was decrypted wrongly.
            inner(&der).unwrap_or_else(|| Err(fault(UNDECRYPTABLE, PASSPHRASE)))?
        }
        (Content::Der(der), "PRIVATE KEY") => {
            inner(der.as_bytes()).unwrap_or_else(|| Err(fault(DAMAGED, BROKEN)))?
        }
        (Content::Der(der), "RSA PRIVATE KEY") => Zeroizing::new(der.as_bytes().to_vec()),
        (Content::Der(_), label) => return Err(other(label)),
    };
    finish(&der)
}

const BROKEN: &str = "copy it again, whole and with its first and last line; in the JSON it is \
                      one line, with \\n for each line break: jq --rawfile key key.pem \
                      '.boxAppSettings.appAuth.privateKey = $key' config.json > new.json";
const KEYPAIR: &str = "take the private key of an RSA pair: Box's Developer Console, your app, \
                       Configuration, Add and Manage Public Keys, Generate a Public/Private \
                       Keypair";
const PASSPHRASE: &str = "check boxAppSettings.appAuth.passphrase; if it is right, generate a new \
                          keypair in Box's Developer Console (your app, Configuration, Add and \
                          Manage Public Keys), as Box keeps no copy";
const UNDECRYPTABLE: &str = "it cannot be decrypted: the passphrase is wrong, or the key is \
                             damaged";
const DAMAGED: &str = "it is damaged: its content is no private key";

fn fault(what: impl Into<String>, remedy: impl Into<String>) -> Fault {
    Fault {
        what: what.into(),
        remedy: remedy.into(),
    }
}

/// The RSA key in a PKCS#8 document. `None` when it is no such document.
fn inner(der: &[u8]) -> Option<Result<Zeroizing<Vec<u8>>, Fault>> {
    let info = PrivateKeyInfoRef::try_from(der).ok()?;
    Some(match info.algorithm.oid {
        RSA => Ok(Zeroizing::new(info.private_key.as_bytes().to_vec())),
        EC => Err(other("EC PRIVATE KEY")),
        _ => Err(fault("it is no RSA key, and Box takes no other", KEYPAIR)),
    })
}

fn other(label: &str) -> Fault {
    let what = match label {
        "EC PRIVATE KEY" => "it is a key for elliptic curves, and Box takes RSA only".to_owned(),
        "PUBLIC KEY" | "RSA PUBLIC KEY" => {
            "it is a public key: that one belongs to Box, and the private one here".to_owned()
        }
        "CERTIFICATE" | "TRUSTED CERTIFICATE" => "it is a certificate, not a key".to_owned(),
        "OPENSSH PRIVATE KEY" => "it is a key for SSH, in a form of its own".to_owned(),
        _ => "it is something else than a private key for RSA".to_owned(),
    };
    fault(what, KEYPAIR)
}

fn decrypt(der: &[u8], passphrase: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let info = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|error| unread(der, &error))?;
    let scheme = &info.encryption_algorithm;
    let EncryptionScheme::Pbes2(parameters) = scheme else {
        return Err(pbes1(&scheme.oid().to_string()));
    };
    if passphrase.is_empty() {
        let what = "it is encrypted, and there is no passphrase";
        let remedy = "write the passphrase into boxAppSettings.appAuth.passphrase, where Box \
                      puts it";
        return Err(fault(what, remedy));
    }
    // The library takes it for granted that there is a power of two.
    let cost = parameters.kdf.scrypt().map(|scrypt| scrypt.cost_parameter);
    if cost.is_some_and(|cost| cost < 2 || !cost.is_power_of_two()) {
        return Err(fault(DAMAGED, BROKEN));
    }
    if !is_bearable(parameters) {
        let what = "decrypting it would take far more time or memory than any key needs";
        return Err(convert(what, false));
    }
    let mut buffer = Zeroizing::new(info.encrypted_data.as_bytes().to_vec());
    let length = parameters
        .decrypt_in_place(passphrase, &mut buffer)
        .map_err(|_| fault(UNDECRYPTABLE, PASSPHRASE))?
        .len();
    Ok(Zeroizing::new(buffer[..length].to_vec()))
}

/// Whether a key asks for an amount of work that is reasonable.
fn is_bearable(parameters: &Parameters) -> bool {
    match &parameters.kdf {
        Kdf::Pbkdf2(pbkdf2) => pbkdf2.iteration_count <= ITERATIONS,
        Kdf::Scrypt(scrypt) => {
            let (memory, work) = SCRYPT;
            let block = 128 * u64::from(scrypt.block_size);
            let lanes = u64::from(scrypt.parallelization);
            let table = block.saturating_mul(scrypt.cost_parameter);
            table <= memory && block * lanes <= memory && table.saturating_mul(lanes) <= work
        }
        _ => false,
    }
}

/// Why an encrypted key could not be read: old, unknown or no such thing.
fn unread(der: &[u8], error: &pkcs8::Error) -> Fault {
    let Some(scheme) = scheme(der) else {
        return fault(DAMAGED, BROKEN);
    };
    let text = scheme.to_string();
    if scheme != PBES2_OID && PBES1.iter().any(|family| text.starts_with(family)) {
        return pbes1(&text);
    }
    let pkcs8::Error::Asn1(error) = error else {
        return fault(DAMAGED, BROKEN);
    };
    match error.kind() {
        pkcs8::der::ErrorKind::OidUnknown { oid: DES } => convert(
            "it is encrypted with DES, which anybody can break by now",
            true,
        ),
        pkcs8::der::ErrorKind::OidUnknown { oid } => convert(
            format!("it is encrypted in a way unknown here ({oid})"),
            false,
        ),
        _ => fault(DAMAGED, BROKEN),
    }
}

/// The outermost algorithm, whatever its parameters are.
fn scheme(der: &[u8]) -> Option<ObjectIdentifier> {
    let mut reader = SliceReader::new(der).ok()?;
    let read = reader.sequence(|inside| {
        let algorithm = AlgorithmIdentifierRef::decode(inside)?;
        inside.read_slice(inside.remaining_len())?;
        Ok::<_, pkcs8::der::Error>(algorithm.oid)
    });
    read.ok()
}

fn pbes1(oid: &str) -> Fault {
    let what = "it is encrypted by a scheme of the past (PBES1)";
    convert(what, !PBES1_3DES.contains(&oid))
}

fn traditional(cipher: &str) -> Fault {
    let what = "it is encrypted in OpenSSL's traditional way (Proc-Type: 4,ENCRYPTED), which \
                guards it poorly";
    let is_known = cipher.starts_with("AES-") || cipher.starts_with("DES-EDE3");
    convert(what, !is_known)
}

/// The way to a key that can be read. OpenSSL 3 keeps broken ciphers in a drawer of their
/// own, and opening that one closes the usual one unless it is named too.
fn convert(what: impl Into<String>, is_legacy: bool) -> Fault {
    let providers = match is_legacy {
        true => " -provider legacy -provider default",
        false => "",
    };
    let remedy = format!(
        "convert it, with the same passphrase again as the new one:\n\
         umask 077\n\
         jq -r .boxAppSettings.appAuth.privateKey config.json > old.pem\n\
         openssl pkcs8 -topk8 -v2 aes-256-cbc -in old.pem -out new.pem{providers}\n\
         jq --rawfile key new.pem '.boxAppSettings.appAuth.privateKey = $key' config.json > \
         new.json"
    );
    fault(what, remedy)
}

/// Frames an RSA key as PKCS#8 and sees whether it can sign.
fn finish(rsa: &[u8]) -> Result<PrivateKey, Fault> {
    let damaged = || fault(DAMAGED, BROKEN);
    let bits = bits(rsa).ok_or_else(damaged)?;
    if bits < BITS.0 {
        let what = format!(
            "it is an RSA key of {bits} bits, and Box wants {} at least",
            BITS.0
        );
        return Err(fault(what, KEYPAIR));
    }
    if bits > BITS.1 {
        let what = format!(
            "it is an RSA key of {bits} bits, and {} is the most here",
            BITS.1
        );
        return Err(fault(what, KEYPAIR));
    }
    let algorithm = AlgorithmIdentifierRef {
        oid: RSA,
        parameters: Some(AnyRef::NULL),
    };
    let content = OctetStringRef::new(rsa).map_err(|_| damaged())?;
    let framed = PrivateKeyInfoRef::new(algorithm, content);
    let framed = Zeroizing::new(framed.to_der().map_err(|_| damaged())?);
    let pair = RsaKeyPair::from_pkcs8(&framed).map_err(|error| {
        fault(
            format!("it is an RSA key that cannot sign ({error})"),
            KEYPAIR,
        )
    })?;
    // Not every number of a key is checked before it is used.
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), b"", &mut signature)
        .map_err(|_| fault("it is an RSA key that cannot sign: it is damaged", BROKEN))?;
    Ok(PrivateKey(framed))
}

/// The length of an RSA key's modulus.
fn bits(rsa: &[u8]) -> Option<usize> {
    let mut reader = SliceReader::new(rsa).ok()?;
    let modulus = reader.sequence(|inside| {
        u8::decode(inside)?;
        let modulus = UintRef::decode(inside)?;
        inside.read_slice(inside.remaining_len())?;
        Ok::<_, pkcs8::der::Error>(modulus)
    });
    let bytes = modulus.ok()?.as_bytes();
    let leading = bytes.first()?.leading_zeros() as usize;
    Some(bytes.len() * 8 - leading)
}
