//! Where Box is: addresses that are safe to send a token to.

use crate::config::Endpoints;
use crate::config::file::EndpointsTable;
use crate::config::problem::Problems;
use crate::config::reader::{Entry, State};
use reqwest::Url;
use std::fmt;
use std::net::IpAddr;

const API: &str = "https://api.box.com/2.0";
const UPLOAD: &str = "https://upload.box.com/api/2.0";
const TOKEN: &str = "https://api.box.com/oauth2/token";

/// An address without user info, query, fragment and trailing slash. Either https or on
/// this machine: a token sent in the clear is a token given away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint(Url);

impl Endpoint {
    /// Checks an address; the error says what is wrong and what mends it.
    pub(crate) fn parse(text: &str) -> Result<Self, (String, String)> {
        let mut url = Url::parse(text).map_err(|error| {
            let remedy = "write the whole address, such as https://api.box.com/2.0";
            (format!("this is no address: {error}"), remedy.to_owned())
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("it holds a user name or password", "remove them"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("it has a query or fragment", "end it before ? or #"));
        }
        if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
            return Err(refuse("it is no web address", "begin it with https://"));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        let endpoint = Self(url);
        if endpoint.0.scheme() == "http" && !endpoint.is_loopback() {
            return Err(refuse(
                "plain http would show your token to everybody on the way",
                "use https://; plain http is for this machine only (127.0.0.1, [::1], localhost)",
            ));
        }
        Ok(endpoint)
    }

    /// The address itself.
    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    /// The host's name or address; an IPv6 address without brackets.
    pub(crate) fn host(&self) -> &str {
        let host = self.0.host_str().unwrap_or_default();
        host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Whether it is on this machine: 127.0.0.0/8, ::1 or localhost.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.host();
        let address = host.parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A URL without a path is always spelled with one slash.
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl Endpoints {
    /// Whether these are Box's own public addresses.
    pub(crate) fn are_default(&self) -> bool {
        let spelled = [&self.api, &self.upload, &self.token].map(ToString::to_string);
        spelled == [API, UPLOAD, TOKEN]
    }
}

/// `[endpoints]`, with Box's own where nothing is said.
pub(super) fn resolve(table: &EndpointsTable, problems: &mut Problems) -> Option<Endpoints> {
    let api = endpoint(&table.api, API, problems);
    let upload = endpoint(&table.upload, UPLOAD, problems);
    let token = endpoint(&table.token, TOKEN, problems);
    Some(Endpoints {
        api: api?,
        upload: upload?,
        token: token?,
    })
}

fn endpoint(entry: &Entry<String>, default: &str, problems: &mut Problems) -> Option<Endpoint> {
    let text = match &entry.state {
        State::Missing => default,
        State::Bad => return None,
        State::Set(text) => text,
    };
    let parsed = Endpoint::parse(text);
    parsed
        .map_err(|(what, remedy)| problems.add(&entry.place, what, remedy))
        .ok()
}

fn refuse(what: &str, remedy: &str) -> (String, String) {
    (what.to_owned(), remedy.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{API, Endpoint, TOKEN, UPLOAD};

    #[track_caller]
    fn refused(text: &str, what: &str, remedy: &str) {
        let (said, advised) = Endpoint::parse(text).unwrap_err();
        assert!(said.contains(what), "{text}: {said}");
        assert!(advised.contains(remedy), "{text}: {advised}");
        assert!(!said.contains("canary") && !advised.contains("canary"));
    }

    #[test]
    fn box_itself_and_this_machine_are_accepted() {
        for text in [API, UPLOAD, TOKEN] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!(endpoint.to_string(), text);
            assert_eq!(endpoint.url().port_or_known_default(), Some(443));
            assert!(!endpoint.is_loopback());
        }
        for (text, host, port) in [
            ("http://127.0.0.1:8080/2.0/", "127.0.0.1", 8080),
            ("http://127.3.4.5", "127.3.4.5", 80),
            ("http://[::1]:9/", "::1", 9),
            ("http://LOCALHOST:81//", "localhost", 81),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            let found = (endpoint.host(), endpoint.url().port_or_known_default());
            assert_eq!(found, (host, Some(port)));
            assert!(endpoint.is_loopback() && !endpoint.to_string().ends_with('/'));
        }
    }

    #[test]
    fn what_could_leak_a_token_is_refused() {
        refused("http://api.box.com/2.0", "plain http", "https://");
        refused("http://localhost.evil.example", "plain http", "https://");
        refused("http://127.0.0.1.evil.example", "plain http", "https://");
        refused("http://10.0.0.1", "plain http", "this machine only");
        refused("https://me:canary@api.box.com", "user name", "remove");
        refused("https://api.box.com/2.0?a=canary", "query", "before ?");
        refused("https://api.box.com/#x", "fragment", "#");
        refused("ftp://127.0.0.1/", "no web address", "https://");
        refused("api.box.com/2.0", "no address", "https://");
        refused("", "no address", "https://");
    }
}
