//! What it means that no answer came: the network's faults, in words with a next step.
//!
//! They are found in the chain of causes under an HTTP error. What is typed is known by
//! its type, the rest by its text.

use rustls::CertificateError;
use std::error::Error;
use std::io::{self, ErrorKind};

/// What kept an answer from coming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Name,
    Refused,
    NoWay,
    Slow,
    UnknownAuthority,
    CertificateTime,
    OtherName,
    NotAServers,
    NoAuthorities,
    Certificate,
    NoTls,
    ProxyLogin,
    Proxy,
    Broken,
}

/// Who was spoken to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parties<'a> {
    /// Who should have answered.
    pub(crate) host: &'a str,
    /// What a proxy on the way is called, if there is one.
    pub(crate) proxy: &'a str,
}

/// A sentence or two for an error and its causes.
pub(crate) fn sentence(
    error: &(dyn Error + 'static),
    parties: Parties<'_>,
    is_timeout: bool,
) -> String {
    let (what, next) = told(error, parties, is_timeout);
    let stop = if next.is_empty() { "" } else { ". " };
    format!("{what}{stop}{next}")
}

/// The same in two: what happened, and the next step, which may be empty.
pub(crate) fn told(
    error: &(dyn Error + 'static),
    parties: Parties<'_>,
    is_timeout: bool,
) -> (String, String) {
    let chain = chain(error);
    let host = match chain.iter().any(|cause| is_before_the_proxy(*cause)) {
        true => parties.proxy,
        false => parties.host,
    };
    // The deepest cause knows best: those above it tell only where it was.
    let fault = match chain.iter().rev().find_map(|cause| fault(*cause)) {
        Some(fault) => fault,
        None if is_timeout => Fault::Slow,
        None => Fault::Broken,
    };
    let detail = chain.last().map(|cause| cause.to_string());
    let says_all = matches!(fault, Fault::Slow | Fault::ProxyLogin);
    let detail = detail.filter(|_| !says_all).unwrap_or_default();
    let (what, next) = words(fault, host);
    let colon = if detail.is_empty() { "" } else { ": " };
    (format!("{what}{colon}{detail}"), next)
}

/// The causes below an error, the deepest last.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    let mut chain = Vec::new();
    let mut next = cause(error);
    while let Some(error) = next {
        chain.push(error);
        next = cause(error);
    }
    chain
}

/// An `io::Error` hides what is in it, and tells only the cause of that.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let inner = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    match inner {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

/// Whether not even the proxy was reached. Its error says only so much and has the reason
/// as its cause, or none at all (SOCKS).
fn is_before_the_proxy(error: &(dyn Error + 'static)) -> bool {
    let text = error.to_string();
    ["tunnel error", "SOCKS error"]
        .iter()
        .any(|kind| text.starts_with(kind))
        && text.ends_with("failed to create underlying connection")
}

fn fault(error: &(dyn Error + 'static)) -> Option<Fault> {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(tls(error));
    }
    let text = error.to_string();
    let says = |part: &str| text.contains(part);
    if says("dns error") || says("failed to lookup address") {
        return Some(Fault::Name);
    }
    // The last is what is said when a SOCKS proxy takes none of the ways that were offered.
    let login = [
        "proxy auth",
        "407",
        "credentials not accepted",
        "server does not support user/pass",
    ];
    if login.into_iter().any(says) {
        return Some(Fault::ProxyLogin);
    }
    if is_before_the_proxy(error) {
        // The reason stands below; SOCKS swallows it.
        return error.source().is_none().then_some(Fault::Refused);
    }
    if says("tunnel error") || says("SOCKS") || says("socks") {
        return Some(Fault::Proxy);
    }
    let error = error.downcast_ref::<io::Error>()?;
    Some(match error.kind() {
        ErrorKind::ConnectionRefused => Fault::Refused,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            Fault::NoWay
        }
        ErrorKind::TimedOut => Fault::Slow,
        _ => return None,
    })
}

fn tls(error: &rustls::Error) -> Fault {
    use rustls::Error as Tls;
    match error {
        Tls::InvalidCertificate(certificate) => match certificate {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                Fault::UnknownAuthority
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Fault::CertificateTime,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Fault::OtherName
            }
            CertificateError::Other(other) if is_an_authoritys_own(other) => Fault::NotAServers,
            _ => Fault::Certificate,
        },
        Tls::General(what) if what.starts_with("No CA certificates") => Fault::NoAuthorities,
        Tls::InvalidMessage(_) | Tls::PeerIncompatible(_) | Tls::AlertReceived(_) => Fault::NoTls,
        _ => Fault::Certificate,
    }
}

