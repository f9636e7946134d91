//! Looking at the way to a host step by step, so that it can be told which step fails:
//! its name, the connection, the proxy, TLS. Nothing here carries a token.

use crate::remote::hosts::Hosts;
use crate::remote::lessons::{network, words};
use crate::remote::transport::{self, Route};
use futures_util::future::select_ok;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{Client, Url};
use secrecy::ExposeSecret;
use std::error::Error;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};
use std::{fmt, io};
use tokio::net::TcpStream;

/// How long each step may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Why a step fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoWay {
    /// What happened.
    pub(crate) what: String,
    /// What to do, if there is anything.
    pub(crate) next: String,
}

/// A proxy in between, without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proxied {
    /// Its address, to be told.
    pub(crate) shown: String,
    /// Its name or address.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// Whether the configuration names it, not the system.
    pub(crate) is_configured: bool,
}

/// What came back when somebody knocked.
#[derive(Clone, Debug)]
pub(crate) struct Knocked {
    /// HTTP status.
    pub(crate) status: u16,
    /// The other side's clock, if the answer told it.
    pub(crate) date: Option<SystemTime>,
    /// This machine's clock at that moment.
    pub(crate) at: SystemTime,
    /// The title of a web page that came in place of an answer.
    pub(crate) page: Option<String>,
}

/// Asks without a token.
pub(crate) struct Probe {
    http: Client,
}

impl Probe {
    /// On the way that all requests take.
    pub(crate) fn new(hosts: &Hosts, route: &Route) -> Result<Self, String> {
        let http = transport::client(hosts.are_loopback(), route)?;
        Ok(Self { http })
    }

    /// Asks for a page that needs a token: any answer shows that the way is open.
    pub(crate) async fn knock(&self, url: Url) -> Result<Knocked, NoWay> {
        let host = url.host_str().unwrap_or("Box").to_owned();
        let before = crate::clock::wall();
        let began = Instant::now();
        let asked = self.http.get(url).timeout(PATIENCE).send().await;
        let answer = asked.map_err(|error| NoWay::of(&error, &host, error.is_timeout()))?;
        let at = before + began.elapsed() / 2;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let date = transport::date(&headers);
        let body = transport::read(answer).await.unwrap_or_default();
        let page = words::is_page(&body).then(|| words::title(&body).unwrap_or_default());
        Ok(Knocked {
            status: status.as_u16(),
            date,
            at,
            page,
        })
    }
}

/// The addresses of a host.
pub(crate) async fn look_up(host: &str, port: u16) -> Result<Vec<SocketAddr>, NoWay> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found = within(tokio::net::lookup_host((bare, port))).await;
    let found: Vec<_> = found.map_err(|error| NoWay::of_io(error, host))?.collect();
    match found.is_empty() {
        true => Err(NoWay::of_io(
            io::Error::other("dns error: no address"),
            host,
        )),
        false => Ok(found),
    }
}

/// Connects to whichever answers first, and says how long that took: a machine may know
/// addresses of a kind that its network does not carry.
pub(crate) async fn connect(addresses: &[SocketAddr], host: &str) -> Result<Duration, NoWay> {
    let began = Instant::now();
    let tries = addresses.iter().map(|at| Box::pin(TcpStream::connect(*at)));
    let connected = within(select_ok(tries)).await;
    connected.map_err(|error| NoWay::of_io(error, host))?;
    Ok(began.elapsed())
}

async fn within<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = || io::Error::from(io::ErrorKind::TimedOut);
    let done = tokio::time::timeout(PATIENCE, work).await;
    done.map_err(|_| late())?
}

impl Route {
    /// The proxy that requests to this address go through. As the HTTP client chooses
    /// it: the configured one, or what the system's variables say.
    pub(crate) fn proxy_to(&self, url: &Url, hosts: &Hosts) -> Option<Proxied> {
        if hosts.are_loopback() {
            return None;
        }
        if let Some(proxy) = &self.proxy {
            return proxied(proxy.expose_secret(), true);
        }
        let address = url.as_str().parse().ok()?;
        let chosen = Matcher::from_system().intercept(&address)?;
        proxied(&chosen.uri().to_string(), false)
    }
}

fn proxied(address: &str, is_configured: bool) -> Option<Proxied> {
    let with_host = |url: &Url| url.host_str().is_some_and(|host| !host.is_empty());
    let url = Url::parse(address).ok().filter(with_host);
    let url = url.or_else(|| Url::parse(&format!("http://{address}")).ok())?;
    let host = url.host_str()?.to_owned();
    let usual = if url.scheme().starts_with("socks") {
        1080
    } else {
        80
    };
    let port = url.port_or_known_default().unwrap_or(usual);
    Some(Proxied {
        shown: format!("{}://{host}:{port}", url.scheme()),
        host,
        port,
        is_configured,
    })
}

impl NoWay {
    fn of(error: &(dyn Error + 'static), host: &str, is_timeout: bool) -> Self {
        // A proxy has a check of its own, which names it.
        let proxy = "the proxy";
        let parties = network::Parties { host, proxy };
        let (what, next) = network::told(error, parties, is_timeout);
        match is_timeout && next.is_empty() {
            true => Self::slow(host),
            false => Self { what, next },
        }
    }

    fn of_io(error: io::Error, host: &str) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Self::slow(host),
            _ => Self::of(&Step(error), host, false),
        }
    }

    fn slow(host: &str) -> Self {
        let seconds = PATIENCE.as_secs();
        Self {
            what: format!("{host} does not answer within {seconds} seconds"),
            next: "A firewall that drops what it does not know? Ask whoever runs the network to \
                   allow this machine to reach Box on port 443, or name the proxy that may, in \
                   [network] proxy or HTTPS_PROXY"
                .to_owned(),
        }
    }
}

/// A step that failed; what is known of it is its cause.
#[derive(Debug)]
struct Step(io::Error);

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a step on the way failed")
    }
}

impl Error for Step {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{NoWay, proxied};
    use std::io;

    #[test]
    fn a_proxy_is_shown_with_its_port_and_without_its_password() {
        for (address, shown, port) in [
            ("http://proxy.test:3128", "http://proxy.test:3128", 3128),
            ("http://me:c4n4ry@proxy.test", "http://proxy.test:80", 80),
            ("me:c4n4ry@proxy.test:8080", "http://proxy.test:8080", 8080),
            ("socks5h://me:c4n4ry@[::1]", "socks5h://[::1]:1080", 1080),
        ] {
            let found = proxied(address, true).unwrap();
            assert_eq!((found.shown.as_str(), found.port), (shown, port));
            assert!(!format!("{found:?}").contains("c4n4ry"));
        }
    }

    #[test]
    fn each_step_that_fails_has_a_next_step() {
        for kind in [
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::NetworkUnreachable,
            io::ErrorKind::TimedOut,
        ] {
            let told = NoWay::of_io(kind.into(), "api.box.com");
            assert!(told.what.contains("api.box.com"), "{told:?}");
            assert!(!told.next.is_empty(), "{told:?}");
        }
    }
}
