//! The way to Box: names, connections, TLS, proxies, and the clock at the other end.

use crate::agent::checkup::{Check, Fault, Patient, Tell};
use crate::config::Environment;
use crate::model::trouble::Trouble;
use crate::remote::probe::Probe;
use reqwest::Url;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// A clock that differs by less is right.
const TOLERABLE: Duration = Duration::from_secs(30);

/// One check for each host; what the API's answer told of the time, if one came.
pub(super) async fn examine(patient: &Patient<'_>, tell: Tell<'_>) -> Option<Probe> {
    let hosts = &patient.client.hosts;
    let mut seen: Vec<String> = Vec::new();
    let mut found = None;
    for (url, is_api) in [
        (&hosts.api, true),
        (&hosts.token, false),
        (&hosts.upload, false),
    ] {
        let place = place(url);
        if seen.contains(&place) {
            continue;
        }
        seen.push(place.clone());
        let (check, probe) = host(patient, url, is_api, &place).await;
        tell(check);
        found = found.or(probe);
    }
    found
}

fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

async fn host(
    patient: &Patient<'_>,
    url: &Url,
    is_api: bool,
    place: &str,
) -> (Check, Option<Probe>) {
    let name = format!("network:{place}");
    let proxy = proxy(patient, url);
    let near = proxy.as_ref().map_or(url, |(proxy, _)| proxy);
    let way = match connect(near).await {
        Ok(way) => way,
        Err((what, next)) => {
            let what = match &proxy {
                Some((address, from)) => format!("the proxy {} ({from}): {what}", shown(address)),
                None => what,
            };
            return (Check::fail(name, Fault::Unreachable, what, next), None);
        }
    };
    let way = match &proxy {
        Some((address, from)) => format!("through the proxy {} ({from}), {way}", shown(address)),
        None => way,
    };
    let is_safe = url.scheme() == "https";
    // Only the API has an address that answers without a token; of the other hosts it is
    // enough that their certificate is right.
    let target = match (is_api, is_safe) {
        (true, _) => patient.client.hosts.api("users/me"),
        (false, true) => root(url),
        (false, false) => return (Check::ok(name, way), None),
    };
    match patient.client.probe(target).await {
        Ok(probe) => {
            let tls = if is_safe {
                ", TLS verified"
            } else {
                ", without TLS (this machine)"
            };
            (
                Check::ok(name, format!("{way}{tls}")),
                Some(probe).filter(|_| is_api),
            )
        }
        Err(Trouble::NoAnswer(why)) => {
            let next = "Ask whoever runs the network to let this machine reach Box over HTTPS \
                        (api.box.com, upload.box.com, account.box.com, *.boxcloud.com); a proxy \
                        goes into [network] proxy, its certificate authority into [network] ca_file";
            (Check::fail(name, Fault::Unreachable, why, next), None)
        }
        Err(other) => (Check::trouble(name, &other), None),
    }
}

fn root(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_path("/");
    url
}

/// Looks the name up and connects; says how that went.
async fn connect(url: &Url) -> Result<String, (String, &'static str)> {
    let host = url.host_str().unwrap_or_default().to_owned();
    let bare = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let looked = timeout(PATIENCE, tokio::net::lookup_host((bare, port))).await;
    const NAMES: &str = "Check this machine's name server (resolvectl status, /etc/resolv.conf) \
                         and the spelling of the host";
    let addresses: Vec<SocketAddr> = match looked {
        Err(_) => return Err((format!("no name server answered for {host}"), NAMES)),
        Ok(Err(error)) => return Err((format!("the name {host} is not known: {error}"), NAMES)),
        Ok(Ok(found)) => found.collect(),
    };
    let began = Instant::now();
    let mut last = format!("{host} has no address");
    for address in addresses.iter().take(4) {
        match timeout(PATIENCE / 2, TcpStream::connect(address)).await {
            Ok(Ok(_)) => {
                let took = began.elapsed().as_millis();
                return Ok(format!("connected to {address} in {took} ms"));
            }
            Ok(Err(error)) => last = format!("{address}: {error}"),
            Err(_) => last = format!("{address} does not answer"),
        }
    }
    const FIREWALL: &str = "A firewall may be in between: this machine needs to reach that host \
                            and port, or a proxy in [network] proxy; [endpoints] may be wrong";
    Err((format!("no connection: {last}"), FIREWALL))
}

