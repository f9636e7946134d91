//! Redirect URIs: whether one is registered, and what is added to it.

/// Whether a redirect URI is one of the registered. Box compares exactly; for
/// `http` on the loopback any port will do.
pub(super) fn is_registered(registered: &[&str], uri: &str) -> bool {
    registered
        .iter()
        .any(|known| *known == uri || loopback(known).is_some_and(|it| loopback(uri) == Some(it)))
}

/// Host and rest of an `http` URI on the loopback, without its port.
fn loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let port = authority
        .rfind(':')
        .filter(|at| !authority[*at..].contains(']'));
    let host = &authority[..port.unwrap_or(authority.len())];
    let digits = port.map_or("", |at| &authority[at + 1..]);
    let local = matches!(host, "127.0.0.1" | "localhost" | "[::1]");
    let number = digits.bytes().all(|byte| byte.is_ascii_digit());
    (local && number).then_some((host, path))
}

/// The URI with these parameters added to its query.
pub(super) fn with_query(uri: &str, parameters: &[(&str, &str)]) -> String {
    let mut all = uri.to_owned();
    for (name, value) in parameters {
        all.push(if all.contains('?') { '&' } else { '?' });
        all.push_str(name);
        all.push('=');
        all.push_str(&encoded(value));
    }
    all
}

/// `application/x-www-form-urlencoded`.
fn encoded(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => all.push('+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => {
                all.push(char::from(byte));
            }
            other => all.push_str(&format!("%{other:02X}")),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_ports_are_free() {
        let known = ["http://127.0.0.1:8459/callback", "https://example.com/cb"];
        for good in [
            "http://127.0.0.1:8459/callback",
            "http://127.0.0.1:1/callback",
            "http://127.0.0.1/callback",
            "https://example.com/cb",
        ] {
            assert!(is_registered(&known, good), "{good}");
        }
        for bad in [
            "http://localhost:8459/callback",
            "http://127.0.0.1:8459/callback/",
            "http://127.0.0.1:8459/callback?x=1",
            "https://127.0.0.1:8459/callback",
            "http://127.0.0.1:x/callback",
            "http://127.0.0.1:1@evil.example/callback",
            "https://example.com:444/cb",
            "",
        ] {
            assert!(!is_registered(&known, bad), "{bad}");
        }
        assert!(is_registered(&["http://[::1]:1/"], "http://[::1]/"));
    }

    #[test]
    fn parameters_are_added_encoded() {
        let all = with_query("http://h/?a=1", &[("b", "x y&ä"), ("c", "")]);
        assert_eq!(all, "http://h/?a=1&b=x+y%26%C3%A4&c=");
    }
}
