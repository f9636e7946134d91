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
const AUTHORIZE: &str = "https://account.box.com/api/oauth2/authorize";
const REVOKE: &str = "https://api.box.com/oauth2/revoke";

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

    /// Whether it is on this machine: 127.0.0.0/8, ::1 or localhost.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// Whether it is at Box.
    fn is_boxs_own(&self) -> bool {
        let host = host(&self.0);
        host == "box.com" || host.ends_with(".box.com")
    }
}

/// The host's name or address; an IPv6 address without brackets.
pub(super) fn host(url: &Url) -> &str {
    let host = url.host_str().unwrap_or_default();
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Whether an address is on this machine: 127.0.0.0/8, ::1 or localhost.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = host(url);
    let address = host.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
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
        let spelled = [&self.api, &self.upload, &self.token, &self.revoke];
        let authorize = self.authorize.as_ref().map(ToString::to_string);
        spelled.map(ToString::to_string) == [API, UPLOAD, TOKEN, REVOKE]
            && authorize.as_deref() == Some(AUTHORIZE)
    }
}

/// `[endpoints]`, with Box's own where nothing is said.
pub(super) fn resolve(table: &EndpointsTable, problems: &mut Problems) -> Option<Endpoints> {
    let api = endpoint(&table.api, API, problems);
    let upload = endpoint(&table.upload, UPLOAD, problems);
    let token = endpoint(&table.token, TOKEN, problems);
    let page = page(&table.authorize, token.as_ref(), problems);
    let beside = token.as_ref().and_then(beside);
    let beside = beside.unwrap_or_else(|| REVOKE.to_owned());
    let revoke = endpoint(&table.revoke, &beside, problems);
    Some(Endpoints {
        api: api?,
        upload: upload?,
        token: token?,
        authorize: page?,
        revoke: revoke?,
    })
}

/// The sign-in page. Box's own page knows nothing of somebody else's tokens, so it is
/// not assumed when they come from elsewhere.
fn page(
    entry: &Entry<String>,
    token: Option<&Endpoint>,
    problems: &mut Problems,
) -> Option<Option<Endpoint>> {
    if entry.is_missing() && token.is_some_and(|token| !token.is_boxs_own()) {
        return Some(None);
    }
    endpoint(entry, AUTHORIZE, problems).map(Some)
}

/// Where tokens are revoked that come from here: `…/oauth2/token` and `…/oauth2/revoke`
/// stand side by side.
fn beside(token: &Endpoint) -> Option<String> {
    let text = token.to_string();
    let directory = text.strip_suffix("/token")?;
    Some(format!("{directory}/revoke"))
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
    use super::{API, AUTHORIZE, Endpoint, REVOKE, TOKEN, UPLOAD, host};

    #[track_caller]
    fn refused(text: &str, what: &str, remedy: &str) {
        let (said, advised) = Endpoint::parse(text).unwrap_err();
        assert!(said.contains(what), "{text}: {said}");
        assert!(advised.contains(remedy), "{text}: {advised}");
        assert!(!said.contains("canary") && !advised.contains("canary"));
    }

    #[test]
    fn box_itself_and_this_machine_are_accepted() {
        for text in [API, UPLOAD, TOKEN, AUTHORIZE, REVOKE] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!(endpoint.to_string(), text);
            assert_eq!(endpoint.url().port_or_known_default(), Some(443));
            assert!(!endpoint.is_loopback());
        }
        for (text, name, port) in [
            ("http://127.0.0.1:8080/2.0/", "127.0.0.1", 8080),
            ("http://127.3.4.5", "127.3.4.5", 80),
            ("http://[::1]:9/", "::1", 9),
            ("http://LOCALHOST:81//", "localhost", 81),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            let found = (host(endpoint.url()), endpoint.url().port_or_known_default());
            assert_eq!(found, (name, Some(port)));
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

    #[test]
    fn what_belongs_to_other_tokens_is_not_boxs_own() {
        use crate::config::file::File;
        use crate::config::problem::Problems;
        let page = "http://127.0.0.1:1/page";
        let local = "http://127.0.0.1:1/oauth2/token";
        let near = "http://127.0.0.1:1/oauth2/revoke";
        let ent = "https://ent.box.com/api/oauth2/authorize";
        for (lines, authorize, revoke) in [
            (String::new(), Some(AUTHORIZE), REVOKE),
            (format!("token = \"{TOKEN}\""), Some(AUTHORIZE), REVOKE),
            (format!("authorize = \"{ent}\""), Some(ent), REVOKE),
            (format!("token = \"{local}\""), None, near),
            (format!("token = \"{local}/\""), None, near),
            (
                format!("token = \"{local}\"\nauthorize = \"{page}\""),
                Some(page),
                near,
            ),
            (format!("revoke = \"{page}\""), Some(AUTHORIZE), page),
            (
                "token = \"https://app.box.com/api/oauth2/token\"".into(),
                Some(AUTHORIZE),
                "https://app.box.com/api/oauth2/revoke",
            ),
            (
                "token = \"https://box.com.example/oauth2/token\"".into(),
                None,
                "https://box.com.example/oauth2/revoke",
            ),
            ("token = \"https://box.example/t\"".into(), None, REVOKE),
        ] {
            let mut problems = Problems::default();
            let file = File::read(&format!("[endpoints]\n{lines}"), &mut problems).unwrap();
            let found = super::resolve(&file.endpoints, &mut problems).unwrap();
            let page = found.authorize.as_ref().map(ToString::to_string);
            assert_eq!(page.as_deref(), authorize, "{lines}");
            assert_eq!(found.revoke.to_string(), revoke, "{lines}");
            assert_eq!(
                found.are_default(),
                lines.is_empty() || lines.contains(TOKEN)
            );
        }
    }
}
