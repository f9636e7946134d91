//! The HTTP client underneath: what it may connect to, how long it waits, how much of
//! an answer it reads.

use crate::model::trouble::Trouble;
use crate::remote::lessons::network::{self, Parties};
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Proxy, Response, Url};
use secrecy::{ExposeSecret, SecretString};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, SystemTime};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a call without file content may take in all.
pub(crate) const CALL: Duration = Duration::from_secs(60);
/// How long an upload may make no progress, its answer included.
pub(crate) const STALL: Duration = Duration::from_secs(120);
/// Unacknowledged data for this long means that the other side is gone.
const UNACKNOWLEDGED: Duration = Duration::from_secs(60);
/// Box closes idle connections; a connection reused at that moment is a lost request.
const IDLE: Duration = Duration::from_secs(20);
/// The most of an answer that is read. A page of 1,000 entries is well below 1 MB.
const LONGEST_ANSWER: usize = 8 << 20;

/// What a proxy is called that nobody configured: one from the system's variables.
const UNNAMED: &str = "the proxy in HTTPS_PROXY or ALL_PROXY";
/// What the configured proxy is called. An error does not tell which way it came, and a
/// process has one way to Box.
static PROXY: RwLock<Option<String>> = RwLock::new(None);

/// The way to Box, where it is not the straight one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Route {
    /// A proxy's address, with its password if it needs one; without one the system's
    /// variables count.
    pub(crate) proxy: Option<SecretString>,
    /// Certificates of authorities to trust besides the system's, in PEM.
    pub(crate) authorities: Option<Vec<u8>>,
}

/// Builds the client. With `loopback`, where every endpoint is on this machine, no
/// proxy and no certificate store is needed. TLS is always verified: there is no switch.
pub(crate) fn client(loopback: bool, route: &Route) -> Result<Client, String> {
    // Already installed is fine: the provider is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("boxup/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .connect_timeout(CONNECT)
        .tcp_user_timeout(UNACKNOWLEDGED)
        .tcp_nodelay(true)
        .pool_idle_timeout(IDLE);
    if let Some(pem) = &route.authorities {
        let authorities = Certificate::from_pem_bundle(pem).map_err(|error| explain(&error))?;
        builder = builder.tls_certs_merge(authorities);
    } else if loopback {
        builder = builder.tls_certs_only(Vec::new());
    }
    if loopback {
        builder = builder.no_proxy();
    } else if let Some(proxy) = &route.proxy {
        let address = proxy.expose_secret();
        let proxy =
            Proxy::all(address).map_err(|_| "the proxy's address cannot be used".to_owned())?;
        *PROXY.write().unwrap_or_else(PoisonError::into_inner) = shown(address);
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|error| explain(&error))
}

/// What a proxy is called, without user and password.
fn shown(address: &str) -> Option<String> {
    let mut url = Url::parse(address).ok()?;
    url.set_password(None).ok()?;
    url.set_username("").ok()?;
    Some(format!("the proxy {}", url.as_str().trim_end_matches('/')))
}

/// Reads an answer's body, up to a bound.
pub(crate) async fn read(mut answer: Response) -> Result<Vec<u8>, Trouble> {
    let mut body = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= LONGEST_ANSWER => {
                body.extend_from_slice(&chunk);
            }
            Ok(Some(_)) => {
                return Err(Trouble::NoAnswer(format!(
                    "an answer of over {LONGEST_ANSWER} bytes"
                )));
            }
            Ok(None) => return Ok(body),
            Err(error) => return Err(no_answer(&error)),
        }
    }
}

/// The time by the server's clock, if its answer told it.
pub(crate) fn date(headers: &HeaderMap) -> Option<SystemTime> {
    let text = headers.get("date")?.to_str().ok()?;
    httpdate::parse_http_date(text).ok()
}

/// A request that brought no answer.
pub(crate) fn no_answer(error: &reqwest::Error) -> Trouble {
    Trouble::NoAnswer(explain(error))
}

/// The error with its causes and the next step, without the URL: Box's URLs can carry
/// signatures.
fn explain(error: &reqwest::Error) -> String {
    let host = error.url().and_then(|url| url.host_str());
    about(error, host.unwrap_or("Box"))
}

/// The same about somebody who is called this.
pub(crate) fn about(error: &reqwest::Error, party: &str) -> String {
    let proxy = PROXY.read().unwrap_or_else(PoisonError::into_inner).clone();
    let parties = Parties {
        host: party,
        proxy: proxy.as_deref().unwrap_or(UNNAMED),
    };
    network::sentence(error, parties, error.is_timeout())
}

#[cfg(test)]
mod tests {
    use super::{Route, client, explain, shown};

    #[test]
    fn a_proxy_is_named_without_its_password() {
        for (address, expected) in [
            ("http://me:canary@proxy:3128", "the proxy http://proxy:3128"),
            (
                "socks5h://me:can%40ary@[::1]:1",
                "the proxy socks5h://[::1]:1",
            ),
        ] {
            assert_eq!(shown(address).as_deref(), Some(expected));
        }
        assert_eq!(shown("canary"), None);
    }

    #[tokio::test]
    async fn a_closed_port_is_told_by_its_name_and_without_the_url() {
        let port = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().port()
        };
        let url = format!("http://127.0.0.1:{port}/x?signature=1");
        let error = client(true, &Route::default())
            .unwrap()
            .get(url)
            .send()
            .await
            .unwrap_err();
        let told = explain(&error);
        assert!(
            told.starts_with("cannot connect: 127.0.0.1 refuses"),
            "{told}"
        );
        assert!(!told.contains("signature"), "{told}");
    }
}
