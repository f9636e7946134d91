//! The way to each host: its name, the connection, the proxy, TLS.

use crate::agent::access;
use crate::agent::checkup::Tell;
use crate::agent::checkup::check::{Blame, Check};
use crate::config::Config;
use crate::model::path::printable_path;
use crate::remote::hosts::Hosts;
use crate::remote::probe::{self, Knocked, NoWay, Probe, Proxied};
use crate::remote::transport::Route;
use futures_util::future::join_all;
use reqwest::Url;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

/// What the rest goes by.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    /// The check because of which Box cannot be asked anything.
    pub(crate) blocked: Option<String>,
    /// An answer of the host that most questions go to.
    pub(crate) answer: Option<Knocked>,
}

/// One host, and how to knock at it.
struct Door {
    name: String,
    url: Url,
    /// Whether it is the API: what it answers without a token is known.
    is_api: bool,
    proxy: Option<Proxied>,
}

/// Looks at every host that the endpoints name, all at once.
pub(crate) async fn look(config: &Config, tell: &mut Tell<'_>) -> Reach {
    let (hosts, route) = (access::hosts(config), access::route(config));
    let doors = doors(&hosts, &route);
    let probe = match Probe::new(&hosts, &route) {
        Ok(probe) => probe,
        Err(why) => return no_client(&why, &doors, tell),
    };
    let mut reach = Reach::default();
    let proxies = proxies(&doors).await;
    for (_, check) in &proxies {
        tell(check.clone());
    }
    let trust = config.network.ca.as_ref().map(|ca| &ca.file);
    let trust = trust.map_or_else(String::new, |file| format!(" or {}", printable_path(file)));
    let looks = doors.iter().map(|door| async {
        let broken = proxies.iter().find(|(proxy, check)| {
            check.is_fail() && door.proxy.as_ref().is_some_and(|own| own == proxy)
        });
        match broken {
            Some((_, check)) => (Check::skipped(&door.name, &check.name), None),
            None => door.look(&probe, &trust).await,
        }
    });
    for (door, (check, answer)) in doors.iter().zip(join_all(looks).await) {
        let is_needed = door.is_api || hosts.token.host_str() == door.url.host_str();
        let is_closed = answer.is_none() || check.is_fail();
        if is_needed && is_closed && reach.blocked.is_none() {
            reach.blocked = Some(check.name.clone());
        }
        if door.is_api {
            reach.answer = answer;
        }
        tell(check);
    }
    reach
}

fn no_client(why: &str, doors: &[Door], tell: &mut Tell<'_>) -> Reach {
    let next = "Install the system's certificates (ca-certificates), or name a file with the \
                authorities to trust in [network] ca_file";
    let mut blocked = None;
    for door in doors {
        blocked.get_or_insert_with(|| door.name.clone());
        tell(Check::fail(&door.name, Blame::Network, why, next));
    }
    let answer = None;
    Reach { blocked, answer }
}

/// Each distinct host once, the API first.
fn doors(hosts: &Hosts, route: &Route) -> Vec<Door> {
    let mut seen = BTreeSet::new();
    let all = [
        (hosts.api("users/me"), true),
        (hosts.token.clone(), false),
        (hosts.upload("files/content"), false),
    ];
    let mut doors = Vec::new();
    for (url, is_api) in all {
        let name = format!("network:{}", place(&url));
        if seen.insert(name.clone()) {
            let proxy = route.proxy_to(&url, hosts);
            doors.push(Door {
                name,
                url,
                is_api,
                proxy,
            });
        }
    }
    doors
}

/// The host, with its port where that is not the usual one.
fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Each proxy once: can it be reached?
async fn proxies(doors: &[Door]) -> Vec<(Proxied, Check)> {
    let mut found: Vec<(Proxied, Check)> = Vec::new();
    for proxy in doors.iter().filter_map(|door| door.proxy.as_ref()) {
        if found.iter().all(|(known, _)| known != proxy) {
            found.push((proxy.clone(), look_at_proxy(proxy).await));
        }
    }
    found
}

async fn look_at_proxy(proxy: &Proxied) -> Check {
    let (host, port) = (&proxy.host, proxy.port);
    let name = format!("proxy:{host}:{port}");
    let whose = match proxy.is_configured {
        true => "named in [network] proxy",
        false => "named by the system (HTTPS_PROXY, ALL_PROXY, NO_PROXY)",
    };
    match arrive(host, port).await {
        Ok((_, took)) => {
            let took = millis(took);
            Check::ok(
                name,
                format!("{}, {whose}; connected in {took}", proxy.shown),
            )
        }
        Err(no_way) => {
            let check = Check::no_way(name, &no_way);
            let found = format!("{}, {whose}: {}", proxy.shown, check.found);
            check.found(found)
        }
    }
}

