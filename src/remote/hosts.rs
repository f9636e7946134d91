//! Where requests may go: the configured endpoints, and, for addresses that a server
//! hands out, Box's own hosts. Pure.

use reqwest::Url;

/// The configured base addresses, without trailing slash.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    /// For everything but uploads: `https://api.box.com/2.0`.
    pub(crate) api: Url,
    /// For uploads: `https://upload.box.com/api/2.0`.
    pub(crate) upload: Url,
    /// For tokens: `https://api.box.com/oauth2/token`.
    pub(crate) token: Url,
}

impl Hosts {
    /// The URL of an API path such as `files/content`.
    pub(crate) fn api(&self, path: &str) -> Url {
        join(&self.api, path)
    }

    /// The URL of an upload path such as `files/content`.
    pub(crate) fn upload(&self, path: &str) -> Url {
        join(&self.upload, path)
    }

    /// Whether everything is on this machine, as with an emulator.
    pub(crate) fn are_loopback(&self) -> bool {
        [&self.api, &self.upload, &self.token]
            .into_iter()
            .all(is_loopback)
    }

    /// Checks an address that a server handed out: credentials and content go only to
    /// Box's hosts, over TLS, or to where the operator said.
    pub(crate) fn check(&self, handed_out: &str) -> Result<Url, String> {
        let refused = |why: &str| Err(format!("Box handed out an address that {why}"));
        let Ok(url) = Url::parse(handed_out) else {
            return refused("is no URL");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refused("carries a user name");
        }
        let place = |url: &Url| {
            let host = url.host_str().map(str::to_owned);
            (url.scheme().to_owned(), host, url.port_or_known_default())
        };
        let is_configured = [&self.api, &self.upload, &self.token]
            .into_iter()
            .any(|own| place(own) == place(&url));
        let is_box = url.scheme() == "https" && url.host_str().is_some_and(is_box_host);
        let is_local = self.are_loopback() && is_loopback(&url);
        if is_configured || is_box || is_local {
            return Ok(url);
        }
        let host = url.host_str().unwrap_or("nowhere");
        refused(&format!("is not Box's ({host}); nothing was sent there"))
    }
}

fn join(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let base_path = base.path().trim_end_matches('/');
    url.set_path(&format!("{base_path}/{path}"));
    url
}

fn is_box_host(host: &str) -> bool {
    ["box.com", "boxcloud.com"].iter().any(|domain| {
        host == *domain
            || host
                .strip_suffix(domain)
                .is_some_and(|rest| rest.ends_with('.'))
    })
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::Hosts;
    use reqwest::Url;

    fn hosts(base: &str) -> Hosts {
        let url = |path: &str| Url::parse(&format!("{base}{path}")).unwrap();
        Hosts {
            api: url("/2.0"),
            upload: url("/api/2.0"),
            token: url("/oauth2/token"),
        }
    }

    #[test]
    fn handed_out_addresses_are_followed_only_to_box() {
        let real = hosts("https://api.box.com");
        for good in [
            "https://upload.box.com/api/2.0/files/content?upload_session_id=1",
            "https://fupload-ec2-sfo.app.box.com/x",
            "https://dl.boxcloud.com/x",
        ] {
            assert!(real.check(good).is_ok(), "{good}");
        }
        for bad in [
            "http://upload.box.com/x",
            "https://box.com.evil.test/x",
            "https://evilbox.com/x",
            "https://user@upload.box.com/x",
            "http://127.0.0.1:9/x",
            "https://evil.test/x",
            "not a url",
        ] {
            assert!(real.check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_emulator_may_hand_out_any_loopback_address() {
        let local = hosts("http://127.0.0.1:4000");
        assert!(local.check("http://127.0.0.1:4001/x").is_ok());
        assert!(local.check("http://localhost:4001/x").is_ok());
        assert!(local.check("http://192.0.2.1/x").is_err());
        assert_eq!(
            local.api("files/content").as_str(),
            "http://127.0.0.1:4000/2.0/files/content"
        );
    }
}
