//! Keys in every frame that people have, made by OpenSSL while the test runs.

use crate::config::key::{Fault, PrivateKey, read};
use pkcs8::der::Encode;
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::pkcs5::pbes2::{EncryptionScheme, Kdf, Parameters, Pbkdf2Params, Salt, ScryptParams};
use pkcs8::{EncryptedPrivateKeyInfoRef, LineEnding, SecretDocument};
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

pub(super) const PASSPHRASE: &str = "canary-passphrase";

/// An RSA key of 2,048 bits, unencrypted PKCS#8.
pub(super) static PLAIN: LazyLock<String> = LazyLock::new(|| rsa(2048));

fn rsa(bits: u32) -> String {
    let bits = format!("rsa_keygen_bits:{bits}");
    openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", &bits], "")
}

/// What OpenSSL makes of `input`. The passphrase is the same whenever it wants one.
#[track_caller]
fn openssl(args: &[&str], input: &str) -> String {
    let mut child = Command::new("openssl")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {args:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

/// The plain key encrypted as PKCS#8 with these options.
#[track_caller]
pub(super) fn encrypted(options: &str) -> String {
    let passphrase = format!("pass:{PASSPHRASE}");
    let mut args = vec!["pkcs8", "-topk8", "-passout", &passphrase];
    args.extend(options.split_whitespace());
    openssl(&args, &PLAIN)
}

/// The plain key in PKCS#1, as OpenSSL wrote it for twenty years.
#[track_caller]
fn traditional(options: &str) -> String {
    let passphrase = format!("pass:{PASSPHRASE}");
    let mut args = vec!["rsa", "-traditional", "-passout", &passphrase];
    args.extend(options.split_whitespace());
    openssl(&args, &PLAIN)
}

fn signature(key: &PrivateKey) -> Vec<u8> {
    let pair = RsaKeyPair::from_pkcs8(key.pkcs8_der()).unwrap();
    let mut signature = vec![0; pair.public().modulus_len()];
    let random = ring::rand::SystemRandom::new();
    pair.sign(&RSA_PKCS1_SHA256, &random, b"x", &mut signature)
        .unwrap();
    signature
}

#[track_caller]
fn refused(text: &str, passphrase: &str, what: &str, remedy: &str) {
    let Fault {
        what: said,
        remedy: advised,
    } = read(text, passphrase).unwrap_err();
    assert!(said.contains(what), "{what}: {said}");
    assert!(advised.contains(remedy), "{what}: {advised}");
    assert!(!said.contains("canary") && !advised.contains("canary"));
}

#[test]
fn every_listed_cipher_loads_and_signs() {
    let expected = signature(&read(&PLAIN, "").unwrap());
    for options in [
        "-v2 aes-128-cbc",
        "-v2 aes-192-cbc",
        "-v2 aes-256-cbc",
        "-v2 des3",
        "-v2 aes-256-cbc -v2prf hmacWithSHA1",
        "-v2 aes-256-cbc -v2prf hmacWithSHA512",
        "-v2 aes-128-cbc -iter 600000",
        "-v2 des3 -v2prf hmacWithSHA1 -iter 2048",
        "-v2 des3 -v2prf hmacWithSHA512",
        "-v2 aes-256-cbc -scrypt",
        "-v2 aes-128-cbc -scrypt -scrypt_N 1024 -scrypt_r 8 -scrypt_p 16",
        "-v2 des3 -scrypt",
    ] {
        let key = read(&encrypted(options), PASSPHRASE);
        let key = key.unwrap_or_else(|fault| panic!("{options}: {fault:?}"));
        assert_eq!(signature(&key), expected, "{options}");
        assert_eq!(format!("{key:?}"), "PrivateKey([REDACTED])");
    }
    let key = read(&traditional(""), "").unwrap();
    assert_eq!(signature(&key), expected);
}

#[test]
fn the_frame_may_have_been_through_json_mail_and_windows() {
    let plain = PLAIN.as_str();
    let expected = signature(&read(plain, "").unwrap());
    let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for text in [
        plain.replace('\n', "\\n"),
        plain.replace('\n', "\\r\\n"),
        plain.replace('\n', "\r\n"),
        plain.replace('\n', "\n  "),
        plain.replace('\n', "\n\n"),
        plain.trim().to_owned(),
        format!("Bag Attributes\n  friendlyName: x\n{plain}\n\n"),
        format!("{certificate}{plain}"),
    ] {
        let key = read(&text, "unused").unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
        assert_eq!(signature(&key), expected);
    }
}

#[test]
fn a_broken_frame_says_where_it_broke() {
    let plain = PLAIN.as_str();
    let lines: Vec<&str> = plain.lines().collect();
    let without = |index: usize| {
        let mut lines = lines.clone();
        lines.remove(index);
        lines.join("\n")
    };
    for (text, what) in [
        (String::new(), "it is empty"),
        (" \n".to_owned(), "it is empty"),
        ("canary".to_owned(), "it is no PEM text"),
        (without(0), "it is no PEM text"),
        (without(lines.len() - 1), "is missing"),
        (plain[..plain.len() / 2].to_owned(), "is missing"),
        (without(5), "not as long as it says"),
        (plain.replacen('M', "", 1), "not as long as it says"),
        (plain.replace('\n', ""), "its line breaks are lost"),
        (plain.replace('\n', " "), "its line breaks are lost"),
        ("-----BEGIN PRIV".to_owned(), "its first line is cut"),
        (
            plain.replace("KEY-----\n", "KEY-----\n?\n"),
            "line 2 of it is no base64",
        ),
        (
            plain.replacen("END PRIVATE", "END RSA PRIVATE", 1),
            "is missing",
        ),
        (
            plain.replace("PRIVATE", "ENCRYPTED PRIVATE"),
            "it is damaged",
        ),
        (plain.replace("PRIVATE", "RSA PRIVATE"), "it is damaged"),
        (traditional("").replace("RSA ", ""), "it is damaged"),
        (encrypted("").replace("ENCRYPTED ", ""), "it is damaged"),
    ] {
        refused(&text, PASSPHRASE, what, "copy it again");
    }
}

#[test]
fn what_is_no_private_rsa_key_says_what_it_is() {
    let ec = [
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ];
    let ec = openssl(&ec, "");
    let old_ec = openssl(&["ec", "-no_public"], &ec);
    let ed25519 = openssl(&["genpkey", "-algorithm", "ED25519"], "");
    let public = openssl(&["pkey", "-pubout"], &PLAIN);
    let public_rsa = openssl(&["rsa", "-RSAPublicKey_out"], &PLAIN);
    let certificate = ["req", "-x509", "-key", "/dev/stdin", "-subj", "/CN=x"];
    let certificate = openssl(&certificate, &PLAIN);
    let framed = |label: &str| format!("-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n");
    for (text, what) in [
        (ec, "elliptic curves"),
        (old_ec, "elliptic curves"),
        (ed25519, "no RSA key"),
        (public, "a public key"),
        (public_rsa, "a public key"),
        (certificate, "a certificate"),
        (framed("OPENSSH PRIVATE KEY"), "for SSH"),
        (framed("CERTIFICATE REQUEST"), "something else"),
        (rsa(1024), "1024 bits, and Box wants 2048"),
        (rsa(2040), "2040 bits, and Box wants 2048"),
    ] {
        refused(&text, "", what, "Generate a Public/Private Keypair");
    }
}

#[test]
fn a_key_that_cannot_be_decrypted_says_so() {
    let key = encrypted("-v2 aes-256-cbc");
    refused(&key, "", "there is no passphrase", "appAuth.passphrase");
    // One wrong passphrase in 256 leaves something that looks like padding.
    for number in 0..300 {
        let wrong = format!("canary {number}");
        refused(
            &key,
            &wrong,
            "the passphrase is wrong, or",
            "Box keeps no copy",
        );
    }
}

#[test]
fn a_damaged_key_is_refused_or_signs_as_before() {
    let key = encrypted("-v2 aes-256-cbc");
    let expected = signature(&read(&key, PASSPHRASE).unwrap());
    let lines: Vec<&str> = key.lines().collect();
    let mut refused = 0;
    for index in 4..lines.len() - 1 {
        let mut lines = lines.clone();
        let turned = if lines[index].starts_with('A') {
            "B"
        } else {
            "A"
        };
        let line = format!("{turned}{}", &lines[index][1..]);
        lines[index] = &line;
        match read(&lines.join("\n"), PASSPHRASE) {
            Ok(key) => assert_eq!(signature(&key), expected, "line {index}"),
            Err(fault) => {
                refused += 1;
                let told = ["damaged", "cannot sign"];
                assert!(
                    told.iter().any(|told| fault.what.contains(told)),
                    "{fault:?}"
                );
            }
        }
    }
    assert!(refused > 10, "{refused}");
}

const USUAL: &str = "openssl pkcs8 -topk8 -v2 aes-256-cbc -in old.pem -out new.pem";

/// Runs the advice as it is given, in a directory of its own, and reads what comes out.
#[track_caller]
fn advice_works(old: &str, what: &str, is_legacy: bool) {
    refused(old, PASSPHRASE, what, USUAL);
    let advice = read(old, PASSPHRASE).unwrap_err().remedy;
    assert_eq!(advice.contains("-provider legacy"), is_legacy, "{advice}");
    let line = advice.lines().find(|line| line.contains(USUAL)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("old.pem"), old).unwrap();
    let passes = format!("{line} -passin pass:{PASSPHRASE} -passout pass:{PASSPHRASE}");
    let mut sh = Command::new("sh");
    let output = sh.args(["-c", &passes]).current_dir(dir.path()).output();
    let output = output.unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {told}");
    let new = std::fs::read_to_string(dir.path().join("new.pem")).unwrap();
    assert!(read(&new, PASSPHRASE).is_ok());
}

#[test]
fn what_is_too_old_is_told_with_the_command_that_renews_it() {
    let drawer = "-provider legacy -provider default";
    let in_drawer = |options: &str| format!("{options} {drawer}");
    let is_there = Command::new("openssl")
        .args(["list", "-providers", "-provider", "legacy"])
        .output()
        .is_ok_and(|output| output.status.success());
    advice_works(&encrypted("-v1 PBE-SHA1-3DES"), "PBES1", false);
    advice_works(&encrypted("-v1 PBE-SHA1-2DES"), "PBES1", false);
    advice_works(&traditional("-des3"), "Proc-Type", false);
    advice_works(&traditional("-aes256"), "Proc-Type", false);
    if !is_there {
        println!("NOT RUN: this OpenSSL has no legacy provider");
        return;
    }
    advice_works(&encrypted(&in_drawer("-v1 PBE-MD5-DES")), "PBES1", true);
    advice_works(
        &encrypted(&in_drawer("-v1 PBE-SHA1-RC4-128")),
        "PBES1",
        true,
    );
    advice_works(&traditional(&in_drawer("-des")), "Proc-Type", true);
    advice_works(&encrypted(&in_drawer("-v2 des-cbc")), "with DES", true);
}

#[test]
fn ciphers_that_nobody_listed_are_converted_too() {
    advice_works(&encrypted("-v2 camellia-256-cbc"), "unknown here", false);
}

/// A key that asks for this much work, around nothing that could be decrypted.
fn costing(kdf: impl Into<Kdf>) -> String {
    let parameters = Parameters {
        kdf: kdf.into(),
        encryption: EncryptionScheme::Aes256Cbc { iv: [0; 16] },
    };
    let info = EncryptedPrivateKeyInfoRef {
        encryption_algorithm: parameters.into(),
        encrypted_data: OctetStringRef::new(&[0; 32]).unwrap(),
    };
    let document = SecretDocument::try_from(info.to_der().unwrap()).unwrap();
    let pem = document.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF);
    pem.unwrap().to_string()
}

fn pbkdf2(iterations: u32) -> String {
    costing(Pbkdf2Params::hmac_sha256(iterations, b"salt").unwrap())
}

fn scrypt(cost_parameter: u64, block_size: u16, parallelization: u16) -> String {
    costing(ScryptParams {
        salt: Salt::new(b"salt").unwrap(),
        cost_parameter,
        block_size,
        parallelization,
        key_length: None,
    })
}

#[test]
fn a_key_that_wants_hours_of_work_is_refused_at_once() {
    for text in [
        pbkdf2(10_000_001),
        pbkdf2(100_000_000),
        scrypt(1 << 19, 8, 1),
        scrypt(1 << 18, 9, 1),
        scrypt(1 << 62, 65_535, 65_535),
        scrypt(1 << 14, 8, 129),
        scrypt(2, 65_535, 65_535),
    ] {
        let began = Instant::now();
        refused(&text, PASSPHRASE, "far more time or memory", USUAL);
        assert!(began.elapsed() < Duration::from_secs(1));
    }
    // Dear, but bearable.
    for text in [pbkdf2(100_000), scrypt(1 << 15, 8, 2)] {
        refused(&text, PASSPHRASE, "it cannot be decrypted", "passphrase");
    }
}

#[test]
fn costs_that_make_no_sense_are_damage() {
    for text in [
        scrypt(1000, 8, 1),
        scrypt(0, 8, 1),
        scrypt(1, 8, 1),
        scrypt(u64::MAX, 8, 1),
    ] {
        refused(&text, PASSPHRASE, "it is damaged", "copy it again");
    }
    for text in [pbkdf2(0), scrypt(1 << 10, 0, 1), scrypt(1 << 10, 8, 0)] {
        refused(&text, PASSPHRASE, "it cannot be decrypted", "passphrase");
    }
}