/// What `openssl req -x509` makes without further words.
fn is_an_authoritys_own(error: &rustls::OtherError) -> bool {
    error.to_string().contains("CaUsedAsEndEntity")
}

/// What happened, and the next step where there is one.
fn words(fault: Fault, host: &str) -> (String, String) {
    let (what, next) = about_certificates(fault).unwrap_or_else(|| about_the_way(fault));
    let named = |text: &str| text.replace("{host}", host);
    (named(what), named(next))
}

type Words = (&'static str, &'static str);

/// Whom to trust.
fn about_certificates(fault: Fault) -> Option<Words> {
    Some(match fault {
        Fault::UnknownAuthority => (
            "cannot connect: the certificate of {host} is signed by an authority that this \
             machine does not know",
            "A proxy that reads TLS? Put its CA certificate into [network] ca_file, or among the \
             system's (ca-certificates)",
        ),
        Fault::CertificateTime => (
            "cannot connect: by this machine's clock the certificate of {host} is not valid now",
            "Compare date -u with the real time; if the clock is right, a proxy that reads TLS \
             shows an expired certificate: tell whoever runs it",
        ),
        Fault::OtherName => (
            "cannot connect: the certificate that {host} shows is somebody else's",
            "A login page or a proxy in between? Open https://{host} in a browser on this machine, \
             and log in to the network if it asks for it",
        ),
        Fault::NotAServers => (
            "cannot connect: the certificate that {host} shows is an authority's own, not a server's",
            "Whoever runs it has to make a certificate for the server (CA:FALSE), signed by that \
             authority; only the authority's belongs into [network] ca_file",
        ),
        Fault::NoAuthorities => (
            "this machine knows no certificate authority, so nobody can be trusted",
            "Install the package ca-certificates; behind a proxy that reads TLS, put its CA \
             certificate into [network] ca_file",
        ),
        Fault::Certificate => (
            "cannot connect: the certificate of {host} cannot be accepted",
            "A proxy that reads TLS? Put its CA certificate into [network] ca_file",
        ),
        _ => return None,
    })
}

