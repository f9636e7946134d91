//! `[network]`: the way to Box, and whom to trust on it.

use crate::config::file::NetworkTable;
use crate::config::problem::Problems;
use crate::config::reader::{Entry, State};
use crate::config::resolve::{World, path};
use crate::config::{Certificates, Network};
use crate::model::path::printable_path;
use reqwest::Url;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;

const KINDS: [&str; 4] = ["http", "https", "socks5", "socks5h"];

/// A proxy's address. It may hold a password, so only a part of it can be printed.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    whole: SecretString,
    shown: String,
}

impl Proxy {
    /// Checks an address; the error says what is wrong and what mends it.
    fn parse(text: &str) -> Result<Self, (&'static str, &'static str)> {
        let begin = "write it like \"http://proxy.example.com:3128\"; it begins with http://, \
                     https://, socks5:// or socks5h:// (names are looked up by the proxy)";
        let encode = "write it like \"http://user:password@proxy.example.com:3128\"; in user and \
                      password / is %2F, # is %23, ? is %3F, @ is %40, : is %3A and % is %25";
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(("it holds a space or control character", begin));
        }
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        if !scheme.is_some_and(|scheme| KINDS.contains(&scheme)) {
            return Err(("it does not say which kind of proxy it is", begin));
        }
        let mut url = Url::parse(text).map_err(|_| ("this is no address", encode))?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err(("it names no host", begin));
        }
        let has_path = !matches!(url.path(), "" | "/");
        if has_path || url.query().is_some() || url.fragment().is_some() {
            return Err(("it goes on after host and port", encode));
        }
        // These fail for addresses without a host only.
        let _ = url.set_password(None);
        let _ = url.set_username("");
        Ok(Self {
            whole: text.into(),
            shown: url.as_str().trim_end_matches('/').to_owned(),
        })
    }

    /// The address with user and password, for whoever connects.
    pub(crate) fn whole(&self) -> &SecretString {
        &self.whole
    }
}

/// Without user and password.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Whether an address holds a password. What is no address may hold one too.
pub(super) fn holds_password(address: &SecretString) -> bool {
    let text = address.expose_secret();
    match Url::parse(text) {
        Ok(url) if url.has_host() => url.password().is_some(),
        _ => text.contains('@'),
    }
}

/// `[network]`
pub(super) fn resolve(
    table: &NetworkTable,
    world: &World<'_>,
    problems: &mut Problems,
) -> Option<Network> {
    let proxy = proxy(&table.proxy, problems);
    let ca = certificates(&table.ca_file, world, problems);
    Some(Network {
        proxy: proxy?,
        ca: ca?,
    })
}

fn proxy(entry: &Entry<SecretString>, problems: &mut Problems) -> Option<Option<Proxy>> {
    let text = match &entry.state {
        State::Missing => return Some(None),
        State::Bad => return None,
        State::Set(text) => text.expose_secret(),
    };
    let parsed = Proxy::parse(text);
    parsed
        .map_err(|(what, remedy)| problems.add(&entry.place, what, remedy))
        .ok()
        .map(Some)
}

fn certificates(
    entry: &Entry<String>,
    world: &World<'_>,
    problems: &mut Problems,
) -> Option<Option<Certificates>> {
    if entry.is_missing() {
        return Some(None);
    }
    let file = path(entry, world, problems)?;
    let pem = match (world.read_file)(&file) {
        Ok(pem) => pem,
        Err(error) => {
            problems.add(&entry.place, error.what, error.remedy);
            return None;
        }
    };
    if let Some((what, remedy)) = fault(&pem) {
        let what = format!("{}: {what}", printable_path(&file));
        problems.add(&entry.place, what, remedy);
        return None;
    }
    Some(Some(Certificates { file, pem }))
}