async fn arrive(host: &str, port: u16) -> Result<(Vec<SocketAddr>, Duration), NoWay> {
    let addresses = probe::look_up(host, port).await?;
    let took = probe::connect(&addresses, host).await?;
    Ok((addresses, took))
}

impl Door {
    async fn look(&self, probe: &Probe, trust: &str) -> (Check, Option<Knocked>) {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port_or_known_default().unwrap_or(443);
        // The proxy looks the name up itself.
        let way = match &self.proxy {
            Some(proxy) => format!("through the proxy {}", proxy.shown),
            None => match arrive(host, port).await {
                Ok((addresses, took)) => format!("{}{}", told(&addresses), millis(took)),
                Err(no_way) => return (Check::no_way(&self.name, &no_way), None),
            },
        };
        let answer = match probe.knock(self.url.clone()).await {
            Ok(answer) => answer,
            Err(no_way) => return (Check::no_way(&self.name, &no_way), None),
        };
        let tls = match self.url.scheme() {
            "https" => format!("TLS verified (by the system's authorities{trust})"),
            _ => "plain HTTP, on this machine".to_owned(),
        };
        let proxy = match &self.proxy {
            Some(_) => "",
            None => "; no proxy",
        };
        (
            self.judge(&answer, format!("{way}; {tls}{proxy}")),
            Some(answer),
        )
    }

    fn judge(&self, answer: &Knocked, found: String) -> Check {
        if answer.status >= 500 {
            return Check::warn(
                &self.name,
                format!("{found}; but it answers {}", answer.status),
                "Box, or a proxy in between, has trouble: https://status.box.com; try again in a \
                 few minutes",
            );
        }
        // Without a token the API answers 401 and nothing to read.
        match answer.page.as_ref().filter(|_| self.is_api) {
            None => Check::ok(&self.name, found),
            Some(title) => Check::fail(
                &self.name,
                Blame::Network,
                format!("{found}; but a web page answers in Box's place: {title:?}"),
                format!(
                    "A login page of this network, or a proxy that blocks Box? Open https://{} in \
                     a browser on this machine and see what it says",
                    place(&self.url)
                ),
            ),
        }
    }
}

fn told(addresses: &[SocketAddr]) -> String {
    let first = addresses.first().map(SocketAddr::ip);
    let first = first.map_or_else(String::new, |ip| ip.to_string());
    let more = u64::try_from(addresses.len().saturating_sub(1)).unwrap_or(u64::MAX);
    match more {
        0 => format!("{first}, connected in "),
        1 => format!("{first} and 1 more address, connected in "),
        more => format!("{first} and {more} more addresses, connected in "),
    }
}

fn millis(took: Duration) -> String {
    format!("{} ms", took.as_millis().max(1))
}

#[cfg(test)]
mod tests {
    use super::{doors, told};
    use crate::remote::hosts::Hosts;
    use crate::remote::transport::Route;
    use reqwest::Url;

    #[test]
    fn each_host_is_looked_at_once() {
        let url = |text: &str| Url::parse(text).unwrap();
        let hosts = Hosts {
            api: url("https://api.box.com/2.0"),
            upload: url("https://upload.box.com/api/2.0"),
            token: url("https://api.box.com/oauth2/token"),
        };
        let route = Route {
            proxy: Some("http://me:c4n4ry@proxy.test:3128".into()),
            authorities: None,
        };
        let found = doors(&hosts, &route);
        let names: Vec<_> = found.iter().map(|door| door.name.as_str()).collect();
        assert_eq!(names, ["network:api.box.com", "network:upload.box.com"]);
        for door in &found {
            let proxy = door.proxy.as_ref().map(|proxy| proxy.shown.as_str());
            assert_eq!(proxy, Some("http://proxy.test:3128"));
        }
    }

    #[test]
    fn addresses_are_counted() {
        let at = |n: u8| std::net::SocketAddr::from(([192, 0, 2, n], 443));
        assert_eq!(told(&[at(1)]), "192.0.2.1, connected in ");
        let two = told(&[at(1), at(2)]);
        assert_eq!(two, "192.0.2.1 and 1 more address, connected in ");
        assert!(told(&[at(1), at(2), at(3)]).contains("2 more addresses"));
    }
}
