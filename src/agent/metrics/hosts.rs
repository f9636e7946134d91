//! Under which names a visitor may ask.
//!
//! A page in a browser on this machine can have its own name lead to 127.0.0.1, and would
//! then read what is told here (DNS rebinding); the name it came by gives it away.

use crate::config::Metrics;
use hyper::Uri;
use hyper::header::{HOST, HeaderMap};
use hyper::http::uri::Authority;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The names.
pub(super) struct Hosts {
    names: BTreeSet<String>,
    addresses: BTreeSet<IpAddr>,
}

impl Hosts {
    /// This machine's own, the address that is listened on, and what the operator adds.
    pub(super) fn new(metrics: &Metrics) -> Self {
        let own = [
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
            metrics.listen.ip().to_canonical(),
        ];
        let mut hosts = Self {
            names: BTreeSet::from(["localhost".to_owned()]),
            addresses: own
                .into_iter()
                .filter(|own| !own.is_unspecified())
                .collect(),
        };
        for host in &metrics.hosts {
            match host.parse::<IpAddr>() {
                Ok(address) => drop(hosts.addresses.insert(address.to_canonical())),
                Err(_) => drop(hosts.names.insert(host.clone())),
            }
        }
        hosts
    }

    /// Whether a request came by one of them. `here` is the address it came to.
    pub(super) fn accept(&self, uri: &Uri, headers: &HeaderMap, here: Option<IpAddr>) -> bool {
        let mut named = headers.get_all(HOST).iter();
        let (Some(host), None) = (named.next(), named.next()) else {
            return false;
        };
        let host = Authority::try_from(host.as_bytes());
        let is_known = |authority: &Authority| self.knows(authority, here);
        // A target that is a whole address counts as well as the header.
        host.as_ref().is_ok_and(is_known) && uri.authority().is_none_or(is_known)
    }

    fn knows(&self, authority: &Authority, here: Option<IpAddr>) -> bool {
        if authority.as_str().contains('@') {
            return false;
        }
        let host = authority.host();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(address) => {
                let address = address.to_canonical();
                let here = here.map(|here| here.to_canonical());
                here == Some(address) || self.addresses.contains(&address)
            }
            Err(_) => {
                let name = host.trim_end_matches('.').to_ascii_lowercase();
                self.names.contains(&name)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Hosts;
    use crate::config::Metrics;
    use hyper::header::{HOST, HeaderMap, HeaderValue};
    use std::net::{IpAddr, Ipv4Addr};

    fn accepts(listen: &str, hosts: &[&str], asked: &[&str], uri: &str) -> bool {
        let metrics = Metrics {
            listen: listen.parse().unwrap(),
            hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
        };
        let mut headers = HeaderMap::new();
        for host in asked {
            headers.append(HOST, HeaderValue::from_str(host).unwrap());
        }
        let here = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
        Hosts::new(&metrics).accept(&uri.parse().unwrap(), &headers, Some(here))
    }

    #[test]
    fn this_machine_and_what_the_operator_adds() {
        let plain = |host: &str| accepts("127.0.0.9:9464", &[], &[host], "/metrics");
        for good in [
            "localhost",
            "localhost:9464",
            "LOCALHOST.:1",
            "127.0.0.1:9464",
            "127.0.0.9",
            "[::1]:9464",
            "[::ffff:127.0.0.1]",
            // Where the connection came to.
            "192.0.2.7:9464",
        ] {
            assert!(plain(good), "{good}");
        }
        for bad in [
            "",
            "evil.example",
            "evil.example:9464",
            "localhost.evil.example",
            "localhost@evil.example",
            "evil@localhost",
            "127.0.0.1.evil.example",
            "127.0.0.2",
            "192.0.2.8",
            "0.0.0.0:9464",
            "localhost:9464:1",
            "localhost/x",
        ] {
            assert!(!plain(bad), "{bad}");
        }
        let more = ["files.example", "2001:db8::1", "192.0.2.8"];
        for good in ["Files.Example:80", "[2001:db8::1]", "192.0.2.8:9464"] {
            assert!(accepts("0.0.0.0:9464", &more, &[good], "/"), "{good}");
        }
        assert!(!accepts("0.0.0.0:9464", &more, &["0.0.0.0"], "/"));
    }

    #[test]
    fn one_name_and_no_two_that_differ() {
        let ask = |asked: &[&str], uri: &str| accepts("127.0.0.1:1", &[], asked, uri);
        assert!(!ask(&[], "/"));
        assert!(!ask(&["localhost", "localhost"], "/"));
        assert!(ask(&["localhost"], "http://127.0.0.1:1/metrics"));
        assert!(!ask(&["localhost"], "http://evil.example/metrics"));
        assert!(!ask(&["evil.example"], "http://localhost/metrics"));
    }
}