/// The proxy that a request to this address goes through, and who says so.
fn proxy(patient: &Patient<'_>, url: &Url) -> Option<(Url, &'static str)> {
    if patient.client.hosts.are_loopback() {
        return None;
    }
    if let Some(proxy) = &patient.config.network.proxy {
        return Some((Url::parse(&proxy.to_string()).ok()?, "[network] proxy"));
    }
    let env = patient.environment;
    if is_exempt(env, url.host_str().unwrap_or_default()) {
        return None;
    }
    let names = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let found = names
        .iter()
        .find_map(|name| Some((env.get(name)?.to_str()?, *name)));
    let (text, name) = found?;
    let with_scheme = match text.contains("://") {
        true => text.to_owned(),
        false => format!("http://{text}"),
    };
    Some((Url::parse(&with_scheme).ok()?, name))
}

fn is_exempt(env: &Environment, host: &str) -> bool {
    let list = env.get("no_proxy").or_else(|| env.get("NO_PROXY"));
    let list = list.and_then(|list| list.to_str()).unwrap_or_default();
    list.split(',').map(str::trim).any(|part| {
        let part = part.trim_start_matches('.');
        part == "*" || (!part.is_empty() && (host == part || host.ends_with(&format!(".{part}"))))
    })
}

/// A proxy's address without user and password.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // These fail for addresses without a host only.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.as_str().trim_end_matches('/').to_owned()
}

/// How far this machine's clock is from Box's.
pub(super) fn clock(probe: Option<Probe>) -> Check {
    let Some(probe) = probe else {
        return Check::skipped("clock", "because Box cannot be reached");
    };
    let Some(theirs) = probe.date else {
        return Check::skipped("clock", "Box did not tell the time");
    };
    let (difference, word) = match theirs.duration_since(probe.asked_at) {
        Ok(behind) => (behind, "behind"),
        Err(ahead) => (ahead.duration(), "ahead of"),
    };
    let whole = Duration::from_secs(difference.as_secs());
    if whole < TOLERABLE {
        return Check::ok("clock", "this machine's clock agrees with Box's");
    }
    let span = humantime::format_duration(whole);
    Check::warn(
        "clock",
        format!("this machine's clock is {span} {word} Box's"),
        "Set it right: sudo timedatectl set-ntp true. boxup corrects itself when it signs in, \
         but times of files and logs are wrong",
    )
}

#[cfg(test)]
mod tests {
    use super::{clock, is_exempt, shown};
    use crate::agent::checkup::Status;
    use crate::config::Environment;
    use crate::remote::probe::Probe;
    use reqwest::Url;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn a_clock_that_is_half_a_minute_off_is_wrong() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        for (ahead, expected, word) in [
            (0, Status::Ok, "agrees"),
            (29, Status::Ok, "agrees"),
            (-29, Status::Ok, "agrees"),
            (90, Status::Warn, "1m 30s behind"),
            (-90, Status::Warn, "1m 30s ahead of"),
        ] {
            let theirs = match u64::try_from(ahead) {
                Ok(ahead) => now + Duration::from_secs(ahead),
                Err(_) => now - Duration::from_secs(u64::from(i32::unsigned_abs(ahead))),
            };
            let check = clock(Some(Probe {
                date: Some(theirs),
                asked_at: now,
            }));
            assert_eq!(check.status, expected, "{ahead}");
            assert!(check.found.contains(word), "{check:?}");
        }
    }

    #[test]
    fn a_proxy_is_shown_without_its_password_and_not_used_where_it_should_not_be() {
        let url = Url::parse("http://me:canary@proxy.example.com:3128/").unwrap();
        assert_eq!(shown(&url), "http://proxy.example.com:3128");
        let env = Environment::from_iter([("NO_PROXY", "localhost, .box.com")]);
        assert!(is_exempt(&env, "api.box.com") && is_exempt(&env, "box.com"));
        assert!(!is_exempt(&env, "evilbox.com"));
    }
}
