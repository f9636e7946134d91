//! `[auth] redirect_uri`: where Box sends a browser after the sign-in.

use crate::config::endpoints::is_loopback;
use reqwest::Url;
use std::fmt;

/// The address that boxup listens on unless another one is given.
pub(super) const DEFAULT: &str = "http://127.0.0.1:8459/callback";

/// A redirect address. The text is kept as it was written: Box compares it letter by
/// letter with what the app says, and an address that was read and written again may
/// have gained a slash or lost a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RedirectUri {
    text: String,
    url: Url,
}

impl RedirectUri {
    /// Checks an address; the error says what is wrong and what mends it.
    pub(super) fn parse(text: &str) -> Result<Self, (String, String)> {
        let refuse = |what: &str| {
            let remedy = format!(
                "write the address that stands in Box's Developer Console (your app, \
                 Configuration, OAuth 2.0 Redirect URIs), such as {DEFAULT}"
            );
            Err((what.to_owned(), remedy))
        };
        // Parsing drops them, and Box would compare what was written.
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return refuse("it holds a space or control character");
        }
        let url = match Url::parse(text) {
            Ok(url) => url,
            Err(error) => return refuse(&format!("this is no address: {error}")),
        };
        if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
            return refuse("it is no web address");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("it holds a user name or password");
        }
        if url.fragment().is_some() {
            return refuse("it has a fragment (#…), which a browser keeps to itself");
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            return refuse(
                "plain http would show the sign-in code to everybody on the way, and Box takes \
                 it for this machine only",
            );
        }
        if url.scheme() == "http" && port(text).is_none() {
            return refuse("it names no port to listen on");
        }
        let text = text.to_owned();
        Ok(Self { text, url })
    }

    /// The address letter by letter, as Box wants it.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The address in its parts.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether boxup itself can take the browser's visit: plain http to this machine.
    /// Anything else is for `login --no-browser`.
    pub(crate) fn is_loopback(&self) -> bool {
        self.url.scheme() == "http" && is_loopback(&self.url)
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The port as it is written: a parsed address forgets the usual one. Port 0 is none,
/// as nobody can be sent there.
fn port(text: &str) -> Option<u16> {
    let rest = text.split_once("//")?.1;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let digits = authority.rsplit_once(':')?.1;
    digits.parse().ok().filter(|port| *port != 0)
}

#[cfg(test)]
mod tests {
    use super::{DEFAULT, RedirectUri};

    #[test]
    fn the_text_stays_as_it_was_written() {
        for (text, is_loopback) in [
            (DEFAULT, true),
            ("http://127.0.0.1:80/", true),
            ("http://LocalHost:8459", true),
            ("http://localhost:8459/a/../b//c?x=%41", true),
            ("http://[::1]:1/callback/", true),
            ("https://example.org/box?to=boxup", false),
            ("https://localhost/callback", false),
        ] {
            let uri = RedirectUri::parse(text).unwrap();
            assert_eq!((uri.as_str(), uri.is_loopback()), (text, is_loopback));
            assert_eq!(uri.to_string(), text);
            assert_eq!(uri.url().scheme() == "https", text.starts_with("https"));
        }
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for (text, expected) in [
            ("", "no address"),
            ("/callback", "no address"),
            ("localhost:8459/callback", "no web address"),
            ("urn:ietf:wg:oauth:2.0:oob", "no web address"),
            ("http://example.org:8459/callback", "plain http"),
            ("http://127.0.0.1.example.org:1/", "plain http"),
            ("http://127.0.0.1/callback", "no port"),
            ("http://[::1]/callback", "no port"),
            ("http://127.0.0.1:0/callback", "no port"),
            ("http://me:canary@127.0.0.1:1/", "user name"),
            ("http://127.0.0.1:1/#canary", "fragment"),
            (" http://127.0.0.1:1/", "space"),
            ("http://127.0.0.1:1/a\nb", "space"),
        ] {
            let (what, remedy) = RedirectUri::parse(text).unwrap_err();
            assert!(what.contains(expected), "{text}: {what}");
            assert!(remedy.contains(DEFAULT) && !what.contains("canary"));
        }
    }
}