/// What is wrong with a file of certificate authorities.
fn fault(pem: &[u8]) -> Option<(String, &'static str)> {
    const PEM: &str = "take the authority's certificate as PEM text (-----BEGIN CERTIFICATE-----); \
                       from a binary one: openssl x509 -inform der -in ca.crt -out ca.pem";
    if pem.trim_ascii().is_empty() {
        return Some(("it is empty".to_owned(), PEM));
    }
    let holds = |text: &[u8]| pem.windows(text.len()).any(|window| window == text);
    if holds(b"PRIVATE KEY-----") {
        let remedy = "name a file that holds the authority's certificate only: its private key \
                      makes certificates and has no business on this machine";
        return Some(("there is a private key in it".to_owned(), remedy));
    }
    let mut store = RootCertStore::empty();
    for (index, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
        let certificate = match certificate {
            Ok(certificate) => certificate,
            Err(_) => return Some(("it is cut or damaged".to_owned(), PEM)),
        };
        if store.add(certificate).is_err() {
            let number = index + 1;
            return Some((format!("certificate {number} in it cannot be read"), PEM));
        }
    }
    match store.is_empty() {
        true => Some(("there is no certificate in it".to_owned(), PEM)),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Proxy, fault, holds_password};
    use secrecy::ExposeSecret;

    #[test]
    fn a_proxy_is_shown_without_its_password() {
        for (text, shown, holds) in [
            ("http://proxy:3128", "http://proxy:3128", false),
            (
                "http://proxy.example.com/",
                "http://proxy.example.com",
                false,
            ),
            ("https://me:canary@proxy:1", "https://proxy:1", true),
            ("socks5://me@[::1]:1080", "socks5://[::1]:1080", false),
            (
                "socks5h://me:can%40ary@proxy:1080",
                "socks5h://proxy:1080",
                true,
            ),
        ] {
            let proxy = Proxy::parse(text).unwrap();
            assert_eq!(proxy.to_string(), shown);
            assert_eq!(proxy.whole().expose_secret(), text);
            assert!(!format!("{proxy:?}").contains("canary"));
            assert_eq!(holds_password(&text.into()), holds, "{text}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_repeating_it() {
        for (text, expected) in [
            ("", "which kind"),
            ("proxy:3128", "which kind"),
            ("canary:canary@proxy:3128", "which kind"),
            ("ftp://proxy:3128", "which kind"),
            ("socks4://proxy:3128", "which kind"),
            ("http://", "no address"),
            ("socks5://", "no host"),
            ("http://me:can/ary@proxy:3128", "no address"),
            ("http://me:1#canary@proxy:3128", "goes on"),
            ("http://proxy:3128/canary", "goes on"),
            ("http://proxy:3128?canary", "goes on"),
            ("http://proxy: 3128", "space"),
            ("http://proxy:99999", "no address"),
        ] {
            let (what, remedy) = Proxy::parse(text).unwrap_err();
            assert!(what.contains(expected), "{text}: {what}");
            assert!(remedy.contains("proxy.example.com") && !what.contains("canary"));
        }
        assert!(holds_password(&"me:canary@proxy:1".into()));
        assert!(!holds_password(&"proxy:1".into()));
    }

    #[test]
    fn a_file_without_authorities_is_told_by_what_it_is() {
        let frame = |label: &str, body: &str| {
            format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
        };
        for (pem, expected) in [
            (String::new(), "empty"),
            ("\n \n".to_owned(), "empty"),
            ("0\u{82}\u{3}".to_owned(), "no certificate"),
            (frame("PUBLIC KEY", "AAAA"), "no certificate"),
            (frame("ENCRYPTED PRIVATE KEY", "AAAA"), "private key"),
            (frame("CERTIFICATE", "AAAA"), "certificate 1 in it"),
            (frame("CERTIFICATE", "A,"), "cut or damaged"),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n".to_owned(),
                "cut or damaged",
            ),
        ] {
            let (what, _) = fault(pem.as_bytes()).unwrap();
            assert!(what.contains(expected), "{pem}: {what}");
        }
    }
}
