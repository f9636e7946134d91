//! `[metrics]`: where a monitoring system may ask how the service stands.

use crate::config::Metrics;
use crate::config::file::MetricsTable;
use crate::config::problem::Problems;
use crate::config::reader::{Entry, State};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

const ADDRESS: &str = "write an address and a port: listen = \"127.0.0.1:9464\" (IPv6: \
                       \"[::1]:9464\"; port 0 picks a free one)";

/// `[metrics]`; `Some(None)` where nothing is listened on.
pub(super) fn resolve(table: &MetricsTable, problems: &mut Problems) -> Option<Option<Metrics>> {
    let hosts = hosts(&table.hosts, problems);
    let may_be_remote = match table.allow_remote.state {
        State::Missing => Some(false),
        State::Bad => None,
        State::Set(may) => Some(may),
    };
    let text = match &table.listen.state {
        State::Missing => {
            let is_alone = !table.hosts.is_empty() || may_be_remote == Some(true);
            if is_alone {
                problems.warn("[metrics] is off: it says nothing without listen");
            }
            return (hosts.is_some() && may_be_remote.is_some()).then_some(None);
        }
        State::Bad => return None,
        State::Set(text) => text.trim(),
    };
    let listen = match address(text) {
        Ok(listen) => listen,
        Err(what) => {
            problems.add(&table.listen.place, what, ADDRESS);
            return None;
        }
    };
    if !listen.ip().to_canonical().is_loopback() && may_be_remote == Some(false) {
        problems.add(
            &table.listen.place,
            format!(
                "{} can be reached from other machines, and whoever asks there is told how the \
                 mirrors stand without any sign-in",
                listen.ip()
            ),
            "keep it to this machine (127.0.0.1 or [::1]), or say allow_remote = true where a \
             firewall lets only the monitoring in",
        );
        return None;
    }
    let hosts = hosts.filter(|_| may_be_remote.is_some())?;
    Some(Some(Metrics { listen, hosts }))
}

fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    if let Some(port) = text.strip_prefix("localhost:").and_then(port) {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    if text.parse::<IpAddr>().is_ok() {
        return Err(format!("{text:?} has no port"));
    }
    if text
        .trim_start_matches(':')
        .bytes()
        .all(|b| b.is_ascii_digit())
    {
        return Err(format!("{text:?} has no address"));
    }
    Err(format!("{text:?} is no address with a port"))
}

fn port(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// Names in small letters, addresses without brackets.
fn hosts(entries: &[Entry<String>], problems: &mut Problems) -> Option<Vec<String>> {
    let mut hosts = Vec::new();
    let mut is_right = true;
    for entry in entries {
        let text = match &entry.state {
            State::Missing => continue,
            State::Bad => {
                is_right = false;
                continue;
            }
            State::Set(text) => text.trim(),
        };
        match host(text) {
            Some(host) => hosts.push(host),
            None => {
                is_right = false;
                let what = format!("{text:?} is no host name");
                let remedy = "write what stands in the address that is asked, between http:// and \
                              the port: hosts = [\"files.example.com\"]";
                problems.add(&entry.place, what, remedy);
            }
        }
    }
    is_right.then_some(hosts)
}

fn host(text: &str) -> Option<String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Some(address.to_string());
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name = text.trim_end_matches('.').to_ascii_lowercase();
    (!name.is_empty() && name.len() <= 253 && name.chars().all(fits)).then_some(name)
}