/// How to get there.
fn about_the_way(fault: Fault) -> Words {
    match fault {
        Fault::Name => (
            "cannot connect: the name {host} cannot be looked up",
            "Is this machine online, and is its name server right (/etc/resolv.conf)? Behind a \
             proxy, name it in [network] proxy or HTTPS_PROXY",
        ),
        Fault::Refused => (
            "cannot connect: {host} refuses the connection",
            "A firewall or a proxy that is not running? Compare [endpoints] and the proxy's \
             address with what they should be",
        ),
        Fault::NoWay => (
            "cannot connect: there is no way to {host}",
            "Is this machine online? If it may reach Box only through a proxy, name it in \
             [network] proxy or HTTPS_PROXY",
        ),
        Fault::Slow => ("no answer in time", ""),
        Fault::NoTls => (
            "cannot connect: {host} does not speak TLS as it should",
            "Look for a wrong port, or http for https, in [endpoints] and [network] proxy; or for a \
             proxy in between that answers itself",
        ),
        Fault::ProxyLogin => (
            "cannot connect: the proxy wants a user name and a password that it knows",
            "Put them into its address, http://user:password@host:port, or correct them there, in \
             [network] proxy or HTTPS_PROXY",
        ),
        Fault::Proxy => (
            "cannot connect: the proxy does not let boxup through to {host}",
            "Ask whoever runs it to allow CONNECT to api.box.com and upload.box.com, port 443",
        ),
        _ => ("the connection broke", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Parties, chain, fault, sentence};
    use rustls::{CertificateError, Error as Tls};
    use std::error::Error;
    use std::fmt;
    use std::io::{self, ErrorKind};

    const PARTIES: Parties<'_> = Parties {
        host: "api.box.com",
        proxy: "the proxy http://proxy:3128",
    };

    #[derive(Debug)]
    struct Outer(&'static str, Option<Box<dyn Error + Send + Sync>>);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            let inner: &(dyn Error + 'static) = &**self.1.as_ref()?;
            Some(inner)
        }
    }

    fn over(what: &'static str, inner: impl Into<Box<dyn Error + Send + Sync>>) -> Outer {
        let inner = Outer(what, Some(inner.into()));
        Outer("error sending request", Some(inner.into()))
    }

    fn tls(error: CertificateError) -> Outer {
        // As rustls' stream wraps it.
        let error = Tls::InvalidCertificate(error);
        over(
            "client error (Connect)",
            io::Error::other(io::Error::other(error)),
        )
    }

    fn io(kind: ErrorKind) -> Outer {
        over("tcp connect error", io::Error::from(kind))
    }

    #[test]
    fn every_fault_has_its_words_and_a_next_step() {
        let dns = || over("dns error", io::Error::other("no such name"));
        let tunnel = |what| over("client error (Connect)", Outer(what, None));
        for (error, words) in [
            (dns(), ["api.box.com cannot be looked up", "online"]),
            (
                io(ErrorKind::ConnectionRefused),
                ["refuses the connection", "firewall"],
            ),
            (
                io(ErrorKind::HostUnreachable),
                ["no way to api.box.com", "proxy"],
            ),
            (
                io(ErrorKind::NetworkUnreachable),
                ["no way to api.box.com", "online"],
            ),
            (io(ErrorKind::TimedOut), ["no answer in time", ""]),
            (io(ErrorKind::ConnectionReset), ["the connection broke", ""]),
            (
                tls(CertificateError::UnknownIssuer),
                ["authority", "[network] ca_file"],
            ),
            (
                tls(CertificateError::Expired),
                ["is not valid now", "date -u"],
            ),
            (
                tls(CertificateError::NotValidYet),
                ["is not valid now", "clock"],
            ),
            (
                tls(CertificateError::NotValidForName),
                ["somebody else's", "log in"],
            ),
            (
                tls(CertificateError::Revoked),
                ["cannot be accepted", "ca_file"],
            ),
            (
                tunnel("tunnel error: proxy authorization required"),
                ["user name and a password", "HTTPS_PROXY"],
            ),
            (
                tunnel("tunnel error: unsuccessful"),
                ["does not let boxup through", "CONNECT"],
            ),
        ] {
            let told = sentence(&error, PARTIES, false);
            for word in words {
                assert!(told.contains(word), "{word:?} is not in {told:?}");
            }
        }
    }

    #[test]
    fn what_is_known_by_its_text_has_its_words_too() {
        let none = "No CA certificates were loaded from the system".to_owned();
        let socks = "SOCKS error: credentials not accepted";
        for (error, word) in [
            (over("client error", Outer(socks, None)), "[network] proxy"),
            (over("builder error", Tls::General(none)), "ca-certificates"),
        ] {
            let told = sentence(&error, PARTIES, false);
            assert!(told.contains(word), "{told}");
        }
    }

    #[test]
    fn who_did_not_answer_is_named_be_it_the_proxy() {
        let dead = |what| {
            let reason = Outer("tcp connect error", Some(refused().into()));
            over("client error (Connect)", Outer(what, Some(reason.into())))
        };
        for error in [
            dead("tunnel error: failed to create underlying connection"),
            over(
                "socks connect error: SOCKS error: failed to create underlying connection",
                Outer("SOCKS error: failed to create underlying connection", None),
            ),
        ] {
            let told = sentence(&error, PARTIES, false);
            assert!(
                told.contains("the proxy http://proxy:3128 refuses"),
                "{told}"
            );
        }
    }

    fn refused() -> io::Error {
        io::Error::from(ErrorKind::ConnectionRefused)
    }

    #[test]
    fn what_nobody_knows_is_told_as_it_is() {
        let odd = over("middle", Outer("deep", None));
        assert_eq!(sentence(&odd, PARTIES, false), "the connection broke: deep");
        assert_eq!(sentence(&odd, PARTIES, true), "no answer in time");
        assert_eq!(chain(&odd).len(), 2);
        assert_eq!(fault(&odd), None::<Fault>);
        let message = Tls::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        let plain = over("client error (Connect)", io::Error::other(message));
        assert!(sentence(&plain, PARTIES, false).contains("does not speak TLS"));
    }
}
